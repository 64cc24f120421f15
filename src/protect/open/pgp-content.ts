/**
 * What is inside an encrypted OpenPGP message: the literal data, perhaps signed, perhaps compressed. RFC 9580 section 10.3, of whose grammar only this
 * is taken: one literal, signatures announced before it and given after it (or given before it, as of old), all of it compressed or not.
 *
 * Hostile input: what unpacks to more than `mostOctets`, or is packed more than `mostPacked` times, is refused as soon as that shows.
 * Limits: bzip2 is not read.
 */
import { Readable } from 'node:stream';
import { createInflate, createInflateRaw } from 'node:zlib';
import * as openpgp from 'openpgp';
import { noSignature, Refused, type SignatureVerdict, type Signing } from './opened.ts';
import { pgpDoesNotOpen } from './pgp-data.ts';
import { type Packet, PacketReader, tags } from './pgp-packets.ts';
import { Digests, type Manner, mannerOf, verdictOn } from './pgp-signatures.ts';

/** Octets of plaintext, unpacked. */
const mostOctets = 536_870_912;
const mostPacked = 4;
const mostSignaturePackets = 20;

const damaged = (): Refused => new Refused('damaged', 'The content of the OpenPGP message is damaged.');

/** The octets of the literal; at the end, the verdict on its signatures. Throws Refused. */
export async function* readContent(
  plaintext: AsyncIterable<Uint8Array>,
  signing: Signing,
): AsyncGenerator<Uint8Array, SignatureVerdict> {
  const found: Found = { manners: [], signatures: [], digests: null };
  let size = 0;
  for await (const chunk of literalIn(new PacketReader(plaintext), found, 0)) {
    size += chunk.length;
    if (size > mostOctets) throw new Refused('too-large', 'The message unpacks to more than is read.');
    found.digests?.update(chunk);
    yield chunk;
  }
  if (found.digests === null) throw damaged();
  found.digests.end();
  if (found.signatures.length === 0) {
    if (found.manners.length === 0) return noSignature;
    return { ...noSignature, status: 'invalid', why: 'The OpenPGP signature that was announced is missing.' };
  }
  const signature = await readSignature(Buffer.concat(found.signatures));
  if (signature === null) return { ...noSignature, status: 'invalid', why: 'The OpenPGP signature is damaged.' };
  return verdictOn(signature, found.digests, signing);
}

/** What stood around the literal. */
type Found = {
  readonly manners: Manner[];
  /** Whole signature packets. */
  readonly signatures: Buffer[];
  /** Set when the literal begins. */
  digests: Digests | null;
};

async function* literalIn(reader: PacketReader, found: Found, packed: number): AsyncGenerator<Uint8Array> {
  for (let packet = await reader.next(); packet !== null; packet = await reader.next()) {
    switch (packet.tag) {
      case tags.marker:
      case tags.padding:
        for await (const _ of packet.data());
        break;
      case tags.onePass:
        if (found.digests !== null) throw damaged();
        found.manners.push(announced(await packet.whole()));
        break;
      case tags.signature: {
        const octets = await packet.whole();
        found.signatures.push(Buffer.concat([packetHeader(tags.signature, octets.length), octets]));
        if (found.signatures.length > mostSignaturePackets) throw damaged();
        if (found.digests === null) found.manners.push(...(await manners(found.signatures.at(-1))));
        break;
      }
      case tags.literal:
        if (found.digests !== null) throw damaged();
        found.digests = new Digests(found.manners);
        yield* literal(packet);
        break;
      case tags.compressed:
        if (found.digests !== null || packed === mostPacked) throw damaged();
        yield* literalIn(new PacketReader(unpacked(packet)), found, packed + 1);
        break;
      default:
        throw damaged();
    }
  }
}

/** Section 5.4: what a one-pass packet says of the signature to come. */
function announced(octets: Buffer): Manner {
  const [version, type = 0, hash = 0, , saltSize = 0] = octets;
  const salt = version === 6 ? octets.subarray(5, 5 + saltSize) : Buffer.alloc(0);
  return { type, hash, salt };
}

async function manners(signature: Buffer | undefined): Promise<Manner[]> {
  const read = signature === undefined ? null : await readSignature(signature);
  return (read?.packets ?? []).map(mannerOf);
}

/** Section 5.9: a letter, a file name and a date, then the octets. */
async function* literal(packet: Packet): AsyncGenerator<Uint8Array> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const piece of packet.data()) {
    if (head === null) {
      yield piece;
      continue;
    }
    head = Buffer.concat([head, piece]);
    const size: number = 6 + (head[1] ?? 0);
    if (head.length < 2 || head.length < size) continue;
    if (head.length > size) yield head.subarray(size);
    head = null;
  }
  if (head !== null) throw damaged();
}

/** Section 5.6. Octets that do not unpack to their end are damaged: nothing is cut off unseen. */
async function* unpacked(packet: Packet): AsyncGenerator<Uint8Array> {
  const data = packet.data();
  const algorithm = await firstOctet(data);
  if (algorithm.octet === 0) {
    yield* algorithm.rest;
    return;
  }
  if (algorithm.octet !== 1 && algorithm.octet !== 2)
    throw new Refused('unsupported', 'The message is compressed in a way that is not read here.');
  const inflate = algorithm.octet === 1 ? createInflateRaw() : createInflate();
  const source = Readable.from(algorithm.rest, { objectMode: false });
  source.on('error', (error) => inflate.destroy(error));
  try {
    for await (const chunk of source.pipe(inflate)) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused('altered', pgpDoesNotOpen);
  } finally {
    source.destroy();
    inflate.destroy();
  }
}

async function firstOctet(
  data: AsyncGenerator<Buffer>,
): Promise<{ readonly octet: number; readonly rest: AsyncGenerator<Uint8Array> }> {
  const first = await data.next();
  if (first.done === true || first.value.length === 0) throw damaged();
  const [octet = 0] = first.value;
  const begin = first.value.subarray(1);
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    if (begin.length > 0) yield begin;
    yield* data;
  };
  return { octet, rest: rest() };
}

/** Signature packets as the library reads them; null when they are none. */
export async function readSignature(binarySignature: Buffer): Promise<openpgp.Signature | null> {
  try {
    const signature = await openpgp.readSignature({ binarySignature: new Uint8Array(binarySignature) });
    return signature.packets.length === 0 ? null : signature;
  } catch {
    return null;
  }
}

/** In the new format with a length of five octets. Section 4.2.1.3. */
export function packetHeader(tag: number, size: number): Buffer {
  const header = Buffer.from([0xc0 | tag, 0xff, 0, 0, 0, 0]);
  header.writeUInt32BE(size, 2);
  return header;
}
