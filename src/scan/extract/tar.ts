/**
 * Tar archives as they stream by: each member is looked into in turn. Names of any length (GNU) and paths in extended headers (pax) are read.
 *
 * Standards: POSIX.1-2017 pax.
 * Limits: holes of sparse files are not filled.
 */
import { decodeCharset } from '../../mail/text.ts';
import type { Source } from './octets.ts';
import { type Site, unknownFile } from './site.ts';

const block = 512;
/** Octets of a name or of an extended header that are read. */
const longestHeader = 65_536;

export async function readTar(site: Site, octets: Source): Promise<void> {
  let longName: string | null = null;
  for (let number = 1; ; ) {
    const header = await octets.take(block);
    if (header.length === 0 || isZero(header)) return;
    const size = header.length === block && sumMatches(header) ? numberAt(header, 124, 12) : null;
    if (size === null) {
      site.blind('content', 'the archive is damaged');
      return;
    }
    const type = String.fromCharCode(header[156] ?? 0);
    if ('LKxg'.includes(type)) {
      const text = await readHeaderText(octets, size);
      if (type === 'L') longName = text.replace(/\0.*$/s, '');
      if (type === 'x') longName = paxPath(text) ?? longName;
    } else {
      const data = octets.stream(size);
      const declared = { ...unknownFile, fileName: longName ?? nameOf(header) };
      const folder = type === '5' && size === 0;
      if (!folder && !(await site.member(number, declared, data, size))) return;
      // What the look left, so that the next header comes next.
      for await (const rest of data) void rest;
      longName = null;
      number += 1;
    }
    await octets.take((block - (size % block)) % block);
  }
}

async function readHeaderText(octets: Source, size: number): Promise<string> {
  const text = await octets.take(Math.min(size, longestHeader));
  for await (const rest of octets.stream(size - text.length)) void rest;
  return decodeCharset(text, '');
}

/** Records are "LENGTH KEY=VALUE\n". */
function paxPath(records: string): string | null {
  return /(?:^|\n)\d{1,7} path=([^\n]*)/.exec(records)?.[1] ?? null;
}

function nameOf(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textAt(header, 345, 155) : '';
  return prefix === '' ? textAt(header, 0, 100) : `${prefix}/${textAt(header, 0, 100)}`;
}

function textAt(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeCharset(end === -1 ? field : field.subarray(0, end), '');
}

/** Octal digits, or, with the first bit set, a binary number. */
function numberAt(header: Buffer, at: number, length: number): number | null {
  if (((header[at] ?? 0) & 0x80) !== 0) {
    const value = Number(header.readBigUInt64BE(at + length - 8));
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = header
    .toString('latin1', at, at + length)
    .replaceAll('\0', ' ')
    .trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : null;
}

/** Whether octets begin with a header that is sound. */
export function beginsAsTar(head: Buffer): boolean {
  return head.length >= block && head[0] !== 0 && sumMatches(head.subarray(0, block));
}

/** The sum of a header counts its own field as spaces. */
function sumMatches(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (const [at, octet] of header.entries()) if (at < 148 || at >= 156) sum += octet;
  return numberAt(header, 148, 8) === sum;
}

function isZero(header: Buffer): boolean {
  return header.every((octet) => octet === 0);
}
