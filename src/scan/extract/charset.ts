/**
 * Octets of text as text, while they stream by (`TextDecoding`). The charset is what the mark at the start says, else what is declared, else
 * what the text itself declares (HTML, XML), else UTF-8 or windows-1252.
 *
 * Decoding goes block by block, each ending at a line feed, which no charset of mail has inside a character. Zeros are left out: they
 * are what remains of UTF-32 and of UTF-16 that nobody recognised, and no program shows them.
 *
 * Limits: a line over 256 KB in a charset of several octets may lose the character at each 256 KB.
 */
import { decodeCharset } from '../../mail/text.ts';
import type { Source } from './octets.ts';
import type { TextWriter } from './pieces.ts';
import { headLength, utf16Of } from './sniff.ts';

/** Takes octets in order. */
export type OctetReader = { push(octets: Buffer): void; end(): void };

const blockLength = 262_144;

/** The charset for text that begins with `head`. `declared`: of the MIME header, "" when there is none. */
export function charsetOf(head: Buffer, declared: string): string {
  const start = head.subarray(0, headLength);
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  const utf16 = utf16Of(start);
  if (utf16 !== null) return utf16;
  const named = declared.trim().toLowerCase();
  // Text of single octets is no UTF-16, whatever the label says.
  if (named.startsWith('utf-16') || named.startsWith('ucs-2')) return start.includes(0) ? named : '';
  if (named !== '') return named;
  const inside = /(?:charset|encoding)\s{0,20}=\s{0,20}["']?([\w.:-]{1,40})/i.exec(
    start.toString('latin1', 0, 2_048),
  )?.[1];
  return inside === undefined || /^utf-?16/i.test(inside) ? '' : inside;
}

/** Decodes what is pushed and writes it to all of `writers`; ends them at its end. */
export class TextDecoding implements OctetReader {
  readonly #charset: string;
  readonly #wide: boolean;
  readonly #writers: readonly TextWriter[];
  #waiting: Buffer[] = [];
  #length = 0;

  constructor(charset: string, writers: readonly TextWriter[]) {
    this.#charset = charset;
    this.#wide = charset.startsWith('utf-16') || charset.startsWith('ucs-2');
    this.#writers = writers;
  }

  push(octets: Buffer): void {
    this.#waiting.push(octets);
    this.#length += octets.length;
    // One octet more than a block, which tells whether a character ends with it.
    if (this.#length <= blockLength) return;
    const all = Buffer.concat(this.#waiting);
    let from = 0;
    while (all.length - from > blockLength) {
      const end = this.#blockEnd(all, from);
      this.#decode(all.subarray(from, end));
      from = end;
    }
    this.#waiting = [all.subarray(from)];
    this.#length = all.length - from;
  }

  end(): void {
    this.#decode(Buffer.concat(this.#waiting));
    for (const writer of this.#writers) writer.end();
  }

  /** After the last line feed of a block, or where no UTF-8 or UTF-16 character is cut. */
  #blockEnd(all: Buffer, from: number): number {
    const limit = from + blockLength;
    if (this.#wide) {
      const units = limit - ((limit - from) & 1);
      const high = all[this.#charset.endsWith('be') ? units - 2 : units - 1] ?? 0;
      return (high & 0xfc) === 0xd8 ? units - 2 : units;
    }
    const feed = all.subarray(from, limit).lastIndexOf(0x0a);
    if (feed !== -1) return from + feed + 1;
    let end = limit;
    while (end > limit - 3 && ((all[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    return end;
  }

  #decode(octets: Buffer): void {
    const text = decodeCharset(octets, this.#charset).replaceAll(/[\0\ufeff]/g, '');
    for (const writer of this.#writers) writer.write(text);
  }
}

/** Decodes a whole stream of text into `writers`; `declared` as in `charsetOf`. */
export async function decodeText(octets: Source, declared: string, writers: readonly TextWriter[]): Promise<void> {
  const decoding = new TextDecoding(charsetOf(await octets.peek(headLength), declared), writers);
  await feed(octets.stream(), decoding);
}

/** Pushes a whole stream into `reader`, and ends it. */
export async function feed(octets: AsyncIterable<Buffer>, reader: OctetReader): Promise<void> {
  for await (const chunk of octets) reader.push(chunk);
  reader.end();
}
