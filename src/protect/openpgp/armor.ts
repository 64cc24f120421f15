/**
 * ASCII armor, made while the octets stream through. RFC 9580 section 6.
 *
 * The checksum is one that GnuPG up to 2.2 cannot do without: it takes the end line for data when no padding or checksum comes before it. RFC 9580
 * section 6.1 has it left out only where nobody so old reads, which is where encryption of version 2 is.
 */
import { base64LinesSize, inBase64Lines } from '../base64-lines.ts';

type Armor = { readonly label: 'MESSAGE' | 'SIGNATURE'; readonly checksum: boolean };

const begin = (label: Armor['label']): string => `-----BEGIN PGP ${label}-----\r\n\r\n`;
const end = (label: Armor['label']): string => `-----END PGP ${label}-----\r\n`;
/** "=" and four characters and CRLF. */
const checksumSize = 7;

/** Octets of the armor of so many octets. */
export function armorSize(octets: number, { label, checksum }: Armor): number {
  return begin(label).length + base64LinesSize(octets) + (checksum ? checksumSize : 0) + end(label).length;
}

export async function* armored(
  octets: AsyncIterable<Uint8Array>,
  { label, checksum }: Armor,
): AsyncGenerator<Uint8Array> {
  const crc = { value: start };
  yield Buffer.from(begin(label));
  yield* inBase64Lines(checksum ? summed(octets, crc) : octets);
  yield Buffer.from(checksum ? `=${checksumOf(crc.value)}\r\n${end(label)}` : end(label));
}

/** CRC-24 in the upper bits of 32. Section 6.1.1. */
const start = 0xb704ce << 8;
const polynomial = 0x864cfb << 8;

async function* summed(octets: AsyncIterable<Uint8Array>, crc: { value: number }): AsyncGenerator<Uint8Array> {
  for await (const piece of octets) {
    crc.value = crc24(crc.value, piece);
    yield piece;
  }
}

function checksumOf(value: number): string {
  return Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff]).toString('base64');
}

/** What each octet does when 0 to 7 others follow it, 256 entries for each of those: octets are summed eight at a time. */
const table = new Int32Array(2048);
for (let of = 0; of < 256; of += 1) {
  let value = of << 24;
  for (let bit = 0; bit < 8; bit += 1) value = (value << 1) ^ (value < 0 ? polynomial : 0);
  table[of] = value;
}
for (let at = 256; at < 2048; at += 1) {
  const before = table[at - 256] ?? 0;
  table[at] = (before << 8) ^ (table[before >>> 24] ?? 0);
}

function crc24(from: number, octets: Uint8Array): number {
  let value = from;
  let at = 0;
  for (const whole = octets.length - (octets.length % 8); at < whole; at += 8) {
    value ^=
      (octet(octets, at) << 24) | (octet(octets, at + 1) << 16) | (octet(octets, at + 2) << 8) | octet(octets, at + 3);
    value =
      entry(7, value >>> 24) ^
      entry(6, (value >>> 16) & 0xff) ^
      entry(5, (value >>> 8) & 0xff) ^
      entry(4, value & 0xff) ^
      entry(3, octet(octets, at + 4)) ^
      entry(2, octet(octets, at + 5)) ^
      entry(1, octet(octets, at + 6)) ^
      entry(0, octet(octets, at + 7));
  }
  for (; at < octets.length; at += 1) value = (value << 8) ^ entry(0, (value >>> 24) ^ octet(octets, at));
  return value;
}

const octet = (octets: Uint8Array, at: number): number => octets[at] ?? 0;
const entry = (distance: number, of: number): number => table[distance * 256 + of] ?? 0;
