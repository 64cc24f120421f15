import { existsSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineEnds } from '../../src/mail/line-ends.ts';
import { cut, dense, somePlaces } from '../ingress/chunks.ts';

function normalise(...chunks: Buffer[]): { text: string; sawNul: boolean } {
  const lineEnds = new LineEnds();
  const out = [...chunks.map((chunk) => Buffer.from(lineEnds.push(chunk))), lineEnds.end()];
  return { text: Buffer.concat(out).toString('latin1'), sawNul: lineEnds.sawNul };
}

test.each([
  ['', ''],
  ['a\r\nb\r\n', 'a\r\nb\r\n'],
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\rb\r', 'a\r\nb\r\n'],
  ['a\r\r\nb', 'a\r\n\r\nb'],
  ['a\n\rb', 'a\r\n\r\nb'],
  ['\n', '\r\n'],
  ['\r', '\r\n'],
  ['\r\n\r', '\r\n\r\n'],
  ['caf\xe9\n', 'caf\xe9\r\n'],
])('%j becomes %j', (from, to) => expect(normalise(Buffer.from(from, 'latin1')).text).toBe(to));

test('a NUL is seen wherever it stands', () => {
  for (const text of ['\0', 'a\r\n\0.\r\n', 'a\nb\0', '\r\0']) {
    expect(normalise(Buffer.from(text)).sawNul, JSON.stringify(text)).toBe(true);
  }
  expect(normalise(Buffer.from('a\n\r\n')).sawNul).toBe(false);
});

test('a chunk with nothing to change is not copied', () => {
  const lineEnds = new LineEnds();
  for (const text of ['From: a\r\n\r\nb', 'no end', '\r\nx\r', '\nnext']) {
    const chunk = Buffer.from(text);
    expect(lineEnds.push(chunk), JSON.stringify(text)).toBe(chunk);
  }
});

describe('however the octets are cut into chunks', () => {
  const anyText = dense('\r', '\n', '\r\n', '.', 'x', '\0', '\x0b', 'é');

  test('the result is the same, and as the rule says', () => {
    fc.assert(
      fc.property(anyText, somePlaces, (text, places) => {
        const expected = text.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
        const { text: got, sawNul } = normalise(...cut(text, places));
        expect(got).toBe(expected);
        expect(sawNul).toBe(text.includes(0));
      }),
      { numRuns: 1_000 },
    );
  });

  const sequencesFile = new URL('../../../shared/corpora/smtp-smuggling/sequences.json', import.meta.url);
  test.skipIf(!existsSync(sequencesFile))('no smuggling sequence is left', () => {
    const lists = JSON.parse(readFileSync(sequencesFile, 'utf8')) as Record<string, string[]>;
    const sequences = Object.values(lists).flat();
    expect(sequences.length).toBeGreaterThan(10);
    for (const sequence of sequences) {
      const text = Buffer.from(`body${sequence}MAIL FROM:<smuggled@corp.example>\r\n`);
      for (let at = 0; at <= text.length; at++) {
        const { text: got, sawNul } = normalise(text.subarray(0, at), text.subarray(at));
        expect(sawNul || !/[^\r]\n|\r[^\n]/.test(got), JSON.stringify([sequence, at])).toBe(true);
      }
    }
  });
});
