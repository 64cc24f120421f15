/** What sender and recipient agreed on, from the header field of the sender's program to the portal's door; and what happens when a rule wants it and nobody did. */
import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/sandbox/world.ts';
import { sqlite } from '../engines.ts';
import { type FlowStage, openFlow } from './stage.ts';

const policy = `version: 1
rules:
  - name: By passphrase
    when: { subject: { keyword: ["[agreed]"] } }
    then: { protect: portal, proof: passphrase, stripKeyword: true }
  - name: By passkey
    when: { subject: { keyword: ["[strict]"] } }
    then: { protect: portal, proof: passkey }
default: { protect: none }
`;

async function send(stage: FlowStage, subject: string, to: string, fields: readonly string[] = []): Promise<string> {
  const id = `<${randomUUIDv7()}@corp.example>`;
  const lines = [
    `From: anna@corp.example`,
    `To: ${addressOf(to)}`,
    `Subject: ${subject}`,
    `Message-ID: ${id}`,
    ...fields,
  ];
  await using client = await stage.connect();
  const envelope = { from: 'anna@corp.example', to: [addressOf(to)] };
  const { reply } = await client.send(envelope, Buffer.from(`${lines.join('\r\n')}\r\n\r\nHello\r\n`));
  expect(reply.code).toBe(250);
  return id;
}

const fields = ['X-Postern-Question: Where did we meet?', 'X-Postern-Passphrase: Old  Harbour'];

async function waiting(stage: FlowStage, id: string) {
  const [delivery] = (await stage.trace(id)).deliveries;
  const { store } = stage.gateway;
  return { delivery, row: await store.portal.byDelivery(delivery?.id ?? '', Date.now()) };
}

test('the field becomes a question and a hash, and demands the passphrase', async () => {
  await using stage = await openFlow(sqlite, policy);
  const { row } = await waiting(stage, await send(stage, '[agreed] Hi', 'Paula', fields));
  expect(row).toMatchObject({ demand: 'passphrase', passphrase: { question: 'Where did we meet?' } });
  expect(row?.passphrase?.hash).toMatch(/^\$argon2id\$/);
  const strict = await waiting(stage, await send(stage, '[strict] Hi', 'Paula'));
  expect(strict.row).toMatchObject({ demand: 'passkey', passphrase: null });
  expect(stage.log.join('')).not.toMatch(/harbour/i);
});

test('it never leaves, whatever way the message takes', async () => {
  await using stage = await openFlow(sqlite, policy);
  await stage.trace(await send(stage, 'In the clear', 'Nora', [...fields, 'X-Other: stays']));
  const [mail] = stage.sinks.mailbox(addressOf('Nora'));
  expect(mail?.bytes.toString()).toContain('X-Other: stays');
  expect(mail?.bytes.toString()).not.toMatch(/harbour|where did we meet|x-postern-(?:passphrase|question)/i);
});

test('where a rule wants one and nobody agreed on any, the sender gets it back', async () => {
  await using stage = await openFlow(sqlite, policy);
  const { delivery } = await waiting(stage, await send(stage, '[agreed] Hi', 'Paula'));
  expect(delivery).toMatchObject({ state: 'failed', status: '5.7.0', method: 'portal' });
  expect(delivery?.reason).toContain('passphrase');
  expect(stage.sinks.mailbox(addressOf('Paula'))).toEqual([]);
});
