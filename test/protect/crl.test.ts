/** Revocation lists, ours and openssl's: which count, and what they say. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryFor, type Issuer, listDefect, namedBy, readRevocationList } from '../../src/protect/crl.ts';
import { type Issued, issueCertificate, issueRevocationList } from '../../src/protect/issue.ts';
import { byOpenssl, hasOpenssl } from './by-openssl.ts';

const now = Date.now();
const day = 86_400_000;
const authority = issueCertificate({ subject: 'CA', ca: true });
const serial = (hex: string) => Buffer.from(hex, 'hex');

function issuerOf({ certPem }: Issued): Issuer {
  const certificate = new X509Certificate(certPem);
  return namedBy(certificate, certificate).issuer;
}

type Wishes = Partial<Parameters<typeof issueRevocationList>[1]>;
const ours = (more: Wishes = {}, issuer = authority) =>
  issueRevocationList(issuer, { number: 1, thisUpdate: now - day, nextUpdate: now + day, revoked: [], ...more });

function defectOf(octets: Buffer, issuer = authority): string | null {
  const list = readRevocationList(octets);
  return list === null ? 'is none' : listDefect(list, issuerOf(issuer), now);
}

describe('a list of our own authority', () => {
  const rogue = issueCertificate({ subject: 'CA', ca: true });
  const noLists = issueCertificate({ subject: 'CA', ca: true, keyUsage: ['keyCertSign'] });
  test.each<[string, string | null, string | RegExp | null]>([
    ['as it is', defectOf(ours()), null],
    ['in PEM', defectOf(pem(ours())), null],
    ['too old', defectOf(ours({ nextUpdate: now - day })), /^is older than it may be/],
    ['from the future', defectOf(ours({ thisUpdate: now + day, nextUpdate: now + 2 * day })), 'is from the future'],
    [
      'by another authority',
      defectOf(ours(), issueCertificate({ subject: 'Other', ca: true })),
      'is not by the issuer of the certificate',
    ],
    ['by a rogue of the same name', defectOf(ours({}, rogue)), 'is not signed by the issuer of the certificate'],
    ['by one that may sign no lists', defectOf(ours({}, noLists), noLists), 'is by an issuer that may not issue one'],
    ['that is a certificate', defectOf(new X509Certificate(authority.certPem).raw), 'is none'],
    ['that is empty', defectOf(Buffer.alloc(0)), 'is none'],
    ['that is text', defectOf(Buffer.from('<html>')), 'is none'],
  ])('%s', (_name, defect, expected) => {
    if (expected instanceof RegExp) expect(defect).toMatch(expected);
    else expect(defect).toBe(expected);
  });

  test('can be long', () => {
    const revoked = Array.from({ length: 130_000 }, (_, index) => {
      return { serial: (0x41000000 + index).toString(16), at: now - day, reason: 0 };
    });
    expect(readRevocationList(ours({ revoked }))).not.toBeNull();
  });

  test('names what was revoked, and nothing else', () => {
    const revoked = [
      { serial: '41aa', at: now - 3 * day, reason: 1 },
      { serial: '41bb', at: now - 2 * day, reason: 0 },
    ];
    const list = readRevocationList(ours({ revoked }));
    if (list === null) throw new Error('no list');
    expect(entryFor(list, serial('41aa'))).toMatchObject({ why: 'its key is compromised' });
    // With a zero octet before it, as DER may have it.
    expect(entryFor(list, serial('0041bb'))).toMatchObject({ why: 'no reason given' });
    expect(entryFor(list, serial('41'))).toBeNull();
    expect(entryFor(list, serial('41aabb'))).toBeNull();
  });

  test('no mutation is believed or brings anything down', () => {
    const whole = ours({ revoked: [{ serial: '41aa', at: now - day, reason: 1 }] });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = Buffer.from(whole);
        bent[at] = (bent[at] ?? 0) ^ flip;
        expect(defectOf(bent)).not.toBeNull();
      }),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void readRevocationList(Buffer.from(octets))));
  });

  test('of twenty thousand is read and searched at once', () => {
    const revoked = Array.from({ length: 20_000 }, (_, index) => {
      const hash = createHash('sha256').update(String(index)).digest('hex').slice(0, 30);
      return { serial: `41${hash}`, at: now - day, reason: index % 6 };
    });
    const octets = ours({ revoked });
    const began = performance.now();
    const list = readRevocationList(octets);
    if (list === null) throw new Error('no list');
    expect(listDefect(list, issuerOf(authority), now)).toBeNull();
    const read = performance.now();
    expect(entryFor(list, serial(revoked.at(-1)?.serial ?? ''))).not.toBeNull();
    expect(entryFor(list, serial('42'))).toBeNull();
    const searched = performance.now();
    console.info(
      `list of ${octets.length} octets: read and verified in ${(read - began).toFixed(0)} ms, searched in ${((searched - read) / 2).toFixed(0)} ms`,
    );
    expect(searched - began).toBeLessThan(1_000);
  });
});

const pem = (octets: Buffer): Buffer =>
  Buffer.from(`-----BEGIN X509 CRL-----\n${octets.toString('base64')}\n-----END X509 CRL-----\n`);

/** A list by `openssl ca`, DER, with these extensions. */
function fromOpenssl(
  issuer: Issued,
  extensions: string,
  options: readonly string[] = [],
  revoked: readonly string[] = [],
): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'postern-crl-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const file = (name: string) => join(folder, name);
  writeFileSync(file('ca.pem'), issuer.certPem);
  writeFileSync(file('ca.key'), issuer.keyPem);
  writeFileSync(
    file('index'),
    revoked.map((hex) => `R\t300101000000Z\t250101000000Z,keyCompromise\t${hex}\tunknown\t/CN=x\n`).join(''),
  );
  writeFileSync(file('number'), '01\n');
  const config = `[ca]\ndefault_ca=own\n[own]\ndatabase=${file('index')}\ncrlnumber=${file('number')}\ndefault_md=sha256\ndefault_crl_days=7\n[exts]\n${extensions}\n`;
  writeFileSync(file('cnf'), config);
  const files = ['-config', file('cnf'), '-cert', file('ca.pem'), '-keyfile', file('ca.key'), '-out', file('list')];
  execFileSync('openssl', ['ca', '-gencrl', ...files, ...(extensions === '' ? [] : ['-crlexts', 'exts']), ...options], {
    stdio: 'pipe',
  });
  return execFileSync('openssl', ['crl', '-in', file('list'), '-outform', 'DER'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe.skipIf(!hasOpenssl && !process.env['CI'])("openssl's lists", () => {
  const idp = (rest: string) => `issuingDistributionPoint=critical,@idp\n[idp]\n${rest}`;
  test.each<[string, string, RegExp | null]>([
    ['without extensions', '', null],
    ['with its number and the name of the key', 'authorityKeyIdentifier=keyid', null],
    ['for users only', idp('onlyuser=TRUE'), null],
    ['for authorities only', idp('onlyCA=TRUE'), /^is about authorities only$/],
    ['for some reasons only', idp('onlysomereasons=keyCompromise'), /^is about some reasons only$/],
    ['for attributes only', idp('onlyAA=TRUE'), /^is about attribute certificates only$/],
    ['by somebody else', idp('indirectCRL=TRUE'), /^is by somebody else than the issuer$/],
    ['only the latest changes', '2.5.29.27=critical,DER:020101', /^has a critical extension \(2\.5\.29\.27\)/],
    [
      'with something critical that nobody knows',
      '1.2.3.4=critical,ASN1:NULL',
      /^has a critical extension \(1\.2\.3\.4\)/,
    ],
  ])('%s', (_name, extensions, expected) => {
    const defect = defectOf(fromOpenssl(authority, extensions));
    if (expected === null) expect(defect).toBeNull();
    else expect(defect).toMatch(expected);
  });

  test('say for which certificates they are', () => {
    const list = readRevocationList(fromOpenssl(authority, idp('fullname=URI:http://crl.example/1.crl')));
    expect(list).toMatchObject({ unfit: null, onlyAt: ['http://crl.example/1.crl'] });
  });

  test('signed by keys of all kinds', () => {
    const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign,cRLSign'];
    const rsa = byOpenssl('RSA', null, usage, { options: ['-newkey', 'rsa:2048'] });
    const ed25519 = byOpenssl('Ed25519', null, usage, { options: ['-newkey', 'ed25519'] });
    expect(defectOf(fromOpenssl(rsa, ''), rsa)).toBeNull();
    expect(defectOf(fromOpenssl(rsa, '', ['-sigopt', 'rsa_padding_mode:pss']), rsa)).toBeNull();
    expect(defectOf(fromOpenssl(ed25519, ''), ed25519)).toBeNull();
    const revoked = readRevocationList(fromOpenssl(rsa, '', [], ['41AA']));
    expect(revoked === null ? null : entryFor(revoked, serial('41aa'))).toMatchObject({
      why: 'its key is compromised',
    });
    for (const weak of [
      ['-md', 'sha1'],
      ['-md', 'sha1', '-sigopt', 'rsa_padding_mode:pss'],
    ])
      expect(defectOf(fromOpenssl(rsa, '', weak), rsa)).toBe('is not signed by the issuer of the certificate');
  });

  test('are the same as ours to openssl', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-crl-'));
    using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
    writeFileSync(join(folder, 'crl'), ours({ revoked: [{ serial: '41aa', at: now - day, reason: 1 }] }));
    writeFileSync(join(folder, 'ca.pem'), authority.certPem);
    const told = execFileSync(
      'openssl',
      ['crl', '-in', join(folder, 'crl'), '-inform', 'DER', '-CAfile', join(folder, 'ca.pem'), '-noout', '-text'],
      { stdio: 'pipe' },
    );
    expect(told.toString()).toContain('Serial Number: 41AA');
    expect(readFileSync(join(folder, 'crl')).length).toBeGreaterThan(100);
  });
});
