/**
 * What a domain has published or shown before, against what its server does: every combination over real sockets, each with what reached
 * the server. `asked` is what the step asks for; the domain may lift it.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import type { Sts } from '../../src/deliver/demand.ts';
import type { TlsaRecord } from '../../src/net/resolver.ts';
import type { Outcome } from '../../src/plan/delivery.ts';
import { issueCertificate } from '../../src/protect/x509.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, transmitterTo, type Zone } from './transmit.ts';

const host = 'mx.example';
const root = issueCertificate({ subject: 'Test Root', ca: true });
const trusted = issueCertificate({ subject: host, issuer: root, san: { dns: [host] } });
const selfSigned = issueCertificate({ subject: host, san: { dns: [host] } });
const otherName = issueCertificate({ subject: 'else', issuer: root, san: { dns: ['else.example'] } });
const identity = ({ certPem, keyPem }: typeof trusted) => ({ cert: certPem, key: keyPem });

/** Servers by what they show. */
const servers: Record<string, Script> = {
  trusted: { tls: identity(trusted) },
  'self-signed': { tls: identity(selfSigned) },
  'wrong name': { tls: identity(otherName) },
  plain: {},
  'STARTTLS refused': { tls: identity(trusted), answer: (verb) => (verb === 'STARTTLS' ? '454 4.7.0 No' : undefined) },
  'handshake cut': { tls: identity(trusted), handshake: 'close' },
};

function tlsa(usage: number, certPem: string): TlsaRecord {
  const { publicKey } = new X509Certificate(certPem);
  const data = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  return { usage, selector: 1, matching: 1, data };
}
const sts = (mode: 'enforce' | 'testing' | 'none', mx: string): Sts => ({
  id: '2026a',
  policy: { mode, mx: [mx], maxAge: 86_400 },
});

type Domain = { readonly zone?: Zone; readonly sts?: Sts; readonly floor?: TlsLevel; readonly pin?: readonly string[] };
const signed = (records: readonly TlsaRecord[] | 'failed'): Zone => ({
  signed: true,
  mx: { [host]: [{ preference: 1, exchange: host }] },
  tlsa: { _PORT: records },
});

/** Domains by what they have published or shown. */
const domains: Record<string, Domain> = {
  nothing: {},
  'STS enforce': { sts: sts('enforce', host) },
  'STS enforce, another host': { sts: sts('enforce', '*.pool.example') },
  'STS testing': { sts: sts('testing', host) },
  'STS testing, another host': { sts: sts('testing', 'pool.example') },
  'STS none': { sts: sts('none', host) },
  'TLSA of the key': { zone: signed([tlsa(3, trusted.certPem)]) },
  'TLSA of the self-signed key': { zone: signed([tlsa(3, selfSigned.certPem)]) },
  'TLSA of another key': { zone: signed([tlsa(3, otherName.certPem)]) },
  'TLSA that nobody can use': { zone: signed([{ ...tlsa(1, trusted.certPem) }]) },
  'TLSA that cannot be looked up': { zone: signed('failed') },
  'TLSA without signatures': { zone: { ...signed([tlsa(3, otherName.certPem)]), signed: false } },
  'signed, no TLSA': { zone: signed([]) },
  'TLSA of the self-signed key, STS for another host': {
    zone: signed([tlsa(3, selfSigned.certPem)]),
    sts: sts('enforce', 'pool.example'),
  },
  'once encrypted': { floor: 'encrypt' },
  'once verified': { floor: 'verify' },
  'once DANE': { floor: 'dane' },
  'a pin': { pin: [host] },
  'a pin to another host': { pin: ['*.pool.example'] },
};

/** `plain`, `secret`: delivered without or under TLS; `unmet`: next method; `lifted`: the domain's own promise is broken; `deferred`. */
type End = 'plain' | 'secret' | 'unmet' | 'lifted' | 'deferred';

// domain | asked | server | what happens | level proved, or words of the reason
const table = `
nothing                         | may     | plain            | plain    |
nothing                         | may     | self-signed      | secret   | encrypt
nothing                         | may     | trusted          | secret   | verify
nothing                         | secure  | trusted          | unmet    | Nothing vouches for mx.example
nothing                         | dane    | trusted          | unmet    | no usable TLSA records
STS enforce                     | may     | trusted          | secret   | secure
STS enforce                     | may     | self-signed      | lifted   | is self-signed. It is demanded by the MTA-STS policy of mx.example
STS enforce                     | may     | wrong name       | lifted   | is made out to else.example
STS enforce                     | may     | plain            | lifted   | does not offer STARTTLS
STS enforce                     | may     | STARTTLS refused | lifted   | refuses it
STS enforce                     | may     | handshake cut    | lifted   | closed the connection
STS enforce                     | verify  | self-signed      | lifted   | is self-signed
STS enforce                     | secure  | trusted          | secret   | secure
STS enforce                     | secure  | plain            | unmet    | does not offer STARTTLS
STS enforce, another host       | may     | trusted          | lifted   | not among the mail servers that the MTA-STS policy
STS enforce, another host       | secure  | trusted          | unmet    | not among the mail servers
STS testing                     | may     | plain            | plain    |
STS testing                     | may     | self-signed      | secret   | encrypt
STS testing                     | secure  | trusted          | secret   | secure
STS testing, another host       | may     | trusted          | secret   | verify
STS testing, another host       | secure  | trusted          | unmet    | Nothing vouches
STS none                        | may     | plain            | plain    |
STS none                        | secure  | trusted          | unmet    | Nothing vouches
TLSA of the key                 | may     | trusted          | secret   | dane
TLSA of the key                 | dane    | trusted          | secret   | dane
TLSA of the key                 | may     | self-signed      | lifted   | matches none of the TLSA records
TLSA of the key                 | dane    | self-signed      | unmet    | matches none of the TLSA records
TLSA of the key                 | may     | plain            | lifted   | does not offer STARTTLS
TLSA of the key                 | may     | STARTTLS refused | lifted   | refuses it
TLSA of the self-signed key     | may     | self-signed      | secret   | dane
TLSA of the self-signed key     | verify  | self-signed      | secret   | dane
TLSA of the self-signed key     | secure  | self-signed      | secret   | dane
TLSA of another key             | may     | trusted          | lifted   | matches none of the TLSA records
TLSA that nobody can use        | may     | self-signed      | secret   | encrypt
TLSA that nobody can use        | may     | plain            | lifted   | does not offer STARTTLS
TLSA that nobody can use        | verify  | trusted          | secret   | secure
TLSA that nobody can use        | dane    | trusted          | unmet    | no usable TLSA records
TLSA that cannot be looked up   | may     | trusted          | deferred | cannot be looked up: SERVFAIL
TLSA that cannot be looked up   | dane    | trusted          | deferred | cannot be looked up: SERVFAIL
TLSA without signatures         | may     | plain            | plain    |
TLSA without signatures         | dane    | trusted          | unmet    | no usable TLSA records
signed, no TLSA                 | may     | plain            | plain    |
signed, no TLSA                 | secure  | trusted          | secret   | secure
signed, no TLSA                 | secure  | self-signed      | unmet    | is self-signed
TLSA of the self-signed key, STS for another host | may | self-signed | secret | dane
once encrypted                  | may     | self-signed      | secret   | encrypt
once encrypted                  | may     | plain            | lifted   | demanded by what mx.example has shown before
once verified                   | may     | trusted          | secret   | verify
once verified                   | may     | self-signed      | lifted   | is self-signed
once verified                   | encrypt | self-signed      | lifted   | is self-signed
once verified                   | verify  | self-signed      | unmet    | is self-signed
once DANE                       | may     | self-signed      | lifted   | is self-signed
a pin                           | may     | trusted          | secret   | secure
a pin                           | secure  | trusted          | secret   | secure
a pin                           | may     | self-signed      | lifted   | is self-signed
a pin to another host           | may     | trusted          | lifted   | not among the mail servers pinned
a pin to another host           | secure  | trusted          | unmet    | not among the mail servers pinned
`;
const rows = table
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

const secretWords = /MAIL FROM|RCPT TO|DATA|Subject/;

test('the table names every domain and every server', () => {
  expect(new Set(rows.map(([domain]) => domain))).toEqual(new Set(Object.keys(domains)));
  expect(new Set(rows.map(([, , server]) => server))).toEqual(new Set(Object.keys(servers)));
});

describe('domain | asked | server', () => {
  test.each(rows)('%s | %s | %s: %s', async (domainName = '', asked, serverName = '', end, words = '') => {
    const domain = domains[domainName] ?? {};
    await using server = await startServer(servers[serverName] ?? {});
    const { _PORT: records, ...others } = domain.zone?.tlsa ?? {};
    const tlsaHere = records === undefined ? others : { [`_${server.port}._tcp.${host}`]: records };
    await using transmitter = transmitterTo(server.port, {
      trust: [root.certPem],
      zone: { ...domain.zone, tlsa: tlsaHere },
      sts: async () => domain.sts ?? null,
      floor: () => domain.floor ?? null,
    });
    const [outcome] = await transmitter.send(message({ tls: asked as TlsLevel, pin: domain.pin ?? null }));
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    const plain = server.connections.map((connection) => connection.plain).join('');
    const secret = server.connections.map((connection) => connection.secret).join('');
    expect(plain.includes('Subject: Hello')).toBe(end === 'plain');
    expect(secret.includes('Subject: Hello')).toBe(end === 'secret');
    if (end !== 'plain') expect(plain).not.toMatch(secretWords);
    if (end === 'secret') expect(outcome).toMatchObject({ remote: { level: words } });
    else if (outcome?.kind !== 'delivered') expect(outcome).toHaveProperty('reason', expect.stringContaining(words));
  });
});

function endOf(outcome: Outcome | undefined): End | undefined {
  if (outcome?.kind === 'failed') return outcome.lifted === true ? 'lifted' : 'unmet';
  if (outcome?.kind === 'deferred') return 'deferred';
  return outcome?.kind === 'delivered' ? (outcome.remote?.tls === null ? 'plain' : 'secret') : undefined;
}

describe('one connection, several messages', () => {
  test('a connection opened for less is used for more when what it showed is enough, and not when it is not', async () => {
    for (const [shows, connections] of [
      ['trusted', 1],
      ['self-signed', 2],
    ] as const) {
      await using server = await startServer(servers[shows] ?? {});
      await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
      await transmitter.send(message({ tls: 'may' }));
      await transmitter.send(message({ tls: 'verify' }));
      expect(server.connections.length).toBe(connections);
      expect(server.messages().length).toBe(shows === 'trusted' ? 2 : 1);
    }
  });

  test('evidence is about the message: what vouched for the name of one says nothing of the other', async () => {
    await using server = await startServer(servers['trusted'] ?? {});
    let policy: Sts | null = null;
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem], sts: async () => policy });
    const first = await transmitter.send(message({ tls: 'verify' }));
    policy = sts('enforce', host);
    const second = await transmitter.send(message({ tls: 'verify' }));
    expect(server.connections.length).toBe(1);
    expect(first).toMatchObject([{ remote: { level: 'verify', verifiedBy: 'root Test Root' } }]);
    expect(second).toMatchObject([{ remote: { level: 'secure', verifiedBy: 'root Test Root, MTA-STS policy 2026a' } }]);
  });
});

test('of two hosts, the one that the policy does not name is passed over', async () => {
  await using server = await startServer(servers['trusted'] ?? {});
  const zone: Zone = {
    mx: {
      [host]: [
        { preference: 1, exchange: 'stray.example' },
        { preference: 2, exchange: host },
      ],
    },
  };
  const options = { trust: [root.certPem], zone, sts: async () => sts('enforce', host) };
  await using transmitter = transmitterTo(server.port, options);
  expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered', remote: { mx: host } }]);
  expect(server.connections.length).toBe(1);
});
