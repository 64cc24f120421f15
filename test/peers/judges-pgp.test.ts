/**
 * What others' programs make of our OpenPGP mail: every judge opens every kind of key at every size, gets the octets that were sent and verifies who
 * signed them. The table is printed. Judges that know no keys of version 6 and no AEAD (all of these) leave those to the library itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitForProtection } from '../../src/protect/entity.ts';
import { encryptPgp, signPgp } from '../../src/protect/openpgp/message.ts';
import { decryptPgp, inspectKeys } from '../../src/protect/openpgp.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-judges-'));
const home = join(folder, 'gnupg');
mkdirSync(home, { mode: 0o700 });

const run = (tool: string, args: readonly string[], input?: Buffer): Buffer =>
  execFileSync(tool, args, {
    cwd: folder,
    input,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1e9,
    // A process of Java that ends after a moment is best compiled in haste.
    env: { ...process.env, GNUPGHOME: home, JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' },
  });
const answers = (tool: string, ...args: string[]): boolean => {
  try {
    return run(tool, args).length > 0;
  } catch {
    return false;
  }
};
const gpg = (...args: string[]): Buffer => run('gpg', ['--batch', '--quiet', ...args]);

type Verified = { readonly opened: Buffer; readonly signedBy: string };
type Judge = {
  readonly name: string;
  readonly present: boolean;
  /** Opens `message.asc` with the key in `FILE.key`, and says whose signature it found good, by fingerprint. */
  readonly open: (key: string) => Verified;
  /** Says whose signature in `detached.asc` over `detached.bin` is good. */
  readonly verify: () => string;
  /** A private key of its own making, armored. */
  readonly makeKey: (() => Buffer) | null;
  /** What it is known to change in what it opens. */
  readonly asItShows?: (octets: Buffer) => Buffer;
};

const fingerprints = (text: string): string => /\b([0-9A-F]{40})\b/i.exec(text)?.[1]?.toLowerCase() ?? '';

/** The stateless interface that several programs share. */
const stateless = (tool: string, rest: Partial<Judge> = {}): Judge => ({
  name: tool,
  present: answers(tool, 'version'),
  open: (key) => {
    rmSync(join(folder, 'verifications'), { force: true });
    const args = ['decrypt', '--verify-with=signer.pub', '--verify-out=verifications', `${key}.key`];
    const opened = run(tool, args, readFileSync(join(folder, 'message.asc')));
    return { opened, signedBy: fingerprints(readFileSync(join(folder, 'verifications'), 'latin1')) };
  },
  verify: () =>
    fingerprints(
      run(tool, ['verify', 'detached.asc', 'signer.pub'], readFileSync(join(folder, 'detached.bin'))).toString(),
    ),
  makeKey: () => run(tool, ['generate-key', 'Anna <anna@example.org>']),
  ...rest,
});

const judges: readonly Judge[] = [
  {
    name: 'gpg',
    present: answers('gpg', '--version'),
    open: (key) => {
      gpg('--import', `${key}.key`);
      const opened = gpg('--status-file', 'status', '--decrypt', 'message.asc');
      return {
        opened,
        signedBy: fingerprints(/VALIDSIG .*/.exec(readFileSync(join(folder, 'status'), 'latin1'))?.[0] ?? ''),
      };
    },
    verify: () =>
      fingerprints(
        /VALIDSIG .*/.exec(gpg('--status-fd', '1', '--verify', 'detached.asc', 'detached.bin').toString())?.[0] ?? '',
      ),
    makeKey: () => {
      gpg('--passphrase', '', '--quick-gen-key', 'Anna <own@example.org>', 'future-default', 'default', '1y');
      return gpg(
        '--passphrase',
        '',
        '--pinentry-mode',
        'loopback',
        '--armor',
        '--export-secret-keys',
        'own@example.org',
      );
    },
  },
  {
    name: 'sq',
    present: answers('sq', '--version') && run('sq', ['--version']).toString().startsWith('sq 0.'),
    open: (key) => ({
      // It fails unless the signature is good.
      opened: run('sq', [
        'decrypt',
        '--recipient-key',
        `${key}.key`,
        '--signer-cert',
        'signer.pub',
        '--signatures',
        '1',
        'message.asc',
      ]),
      signedBy: signer.fingerprint,
    }),
    verify: () => {
      run('sq', ['verify', '--signer-cert', 'signer.pub', '--detached', 'detached.asc', 'detached.bin']);
      return signer.fingerprint;
    },
    makeKey: () => {
      run('sq', ['key', 'generate', '--userid', 'Anna <anna@example.org>', '--export', 'sq.own']);
      return readFileSync(join(folder, 'sq.own'));
    },
  },
  {
    name: 'rnp',
    present: answers('rnp', '--version'),
    open: (key) => {
      const rings = join(folder, `rnp-${key}`);
      mkdirSync(rings, { recursive: true });
      for (const file of [`${key}.key`, 'signer.pub']) run('rnpkeys', ['--homedir', rings, '--import-key', file]);
      // It fails unless the signature is good.
      return {
        opened: run('rnp', ['--homedir', rings, '--decrypt', 'message.asc', '--output', '-']),
        signedBy: signer.fingerprint,
      };
    },
    verify: () => {
      run('rnp', ['--keyfile', 'signer.pub', '--verify', 'detached.asc', '--source', 'detached.bin']);
      return signer.fingerprint;
    },
    makeKey: null,
  },
  stateless('sqop'),
  // GopenPGP 2 takes all it opens for UTF-8 text and writes every line end as LF, whoever encrypted.
  stateless('gosop', {
    asItShows: (octets) => Buffer.from(octets.toString('utf8').replaceAll('\r\n', '\n')),
  }),
  stateless('pgpainless-cli'),
];
const missing = (judge: Judge): boolean => !judge.present && process.env['CI'] === undefined;

type Made = { readonly publicKey: string; readonly privateKey: string; readonly fingerprint: string };
const kinds: Readonly<Record<string, Omit<openpgp.KeyOptions, 'userIDs'>>> = {
  rsa2048: { type: 'rsa', rsaBits: 2048 },
  rsa4096: { type: 'rsa', rsaBits: 4096 },
  cv25519: { type: 'ecc', curve: 'curve25519Legacy' },
  nistp256: { type: 'ecc', curve: 'nistP256' },
  nistp384: { type: 'ecc', curve: 'nistP384' },
  nistp521: { type: 'ecc', curve: 'nistP521' },
};
/** What no judge here knows yet. */
const newKinds: typeof kinds = {
  'x25519 v4': { type: 'curve25519' },
  'x25519 v6': { type: 'curve25519', config: { v6Keys: true } },
  'x25519 v6, AEAD': { type: 'curve25519', config: { v6Keys: true, aeadProtect: true } },
  'x448 v6, AEAD': { type: 'curve448', config: { v6Keys: true, aeadProtect: true } },
  'cv25519 v4, AEAD': { type: 'ecc', curve: 'curve25519Legacy', config: { aeadProtect: true } },
};

async function make(options: Omit<openpgp.KeyOptions, 'userIDs'>): Promise<Made> {
  const date = new Date(Date.now() - 60_000);
  const userIDs = [{ name: 'Anna', email: 'anna@example.org' }];
  const made = await openpgp.generateKey({ ...options, userIDs, date, format: 'object' });
  return {
    publicKey: made.publicKey.armor(),
    privateKey: made.privateKey.armor(),
    fingerprint: made.publicKey.getFingerprint(),
  };
}

const signer = await make({ type: 'ecc', curve: 'curve25519Legacy' });
const opening = { certificates: [], privateKey: signer.privateKey };
const keys = new Map<string, Made>();
const table: string[][] = [];

beforeAll(async () => {
  writeFileSync(join(folder, 'signer.pub'), signer.publicKey);
  if (judges.some(({ name, present }) => name === 'gpg' && present)) gpg('--import', 'signer.pub');
  for (const [kind, options] of Object.entries(kinds)) {
    const key = await make(options);
    keys.set(kind, key);
    writeFileSync(join(folder, `${kind}.key`), key.privateKey);
  }
}, 120_000);

afterAll(() => {
  if (answers('gpg', '--version')) run('gpgconf', ['--kill', 'all']);
  rmSync(folder, { recursive: true, force: true });
  const width = (column: number): number => Math.max(...table.map((row) => row[column]?.length ?? 0));
  process.stdout.write(
    `${table.map((row) => row.map((cell, column) => cell.padEnd(width(column))).join('  ')).join('\n')}\n`,
  );
});

// The last is signed as a stream, and so in partial lengths.
/** A judge in Java takes a second to start; JUDGES=all adds the smallest size. */
const sizes = process.env['JUDGES'] === 'all' ? [1, 10_000, 1_200_000] : [10_000, 1_200_000];
const subject = 'Die Übernahme der Bank';

/** A message whose Subject travels inside. */
function entityOf(size: number): Buffer {
  const header = `From: a@x.example\r\nSubject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const form = { hp: 'cipher', method: 'pgp', hideSubject: true, legacyDisplay: false } as const;
  const { inner, after } = splitForProtection(Buffer.from(header), form);
  return Buffer.concat([inner, Buffer.alloc(size, 'A line, and \xff\0odd octets. \r\n', 'latin1'), after]);
}

async function* pieces(whole: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += 65_536) yield whole.subarray(at, at + 65_536);
}

async function collected(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const armorIn = (body: Buffer, label: string): Buffer => {
  const end = `-----END PGP ${label}-----\r\n`;
  return body.subarray(body.indexOf(`-----BEGIN PGP ${label}`), body.indexOf(end) + end.length);
};

async function encrypted(publicKey: string, entity: Buffer): Promise<Buffer> {
  return armorIn(
    await collected((await encryptPgp([publicKey], opening, pieces(entity), entity.length)).body),
    'MESSAGE',
  );
}

/** An independent reader of mail: the Subject in the header of what was opened. */
function subjectIn(entity: Buffer): string {
  const script =
    'import sys, email, email.policy\n' +
    'm = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n' +
    'assert m.get_param("hp") == "cipher" and m.get_param("protected-headers") == "v1"\n' +
    'sys.stdout.buffer.write(m["subject"].encode())';
  return run('python3', ['-c', script], entity).toString();
}

describe.each(judges.map((judge) => [judge.name, judge] as const))('%s', (name, judge) => {
  test.skipIf(missing(judge))(
    'opens every kind of key at every size, and knows the signer',
    { timeout: 300_000 },
    async () => {
      if (table.length === 0) table.push(['', ...Object.keys(kinds)]);
      const rows = sizes.map((size) => [`${name} ${size}`]);
      let last: Buffer = Buffer.alloc(0);
      for (const [kind, { publicKey }] of keys) {
        for (const [index, size] of sizes.entries()) {
          const entity = entityOf(size);
          writeFileSync(join(folder, 'message.asc'), await encrypted(publicKey, entity));
          const { opened, signedBy } = judge.open(kind);
          const expected = judge.asItShows?.(entity) ?? entity;
          rows[index]?.push(opened.equals(expected) && signedBy === signer.fingerprint ? 'opened, verified' : 'WRONG');
          last = opened;
        }
      }
      table.push(...rows);
      expect(rows.flat().filter((cell) => cell === 'WRONG')).toEqual([]);
      expect(rows.flat()).toHaveLength(sizes.length * (1 + Object.keys(kinds).length));
      if (answers('python3', '--version')) expect(subjectIn(last)).toBe(subject);
    },
  );

  test.skipIf(missing(judge))('verifies what is signed only', async () => {
    const entity = entityOf(1000);
    const made = await signPgp(opening, pieces(entity), entity.length);
    const body = await collected(made.body);
    const boundary = /boundary="([^"]+)"/.exec(made.headerLines)?.[1] ?? '';
    const begin = body.indexOf(`--${boundary}\r\n`) + boundary.length + 4;
    const signed = body.subarray(begin, body.indexOf(`\r\n--${boundary}\r\n`, begin));
    expect(signed.equals(entity)).toBe(true);
    writeFileSync(join(folder, 'detached.bin'), signed);
    writeFileSync(join(folder, 'detached.asc'), armorIn(body, 'SIGNATURE'));
    expect(judge.verify()).toBe(signer.fingerprint);
  });

  const { makeKey } = judge;
  if (makeKey === null) return;
  test.skipIf(missing(judge))('opens with a key of its own making', async () => {
    const privateKey = makeKey();
    writeFileSync(join(folder, 'own.key'), privateKey);
    const { keys: found, problems } = await inspectKeys(privateKey, Date.now());
    expect(problems).toEqual([]);
    expect(found.map((key) => key.usableForEncryption)).toEqual([{ ok: true }]);
    const entity = entityOf(100);
    writeFileSync(join(folder, 'message.asc'), await encrypted(found[0]?.armored ?? '', entity));
    const { opened } = judge.open('own');
    expect(opened.equals(judge.asItShows?.(entity) ?? entity)).toBe(true);
  });
});

describe('the library', () => {
  test.each(Object.entries(newKinds))('opens %s', async (_, options) => {
    const { publicKey, privateKey } = await make(options);
    // 65,536 octets are one chunk of version 2, and one part of a packet in partial lengths.
    for (const size of [0, 1, 65_000, 65_536, 300_000]) {
      const entity = Buffer.alloc(size, 'octets');
      const armor = await encrypted(publicKey, entity);
      expect((await decryptPgp(privateKey, armor.toString('latin1'))).equals(entity)).toBe(true);
    }
  });

  test.each([
    ['version 2 when all keys announce it', ['x25519 v6, AEAD', 'cv25519 v4, AEAD'], 2],
    ['version 1 when one does not', ['cv25519 v4, AEAD', 'x25519 v4'], 1],
    ['version 1 with keys of version 6 that do not', ['x25519 v6'], 1],
  ])('is given %s', async (_, names, version) => {
    const made = await Promise.all(names.map((each) => make(newKinds[each] ?? {})));
    const entity = Buffer.from('Content-Type: a/b\r\n\r\n');
    const publicKeys = made.map((key) => key.publicKey);
    const body = await collected((await encryptPgp(publicKeys, null, pieces(entity), entity.length)).body);
    const armor = armorIn(body, 'MESSAGE').toString('latin1');
    for (const { privateKey } of made) expect((await decryptPgp(privateKey, armor)).equals(entity)).toBe(true);
    const message = await openpgp.readMessage({ armoredMessage: armor });
    const packet = message.packets.findPacket(openpgp.enums.packet.symEncryptedIntegrityProtectedData);
    expect(packet).toMatchObject({ version });
    // RFC 9580 section 6.1: a checksum only for who may be old.
    expect(/^=[\w+/]{4}\r$/m.test(armor)).toBe(version === 1);
  });
});
