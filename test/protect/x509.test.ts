import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IssueRequest, issueCertificate } from '../../src/protect/issue.ts';
import { inspectCertificate } from '../../src/protect/x509.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const day = 86_400_000;
const email = { email: ['Anna.Berg@Example.ORG'] };
const ca = issueCertificate({ subject: 'Test CA', ca: true, notBefore: now - day });

const inspect = (input: string | Uint8Array) => {
  const read = inspectCertificate(input, now);
  if (!read.ok) throw new Error(read.why);
  return read.certificate;
};

const issue = (request: Partial<IssueRequest>) =>
  inspect(issueCertificate({ subject: 'Anna', issuer: ca, notBefore: now - day, ...request }).certPem);

describe('inspectCertificate', () => {
  test('says what a certificate for mail says', () => {
    const facts = issue({ san: email, days: 10 });
    expect(facts).toMatchObject({
      addresses: ['Anna.Berg@example.org'],
      subject: 'CN=Anna',
      issuer: 'CN=Test CA',
      notBefore: now - day,
      notAfter: now + 9 * day,
      keyType: 'EC P-256',
      keyUsage: ['digitalSignature', 'keyAgreement'],
      extendedKeyUsage: ['emailProtection'],
      ca: false,
      usableForEncryption: { ok: true },
    });
    expect(facts.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  const bad: [string, Partial<IssueRequest>, RegExp][] = [
    ['expired', { san: email, notBefore: now - 3 * day, days: 2 }, /^it expired on 2026-02-28$/],
    ['not valid yet', { san: email, notBefore: now + day }, /^it is valid only from 2026-03-02$/],
    ['a server', { san: { dns: ['mx.example.org'], ...email }, eku: ['serverAuth'] }, /another purpose \(serverAuth\)/],
    ['an authority', { ca: true, san: email }, /certificate authority/],
    ['signing only', { san: email, keyUsage: ['digitalSignature'] }, /no keyAgreement/],
    ['signing only, RSA', { san: email, keyType: 'rsa2048', keyUsage: ['digitalSignature'] }, /no keyEncipherment/],
    ['weak', { san: email, keyType: 'rsa1024' }, /only 1024 bits/],
    ['nobody', { eku: ['emailProtection'] }, /no mail address/],
    ['everybody', { san: { email: Array.from({ length: 51 }, (_, i) => `u${i}@example.org`) } }, /names 51 addresses/],
    ['no address', { san: { email: ['not an address', '=?utf-8?q?a?=@b@c'] } }, /no mail address/],
  ];
  test.each(bad)('refuses one for encryption: %s', (_, request, why) => {
    const { usableForEncryption: usable } = issue(request);
    expect(usable).toEqual({ ok: false, why: expect.stringMatching(why) });
  });

  test('a certificate without purposes, or for any purpose, is good for mail', () => {
    for (const eku of [[], ['anyExtendedKeyUsage'], ['clientAuth', 'emailProtection']] as const) {
      expect(issue({ san: email, eku }).usableForEncryption).toEqual({ ok: true });
    }
  });

  test('refuses what takes long to read before it reads it', () => {
    const many = (length: number) => ({ email: Array.from({ length }, (_, index) => `a${index}@b.example`) });
    expect(issue({ san: many(100) }).usableForEncryption).toMatchObject({
      why: expect.stringMatching(/100 addresses/),
    });
    expect(() => issue({ san: many(101) })).toThrow(/not well-formed/);
    expect(() => issue({ san: many(1_100) })).toThrow(/more than 1000 parts/);
  });

  test('answers what is no certificate', () => {
    const pem = issueCertificate({ subject: 'x', san: email }).certPem;
    const der = Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64');
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.boolean(), (at, octet, cut) => {
        const damaged = cut ? der.subarray(0, at) : Buffer.from(der).fill(octet, at, at + 1);
        expect(() => inspectCertificate(damaged, now)).not.toThrow();
      }),
    );
    expect(inspectCertificate(Buffer.alloc(70_000, 0x30), now)).toMatchObject({ ok: false, why: /larger/ });
    expect(inspectCertificate('', now)).toMatchObject({ ok: false });
  });
});

const corpora = new URL('../../../shared/corpora/openssl/test/certs/', import.meta.url);
describe.skipIf(!existsSync(corpora))('certificates of OpenSSL', () => {
  test('each gets an answer, and the ones named bad a fitting one', () => {
    const why = new Map<string, string>();
    for (const name of readdirSync(corpora).filter((each) => each.endsWith('.pem'))) {
      const text = readFileSync(new URL(name, corpora), 'latin1');
      if (!text.includes('BEGIN CERTIFICATE')) continue;
      const read = inspectCertificate(text, now);
      why.set(
        name,
        read.ok ? (read.certificate.usableForEncryption.ok ? '' : read.certificate.usableForEncryption.why) : read.why,
      );
    }
    expect(why.size).toBeGreaterThan(50);
    for (const name of ['ee-cert-1024.pem', 'servercert.pem', 'ee-cert-md5.pem'])
      expect(why.get(name)).toMatch(/another purpose/);
    for (const name of ['rootcert.pem', 'ca-cert2.pem', 'pathlen.pem']) expect(why.get(name)).toMatch(/authority/);
    expect(why.get('ee-self-signed.pem')).toBe('it expired on 2020-07-28');
    expect(why.get('grfc.pem')).toMatch(/cannot be read/);
    expect(why.get('alt3-cert.pem')).toBe('');
  });
});
