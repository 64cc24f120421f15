import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DotDecoder } from '../../src/ingress/dots.ts';
import { cut, dense, somePlaces } from './chunks.ts';

/** Content and what follows it; `rest` null when the content has not ended. */
function decode(...chunks: Buffer[]): { content: string; rest: string | null } {
  const decoder = new DotDecoder();
  const content: Buffer[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const { content: some, rest } = decoder.push(chunk);
    content.push(Buffer.from(some));
    if (rest !== null) {
      const after = Buffer.concat([rest, ...chunks.slice(index + 1)]);
      return { content: Buffer.concat(content).toString('latin1'), rest: after.toString('latin1') };
    }
  }
  return { content: Buffer.concat(content).toString('latin1'), rest: null };
}

/** RFC 5321 section 4.5.2 for content whose only line end is CRLF, written the slow way. */
function stuffed(content: string): string {
  return `${content.replace(/(^|\r\n)\./g, '$1..')}.\r\n`;
}

test.each([
  ['.\r\n', '', ''],
  ['.\r\nQUIT\r\n', '', 'QUIT\r\n'],
  ['a\r\n.\r\n', 'a\r\n', ''],
  ['..\r\n.\r\n', '.\r\n', ''],
  ['a\r\n..b\r\n...\r\n.\r\n', 'a\r\n.b\r\n..\r\n', ''],
  ['.a\r\n.\r\n', 'a\r\n', ''],
  ['a.\r\n.\r\n', 'a.\r\n', ''],
])('%j is content %j, then %j', (wire, content, rest) => {
  expect(decode(Buffer.from(wire))).toEqual({ content, rest });
});

test.each([
  'a\n.\n',
  'a\n.\r\n',
  'a\r.\r\n',
  'a\r\n.\n',
  'a\r\n.\r',
  'a\n.\r',
  'a\r.\r',
  'a\r\n\0.\r\n',
  'a\r\n.\r\r\n',
  'a\r\r\n.\r\r\n',
])('%j does not end the content', (wire) => expect(decode(Buffer.from(`${wire}MAIL FROM:<x@y>\r\n`)).rest).toBeNull());

test('a chunk without a dotted line is not copied', () => {
  const decoder = new DotDecoder();
  for (const text of ['a.b\r\n', 'c.\r', '\nd\n.e', 'f\r\n']) {
    const chunk = Buffer.from(text);
    expect(decoder.push(chunk).content, JSON.stringify(text)).toBe(chunk);
  }
});

describe('however the octets are cut into chunks', () => {
  test('what was doubled comes out single, and ends where it ended', () => {
    const lines = dense('\r\n', '\r\n.', '.', '..', 'x', 'é').map((text) =>
      text.length === 0 ? text : Buffer.concat([text, Buffer.from('\r\n')]),
    );
    fc.assert(
      fc.property(lines, somePlaces, (content, places) => {
        const wire = Buffer.from(`${stuffed(content.toString('latin1'))}NOOP\r\n`, 'latin1');
        expect(decode(...cut(wire, places))).toEqual({ content: content.toString('latin1'), rest: 'NOOP\r\n' });
      }),
      { numRuns: 1_000 },
    );
  });

  test('the result does not depend on the cuts', () => {
    fc.assert(
      fc.property(dense('\r', '\n', '\r\n', '.', 'x'), somePlaces, (wire, places) => {
        expect(decode(...cut(wire, places))).toEqual(decode(wire));
      }),
      { numRuns: 1_000 },
    );
  });
});
