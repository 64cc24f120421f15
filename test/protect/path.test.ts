import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Issued, type IssueRequest, issueCertificate } from '../../src/protect/issue.ts';
import { type PathAnswer, verifyPath } from '../../src/protect/path.ts';
import { byOpenssl, hasOpenssl } from './by-openssl.ts';

const name = 'mx.partner.example';
/** Certificates that openssl makes while the tests run begin now. */
const now = new Date(Date.now() + 60_000);
const day = 86_400_000;

const root = issueCertificate({ subject: 'Partner Root', ca: true });
const middle = issueCertificate({ subject: 'Partner CA', ca: true, issuer: root });
const rogue = issueCertificate({ subject: 'Partner Root', ca: true });
const rogueMiddle = issueCertificate({ subject: 'Partner CA', ca: true, issuer: rogue });

function leaf(issuer: Issued | null, more: Partial<IssueRequest> = {}): Issued {
  return issueCertificate({
    subject: name,
    san: { dns: [name] },
    eku: ['clientAuth'],
    ...(issuer === null ? {} : { issuer }),
    ...more,
  });
}

function ask(chain: readonly (Issued | string)[], roots: readonly (Issued | string)[] = [root]): PathAnswer {
  const parsed = (each: Issued | string) => new X509Certificate(typeof each === 'string' ? each : each.certPem);
  return verifyPath({ chain: chain.map(parsed), roots: roots.map(parsed), names: [name], now });
}

const why = (answer: PathAnswer): string => (answer.ok ? 'good' : answer.why);
const between = leaf(middle);

describe('a certificate path', () => {
  const table: readonly [string, readonly Issued[], RegExp][] = [
    ['straight from the root', [leaf(root)], /^good$/],
    ['through an authority that was sent', [between, middle], /^good$/],
    ['with the root sent as well', [between, middle, root], /^good$/],
    ['sent out of order, with strangers between', [between, root, rogue, middle], /^good$/],
    ['serverAuth only, as public authorities issue', [leaf(root, { eku: ['serverAuth'] })], /^good$/],
    ['no purpose at all', [leaf(root, { eku: [] })], /^good$/],
    ['any purpose', [leaf(root, { eku: ['anyExtendedKeyUsage'] })], /^good$/],
    ['another purpose', [leaf(root, { eku: ['codeSigning'] })], /^is not meant for TLS$/],
    ['an authority that is not sent', [between], /^was issued by "Partner CA" and leads to no trusted root$/],
    ['self-signed', [leaf(null)], /^is self-signed$/],
    ['self-signed under the name of the root', [leaf(null, { subject: 'Partner Root' })], /^is self-signed$/],
    ['from a rogue root of the same name', [leaf(rogue)], /^was issued by "Partner Root" and leads to no/],
    ['from a rogue root that comes along', [leaf(rogue), rogue], /leads to no trusted root$/],
    ['from a rogue chain that comes along', [leaf(rogueMiddle), rogueMiddle, rogue], /leads to no trusted root$/],
    ['from a rogue authority under the real one', [leaf(rogueMiddle), middle, root], /leads to no trusted root$/],
    ['expired', [leaf(root, { notBefore: now.getTime() - 2 * day, notAfter: now.getTime() - day })], /^expired on /],
    [
      'not valid yet',
      [leaf(root, { notBefore: now.getTime() + day, notAfter: now.getTime() + 2 * day })],
      /^is not valid before /,
    ],
    ['another name', [leaf(root, { san: { dns: ['mx.other.example'] } })], /^is not made out to mx\.partner\.example$/],
    ['the name only as common name', [leaf(root, { san: {} })], /^is not made out to /],
    ['a short key', [leaf(root, { keyType: 'rsa1024' })], /^rests on a key of 1024 bits, which is too short$/],
    ['an authority as client', [leaf(root, { ca: true })], /^belongs to a certificate authority$/],
    ['a key that may not sign', [leaf(root, { keyUsage: ['keyAgreement'] })], /^is not meant for signing a handshake$/],
    ['nothing', [], /^is missing$/],
  ];
  test.each(table)('%s', (_what, chain, expected) => {
    expect(why(ask(chain))).toMatch(expected);
  });

  test('does not lead over a certificate that is no authority', () => {
    const person = leaf(root);
    expect(why(ask([leaf(person), person]))).not.toBe('good');
    const claims = leaf(root, { keyUsage: ['digitalSignature', 'keyCertSign'] });
    expect(why(ask([leaf(claims), claims]))).toMatch(/no certificate authority|leads to no trusted root/);
  });

  test('does not lead over an authority that has expired', () => {
    const old = issueCertificate({
      subject: 'Old CA',
      ca: true,
      issuer: root,
      notBefore: now.getTime() - 2 * day,
      notAfter: now.getTime() - day,
    });
    expect(why(ask([leaf(old), old]))).toMatch(/^depends on "Old CA", which expired on /);
  });

  test('is found although a first one is bad', () => {
    const key = leaf(middle);
    const old = issueCertificate({ subject: 'Partner CA', ca: true, issuer: root, notAfter: now.getTime() - 1_000 });
    expect(why(ask([key, old, middle]))).toBe('good');
  });

  test('costs little, whatever was sent', () => {
    const chain = Array.from({ length: 500 }, () => rogueMiddle);
    const many = [
      leaf(rogueMiddle),
      ...Array.from({ length: 60 }, () => issueCertificate({ subject: 'Partner CA', ca: true })),
    ];
    expect(why(ask([leaf(middle), ...chain]))).toMatch(/leads to no trusted root/);
    expect(why(ask(many))).toMatch(/leads to no trusted root/);
  });
});

describe.skipIf(!hasOpenssl && !process.env['CI'])('an authority with limits', () => {
  const table: readonly [string, string, RegExp][] = [
    ['for this domain', 'nameConstraints=critical,permitted;DNS:partner.example', /^good$/],
    ['for this host', 'nameConstraints=critical,permitted;DNS:mx.partner.example', /^good$/],
    ['for another domain', 'nameConstraints=critical,permitted;DNS:other.example', /may not issue for its names$/],
    ['for a domain that ends alike', 'nameConstraints=permitted;DNS:tner.example', /may not issue for its names$/],
    ['not for this domain', 'nameConstraints=critical,excluded;DNS:partner.example', /may not issue for its names$/],
    ['for mail addresses', 'nameConstraints=critical,permitted;email:partner.example', /^good$/],
    ['for a directory', 'nameConstraints=critical,permitted;dirName:dn', /may not issue for its names$/],
    ['not for a directory', 'nameConstraints=critical,excluded;dirName:dn', /^good$/],
    ['for an address', 'nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0', /^good$/],
    ['unknown and critical', '1.2.3.4=critical,ASN1:NULL', /critical extension \(1\.2\.3\.4\)/],
    ['unknown', '1.2.3.4=ASN1:NULL', /^good$/],
  ];
  test.each(table)('%s', (what, extension, expected) => {
    const limited = byOpenssl(what, root, ['basicConstraints=critical,CA:TRUE', extension]);
    expect(why(ask([leaf(limited), limited]))).toMatch(expected);
  });

  test('how many authorities may follow', () => {
    const first = byOpenssl('last authority', root, ['basicConstraints=critical,CA:TRUE,pathlen:0']);
    expect(why(ask([leaf(first), first]))).toBe('good');
    const second = issueCertificate({ subject: 'one too many', ca: true, issuer: first });
    expect(why(ask([leaf(second), second, first]))).toMatch(/^depends on "last authority", which may not have as many/);
  });
});
