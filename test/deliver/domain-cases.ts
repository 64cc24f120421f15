/**
 * What a domain has published or shown before, against what its server does (T-8, T-9, T-10): every row with what becomes of a message. demand.test.ts
 * asserts it, the measurement tls-matrix prints it. `asked` is what the step asks for; the domain may lift it.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { keyRecord } from '../../src/deliver/dane.ts';
import type { TlsaRecord } from '../../src/net/resolver.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import type { ZoneRecord } from '../../src/sandbox/dns-server.ts';
import { policyText } from '../../src/sandbox/policy-host.ts';
import { type Domain, host, identityFor, name, root } from './one-domain.ts';
import type { Script } from './scripted-server.ts';

const trusted = identityFor(host);
const selfSigned = identity(issueCertificate({ subject: host, san: { dns: [host] } }));
const otherName = identityFor('else.example');
const bücher = 'mx.xn--bcher-kva.example';

function identity({ certPem, keyPem }: ReturnType<typeof issueCertificate>) {
  return { cert: certPem, key: keyPem };
}

/** Servers by what they show. */
export const servers: Record<string, Script> = {
  trusted: { tls: trusted },
  'self-signed': { tls: selfSigned },
  'wrong name': { tls: otherName },
  'IDN name': { tls: identityFor(bücher) },
  'chain with root': { tls: { ...trusted, cert: trusted.cert + root.certPem } },
  'wrong name, with root': { tls: { ...otherName, cert: otherName.cert + root.certPem } },
  plain: {},
  'STARTTLS refused': { tls: trusted, answer: (verb) => (verb === 'STARTTLS' ? '454 4.7.0 No' : undefined) },
  'handshake cut': { tls: trusted, handshake: 'close' },
};

const tlsa = (record: TlsaRecord, of = host): ZoneRecord => ({ name: `_PORT._tcp.${of}`, type: 'TLSA', ...record });
const ownKey = keyRecord(trusted.cert);
const selfSignedKey = keyRecord(selfSigned.cert);
const anotherKey = keyRecord(otherName.cert);
/** 2 0 1: the authority's whole certificate. */
const authority = (pem: string): TlsaRecord => {
  return {
    usage: 2,
    selector: 0,
    matching: 1,
    data: createHash('sha256').update(new X509Certificate(pem).raw).digest(),
  };
};

const signed = (...records: TlsaRecord[]): Domain => ({ signed: [name], records: records.map((each) => tlsa(each)) });
const site = (mode: 'enforce' | 'testing' | 'none', mx: string) => ({ body: policyText(mode, [mx]) });
const enforced = site('enforce', host);
const hour = 3_600_000;
const remembered = (id: string, end = Date.now() + 6 * hour) => ({
  id,
  policy: { mode: 'enforce', mx: [host], maxAge: 86_400 } as const,
  fetchedAt: end - 24 * hour,
  expiresAt: end,
});

const alias = 'alias.b.example';
const aliased = (target: string, ...records: ZoneRecord[]): Domain => ({
  signed: [name],
  route: [
    { name, type: 'MX', preference: 1, exchange: alias },
    { name: alias, type: 'CNAME', data: target },
    { name: target, type: 'A', data: '127.0.0.1' },
  ],
  records,
});
const elsewhere = (exchange: string): Domain => ({
  signed: [name],
  route: [
    { name, type: 'MX', preference: 1, exchange },
    { name: exchange, type: 'A', data: '127.0.0.1' },
  ],
});

/** Domains by what they have published or shown. */
export const domains: Record<string, Domain> = {
  nothing: {},
  'STS enforce': { site: enforced },
  'STS enforce, another host': { site: site('enforce', '*.pool.example') },
  'STS enforce, *.b.example': { site: site('enforce', '*.b.example') },
  'STS enforce, *.example': { site: site('enforce', '*.example') },
  'STS enforce, IDN': { ...elsewhere(bücher), signed: [], site: site('enforce', bücher) },
  'STS testing': { site: site('testing', host) },
  'STS testing, another host': { site: site('testing', 'pool.example') },
  'STS none': { site: site('none', host) },
  'STS host redirects': { site: { ...enforced, status: 301, headers: { location: `https://${name}/` } } },
  'STS host is silent': { site: { ...enforced, hangsUp: 'at once' } },
  'STS host with an expired certificate': {
    site: { ...enforced, identity: identityFor(`mta-sts.${name}`, { notBefore: 0, notAfter: Date.now() - hour }) },
  },
  'STS remembered, record gone': { remembered: remembered('2025z') },
  'STS remembered, record cannot be looked up': {
    remembered: remembered('2025z'),
    faults: { [`_mta-sts.${name}`]: { rcode: 'SERVFAIL' } },
  },
  'STS remembered, new id, host redirects': { remembered: remembered('2025z'), site: { ...enforced, status: 302 } },
  'STS remembered, new id, mode none': { remembered: remembered('2025z'), site: site('none', host) },
  'STS remembered too long, host silent': {
    remembered: remembered('2026a', Date.now() - hour),
    site: { ...enforced, hangsUp: 'at once' },
  },
  'TLSA of the key': signed(ownKey),
  'TLSA of the self-signed key': signed(selfSignedKey),
  'TLSA of another key': signed(anotherKey),
  'TLSA of the key and of the one before': signed(anotherKey, ownKey),
  'TLSA 2 0 1 of the root': signed(authority(root.certPem)),
  'TLSA 2 0 1 of another root': signed(authority(issueCertificate({ subject: 'Other', ca: true }).certPem)),
  'TLSA that nobody can use': signed({ ...ownKey, usage: 1 }, { ...ownKey, usage: 0 }),
  'TLSA that cannot be looked up': { ...signed(ownKey), faults: { [`_PORT._tcp.${host}`]: { rcode: 'SERVFAIL' } } },
  'TLSA that is not answered in time': { ...signed(ownKey), faults: { [`_PORT._tcp.${host}`]: { delay: 5_000 } } },
  'TLSA that only TCP can carry': { ...signed(ownKey), faults: { [`_PORT._tcp.${host}`]: { truncated: true } } },
  'TLSA without signatures': { ...signed(anotherKey), signed: [] },
  'TLSA, and a resolver not trusted': { ...signed(anotherKey), trustAd: false },
  'TLSA of a host in an unsigned zone': {
    ...elsewhere('mx.pool.example'),
    records: [tlsa(anotherKey, 'mx.pool.example')],
  },
  'bogus signatures': { ...signed(ownKey), faults: { [name]: { rcode: 'SERVFAIL' } } },
  'MX is an alias, TLSA where it leads': aliased(host, tlsa(ownKey)),
  'MX is an alias, TLSA of the alias': aliased(host, tlsa(ownKey, alias)),
  'MX is an alias into an unsigned zone': aliased('mx.pool.example', tlsa(anotherKey, 'mx.pool.example')),
  'MX is an alias into an unsigned zone, TLSA of the alias': aliased('mx.pool.example', tlsa(ownKey, alias)),
  'MX is an alias into an unsigned zone, TLSA 2 0 1 of the alias': aliased(
    'else.example',
    tlsa(authority(root.certPem), alias),
  ),
  'signed, no TLSA': signed(),
  'TLSA of the self-signed key, STS for another host': {
    ...signed(selfSignedKey),
    site: site('enforce', 'pool.example'),
  },
  'once encrypted': { floor: 'encrypt' },
  'once verified': { floor: 'verify' },
  'once DANE': { floor: 'dane' },
  'a pin': { pin: [host] },
  'a pin to another host': { pin: ['*.pool.example'] },
  'TLSA of the key, a pin': { ...signed(ownKey), pin: [host] },
  'TLSA of the key, a pin to another host': { ...signed(ownKey), pin: ['*.pool.example'] },
};

// domain | asked | server | what happens (ends.ts) | level proved, or words of the reason
const table = `
nothing                         | may     | plain            | plain    |
nothing                         | may     | self-signed      | secret   | encrypt
nothing                         | may     | trusted          | secret   | verify
nothing                         | secure  | trusted          | unmet    | Nothing vouches for mx.b.example
nothing                         | dane    | trusted          | unmet    | no usable TLSA records
STS enforce                     | may     | trusted          | secret   | secure
STS enforce                     | may     | self-signed      | lifted   | is self-signed. It is demanded by the MTA-STS policy of b.example
STS enforce                     | may     | wrong name       | lifted   | is made out to else.example
STS enforce                     | may     | plain            | lifted   | does not offer STARTTLS
STS enforce                     | may     | STARTTLS refused | lifted   | refuses it
STS enforce                     | may     | handshake cut    | lifted   | closed the connection
STS enforce                     | verify  | self-signed      | lifted   | is self-signed
STS enforce                     | secure  | trusted          | secret   | secure
STS enforce                     | secure  | plain            | unmet    | does not offer STARTTLS
STS enforce, another host       | may     | trusted          | lifted   | not among the mail servers that the MTA-STS policy
STS enforce, another host       | secure  | trusted          | unmet    | not among the mail servers
STS enforce, *.b.example        | may     | trusted          | secret   | secure
STS enforce, *.example          | may     | trusted          | lifted   | not among the mail servers
STS enforce, IDN                | may     | IDN name         | secret   | secure
STS enforce, IDN                | may     | trusted          | lifted   | is made out to mx.b.example
STS testing                     | may     | plain            | plain    |
STS testing                     | may     | self-signed      | secret   | encrypt
STS testing                     | secure  | trusted          | secret   | secure
STS testing, another host       | may     | trusted          | secret   | verify
STS testing, another host       | secure  | trusted          | unmet    | Nothing vouches
STS none                        | may     | plain            | plain    |
STS none                        | secure  | trusted          | unmet    | Nothing vouches
STS host redirects              | may     | plain            | plain    |
STS host redirects              | secure  | trusted          | unmet    | Nothing vouches
STS host is silent              | may     | plain            | plain    |
STS host with an expired certificate | secure | trusted      | unmet    | Nothing vouches
STS remembered, record gone     | may     | trusted          | secret   | secure
STS remembered, record gone     | may     | plain            | lifted   | does not offer STARTTLS
STS remembered, record cannot be looked up | may | plain     | lifted   | does not offer STARTTLS
STS remembered, new id, host redirects | may | plain         | lifted   | does not offer STARTTLS
STS remembered, new id, mode none | may   | plain            | plain    |
STS remembered too long, host silent | may | plain           | plain    |
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
TLSA of the key and of the one before | may | trusted        | secret   | dane
TLSA 2 0 1 of the root          | may     | chain with root  | secret   | dane
TLSA 2 0 1 of the root          | may     | wrong name, with root | lifted | does not name mx.b.example
TLSA 2 0 1 of another root      | may     | chain with root  | lifted   | matches none of the TLSA records
TLSA that nobody can use        | may     | self-signed      | secret   | encrypt
TLSA that nobody can use        | may     | plain            | lifted   | does not offer STARTTLS
TLSA that nobody can use        | verify  | trusted          | secret   | secure
TLSA that nobody can use        | dane    | trusted          | unmet    | no usable TLSA records
TLSA that cannot be looked up   | may     | trusted          | deferred | cannot be looked up: the name server 127.0.0.1 said SERVFAIL
TLSA that cannot be looked up   | dane    | trusted          | deferred | cannot be looked up
TLSA that is not answered in time | may   | trusted          | deferred | did not answer in time
TLSA that only TCP can carry    | may     | trusted          | secret   | dane
TLSA without signatures         | may     | plain            | plain    |
TLSA without signatures         | dane    | trusted          | unmet    | no usable TLSA records
TLSA, and a resolver not trusted | may    | plain            | plain    |
TLSA, and a resolver not trusted | dane   | trusted          | unmet    | no usable TLSA records
TLSA of a host in an unsigned zone | may  | plain            | plain    |
bogus signatures                | may     | trusted          | deferred | MX records of b.example cannot be looked up
MX is an alias, TLSA where it leads | may | self-signed      | lifted   | matches none of the TLSA records
MX is an alias, TLSA where it leads | may | trusted          | secret   | dane
MX is an alias, TLSA of the alias | may   | trusted          | secret   | dane
MX is an alias into an unsigned zone | may | plain           | plain    |
MX is an alias into an unsigned zone, TLSA of the alias | may | trusted | secret | dane
MX is an alias into an unsigned zone, TLSA 2 0 1 of the alias | may | wrong name, with root | lifted | does not name alias.b.example
signed, no TLSA                 | may     | plain            | plain    |
signed, no TLSA                 | secure  | trusted          | secret   | secure
signed, no TLSA                 | secure  | self-signed      | unmet    | is self-signed
TLSA of the self-signed key, STS for another host | may | self-signed | secret | dane
once encrypted                  | may     | self-signed      | secret   | encrypt
once encrypted                  | may     | plain            | lifted   | demanded by what b.example has shown before
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
TLSA of the key, a pin          | may     | trusted          | secret   | dane
TLSA of the key, a pin to another host | may | trusted       | lifted   | not among the mail servers pinned
TLSA of the key, a pin to another host | dane | trusted      | unmet    | not among the mail servers pinned
`;

export const rows = table
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
