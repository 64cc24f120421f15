/**
 * The content of DATA: where it ends, and its doubled dots made single again. Only CRLF . CRLF ends it, whatever else looks like a
 * line to some other server; a message is one message (see mail/line-ends.ts for what then happens to odd line ends).
 *
 * A chunk without a dot at the start of a line is handed on as it is, not copied. Each octet is looked at once, whatever the input.
 */

const lf = 0x0a;
const cr = 0x0d;
const dot = 0x2e;
const dottedLine = Buffer.from('\r\n.');

/** Where the next octet stands. The dot at the start of a line is taken out as soon as it is seen. */
const inLine = 0;
const afterCr = 1;
const lineStart = 2;
const afterDot = 3;
const afterDotCr = 4;

export type Decoded = {
  readonly content: Buffer;
  /** What follows the end of the content in this chunk; null while the content goes on. */
  readonly rest: Buffer | null;
};

export class DotDecoder {
  #state = lineStart;

  /** The next octets as the client sent them. Not to be called again once `rest` was returned. */
  push(chunk: Buffer): Decoded {
    const at = this.#firstDot(chunk);
    if (at !== -1) return this.#rewrite(chunk, at, at === 0 ? this.#state : lineStart);
    // without a dot in the way the last two octets say where the next one stands
    for (const octet of chunk.subarray(-2)) this.#state = next(this.#state, octet);
    return { content: chunk, rest: null };
  }

  /** Where the octets stop being content as they are; -1 when they do not. */
  #firstDot(chunk: Buffer): number {
    if (this.#state > lineStart || (this.#state === lineStart && chunk[0] === dot)) return 0;
    if (this.#state === afterCr && chunk[0] === lf && chunk[1] === dot) return 1;
    const found = chunk.indexOf(dottedLine);
    return found === -1 ? -1 : found + 2;
  }

  /** RFC 5321 section 4.5.2. `from`: the first octet that may not be content. */
  #rewrite(chunk: Buffer, from: number, stateAtFrom: number): Decoded {
    // one octet more than came in: the CR held back behind a dot in the chunk before
    const out = Buffer.allocUnsafe(chunk.length + 1);
    chunk.copy(out, 0, 0, from);
    let length = from;
    let state = stateAtFrom;
    for (let at = from; at < chunk.length; at++) {
      const octet = chunk[at] ?? 0;
      if (state === lineStart && octet === dot) {
        state = afterDot;
        continue;
      }
      if (state === afterDot && octet === cr) {
        state = afterDotCr;
        continue;
      }
      if (state === afterDotCr) {
        if (octet === lf) return { content: out.subarray(0, length), rest: chunk.subarray(at + 1) };
        out[length++] = cr;
        state = afterCr;
      }
      out[length++] = octet;
      state = next(state, octet);
    }
    this.#state = state;
    return { content: out.subarray(0, length), rest: null };
  }
}

function next(state: number, octet: number): number {
  if (octet === cr) return afterCr;
  return octet === lf && state === afterCr ? lineStart : inLine;
}
