/**
 * The message as DATA carries it: RFC 5321 section 4.5.2 doubles a dot at the start of a line, and nothing else changes. Octets that
 * another server could take for a line end (bare CR, bare LF) or stumble over (NUL) must never leave: they are how one message is
 * smuggled into another, so they end the transfer instead of being repaired. Ingress has normalised every message before.
 */

const cr = 0x0d;
const lf = 0x0a;
const dot = 0x2e;
const extraDot = Buffer.from('.');

export class DotStuffer {
  #last = lf;
  #previous = cr;
  /** The octets so far, without the added dots. */
  octets = 0;

  /** The octets to send for `chunk`, in order; null when it holds one that must not be sent. */
  push(chunk: Uint8Array): Buffer[] | null {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (bytes.length === 0) return [];
    if (!this.#clean(bytes)) return null;
    const pieces: Buffer[] = [];
    let start = 0;
    if (bytes[0] === dot && this.#last === lf) pieces.push(extraDot);
    for (let at = bytes.indexOf('\n.'); at !== -1; at = bytes.indexOf('\n.', at + 2)) {
      pieces.push(bytes.subarray(start, at + 1), extraDot);
      start = at + 1;
    }
    pieces.push(bytes.subarray(start));
    this.octets += bytes.length;
    this.#previous = bytes.length > 1 ? (bytes[bytes.length - 2] ?? 0) : this.#last;
    this.#last = bytes[bytes.length - 1] ?? 0;
    return pieces;
  }

  /** What ends the message: a line end only if its last line has none. Null when it ends in half a line end. */
  end(): Buffer | null {
    if (this.#last === cr) return null;
    const complete = this.#last === lf && this.#previous === cr;
    return Buffer.from(complete ? '.\r\n' : '\r\n.\r\n');
  }

  /** Every CR is followed by LF and every LF follows CR, across chunks too. */
  #clean(bytes: Buffer): boolean {
    if (bytes.includes(0)) return false;
    if ((this.#last === cr) !== (bytes[0] === lf)) return false;
    for (let at = bytes.indexOf(lf, 1); at !== -1; at = bytes.indexOf(lf, at + 1))
      if (bytes[at - 1] !== cr) return false;
    for (let at = bytes.indexOf(cr); at !== -1 && at < bytes.length - 1; at = bytes.indexOf(cr, at + 1)) {
      if (bytes[at + 1] !== lf) return false;
    }
    return true;
  }
}
