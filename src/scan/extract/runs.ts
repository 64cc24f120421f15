/**
 * Text in octets of no known format: runs of at least six printable characters, in ASCII and UTF-8, and in UTF-16LE at even and odd offsets. Each
 * run is a line. Works while the octets stream by.
 *
 * Limits: UTF-16BE is not searched; in UTF-16LE only the alphabets of Europe and the Near East count as printable.
 */
import { isUtf8 } from 'node:buffer';
import type { OctetReader } from './charset.ts';
import type { TextWriter } from './pieces.ts';

const shortest = 6;
/** Octets of a run that are collected before they are written. */
const blockLength = 65_536;

/** `latin`: the octets are an old document's, where windows-1252 letters are text. */
export class Runs implements OctetReader {
  readonly #readers: readonly OctetReader[];

  constructor(open: () => TextWriter, options: { readonly latin?: boolean } = {}) {
    this.#readers = [new ByteRuns(open(), options.latin === true), new WideRuns(open(), 0), new WideRuns(open(), 1)];
  }

  push(octets: Buffer): void {
    for (const reader of this.#readers) reader.push(octets);
  }

  end(): void {
    for (const reader of this.#readers) reader.end();
  }
}

/** A run that grows, and goes out as a line once it is long enough. */
class Run {
  readonly #writer: TextWriter;
  readonly #decode: (octets: Buffer) => string;
  readonly #octets = Buffer.alloc(blockLength);
  readonly #shortest: number;
  #length = 0;
  #begun = false;

  constructor(writer: TextWriter, shortestOctets: number, decode: (octets: Buffer) => string) {
    this.#writer = writer;
    this.#shortest = shortestOctets;
    this.#decode = decode;
  }

  add(octet: number): void {
    if (this.#length === blockLength) this.#write();
    this.#octets[this.#length++] = octet;
  }

  stop(): void {
    if (this.#length === 0 && !this.#begun) return;
    if (this.#begun || this.#length >= this.#shortest) {
      this.#write();
      this.#writer.write('\n');
    }
    this.#length = 0;
    this.#begun = false;
  }

  end(): void {
    this.stop();
    this.#writer.end();
  }

  #write(): void {
    this.#writer.write(this.#decode(this.#octets.subarray(0, this.#length)));
    this.#length = 0;
    this.#begun = true;
  }
}

class ByteRuns implements OctetReader {
  readonly #run: Run;
  readonly #printable: Uint8Array;

  constructor(writer: TextWriter, latin: boolean) {
    this.#run = new Run(writer, shortest, latin ? latinText : utf8Text);
    this.#printable = printableOctets;
  }

  push(octets: Buffer): void {
    const printable = this.#printable;
    for (const octet of octets) {
      if (printable[octet] === 1) this.#run.add(octet);
      else this.#run.stop();
    }
  }

  end(): void {
    this.#run.end();
  }
}

const printableOctets = new Uint8Array(256).fill(1, 0x20).fill(1, 0x09, 0x0a);
printableOctets[0x7f] = 0;

const windows1252 = new TextDecoder('windows-1252');

function latinText(octets: Buffer): string {
  return isUtf8(octets) ? octets.toString('utf8') : windows1252.decode(octets);
}

/** What is no UTF-8 is noise: it becomes a line break, so that ASCII beside it stands by itself. */
function utf8Text(octets: Buffer): string {
  if (isUtf8(octets)) return octets.toString('utf8');
  return octets.toString('latin1').replaceAll(/[\x80-\xff]+/g, '\n');
}

class WideRuns implements OctetReader {
  readonly #run: Run;
  /** The low octet of a unit whose high octet is still to come; -1 between units. */
  #low: number;

  constructor(writer: TextWriter, offset: 0 | 1) {
    this.#run = new Run(writer, shortest * 2, (octets) => octets.toString('utf16le'));
    this.#low = offset === 0 ? -1 : 0;
  }

  push(octets: Buffer): void {
    for (const octet of octets) {
      const low = this.#low;
      if (low === -1) {
        this.#low = octet;
        continue;
      }
      if (isLetterUnit(low, octet)) {
        this.#run.add(low);
        this.#run.add(octet);
      } else {
        this.#run.stop();
      }
      this.#low = -1;
    }
  }

  end(): void {
    this.#run.end();
  }
}

/** Latin to Arabic, general punctuation and currency signs. */
function isLetterUnit(low: number, high: number): boolean {
  if (high === 0) return (low >= 0x20 && low < 0x7f) || low >= 0xa0 || low === 0x09;
  return high <= 0x06 || high === 0x1e || high === 0x1f || high === 0x20;
}
