/**
 * Octets under way whose number is known before the first of them: what lets DER have definite lengths, and SMTP be told a size, without keeping
 * anything. `counted` holds a source to its number, `joined` strings several together, `late` waits for its turn, `base64Lines` makes mail lines.
 */

import { base64LinesSize, inBase64Lines } from '../base64-lines.ts';

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

/** The base64 lines of `content`, the last with CRLF like the others. */
export function base64Lines(content: Sized): Sized {
  return { size: base64LinesSize(content.size), octets: inBase64Lines(content.octets) };
}
