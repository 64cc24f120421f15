/**
 * One layer of OpenPGP: a message encrypted to one of our keys, with what was signed inside it (`openPgp`), and a signature beside what it
 * covers (`verifyPgp`).
 *
 * Octets are given out before the integrity check at their end, so the caller keeps them apart until the generator has returned. Data
 * without an integrity check (packet tag 9) is not opened at all (threat T-18), nor is what unpacks to more than `mostOctets`.
 *
 * Limits: messages to a password, and keys of post-quantum algorithms, are not opened. A message whose signature has two makers is judged by
 * the better one, unless one of them is wrong.
 */
import { createHash, type Hash } from 'node:crypto';
import * as openpgp from 'openpgp';
import { sameAddress } from '../../mail/address.ts';
import { inspectKeys } from '../openpgp.ts';
import { withoutArmor } from './armor.ts';
import type { OpenedKey } from './cms.ts';
import {
  type LayerReport,
  noSignature,
  Refused,
  type SignatureStatus,
  type SignatureVerdict,
  type Signing,
} from './opened.ts';
import { mismatchOf } from './signer.ts';

/** Octets of plaintext, unpacked. */
const mostOctets = 536_870_912;
const mostRecipients = 1_000;
/** Recipients without a name, each of which every key of ours must be tried on. */
const mostUnnamed = 20;
const mostSignatures = 10;

const config: openpgp.PartialConfig = {
  // The caller believes nothing of the stream before it has ended well; a whole message in memory would be the other way.
  allowUnauthenticatedStream: true,
  allowUnauthenticatedMessages: false,
  maxDecompressedMessageSize: mostOctets,
};

const altered = 'The message does not open with the key it names: it was altered or damaged on its way.';

/** The octets inside `input`, armored or not. Throws Refused. */
export async function* openPgp(
  input: AsyncIterable<Uint8Array>,
  keys: readonly OpenedKey[],
  signing: Signing,
): AsyncGenerator<Uint8Array, LayerReport> {
  const binaryMessage = streamOf(encryptedOnly(withoutArmor(input, 'MESSAGE')));
  const message = await openpgp
    .readMessage({ binaryMessage, config })
    .catch(refusedAs('damaged', 'The OpenPGP message is damaged.'));
  const integrity = integrityOf(message);
  const { sessionKeys, key } = await sessionKeyOf(message, keys);
  const known = await knownKeys(signing);
  const date = new Date(signing.now);
  const verificationKeys = known.map((each) => each.key);
  const opened = await openpgp
    .decrypt({ message, sessionKeys, verificationKeys, date, format: 'binary', config })
    .catch(refusedAs('altered', altered));
  yield* readAll(opened.data, altered);
  const signature = await verdictOn(opened.signatures, known, signing);
  return { kind: 'decrypted', key, integrity, noise: false, signature };
}

/** Whether `signature`, armored or not, is one over the octets of `covered`. Reads `covered` to its end. */
export async function verifyPgp(
  signature: Uint8Array,
  covered: AsyncIterable<Uint8Array>,
  signing: Signing,
): Promise<LayerReport> {
  const known = await knownKeys(signing);
  const read = await readSignature(signature);
  const hashing = (read?.packets ?? []).slice(0, mostSignatures).map((packet) => new SignatureHash(packet));
  for await (const chunk of covered) for (const hash of hashing) hash.update(chunk);
  for (const hash of hashing) hash.end();
  const message = await openpgp.createMessage({ binary: new Uint8Array() });
  const date = new Date(signing.now);
  const verificationKeys = known.map((each) => each.key);
  if (read === null || hashing.length === 0)
    return {
      kind: 'signed',
      signature: { ...noSignature, status: 'invalid', why: 'The OpenPGP signature is damaged.' },
    };
  const verified = await openpgp.verify({ message, signature: read, verificationKeys, date, format: 'binary', config });
  return { kind: 'signed', signature: await verdictOn(verified.signatures, known, signing) };
}

/** What of a signature packet the library keeps to itself: `hashed`, where it looks first for the digest, and the salt of version 6. */
type Hashing = { version: number; hashed?: Uint8Array; readonly salt?: Uint8Array | null };

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

const saltSizes: Readonly<Record<number, number>> = { 8: 16, 9: 24, 10: 32, 11: 16, 12: 16, 14: 32 };

/** The digest of a detached signature, made while the octets stream through: the library would keep them all. RFC 9580 section 5.2.4. */
class SignatureHash {
  readonly #packet: openpgp.SignaturePacket & Hashing;
  readonly #hash: Hash | null;

  constructor(packet: openpgp.SignaturePacket & Hashing) {
    const name = hashes[packet.hashAlgorithm ?? 0];
    this.#packet = packet;
    // RFC 9580 section 5.2.3: each digest has a salt of its own length.
    const salted = packet.version !== 6 || packet.salt?.length === saltSizes[packet.hashAlgorithm ?? 0];
    this.#hash = name === undefined || !salted ? null : createHash(name);
    if (packet.version === 6 && packet.salt) this.#hash?.update(packet.salt);
  }

  update(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
  }

  end(): void {
    const signed = this.#packet.signatureData ?? new Uint8Array();
    const trailer = Buffer.from([this.#packet.version, 0xff, 0, 0, 0, 0]);
    trailer.writeUInt32BE(signed.length, 2);
    this.#packet.hashed = this.#hash?.update(signed).update(trailer).digest() ?? new Uint8Array(2);
  }
}

async function readSignature(signature: Uint8Array): Promise<openpgp.Signature | null> {
  try {
    const chunks: Uint8Array[] = [];
    const source = (async function* () {
      yield signature;
    })();
    for await (const chunk of withoutArmor(source, 'SIGNATURE')) chunks.push(chunk);
    return await openpgp.readSignature({ binarySignature: new Uint8Array(Buffer.concat(chunks)), config });
  } catch {
    return null;
  }
}

function refusedAs(code: 'damaged' | 'altered', why: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof Refused ? error : new Refused(code, why);
  };
}

function streamOf(octets: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = octets[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(new Uint8Array(next.value));
      },
    },
    { highWaterMark: 0 },
  );
}

async function* readAll(data: unknown, why: string): AsyncGenerator<Uint8Array> {
  try {
    if (data instanceof Uint8Array) yield data;
    else for await (const chunk of data as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused('altered', why);
  }
}

/** Packets that an encrypted message may begin with: session keys, marker, padding, encrypted data. RFC 9580 section 10.3. */
const firstTags = new Set([1, 3, 9, 10, 18, 20, 21]);

/** A message that begins otherwise is refused before anything is unpacked. */
async function* encryptedOnly(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let looked = false;
  for await (const chunk of octets) {
    const first = looked ? undefined : chunk[0];
    looked ||= chunk.length > 0;
    const tag = first === undefined ? null : (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
    if (tag !== null && !firstTags.has(tag)) throw new Refused('damaged', 'The OpenPGP message is not encrypted.');
    yield chunk;
  }
}

/** What will show at the end whether the message was altered. RFC 9580 sections 5.7, 5.13. */
function integrityOf(message: openpgp.Message<ReadableStream<Uint8Array>>): 'mdc' | 'aead' {
  const encrypted: unknown = message.packets.find(
    (packet) => packet instanceof openpgp.SymEncryptedIntegrityProtectedDataPacket,
  );
  if (encrypted !== undefined) return (encrypted as { version?: number }).version === 2 ? 'aead' : 'mdc';
  if (message.packets.some((packet) => packet instanceof openpgp.AEADEncryptedDataPacket)) return 'aead';
  if (message.packets.some((packet) => packet instanceof openpgp.SymmetricallyEncryptedDataPacket))
    throw new Refused('altered', 'The message has no protection against being altered, so it is not opened.');
  throw new Refused('damaged', 'The OpenPGP message is not encrypted.');
}

/** A recipient that the sender did not want to name. RFC 9580 section 5.1.8. */
const isUnnamed = (id: { toHex(): string }): boolean => /^0*$/.test(id.toHex());

type Keyed = { readonly sessionKeys: openpgp.SessionKey[]; readonly key: string };

async function sessionKeyOf(
  message: openpgp.Message<ReadableStream<Uint8Array>>,
  keys: readonly OpenedKey[],
): Promise<Keyed> {
  const named = message.getEncryptionKeyIDs();
  const unnamed = named.filter((id) => isUnnamed(id)).length;
  const repeated = named.length - new Set(named.map((id) => id.toHex())).size - Math.max(0, unnamed - 1);
  if (named.length > mostRecipients || unnamed > mostUnnamed || repeated > mostUnnamed)
    throw new Refused('too-large', 'The message names more recipients than are read.');
  let tried = false;
  for (const { id, method, privateKey } of keys) {
    if (method !== 'pgp') continue;
    const key = await openpgp.readPrivateKey({ armoredKey: privateKey, config }).catch(() => null);
    if (key === null || !named.some((name) => isUnnamed(name) || key.getKeys(name).length > 0)) continue;
    tried ||= named.some((name) => !isUnnamed(name) && key.getKeys(name).length > 0);
    const decrypted = await openpgp.decryptSessionKeys({ message, decryptionKeys: key, config }).catch(() => []);
    // In version 2 the packet itself names the algorithm; the library's types do not know that it may be missing here.
    const sessionKeys = decrypted as openpgp.SessionKey[];
    if (sessionKeys.length > 0) return { sessionKeys, key: id };
  }
  if (tried) throw new Refused('altered', altered);
  throw new Refused('no-key', 'The message is not encrypted to a key that this gateway holds.');
}

type Known = { readonly key: openpgp.Key; readonly trusted: boolean; readonly addresses: readonly string[] };

async function knownKeys({ keys, now }: Signing): Promise<Known[]> {
  const known: Known[] = [];
  for (const { kind, material, trusted } of keys) {
    if (kind !== 'pgp') continue;
    const key = await openpgp.readKey({ armoredKey: material, config }).catch(() => null);
    if (key === null) continue;
    const facts = (await inspectKeys(Buffer.from(material), now)).keys[0];
    known.push({ key: key.isPrivate() ? key.toPublic() : key, trusted, addresses: facts?.addresses ?? [] });
  }
  return known;
}

type Result = openpgp.VerifyMessageResult['signatures'][number];

/** Better ones last, but for an invalid one, which settles it. */
const order: readonly SignatureStatus[] = ['none', 'unknown-key', 'untrusted', 'mismatch', 'valid', 'invalid'];

async function verdictOn(
  signatures: readonly Result[],
  known: readonly Known[],
  signing: Signing,
): Promise<SignatureVerdict> {
  const verdicts: SignatureVerdict[] = [];
  for (const signature of signatures.slice(0, mostSignatures)) verdicts.push(await judge(signature, known, signing));
  return verdicts.reduce(
    (best, each) => (order.indexOf(each.status) > order.indexOf(best.status) ? each : best),
    noSignature,
  );
}

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
  const { addresses, trusted } = by;
  const isAuthor = addresses.some((address) => signing.author !== null && sameAddress(address, signing.author));
  const signer = (isAuthor ? signing.author : addresses[0]) ?? null;
  const common = { ...noSignature, signer, fingerprint };
  if (!trusted)
    return {
      ...common,
      status: 'untrusted',
      why: `The OpenPGP signature is by the key ${fingerprint}, which nobody has vouched for yet.`,
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
