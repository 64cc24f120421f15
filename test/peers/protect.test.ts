/** What is protected here is opened by the tools others use: gpg, sq and openssl. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/keys/import.ts';
import { splitForProtection } from '../../src/protect/entity.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import { createProtectPool } from '../../src/protect/pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-peers-'));
const pool = createProtectPool({ ownKeys: Buffer.alloc(32), size: 1 });
const home = join(folder, 'gnupg');
mkdirSync(home, { mode: 0o700 });

const present = (tool: string): boolean => {
  try {
    return execFileSync(tool, [tool === 'openssl' ? 'version' : '--version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
};
const missing = (tool: string): boolean => !present(tool) && process.env['CI'] === undefined;
const run = (tool: string, ...args: string[]): Buffer =>
  execFileSync(tool, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1e9,
    env: { ...process.env, GNUPGHOME: home },
  });
const gpg = (...args: string[]): Buffer => run('gpg', '--batch', '--quiet', '--passphrase', '', ...args);

afterAll(async () => {
  if (present('gpg')) run('gpgconf', '--kill', 'all');
  rmSync(folder, { recursive: true, force: true });
  await pool.close();
});

/** Messages that end, begin or contain what a careless tool would change. */
const samples: [string, Buffer][] = [
  [
    'plain',
    'Subject: s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe\r\n',
  ],
  ['no type', 'Subject: s\r\n\r\nbody\r\n'],
  ['empty', 'Subject: s\r\n\r\n'],
  ['no line end', 'Content-Type: text/plain\r\n\r\nlast line'],
  ['odd octets', 'Content-Type: application/octet-stream\r\n\r\n\0\xff \r\r\n \r\n\n.\r\n-- \r\n'],
].map(([name = '', text = '']) => [name, Buffer.from(text, 'utf8')]);
samples.push([
  'large',
  Buffer.concat([Buffer.from('Content-Type: a/b\r\n\r\n'), Buffer.alloc(700_000, 'line of text\r\n')]),
]);

const corpora = new URL('../../../shared/corpora/stalwart-mail-parser/', import.meta.url);
if (existsSync(corpora)) {
  const names = readdirSync(corpora, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.eml'))
    .sort();
  for (const name of names.slice(0, 12)) samples.push([name, readFileSync(new URL(name, corpora))]);
}

/** The protected message, and the entity its recipient should find in it. */
async function protect(method: 'smime' | 'pgp', material: string, message: Buffer) {
  const blank = /\r?\n\r?\n/.exec(message.toString('latin1'));
  const headerSize = blank === null ? message.length : blank.index + blank[0].length;
  const form = { hp: 'cipher', method, hideSubject: false, legacyDisplay: false } as const;
  const { outer, inner, after } = splitForProtection(message.subarray(0, headerSize), form);
  const entity = Buffer.concat([inner, message.subarray(headerSize), after]);
  const job = { method, entitySize: entity.length, recipients: [{ material }], signer: null };
  const made = await pool.protect(
    job,
    (async function* () {
      yield entity;
    })(),
  );
  const chunks: Uint8Array[] = [outer, Buffer.from(`${made.headerLines}\r\n`)];
  for await (const chunk of made.body) chunks.push(chunk);
  return { message: Buffer.concat(chunks), entity };
}

async function materialOf(file: Buffer | string): Promise<string> {
  const { entries, problems } = await readKeyFile(Buffer.from(file), null);
  expect(problems).toEqual([]);
  return entries[0]?.material ?? '';
}

function armorIn(message: Buffer): Buffer {
  const end = '-----END PGP MESSAGE-----\r\n';
  return message.subarray(message.indexOf('-----BEGIN PGP'), message.indexOf(end) + end.length);
}

describe.skipIf(missing('gpg'))('gpg', () => {
  const open = async (material: string, message: Buffer) => {
    const made = await protect('pgp', material, message);
    writeFileSync(join(folder, 'message.asc'), armorIn(made.message));
    return { ...made, opened: gpg('--decrypt', 'message.asc') };
  };

  test('opens every sample with a key of ours', async () => {
    const key = await generateKey({ name: 'Anna', email: 'anna@example.org' });
    writeFileSync(join(folder, 'key.asc'), key.privateKey);
    gpg('--import', 'key.asc');
    for (const [name, message] of samples) {
      const { opened, entity } = await open(key.publicKey, message);
      expect([name, opened.equals(entity)]).toEqual([name, true]);
    }
  });

  test.each(['rsa3072', 'future-default'])(
    'opens with a key of its own (%s), encrypted to it alone with AES-256',
    async (kind) => {
      const address = `${kind}@example.org`;
      gpg('--quick-generate-key', address, kind, 'default', '1y');
      if (kind === 'rsa3072') {
        const [, fingerprint = ''] =
          /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--list-keys', '--with-colons', address).toString()) ?? [];
        gpg('--quick-add-key', fingerprint, 'rsa3072', 'encr', '1y');
      }
      const { opened, entity } = await open(
        await materialOf(gpg('--export', address)),
        samples[0]?.[1] ?? Buffer.alloc(0),
      );
      expect(opened.equals(entity)).toBe(true);
      const packets = gpg('--list-packets', 'message.asc').toString();
      expect(packets.match(/:pubkey enc packet:/g)).toHaveLength(1);
      expect(packets).toContain(':encrypted data packet:');
      expect(packets).toContain('mdc_method: 2');
      expect(packets).not.toContain(':compressed packet:');
      const session = gpg('--show-session-key', '--status-fd', '1', '--decrypt', 'message.asc').toString('latin1');
      // Algorithm 9 is AES-256. RFC 9580 section 9.3.
      expect(session).toMatch(/\[GNUPG:\] SESSION_KEY 9:/);
    },
  );
});

// Only one generation of sq has this command line, and few systems carry it: a judge where it is there.
const sq = present('sq') && execFileSync('sq', ['--version']).toString().startsWith('sq 0.');
describe.skipIf(!sq)('sq', () => {
  test('opens with a key of its own', async () => {
    run('sq', 'key', 'generate', '--userid', '<sequoia@example.org>', '--export', 'sq.pgp');
    const material = await materialOf(readFileSync(join(folder, 'sq.pgp')));
    for (const [name, message] of samples.slice(0, 8)) {
      const made = await protect('pgp', material, message);
      writeFileSync(join(folder, 'sq.asc'), armorIn(made.message));
      const opened = run('sq', 'decrypt', '--recipient-key', 'sq.pgp', 'sq.asc');
      expect([name, opened.equals(made.entity)]).toEqual([name, true]);
    }
  });
});

describe.skipIf(missing('openssl'))('openssl cms', () => {
  test.each(['rsa2048', 'rsa3072', 'p256', 'p384'] as const)(
    'opens every sample with a certificate of ours (%s)',
    async (keyType) => {
      const own = issueCertificate({ subject: 'Anna', keyType, san: { email: ['anna@example.org'] } });
      writeFileSync(join(folder, 'own.pem'), own.certPem + own.keyPem);
      for (const [name, message] of samples.slice(0, keyType === 'rsa2048' ? 99 : 3)) {
        const made = await protect('smime', own.certPem, message);
        writeFileSync(join(folder, 'cms.eml'), made.message);
        const opened = run(
          'openssl',
          'cms',
          '-decrypt',
          '-binary',
          '-in',
          'cms.eml',
          '-inkey',
          'own.pem',
          '-recip',
          'own.pem',
        );
        expect([name, opened.equals(made.entity)]).toEqual([name, true]);
      }
      const printed = run('openssl', 'cms', '-cmsout', '-print', '-noout', '-in', 'cms.eml').toString();
      expect(printed.match(/d\.ktri:|d\.kari:/g)).toHaveLength(1);
      expect(printed).toContain('aes-256-cbc');
    },
  );

  test.each([
    ['RSA', ['-newkey', 'rsa:2048']],
    ['P-256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-521', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ])('opens with a certificate of its own (%s)', async (_, key) => {
    const subject = ['-subj', '/O=Ünïcode/CN=Boris/emailAddress=boris@example.org', '-utf8', '-days', '9'];
    const plainLeaf = ['-addext', 'basicConstraints=CA:FALSE', '-addext', 'keyUsage=keyEncipherment,keyAgreement'];
    run('openssl', 'req', '-x509', '-nodes', ...key, ...subject, ...plainLeaf, '-keyout', 'its.key', '-out', 'its.pem');
    const made = await protect(
      'smime',
      await materialOf(readFileSync(join(folder, 'its.pem'))),
      samples[0]?.[1] ?? Buffer.alloc(0),
    );
    writeFileSync(join(folder, 'cms.eml'), made.message);
    const opened = run(
      'openssl',
      'cms',
      '-decrypt',
      '-binary',
      '-in',
      'cms.eml',
      '-inkey',
      'its.key',
      '-recip',
      'its.pem',
    );
    expect(opened.equals(made.entity)).toBe(true);
  });
});

describe.skipIf(missing('openssl'))('openssl verify', () => {
  test('accepts the certificates issued here by the strict rules', () => {
    const ca = issueCertificate({ subject: 'Test CA', ca: true });
    const middle = issueCertificate({ subject: 'Middle CA', ca: true, issuer: ca, keyType: 'rsa2048' });
    const leaf = issueCertificate({
      subject: 'mx',
      issuer: middle,
      san: { dns: ['mx.example.org'], ip: ['127.0.0.1', 'fe80::1:2'] },
    });
    const user = issueCertificate({
      subject: 'Anna',
      issuer: middle,
      keyType: 'p384',
      san: { email: ['anna@example.org'] },
    });
    for (const [name, { certPem }] of Object.entries({ ca, middle, leaf, user }))
      writeFileSync(join(folder, `${name}.pem`), certPem);
    const verify = (...args: string[]) =>
      run('openssl', 'verify', '-x509_strict', '-CAfile', 'ca.pem', '-untrusted', 'middle.pem', ...args);
    expect(verify('-purpose', 'sslserver', '-verify_hostname', 'mx.example.org', 'leaf.pem').toString()).toContain(
      'OK',
    );
    expect(verify('-verify_ip', 'fe80::1:2', 'leaf.pem').toString()).toContain('OK');
    expect(verify('-purpose', 'smimesign', '-verify_email', 'anna@example.org', 'user.pem').toString()).toContain('OK');
  });
});
