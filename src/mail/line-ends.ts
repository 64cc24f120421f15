/**
 * Line ends, dealt with once: what leaves here has CRLF as its only line end, before anything is hashed, signed, stored or relayed.
 *
 *   bare LF -> CRLF        bare CR -> CRLF        CR CR LF -> CRLF CRLF        NUL -> the message is refused (554 5.6.0)
 *
 * The sequences with which messages are smuggled past a relay ("LF . LF", "CR . CRLF" and their kin, CVE-2023-51764) so become lone dots on
 * lines of their own inside one message, which the SMTP client doubles on the way out like any dot. Refusing them instead would bounce
 * the honest mail of old senders; passing them on would let the next server see two messages. A NUL has no honest use in mail,
 * readers disagree on whether the text ends there, and nothing it could be replaced with keeps a signature: it is refused.
 *
 * A chunk without anything to change is handed on as it is, not copied. Each octet is looked at once, whatever the input.
 *
 * Limits: octets of a body that was sent as binary under DATA (forbidden, BINARYMIME is not offered) are changed like any text.
 */

const nul = 0x00;
const lf = 0x0a;
const cr = 0x0d;

export class LineEnds {
  /** The last octet handed out was a CR; its LF is the next octet, here or in the next chunk. */
  #afterCr = false;
  #sawNul = false;

  /** True as soon as a NUL came by; what was handed out since is worthless. */
  get sawNul(): boolean {
    return this.#sawNul;
  }

  /** The next octets with their line ends made CRLF: `chunk` itself when nothing had to be changed. */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    if (this.#afterCr && chunk[0] !== lf) return this.#rewrite(chunk, 0);
    for (let at = this.#afterCr ? 1 : 0; at < chunk.length; at++) {
      const octet = chunk[at] as number;
      if (octet > cr) continue; // nearly every octet of every message
      if (octet === nul) this.#sawNul = true;
      if (octet === lf) return this.#rewrite(chunk, at);
      if (octet !== cr) continue;
      at += 1;
      if (at < chunk.length && chunk[at] !== lf) return this.#rewrite(chunk, at);
    }
    this.#afterCr = chunk[chunk.length - 1] === cr;
    return chunk;
  }

  /** The octets still owed after the last chunk. */
  end(): Buffer {
    const owed = this.#afterCr ? '\n' : '';
    this.#afterCr = false;
    return Buffer.from(owed);
  }

  /** `from`: the first octet before which something is missing. */
  #rewrite(chunk: Buffer, from: number): Buffer {
    const out = Buffer.allocUnsafe(from + 2 * (chunk.length - from) + 1);
    chunk.copy(out, 0, 0, from);
    let length = from;
    let afterCr = from === 0 ? this.#afterCr : chunk[from - 1] === cr;
    for (let at = from; at < chunk.length; at++) {
      const octet = chunk[at] ?? nul;
      if (octet === nul) this.#sawNul = true;
      if (afterCr && octet !== lf) out[length++] = lf;
      if (!afterCr && octet === lf) out[length++] = cr;
      out[length++] = octet;
      afterCr = octet === cr;
    }
    this.#afterCr = afterCr;
    return out.subarray(0, length);
  }
}
