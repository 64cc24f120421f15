/** Messages whose sender demands TLS to the last server (REQUIRETLS), or waives what the recipient's domain demands, over real sockets. */
import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, type TestTransmitter, transmitterTo } from './transmit.ts';

const authority = issueCertificate({ subject: 'Root', ca: true });
const identityOf = (name: string) => {
  const { keyPem, certPem } = issueCertificate({ subject: name, issuer: authority, san: { dns: [name] } });
  return { key: keyPem, cert: certPem };
};
const good = identityOf('mx.example');
const promising: Script = { tls: good, offers: ['PIPELINING', 'REQUIRETLS'] };
const silent: Script = { tls: good, offers: ['PIPELINING'] };
const required = { requireTls: true, tls: 'secure', pin: ['mx.example'] } as const;

const to = (port: number, changes: Parameters<typeof transmitterTo>[1] = {}): TestTransmitter =>
  transmitterTo(port, { trust: [authority.certPem], ...changes });

describe('REQUIRETLS', () => {
  test('goes with the message to a server that promises it', async () => {
    await using server = await startServer(promising);
    await using transmitter = to(server.port);
    expect(await transmitter.send(message(required))).toMatchObject([
      { kind: 'delivered', remote: { level: 'secure' } },
    ]);
    expect(server.commands()).toContain('MAIL FROM:<alice@corp.example> REQUIRETLS');
  });

  test('is not said of a message that does not demand it', async () => {
    await using server = await startServer(promising);
    await using transmitter = to(server.port);
    await transmitter.send(message());
    expect(server.commands()).toContain('MAIL FROM:<alice@corp.example>');
  });

  test('fails at a server without it: 5.7.30, and nothing of the message was said', async () => {
    await using server = await startServer(silent);
    await using transmitter = to(server.port);
    expect(await transmitter.send(message(required))).toMatchObject([
      {
        kind: 'failed',
        scope: 'method',
        status: '5.7.30',
        reason: expect.stringMatching(/^mx\.example does not promise .*REQUIRETLS/),
        remote: { mx: 'mx.example', level: 'secure' },
      },
    ]);
    expect(server.commands().filter((line) => line.startsWith('MAIL'))).toEqual([]);
    // section 4.2.1: other messages may use the connection
    expect(await transmitter.send(message({ pin: ['mx.example'] }))).toMatchObject([{ kind: 'delivered' }]);
    expect(server.connections).toHaveLength(1);
  });

  test('is looked for at every mail server of the domain', async () => {
    await using first = await startServer({ ...silent, tls: identityOf('mx1.example') });
    await using second = await startServer({ ...promising, tls: identityOf('mx2.example') }, '127.0.0.2', first.port);
    const mx = [
      { preference: 10, exchange: 'mx1.example' },
      { preference: 20, exchange: 'mx2.example' },
    ];
    const zone = { mx: { 'mx.example': mx }, a: { 'mx1.example': ['127.0.0.1'], 'mx2.example': ['127.0.0.2'] } };
    await using transmitter = to(first.port, { zone });
    const sent = message({ ...required, pin: ['*.example'] });
    expect(await transmitter.send(sent)).toMatchObject([{ kind: 'delivered', remote: { mx: 'mx2.example' } }]);
    expect(first.messages()).toEqual([]);
    expect(second.messages()).toHaveLength(1);
  });

  test.each([
    ['no STARTTLS', { offers: ['REQUIRETLS'] }, ['mx.example']],
    ['a bad certificate', { ...promising, tls: identityOf('else.example') }, ['mx.example']],
    ['a name that nothing vouches for', promising, null],
  ] as const)('%s: 5.7.10, and nothing was sent', async (_what, script, pin) => {
    await using server = await startServer(script);
    await using transmitter = to(server.port);
    expect(await transmitter.send(message({ ...required, pin }))).toMatchObject([
      { kind: 'failed', scope: 'method', status: '5.7.10' },
    ]);
    expect(server.commands().filter((line) => line.startsWith('MAIL'))).toEqual([]);
  });

  test('of a report: goes out without the promise, but not without TLS', async () => {
    await using server = await startServer(silent);
    await using transmitter = to(server.port);
    const report = message({ ...required, mailFrom: '' });
    expect(await transmitter.send(report)).toMatchObject([{ kind: 'delivered' }]);
    expect(server.commands()).toContain('MAIL FROM:<>');
    await using plain = await startServer({});
    await using other = to(plain.port);
    expect(await other.send(report)).toMatchObject([{ kind: 'failed', status: '5.7.10' }]);
    expect(plain.messages()).toEqual([]);
  });
});

describe('what the domain demands, waived', () => {
  const enforced = { id: '1', policy: { mode: 'enforce', mx: ['other.example'], maxAge: 86_400 } } as const;

  test('a server that its policy does not name, and that has fallen, gets the message', async () => {
    await using server = await startServer({});
    await using transmitter = to(server.port, { sts: async () => enforced, floor: () => 'verify' });
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'failed', lifted: true }]);
    expect(await transmitter.send(message({ asAsked: true }))).toMatchObject([{ kind: 'delivered' }]);
  });

  test('TLSA records that do not match, or cannot be looked up, are not asked for', async () => {
    await using server = await startServer({ tls: good });
    const zone = { signed: true, tlsa: { [`_${server.port}._tcp.mx.example`]: 'failed' } } as const;
    await using transmitter = to(server.port, { zone });
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'deferred' }]);
    expect(await transmitter.send(message({ asAsked: true }))).toMatchObject([{ kind: 'delivered' }]);
  });

  test.each([
    ['the tenant’s pin', { pin: ['mx.example'] }],
    ['our own level', { tls: 'verify' }],
  ] as const)('%s still holds', async (_what, ours) => {
    await using server = await startServer({});
    await using transmitter = to(server.port);
    expect(await transmitter.send(message({ asAsked: true, ...ours }))).toMatchObject([{ kind: 'failed' }]);
    expect(server.messages()).toEqual([]);
  });
});
