/**
 * OpenPGP keys: what a key says and whether mail may be encrypted to it (`inspectKeys`; the judgement is openpgp/recipient.ts), and keys for
 * development and tests (`generateKey`). Messages are made in openpgp/message.ts.
 *
 * Standards: RFC 9580 (OpenPGP).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as openpgp from 'openpgp';
import { canonicalAddress } from '../mail/address.ts';
import { encryptionConfig as config, encryptionPartOf, revocationConfig, timeOf } from './openpgp/recipient.ts';
import { armoredBlocks, cutKeys } from './openpgp-packets.ts';

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
const maximumSubkeys = 20;
const maximumBindings = 100;
/** Signatures of one kind on one user id, one subkey or the key itself: each is verified several times over, in one go. */
const maximumSignatures = 16;
const direct = openpgp.enums.signature.key;
const maximumKeys = 200;

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
    const tooMuch = excess(whole);
    if (tooMuch !== null)
      return `The OpenPGP key ${whole.getFingerprint()} was refused: it has ${tooMuch} is the most.`;
    return await describe(whole.isPrivate() ? whole.toPublic() : whole, whole.isPrivate(), now);
  } catch (error) {
    return `An OpenPGP key cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'malformed'}.`;
  }
}

/** What of a key is more than anybody's has, in words, or null. */
function excess(key: openpgp.Key): string | null {
  const { users, subkeys, revocationSignatures } = key;
  const signatures = subkeys.reduce((sum, each) => sum + each.bindingSignatures.length, 0);
  if (users.length > maximumUserIds) return `${users.length} user ids, ${maximumUserIds}`;
  if (subkeys.length > maximumSubkeys) return `${subkeys.length} subkeys, ${maximumSubkeys}`;
  if (signatures > maximumBindings) return `${signatures} signatures of subkeys, ${maximumBindings}`;
  const piles = [
    revocationSignatures,
    key.toPacketList().filter((packet) => packet instanceof openpgp.SignaturePacket && packet.signatureType === direct),
    ...users.flatMap((each) => [each.selfCertifications, each.revocationSignatures]),
    ...subkeys.flatMap((each) => [each.bindingSignatures, each.revocationSignatures]),
  ];
  const most = Math.max(...piles.map(({ length }) => length));
  return most > maximumSignatures ? `${most} signatures by itself in one place, ${maximumSignatures}` : null;
}

async function describe(key: openpgp.Key, hadPrivatePart: boolean, now: number): Promise<KeyFacts> {
  const date = new Date(now);
  const addresses = new Set<string>();
  for (const user of key.users) {
    // Some curves are verified in this thread, which has other work.
    await nextTurn();
    // Anyone can attach a user id; only those the key has signed itself, and not withdrawn, count.
    const vouched =
      user.userID !== null &&
      (await user.verify(date, config).catch(() => false)) &&
      (await user.verify(date, revocationConfig).catch(() => false));
    const address = vouched ? userIdAddress(user.userID?.userID ?? '') : null;
    if (address !== null) addresses.add(address);
  }
  await nextTurn();
  const part = await encryptionPartOf(key, now);
  await nextTurn();
  const ends = [timeOf(await key.getExpirationTime()), part.ok ? part.expiresAt : null];
  const times = ends.filter((end) => end !== null);
  const why = part.ok ? (addresses.size === 0 ? 'it names no mail address' : null) : part.why;
  return {
    armored: key.armor(),
    fingerprint: key.getFingerprint(),
    addresses: [...addresses],
    createdAt: key.getCreationTime().getTime(),
    expiresAt: times.length === 0 ? null : Math.min(...times),
    revoked: await key.isRevoked(undefined, undefined, date, revocationConfig),
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

/** A key pair for development and tests. Never one to protect real mail. */
export type GeneratedKey = {
  readonly publicKey: string;
  /** The public half as octets. */
  readonly binary: Uint8Array;
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
  const fingerprint = publicKey.getFingerprint();
  return { publicKey: publicKey.armor(), binary: publicKey.write(), privateKey: privateKey.armor(), fingerprint };
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
