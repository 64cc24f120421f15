/**
 * Tables of MAPI properties as TNEF lays them out (MS-OXTNEF section 2.1.3.4): `readProperties` reads one, `propertyText` gives a property's text. What
 * the properties mean says tnef.ts.
 *
 * Every value takes octets of the table, so a hostile count ends with the table.
 */
import { decodeCharset } from './text.ts';

/** `type` without the mark of several values; `values` as their octets. */
export type Property = { readonly id: number; readonly type: number; readonly values: readonly Uint8Array[] };

export const valueType = { object: 0x000d, string8: 0x001e, unicode: 0x001f, binary: 0x0102 } as const;
const variable = new Set<number>(Object.values(valueType));
const severalValues = 0x1000;
/** Octets of one value of a type of fixed size, padded to four. MS-OXTNEF section 2.1.3.4. */
const fixedSizes: Readonly<Record<number, number>> = {
  0x0001: 4,
  0x0002: 4,
  0x0003: 4,
  0x0004: 4,
  0x0005: 8,
  0x0006: 8,
  0x0007: 8,
  0x000a: 4,
  0x000b: 4,
  0x0014: 8,
  0x0040: 8,
  0x0048: 16,
};

/** Values of all properties of one table; after them nothing more is read. */
const mostValues = 20_000;

/** Reads a table; what it cannot read it says in `problems`. */
export function readProperties(octets: Uint8Array, problems: string[]): Property[] {
  const cursor = new Cursor(octets);
  const found: Property[] = [];
  let room = mostValues;
  for (let left = cursor.u32(); left > 0 && room > 0 && !cursor.short; left -= 1) {
    const type = cursor.u16();
    const base = type & ~severalValues;
    const id = cursor.u16();
    if (id >= 0x8000) skipName(cursor);
    const size = fixedSizes[base];
    if (size === undefined && !variable.has(base)) {
      problems.push('the winmail.dat holds a property of an unknown type');
      return found;
    }
    const values = size === undefined ? readValues(cursor, room) : [readFixed(cursor, type, size)];
    found.push({ id, type: base, values });
    room -= values.length + 1;
  }
  if (room <= 0) problems.push(`the winmail.dat holds a table of more than ${mostValues} values`);
  if (cursor.short) problems.push('the winmail.dat holds a table that is cut off');
  return found;
}

/** A property outside the standard ones carries a GUID and a number or a name. */
function skipName(cursor: Cursor): void {
  cursor.take(16);
  if (cursor.u32() === 0) cursor.u32();
  else cursor.padded(cursor.u32());
}

/** At most one value more than there is `room` for. */
function readValues(cursor: Cursor, room: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let left = cursor.u32(); left > 0 && values.length <= room && !cursor.short; left -= 1)
    values.push(cursor.padded(cursor.u32()));
  return values;
}

/** Numbers and times, one or several; nobody asks for one of several. */
function readFixed(cursor: Cursor, type: number, size: number): Uint8Array {
  return cursor.take((type & severalValues) === 0 ? size : cursor.u32() * size);
}

export function isText(candidate: Property): boolean {
  return candidate.type === valueType.string8 || candidate.type === valueType.unicode;
}

export function propertyText(text: Property, codePage: string): string {
  const charset = text.type === valueType.unicode ? 'utf-16le' : codePage;
  return text.values.map((value) => withoutEnd(decodeCharset(value, charset))).join('\n');
}

export function string8(octets: Uint8Array | null, codePage: string): string {
  return octets === null ? '' : withoutEnd(decodeCharset(octets, codePage));
}

/** Strings end with a NUL, and some with several. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\0') end -= 1;
  return text.slice(0, end);
}

/** Windows code pages that have no name of the form windows-N or iso-8859-N. */
const codePages: Readonly<Record<number, string>> = {
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1200: 'utf-16le',
  1201: 'utf-16be',
  10000: 'macintosh',
  20127: 'us-ascii',
  20866: 'koi8-r',
  20932: 'euc-jp',
  21866: 'koi8-u',
  50220: 'iso-2022-jp',
  50221: 'iso-2022-jp',
  50222: 'iso-2022-jp',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
  65000: 'utf-7',
  65001: 'utf-8',
};

export function charsetOf(codePage: number): string {
  const named = codePages[codePage];
  if (named !== undefined) return named;
  return codePage >= 28591 && codePage <= 28606 ? `iso-8859-${codePage - 28590}` : `windows-${codePage}`;
}

/** Reads little-endian numbers and runs of octets; past the end it gives zeros and sets `short`. */
export class Cursor {
  readonly #octets: Uint8Array;
  #at = 0;
  short = false;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u32(): number {
    return this.#number(4);
  }

  #number(size: number): number {
    let value = 0;
    const octets = this.take(size);
    for (let index = octets.length - 1; index >= 0; index -= 1) value = value * 256 + (octets[index] ?? 0);
    return octets.length === size ? value : 0;
  }

  take(length: number): Uint8Array {
    if (length > this.left) this.short = true;
    const octets = this.#octets.subarray(this.#at, this.#at + length);
    this.#at += octets.length;
    return octets;
  }

  /** Takes what is padded to a multiple of four octets; the last padding of a table may be missing. */
  padded(length: number): Uint8Array {
    const octets = this.take(length);
    this.#at = Math.min(this.#octets.length, this.#at + ((4 - (length % 4)) % 4));
    return octets;
  }

  onlyZeros(): boolean {
    return this.#octets.subarray(this.#at).every((octet) => octet === 0);
  }
}
