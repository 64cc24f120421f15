import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  authorsOf,
  decodeValue,
  editHeader,
  encodeField,
  fieldsNamed,
  type HeaderEdit,
  parseHeader,
  valuesOf,
} from '../../src/mail/header.ts';

function fieldsOf(text: string): [string, string][] {
  return parseHeader(Buffer.from(text, 'latin1')).map(({ name, raw }) => [name, raw]);
}

describe('parseHeader', () => {
  test.each<[string, string, [string, string][]]>([
    [
      'plain fields',
      'A: 1\r\nB: 2\r\n\r\nC: 3\r\n',
      [
        ['A', ' 1'],
        ['B', ' 2'],
      ],
    ],
    [
      'a folded value',
      'A: 1\r\n 2\r\n\t3\r\nB: x\r\n',
      [
        ['A', ' 1\r\n 2\r\n\t3'],
        ['B', ' x'],
      ],
    ],
    [
      'no blank line and no last line end',
      'A: 1\r\nB: 2',
      [
        ['A', ' 1'],
        ['B', ' 2'],
      ],
    ],
    [
      'bare line feeds',
      'A: 1\nB: 2\n\nC: 3',
      [
        ['A', ' 1'],
        ['B', ' 2'],
      ],
    ],
    ['a mailbox separator line', 'From ann Mon Jan 1 10:00:00 2024\r\nA: 1\r\n', [['A', ' 1']]],
    ['a line without a colon and its folds', 'junk\r\n more: junk\r\nA: 1\r\n', [['A', ' 1']]],
    ['a colon on the next line', 'A\r\n : 1\r\nB\r\n 2: 3\r\nC\r\n\r\n', [['A', ' 1']]],
    ['an empty name', ': x\r\nA: 1\r\n', [['A', ' 1']]],
    ['white space before the colon', 'A : 1\r\n', [['A', ' 1']]],
    ['a fold with nothing to continue', ' A: 1\r\nB: 2\r\n', [['B', ' 2']]],
    ['8-bit octets', 'A: \xe9\xff\r\n', [['A', ' \xe9\xff']]],
    [
      'an empty value',
      'A:\r\nB:',
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    ['nothing', '', []],
    ['only the blank line', '\r\nA: 1', []],
  ])('%s', (_, text, expected) => {
    expect(fieldsOf(text)).toEqual(expected);
  });

  test('any octets give ordered ranges inside the block that hold name and value', () => {
    const octets = fc.array(fc.constantFrom('a', 'B', ':', ' ', '\t', '\r', '\n', '\r\n', '\0', '\xff', 'X-Y: z\r\n'));
    fc.assert(
      fc.property(octets, (pieces) => {
        const block = Buffer.from(pieces.join(''), 'latin1');
        let at = 0;
        for (const field of parseHeader(block)) {
          expect(field.start).toBeGreaterThanOrEqual(at);
          expect(field.end).toBeLessThanOrEqual(block.length);
          const text = block.toString('latin1', field.start, field.end);
          expect(text.startsWith(field.name)).toBe(true);
          expect(text.replace(/\r?\n$/, '').endsWith(`:${field.raw}`)).toBe(true);
          at = field.end;
        }
      }),
    );
  });
});

describe('decodeValue', () => {
  test.each([
    ['=?utf-8?Q?J=C3=B6rg_M?=', 'Jörg M'],
    ['=?utf-8?B?SsO2cmc=?=', 'Jörg'],
    ['=?iso-8859-1?q?=E9t=E9?= chaud', 'été chaud'],
    ['=?utf-8?q?a?= =?utf-8?q?b?=', 'ab'],
    ['=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E9?=', 'aé'],
    ['=?utf-8?q?a?= b =?utf-8?q?c?=', 'a b c'],
    ['=?utf-8?q?=C3?= =?utf-8?q?=A9?=', 'é'],
    ['=?utf-8*de?q?a?=', 'a'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?x-unknown?q?abc?=', 'abc'],
    ['=?utf-8?x?abc?=', '=?utf-8?x?abc?='],
    ['=?utf-8?q?abc', '=?utf-8?q?abc'],
    ['[sec\r\n ure]', '[sec ure]'],
    ['\r\n\tfolded\r\n   twice ', 'folded twice'],
    ['J\xc3\xb6rg', 'Jörg'],
    ['J\xf6rg', 'Jörg'],
    ['=?utf-8?Q?a=0D=0ABcc:_b?=', 'a  Bcc: b'],
    ['=?utf-8?Q?a=00=C2=85=E2=80=A8b?=', 'a   b'],
  ])('%j is %j', (raw, text) => {
    expect(decodeValue(raw)).toBe(text);
  });

  test('valuesOf finds a name in any case, in order', () => {
    const fields = parseHeader(Buffer.from('Subject: a\r\nX: b\r\nSUBJECT: =?utf-8?q?c?=\r\n'));
    expect(valuesOf(fields, 'subject')).toEqual(['a', 'c']);
    expect(fieldsNamed(fields, 'x').map(({ start }) => start)).toEqual([12]);
  });
});

describe('encodeField', () => {
  const hostile = fc.array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\r\nBcc: e@x.example',
        '\0',
        '\u2028',
        '\u0085',
        '=?utf-8?Q?=0D=0A?=',
        ' ',
        '  ',
        '\t',
        'ü',
        '日本',
        '🔐',
        '\ud800',
      ),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 1, max: 1200 }).map((length) => 'x'.repeat(length)),
    ),
    { maxLength: 30 },
  );

  test('whatever the text, the result is one field of legal ASCII lines that reads back as the text', () => {
    fc.assert(
      fc.property(fc.constantFrom('Subject', 'X-Postern-Trace', 'X'.repeat(70)), hostile, (name, pieces) => {
        const text = pieces.join('');
        const field = encodeField(name, text);
        expect(field).toMatch(/^[\x20-\x7e\r\n]*$/);
        expect(field).not.toMatch(/[^\r]\n|\r[^\n]|\r\n(?! |$)|\r\n +\r\n/);
        for (const line of field.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
        const [read, ...others] = parseHeader(Buffer.from(field));
        expect(others).toEqual([]);
        expect(read?.end).toBe(field.length);
        const clean = text
          .replaceAll(/[\0-\x1f\x7f-\x9f\u2028\u2029]/g, ' ')
          .toWellFormed()
          .trim();
        expect(decodeValue(read?.raw ?? '')).toBe(clean);
      }),
      { numRuns: 300 },
    );
  });

  test('folds ordinary text at 78 characters', () => {
    const field = encodeField(
      'References',
      Array.from({ length: 40 }, (_, n) => `<message-${n}@corp.example>`).join(' '),
    );
    expect(Math.max(...field.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
  });

  test('in address fields only the names are encoded', () => {
    const field = encodeField('To', 'Jörg Müller <j@corp.example>, "Doe, Ann" <ann@bank.example>, bob@bank.example');
    expect(field).toContain('<j@corp.example>,\r\n "Doe, Ann" <ann@bank.example>,\r\n bob@bank.example\r\n');
    expect(decodeValue(field.slice(3))).toBe(
      'Jörg Müller <j@corp.example>, "Doe, Ann" <ann@bank.example>, bob@bank.example',
    );
  });

  test('a name that is none throws, as that would be our own mistake', () => {
    for (const name of ['', 'A B', 'A:', 'A\r\nB', 'Ä']) expect(() => encodeField(name, 'x')).toThrow(TypeError);
  });
});

describe('editHeader', () => {
  const block = Buffer.from(
    'From: a@x.example\r\nX-Old: 1\r\n 2\r\njunk line\r\nSubject: \xe9[secure]\r\nX-Old: 3\r\n\r\n',
    'latin1',
  );
  const fields = parseHeader(block);

  test('without edits nothing changes', () => {
    expect(editHeader(block, [])).toEqual(block);
  });

  test('edits touch only their ranges', () => {
    const edits: HeaderEdit[] = [
      ...fieldsNamed(fields, 'x-old').map((field) => ({ kind: 'remove' as const, field })),
      { kind: 'prepend', text: 'Received: one\r\n' },
      ...fieldsNamed(fields, 'subject').map((field) => ({ kind: 'replace' as const, field, text: 'Subject: n\r\n' })),
      { kind: 'prepend', text: 'Received: two\r\n three\r\n' },
    ];
    expect(editHeader(block, edits).toString('latin1')).toBe(
      'Received: one\r\nReceived: two\r\n three\r\nFrom: a@x.example\r\njunk line\r\nSubject: n\r\n\r\n',
    );
  });

  test('text that is no complete field line throws: that would be an injection', () => {
    for (const text of ['A: b', 'A: b\r\n\r\n', 'A: b\nB: c\r\n', ' A: b\r\n', 'A: \0\r\n', 'A: b\rB\r\n']) {
      expect(() => editHeader(block, [{ kind: 'prepend', text }])).toThrow(TypeError);
    }
  });

  test('one field edited twice throws', () => {
    const [field] = fields;
    if (field === undefined) throw new Error('no field');
    const edits: HeaderEdit[] = [
      { kind: 'remove', field },
      { kind: 'replace', field, text: 'A: b\r\n' },
    ];
    expect(() => editHeader(block, edits)).toThrow(RangeError);
  });
});

describe('authorsOf', () => {
  test.each([
    ['From: Ann <ann@corp.example>\r\n', ['ann@corp.example'], false],
    ['From: ann@corp.example, bob@corp.example\r\n', ['ann@corp.example', 'bob@corp.example'], true],
    ['From: ann@corp.example\r\nFrom: bob@corp.example\r\n', ['ann@corp.example', 'bob@corp.example'], true],
    ['From : bob@corp.example\r\nFROM: ann@corp.example\r\n', ['bob@corp.example', 'ann@corp.example'], true],
    ['To: ann@corp.example\r\n', [], true],
  ])('%j', (text, addresses, ambiguous) => {
    const authors = authorsOf(parseHeader(Buffer.from(text)));
    expect(authors.mailboxes.map(({ address }) => address)).toEqual(addresses);
    expect(authors.ambiguous).toBe(ambiguous);
  });
});
