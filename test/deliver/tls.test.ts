import { describe, expect, test, vi } from 'vitest';
import { cases, chained, demands, good, issued, root, selfSigned } from './connection-cases.ts';
import { endOf } from './ends.ts';
import { startServer } from './scripted-server.ts';
import { message, transmitterTo } from './transmit.ts';

const secretWords = /MAIL FROM|RCPT TO|DATA|Subject/;

describe.each(Object.entries(demands))('%s', (_, demand) => {
  test.each(Object.entries(cases))('%s', async (_, { script, expected }) => {
    await using server = await startServer(script);
    await using transmitter = transmitterTo(server.port, {
      trust: [root.certPem],
      timeouts: { connect: 2_000, command: 300, data: 2_000 },
      ...demand.published?.(script, server.port),
    });
    const [outcome] = await transmitter.send(message({ tls: demand.asked }));
    const end = demand.end(expected);
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    const received = server.connections.map(({ plain }) => plain).join('');
    if (end === 'plain') expect(received).toContain('Subject: Hello');
    else expect(received).not.toMatch(secretWords);
    const secret = server.connections.map(({ secret }) => secret).join('');
    expect(secret.includes('Subject: Hello')).toBe(end === 'secret');
    if (outcome === undefined || outcome.kind === 'delivered' || outcome.kind === 'waiting') return;
    // TLSA records have reasons of their own.
    if (expected.reason === undefined || outcome.reason.includes('TLSA records')) return;
    expect(outcome.status).toBe(expected.status ?? '5.7.5');
    expect(outcome.reason).toEqual(expect.stringMatching(expected.reason));
  });
});

describe('a second connection', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('takes the %s session up again and proves as much', async (version) => {
    let resumed = 0;
    await using server = await startServer({
      tls: { ...chained, minVersion: version, maxVersion: version },
      secured: (socket) => (resumed += socket.isSessionReused() ? 1 : 0),
      // The next message needs a connection of its own.
      message: () => '421 2.0.0 Bye',
    });
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
    const first = await transmitter.send(message({ tls: 'verify' }));
    const second = await transmitter.send(message({ tls: 'verify' }));
    expect(server.connections.length).toBe(2);
    expect(resumed).toBe(1);
    const [one, two] = [first, second].map(([outcome]) => outcome?.kind !== 'waiting' && outcome?.remote);
    expect(two).toMatchObject({ verifiedBy: 'root Test Root', level: 'verify' });
    expect({ ...two, at: 0 }).toEqual({ ...one, at: 0 });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows its certificate again an hour after the first (%s)',
    async (only) => {
      let resumed = 0;
      await using server = await startServer({
        tls: { ...chained, minVersion: only, maxVersion: only },
        secured: (socket) => (resumed += socket.isSessionReused() ? 1 : 0),
        message: () => '421 2.0.0 Bye',
      });
      await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
      vi.useFakeTimers({ toFake: ['Date'] });
      try {
        for (const [minutes, taken] of [
          [0, 0],
          [40, 1],
          [40, 1],
        ] as const) {
          vi.setSystemTime(Date.now() + minutes * 60_000);
          expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ remote: { level: 'verify' } }]);
          expect(resumed).toBe(taken);
        }
      } finally {
        vi.useRealTimers();
      }
    },
  );

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of a server whose certificate was mended begins anew (%s)',
    async (only) => {
      const shared = { ticketKeys: Buffer.alloc(48, 7), minVersion: only, maxVersion: only };
      const bye = () => '421 2.0.0 Bye';
      const before = await startServer({
        tls: { ...shared, cert: selfSigned.certPem, key: selfSigned.keyPem },
        message: bye,
      });
      await using transmitter = transmitterTo(before.port, { trust: [root.certPem] });
      expect(await transmitter.send(message())).toMatchObject([{ remote: { level: 'encrypt' } }]);
      await before[Symbol.asyncDispose]();
      await using _after = await startServer(
        { tls: { ...shared, ...chained }, message: bye },
        '127.0.0.1',
        before.port,
      );
      expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ remote: { level: 'verify' } }]);
    },
  );
});

describe('evidence', () => {
  test('of a verified connection names protocol, cipher, root and certificate', async () => {
    await using server = await startServer({
      tls: { ...chained, maxVersion: 'TLSv1.2' },
    });
    await using transmitter = transmitterTo(server.port, {
      trust: [`# my roots\n${selfSigned.certPem}${root.certPem}`],
    });
    const [outcome] = await transmitter.send(message({ tls: 'verify' }));
    expect(outcome).toMatchObject({
      kind: 'delivered',
      status: '2.0.0',
      remote: {
        mx: 'mx.example',
        ip: '127.0.0.1',
        tls: 'TLSv1.2',
        cipher: expect.stringMatching(/^ECDHE-ECDSA-/),
        verifiedBy: 'root Test Root',
        certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        reply: '250 2.0.0 Queued',
      },
    });
  });

  test('of an unverified one claims no root but shows the certificate', async () => {
    await using server = await startServer({ tls: good });
    await using transmitter = transmitterTo(server.port);
    const [outcome] = await transmitter.send(message({ tls: 'encrypt' }));
    expect(outcome).toMatchObject({
      remote: { tls: 'TLSv1.3', verifiedBy: null, certificateSha256: expect.any(String) },
    });
    const [refused] = await transmitter.send(message({ tls: 'verify' }));
    expect(refused).toMatchObject({
      kind: 'failed',
      remote: { tls: 'TLSv1.3', verifiedBy: null, certificateSha256: expect.any(String) },
    });
  });

  test('of a plain one is empty', async () => {
    await using server = await startServer({});
    await using transmitter = transmitterTo(server.port);
    const [outcome] = await transmitter.send(message());
    expect(outcome).toMatchObject({ remote: { tls: null, cipher: null, verifiedBy: null, certificateSha256: null } });
  });

  test('an address literal is verified by its IP address', async () => {
    await using server = await startServer({ tls: issued({ san: { ip: ['127.0.0.1'] } }) });
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
    const literal = message({ tls: 'verify', destination: '[127.0.0.1]', to: ['bob@[127.0.0.1]'] });
    expect(await transmitter.send(literal)).toMatchObject([
      { kind: 'delivered', remote: { verifiedBy: 'root Test Root' } },
    ]);
  });
});

test.each([
  ['mx.corp.example', 'delivered'],
  ['a.mx.corp.example', 'failed'],
  ['corp.example', 'failed'],
])('a wildcard stands for one label: %s is %s', async (name, kind) => {
  await using server = await startServer({ tls: issued({ san: { dns: ['*.corp.example'] } }) });
  const zone = { mx: { 'mx.example': [{ preference: 1, exchange: name }] } };
  await using transmitter = transmitterTo(server.port, { trust: [root.certPem], zone });
  expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ kind }]);
});

test('what was offered before TLS is forgotten', async () => {
  const offers = (secure: boolean) =>
    secure ? '250-mx.example\r\n250 SIZE 100000' : '250-mx.example\r\n250-DSN\r\n250-STARTTLS\r\n250 SIZE 1';
  await using server = await startServer({
    tls: good,
    answer: (verb, _, connection) => (verb === 'EHLO' ? offers(connection.secret !== '') : undefined),
  });
  await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
  expect(await transmitter.send(message({ tls: 'verify', ret: 'HDRS' }))).toMatchObject([{ kind: 'delivered' }]);
  expect(server.commands().filter((line) => /^(EHLO|MAIL)/.test(line))).toEqual([
    'EHLO gw.postern.example',
    'EHLO gw.postern.example',
    'MAIL FROM:<alice@corp.example> SIZE=46',
  ]);
});
