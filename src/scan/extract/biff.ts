/**
 * The cells of old Excel workbooks that hold numbers (`readBiff`): rows as lines, cells set apart by tabs. Their strings are found as runs of
 * characters (runs.ts), and written here beside the numbers of their row where the workbook has a table of them.
 *
 * Standards: MS-XLS.
 * Limits: dates stay day numbers; results of formulas count when they are numbers.
 */
import type { TextWriter } from './pieces.ts';

const record = {
  number: 0x203,
  rk: 0x27e,
  mulRk: 0xbd,
  formula: 0x06,
  labelSst: 0xfd,
  sst: 0xfc,
  continued: 0x3c,
} as const;
const mostCharacters = 16_777_216;

/** Writes the cells of the workbook stream `octets`. Ends the writer. */
export function readBiff(octets: Buffer, writer: TextWriter): void {
  let strings: string[] = [];
  let row = -1;
  const cell = (data: Buffer, text: string) => {
    const next = data.readUInt16LE(0);
    writer.write(next === row ? `\t${text}` : `\n${text}`);
    row = next;
  };
  for (let at = 0; at + 4 <= octets.length; ) {
    const type = octets.readUInt16LE(at);
    const end = at + 4 + octets.readUInt16LE(at + 2);
    const data = octets.subarray(at + 4, end);
    at = end;
    if (type === record.sst) {
      const blocks = [data];
      while (at + 4 <= octets.length && octets.readUInt16LE(at) === record.continued) {
        const next = at + 4 + octets.readUInt16LE(at + 2);
        blocks.push(octets.subarray(at + 4, next));
        at = next;
      }
      strings = new StringTable(blocks).read();
    } else if (type === record.number && data.length >= 14) {
      cell(data, shown(data.readDoubleLE(6)));
    } else if (type === record.formula && data.length >= 14 && data.readUInt16LE(12) !== 0xffff) {
      cell(data, shown(data.readDoubleLE(6)));
    } else if (type === record.rk && data.length >= 10) {
      cell(data, shown(packedNumber(data.readUInt32LE(6))));
    } else if (type === record.mulRk) {
      for (let item = 4; item + 8 <= data.length; item += 6)
        cell(data, shown(packedNumber(data.readUInt32LE(item + 2))));
    } else if (type === record.labelSst && data.length >= 10) {
      cell(data, strings[data.readUInt32LE(6)] ?? '');
    }
  }
  writer.end();
}

function shown(number: number): string {
  return Number.isFinite(number) ? String(number) : '';
}

/** MS-XLS 2.5.216: 30 bits of an integer or of a double, and whether it is in hundredths. */
function packedNumber(packed: number): number {
  const octets = Buffer.alloc(8);
  octets.writeUInt32LE((packed & 0xfffffffc) >>> 0, 4);
  const value = (packed & 2) === 0 ? octets.readDoubleLE(0) : packed >> 2;
  return (packed & 1) === 0 ? value : value / 100;
}

/** MS-XLS 2.4.265: strings that run on from one record into the next, where each begins with a flag of its own. */
class StringTable {
  readonly #blocks: readonly Buffer[];
  #block = 0;
  #at = 8;

  constructor(blocks: readonly Buffer[]) {
    this.#blocks = blocks;
  }

  read(): string[] {
    const strings: string[] = [];
    let characters = 0;
    while (this.#left() > 0 && characters < mostCharacters) {
      const text = this.#string();
      if (text === null) break;
      characters += text.length;
      strings.push(text);
    }
    return strings;
  }

  #left(): number {
    while (this.#block < this.#blocks.length && this.#at >= this.#current().length) this.#next();
    return this.#current().length - this.#at;
  }

  #current(): Buffer {
    return this.#blocks[this.#block] ?? Buffer.alloc(0);
  }

  #next(): void {
    this.#block += 1;
    this.#at = 0;
  }

  #string(): string | null {
    const head = this.#current();
    if (this.#at + 3 > head.length) return null;
    let left = head.readUInt16LE(this.#at);
    let flags = head[this.#at + 2] ?? 0;
    this.#at += 3;
    let behind = 0;
    if ((flags & 8) !== 0 && this.#at + 2 <= head.length) {
      behind += head.readUInt16LE(this.#at) * 4;
      this.#at += 2;
    }
    if ((flags & 4) !== 0 && this.#at + 4 <= head.length) {
      behind += head.readUInt32LE(this.#at);
      this.#at += 4;
    }
    const parts: string[] = [];
    while (left > 0) {
      if (this.#at >= this.#current().length) {
        this.#next();
        if (this.#block >= this.#blocks.length) break;
        flags = this.#current()[0] ?? 0;
        this.#at = 1;
      }
      const block = this.#current();
      const width = (flags & 1) === 0 ? 1 : 2;
      const count = Math.min(left, Math.floor((block.length - this.#at) / width));
      parts.push(block.toString(width === 1 ? 'latin1' : 'utf16le', this.#at, this.#at + count * width));
      this.#at += count === 0 ? block.length : count * width;
      left -= count;
    }
    this.#skip(behind);
    return parts.join('');
  }

  /** Formatting and phonetic guides after a string. */
  #skip(octets: number): void {
    let left = octets;
    while (left > 0 && this.#left() > 0) {
      const here = Math.min(left, this.#left());
      this.#at += here;
      left -= here;
    }
  }
}
