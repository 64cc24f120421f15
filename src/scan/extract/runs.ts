/**
 * Text in octets of no known format: runs of at least six printable characters, in ASCII and UTF-8, and in UTF-16LE at even and odd offsets. Each
 * run is a line. Works while the octets stream by.
 *
 * Limits: UTF-16BE is not searched; in UTF-16LE only the alphabets of Europe and the Near East count as printable. A run is decoded in blocks, and
 * a character beyond ASCII may be lost where they meet.
 */
import { isUtf8 } from 'node:buffer';
import type { OctetReader } from './charset.ts';
import type { TextWriter } from './pieces.ts';

const shortest = 6;
/** Octets that are searched at once; a longer run goes out in blocks of this length. */
const blockLength = 65_536;

/** `open` gives a writer for each encoding. `latin`: the octets are an old document's, where windows-1252 letters are text. */
export class Runs implements OctetReader {
  readonly #finders: readonly Finder[];
  #waiting: Buffer[] = [];
  #length = 0;

  constructor(open: () => TextWriter, options: { readonly latin?: boolean } = {}) {
    const bytes = options.latin === true ? latinText : utf8Text;
    this.#finders = [
      new Finder(open(), byteEncoding, bytes, 0),
      ...[0, 1].map((skip) => new Finder(open(), wideEncoding, wideText, skip)),
    ];
  }

  push(octets: Buffer): void {
    this.#waiting.push(octets);
    this.#length += octets.length;
    if (this.#length >= blockLength) this.#search();
  }

  end(): void {
    this.#search();
    for (const finder of this.#finders) finder.end();
  }

  #search(): void {
    const octets = Buffer.concat(this.#waiting);
    for (const finder of this.#finders) finder.push(octets);
    this.#waiting = [];
    this.#length = 0;
  }
}

/** How characters stand in octets. */
type Encoding = {
  readonly width: 1 | 2;
  /** Where the next printable character begins, from `at` on; `end` when there is none. */
  readonly printableFrom: (octets: Buffer, at: number, end: number) => number;
  /** Where the printable characters from `at` on end. */
  readonly printableTo: (octets: Buffer, at: number, end: number) => number;
};

class Finder {
  readonly #writer: TextWriter;
  readonly #encoding: Encoding;
  readonly #decode: (octets: Buffer) => string;
  /** Octets that are left out at the very start. */
  #skip: number;
  /** An unfinished run, or half a character. */
  #rest: Buffer = Buffer.alloc(0);
  /** Blocks of the unfinished run went out already. */
  #begun = false;

  constructor(writer: TextWriter, encoding: Encoding, decode: (octets: Buffer) => string, skip: number) {
    this.#writer = writer;
    this.#encoding = encoding;
    this.#decode = decode;
    this.#skip = skip;
  }

  push(more: Buffer): void {
    const octets = this.#rest.length === 0 ? more.subarray(this.#skip) : Buffer.concat([this.#rest, more]);
    this.#skip = Math.max(0, this.#skip - more.length);
    const { width, printableFrom, printableTo } = this.#encoding;
    const end = octets.length - (octets.length % width);
    let at = 0;
    while (at < end) {
      // A run that is under way may end here.
      const start = this.#begun ? at : printableFrom(octets, at, end);
      const to = start === end ? end : printableTo(octets, start, end);
      at = this.#writeBlocks(octets, start, to);
      if (to === end) break;
      this.#finish(octets.subarray(at, to));
      at = to + width;
    }
    this.#rest = Buffer.from(octets.subarray(Math.min(at, octets.length)));
  }

  end(): void {
    const { width } = this.#encoding;
    this.#finish(this.#rest.subarray(0, this.#rest.length - (this.#rest.length % width)));
    this.#writer.end();
  }

  /** Writes as much of a run as fills blocks; where the rest begins. */
  #writeBlocks(octets: Buffer, from: number, to: number): number {
    let at = from;
    for (; to - at >= blockLength; at += blockLength) {
      this.#writer.write(this.#decode(octets.subarray(at, at + blockLength)));
      this.#begun = true;
    }
    return at;
  }

  #finish(last: Buffer): void {
    if (this.#begun || last.length >= shortest * this.#encoding.width) this.#writer.write(`${this.#decode(last)}\n`);
    this.#begun = false;
  }
}

const printableOctets = new Uint8Array(256).fill(1, 0x20).fill(1, 0x09, 0x0a);
printableOctets[0x7f] = 0;

const byteEncoding: Encoding = {
  width: 1,
  printableFrom(octets, from, end) {
    let at = from;
    while (at < end && printableOctets[octets[at] ?? 0] === 0) at += 1;
    return at;
  },
  printableTo(octets, from, end) {
    let at = from;
    while (at < end && printableOctets[octets[at] ?? 0] === 1) at += 1;
    return at;
  },
};

const windows1252 = new TextDecoder('windows-1252');

function latinText(octets: Buffer): string {
  return isUtf8(octets) ? octets.toString('utf8') : windows1252.decode(octets);
}

/** What is no UTF-8 is noise, and ASCII in it stands by itself. */
function utf8Text(octets: Buffer): string {
  if (isUtf8(octets)) return octets.toString('utf8');
  return (octets.toString('latin1').match(/[\t\x20-\x7e]{6,}/g) ?? []).join('\n');
}

const wideEncoding: Encoding = {
  width: 2,
  printableFrom(octets, from, end) {
    let at = from;
    while (at < end && !isLetterUnit(octets[at] ?? 0, octets[at + 1] ?? 0)) at += 2;
    return at;
  },
  printableTo(octets, from, end) {
    let at = from;
    while (at < end && isLetterUnit(octets[at] ?? 0, octets[at + 1] ?? 0)) at += 2;
    return at;
  },
};

/** Latin to Arabic, general punctuation and currency signs. */
function isLetterUnit(low: number, high: number): boolean {
  if (high > 0x20) return false;
  if (high === 0) return low >= 0x20 ? low < 0x7f || low >= 0xa0 : low === 0x09;
  return high <= 0x06 || high >= 0x1e;
}

function wideText(octets: Buffer): string {
  return octets.toString('utf16le');
}
