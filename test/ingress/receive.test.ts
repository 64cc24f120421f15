import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { gateFor } from '../../src/ingress/admit.ts';
import { Intake, type Submission } from '../../src/ingress/receive.ts';
import { cut, dense, somePlaces } from './chunks.ts';
import { tenant, traceKey, withoutTrace } from './gateway.ts';

/** What is stored of a message that comes in these chunks, and how it was submitted; null when it is refused. */
async function receive(chunks: readonly Buffer[]): Promise<{ bytes: Buffer; submission: Submission } | null> {
  const stored: Buffer[] = [];
  let submission: Submission | null = null;
  const reception = {
    helo: 'client.example',
    clientIp: '127.0.0.1',
    hostname: 'gw.postern.example',
    extended: true,
    utf8: false,
    tls: null,
    id: 'id',
    receivedAt: 0,
  };
  const writer = {
    write: async (chunk: Uint8Array) => {
      stored.push(Buffer.from(chunk));
    },
    commit: async () => ({ id: '', wrappedKey: '', size: 0 }),
    abort: async () => {},
  };
  const desk = {
    gate: gateFor([tenant()], traceKey, 50),
    accept: {
      begin: async () => writer,
      commit: async (_writer: unknown, submitted: Submission) => {
        submission = submitted;
        return { kind: 'accepted' } as const;
      },
    },
    emit: () => {},
    maxMessageBytes: 10_000,
    headerOctets: 5_000,
  };
  const smtp = { eightBit: false, utf8: false, ret: null, envid: null, dsn: {} };
  const intake = new Intake(desk, { reception, mailFrom: 'a@corp.example', recipients: ['b@dest.example'], smtp });
  for (const chunk of chunks) await intake.write(chunk);
  await intake.end();
  return submission === null ? null : { bytes: Buffer.concat(stored), submission };
}

test('header and body come apart at the first empty line, however the octets are cut', async () => {
  const property = fc.asyncProperty(dense('\r\n', '\r\n\r\n', 'x', 'X: y'), somePlaces, async (text, places) => {
    const message = `From: a@corp.example\r\n${text.toString('latin1')}\r\n`;
    const received = await receive(cut(Buffer.from(message), places));
    expect(received).not.toBeNull();
    const { bytes, submission } = received ?? expect.unreachable();
    expect(withoutTrace(bytes)).toBe(message);
    const end = message.indexOf('\r\n\r\n');
    const body = end === -1 ? '' : message.slice(end + 4);
    expect(bytes.subarray(submission.message.headerSize).toString()).toBe(body);
  });
  await fc.assert(property, { numRuns: 500 });
});

test('an empty header is no header of a tenant’s', async () => {
  expect(await receive([Buffer.from('\r\nFrom: a@corp.example\r\n\r\n')])).toBeNull();
  expect(await receive([Buffer.from('\r'), Buffer.from('\nFrom: a@corp.example\r\n\r\n')])).toBeNull();
});
