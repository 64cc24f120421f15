/** Private keys in files as people have them: what is taken, and the sentence for what is not. Sealed ones alone come out of the thread. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as openpgp from 'openpgp';
import { afterAll, describe, expect, test } from 'vitest';
import { type Issued, type IssueRequest, issueCertificate } from '../../../src/protect/issue.ts';
import { generateKey } from '../../../src/protect/openpgp.ts';
import type { OwnKeyAnswer, OwnKeyJob } from '../../../src/protect/own/jobs.ts';
import { ownKeyContext, ownKeysKey } from '../../../src/protect/own/jobs.ts';
import { createOwnKeyWork } from '../../../src/protect/own/thread.ts';
import { workOnOwnKeys } from '../../../src/protect/own/work.ts';
import { openText } from '../../../src/protect/seal.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-own-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ownKeys = ownKeysKey(Buffer.alloc(32, 1));
const now = Date.now();
const day = 86_400_000;

const job = (file: Buffer, more: Partial<Extract<OwnKeyJob, { kind: 'import' }>> = {}): OwnKeyJob => ({
  kind: 'import',
  file,
  passphrase: 'secret',
  domains: ['corp.example'],
  wholeTenant: false,
  // Keys of this test are a moment old.
  now: Date.now() + 2000,
  ...more,
});
const read = (file: Buffer, more?: Partial<Extract<OwnKeyJob, { kind: 'import' }>>): Promise<OwnKeyAnswer> =>
  workOnOwnKeys(job(file, more), ownKeys);
const sentence = (answer: OwnKeyAnswer): string => (answer.kind === 'cannot' ? answer.why : '');
const keysOf = (answer: OwnKeyAnswer) => (answer.kind === 'keys' ? answer.keys : []);

const missing = (): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return false;
  } catch {
    return process.env['CI'] === undefined;
  }
};

const authority = issueCertificate({ subject: 'Corp CA', ca: true });
const issued = (more: Partial<IssueRequest> = {}): Issued =>
  issueCertificate({ subject: 'Anna', issuer: authority, san: { email: ['anna@corp.example'] }, ...more });

/** What `openssl pkcs12 -export` makes of a key, a certificate and its issuer. */
function pkcs12({ certPem, keyPem }: Issued, ...options: string[]): Buffer {
  const path = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const inputs = ['-inkey', path('k.pem', keyPem), '-in', path('c.pem', certPem)];
  const issuer = ['-certfile', path('i.pem', authority.certPem), '-out', join(folder, 'o.p12')];
  execFileSync('openssl', ['pkcs12', '-export', ...inputs, ...issuer, '-passout', 'pass:secret', ...options], {
    stdio: 'pipe',
  });
  return readFileSync(join(folder, 'o.p12'));
}

describe.skipIf(missing())('PKCS #12', () => {
  test.each([
    ['as OpenSSL writes it', []],
    ['as Windows writes it', ['-legacy', '-descert']],
    ['with RC2', ['-legacy']],
    ['with AES-128', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC']],
    ['with nothing encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ])('%s', async (_, options) => {
    const anna = issued({ keyType: 'rsa2048' });
    const answer = await read(pkcs12(anna, ...options));
    const [key] = keysOf(answer);
    expect(keysOf(answer)).toHaveLength(1);
    expect(key).toMatchObject({ kind: 'x509', address: 'anna@corp.example', use: 'both' });
    expect(key?.material).toBe(anna.certPem + authority.certPem);
    expect(openText(ownKeys, key?.sealed ?? '', ownKeyContext(key?.id ?? ''))).toBe(anna.keyPem);
    // The key in the clear is in nothing that comes back.
    const secret = anna.keyPem.split('\n')[3] ?? '';
    expect(secret.length).toBe(64);
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  test.each<[string, Partial<IssueRequest>, string]>([
    ['too weak', { keyType: 'rsa1024' }, '1024 bits'],
    ['expired', { notBefore: now - 9 * day, notAfter: now - day }, 'it expired on'],
    ['for a web server', { eku: ['serverAuth'] }, 'another purpose (serverAuth)'],
    ['of an authority', { ca: true }, 'certificate authority'],
    [
      'for somebody else',
      { san: { email: ['anna@other.example'] } },
      'anna@other.example, which is no address of this tenant',
    ],
    ['for nobody', { san: {}, eku: ['emailProtection'] }, 'names no mail address'],
    ['that may do nothing', { keyUsage: ['cRLSign'] }, 'neither for signing nor for encryption'],
  ])('%s is refused', async (_, more, expected) => {
    const answer = await read(pkcs12(issued(more)));
    expect(sentence(answer)).toContain(expected);
  });

  test.each([
    [['digitalSignature'], 'sign'],
    [['keyAgreement'], 'decrypt'],
    [['digitalSignature', 'keyAgreement'], 'both'],
  ] as const)('%j is for: %s', async (keyUsage, use) => {
    const [key] = keysOf(await read(pkcs12(issued({ keyUsage }))));
    expect(key?.use).toBe(use);
  });

  test.each([
    ['ed25519', 'sign'],
    ['x25519', 'decrypt'],
    ['p256', 'both'],
    ['rsaPss2048', 'sign'],
  ] as const)('%s that says it may do everything is for: %s', async (keyType, use) => {
    const keyUsage = ['digitalSignature', 'keyEncipherment', 'keyAgreement'] as const;
    const [key] = keysOf(await read(pkcs12(issued({ keyType, keyUsage }))));
    expect(key?.use).toBe(use);
  });

  test('of several certificates for one key, that one which can be used: here for OAEP', async () => {
    const anna = issued({ keyType: 'rsaOaep2048' });
    // OpenSSL takes no key for OAEP by itself, so it comes beside a certificate that says nothing of mail.
    writeFileSync(join(folder, 'oaep.pem'), anna.keyPem);
    const plain = execFileSync('openssl', ['req', '-x509', '-new', '-key', join(folder, 'oaep.pem'), '-subj', '/CN=A']);
    const beside = { keyPem: anna.keyPem, certPem: plain.toString() + anna.certPem };
    const [key, ...more] = keysOf(await read(pkcs12(beside)));
    expect(more).toEqual([]);
    expect(key).toMatchObject({ address: 'anna@corp.example', use: 'decrypt' });
    expect(key?.material).toBe(anna.certPem + authority.certPem);
  });

  test('a key of another certificate, a wrong passphrase, none, and one address of several', async () => {
    const stranger = { certPem: issued().certPem, keyPem: issued().keyPem };
    expect(() => pkcs12(stranger)).toThrow();
    const good = pkcs12(issued({ san: { email: ['anna@corp.example', 'a@corp.example', 'anna@home.example'] } }));
    expect(sentence(await read(Buffer.from(good), { passphrase: 'wrong' }))).toContain(
      'passphrase of the PKCS #12 file is wrong',
    );
    expect(sentence(await read(Buffer.from(good), { passphrase: null }))).toContain('needs a passphrase');
    const rows = keysOf(await read(Buffer.from(good)));
    expect(rows.map(({ address }) => address)).toEqual(['anna@corp.example', 'a@corp.example']);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2);
    expect(keysOf(await read(Buffer.from(good), { wholeTenant: true })).map(({ address }) => address)).toEqual(['']);
  });

  test('is not left behind in the buffer it came in', async () => {
    const file = pkcs12(issued());
    await read(file);
    expect(file.every((octet) => octet === 0)).toBe(true);
  });

  test('damaged anywhere: a sentence, never an exception', async () => {
    const good = pkcs12(issued(), '-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac');
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ by;
        const answer = await read(bad);
        // A change in a certificate that nobody's signature covers here still gives a whole key.
        if (answer.kind === 'keys') expect(answer.keys[0]?.sealed).toMatch(/^v1\./);
        else expect(sentence(answer)).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });
});

describe('OpenPGP', () => {
  const anna = { name: 'Anna', email: 'anna@corp.example' };
  const armored = async (more: object = {}): Promise<string> =>
    (await openpgp.generateKey({ userIDs: [anna], ...more, format: 'armored' })).privateKey;

  test.each([
    ['with a passphrase', { passphrase: 'secret' }],
    ['without one', {}],
    ['RSA', { type: 'rsa', rsaBits: 2048, passphrase: 'secret' } as const],
    ['of version 6', { passphrase: 'secret', config: { v6Keys: true } }],
  ])('%s', async (_, more) => {
    const answer = await read(Buffer.from(await armored(more)));
    const [key] = keysOf(answer);
    expect(key).toMatchObject({ kind: 'pgp', address: 'anna@corp.example', use: 'both' });
    expect(key?.material).toContain('BEGIN PGP PUBLIC KEY BLOCK');
    const opened = openText(ownKeys, key?.sealed ?? '', ownKeyContext(key?.id ?? ''));
    expect((await openpgp.readPrivateKey({ armoredKey: opened })).isDecrypted()).toBe(true);
  });

  test('only the user id of the address is published', async () => {
    const userIDs = [anna, { name: 'Anna at home', email: 'anna@home.example' }, { email: 'info@corp.example' }];
    const keys = keysOf(await read(Buffer.from(await armored({ userIDs }))));
    const published = await Promise.all(keys.map(({ material }) => openpgp.readKey({ armoredKey: material })));
    expect(published.map((key) => key.getUserIDs())).toEqual([['Anna <anna@corp.example>'], ['<info@corp.example>']]);
  });

  test('refused, with the reason', async () => {
    const locked = Buffer.from(await armored({ passphrase: 'other' }));
    expect(sentence(await read(Buffer.from(locked)))).toContain('its passphrase is wrong');
    expect(sentence(await read(Buffer.from(locked), { passphrase: null }))).toContain('it needs a passphrase');
    const { publicKey } = await generateKey(anna);
    expect(sentence(await read(Buffer.from(publicKey)))).toContain('only its public part');
    const stranger = await generateKey({ email: 'a@other.example' });
    expect(sentence(await read(Buffer.from(stranger.privateKey)))).toContain('no address of this tenant');
    const old = await generateKey(anna, { createdAt: now - 9 * day, expiresAfter: 60 });
    expect(sentence(await read(Buffer.from(old.privateKey)))).toContain('expired');
    const weak = await armored({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } });
    expect(sentence(await read(Buffer.from(weak)))).toContain('1024 bits');
    expect(sentence(await read(Buffer.from('-----BEGIN PRIVATE KEY-----\n')))).toContain('openssl pkcs12 -export');
    expect(sentence(await read(Buffer.from('-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxxxx\n')))).toMatch(/\.$/);
  });

  test('a private part that belongs to another key is found out', async () => {
    const secret = async (): Promise<openpgp.PrivateKey> =>
      openpgp.readPrivateKey({ armoredKey: (await generateKey(anna)).privateKey });
    // Of version 4 with Ed25519: the packet ends with the length of the seed in bits (2 octets), the seed (up to 32) and a checksum (2).
    const octets = (key: openpgp.PrivateKey): Buffer => Buffer.from(key.keyPacket.write());
    const bits = (key: openpgp.PrivateKey): string => octets(key).subarray(-36, -34).toString('hex');
    const full = async (): Promise<openpgp.PrivateKey> => {
      const key = await secret();
      return bits(key) === '0100' ? key : full();
    };
    const [a, b] = [await full(), await full()];
    const mixed = Buffer.concat([octets(a).subarray(0, -34), octets(b).subarray(-34)]);
    const packets = Buffer.from(a.write());
    const at = packets.indexOf(octets(a));
    expect(at).toBeGreaterThan(0);
    mixed.copy(packets, at);
    expect(sentence(await read(packets))).toContain('does not fit');
  });
});

test('the thread answers like its work, and says when a sealed key does not open', async () => {
  const work = createOwnKeyWork(ownKeys);
  const made = await work({
    kind: 'authority',
    name: 'Corp CA',
    domains: ['corp.example'],
    algorithm: 'p256',
    notBefore: now,
    notAfter: now + day,
  });
  const [ca] = keysOf(made);
  if (ca === undefined) throw new Error('no authority');
  const list = { kind: 'list', number: 1, thisUpdate: now, nextUpdate: now + day, revoked: [] } as const;
  expect((await work({ ...list, authority: ca })).kind).toBe('list');
  expect(sentence(await work({ ...list, authority: { ...ca, id: 'another' } }))).toContain('does not open');
  expect(sentence(await createOwnKeyWork(Buffer.alloc(32))({ ...list, authority: ca }))).toContain(
    'another master key',
  );
});
