/**
 * A signature over octets that stream through, by the library: the one-pass packet that announces it, the literal data it covers, and at the end the
 * signature itself. message.ts puts the three into the encryption, or beside the signed part.
 */
import * as openpgp from 'openpgp';
import { CannotProtect } from '../protected.ts';
import { Recent } from '../recent.ts';

export type Signed = {
  /** The whole one-pass signature packet. */
  readonly onePass: Uint8Array;
  /** The body of the literal data packet: `literalHeaderSize` octets, then what was given. To be read to its end. */
  readonly literal: AsyncIterable<Uint8Array>;
  /** The whole signature packet, once `literal` has been read. */
  readonly signature: () => Promise<Uint8Array>;
  /** For the parameter micalg. RFC 3156 section 5. */
  readonly hash: string;
};

/** Format, no file name, date. RFC 9580 section 5.9. */
export const literalHeaderSize = 6;

/** Content up to this many octets is signed in one go: the library signs a stream without node:crypto, RSA then takes tens of milliseconds. */
const wholeUpTo = 1_048_576;

/** SHA-256 is what every program verifies; for larger curves the library takes what they ask for. */
const config: openpgp.PartialConfig = { preferredHashAlgorithm: openpgp.enums.hash.sha256 };

/** By armored text: the tenant's few keys, which stay in the worker that opened them. */
const keysRead = new Recent<openpgp.PrivateKey>(32);

/** `entity` yields `size` octets. Rejects with CannotProtect when the key cannot sign now. */
export async function sign(armoredKey: string, entity: AsyncIterable<Uint8Array>, size: number): Promise<Signed> {
  const signingKeys = await readForSigning(armoredKey);
  const message =
    size > wholeUpTo
      ? await openpgp.createMessage({ binary: asStream(entity) })
      : await openpgp.createMessage({ binary: new Uint8Array(await octetsOf(entity)) });
  const { packets } = await openpgp.sign({ message, signingKeys, format: 'object', config });
  const [onePass, literal, signature] = packets;
  const known = signature instanceof openpgp.SignaturePacket ? signature.hashAlgorithm : null;
  if (onePass === undefined || literal === undefined || signature === undefined || known === null)
    throw new Error('the library signed in another form than asked for');
  return {
    onePass: await octetsOf(packetsOf(onePass).write()),
    literal: asOctets(literal.write()),
    signature: () => octetsOf(packetsOf(signature).write()),
    hash: `pgp-${openpgp.enums.read(openpgp.enums.hash, known)}`,
  };
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
  if (!(written instanceof Uint8Array)) return written;
  return (async function* () {
    yield written;
  })();
}

async function octetsOf(written: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of asOctets(written)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A stream that reads the entity at the reader's pace, and lets it go when the reader leaves. */
function asStream(entity: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const input = entity[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await input.next();
        if (next.done === true) controller.close();
        else controller.enqueue(ownOctets(next.value));
      },
      async cancel() {
        await input.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The library keeps what it is given, and takes no Buffer for octets. */
function ownOctets(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(piece);
}
