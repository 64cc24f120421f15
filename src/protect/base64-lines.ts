/** Base64 in lines of 76 characters that end in CRLF, made while the octets stream through. RFC 2045 section 6.8. */

/** One line: 57 octets become 76 characters. */
const octetsPerLine = 57;
const charactersPerLine = 76;
/** Lines made at once: fewer cost more calls, more cost memory. */
const batch = 1024 * octetsPerLine;

/** Octets of what `base64Lines` makes of so many octets, line ends included. */
export function base64LinesSize(octets: number): number {
  const characters = Math.ceil(octets / 3) * 4;
  return characters + 2 * Math.ceil(characters / charactersPerLine);
}

/** The lines, some tens of kilobytes at a time; nothing for no octets. */
export async function* base64Lines(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of octets) {
    waiting.push(piece);
    size += piece.length;
    if (size < batch) continue;
    const all = Buffer.concat(waiting);
    const whole = all.length - (all.length % octetsPerLine);
    yield lines(all.subarray(0, whole));
    waiting = [all.subarray(whole)];
    size = all.length - whole;
  }
  if (size > 0) yield lines(Buffer.concat(waiting));
}

function lines(octets: Buffer): Buffer {
  const text = Buffer.from(octets.toString('base64'), 'latin1');
  // Memory of its own, so that it can move to another thread.
  const out = Buffer.allocUnsafeSlow(text.length + 2 * Math.ceil(text.length / charactersPerLine));
  let to = 0;
  for (let from = 0; from < text.length; from += charactersPerLine) {
    to += text.copy(out, to, from, from + charactersPerLine);
    out[to] = 0x0d;
    out[to + 1] = 0x0a;
    to += 2;
  }
  return out;
}
