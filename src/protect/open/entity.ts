/** Entities as octets that can be read again and again: their structure, what protects them, parts of them, and their form with CRLF line ends. */
import { LineEnds } from '../../mail/line-ends.ts';
import { type Structure, StructureParser } from '../../mail/structure.ts';
import { decodeTransfer } from '../../mail/text.ts';
import { type Cleartext, readCleartext } from './cleartext.ts';
import { inlineShape, type Shape, shapeOf } from './layers.ts';
import type { Blob } from './opened.ts';

/** Octets of the text in which inline armor is looked for. */
const inlineLook = 65_536;
/** Octets of a text that is signed in its own form. */
const mostCleartext = 4_194_304;

export type Entity = {
  readonly blob: Blob;
  readonly structure: Structure;
};

export type WholeShape = Shape | ({ readonly kind: 'cleartext' } & Cleartext);

/** The shape, by the text itself where MIME says nothing. */
export async function wholeShape({ blob, structure }: Entity): Promise<WholeShape> {
  const shape = shapeOf(structure);
  const { root } = structure;
  if (shape.kind !== 'plain' || root.type !== 'text/plain' || root.children.length > 0) return shape;
  const { start, end } = root.body;
  const first = await whole(blob.read({ start, end: Math.min(end, start + inlineLook) }), inlineLook);
  if (first === null || first.indexOf('-----BEGIN PGP') === -1) return shape;
  const last = await whole(blob.read({ start: Math.max(start, end - 1_024), end }), 1_024);
  const inline = inlineShape(structure, first.toString('latin1'), last?.toString('latin1') ?? '');
  if (inline.kind !== 'part') return inline;
  const text = await whole(decodeTransfer(blob.read(root.body), root.encoding), mostCleartext);
  const cleartext = text === null ? null : readCleartext(text);
  return cleartext === null ? inline : { kind: 'cleartext', ...cleartext };
}

export async function structureOf(blob: Blob): Promise<Structure> {
  const parser = new StructureParser();
  for await (const chunk of blob.read()) parser.push(chunk);
  return parser.end();
}

/** All octets together, null when there are more than `most`. */
export async function whole(octets: AsyncIterable<Uint8Array>, most: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of octets) {
    size += chunk.length;
    if (size > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function* once(octets: Buffer): AsyncGenerator<Uint8Array> {
  yield octets;
}

export function slice(blob: Blob, from: number, to: number): Blob {
  const size = to - from;
  return {
    size,
    read: (range) => {
      const { start, end } = range ?? { start: 0, end: size };
      return blob.read({ start: from + start, end: from + Math.min(end, size) });
    },
  };
}

/** The form in which text is signed: with CRLF at the end of lines. RFC 8551 section 3.1.1, RFC 3156 section 5. */
export async function* withCrlf(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const lineEnds = new LineEnds();
  for await (const chunk of octets) yield lineEnds.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  const last = lineEnds.end();
  if (last.length > 0) yield last;
}
