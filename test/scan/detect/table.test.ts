/** Numbers of a table are found by the head of their column. */
import { describe, expect, test } from 'vitest';
import { Detection } from '../../../src/scan/detect/detect.ts';
import type { Piece } from '../../../src/scan/job.ts';

function counts(...texts: readonly string[]): Record<string, number> {
  const detection = new Detection([]);
  for (const text of texts) detection.add({ part: '1', place: 'attachment', text });
  return Object.fromEntries(detection.end().findings.map(({ kind, count }) => [kind, count]));
}

const people = Array.from({ length: 40 }, (_, at) => ({
  name: `Jane Doe the ${at}th of her name and family`,
  ssn: String(536_221_847 + at * 3701),
  mrn: String(48_392_011 + at * 37),
  born: `19${50 + at}-03-04`,
}));
const rows = (cells: (person: (typeof people)[number]) => readonly string[], separator: string): string =>
  people.map((person) => `${cells(person).join(separator)}\r\n`).join('');

describe('every row is found', () => {
  test.each<[string, string, Record<string, number>]>([
    [
      'CSV, with separators in quotes',
      `Name,SSN,City\r\n${rows(({ name, ssn }) => [`"${name}, ""PhD"""`, ssn, 'Oslo'], ',')}`,
      { ssn: 40 },
    ],
    [
      'CSV of a program',
      `id;patientId;birth_date\r\n${rows(({ name, mrn, born }) => [name, mrn, born], ';')}`,
      { mrn: 40, birthDate: 40 },
    ],
    [
      'a worksheet, where the last cells are empty',
      `MRN\tDOB\tNotes\t\r\n${rows(({ mrn, born }) => [mrn, `${born}\t`], '\t')}`,
      { mrn: 40, birthDate: 40 },
    ],
    [
      'a table in text',
      `| Patient | MRN |\r\n|---|---|\r\n${rows(({ name, mrn }) => [`| ${name}`, `${mrn} |`], ' | ')}`,
      { mrn: 40 },
    ],
    [
      'a diagnosis in a column of its own',
      `MRN,Diagnosis\r\n${rows(({ mrn }) => [mrn, 'Diabetes'], ',')}`,
      { mrn: 40, phi: 42 },
    ],
  ])('%s', (_name, text, expected) => {
    expect(counts(text)).toEqual(expected);
  });

  test('when the table goes on in another piece', () => {
    const [head, ...lines] = `SSN,Name\r\n${rows(({ name, ssn }) => [ssn, name], ',')}`.split('\r\n');
    const middle = lines.length / 2;
    const pieces = [[head, ...lines.slice(0, middle)], lines.slice(middle)].map((some) => some.join('\r\n'));
    expect(counts(...pieces)).toEqual({ ssn: 40 });
  });
});

describe('nothing is found that no head names', () => {
  const zips = people.map(({ name, ssn }) => `${name},${ssn}\r\n`).join('');
  test.each([
    ['another head', `Name,Account\r\n${zips}`],
    ['prose', `Send me your SSN, please\r\n\r\n${'It is late.\r\n'.repeat(10)}${zips}`],
    ['a neighbour of the column', `SSN,Name,Account\r\n${rows(({ name, ssn }) => ['', name + name, ssn], ',')}`],
  ])('%s', (_name, text) => {
    expect(counts(text)).toEqual({});
  });
});

test('of a table without end the beginning is told', () => {
  const lines = Array.from({ length: 60_000 }, (_, at) => `x,y,z,${536_220_000 + at}`);
  const pieces = Array.from({ length: 60 }, (_, at) => lines.slice(at * 1000, at * 1000 + 1000).join('\n'));
  const found = counts('A,B,C,SSN', ...pieces)['ssn'];
  expect(found).toBeGreaterThan(4000);
  expect(found).toBeLessThan(6000);
});

test('a table of hostile width takes no long time', () => {
  const piece: Piece = { part: '1', place: 'body', text: `SSN,${'",'.repeat(100_000)}\n${'a,'.repeat(100_000)}\n` };
  expect(counts(piece.text)).toEqual({});
});
