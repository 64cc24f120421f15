/**
 * Writing DER: each function gives the finished octets of one value, so that certificates (issue.ts) and CMS (smime/) read like the
 * ASN.1 they follow. `header` alone begins a value whose content is streamed after it, its length known beforehand.
 *
 * Standards: ITU-T X.690.
 */
import { ObjectIdentifier } from 'asn1js';

/** Identifier and length octets of a value with `length` content octets. X.690 section 8.1. */
export function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([tag, 0x80 | octets.length, ...octets]);
}

function value(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([header(tag, length), ...contents]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => value(0x30, ...contents);
/** SET OF with one element, or elements already in order. */
export const set = (...contents: readonly Uint8Array[]): Buffer => value(0x31, ...contents);
/** [n] around a whole value (EXPLICIT), or in place of a constructed one's tag (IMPLICIT). */
export const tagged = (n: number, ...contents: readonly Uint8Array[]): Buffer => value(0xa0 | n, ...contents);
/** [n] IMPLICIT in place of a primitive's tag. */
export const taggedPrimitive = (n: number, content: Uint8Array): Buffer => value(0x80 | n, content);
export const octetString = (content: Uint8Array): Buffer => value(0x04, content);
/** Whole octets, or with the last `unused` bits left out. */
export const bitString = (content: Uint8Array, unused = 0): Buffer => value(0x03, Buffer.from([unused]), content);
export const utf8String = (text: string): Buffer => value(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (content: boolean): Buffer => value(0x01, Buffer.from([content ? 0xff : 0]));
export const nothing = (): Buffer => value(0x05);
/** An INTEGER from its content octets (two's complement), or from a small natural number. */
export const integer = (content: Uint8Array | number): Buffer =>
  value(0x02, typeof content === 'number' ? Buffer.from([content]) : content);
export const enumerated = (content: number): Buffer => value(0x0a, Buffer.from([content]));
export const oid = (dotted: string): Buffer => Buffer.from(new ObjectIdentifier({ value: dotted }).toBER());

/** UTCTime until 2049, GeneralizedTime after. RFC 5280 section 4.1.2.5. */
export function time(at: number): Buffer {
  const digits = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  return new Date(at).getUTCFullYear() < 2050
    ? value(0x17, Buffer.from(digits.slice(2)))
    : value(0x18, Buffer.from(digits));
}

/** A BIT STRING whose bits have names: ends with its last one bit. X.690 section 11.2.2. */
export function namedBits(positions: readonly number[]): Buffer {
  const last = Math.max(...positions);
  const octets = Buffer.alloc((last >> 3) + 1);
  for (const bit of positions) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(octets, 7 - (last & 7));
}
