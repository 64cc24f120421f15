/** Texts are cut into pieces that overlap, and nothing is lost. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pieces } from '../../../src/scan/extract/pieces.ts';
import { pieceLength, pieceOverlap } from '../../../src/scan/job.ts';

function piecesOf(texts: readonly string[]): string[] {
  const pieces: string[] = [];
  const writer = new Pieces((text) => pieces.push(text));
  for (const text of texts) writer.write(text);
  writer.end();
  return pieces;
}

const chunks = fc.array(
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), fc.integer({ min: 1, max: 40_000 }))
    .map(([text, times]) => text.repeat(times)),
  { minLength: 1, maxLength: 8 },
);

test('pieces joined without their overlap are the text, wherever the text was cut', () => {
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 300_000 }), (texts, cut) => {
      const all = texts.join('');
      const pieces = piecesOf(texts);
      const [first = '', ...others] = pieces;
      if (/\S/.test(all)) expect([first, ...others.map((piece) => piece.slice(pieceOverlap))].join('')).toBe(all);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(pieceLength);
      expect(piecesOf([all.slice(0, cut), all.slice(cut)])).toEqual(pieces);
    }),
    { numRuns: 40 },
  );
});

test('cuts are at white space where there is some, and never inside a character', () => {
  expect(piecesOf(['word '.repeat(120_000)]).every((piece) => piece.endsWith(' '))).toBe(true);
  expect(piecesOf(['😀'.repeat(300_000)]).every((piece) => piece.isWellFormed())).toBe(true);
});

test('white space alone is no piece', () => {
  expect(piecesOf([' \n '.repeat(200_000)])).toEqual([]);
});
