import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/keys/import.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';

const now = Date.now();
const day = 86_400_000;
const anna = await generateKey({ name: 'Anna', email: 'Anna@Example.ORG' });
const old = await generateKey({ email: 'old@example.org' }, { createdAt: now - 10 * day, expiresAfter: 86_400 });
const ca = issueCertificate({ subject: 'Test CA', ca: true });
const boris = issueCertificate({
  subject: 'Boris',
  issuer: ca,
  san: { email: ['Boris@example.org', 'b@example.org'] },
});
const server = issueCertificate({
  subject: 'mx',
  issuer: ca,
  san: { dns: ['mx.example.org'], email: ['mx@example.org'] },
  eku: ['serverAuth'],
});
const future = issueCertificate({ subject: 'F', issuer: ca, san: { email: ['f@example.org'] }, notBefore: now + day });

const der = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64');
const read = (file: string | Buffer, passphrase: string | null = null) =>
  readKeyFile(Buffer.from(file), passphrase, now);
const brief = (entries: Awaited<ReturnType<typeof read>>['entries']) =>
  entries.map(({ kind, address }) => `${kind} ${address}`);

describe('readKeyFile', () => {
  test.each([
    ['an armored key', anna.publicKey, ['pgp anna@example.org']],
    [
      'a binary key',
      Buffer.from(anna.publicKey.replaceAll(/-----.*-----|^=.*$/gm, ''), 'base64'),
      ['pgp anna@example.org'],
    ],
    ['a certificate', boris.certPem, ['x509 boris@example.org', 'x509 b@example.org']],
    ['a DER certificate', der(boris.certPem), ['x509 boris@example.org', 'x509 b@example.org']],
    ['a chain', boris.certPem + ca.certPem, ['x509 boris@example.org', 'x509 b@example.org']],
    ['the same twice', boris.certPem + boris.certPem, ['x509 boris@example.org', 'x509 b@example.org']],
    ['valid tomorrow', future.certPem, ['x509 f@example.org']],
  ])('%s', async (_, file, expected) => {
    const { entries, problems } = await read(file);
    expect(brief(entries)).toEqual(expected);
    expect(problems).toEqual([]);
  });

  test('keys and certificates in one file, with the private keys left out', async () => {
    const { entries } = await read(`notes\n${anna.privateKey}\n${boris.keyPem}${boris.certPem}`);
    expect(brief(entries).sort()).toEqual(['pgp anna@example.org', 'x509 b@example.org', 'x509 boris@example.org']);
    expect(entries.every((entry) => !entry.material.includes('PRIVATE') && entry.note.includes('private key'))).toBe(
      true,
    );
  });

  test.each([
    [
      'an expired key',
      old.publicKey,
      /^The OpenPGP key [0-9a-f]{40} for old@example.org was not imported: it expired on \d{4}-/,
    ],
    [
      'a server certificate',
      server.certPem,
      /for mx@example.org was not imported: it is a certificate for another purpose \(serverAuth\)\.$/,
    ],
    ['an authority alone', ca.certPem, /was not imported: it belongs to a certificate authority/],
    ['a damaged certificate', boris.certPem.replace('MII', 'MIJ'), /cannot be read/],
    ['nothing', '', /^The file is empty\.$/],
    ['text', 'hello', /holds no OpenPGP public key, certificate or PKCS #12/],
    ['a private key alone', boris.keyPem, /holds no OpenPGP public key, certificate or PKCS #12/],
    ['too much', Buffer.alloc(5_000_000, 0x30), /larger than/],
    ['DER of something else', Buffer.from('3003020101', 'hex'), /damaged/],
  ])('answers %s with a sentence', async (_, file, problem) => {
    const { entries, problems } = await read(file);
    expect(entries).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  test('answers any octets', async () => {
    const begin = fc.constantFrom(
      '',
      '0',
      '\x99',
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n',
    );
    await fc.assert(
      fc.asyncProperty(begin, fc.uint8Array({ maxLength: 300 }), async (head, tail) => {
        const { entries, problems } = await read(Buffer.concat([Buffer.from(head, 'latin1'), tail]));
        expect(entries).toEqual([]);
        expect(problems.length).toBeGreaterThan(0);
      }),
    );
  });
});

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0;
  } catch {
    return false;
  }
})();

describe.skipIf(!openssl && process.env['CI'] === undefined)('files written by openssl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-keys-'));
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(join(folder, 'boris.pem'), boris.certPem + boris.keyPem);
  writeFileSync(join(folder, 'ca.pem'), ca.certPem);
  const expected = ['x509 boris@example.org', 'x509 b@example.org'];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['as it is by default', []],
    ['AES-128 with SHA-1', ['-certpbe', 'AES-128-CBC', '-macalg', 'sha1']],
    ['3DES', ['-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['two-key 3DES', ['-legacy', '-certpbe', 'PBE-SHA1-2DES']],
    ['RC2-40', ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40']],
    ['RC2-128', ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['SHA-512 MAC', ['-macalg', 'sha512']],
    ['without MAC', ['-nomac']],
    ['certificates in the clear', ['-certpbe', 'NONE']],
  ])('PKCS #12 %s', async (_, options) => {
    run(
      'pkcs12',
      '-export',
      '-in',
      'boris.pem',
      '-certfile',
      'ca.pem',
      '-out',
      'x.p12',
      '-passout',
      'pass:grün&1',
      ...options,
    );
    const file = readFileSync(join(folder, 'x.p12'));
    expect(await read(file, 'grün&1').then(({ entries }) => brief(entries))).toEqual(expected);
    if (options.includes('NONE') || options.includes('-nomac')) return;
    expect((await read(file, 'wrong')).problems).toEqual(['The passphrase of the PKCS #12 file is wrong.']);
    expect((await read(file)).problems).toEqual(['The PKCS #12 file needs a passphrase.']);
  });

  test('PKCS #12 with a cipher of long ago, or an empty passphrase', async () => {
    run(
      'pkcs12',
      '-export',
      '-legacy',
      '-in',
      'boris.pem',
      '-out',
      'x.p12',
      '-passout',
      'pass:x',
      '-certpbe',
      'PBE-SHA1-RC4-128',
    );
    expect((await read(readFileSync(join(folder, 'x.p12')), 'x')).problems[0]).toMatch(
      /not supported .*openssl pkcs12/,
    );
    run('pkcs12', '-export', '-in', 'boris.pem', '-out', 'x.p12', '-passout', 'pass:');
    expect(brief((await read(readFileSync(join(folder, 'x.p12')))).entries)).toEqual(expected);
  });

  test.each(['PEM', 'DER'])('PKCS #7 in %s', async (form) => {
    run('crl2pkcs7', '-nocrl', '-certfile', 'boris.pem', '-certfile', 'ca.pem', '-outform', form, '-out', 'x.p7b');
    expect(brief((await read(readFileSync(join(folder, 'x.p7b')))).entries)).toEqual(expected);
  });
});

const corpora = new URL('../../../shared/corpora/', import.meta.url);
describe.skipIf(!existsSync(corpora))('published test files', () => {
  test.each([
    ['thunderbird-comm/mailnews/test/data/smime/Alice.p12', 'nss', ['x509 alice@example.com']],
    ['thunderbird-comm/mailnews/test/data/smime-interop/Fran-ec.p12', 'nss', ['x509 fran-ec@example.com']],
    ['mimekit/UnitTests/TestData/smime/revokednochain/smime.pfx', 'no.secret', ['x509 revokednochain@mimekit.net']],
  ])('%s', async (name, passphrase, expected) => {
    const { entries, problems } = await read(readFileSync(new URL(name, corpora)), passphrase);
    expect(problems).toEqual([]);
    expect(brief(entries)).toEqual(expected);
  });

  test.each(['v3-certs-RC2.p12', 'v3-certs-TDES.p12'])(
    '%s of OpenSSL opens, and what is in it has expired',
    async (name) => {
      const file = readFileSync(new URL(`openssl/test/certs/${name}`, corpora));
      expect((await read(file, 'v3-certs')).problems).toContainEqual(
        expect.stringMatching(/cooke@issl.atl.hp.com .* expired on 1996-10-12/),
      );
    },
  );

  test('every OpenPGP file of rnp and Thunderbird gets an answer', async () => {
    let usable = 0;
    for (const set of ['rnp', 'thunderbird-comm']) {
      const folder = new URL(`${set}/`, corpora);
      for (const name of readdirSync(folder, { recursive: true }).map(String)) {
        if (!/\.(asc|pgp|gpg)$/.test(name)) continue;
        const { entries, problems } = await read(readFileSync(new URL(name, folder)));
        usable += entries.length;
        expect(entries.length + problems.length).toBeGreaterThan(0);
        expect(entries.filter((entry) => entry.material.includes('PRIVATE'))).toEqual([]);
      }
    }
    expect(usable).toBeGreaterThan(20);
  });
});
