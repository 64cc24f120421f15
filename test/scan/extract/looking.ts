/** Runs extraction over octets and gathers what it tells. */
import type { Blind, Looked } from '../../../src/policy/detection.ts';
import { Budget, type Limits } from '../../../src/scan/extract/budget.ts';
import { extract } from '../../../src/scan/extract/extract.ts';
import type { Piece } from '../../../src/scan/job.ts';

export type Found = {
  readonly pieces: readonly Piece[];
  /** All text that is no file name, pieces joined by line feeds. */
  readonly text: string;
  readonly names: string;
  readonly looked: Looked;
  readonly blind: readonly Blind[];
};

export type Declaring = {
  readonly type?: string;
  readonly charset?: string;
  readonly fileName?: string;
  readonly limits?: Partial<Limits>;
  /** Lengths of the chunks, in turn; whole when there are none. */
  readonly cuts?: readonly number[];
};

export async function lookInto(octets: Uint8Array, declaring: Declaring = {}): Promise<Found> {
  const pieces: Piece[] = [];
  const blind: Blind[] = [];
  const looked: Looked[] = [];
  await extract(
    {
      path: '2',
      place: 'attachment',
      type: declaring.type ?? 'application/octet-stream',
      parameters: declaring.charset === undefined ? {} : { charset: declaring.charset },
      fileName: declaring.fileName ?? null,
    },
    cut(octets, declaring.cuts ?? []),
    { text: (piece) => pieces.push(piece), blind: (one) => blind.push(one), looked: (one) => looked.push(one) },
    new Budget(declaring.limits),
  );
  const [only, ...more] = looked;
  if (only === undefined || more.length > 0) throw new Error(`looked was told ${looked.length} times`);
  return {
    pieces,
    text: textOf(pieces, (piece) => piece.place !== 'fileNames'),
    names: textOf(pieces, (piece) => piece.place === 'fileNames'),
    looked: only,
    blind,
  };
}

function textOf(pieces: readonly Piece[], wanted: (piece: Piece) => boolean): string {
  return pieces
    .filter(wanted)
    .map((piece) => piece.text)
    .join('\n');
}

async function* cut(octets: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < octets.length; turn += 1) {
    const length = lengths.length === 0 ? octets.length : Math.max(1, lengths[turn % lengths.length] ?? 1);
    yield octets.subarray(at, at + length);
    at += length;
  }
}
