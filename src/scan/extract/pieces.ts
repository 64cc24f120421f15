/**
 * Text on its way out, cut into the pieces of scan/job.ts: at white space where there is some, each beginning with the end of the one before.
 * Where the cuts are does not depend on how the text came in.
 */
import { pieceLength, pieceOverlap } from '../job.ts';

/** Takes text as it is found, in order. */
export type TextWriter = { write(text: string): void; end(): void };

/** Writes to `reader`; the end of it is the end of what it writes to in turn. */
export function endingTogether(reader: TextWriter, ...into: readonly TextWriter[]): TextWriter {
  return {
    write: (text) => reader.write(text),
    end: () => {
      for (const each of [reader, ...into]) each.end();
    },
  };
}

/** How far before the longest piece's end white space is looked for. */
const searched = 4_096;

export class Pieces implements TextWriter {
  readonly #emit: (text: string) => void;
  #waiting: string[] = [];
  #length = 0;
  /** Characters at the start of what waits that went out already, in the piece before. */
  #sent = 0;

  /** `emit` gets each piece; pieces without anything but white space are left out. */
  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  write(text: string): void {
    if (text === '') return;
    this.#waiting.push(text);
    this.#length += text.length;
    if (this.#length > pieceLength) this.#cut();
  }

  end(): void {
    const text = this.#waiting.join('');
    this.#waiting = [];
    if (text.length > this.#sent) this.#send(text);
    this.#length = 0;
    this.#sent = 0;
  }

  #cut(): void {
    const text = this.#waiting.join('');
    let from = 0;
    while (text.length - from > pieceLength) {
      const end = cutBefore(text, from + pieceLength);
      this.#send(text.slice(from, end));
      from = end - pieceOverlap;
      this.#sent = pieceOverlap;
    }
    // A copy, so that the long text behind the slice can go.
    this.#waiting = [text.slice(from)];
    this.#length = text.length - from;
  }

  #send(text: string): void {
    if (/\S/.test(text)) this.#emit(text);
  }
}

/** The last white space in the `searched` characters before `end`, else `end` itself, but never inside a surrogate pair. */
function cutBefore(text: string, end: number): number {
  for (let at = end; at > end - searched; at -= 1) if (isSpace(text.charCodeAt(at - 1))) return at;
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0;
}
