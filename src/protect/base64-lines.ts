/** Base64 in lines of 76 characters that end in CRLF, made while the octets stream through. RFC 2045 section 6.8. */

/** 57 octets become 76 characters and CRLF. */
const octetsPerLine = 57;
const charactersPerLine = 76;
const lineLength = 78;
/** Fewer octets wait for those that follow, such as the tag of a chunk: each piece that goes on is a message between threads. */
const least = 18 * octetsPerLine;

/** Octets of what `inBase64Lines` makes of so many octets. */
export function base64LinesSize(octets: number): number {
  const characters = Math.ceil(octets / 3) * 4;
  return characters + 2 * Math.ceil(characters / charactersPerLine);
}

/** The lines, as many at a time as the pieces have, small pieces together with what follows them; nothing for no octets. */
export async function* inBase64Lines(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const piece of octets) {
    if (rest.length + piece.length < least) {
      rest = Buffer.concat([rest, piece]);
      continue;
    }
    const needed = (octetsPerLine - (rest.length % octetsPerLine)) % octetsPerLine;
    const first = Buffer.concat([rest, piece.subarray(0, needed)]);
    const end = piece.length - ((piece.length - needed) % octetsPerLine);
    yield wholeLines(first, piece.subarray(needed, end));
    rest = piece.subarray(end);
  }
  const end = rest.length - (rest.length % octetsPerLine);
  if (end > 0) yield wholeLines(rest.subarray(0, end), rest.subarray(end, end));
  if (end < rest.length) yield Buffer.from(`${rest.subarray(end).toBase64()}\r\n`, 'latin1');
}

/** Lines in a buffer of their own, which can move to another thread; both arguments have the octets of any number of whole lines. */
function wholeLines(first: Uint8Array, others: Uint8Array): Buffer {
  const lines = Buffer.allocUnsafeSlow(((first.length + others.length) / octetsPerLine) * lineLength);
  const view = new DataView(lines.buffer);
  let to = 0;
  for (const text of [first.toBase64(), others.toBase64()]) {
    const unbroken = viewOf(text);
    for (let from = 0; from < text.length; from += charactersPerLine, to += lineLength)
      putLine(unbroken, from, view, to);
  }
  return lines;
}

/** Characters without lines, in memory that serves for one text after the other. */
function viewOf(text: string): DataView {
  if (scratch.length < text.length) scratch = Buffer.allocUnsafeSlow(text.length);
  scratch.write(text, 'latin1');
  return new DataView(scratch.buffer);
}

let scratch = Buffer.allocUnsafeSlow(0);

/** The characters of one line, and CRLF. As a loop the same takes twice as long. */
function putLine(unbroken: DataView, from: number, lines: DataView, to: number): void {
  putEight(unbroken, from, lines, to);
  putEight(unbroken, from + 8, lines, to + 8);
  putEight(unbroken, from + 16, lines, to + 16);
  putEight(unbroken, from + 24, lines, to + 24);
  putEight(unbroken, from + 32, lines, to + 32);
  putEight(unbroken, from + 40, lines, to + 40);
  putEight(unbroken, from + 48, lines, to + 48);
  putEight(unbroken, from + 56, lines, to + 56);
  putEight(unbroken, from + 64, lines, to + 64);
  lines.setUint32(to + 72, unbroken.getUint32(from + 72));
  lines.setUint16(to + 76, 0x0d0a);
}

function putEight(unbroken: DataView, from: number, lines: DataView, to: number): void {
  lines.setBigUint64(to, unbroken.getBigUint64(from));
}
