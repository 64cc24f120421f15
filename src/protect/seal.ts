/**
 * Bytes at rest, sealed. A blob is encrypted under a data key of its own as frames of fixed size, each with its own tag, so that any range
 * can be read and checked without the rest; the data key is stored wrapped by the master key, and forgetting it is deletion.
 *
 * The frames follow the STREAM construction: the nonce of a frame is its index and whether it is the last, and every tag also covers the
 * blob's id. A frame that was altered, dropped, repeated, moved, or taken from another blob does not open. A reader must know the size of
 * the blob from elsewhere (the message's row), as `lastFrame(size)` says which frame has to be the last.
 *
 * Way through: FrameSealer and openFrame for bulk bytes, wrapKey and unwrapKey for their key, sealText and openText for short texts.
 *
 * Standards: NIST SP 800-38D (AES-GCM), NIST SP 800-108 (HMAC in counter mode, one block) for the keys below the master key.
 * Limits: 2^32 frames (256 TiB) a blob. One FrameSealer per data key: a second one would repeat nonces.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** What was sealed does not open: altered, truncated, in another's place, or sealed under another key. The message says which kind of thing. */
export class SealBroken extends Error {
  override name = 'SealBroken';
}

const cipher = 'aes-256-gcm';
const tagSize = 16;
const nonceSize = 12;
/** First characters of everything wrapped under a master key, so that another construction can follow this one. */
const version = 'v1.';

/** Octets of plaintext in every frame but the last, which has 1 to this many (0 in an empty blob). */
export const frameSize = 65_536;
/** Octets a full frame takes at rest. Frame i begins at i * sealedFrameSize. */
export const sealedFrameSize = frameSize + tagSize;

/** Index of the last frame of a blob of `size` octets of plaintext. */
export function lastFrame(size: number): number {
  return size === 0 ? 0 : Math.ceil(size / frameSize) - 1;
}

/** Octets at rest of a blob of `size` octets of plaintext. */
export function sealedSize(size: number): number {
  return size + tagSize * (lastFrame(size) + 1);
}

/** A fresh 256-bit key for one blob. */
export function newDataKey(): Buffer {
  return randomBytes(32);
}

/** The data key of blob `id` as text that only `masterKey` (32 octets) opens again, and only as the key of that blob. */
export function wrapKey(masterKey: Buffer, dataKey: Buffer, id: string): string {
  return wrap(masterKey, 'data key', id, dataKey);
}

/** The data key of blob `id`. Throws SealBroken. */
export function unwrapKey(masterKey: Buffer, wrapped: string, id: string): Buffer {
  return unwrap(masterKey, 'data key', id, wrapped);
}

/** Seals a text for one place: `context` names where it belongs ("facts <message id>"), and it opens nowhere else. */
export function sealText(masterKey: Buffer, text: string, context: string): string {
  return wrap(masterKey, 'text', context, Buffer.from(text, 'utf8'));
}

/** The text that was sealed for `context`. Throws SealBroken. */
export function openText(masterKey: Buffer, sealed: string, context: string): string {
  return unwrap(masterKey, 'text', context, sealed).toString('utf8');
}

/**
 * Turns octets into sealed frames. Chunks are kept by reference until their frame is full, so the caller must not write into them again.
 */
export class FrameSealer {
  readonly #key: Buffer;
  readonly #aad: Buffer;
  #index = 0;
  #waiting: Uint8Array[] = [];
  #size = 0;

  /** `key` from newDataKey, used for this blob only; `id` is the blob's id. */
  constructor(key: Buffer, id: string) {
    this.#key = key;
    this.#aad = Buffer.from(id, 'utf8');
  }

  /** Takes octets; returns the frames that are now complete, each sealed and whole, in order. */
  push(chunk: Uint8Array): Buffer[] {
    const sealed: Buffer[] = [];
    let rest = chunk;
    // A full frame waits for one more octet: only then is it certain that it is not the last.
    while (this.#size + rest.length > frameSize) {
      const room = frameSize - this.#size;
      this.#waiting.push(rest.subarray(0, room));
      rest = rest.subarray(room);
      sealed.push(this.#seal(false));
    }
    if (rest.length > 0) {
      this.#waiting.push(rest);
      this.#size += rest.length;
    }
    return sealed;
  }

  /** The last frame. Nothing may be pushed after it. */
  end(): Buffer {
    return this.#seal(true);
  }

  #seal(isLast: boolean): Buffer {
    const gcm = createCipheriv(cipher, this.#key, frameNonce(this.#index, isLast)).setAAD(this.#aad);
    const pieces = this.#waiting.map((piece) => gcm.update(piece));
    pieces.push(gcm.final(), gcm.getAuthTag());
    this.#index += 1;
    this.#waiting = [];
    this.#size = 0;
    return Buffer.concat(pieces);
  }
}

/**
 * The plaintext of frame `index` of blob `id`; `isLast` is what the reader expects (index === lastFrame(size)). Throws SealBroken.
 */
export function openFrame(key: Buffer, id: string, index: number, isLast: boolean, sealed: Uint8Array): Buffer {
  if (sealed.length < tagSize || sealed.length > sealedFrameSize)
    throw new SealBroken(`frame ${index} has the wrong size`);
  const opened = openGcm(key, frameNonce(index, isLast), Buffer.from(id, 'utf8'), sealed);
  if (opened === null) throw new SealBroken(`frame ${index} does not open`);
  return opened;
}

function frameNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(nonceSize);
  nonce.writeUInt32BE(index, nonceSize - 5);
  nonce[nonceSize - 1] = isLast ? 1 : 0;
  return nonce;
}

function wrap(masterKey: Buffer, purpose: string, context: string, plain: Buffer): string {
  const nonce = randomBytes(nonceSize);
  const gcm = createCipheriv(cipher, subkey(masterKey, purpose, context), nonce);
  const body = gcm.update(plain);
  gcm.final();
  return version + Buffer.concat([nonce, body, gcm.getAuthTag()]).toString('base64url');
}

function unwrap(masterKey: Buffer, purpose: string, context: string, wrapped: string): Buffer {
  if (!wrapped.startsWith(version)) throw new SealBroken(`sealed ${purpose} of an unknown version`);
  const octets = Buffer.from(wrapped.slice(version.length), 'base64url');
  if (octets.length < nonceSize + tagSize) throw new SealBroken(`sealed ${purpose} is too short`);
  const key = subkey(masterKey, purpose, context);
  const opened = openGcm(key, octets.subarray(0, nonceSize), null, octets.subarray(nonceSize));
  if (opened === null)
    throw new SealBroken(`sealed ${purpose} does not open under this master key, or belongs elsewhere`);
  return opened;
}

/**
 * Each purpose and place has a key of its own, which binds what is sealed to its place and keeps the number of random nonces under any
 * one key tiny, however many messages a master key serves. NIST SP 800-108 section 4.1.
 */
function subkey(masterKey: Buffer, purpose: string, context: string): Buffer {
  if (masterKey.length !== 32) throw new RangeError('a master key has 32 octets');
  return createHmac('sha256', masterKey).update(`\x01postern ${purpose}\0${context}`).digest();
}

function openGcm(key: Buffer, nonce: Buffer, aad: Buffer | null, sealed: Uint8Array): Buffer | null {
  const gcm = createDecipheriv(cipher, key, nonce, { authTagLength: tagSize });
  if (aad !== null) gcm.setAAD(aad);
  gcm.setAuthTag(sealed.subarray(sealed.length - tagSize));
  const plain = gcm.update(sealed.subarray(0, sealed.length - tagSize));
  try {
    gcm.final();
    return plain;
  } catch {
    return null;
  }
}
