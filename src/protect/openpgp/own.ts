/**
 * The tenant's own OpenPGP keys: made (`makeOwnPgp`), prolonged, revoked, and read out of a file with their passphrase (`readOwnPgp`). Runs only in the
 * thread of own/worker.ts; the private key leaves it sealed (own/sealed.ts).
 *
 * Keys are of version 4 with Ed25519 and Curve25519, which every program of the last ten years reads. What is public of one carries the user id of one
 * address alone, so that a person's other addresses are not told to everybody who asks for this one.
 *
 * Limits: no keys of version 6 are made. A key whose primary part is on a smart card can be used when its subkeys are in the file.
 */
import * as openpgp from 'openpgp';
import { sameAddress } from '../../mail/address.ts';
import { inspectKeys, userIdAddress } from '../openpgp.ts';
import { armoredBlocks, cutKeys } from '../openpgp-packets.ts';
import type { RevocationReason } from '../own/jobs.ts';

/** `armored`: the private key without a passphrase. `notAfter` in epoch milliseconds, null for never. */
export type OpenedPgp = {
  readonly armored: string;
  readonly publicKeys: readonly { readonly address: string; readonly armored: string }[];
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number | null;
};

const maximumKeySize = 65_536;
const maximumKeys = 20;

const config: openpgp.PartialConfig = { showVersion: false, showComment: false, v6Keys: false, aeadProtect: false };

/** Makes a key that ends at `notAfter`. */
export async function makeOwnPgp(wanted: {
  readonly address: string;
  readonly name: string;
  readonly createdAt: number;
  readonly notAfter: number;
}): Promise<OpenedPgp> {
  const { address, name, createdAt } = wanted;
  const { privateKey } = await openpgp.generateKey({
    userIDs: [{ ...(name === '' ? {} : { name }), email: address }],
    date: new Date(createdAt),
    keyExpirationTime: Math.max(1, Math.floor((wanted.notAfter - createdAt) / 1000)),
    format: 'object',
    config,
  });
  return describe(privateKey, createdAt);
}

/** The same key with a later end: correspondents keep what they know of it. */
export async function prolongOwnPgp(armored: string, now: number, notAfter: number): Promise<OpenedPgp> {
  const old = await openpgp.readPrivateKey({ armoredKey: armored, config });
  const { privateKey } = await openpgp.reformatKey({
    privateKey: old,
    userIDs: old.users.flatMap(({ userID }) => {
      if (userID === null) return [];
      return [{ ...(userID.name === '' ? {} : { name: userID.name }), email: userID.email }];
    }),
    keyExpirationTime: Math.max(1, Math.floor((notAfter - old.getCreationTime().getTime()) / 1000)),
    date: new Date(now),
    format: 'object',
    config,
  });
  return describe(privateKey, now);
}

/** The public key of `address`, saying that it is revoked. Programs that ask for the key again learn of it. */
export async function revokeOwnPgp(
  armored: string,
  address: string | null,
  now: number,
  reason: RevocationReason,
): Promise<string> {
  const { publicKey } = await openpgp.revokeKey({
    key: await openpgp.readPrivateKey({ armoredKey: armored, config }),
    reasonForRevocation: { flag: reasonFlags[reason], string: '' },
    date: new Date(now),
    format: 'object',
    config,
  });
  return address === null ? publicKey.armor() : publicOf(publicKey, address);
}

/** RFC 9580 section 5.2.3.31. */
const { reasonForRevocation: flags } = openpgp.enums;
const reasonFlags: Readonly<Record<RevocationReason, openpgp.enums.reasonForRevocation>> = {
  unspecified: flags.noReason,
  keyCompromise: flags.keyCompromised,
  affiliationChanged: flags.keyRetired,
  superseded: flags.keySuperseded,
  cessation: flags.keyRetired,
};

/** Every usable private key in a file. `problems` are sentences about the others. */
export async function readOwnPgp(
  file: Uint8Array,
  passphrase: string | null,
  now: number,
): Promise<{ readonly keys: readonly OpenedPgp[]; readonly problems: readonly string[] }> {
  const keys: OpenedPgp[] = [];
  const problems: string[] = [];
  const damaged = () => problems.push('Some of the OpenPGP data is damaged or incomplete and was left out.');
  const pieces: Uint8Array[] = [];
  for (const block of armoredBlocks(file) ?? [file]) {
    const octets = typeof block === 'string' ? await unarmored(block) : block;
    if (octets === null) damaged();
    else pieces.push(...cutKeys(octets, damaged));
  }
  if (pieces.length > maximumKeys) problems.push(`Only the first ${maximumKeys} of ${pieces.length} keys were read.`);
  for (const piece of pieces.slice(0, maximumKeys)) {
    const read = await readOne(piece, passphrase, now);
    if (typeof read === 'string') problems.push(read);
    else keys.push(read);
  }
  return { keys, problems };
}

async function unarmored(block: string): Promise<Uint8Array | null> {
  const read = await openpgp.unarmor(block).catch(() => null);
  return read?.data instanceof Uint8Array ? read.data : null;
}

async function readOne(binaryKey: Uint8Array, passphrase: string | null, now: number): Promise<OpenedPgp | string> {
  if (binaryKey.length > maximumKeySize)
    return `An OpenPGP key of ${binaryKey.length} octets was refused: ${maximumKeySize} is the most.`;
  const whole = await openpgp.readKey({ binaryKey, config }).catch(() => null);
  if (whole === null) return 'An OpenPGP key cannot be read: it is malformed or of an unknown kind.';
  const named = `The OpenPGP key ${whole.getFingerprint()}`;
  if (!whole.isPrivate()) return `${named} was not imported: only its public part is in the file.`;
  const opened = await withoutPassphrase(whole, passphrase);
  if (typeof opened === 'string') return `${named} was not imported: ${opened}.`;
  const { keys } = await inspectKeys(opened.toPublic().write(), now);
  const usable = keys[0]?.usableForEncryption ?? { ok: false, why: 'it cannot be read' };
  if (!usable.ok) return `${named} was not imported: ${usable.why}.`;
  const why = await mismatch(opened, now);
  return why === null ? describe(opened, now) : `${named} was not imported: ${why}.`;
}

/** The key with its private parts open, or why not. */
async function withoutPassphrase(
  key: openpgp.PrivateKey,
  passphrase: string | null,
): Promise<openpgp.PrivateKey | string> {
  if (key.isDecrypted()) return key;
  if (passphrase === null) return 'it needs a passphrase';
  try {
    return await openpgp.decryptKey({ privateKey: key, passphrase, config });
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (/passphrase/i.test(message)) return 'its passphrase is wrong';
    return 'its private part is protected in a way that is not supported, or damaged';
  }
}

/** Signs and encrypts a few octets and looks whether the public part agrees: what was forged, damaged or too weak shows here. */
async function mismatch(key: openpgp.PrivateKey, now: number): Promise<string | null> {
  const date = new Date(now);
  const text = 'postern';
  try {
    const message = await openpgp.createMessage({ text });
    const common = { config, date, format: 'object' } as const;
    const made = await openpgp.encrypt({ ...common, message, encryptionKeys: key.toPublic(), signingKeys: key });
    const read = await openpgp.decrypt({
      message: await openpgp.readMessage({ binaryMessage: made.write() as Uint8Array, config }),
      decryptionKeys: key,
      verificationKeys: key.toPublic(),
      date,
      config,
    });
    await read.signatures[0]?.verified;
    return read.data === text && read.signatures.length === 1 ? null : 'its private part does not fit its public part';
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (message.includes('shorter than')) return 'it is too short (2048 bits is the least for RSA)';
    if (message.includes('not valid signing key') || message.includes('Could not find valid signing'))
      return 'it has no part that may be used to sign';
    return 'its private part does not fit its public part';
  }
}

async function describe(key: openpgp.PrivateKey, now: number): Promise<OpenedPgp> {
  const { keys } = await inspectKeys(key.toPublic().write(), now);
  const facts = keys[0];
  return {
    armored: key.armor(),
    publicKeys: (facts?.addresses ?? []).map((address) => ({ address, armored: publicOf(key.toPublic(), address) })),
    fingerprint: key.getFingerprint(),
    notBefore: key.getCreationTime().getTime(),
    notAfter: facts?.expiresAt ?? null,
  };
}

/** The public key with the user ids of one address alone. */
function publicOf(key: openpgp.PublicKey, address: string): string {
  key.users = key.users.filter(({ userID }) => {
    const named = userIdAddress(userID?.userID ?? '');
    return named !== null && sameAddress(named, address);
  });
  return key.armor();
}
