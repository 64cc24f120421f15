/** Whether a certificate may be used for mail: its path, purpose, names and strength (T-19, T-20 for certificates). */
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Issued, type IssueRequest, issueCertificate } from '../../src/protect/issue.ts';
import { type MailQuestion, verifyMailCertificate } from '../../src/protect/path.ts';
import { inspectCertificate } from '../../src/protect/x509.ts';
import { byOpenssl, hasOpenssl } from './by-openssl.ts';

const address = 'anna@partner.example';
/** Certificates that openssl makes while the tests run begin now. */
const now = new Date(Date.now() + 60_000);
const day = 86_400_000;

const root = issueCertificate({ subject: 'Partner Root', ca: true });
const middle = issueCertificate({ subject: 'Partner CA', ca: true, issuer: root });
const rogue = issueCertificate({ subject: 'Partner Root', ca: true });

function leaf(issuer: Issued | null, more: Partial<IssueRequest> = {}): Issued {
  return issueCertificate({
    subject: 'Anna',
    san: { email: [address] },
    ...(issuer === null ? {} : { issuer }),
    ...more,
  });
}

/** "good", or why not. */
function ask(chain: readonly Issued[], more: Partial<Omit<MailQuestion, 'leaf' | 'others'>> = {}): string {
  const [own, ...others] = chain.map((each) => new X509Certificate(each.certPem));
  if (own === undefined) throw new Error('no certificate');
  const roots = [new X509Certificate(root.certPem)];
  const answer = verifyMailCertificate({ leaf: own, others, roots, address, now, purpose: 'encrypt', ...more });
  return answer.ok ? `good, under ${answer.root}` : answer.why;
}

const good = /^good, under Partner Root$/;

/** Under the name and key identifier of `middle`, with a key that cannot be read. */
function unreadable(): Issued {
  const marker = Buffer.from('551d0e04160414', 'hex');
  const idOf = (der: Buffer): Buffer => der.subarray(der.indexOf(marker) + 7, der.indexOf(marker) + 27);
  const { certPem, keyPem } = issueCertificate({
    subject: 'Partner CA',
    ca: true,
    issuer: root,
    keyType: 'rsaOaep2048',
  });
  const der = Buffer.from(new X509Certificate(certPem).raw);
  idOf(der).set(idOf(new X509Certificate(middle.certPem).raw));
  return { certPem: new X509Certificate(der).toString(), keyPem };
}

describe('a certificate for mail', () => {
  test.each<[string, readonly Issued[], RegExp]>([
    ['straight from the root', [leaf(root)], good],
    ['through an authority', [leaf(middle), middle], good],
    ['through an authority, beside one whose key cannot be read', [leaf(middle), unreadable(), middle], good],
    [
      'through an authority that did not come along',
      [leaf(middle)],
      /^was issued by "Partner CA" and leads to no trusted root$/,
    ],
    ['self-signed', [leaf(null)], /^is self-signed$/],
    ['from a rogue root of the same name that came along', [leaf(rogue), rogue], /leads to no trusted root$/],
    ['for any purpose', [leaf(root, { eku: ['anyExtendedKeyUsage'] })], good],
    ['for no purpose in particular', [leaf(root, { eku: [] })], good],
    ['for servers', [leaf(root, { eku: ['serverAuth', 'clientAuth'] })], /^is not meant for mail$/],
    ['through an authority for servers', viaServers(), /^depends on "Servers CA", which is not meant for mail$/],
    [
      'for somebody else',
      [leaf(root, { san: { email: ['boris@partner.example'] } })],
      /^is not made out to anna@partner\.example$/,
    ],
    ['whose common name is the address', [leaf(root, { subject: address, san: {}, eku: [] })], /^is not made out to /],
    ['with the address in other letters', [leaf(root, { san: { email: ['ANNA@Partner.Example'] } })], good],
    [
      'with the address and a zero octet',
      [leaf(root, { san: { email: [`${address}\0.evil.example`] } })],
      /^is not made out to /,
    ],
    ['of several addresses', [leaf(root, { san: { email: ['a@b.example', address] } })], good],
    ['that may only sign', [leaf(root, { keyUsage: ['digitalSignature'] })], /^is not meant for encryption$/],
    ['whose key cannot encrypt', [leaf(root, { keyType: 'ed25519' })], /^has a key \(ed25519\) that encrypts no mail$/],
    ['with a short key', [leaf(root, { keyType: 'rsa1024' })], /^rests on a key of 1024 bits, which is too short$/],
    ['of an authority', [leaf(root, { ca: true })], /^belongs to a certificate authority$/],
    ['by one that is no authority', [leaf(leafThatIssues), leafThatIssues], /no certificate authority|no trusted root/],
    ['expired', [leaf(root, { notBefore: now.getTime() - 2 * day, notAfter: now.getTime() - day })], /^expired on /],
    ['not valid yet', [leaf(root, { notBefore: now.getTime() + day })], /^is not valid before /],
    ['within the domain of its authority', [leaf(limited()), limited()], good],
    [
      'outside of the domain of its authority',
      [leaf(limited('other.example')), limited('other.example')],
      /^depends on "Limited CA", which may not issue for its names$/,
    ],
  ])('%s', (_what, chain, expected) => {
    expect(ask(chain)).toMatch(expected);
  });

  test('to believe a signature it must be for signatures', () => {
    const purpose = 'sign';
    expect(ask([leaf(root, { keyType: 'ed25519' })], { purpose })).toMatch(good);
    expect(ask([leaf(root, { keyUsage: ['nonRepudiation'] })], { purpose })).toMatch(good);
    expect(ask([leaf(root, { keyUsage: ['keyAgreement'] })], { purpose })).toBe('is not meant for signatures');
  });

  test('of anybody, where it makes no difference', () => {
    expect(ask([leaf(root, { san: { email: ['x@y.example'] } })], { address: null })).toMatch(good);
  });

  test('a key for OAEP only encrypts', () => {
    expect(ask([leaf(root, { keyType: 'rsaOaep2048' })])).toMatch(good);
  });
});

const leafThatIssues = leaf(root, { keyUsage: ['digitalSignature', 'keyAgreement', 'keyCertSign'] });

function viaServers(): readonly Issued[] {
  const servers = issueCertificate({ subject: 'Servers CA', ca: true, issuer: root, eku: ['serverAuth'] });
  return [leaf(servers), servers];
}

function limited(domain = 'partner.example'): Issued {
  const known = authorities.get(domain);
  if (known !== undefined) return known;
  const made = issueCertificate({ subject: 'Limited CA', ca: true, issuer: root, mailDomains: [domain] });
  authorities.set(domain, made);
  return made;
}
const authorities = new Map<string, Issued>();

describe.skipIf(!hasOpenssl && !process.env['CI'])('an authority with limits, and names of all kinds', () => {
  const outside = /may not issue for its names$/;
  const strange = /limited in names of a kind that is not understood here$/;
  const san = (names: string) => ['extendedKeyUsage=emailProtection', `subjectAltName=${names}`];
  const plain = san(`email:${address}`);
  /** Limits, the names of the certificate, what comes of it. */
  test.each<[string, string, readonly string[], RegExp]>([
    ['the address itself', 'permitted;email:anna@partner.example', plain, good],
    ['another address', 'permitted;email:boris@partner.example', plain, outside],
    ['its host', 'permitted;email:partner.example', plain, good],
    ['hosts below its host', 'permitted;email:.partner.example', plain, outside],
    ['hosts below its domain', 'permitted;email:.example', plain, good],
    ['a host that ends alike', 'permitted;email:ner.example', plain, outside],
    ['not this host', 'excluded;email:partner.example', plain, outside],
    ['not this address, in other letters', 'excluded;email:Anna@partner.example', plain, outside],
    ['not another host', 'excluded;email:other.example', plain, good],
    ['a host and its domain, one of two', 'permitted;email:other.example,permitted;email:.example', plain, good],
    [
      'both addresses must be within',
      'permitted;email:partner.example',
      san(`email:${address},email:a@other.example`),
      outside,
    ],
    ['web servers only, where mail is not limited', 'permitted;DNS:other.example', plain, good],
    [
      'web servers, and it has the name of one',
      'permitted;DNS:other.example',
      san(`email:${address},DNS:www.partner.example`),
      outside,
    ],
    [
      'addresses of the network, and it has one',
      'permitted;IP:192.0.2.0/255.255.255.0',
      san(`email:${address},IP:192.0.2.1`),
      strange,
    ],
    ['addresses of the network, and it has none', 'permitted;IP:192.0.2.0/255.255.255.0', plain, good],
    [
      'pages of the web, and it has one',
      'permitted;URI:partner.example',
      san(`email:${address},URI:https://partner.example/`),
      strange,
    ],
    ['its organisation', 'permitted;dirName:own', plain, good],
    ['another organisation', 'permitted;dirName:other', plain, outside],
    ['not its organisation', 'excluded;dirName:own', plain, outside],
  ])('%s', (_name, constraint, extensions, expected) => {
    const sections = '[own]\nO=PARTNER  gmbh\n[other]\nO=Other\n';
    const critical = ['basicConstraints=critical,CA:TRUE', `nameConstraints=critical,${constraint}`];
    const authority = byOpenssl('Limited', root, critical, { sections });
    const own = byOpenssl('Anna', authority, extensions, { subject: '/O=Partner GmbH/CN=Anna' });
    expect(ask([own, authority])).toMatch(expected);
  });

  test('the emailAddress of the subject is an address, and limited, too', () => {
    const subject = `/CN=Anna/emailAddress=${address}`;
    const purpose = ['extendedKeyUsage=emailProtection'];
    expect(ask([byOpenssl('Anna', root, purpose, { subject })])).toMatch(good);
    expect(ask([byOpenssl('Anna', limited('other.example'), purpose, { subject }), limited('other.example')])).toMatch(
      outside,
    );
  });

  describe('addresses beyond ASCII', () => {
    const mailbox = 'жанна@partner.example';
    const withMailbox = (text: string, issuer: Issued = root) => {
      const sections = `[names]\notherName=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:${text}\n`;
      return byOpenssl('Anna', issuer, san('@names'), { sections });
    };
    const asked = { address: mailbox };
    test('are read', () => {
      expect(ask([withMailbox(mailbox)], asked)).toMatch(good);
      const { certPem } = withMailbox(mailbox);
      expect(inspectCertificate(certPem, now.getTime())).toMatchObject({ certificate: { addresses: [mailbox] } });
    });
    test('are limited as others are', () => {
      const within = limited();
      expect(ask([withMailbox(mailbox, within), within], asked)).toMatch(good);
      const elsewhere = limited('other.example');
      expect(ask([withMailbox(mailbox, elsewhere), elsewhere], asked)).toMatch(outside);
    });
    test('are none where an rfc822Name would do: two forms would be two names', () => {
      expect(ask([withMailbox(address)])).toMatch(/^is not made out to /);
    });
    test('do not hide behind a name that is no address', () => {
      expect(ask([withMailbox('no address', limited()), limited()], { address: null })).toMatch(outside);
    });
  });

  test.each<[string, readonly string[], readonly string[], RegExp]>([
    ['with an extension nobody knows', ['1.2.3.4=ASN1:NULL'], [], good],
    [
      'with a critical extension nobody knows',
      ['1.2.3.4=critical,ASN1:NULL'],
      [],
      /^has a critical extension \(1\.2\.3\.4\)/,
    ],
    ['signed with SHA-1', [], ['-sha1'], /^rests on a signature with .*, which can be forged$/],
  ])('%s', (_name, extensions, options, expected) => {
    expect(ask([byOpenssl('Anna', root, [...plain, ...extensions], { options })])).toMatch(expected);
  });

  test('RSA-PSS is as good as its hash', () => {
    const rsa = byOpenssl('RSA Root', null, ['basicConstraints=critical,CA:TRUE'], {
      options: ['-newkey', 'rsa:2048'],
    });
    const roots = [new X509Certificate(rsa.certPem)];
    const by = (hash: string) => {
      const options = [hash, '-sigopt', 'rsa_padding_mode:pss'];
      return ask([byOpenssl('Anna', rsa, plain, { options })], { roots });
    };
    expect(by('-sha256')).toBe('good, under RSA Root');
    expect(by('-sha1')).toMatch(/^rests on a signature with RSA-PSS and SHA-1/);
  });

  test('a path of authorities is as long as they allow', () => {
    const last = byOpenssl('Last', root, ['basicConstraints=critical,CA:TRUE,pathlen:0']);
    expect(ask([leaf(last), last])).toMatch(good);
    const more = issueCertificate({ subject: 'One more', ca: true, issuer: last });
    expect(ask([leaf(more), more, last])).toMatch(/^depends on "Last", which may not have as many/);
  });

  test('an authority that demands a policy gets it from all below', () => {
    const policy = (id: string) => `certificatePolicies=${id}`;
    const demanding = byOpenssl('Strict', root, [
      'basicConstraints=critical,CA:TRUE',
      policy('1.2.3.4'),
      'policyConstraints=critical,requireExplicitPolicy:0',
    ]);
    const under = (id: string) => ask([byOpenssl('Anna', demanding, [...plain, policy(id)]), demanding]);
    expect(under('1.2.3.4')).toMatch(good);
    expect(under('1.2.3.5')).toMatch(/^depends on "Strict", which demands a certificate policy/);
    expect(ask([byOpenssl('Anna', demanding, plain), demanding])).toMatch(/demands a certificate policy/);
  });
});

const corpus = '../shared/corpora';
describe.skipIf(!existsSync(corpus))('certificates of others', () => {
  const folder = `${corpus}/openssl/test/certs`;
  const blocks = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.pem')) : [];
  const certificates = files.flatMap((name) =>
    (readFileSync(`${folder}/${name}`, 'latin1').match(blocks) ?? []).flatMap((pem) => {
      try {
        return [{ name, certificate: new X509Certificate(pem) }];
      } catch {
        return [];
      }
    }),
  );

  test('each of OpenSSL gets an answer, soon, whatever stands above it', () => {
    expect(certificates.length).toBeGreaterThan(60);
    const others = certificates.map(({ certificate }) => certificate);
    const roots = others.filter((each) => each.ca && each.subject === each.issuer);
    const answers = certificates.map(({ name, certificate }) => {
      const began = performance.now();
      const own = others.filter((each) => certificate.checkIssued(each) || roots.includes(each)).slice(0, 11);
      const question = { leaf: certificate, others: own, roots, address: null, purpose: 'sign' } as const;
      const answer = verifyMailCertificate({ ...question, now: new Date('2026-03-01') });
      expect(performance.now() - began).toBeLessThan(2_000);
      return { name, said: answer.ok ? 'good' : answer.why };
    });
    const said = (name: string) => answers.filter((each) => each.name === name).map((each) => each.said);
    const never = answers.filter(({ name }) => /md5|1024|768|clientAuth|serverAuth|pc[1-6]-cert|bad/i.test(name));
    expect(never.filter((each) => each.said === 'good' && !/anyEKU|\+(client|server)Auth/.test(each.name))).toEqual([]);
    expect(said('ee-cert-1024.pem')[0]).toMatch(/1024 bits|no trusted root|depends on/);
  });

  test.skipIf(!existsSync(`${corpus}/thunderbird-comm`))('of Thunderbird: under their own root, of their day', () => {
    const place = `${corpus}/thunderbird-comm/mailnews/test/data/smime`;
    const authority = new X509Certificate(readFileSync(`${place}/TestCA.pem`));
    const answer = (more: Partial<MailQuestion>) =>
      verifyMailCertificate({
        leaf: authority,
        others: [],
        roots: [authority],
        address: null,
        now: authority.validFromDate,
        purpose: 'sign',
        ...more,
      });
    expect(answer({})).toMatchObject({ ok: false, why: 'belongs to a certificate authority' });
  });
});

test('no mutation of a certificate is believed or brings anything down', () => {
  const { raw } = new X509Certificate(leaf(root).certPem);
  const roots = [new X509Certificate(root.certPem)];
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bent = Buffer.from(raw);
      bent[at] = (bent[at] ?? 0) ^ flip;
      let certificate: X509Certificate;
      try {
        certificate = new X509Certificate(bent);
      } catch {
        return;
      }
      const answer = verifyMailCertificate({ leaf: certificate, others: [], roots, address, now, purpose: 'encrypt' });
      expect(answer.ok).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});
