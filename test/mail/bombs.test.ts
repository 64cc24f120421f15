/** Messages built to exhaust a reader. Each must end, and be told from a message that was read whole. */
import { describe, expect, test } from 'vitest';
import { parseMailboxes } from '../../src/mail/address.ts';
import { decodeValue, encodeField, parseHeader } from '../../src/mail/header.ts';
import { defaultStructureLimits, leaves, type Structure, StructureParser } from '../../src/mail/structure.ts';
import { decodeTransfer } from '../../src/mail/text.ts';

function parse(text: string): Structure {
  const parser = new StructureParser();
  const octets = Buffer.from(text, 'latin1');
  for (let at = 0; at < octets.length; at += 65_536) parser.push(octets.subarray(at, at + 65_536));
  return parser.end();
}

function partCount({ root }: Structure): number {
  let count = 0;
  const open = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    count += 1;
    open.push(...part.children);
  }
  return count;
}

describe('structure', () => {
  const mixed = 'Content-Type: multipart/mixed; boundary=a\r\n\r\n';
  const nest = (n: number) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`;

  test.each<[string, () => string, RegExp]>([
    [
      '10,000 multiparts inside one another',
      () => Array.from({ length: 10_000 }, (_, n) => nest(n)).join(''),
      /nested deeper/,
    ],
    ['2,000 messages inside one another', () => 'Content-Type: message/rfc822\r\n\r\n'.repeat(2000), /nested deeper/],
    ['1,000,000 parts', () => mixed + '--a\r\n\r\n'.repeat(1_000_000), /more parts/],
    ['100,000 header fields', () => `${'A: 1\r\n'.repeat(100_000)}\r\nbody`, /more header fields/],
    [
      '100,000 header fields over many parts',
      () => mixed + `--a\r\n${'A: 1\r\n'.repeat(100)}\r\n`.repeat(1000),
      /more header fields/,
    ],
    ['a header of 10 MB', () => `A: ${'x'.repeat(10_000_000)}\r\n\r\nbody`, /header is longer/],
    ['1,000,000 folds', () => `A: x\r\n${' y\r\n'.repeat(1_000_000)}\r\nbody`, /header is longer/],
    [
      '20,000 RFC 2231 parameters',
      () =>
        `Content-Type: text/plain${Array.from({ length: 20_000 }, (_, n) => `;\r\n name*${n}*=a`).join('')}\r\n\r\n`,
      /more parameters/,
    ],
    ['100 multiparts with one boundary', () => nest(1).repeat(100), /cannot be told apart/],
  ])('%s', (_, text, problem) => {
    const structure = parse(text());
    expect(structure.problems.join(' ')).toMatch(problem);
    expect(partCount(structure)).toBeLessThanOrEqual(defaultStructureLimits.parts);
    expect(structure.fields.length).toBeLessThanOrEqual(defaultStructureLimits.fields);
    expect(structure.problems.length).toBeLessThanOrEqual(50);
  });

  test('a line of 20 MB, and as many lines that begin with dashes', () => {
    const structure = parse(
      `${mixed}--a\r\n\r\n${'-'.repeat(20_000_000)}\r\n--a\r\n\r\n${'--ab\r\n'.repeat(1_000_000)}--a--\r\n`,
    );
    expect(leaves(structure).map(({ body }) => body.end - body.start)).toEqual([20_000_000, 5_999_998]);
  });
});

describe('values', () => {
  test('50,000 encoded words', () => {
    expect(decodeValue('=?utf-8?q?=C3=A9a?= '.repeat(50_000))).toBe('éa'.repeat(50_000));
    expect(decodeValue('=?utf-8?q?a?= b '.repeat(50_000)).length).toBe(200_000 - 1);
  });

  test.each([
    '=?',
    '=?a?q?',
    '=?utf-8?q?x',
    '=?=',
    '?=',
    '=?utf-8?b?',
    '=?utf-8?q?a?= \t',
    '"',
    '\\',
    '(',
    'a@b <',
    '"a\\',
  ])('%j a hundred thousand times', (piece) => {
    const text = piece.repeat(100_000);
    expect(decodeValue(text).length).toBeLessThanOrEqual(text.length);
    expect(parseMailboxes(text).mailboxes.length).toBeLessThanOrEqual(1);
    expect(parseHeader(Buffer.from(encodeField('Subject', text))).length).toBe(1);
  });

  test('200,000 addresses', () => {
    const { mailboxes, ambiguous } = parseMailboxes(
      Array.from({ length: 200_000 }, (_, n) => `"N ${n}" <n${n}@corp.example>`).join(', '),
    );
    expect(mailboxes.length).toBe(200_000);
    expect(ambiguous).toBe(false);
  });

  test('100,000 nested groups and comments', () => {
    expect(parseMailboxes('a:'.repeat(100_000)).ambiguous).toBe(true);
    expect(parseMailboxes(`${'('.repeat(100_000)}${')'.repeat(100_000)} a@corp.example`).mailboxes.length).toBe(1);
  });
});

test.each(['=', '= ', ' ', '=\r', '=4', '\t\r'])('5 MB of %j in quoted-printable', async (piece) => {
  async function* source() {
    for (let sent = 0; sent < 5_000_000; sent += 65_536) yield Buffer.from(piece.repeat(65_536 / piece.length));
  }
  let size = 0;
  for await (const chunk of decodeTransfer(source(), 'quoted-printable')) size += chunk.length;
  expect(size).toBeLessThanOrEqual(5_100_000);
});
