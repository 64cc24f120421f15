/** OpenPGP keys that somebody broke, forged or let grow old: none is used, and each is refused in words. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import * as openpgp from 'openpgp';
import { afterAll, describe, expect, test } from 'vitest';
import { encryptPgp } from '../../src/protect/openpgp/message.ts';
import { inspectKeys } from '../../src/protect/openpgp.ts';
import { looksLikeKey } from '../../src/protect/openpgp-packets.ts';

const now = Date.now();
const day = 86_400_000;
const { enums } = openpgp;
const date = new Date(now - 100 * day);
const userIDs = [{ email: 'anna@example.org' }];
const curve = { type: 'ecc', curve: 'curve25519Legacy' } as const;

type Options = Partial<openpgp.KeyOptions>;
const make = (options: Options) => openpgp.generateKey({ userIDs, date, ...options, format: 'object' });
const publicOf = async (options: Options): Promise<openpgp.PublicKey> => (await make(options)).publicKey;
const weak = { ...openpgp.config, minRSABits: 512 };

async function verdict(octets: Uint8Array): Promise<string> {
  const { keys, problems } = await inspectKeys(octets, now);
  const words = keys.map(({ usableForEncryption: usable }) => (usable.ok ? 'usable' : usable.why));
  return [...words, ...problems].join('; ') || 'no key in it';
}

/** The octets of a key whose part of that index was revoked, by a signature with that hash. */
async function withRevokedPart(key: openpgp.PrivateKey, index: number, hash: openpgp.enums.hash): Promise<Uint8Array> {
  const part = key.subkeys[index];
  if (part === undefined) throw new Error('no such part');
  const reason = { flag: enums.reasonForRevocation.keyCompromised };
  const primary = key.keyPacket as openpgp.SecretKeyPacket;
  const config = { ...openpgp.config, preferredHashAlgorithm: hash, nonDeterministicSignaturesViaNotation: false };
  key.subkeys[index] = await part.revoke(primary, reason, date, config);
  return key.toPublic().write();
}

const encrypting = (count: number): Options => ({
  type: 'rsa',
  rsaBits: 2048,
  subkeys: Array.from({ length: count }, () => ({})),
});

describe('is refused', () => {
  const cases: [string, RegExp, () => Promise<Uint8Array>][] = [
    [
      'RSA of 1024 bits',
      /^its RSA key is too short \(1024 bits, 2048 is the least\)$/,
      async () => (await publicOf({ type: 'rsa', rsaBits: 1024, config: weak })).write(),
    ],
    [
      'an encryption part of 1024 bits',
      /^its encryption part is too short/,
      async () => (await publicOf({ type: 'rsa', rsaBits: 2048, subkeys: [{ rsaBits: 1024 }], config: weak })).write(),
    ],
    [
      'self-signatures with SHA-1',
      /^it is signed with SHA-1 or MD5 only, which can be forged$/,
      async () =>
        (
          await publicOf({
            type: 'rsa',
            rsaBits: 2048,
            config: { preferredHashAlgorithm: enums.hash.sha1, nonDeterministicSignaturesViaNotation: false },
          })
        ).write(),
    ],
    [
      'no part to encrypt to',
      /^it has no part that may be used to encrypt$/,
      async () => (await publicOf({ ...curve, subkeys: [{ sign: true }] })).write(),
    ],
    [
      'an encryption part that expired',
      /^its encryption part has expired$/,
      async () => (await publicOf({ ...curve, subkeys: [{ keyExpirationTime: 86_400 }] })).write(),
    ],
    [
      'an encryption part that was revoked',
      /^its encryption part was revoked$/,
      async () => withRevokedPart((await make(curve)).privateKey, 0, enums.hash.sha256),
    ],
    [
      'one revoked with SHA-1, which is good enough to cost a key',
      /^its encryption part was revoked$/,
      async () => withRevokedPart((await make(encrypting(1))).privateKey, 0, enums.hash.sha1),
    ],
    [
      'a part that another key has bound to itself',
      /^it has no part that may be used to encrypt$/,
      async () => {
        const own = (await publicOf({ ...curve, subkeys: [] })).write();
        const others = (await publicOf(curve)).toPacketList().slice(-2);
        const list = new openpgp.PacketList<openpgp.AnyPacket>();
        list.push(...others);
        return Buffer.concat([own, list.write()]);
      },
    ],
    [
      'two addresses in one user id, which name nobody for certain',
      /^it names no mail address$/,
      async () => (await publicOf({ ...curve, userIDs: [{ name: '<a@x.example>', email: 'b@x.example' }] })).write(),
    ],
    [
      'a curve that is not supported, made by gpg',
      /^it uses a curve that is not supported here \(brainpoolP256r1\)$/,
      async () =>
        Buffer.from(
          'mFMEawKUKRMJKyQDAwIIAQEHAgMEUzMluEF74C9Yp55Gih2L9Zab3apb5LKcSlo6sKW5XEZO8esjH4oi6yRqWC7xQr9kdnp/IDp11wIBdFqq7+eTW7QLYkB4' +
            'LmV4YW1wbGWIkAQTEwgAOBYhBB4KwikIpPdSGuuH6ozAxU8kKqUCBQJrApQpAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEIzAxU8kKqUCU0kBAKgA' +
            'DCSfknNNINHlDjVJY7h+h6xLpmKhlbtxPJgpB+0TAP9UZGHglT/kPkXoWHUslgDJoDaH5gOwyc1z1CVCCiMi4A==',
          'base64',
        ),
    ],
  ];
  test.each(cases)('%s', async (_, words, octets) => {
    expect(await verdict(await octets())).toMatch(words);
  });
});

describe('of several encryption parts', () => {
  const usedOf = async (key: Uint8Array): Promise<string[]> => {
    const { keys } = await inspectKeys(key, now);
    const entity = Buffer.from('x');
    const made = await encryptPgp(
      [keys[0]?.armored ?? ''],
      null,
      (async function* () {
        yield entity;
      })(),
      entity.length,
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of made.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('latin1');
    const armoredMessage = text.slice(text.indexOf('-----BEGIN'), text.indexOf('-----END PGP MESSAGE-----') + 27);
    return (await openpgp.readMessage({ armoredMessage })).getEncryptionKeyIDs().map((id) => id.toHex());
  };

  test.each([enums.hash.sha256, enums.hash.sha1])('one that was revoked (hash %i) leaves the other', async (hash) => {
    const { privateKey } = await make(encrypting(2));
    const [first, second] = privateKey.subkeys.map((part) => part.getKeyID().toHex());
    const used = await usedOf(privateKey.toPublic().write());
    expect([[first], [second]]).toContainEqual(used);
    const key = await withRevokedPart(privateKey, used[0] === first ? 0 : 1, hash);
    expect(await usedOf(key)).toEqual(used[0] === first ? [second] : [first]);
  });

  test('the newest', async () => {
    const { privateKey } = await make(curve);
    const more = await privateKey.addSubkey({ ...curve, date: new Date(now - day) });
    expect(await usedOf(more.toPublic().write())).toEqual([more.subkeys.at(-1)?.getKeyID().toHex()]);
  });
});

const corpora = new URL('../../../shared/corpora/', import.meta.url);
describe.skipIf(!existsSync(corpora))('the keys of rnp and Thunderbird', () => {
  const rows: string[] = [];
  afterAll(() => process.stdout.write(`${rows.join('\n')}\n`));

  const files = ['rnp/', 'thunderbird-comm/'].flatMap((project) =>
    readdirSync(new URL(project, corpora), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(pgp|gpg|asc|eml)$/.test(entry.name))
      .map((entry) => `${entry.parentPath}/${entry.name}`),
  );
  const keyFiles = files.filter((file) => {
    const octets = readFileSync(file);
    return octets.length < 1_000_000 && (octets.includes('-----BEGIN PGP P') || looksLikeKey(octets));
  });
  /** What a name claims is wrong with all that is in the file, for our purpose. */
  const claimed =
    /forged|expired-key|expired-subkey|expired-enc|future|revoked|malf|(?<!ed)dsa|-eg-|1024|sign-subkey-only|16384|16385|no-certification|no-sigs/;

  test('what a name says is broken, is not used', { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    let broken = 0;
    for (const file of keyFiles.toSorted()) {
      const words = await verdict(readFileSync(file));
      rows.push(`${basename(file).padEnd(72)} ${words.slice(0, 160)}`);
      if (!claimed.test(basename(file))) continue;
      broken += 1;
      if (words.split('; ').includes('usable')) wrong.push(`${file}: ${words}`);
    }
    expect(wrong).toEqual([]);
    expect(broken).toBeGreaterThan(35);
    expect(rows.filter((row) => row.endsWith(' usable')).length).toBeGreaterThan(25);
  });

  test('a part whose binding fails is passed over for one that holds', async () => {
    const file = keyFiles.find((each) => each.endsWith('encryption-subkey-bad.pgp'));
    if (file === undefined) return;
    const key = await openpgp.readKey({ binaryKey: new Uint8Array(readFileSync(file)) });
    expect(key.subkeys.map((part) => part.getKeyID().toHex())).toEqual(['b60f4310804f8535', 'bc63472a109d5859']);
    expect(await verdict(key.write())).toBe('usable');
    expect((await key.getEncryptionKey()).getKeyID().toHex()).toBe('bc63472a109d5859');
  });
});
