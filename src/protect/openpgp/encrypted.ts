/**
 * The encrypted data packet (SEIPD) in both versions, made with node:crypto while the octets stream through: the library makes the same several
 * times slower. Version 1 is AES in CFB mode with a SHA-1 over the plaintext, which every program reads; version 2 is authenticated chunk by chunk.
 *
 * `encryptedPacket` frames it: with a definite length when the size of the plaintext is known, in partial lengths otherwise. Section numbers are
 * those of RFC 9580, which openpgp.ts follows.
 */
import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** How a message is encrypted: `aead` null for version 1. */
export type Suite = { readonly cipher: 'aes128' | 'aes256'; readonly aead: 'ocb' | 'gcm' | null };

/** Sections 9.3 and 9.6. */
const ciphers = { aes128: { id: 7, bits: 128 }, aes256: { id: 9, bits: 256 } } as const;
const aeads = { ocb: { id: 2, nonce: 15 }, gcm: { id: 3, nonce: 12 } } as const;

const tagSize = 16;
/** 2 to the power of this and six: chunks of 256 kB, as large as the pieces that come from the pool. Section 5.13.2. */
const chunkSizeOctet = 12;
const chunkSize = 2 ** (chunkSizeOctet + 6);
/** Partial lengths are powers of two. Section 4.2.1.4. */
const partialBits = 16;
const partialSize = 2 ** partialBits;
/** Tag 18 in the new format. Section 5.13. */
const packetTag = 0xd2;

/** Octets of the packet for so many octets of plaintext, its header included. */
export function encryptedPacketSize(plaintext: number, suite: Suite): number {
  const body = bodySize(plaintext, suite);
  return packetHeader(packetTag, body).length + body;
}

/** The packet. `plaintext` are whole packets, `size` octets together or null for unknown; `sessionKey` as long as the cipher wants. */
export async function* encryptedPacket(
  plaintext: AsyncIterable<Uint8Array>,
  size: number | null,
  sessionKey: Uint8Array,
  suite: Suite,
): AsyncGenerator<Uint8Array> {
  const { cipher, aead } = suite;
  const body =
    aead === null
      ? withModificationCode(plaintext, sessionKey, ciphers[cipher].bits)
      : authenticated(plaintext, sessionKey, cipher, aead);
  if (size === null) {
    yield* inPartialLengths(body);
    return;
  }
  yield packetHeader(packetTag, bodySize(size, suite));
  yield* body;
}

function bodySize(plaintext: number, { aead }: Suite): number {
  if (aead === null) return 1 + 18 + plaintext + 22;
  return 4 + 32 + plaintext + tagSize * (Math.ceil(plaintext / chunkSize) + 1);
}

/** The header of a packet of definite length in the new format; `tag` with the two format bits. Section 4.2.1. */
export function packetHeader(tag: number, length: number): Buffer {
  if (length < 192) return Buffer.from([tag, length]);
  if (length < 8384) return Buffer.from([tag, ((length - 192) >> 8) + 192, (length - 192) & 0xff]);
  const header = Buffer.from([tag, 0xff, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 2);
  return header;
}

/** Version 1. Section 5.13.1. */
async function* withModificationCode(
  plaintext: AsyncIterable<Uint8Array>,
  key: Uint8Array,
  bits: number,
): AsyncGenerator<Uint8Array> {
  const cfb = createCipheriv(`aes-${bits}-cfb`, key, Buffer.alloc(16));
  const hash = createHash('sha1');
  const random = randomBytes(16);
  const prefix = Buffer.concat([random, random.subarray(14)]);
  hash.update(prefix);
  yield Buffer.concat([Buffer.from([1]), cfb.update(prefix)]);
  for await (const piece of plaintext) {
    hash.update(piece);
    yield cfb.update(piece);
  }
  const codeHeader = Buffer.from([0xd3, 20]);
  hash.update(codeHeader);
  yield cfb.update(Buffer.concat([codeHeader, hash.digest()]));
}

/** Version 2. Section 5.13.2. */
async function* authenticated(
  plaintext: AsyncIterable<Uint8Array>,
  sessionKey: Uint8Array,
  cipher: keyof typeof ciphers,
  aead: keyof typeof aeads,
): AsyncGenerator<Uint8Array> {
  const { id: cipherId, bits } = ciphers[cipher];
  const { id: aeadId, nonce: nonceSize } = aeads[aead];
  const parameters = Buffer.from([2, cipherId, aeadId, chunkSizeOctet]);
  const associated = Buffer.from([packetTag, ...parameters]);
  const salt = randomBytes(32);
  const derived = Buffer.from(hkdfSync('sha256', sessionKey, salt, associated, bits / 8 + nonceSize - 8));
  const key = derived.subarray(0, bits / 8);
  let index = 0n;
  const begin = (data: Buffer) => {
    const nonce = Buffer.concat([derived.subarray(bits / 8), eightOctets(index)]);
    index += 1n;
    // One literal for each mode: their types differ.
    const chunk =
      aead === 'ocb'
        ? createCipheriv(`aes-${bits}-ocb`, key, nonce, { authTagLength: tagSize })
        : createCipheriv(`aes-${bits}-gcm`, key, nonce, { authTagLength: tagSize });
    chunk.setAAD(data);
    return chunk;
  };
  const end = (chunk: ReturnType<typeof begin>): Buffer => Buffer.concat([chunk.final(), chunk.getAuthTag()]);
  yield Buffer.concat([parameters, salt]);
  let size = 0;
  let open: ReturnType<typeof begin> | null = null;
  for await (const piece of plaintext) {
    for (let at = 0; at < piece.length; ) {
      open ??= begin(associated);
      const part = piece.subarray(at, at + chunkSize - (size % chunkSize));
      yield open.update(part);
      at += part.length;
      size += part.length;
      if (size % chunkSize > 0) continue;
      yield end(open);
      open = null;
    }
  }
  if (open !== null) yield end(open);
  // The last tag covers no octets but how many there were, so that nothing can be cut off.
  yield end(begin(Buffer.concat([associated, eightOctets(BigInt(size))])));
}

function eightOctets(value: bigint): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(value);
  return octets;
}

/** A packet whose length is known only at its end. What fits into one part has a definite length. Section 4.2.1.4. */
async function* inPartialLengths(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let tag = [packetTag];
  let last: Buffer = Buffer.alloc(0);
  for await (const block of inBlocks(body, partialSize)) {
    if (block.length < partialSize) {
      last = block;
    } else {
      yield Buffer.from([...tag, 0xe0 | partialBits]);
      yield block;
      tag = [];
    }
  }
  // The last part is never a partial one, even when it is empty. After the first it has a length and no tag.
  const header = packetHeader(packetTag, last.length);
  yield Buffer.concat([header.subarray(1 - tag.length), last]);
}

/** The same octets in blocks of `size`, the last one shorter. */
async function* inBlocks(octets: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let held = 0;
  for await (const piece of octets) {
    waiting.push(piece);
    held += piece.length;
    if (held < size) continue;
    const all = Buffer.concat(waiting);
    let at = 0;
    for (; all.length - at >= size; at += size) yield all.subarray(at, at + size);
    waiting = [all.subarray(at)];
    held = all.length - at;
  }
  if (held > 0) yield Buffer.concat(waiting);
}
