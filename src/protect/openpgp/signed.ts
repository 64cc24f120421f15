/**
 * A signature over octets that stream through, by the library: the one-pass packet that announces it, the octets themselves, and at their end the
 * signature. message.ts puts the three into the encryption, or beside the signed part.
 *
 * The library never sees that a source broke or a reader left: its stream then simply ends, and what it signs is thrown away. An error in its stream
 * would come up in several places at once, some of them where nobody waits for it.
 */
import * as openpgp from 'openpgp';
import { CannotProtect } from '../protected.ts';
import { Recent } from '../recent.ts';

export type Signed = {
  /** The whole one-pass signature packet. */
  readonly onePass: Uint8Array;
  /** What was given, to be read to its end. */
  readonly content: AsyncIterable<Uint8Array>;
  /** The whole signature packet, once `content` has been read. */
  readonly signature: () => Promise<Uint8Array>;
  /** For the parameter micalg. RFC 3156 section 5. */
  readonly hash: string;
};

/** Content up to this many octets is signed in one go: the library signs a stream without node:crypto, RSA then takes tens of milliseconds. */
const wholeUpTo = 1_048_576;

/** SHA-256 with RSA; with curves the library takes at least what they ask for, which is SHA-512 with Ed25519. */
const config: openpgp.PartialConfig = { preferredHashAlgorithm: openpgp.enums.hash.sha256 };

/** By armored text: the tenant's few keys, which stay in the worker that opened them. */
const keysRead = new Recent<openpgp.PrivateKey>(32);

/** `entity` yields `size` octets. Rejects with CannotProtect when the key cannot sign now. */
export async function sign(armoredKey: string, entity: AsyncIterable<Uint8Array>, size: number): Promise<Signed> {
  const key = await readForSigning(armoredKey);
  if (size <= wholeUpTo) {
    const octets = await octetsOf(entity);
    const packets = await packetsFor(key, octets);
    return { ...packets, content: only(octets) };
  }
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const { literal, ...packets } = await packetsFor(key, readable);
  return { ...packets, content: fed(entity, writable.getWriter(), octetsGone(literal)) };
}

type Packets = Omit<Signed, 'content'> & { readonly literal: AsyncIterable<Uint8Array> };

async function packetsFor(
  signingKeys: openpgp.PrivateKey,
  binary: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Packets> {
  const message =
    binary instanceof Uint8Array ? await openpgp.createMessage({ binary }) : await openpgp.createMessage({ binary });
  const { packets } = await openpgp.sign({ message, signingKeys, format: 'object', config });
  const [onePass, literal, signature] = packets;
  const known = signature instanceof openpgp.SignaturePacket ? signature.hashAlgorithm : null;
  if (onePass === undefined || literal === undefined || signature === undefined || known === null)
    throw new Error('the library signed in another form than asked for');
  return {
    onePass: await octetsOf(asOctets(packetsOf(onePass).write())),
    literal: asOctets(literal.write()),
    signature: () => octetsOf(asOctets(packetsOf(signature).write())),
    hash: `pgp-${openpgp.enums.read(openpgp.enums.hash, known)}`,
  };
}

/** The entity's octets, each shown to the library before it goes on; `seen` is when the library has had all of them. */
async function* fed(
  entity: AsyncIterable<Uint8Array>,
  library: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  seen: Promise<void>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of entity) {
      // Octets of its own: it keeps them, and takes no Buffer for octets.
      await library.write(new Uint8Array(piece));
      yield piece;
    }
  } finally {
    await library.close();
    await seen;
  }
}

async function readForSigning(armoredKey: string): Promise<openpgp.PrivateKey> {
  const known = keysRead.get(armoredKey);
  const key = known ?? (await openpgp.readPrivateKey({ armoredKey }).catch(() => null));
  if (key === null) throw new CannotProtect('The OpenPGP key to sign with cannot be read.');
  if (known === undefined) keysRead.set(armoredKey, key);
  const able = key.isDecrypted() && (await key.getSigningKey(undefined, new Date()).catch(() => null)) !== null;
  if (!able || (await key.isRevoked()))
    throw new CannotProtect(`The OpenPGP key ${key.getFingerprint()} cannot be used to sign.`);
  return key;
}

function packetsOf(packet: openpgp.AnyPacket): openpgp.PacketList<openpgp.AnyPacket> {
  const list = new openpgp.PacketList<openpgp.AnyPacket>();
  list.push(packet);
  return list;
}

/** What the library writes is a stream as soon as something in it streams, whatever its types say. */
function asOctets(written: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return written instanceof Uint8Array ? only(written) : written;
}

async function octetsOf(octets: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of octets) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

/** The library hashes what passes through its literal packet, so somebody has to read that. */
async function octetsGone(octets: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of octets);
}

async function* only(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
