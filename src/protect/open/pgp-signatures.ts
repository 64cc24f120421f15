/**
 * OpenPGP signatures over octets that streamed by: their digests are made here, the rest of the verification (key, binding, time, strength) is the
 * library's, which would keep all the octets. Then: whose key is it, is it trusted, and is it the author's (`verdictOn`)?
 *
 * Limits: a message with several signatures is judged by the best one, unless one of them is wrong.
 */
import { createHash, type Hash } from 'node:crypto';
import * as openpgp from 'openpgp';
import { sameAddress } from '../../mail/address.ts';
import { LineEnds } from '../../mail/line-ends.ts';
import { inspectKeys } from '../openpgp.ts';
import { noSignature, type SignatureStatus, type SignatureVerdict, type SignerKey, type Signing } from './opened.ts';
import { mismatchOf } from './signer.ts';

const mostSignatures = 10;

/** The library's names of digests. RFC 9580 section 9.5. MD5 and SHA-1 only to say that they are not enough. */
const hashes: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
};
/** Octets of the salt of version 6. */
const saltSizes: Readonly<Record<number, number>> = { 8: 16, 9: 24, 10: 32, 11: 16, 12: 16, 14: 32 };

/** What decides how octets are hashed for a signature, as the signature or the packet before its message says. */
export type Manner = {
  readonly hash: number;
  /** 0: as they are; 1: text, with CRLF at the end of lines. */
  readonly type: number;
  /** Of version 6; empty before. */
  readonly salt: Uint8Array;
};

/** The digests of one message, for all the manners announced for it. */
export class Digests {
  readonly #running = new Map<string, { readonly hash: Hash; readonly lineEnds: LineEnds | null }>();

  constructor(manners: readonly Manner[]) {
    for (const manner of manners.slice(0, mostSignatures)) {
      const name = hashes[manner.hash];
      if (name === undefined || this.#running.has(keyOf(manner))) continue;
      const hash = createHash(name).update(manner.salt);
      this.#running.set(keyOf(manner), { hash, lineEnds: manner.type === 1 ? new LineEnds() : null });
    }
  }

  update(chunk: Uint8Array): void {
    const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (const { hash, lineEnds } of this.#running.values()) hash.update(lineEnds?.push(octets) ?? octets);
  }

  end(): void {
    for (const { hash, lineEnds } of this.#running.values()) if (lineEnds !== null) hash.update(lineEnds.end());
  }

  /** The digest that a signature packet is over; null when it was not announced. RFC 9580 section 5.2.4. */
  of(packet: Packet): Buffer | null {
    const manner = mannerOf(packet);
    const running = this.#running.get(keyOf(manner));
    if (running === undefined) return null;
    const signed = packet.signatureData ?? new Uint8Array();
    const trailer = Buffer.from([packet.version, 0xff, 0, 0, 0, 0]);
    trailer.writeUInt32BE(signed.length, 2);
    return running.hash.copy().update(signed).update(trailer).digest();
  }
}

/** What of a packet the library keeps to itself: `hashed`, where it looks first for the digest, and the salt of version 6. */
type Packet = openpgp.SignaturePacket & { hashed?: Uint8Array; readonly salt?: Uint8Array | null };

const keyOf = ({ hash, type, salt }: Manner): string => `${hash} ${type} ${Buffer.from(salt).toString('hex')}`;

export function mannerOf(packet: Packet): Manner {
  const hash = packet.hashAlgorithm ?? 0;
  const salt = packet.version === 6 ? (packet.salt ?? new Uint8Array()) : new Uint8Array();
  // RFC 9580 section 5.2.3: each digest has a salt of its own length.
  const fits = packet.version !== 6 || salt.length === saltSizes[hash];
  return { hash: fits ? hash : 0, type: packet.signatureType ?? 0, salt };
}

/** The verdict on signature packets over a message whose digests are complete. */
export async function verdictOn(
  signature: openpgp.Signature,
  digests: Digests,
  signing: Signing,
): Promise<SignatureVerdict> {
  const known = await knownKeys(signing);
  // Two octets that fit nothing: the library then says that the digest did not match.
  for (const packet of signature.packets as unknown as Packet[])
    packet.hashed = digests.of(packet) ?? new Uint8Array(2);
  const message = await openpgp.createMessage({ binary: new Uint8Array() });
  const verificationKeys = known.map((each) => each.key);
  const date = new Date(signing.now);
  const { signatures } = await openpgp.verify({ message, signature, verificationKeys, date, format: 'binary' });
  const verdicts: SignatureVerdict[] = [];
  for (const each of signatures.slice(0, mostSignatures)) verdicts.push(await judge(each, known, signing));
  const unread: SignatureVerdict = {
    ...noSignature,
    status: 'invalid',
    why: 'The OpenPGP signature is of a kind that is not read here.',
  };
  return verdicts.reduce(
    (best, each) => (order.indexOf(each.status) > order.indexOf(best.status) ? each : best),
    verdicts.length === 0 ? unread : noSignature,
  );
}

type Known = Pick<SignerKey, 'trusted' | 'revoked'> & {
  readonly key: openpgp.Key;
  readonly addresses: readonly string[];
};

async function knownKeys({ keys, now }: Signing): Promise<Known[]> {
  const known: Known[] = [];
  for (const { kind, material, trusted, revoked } of keys) {
    if (kind !== 'pgp') continue;
    const key = await openpgp.readKey({ armoredKey: material }).catch(() => null);
    if (key === null) continue;
    const facts = (await inspectKeys(Buffer.from(material), now)).keys[0];
    const addresses = facts?.addresses ?? [];
    known.push({
      key: key.isPrivate() ? key.toPublic() : key,
      trusted,
      addresses,
      ...(revoked === undefined ? {} : { revoked }),
    });
  }
  return known;
}

type Result = openpgp.VerifyMessageResult['signatures'][number];

/** Better ones last, but for an invalid one, which settles it. */
const order: readonly SignatureStatus[] = [
  'none',
  'unknown-key',
  'untrusted',
  'revoked',
  'mismatch',
  'valid',
  'invalid',
];

async function judge(result: Result, known: readonly Known[], signing: Signing): Promise<SignatureVerdict> {
  const failure = await result.verified.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
  const packet = (await result.signature.catch(() => null))?.packets[0] ?? null;
  const by = known.find(({ key }) => key.getKeys(result.keyID).length > 0);
  if (by === undefined) {
    const why = `The OpenPGP signature is by the key ${result.keyID.toHex()}, which is not known here.`;
    return { ...noSignature, status: 'unknown-key', why };
  }
  const fingerprint = by.key.getFingerprint();
  const invalid = (why: string): SignatureVerdict => ({ ...noSignature, status: 'invalid', fingerprint, why });
  if (failure !== null) return invalid(whyInvalid(failure));
  // RFC 9580 section 5.2.1: signatures over documents; others are over keys and mean something else.
  if (packet === null || ![0, 1].includes(packet.signatureType ?? -1))
    return invalid('The OpenPGP signature is no signature of a message.');
  const { addresses, trusted, revoked } = by;
  const isAuthor = addresses.some((address) => signing.author !== null && sameAddress(address, signing.author));
  const signer = (isAuthor ? signing.author : addresses[0]) ?? null;
  const common = { ...noSignature, signer, fingerprint };
  if (revoked !== undefined)
    return {
      ...common,
      status: 'revoked',
      why: `The OpenPGP key ${fingerprint} of the signature is revoked: ${revoked}.`,
    };
  if (!trusted)
    return {
      ...common,
      status: 'untrusted',
      why: `The OpenPGP signature is by the key ${fingerprint}, which is not trusted here: nobody has vouched for it, or another one is pinned.`,
    };
  const mismatch = mismatchOf({ isAuthor, signer, signedAt: packet.created?.getTime() ?? null }, signing);
  if (mismatch !== null) return { ...common, status: 'mismatch', why: mismatch };
  return { ...common, status: 'valid', why: `Signed by ${signer ?? ''}.` };
}

function whyInvalid(failure: string): string {
  if (/digest did not match|verification failed/i.test(failure)) return 'The message was altered after it was signed.';
  if (/expired/i.test(failure)) return 'The OpenPGP key had expired when the message was signed.';
  if (/revoked/i.test(failure)) return 'The OpenPGP key was revoked.';
  if (/insecure|hash algorithm|rejected|Insufficient|shorter/i.test(failure))
    return 'The OpenPGP signature is made in a way that can be forged (an old digest or a short key).';
  return 'The OpenPGP signature does not verify.';
}
