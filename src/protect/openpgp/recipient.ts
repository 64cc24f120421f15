/**
 * Whether mail may be encrypted to an OpenPGP key, and to which part of it: the newest one that is for encryption and neither expired nor revoked,
 * bound to the key by a signature that cannot be forged. Everything against a key is said in words.
 *
 * Self-signatures with SHA-1 or MD5 count for nothing, but a revocation with them counts: it can only cost a key, not add one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as openpgp from 'openpgp';
import { CannotProtect } from '../protected.ts';
import { Recent } from '../recent.ts';

const { enums } = openpgp;

/** How keys are judged and messages encrypted. */
export const encryptionConfig: openpgp.Config = {
  ...openpgp.config,
  preferredSymmetricAlgorithm: enums.symmetric.aes256,
  preferredAEADAlgorithm: enums.aead.gcm,
  aeadProtect: false,
  showVersion: false,
  showComment: false,
  rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
};
/** The same, but every signature counts: what a revocation may be made with. */
export const revocationConfig: openpgp.Config = { ...encryptionConfig, rejectHashAlgorithms: new Set() };

/** Larger ones cost whoever uses them seconds. */
const maximumRsaBits = 8192;

export type EncryptionPart =
  | {
      readonly ok: true;
      readonly keyId: openpgp.KeyID;
      /** When the part expires, epoch milliseconds; null for never, or when it is the primary key itself. */
      readonly expiresAt: number | null;
    }
  | { readonly ok: false; readonly why: string };

/** By armored text; a parsed key remembers which of its signatures were verified. */
const keysRead = new Recent<openpgp.Key>(256);

/** Reads a key to encrypt to at `now`. Rejects with CannotProtect when it cannot be used. */
export async function readForEncryption(
  armoredKey: string,
  now: number,
): Promise<{ readonly key: openpgp.PublicKey; readonly keyId: openpgp.KeyID }> {
  const known = keysRead.get(armoredKey);
  const key = known ?? (await openpgp.readKey({ armoredKey, config: encryptionConfig }).catch(() => null));
  if (key === null) throw new CannotProtect('The OpenPGP key cannot be read.');
  if (known === undefined) keysRead.set(armoredKey, key);
  const part = await encryptionPartOf(key, now);
  if (!part.ok) throw new CannotProtect(`The OpenPGP key ${key.getFingerprint()} cannot be used: ${part.why}.`);
  return { key, keyId: part.keyId };
}

/** The part of a key to encrypt to at `now` (epoch milliseconds), or the reason against all of them. */
export async function encryptionPartOf(key: openpgp.Key, now: number): Promise<EncryptionPart> {
  const date = new Date(now);
  const whole = await whyNotAtAll(key, date);
  if (whole !== null) return { ok: false, why: whole };
  const reasons: string[] = [];
  const newestFirst = key.subkeys.toSorted((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime());
  for (const keyId of [...newestFirst.map((subkey) => subkey.getKeyID()), key.getKeyID()]) {
    try {
      const part = await key.getEncryptionKey(keyId, date, undefined, encryptionConfig);
      const bits = rsaBits(part);
      if (bits > maximumRsaBits) reasons.push(`its RSA key has ${bits} bits (${maximumRsaBits} is the most)`);
      else if (!(part instanceof openpgp.Subkey)) return { ok: true, keyId, expiresAt: null };
      else if (await isRevoked(part, key, date)) reasons.push('its encryption part was revoked');
      else return { ok: true, keyId, expiresAt: timeOf(await part.getExpirationTime(date, encryptionConfig)) };
    } catch (error) {
      reasons.push(wordsFor(error instanceof Error ? error.message : ''));
      await nextTurn();
    }
  }
  const why = reasons.find((reason) => reason !== noPart) ?? noPart;
  return { ok: false, why };
}

/** The reason against a key as a whole, or null. */
async function whyNotAtAll(key: openpgp.Key, date: Date): Promise<string | null> {
  if (await key.isRevoked(undefined, undefined, date, revocationConfig)) return 'it was revoked';
  const created = key.getCreationTime();
  if (created > date) return `it is valid only from ${day(created)}`;
  const { algorithm, bits = 0, curve = '' } = key.getAlgorithmInfo();
  if (algorithm === 'dsa') return 'it is a DSA key, which is too weak';
  if (algorithm.startsWith('rsa') && bits < 2048) return `its RSA key is too short (${bits} bits, 2048 is the least)`;
  if (rsaBits(key) > maximumRsaBits) return `its RSA key has ${bits} bits (${maximumRsaBits} is the most)`;
  const ends = await key.getExpirationTime(undefined, encryptionConfig);
  if (ends === null) {
    const weak = (await key.getExpirationTime(undefined, revocationConfig)) !== null;
    if (weak) return forgeable;
    // The library verifies nothing on these curves.
    return curve.startsWith('brainpool')
      ? `it uses a curve that is not supported here (${curve})`
      : 'it has no valid signature of its own';
  }
  return ends instanceof Date && ends <= date ? `it expired on ${day(ends)}` : null;
}

const noPart = 'it has no part that may be used to encrypt';
const forgeable = 'it is signed with SHA-1 or MD5 only, which can be forged';

/** The library's reason against one part. */
function wordsFor(message: string): string {
  if (message.includes('revoked')) return 'its encryption part was revoked';
  if (message.includes('expired')) return 'its encryption part has expired';
  if (message.includes('shorter than')) return 'its encryption part is too short (2048 bits is the least for RSA)';
  if (message.includes('Insecure hash')) return forgeable;
  if (message.includes('elgamal')) return 'its encryption part is an ElGamal key, which is too weak';
  if (message.includes('curve')) return 'its encryption part uses a curve that is not supported';
  return noPart;
}

async function isRevoked(part: openpgp.Subkey, key: openpgp.Key, date: Date): Promise<boolean> {
  const binding = await part.verify(date, encryptionConfig);
  return part.isRevoked(binding, key.keyPacket, date, revocationConfig);
}

function rsaBits(part: openpgp.Key | openpgp.Subkey): number {
  const { algorithm, bits = 0 } = part.getAlgorithmInfo();
  return algorithm.startsWith('rsa') ? bits : 0;
}

/** When a key expires; null for never. */
export function timeOf(end: Date | typeof Number.POSITIVE_INFINITY | null): number | null {
  return end instanceof Date ? end.getTime() : null;
}

const day = (at: Date): string => at.toISOString().slice(0, 10);
