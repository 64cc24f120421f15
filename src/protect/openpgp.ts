/**
 * OpenPGP: PGP/MIME for one recipient (`protectPgp`), what a key says and whether mail may be encrypted to it (`inspectKeys`), and keys
 * for development and tests (`generateKey`).
 *
 * The message takes AES-256 where the recipient's key lists it (every key of the last twenty years) and the integrity protection the key
 * asks for: version 1 (MDC) unless it announces version 2. Nothing is compressed, so that the size tells no more than the size.
 *
 * Standards: RFC 9580 (OpenPGP), RFC 3156 (PGP/MIME).
 * Limits: no signatures of ours; a key without AES-256 among its preferences gets AES-128, as RFC 9580 section 9.3 wants.
 */
import { randomBytes } from 'node:crypto';
import * as openpgp from 'openpgp';
import { canonicalAddress } from '../mail/address.ts';
import { armoredBlocks, cutKeys } from './openpgp-packets.ts';
import type { Protected } from './protected.ts';
import { CannotProtect } from './protected.ts';
import { Recent } from './recent.ts';

/** What one key says. Times are epoch milliseconds. */
export type KeyFacts = {
  /** The public part alone, armored. */
  readonly armored: string;
  /** Lower-case hex. */
  readonly fingerprint: string;
  /** Canonical addresses of the user ids that the key itself vouches for now. */
  readonly addresses: readonly string[];
  readonly createdAt: number;
  /** When the key or the part mail is encrypted to expires, whichever is first; null for never. */
  readonly expiresAt: number | null;
  readonly revoked: boolean;
  /** The file held the private part too; it was left out. */
  readonly hadPrivatePart: boolean;
  readonly usableForEncryption: { readonly ok: true } | { readonly ok: false; readonly why: string };
};

/** Octets of one key, as WKD's guards have it: more is a poisoned key. */
const maximumKeySize = 65_536;
const maximumUserIds = 50;
const maximumKeys = 200;
/** Messages up to this many octets are encrypted in one go, which is several times faster than as a stream. */
const wholeUpTo = 262_144;

const config: openpgp.PartialConfig = {
  preferredSymmetricAlgorithm: openpgp.enums.symmetric.aes256,
  preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed,
  aeadProtect: false,
  showVersion: false,
  showComment: false,
};

/**
 * The message for whoever holds one of `armoredKeys`. `entity` yields the inner entity, `entitySize` octets of it.
 * Rejects with CannotProtect when a key cannot be used now.
 */
export async function protectPgp(
  armoredKeys: readonly string[],
  entity: AsyncIterable<Uint8Array>,
  entitySize: number,
): Promise<Protected> {
  const encryptionKeys = await Promise.all(armoredKeys.map(readForEncryption));
  if (encryptionKeys.length === 0) throw new CannotProtect('There is no OpenPGP key to encrypt to.');
  // RFC 3156 section 4.
  const boundary = `pgp-${randomBytes(18).toString('hex')}`;
  const before =
    `--${boundary}\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n` +
    `Version: 1\r\n\r\n--${boundary}\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n` +
    `Content-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; filename="encrypted.asc"\r\n\r\n`;
  const after = `\r\n--${boundary}--\r\n`;
  const headerLines =
    'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n' +
    ` boundary="${boundary}"\r\n`;
  if (entitySize > wholeUpTo) {
    return { headerLines, size: null, body: streamed(entity, encryptionKeys, before, after) };
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of entity) chunks.push(chunk);
  const message = await openpgp.createMessage({ binary: new Uint8Array(Buffer.concat(chunks)) });
  const armored = await openpgp.encrypt({ message, encryptionKeys, config });
  const body = Buffer.from(before + withCrlf(armored) + after, 'latin1');
  return { headerLines, size: body.length, body: once(body) };
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}

async function* streamed(
  entity: AsyncIterable<Uint8Array>,
  encryptionKeys: openpgp.PublicKey[],
  before: string,
  after: string,
): AsyncGenerator<Uint8Array> {
  const input = entity[Symbol.asyncIterator]();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await input.next();
        if (next.done === true) controller.close();
        else controller.enqueue(new Uint8Array(next.value));
      },
    },
    { highWaterMark: 0 },
  );
  try {
    const message = await openpgp.createMessage({ binary: source });
    yield Buffer.from(before, 'latin1');
    for await (const text of await openpgp.encrypt({ message, encryptionKeys, config })) {
      yield Buffer.from(withCrlf(text), 'latin1');
    }
    yield Buffer.from(after, 'latin1');
  } finally {
    await input.return?.();
  }
}

/** Armor comes with bare LF. */
const withCrlf = (armored: string): string => armored.replaceAll('\n', '\r\n');

/** By armored text; a parsed key remembers which of its signatures were verified. */
const keysRead = new Recent<openpgp.Key>(256);

async function readForEncryption(armoredKey: string): Promise<openpgp.PublicKey> {
  const key = keysRead.get(armoredKey) ?? (await openpgp.readKey({ armoredKey, config }).catch(() => null));
  if (key === null) throw new CannotProtect('The OpenPGP key cannot be read.');
  keysRead.set(armoredKey, key);
  const why = await whyNot(key, Date.now());
  if (why !== null) throw new CannotProtect(`The OpenPGP key ${key.getFingerprint()} cannot be used: ${why}.`);
  return key;
}

/**
 * Every key in a file: one or many, armored (also several blocks) or binary, public or private. What cannot be read is a sentence in
 * `problems`; hostile input gets an answer, never an exception.
 */
export async function inspectKeys(
  file: Uint8Array,
  now: number,
): Promise<{ readonly keys: readonly KeyFacts[]; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const pieces: Uint8Array[] = [];
  const damaged = () => problems.push('Some of the OpenPGP data is damaged or incomplete and was left out.');
  for (const block of await binaryBlocks(file, damaged)) pieces.push(...cutKeys(block, damaged));
  if (pieces.length > maximumKeys)
    problems.push(`Only the first ${maximumKeys} of ${pieces.length} OpenPGP keys were read.`);
  const keys: KeyFacts[] = [];
  for (const piece of pieces.slice(0, maximumKeys)) {
    const read = await inspectKey(piece, now);
    if (typeof read === 'string') problems.push(read);
    else keys.push(read);
  }
  return { keys, problems };
}

/** The binary content of a file: itself, or its armored key blocks. */
async function binaryBlocks(file: Uint8Array, damaged: () => void): Promise<Uint8Array[]> {
  const armored = armoredBlocks(file);
  if (armored === null) return [file];
  const blocks: Uint8Array[] = [];
  for (const block of armored) {
    const read = await openpgp.unarmor(block).catch(() => null);
    if (read?.data instanceof Uint8Array) blocks.push(read.data);
    else damaged();
  }
  return blocks;
}

async function inspectKey(binaryKey: Uint8Array, now: number): Promise<KeyFacts | string> {
  if (binaryKey.length > maximumKeySize) {
    return `An OpenPGP key of ${binaryKey.length} octets was refused: ${maximumKeySize} is the most. Export it without the signatures of others.`;
  }
  try {
    const whole = await openpgp.readKey({ binaryKey, config });
    if (whole.users.length > maximumUserIds) {
      return `The OpenPGP key ${whole.getFingerprint()} was refused: it has ${whole.users.length} user ids, ${maximumUserIds} is the most.`;
    }
    return await describe(whole.isPrivate() ? whole.toPublic() : whole, whole.isPrivate(), now);
  } catch (error) {
    return `An OpenPGP key cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'malformed'}.`;
  }
}

async function describe(key: openpgp.Key, hadPrivatePart: boolean, now: number): Promise<KeyFacts> {
  const date = new Date(now);
  const addresses = new Set<string>();
  for (const user of key.users) {
    // Anyone can attach a user id; only those the key has signed itself, and not withdrawn, count.
    const vouched = user.userID !== null && (await user.verify(date).catch(() => false));
    const address = vouched ? userIdAddress(user.userID?.userID ?? '') : null;
    if (address !== null) addresses.add(address);
  }
  const why = (await whyNot(key, now)) ?? (addresses.size === 0 ? 'it names no mail address' : null);
  return {
    armored: key.armor(),
    fingerprint: key.getFingerprint(),
    addresses: [...addresses],
    createdAt: key.getCreationTime().getTime(),
    expiresAt: await expiry(key, now),
    revoked: await key.isRevoked(undefined, undefined, date),
    hadPrivatePart,
    usableForEncryption: why === null ? { ok: true } : { ok: false, why },
  };
}

/** "Name <address>", "<address>" or an address alone; two addresses in one user id name nobody for certain. */
export function userIdAddress(userId: string): string | null {
  const open = userId.indexOf('<');
  if (open === -1) return canonicalAddress(userId.trim());
  if (!userId.endsWith('>') || userId.includes('<', open + 1)) return null;
  return canonicalAddress(userId.slice(open + 1, -1));
}

async function expiry(key: openpgp.Key, now: number): Promise<number | null> {
  const part = await key.getEncryptionKey(undefined, new Date(now)).catch(() => null);
  const ends = [await key.getExpirationTime(), part instanceof openpgp.Subkey ? await part.getExpirationTime() : null];
  const times = ends.flatMap((end) => (end instanceof Date ? [end.getTime()] : []));
  return times.length === 0 ? null : Math.min(...times);
}

/** The reason against encrypting to a key at `now`, or null. */
async function whyNot(key: openpgp.Key, now: number): Promise<string | null> {
  const date = new Date(now);
  if (await key.isRevoked(undefined, undefined, date)) return 'it was revoked';
  const created = key.getCreationTime();
  if (created > date) return `it is valid only from ${day(created)}`;
  const ends = await key.getExpirationTime();
  if (ends === null) return 'it has no valid signature of its own';
  if (ends instanceof Date && ends <= date) return `it expired on ${day(ends)}`;
  try {
    await key.getEncryptionKey(undefined, date);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (message.includes('expired')) return 'its encryption part has expired';
    if (message.includes('revoked')) return 'its encryption part was revoked';
    if (message.includes('shorter than')) return 'its encryption part is too short (2048 bits is the least for RSA)';
    return 'it has no part that may be used to encrypt';
  }
}

const day = (at: Date): string => at.toISOString().slice(0, 10);

/** A key pair for development and tests. Never one to protect real mail. */
export type GeneratedKey = {
  readonly publicKey: string;
  readonly privateKey: string;
  readonly fingerprint: string;
};

/** Makes a key, both halves armored and without a passphrase; `expiresAfter` in seconds from `createdAt` (epoch milliseconds). */
export async function generateKey(
  userId: { readonly name?: string; readonly email: string },
  options: { readonly createdAt?: number; readonly expiresAfter?: number } = {},
): Promise<GeneratedKey> {
  const { publicKey, privateKey } = await openpgp.generateKey({
    userIDs: [userId],
    ...(options.createdAt === undefined ? {} : { date: new Date(options.createdAt) }),
    ...(options.expiresAfter === undefined ? {} : { keyExpirationTime: options.expiresAfter }),
    format: 'object',
    config,
  });
  return { publicKey: publicKey.armor(), privateKey: privateKey.armor(), fingerprint: publicKey.getFingerprint() };
}

/** What a recipient's mail program does, for the sandbox and tests: opens an armored message with an armored key that has no passphrase. */
export async function decryptPgp(armoredPrivateKey: string, armoredMessage: string): Promise<Buffer> {
  const opened = await openpgp.decrypt({
    message: await openpgp.readMessage({ armoredMessage }),
    decryptionKeys: await openpgp.readPrivateKey({ armoredKey: armoredPrivateKey }),
    format: 'binary',
  });
  return Buffer.from(opened.data);
}
