/** Detection of a message: what counts, for which part, what leaves of a value, and that hostile texts end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, Probe } from '../../../src/policy/detection.ts';
import { Detection } from '../../../src/scan/detect/detect.ts';
import { type Piece, pieceOverlap } from '../../../src/scan/job.ts';
import { negatives, positives } from './cases.ts';
import { hostileTexts } from './hostile.ts';

function findings(...pieces: readonly Piece[]): readonly Finding[] {
  const detection = new Detection([]);
  for (const piece of pieces) detection.add(piece);
  return detection.end().findings;
}

const body = (text: string, part = '1'): Piece => ({ part, place: 'body', text });
const ssn = { kind: 'ssn', count: 1, sample: '•••••8726' };

describe('counting', () => {
  test('a value counts once in a message, for the part that had it first', () => {
    const found = findings(body('SSN 536-22-8726', '1'), body('SSN 536228726 and 531-60-4412', '2'));
    expect(found).toEqual([
      { ...ssn, part: '1' },
      { ...ssn, part: '2', sample: '•••••4412' },
    ]);
  });

  test('a value in the overlap of two pieces counts once, a value cut by the overlap not at all', () => {
    // The second piece begins inside the long number, whose end alone would be a card number.
    const cut = 'x 9994539865797543236';
    const first = `${'lorem ipsum '.repeat(50)}${cut} ${'dolor sit '.repeat(60)}`.slice(0, 1160);
    const at = first.indexOf(cut) + 5;
    const whole = first.slice(0, at + pieceOverlap - 16) + ' SSN 536-22-8726';
    const second = `${whole.slice(-pieceOverlap)} and the rest`;
    expect(findings(body(whole), body(second))).toEqual([{ ...ssn, part: '1' }]);
  });

  test('the subject counts with the body whatever the subjects of attached messages are', () => {
    const subject = (text: string, part: string): Piece => ({ part, place: 'subject', text });
    const pieces = [subject('Biopsy results: lymphoma', 'subject'), subject('Lunch', '2'), body('MRN 483920.')];
    expect(findings(...pieces).filter(({ kind }) => kind === 'phi')).toMatchObject([{ count: 3 }]);
  });

  test('what the subject names counts with what the body says', () => {
    const subject: Piece = { part: 'subject', place: 'subject', text: 'Biopsy results: lymphoma' };
    const phi = findings(subject, body('MRN 483920. See you soon.')).filter(({ kind }) => kind === 'phi');
    expect(phi).toEqual([{ kind: 'phi', part: '1', count: 3, sample: '••••20' }]);
  });

  test('the two sides of a score count only near each other', () => {
    const far = `MRN 483920. ${'We met on the way. '.repeat(30)} A talk about diabetes.`;
    expect(findings(body(far)).map(({ kind }) => kind)).toEqual(['mrn']);
  });

  test('distinct values of a kind are counted up to a cap', () => {
    const many = Array.from({ length: 12_000 }, (_, n) => `10.${n >> 8}.${n & 255}.77`).join('\n');
    expect(findings(body(many))).toMatchObject([{ kind: 'ip', count: 10_000 }]);
  });

  test('probes are counted, and each has an entry', () => {
    const probe = (id: string, terms: string[]): Probe => ({ id, place: 'body', terms, patterns: [] });
    const detection = new Detection([probe('a', ['falcon']), probe('b', ['osprey'])]);
    detection.add(body('Project Falcon, again falcon'));
    expect(detection.end().probes).toEqual({ a: 1, b: 0 });
  });
});

describe('spelling', () => {
  test.for([
    ['fullwidth digits', 'SSN ５３６－２２－８７２６'],
    ['no-break spaces', 'SSN 536\u00a022\u00a08726'],
    ['thin spaces', 'SSN 536\u200922\u20098726'],
    ['en dashes', 'SSN 536–22–8726'],
    ['soft hyphens and zero-width characters', 'SSN 5\u00ad36-2\u200b2-87\ufeff26'],
    ['Arabic digits', 'SSN ٥٣٦-٢٢-٨٧٢٦'],
    ['mathematical digits', 'SSN 𝟓𝟑𝟔-𝟐𝟐-𝟖𝟕𝟐𝟔'],
    ['direction marks', 'SSN \u202d536-22-8726\u202c'],
  ] as const)('%s', ([, text]) => {
    expect(findings(body(text))).toEqual([{ ...ssn, part: '1' }]);
  });

  test('accents and umlauts of words near', () => {
    expect(findings(body('Fu\u0308hrerschein: B072RRE2I55'))).toMatchObject([{ kind: 'driverLicence' }]);
    expect(findings(body('NÚMERO DE PASAPORTE AAA123456'))).toMatchObject([{ kind: 'passport' }]);
  });
});

describe('whatever stands there', () => {
  const known = fc.constantFrom(...positives.map(([text]) => text), ...negatives);
  const texts = fc
    .array(fc.oneof(known, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' })))
    .map((parts) => parts.join(' '));

  test('the same twice adds nothing', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(findings(body(text), body(text, '2'))).toEqual(findings(body(text)));
      }),
      { numRuns: 200 },
    );
  });

  test('a sample shows at most four characters', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const { sample, count } of findings(body(text))) {
          expect(count).toBeGreaterThan(0);
          expect(sample).toMatch(/^•+.{1,4}$/u);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Quadratic time would take minutes for each of these. */
describe('texts made to be slow', () => {
  test.for(Object.entries(hostileTexts))('%s', ([, make]) => {
    expect(findings(body(make(262_144))).length).toBeLessThan(20);
  });
});
