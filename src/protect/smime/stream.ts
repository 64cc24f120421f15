/**
 * Octets under way whose number is known before the first of them: what lets DER have definite lengths, and SMTP be told a size, without keeping
 * anything. `counted` holds a source to its number, `joined` strings several together, `late` waits for its turn, `base64Lines` makes mail lines.
 */

/** To be read once. */
export type Sized = { readonly size: number; readonly octets: AsyncIterable<Uint8Array> };

/** A MIME entity being made: its Content-* lines, each with CRLF, and its body. */
export type MimeEntity = { readonly headerLines: string; readonly body: Sized };

/** The octets of `source`, which must be `size`: the iteration rejects when they are not, as the lengths are already written by then. */
export function counted(source: AsyncIterable<Uint8Array>, size: number): Sized {
  return { size, octets: held(source, size) };
}

async function* held(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    yield chunk;
  }
  if (seen !== size) throw new Error(`the entity has ${seen} octets, ${size} were announced`);
}

export function joined(...parts: readonly (Sized | Uint8Array)[]): Sized {
  const size = parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.size), 0);
  return { size, octets: inOrder(parts) };
}

async function* inOrder(parts: readonly (Sized | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part;
    else yield* part.octets;
  }
}

/** Octets that can be made only when those before them have passed. */
export function late(size: number, make: () => Uint8Array): Sized {
  return { size, octets: made(size, make) };
}

async function* made(size: number, make: () => Uint8Array): AsyncGenerator<Uint8Array> {
  const octets = make();
  if (octets.length !== size) throw new Error(`${octets.length} octets were made, ${size} were announced`);
  yield octets;
}

/** The entity as octets: header lines, blank line, body. */
export function asOctets({ headerLines, body }: MimeEntity): Sized {
  return joined(Buffer.from(`${headerLines}\r\n`, 'latin1'), body);
}

/** One line: 57 octets become 76 characters and CRLF. RFC 2045 section 6.8. */
const octetsPerLine = 57;
const lineLength = 78;

/** The base64 lines of `content`, the last with CRLF like the others. */
export function base64Lines(content: Sized): Sized {
  const characters = Math.ceil(content.size / 3) * 4;
  return { size: characters + 2 * Math.ceil(characters / 76), octets: encoded(content.octets) };
}

async function* encoded(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
  const out = Buffer.allocUnsafeSlow(lines * lineLength);
  const begun = lines * 2 + out.write(base64(first), lines * 2, 'latin1');
  out.write(base64(others), begun, 'latin1');
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
