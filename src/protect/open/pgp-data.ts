/**
 * The encrypted data packets of OpenPGP, decrypted with node:crypto while the octets stream through: version 1 with its modification code, version 2 and
 * GnuPG's own packet with authenticated chunks (OCB, GCM, EAX). The library does the same many times slower.
 *
 * Of version 1 octets are given out before the code at the end is compared, so the caller keeps them apart until the generator has returned; that the code is
 * there, and that nothing follows it, is part of the comparison. Section numbers are those of RFC 9580, which openpgp.ts follows.
 *
 * Limits: no CAST5, Blowfish, IDEA or Twofish.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Refused } from './opened.ts';

/** Said of every failure alike. */
export const pgpDoesNotOpen = 'The message does not open with the key it names: it was altered or damaged on its way.';
const altered = (): Refused => new Refused('altered', pgpDoesNotOpen);

type Cipher = { readonly name: string; readonly key: number; readonly block: number };

/** Section 9.3. */
const ciphers: Readonly<Record<number, Cipher>> = {
  2: { name: 'des-ede3', key: 24, block: 8 },
  7: { name: 'aes-128', key: 16, block: 16 },
  8: { name: 'aes-192', key: 24, block: 16 },
  9: { name: 'aes-256', key: 32, block: 16 },
  11: { name: 'camellia-128', key: 16, block: 16 },
  12: { name: 'camellia-192', key: 24, block: 16 },
  13: { name: 'camellia-256', key: 32, block: 16 },
};

/** Section 9.6: octets of the nonce. */
const aeads: Readonly<Record<number, { readonly mode: 'eax' | 'ocb' | 'gcm'; readonly nonce: number }>> = {
  1: { mode: 'eax', nonce: 16 },
  2: { mode: 'ocb', nonce: 15 },
  3: { mode: 'gcm', nonce: 12 },
};
const tagSize = 16;
/** Octets of a chunk are 2 to the power of this and six at most: 4 MiB, as section 5.13.2 says. */
const mostChunk = 16;
const codeSize = 22;

/** The cipher a session key is for: its number is in the key's packet, or null where the data packet has it. */
export type SessionKey = { readonly key: Uint8Array; readonly cipher: number | null };

/** The plaintext of version 1 whose version octet was read. Section 5.13.1. Throws Refused. */
export async function* openVersion1(data: AsyncIterable<Uint8Array>, sessionKey: SessionKey): AsyncGenerator<Buffer> {
  const cipher = cipherOf(sessionKey.cipher, sessionKey.key);
  const cfb = createDecipheriv(`${cipher.name}-cfb`, sessionKey.key, Buffer.alloc(cipher.block));
  const hash = createHash('sha1');
  // What may be the code at the end waits until more comes.
  let waiting: Buffer = Buffer.alloc(0);
  let prefix = cipher.block + 2;
  for await (const piece of data) {
    waiting = Buffer.concat([waiting, cfb.update(piece)]);
    const ready = waiting.length - codeSize;
    if (ready <= 0) continue;
    const plain = waiting.subarray(0, ready);
    hash.update(plain);
    const random = Math.min(prefix, plain.length);
    prefix -= random;
    if (plain.length > random) yield plain.subarray(random);
    waiting = waiting.subarray(ready);
  }
  if (prefix > 0 || waiting.length !== codeSize) throw altered();
  hash.update(waiting.subarray(0, 2));
  const whole = waiting[0] === 0xd3 && waiting[1] === 0x14;
  if (!timingSafeEqual(hash.digest(), waiting.subarray(2)) || !whole) throw altered();
}

/** The plaintext of version 2 after its head. Section 5.13.2. Nothing is given out that was not authenticated. Throws Refused. */
export function openVersion2(
  data: AsyncIterable<Uint8Array>,
  { key }: SessionKey,
  head: { readonly cipher: number; readonly aead: number; readonly chunk: number; readonly salt: Uint8Array },
): AsyncGenerator<Buffer> {
  const cipher = ciphers[head.cipher];
  const aead = aeads[head.aead];
  if (cipher === undefined || aead === undefined || head.chunk > mostChunk) throw unsupported();
  if (key.length !== cipher.key) throw altered();
  const associated = Buffer.from([0xd2, 2, head.cipher, head.aead, head.chunk]);
  const derived = Buffer.from(hkdfSync('sha256', key, head.salt, associated, cipher.key + aead.nonce - 8));
  const iv = derived.subarray(cipher.key);
  const open = opener(aead.mode, cipher, derived.subarray(0, cipher.key));
  return openChunks(data, 2 ** (head.chunk + 6), {
    chunk: (sealed, index) => open(Buffer.concat([iv, eightOctets(index)]), associated, sealed),
    last: (sealed, index, size) =>
      open(Buffer.concat([iv, eightOctets(index)]), Buffer.concat([associated, eightOctets(size)]), sealed),
  });
}

/** The plaintext of GnuPG's packet (tag 20) after its head; draft-koch-librepgp section 5.16. As openVersion2. */
export function openGnupg(
  data: AsyncIterable<Uint8Array>,
  { key, cipher: named }: SessionKey,
  head: { readonly cipher: number; readonly aead: number; readonly chunk: number; readonly nonce: Buffer },
): AsyncGenerator<Buffer> {
  const cipher = ciphers[head.cipher];
  const aead = aeads[head.aead];
  if (cipher === undefined || aead === undefined || head.chunk > mostChunk) throw unsupported();
  if (key.length !== cipher.key || (named !== null && named !== head.cipher)) throw altered();
  const open = opener(aead.mode, cipher, key);
  const associated = Buffer.from([0xd4, 1, head.cipher, head.aead, head.chunk]);
  const nonceAt = (index: bigint): Buffer => {
    const nonce = Buffer.from(head.nonce);
    const at = nonce.length - 8;
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(at) ^ index, at);
    return nonce;
  };
  return openChunks(data, 2 ** (head.chunk + 6), {
    chunk: (sealed, index) => open(nonceAt(index), Buffer.concat([associated, eightOctets(index)]), sealed),
    last: (sealed, index, size) =>
      open(nonceAt(index), Buffer.concat([associated, eightOctets(index), eightOctets(size)]), sealed),
  });
}

/** Octets of the nonce of a mode, for reading the head of GnuPG's packet. */
export function nonceSize(aead: number): number {
  const known = aeads[aead];
  if (known === undefined) throw unsupported();
  return known.nonce;
}

type Chunks = {
  readonly chunk: (sealed: Buffer, index: bigint) => Buffer | null;
  readonly last: (sealed: Buffer, index: bigint, size: bigint) => Buffer | null;
};

/** Chunks, each with its tag, and after the last one a tag over how many octets there were. */
async function* openChunks(data: AsyncIterable<Uint8Array>, chunkSize: number, open: Chunks): AsyncGenerator<Buffer> {
  const sealedSize = chunkSize + tagSize;
  let waiting: Buffer[] = [];
  let held = 0;
  let index = 0n;
  let size = 0n;
  const opened = (sealed: Buffer): Buffer => {
    const plain = sealed.length < tagSize ? null : open.chunk(sealed, index);
    if (plain === null) throw altered();
    index += 1n;
    size += BigInt(plain.length);
    return plain;
  };
  for await (const piece of data) {
    waiting.push(Buffer.from(piece));
    held += piece.length;
    // The last tag is known only at the end, so it must stay behind.
    if (held < sealedSize + tagSize) continue;
    let all = Buffer.concat(waiting);
    for (; all.length >= sealedSize + tagSize; all = all.subarray(sealedSize))
      yield opened(all.subarray(0, sealedSize));
    waiting = [all];
    held = all.length;
  }
  const rest = Buffer.concat(waiting);
  const chunkEnd = rest.length - tagSize;
  if (chunkEnd < 0) throw altered();
  if (chunkEnd > 0) yield opened(rest.subarray(0, chunkEnd));
  if (open.last(rest.subarray(chunkEnd), index, size) === null) throw altered();
}

/** Opens octets with their tag at the end, or null. */
type Open = (nonce: Buffer, associated: Buffer, sealed: Buffer) => Buffer | null;

function opener(mode: 'eax' | 'ocb' | 'gcm', { name, block }: Cipher, key: Uint8Array): Open {
  if (block !== 16 || (mode !== 'eax' && !name.startsWith('aes-'))) throw unsupported();
  if (mode === 'eax') return (nonce, associated, sealed) => openEax(name, key, nonce, associated, sealed);
  return (nonce, associated, sealed) => {
    const body = sealed.subarray(0, sealed.length - tagSize);
    const decipher =
      mode === 'ocb'
        ? createDecipheriv(`${name as 'aes-256'}-ocb`, key, nonce, { authTagLength: tagSize })
        : createDecipheriv(`${name as 'aes-256'}-gcm`, key, nonce, { authTagLength: tagSize });
    decipher.setAAD(associated, { plaintextLength: body.length });
    decipher.setAuthTag(sealed.subarray(sealed.length - tagSize));
    try {
      const plain = decipher.update(body);
      return Buffer.concat([plain, decipher.final()]);
    } catch {
      return null;
    }
  };
}

/** EAX by its definition (Bellare, Rogaway, Wagner 2003): counter mode under three message authentication codes. */
function openEax(name: string, key: Uint8Array, nonce: Buffer, associated: Buffer, sealed: Buffer): Buffer | null {
  const body = sealed.subarray(0, sealed.length - tagSize);
  const tag = sealed.subarray(sealed.length - tagSize);
  const code = (which: number, octets: Buffer): Buffer =>
    cmac(name, key, Buffer.concat([Buffer.alloc(15), Buffer.from([which]), octets]));
  const start = code(0, nonce);
  const expected = xor(xor(start, code(1, associated)), code(2, body));
  if (tag.length !== tagSize || !timingSafeEqual(expected, tag)) return null;
  return createDecipheriv(`${name}-ctr`, key, start).update(body);
}

/** NIST SP 800-38B. `octets` are never empty here. */
function cmac(name: string, key: Uint8Array, octets: Buffer): Buffer {
  const encrypt = (blocks: Buffer): Buffer =>
    createCipheriv(`${name}-cbc`, key, Buffer.alloc(16)).setAutoPadding(false).update(blocks);
  const doubled = (block: Buffer): Buffer => {
    const out = Buffer.alloc(16);
    for (let at = 0; at < 16; at += 1) out[at] = ((block[at] ?? 0) << 1) | ((block[at + 1] ?? 0) >> 7);
    if (((block[0] ?? 0) & 0x80) !== 0) out[15] = (out[15] ?? 0) ^ 0x87;
    return out;
  };
  const single = doubled(encrypt(Buffer.alloc(16)));
  const lastStart = Math.floor((octets.length - 1) / 16) * 16;
  const last = octets.subarray(lastStart);
  const full = last.length === 16;
  const padded = full ? last : Buffer.concat([last, Buffer.from([0x80]), Buffer.alloc(15 - last.length)]);
  const blocks = Buffer.concat([octets.subarray(0, lastStart), xor(padded, full ? single : doubled(single))]);
  return encrypt(blocks).subarray(-16);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((octet, at) => octet ^ (b[at] ?? 0)));
}

function cipherOf(id: number | null, key: Uint8Array): Cipher {
  const cipher = id === null ? undefined : ciphers[id];
  if (cipher === undefined) throw unsupported();
  if (key.length !== cipher.key) throw altered();
  return cipher;
}

function eightOctets(value: bigint): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(value);
  return octets;
}

const unsupported = (): Refused =>
  new Refused('unsupported', 'The message is encrypted with a cipher that is not read here.');
