/** What TLS reports are told of each session: what the domain published, against what its server does, over real sockets. */
import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import type { Sts } from '../../src/deliver/demand.ts';
import { withoutPolicy } from '../../src/deliver/tls-session.ts';
import type { TlsSession } from '../../src/mail/tls-report.ts';
import type { TlsaRecord } from '../../src/net/resolver.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, transmitterTo, type Zone } from './transmit.ts';

const host = 'mx.example';
const day = 86_400_000;
const root = issueCertificate({ subject: 'Test Root', ca: true });
const issue = (name: string, notAfter = Date.now() + day) =>
  issueCertificate({ subject: name, issuer: root, san: { dns: [name] }, notBefore: Date.now() - 9 * day, notAfter });
const trusted = issue(host);
const selfSigned = issueCertificate({ subject: host, san: { dns: [host] } });
const identity = ({ certPem, keyPem }: typeof trusted) => ({ cert: certPem, key: keyPem });

const servers: Record<string, Script> = {
  trusted: { tls: identity(trusted) },
  'self-signed': { tls: identity(selfSigned) },
  'wrong name': { tls: identity(issue('else.example')) },
  expired: { tls: identity(issue(host, Date.now() - day)) },
  plain: {},
  'STARTTLS refused': { tls: identity(trusted), answer: (verb) => (verb === 'STARTTLS' ? '454 4.7.0 No' : undefined) },
  'handshake cut': { tls: identity(trusted), handshake: 'close' },
  'TLS 1.1': {
    tls: { ...identity(trusted), minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  },
  busy: { greeting: '421 4.3.2 later' },
  silent: { greeting: null },
};

const spki = new X509Certificate(trusted.certPem).publicKey.export({ type: 'spki', format: 'der' });
const record: TlsaRecord = {
  usage: 3,
  selector: 1,
  matching: 1,
  data: createHash('sha256').update(spki).digest(),
};
const line = `3 1 1 ${Buffer.from(record.data).toString('hex')}`;
const signed = (records: readonly TlsaRecord[] | 'failed'): Zone => ({
  signed: true,
  mx: { [host]: [{ preference: 1, exchange: host }] },
  tlsa: { _PORT: records },
});
const sts = (mode: 'enforce' | 'testing', mx: string): Sts => ({
  id: '2026a',
  policy: { mode, mx: [mx], maxAge: 86_400 },
});

type Domain = { readonly zone?: Zone; readonly sts?: Sts; readonly pin?: readonly string[] };
const domains: Record<string, Domain> = {
  nothing: {},
  enforce: { sts: sts('enforce', host) },
  testing: { sts: sts('testing', host) },
  'testing, another host': { sts: sts('testing', 'pool.example') },
  'enforce, another host': { sts: sts('enforce', 'pool.example') },
  'a pin to another host': { pin: ['pool.example'] },
  TLSA: { zone: signed([record]) },
  'TLSA and enforce, another host': { zone: signed([record]), sts: sts('enforce', 'pool.example') },
  'unusable TLSA': { zone: signed([{ ...record, usage: 1 }]) },
  'broken TLSA': { zone: signed('failed') },
};

// published | asked | server | policy | result, with its code | does mail arrive?
const table = `
nothing                        | may    | trusted          | no-policy-found | success                                                                   | yes
nothing                        | may    | self-signed      | no-policy-found | success                                                                   | yes
nothing                        | may    | plain            | no-policy-found | starttls-not-supported                                                    | yes
nothing                        | may    | STARTTLS refused | no-policy-found | starttls-not-supported                                                    | yes
nothing                        | may    | handshake cut    | no-policy-found | validation-failure ECONNRESET                                             | yes
nothing                        | encrypt | TLS 1.1         | no-policy-found | validation-failure ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION                   | no
nothing                        | verify | self-signed      | no-policy-found | certificate-not-trusted X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT            | no
nothing                        | dane   | trusted          | no-policy-found | dane-required                                                             | no
nothing                        | secure | trusted          | -               | -                                                                         | no
nothing                        | may    | busy             | -               | -                                                                         | no
nothing                        | may    | silent           | -               | -                                                                         | no
a pin to another host          | may    | trusted          | -               | -                                                                         | no
enforce                        | may    | trusted          | sts enforce     | success                                                                   | yes
enforce                        | may    | expired          | sts enforce     | certificate-expired                                                       | no
enforce                        | may    | wrong name       | sts enforce     | certificate-host-mismatch                                                 | no
enforce                        | may    | plain            | sts enforce     | starttls-not-supported                                                    | no
enforce                        | may    | handshake cut    | sts enforce     | validation-failure ECONNRESET                                             | no
enforce, another host          | may    | trusted          | sts enforce     | validation-failure MX_NOT_IN_STS_POLICY                                   | no
testing                        | may    | trusted          | sts testing     | success                                                                   | yes
testing                        | may    | expired          | sts testing     | certificate-expired                                                       | yes
testing                        | may    | self-signed      | sts testing     | certificate-not-trusted X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT            | yes
testing                        | may    | wrong name       | sts testing     | certificate-host-mismatch                                                 | yes
testing                        | may    | plain            | sts testing     | starttls-not-supported                                                    | yes
testing                        | may    | handshake cut    | sts testing     | validation-failure ECONNRESET                                             | yes
testing, another host          | may    | trusted          | sts testing     | validation-failure MX_NOT_IN_STS_POLICY                                   | yes
TLSA                           | may    | trusted          | tlsa            | success                                                                   | yes
TLSA                           | may    | self-signed      | tlsa            | certificate-not-trusted X509_V_ERR_DANE_NO_MATCH                          | no
TLSA                           | may    | plain            | tlsa            | starttls-not-supported                                                    | no
TLSA and enforce, another host | may    | trusted          | tlsa            | success                                                                   | yes
unusable TLSA                  | may    | self-signed      | tlsa            | tlsa-invalid                                                              | yes
broken TLSA                    | may    | trusted          | tlsa            | dnssec-invalid                                                            | no
`;
const rows = table
  .trim()
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.trim()) as [string, TlsLevel, string, string, string, string]);

test.each(rows)('%s | %s | %s', async (published, asked, behaviour, policy, result, arrives) => {
  await using server = await startServer(servers[behaviour] ?? {});
  const { zone = {}, sts: found = null, pin = null } = domains[published] ?? {};
  const tlsa = zone.tlsa === undefined ? {} : { [`_${server.port}._tcp.${host}`]: zone.tlsa['_PORT'] ?? [] };
  const told: TlsSession[] = [];
  await using transmitter = transmitterTo(server.port, {
    zone: { ...zone, tlsa },
    trust: [root.certPem],
    sts: async () => found,
    onSession: (session) => told.push(session),
    timeouts: { connect: 500, command: 500, data: 500 },
  });
  const [outcome] = await transmitter.send(message({ tls: asked, pin }));
  expect(outcome?.kind === 'delivered' ? 'yes' : 'no').toBe(arrives);
  expect(server.messages()).toHaveLength(arrives === 'yes' ? 1 : 0);
  if (result === '-') return expect(told).toEqual([]);
  const [session] = told;
  expect(told).toHaveLength(1);
  expect(session?.domain).toBe(host);
  expect([session?.policy.type, modeOf(session)].join(' ').trim()).toBe(policy);
  const miss = session?.miss ?? null;
  expect(miss === null ? 'success' : `${miss.result} ${miss.code ?? ''}`.trim()).toBe(result);
  if (miss !== null) expect(miss.mx).toBe(host);
});

function modeOf(session: TlsSession | undefined): string {
  return session?.policy.lines.find((each) => each.startsWith('mode: '))?.slice('mode: '.length) ?? '';
}

test('the policy is told as published', async () => {
  await using server = await startServer(servers['trusted'] ?? {});
  const told: TlsSession[] = [];
  const common = { trust: [root.certPem], onSession: (session: TlsSession) => void told.push(session) };
  await using bySts = transmitterTo(server.port, { ...common, sts: async () => sts('enforce', '*.example') });
  await bySts.send(message());
  const zone = { ...signed([record]), tlsa: { [`_${server.port}._tcp.${host}`]: [record] } };
  await using byTlsa = transmitterTo(server.port, { ...common, zone });
  await byTlsa.send(message());
  expect(told.map(({ policy }) => policy)).toEqual([
    {
      type: 'sts',
      lines: ['version: STSv1', 'mode: enforce', 'mx: *.example', 'max_age: 86400'],
      domain: host,
      mx: ['*.example'],
    },
    { type: 'tlsa', lines: [line], domain: host, mx: [] },
  ]);
});

test('a session is told once, however many messages it carries', async () => {
  await using server = await startServer(servers['trusted'] ?? {});
  const told: TlsSession[] = [];
  await using transmitter = transmitterTo(server.port, { onSession: (session) => told.push(session) });
  for (let count = 0; count < 3; count++) await transmitter.send(message());
  expect(server.messages()).toHaveLength(3);
  expect(told).toHaveLength(1);
});

test('a message that goes as asked reaches a server that breaks every promise of its domain, and nobody is told', async () => {
  await using server = await startServer({});
  const told: TlsSession[] = [];
  await using transmitter = transmitterTo(server.port, {
    zone: { ...signed([record]), tlsa: { [`_${server.port}._tcp.${host}`]: [record] } },
    sts: async () => sts('enforce', 'pool.example'),
    floor: () => 'verify',
    onSession: (session) => told.push(session),
  });
  const outcomes = await transmitter.send(message({ asAsked: true }));
  expect(outcomes).toMatchObject([{ kind: 'delivered' }]);
  expect(told).toEqual([]);
  expect(await transmitter.send(message())).toMatchObject([{ kind: 'failed', lifted: true }]);
});

test('the own host of a tenant is nobody’s business', async () => {
  await using server = await startServer(servers['trusted'] ?? {});
  const told: TlsSession[] = [];
  await using transmitter = transmitterTo(server.port, {
    statics: new Map([[host, { host, port: server.port, tls: 'may' }]]),
    onSession: (session) => told.push(session),
  });
  expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered' }]);
  expect(told).toEqual([]);
});

test('a policy that cannot be had is a miss, unless another applied', () => {
  const policy = { type: 'no-policy-found', lines: [], domain: host, mx: [] } as const;
  const trouble = { kind: 'failed', reason: 'x', result: 'sts-webpki-invalid' } as const;
  const session: TlsSession = { domain: host, policy, miss: null };
  expect(withoutPolicy(session, trouble)).toEqual({
    domain: host,
    policy: { type: 'sts', lines: [], domain: host, mx: [] },
    miss: { result: 'sts-webpki-invalid', code: null, mx: null, ip: null },
  });
  const dane: TlsSession = { ...session, policy: { ...policy, type: 'tlsa' } };
  expect(withoutPolicy(dane, trouble)).toBe(dane);
});
