import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaves, type Part, type Structure, type StructureLimits, StructureParser } from '../../src/mail/structure.ts';

function parse(text: string, limits?: Partial<StructureLimits>, cuts: readonly number[] = []): Structure {
  const octets = Buffer.from(text, 'latin1');
  const parser = new StructureParser(limits);
  let from = 0;
  for (const cut of [...cuts, octets.length].map((at) => Math.min(at, octets.length)).sort((a, b) => a - b)) {
    // The caller may reuse its buffer: what was pushed is overwritten at once.
    const chunk = Buffer.from(octets.subarray(from, cut));
    parser.push(chunk);
    chunk.fill(0x2d);
    from = cut;
  }
  return parser.end();
}

/** Path, type and body of every part, outermost first. */
function outline(text: string, part: Part = parse(text).root): string[] {
  const own = `${part.path || '-'} ${part.type} ${JSON.stringify(text.slice(part.body.start, part.body.end))}`;
  return [
    part.children.length === 0 ? own : `${part.path || '-'} ${part.type}`,
    ...part.children.flatMap((child) => outline(text, child)),
  ];
}

/** Checks that ranges nest and follow one another; gives all paths. */
function expectNested(part: Part, start: number, end: number): string[] {
  expect(part.header.start).toBeGreaterThanOrEqual(start);
  expect(part.header.end).toBeGreaterThanOrEqual(part.header.start);
  expect(part.body.start).toBe(part.header.end);
  expect(part.body.end).toBeGreaterThanOrEqual(part.body.start);
  expect(part.body.end).toBeLessThanOrEqual(end);
  const paths = [part.path];
  let at = part.body.start;
  for (const child of part.children) {
    paths.push(...expectNested(child, at, part.body.end));
    at = child.body.end;
  }
  return paths;
}

function crlf(...lines: string[]): string {
  return lines.join('\r\n');
}

describe('ranges and paths', () => {
  test('a message that is no multipart is part 1', () => {
    const text = crlf('Subject: x', '', 'body', '');
    expect(outline(text)).toEqual(['1 text/plain "body\\r\\n"']);
    expect(parse(text).root.header).toEqual({ start: 0, end: 14 });
  });

  const nested = crlf(
    'Content-Type: multipart/mixed; boundary="out er"',
    '',
    'preamble',
    '--out er',
    '',
    'one',
    '--out er  ',
    'Content-Type: multipart/alternative; boundary=in',
    '',
    '--in',
    'Content-Type: text/html',
    '',
    'a',
    '',
    '--in',
    '',
    '',
    '--in--',
    'epilogue',
    '--out er',
    'Content-Type: message/rfc822',
    '',
    'Content-Type: multipart/mixed; boundary=m',
    '',
    '--m',
    '',
    'x',
    '--m--',
    '--out er',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    '',
    'y',
    '--out er--',
    'end',
  );

  test('a body ends before the line break of its delimiter', () => {
    expect(outline(nested)).toEqual([
      '- multipart/mixed',
      '1 text/plain "one"',
      '2 multipart/alternative',
      '2.1 text/html "a\\r\\n"',
      '2.2 text/plain ""',
      '3 message/rfc822',
      '3.TEXT multipart/mixed',
      '3.1 text/plain "x"',
      '4 message/rfc822',
      '4.1 text/plain "y"',
    ]);
    expect(parse(nested).problems).toEqual([]);
    expect(leaves(parse(nested)).map(({ path }) => path)).toEqual(['1', '2.1', '2.2', '3.1', '4.1']);
  });

  test('bare line feeds are structured too', () => {
    const text = nested.replaceAll('\r\n', '\n');
    expect(outline(text)).toEqual(outline(nested).map((line) => line.replaceAll('\\r\\n', '\\n')));
  });

  test.each<[string, string, string[]]>([
    ['nothing at all', '', ['1 text/plain ""']],
    ['only a blank line', '\r\n', ['1 text/plain ""']],
    ['a header that does not end', 'Subject: x', ['1 text/plain ""']],
    ['a header cut inside its last line end', 'Subject: x\r', ['1 text/plain ""']],
    [
      'a boundary that is the beginning of the one around it',
      crlf(
        'Content-Type: multipart/mixed; boundary=abc',
        '',
        '--abc',
        'Content-Type: multipart/mixed; boundary=ab',
        '',
        '--ab',
        '',
        'x',
        '--ab--',
        '--abc',
        '',
        'y',
        '--abc--',
      ),
      ['- multipart/mixed', '1 multipart/mixed', '1.1 text/plain "x"', '2 text/plain "y"'],
    ],
    [
      'an inner multipart that does not end',
      crlf(
        'Content-Type: multipart/mixed; boundary=a',
        '',
        '--a',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'x',
        '--a',
        '',
        'y',
        '--a--',
      ),
      ['- multipart/mixed', '1 multipart/mixed', '1.1 text/plain "x"', '2 text/plain "y"'],
    ],
    [
      'a part without a blank line',
      crlf('Content-Type: multipart/mixed; boundary=a', '', '--a', 'Content-Type: text/html', '--a', 'X: y', '', 'z'),
      ['- multipart/mixed', '1 text/html ""', '2 text/plain "z"'],
    ],
    [
      'messages in a digest need no Content-Type',
      crlf('Content-Type: multipart/digest; boundary=a', '', '--a', '', 'Subject: x', '', 'y', '--a--'),
      ['- multipart/digest', '1 message/rfc822', '1.1 text/plain "y"'],
    ],
    [
      'a message whose header ends at the delimiter: the line break stays with the blank line',
      crlf(
        'Content-Type: multipart/mixed; boundary=a',
        '',
        '--a',
        'Content-Type: message/rfc822',
        '',
        'X: y',
        '',
        '--a--',
      ),
      ['- multipart/mixed', '1 message/rfc822', '1.1 text/plain ""'],
    ],
    [
      'a message as the whole message',
      crlf('Content-Type: message/rfc822', '', 'Subject: x', '', 'y'),
      ['1 message/rfc822', '1.1 text/plain "y"'],
    ],
    ['an unreadable type', crlf('Content-Type: html', '', 'y'), ['1 text/plain "y"']],
  ])('%s', (_, text, expected) => {
    expect(outline(text)).toEqual(expected);
    expectNested(parse(text).root, 0, text.length);
  });
});

describe('what a part says of itself', () => {
  const describeHeader = (...lines: string[]) => parse(crlf(...lines, '', 'x')).root;

  test.each<[string, string[], Partial<Part>]>([
    [
      'type and encoding in lower case',
      ['Content-Type: Text/HTML; Charset="UTF-8"', 'Content-Transfer-Encoding: BASE64 (x)'],
      { type: 'text/html', encoding: 'base64', parameters: { charset: 'UTF-8' } },
    ],
    [
      'comments',
      ['Content-Type: text/plain (a;b=c) ; charset=us-ascii'],
      { type: 'text/plain', parameters: { charset: 'us-ascii' } },
    ],
    [
      'RFC 2231 charset',
      ["Content-Disposition: attachment; filename*=utf-8'de'J%C3%B6rg%2Epdf"],
      { disposition: 'attachment', fileName: 'Jörg.pdf' },
    ],
    [
      'RFC 2231 continuations in any order',
      ["Content-Disposition: inline; filename*1=b; filename*0*=iso-8859-1''%E9; filename*2*=%2Epdf"],
      { disposition: 'inline', fileName: 'éb.pdf' },
    ],
    [
      'encoded words',
      ['Content-Type: application/pdf; name="=?utf-8?Q?J=C3=B6rg=2Epdf?="'],
      { fileName: 'Jörg.pdf', disposition: null },
    ],
    [
      'raw UTF-8',
      ['Content-Disposition: x-unknown; filename="J\xc3\xb6rg.pdf"'],
      { fileName: 'Jörg.pdf', disposition: 'attachment' },
    ],
    [
      'no quotes where there should be',
      ['Content-Disposition: attachment; filename=my file (1).pdf; size=3'],
      { fileName: 'my file (1).pdf' },
    ],
    [
      'no line break gets through',
      ["Content-Disposition: attachment; filename*=utf-8''a%0D%0AX:%20b%00.pdf"],
      { fileName: 'a  X: b .pdf' },
    ],
    ['content id', ['Content-ID: <a@b>'], { contentId: 'a@b' }],
    ['a hostile parameter name', ['Content-Type: text/plain; __proto__=x; constructor=y'], { type: 'text/plain' }],
  ])('%s', (_, lines, expected) => {
    expect(describeHeader(...lines)).toMatchObject(expected);
  });

  test('a parameter named __proto__ is a parameter', () => {
    const { parameters } = describeHeader('Content-Type: text/plain; __proto__=x');
    expect(Object.entries(parameters)).toEqual([['__proto__', 'x']]);
  });
});

describe('problems: what could hide content from one of two readers', () => {
  const mixed = 'Content-Type: multipart/mixed; boundary=a';
  const tail = ['', '--a', '', 'x', '--a--'];

  test.each<[string, string[], RegExp]>([
    ['two types', [mixed, 'Content-Type: text/plain', ...tail], /two different Content-Type/],
    [
      'two encodings',
      ['Content-Transfer-Encoding: base64', 'Content-Transfer-Encoding: 7bit', '', 'x'],
      /two different Content-Transfer-Encoding/,
    ],
    ['two boundaries', [`${mixed}; boundary=b`, ...tail], /two different boundaries/],
    ['two spellings of a boundary', [`${mixed}; boundary*0=b`, ...tail], /two different boundaries/],
    ['no boundary', ['Content-Type: multipart/mixed', ...tail], /no usable boundary/],
    ['a boundary that never comes', ['Content-Type: multipart/mixed; boundary=q', ...tail], /no parts/],
    ['an encoded multipart', [mixed, 'Content-Transfer-Encoding: base64', ...tail], /transfer encoding/],
    [
      'an encoded message',
      ['Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64', '', 'x'],
      /transfer encoding/,
    ],
    ['text after a boundary', [mixed, '', '--a', '', 'x', '--ab', '', 'y', '--a--'], /goes on after it/],
    ['a part after the last delimiter', [mixed, ...tail, '--a', '', 'y'], /after the last delimiter/],
    [
      'the same boundary twice',
      [mixed, '', '--a', mixed, '', '--a', '', 'x', '--a--', '--a--'],
      /cannot be told apart/,
    ],
    [
      'a boundary that closes another',
      [mixed, '', '--a', 'Content-Type: multipart/mixed; boundary=a--', '', '--a--', '', 'x'],
      /cannot be told apart/,
    ],
    [
      'an inner multipart that does not end',
      [mixed, '', '--a', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--a--'],
      /no last delimiter/,
    ],
    [
      'two file names',
      ['Content-Type: x/y; name=a.pdf', 'Content-Disposition: attachment; filename=a.exe', '', 'x'],
      /two different file names/,
    ],
    [
      'a file name given twice',
      ['Content-Disposition: attachment; filename=a.pdf; filename=a.exe', '', 'x'],
      /two different file names/,
    ],
    ['a header that begins with a fold', [` ${mixed}`, ...tail], /folded line/],
    ['a type with junk', ['Content-Type: multipart/mixed boundary=a', ...tail], /unreadable Content-Type/],
  ])('%s', (_, lines, problem) => {
    expect(parse(crlf(...lines)).problems.join(' ')).toMatch(problem);
  });

  test.each<[string, string[]]>([
    ['the same type twice', [mixed, mixed, ...tail]],
    ['no last delimiter at the very end', [mixed, '', '--a', '', 'x']],
    ['a signature line and a rule of dashes', [mixed, '', '--a', '', 'x', '-- ', 'Ann', '-----', '--a--']],
    [
      'file names that differ by spelling',
      ['Content-Type: x/y; name="a_b.PDF"', 'Content-Disposition: attachment; filename="a b.pdf"', '', 'x'],
    ],
    [
      'an original that was cut off',
      [
        'Content-Type: multipart/report; boundary=a',
        '',
        '--a',
        'Content-Type: message/rfc822',
        '',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--a--',
      ],
    ],
  ])('harmless: %s', (_, lines) => {
    expect(parse(crlf(...lines)).problems).toEqual([]);
  });
});

describe('limits', () => {
  const parts = (count: number) =>
    crlf(
      'Content-Type: multipart/mixed; boundary=a',
      '',
      ...Array.from({ length: count }, () => '--a\r\n\r\nx'),
      '--a--',
      '',
    );

  test('parts: the last one takes the rest', () => {
    const text = parts(10);
    const structure = parse(text, { parts: 5 });
    expect(structure.root.children.length).toBe(4);
    expect(structure.root.children.at(-1)?.body.end).toBeLessThanOrEqual(text.length);
    expect(structure.problems).toEqual(['The message has more parts than are read.']);
    expect(parse(text, { parts: 11 }).problems).toEqual([]);
  });

  test('depth', () => {
    const level = (n: number) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`;
    const text = Array.from({ length: 10 }, (_, n) => level(n)).join('');
    let deepest = 0;
    for (let part: Part | undefined = parse(text, { depth: 4 }).root; part; part = part.children[0]) deepest += 1;
    expect(deepest).toBe(4);
    expect(parse(text, { depth: 4 }).problems).toContain('Parts are nested deeper than is read.');
  });

  test('header octets: the body is still found, the cut field is left out', () => {
    const text = crlf('A: 1', `B: ${'x'.repeat(100)}`, '', 'body');
    const structure = parse(text, { headerBytes: 50 });
    expect(structure.fields.map(({ name }) => name)).toEqual(['A']);
    expect(text.slice(structure.root.body.start)).toBe('body');
    expect(structure.problems).toEqual(['A header is longer than is read.']);
  });

  test('fields', () => {
    const structure = parse(`${'A: 1\r\n'.repeat(20)}\r\nbody`, { fields: 10 });
    expect(structure.fields.length).toBe(10);
    expect(structure.problems).toEqual(['The message has more header fields than are read.']);
  });

  test('a line too long for a delimiter is none, however it is cut', () => {
    const text = crlf(
      'Content-Type: multipart/mixed; boundary=a',
      '',
      '--a',
      '',
      'x',
      `--a${' '.repeat(3000)}`,
      '',
      'y',
      '--a--',
    );
    for (const cuts of [[], [100], [70, 2000, 3050]]) expect(parse(text, {}, cuts).root.children.length).toBe(1);
  });

  test('boundary octets', () => {
    const text = (length: number) =>
      crlf(`Content-Type: multipart/mixed; boundary=${'b'.repeat(length)}`, '', `--${'b'.repeat(length)}`, '', 'x');
    expect(parse(text(2048)).root.children.length).toBe(1);
    expect(parse(text(2049)).problems).toEqual(['A multipart has no usable boundary.']);
  });
});

describe('properties', () => {
  const line = fc.constantFrom(
    '',
    ' ',
    '-',
    '--',
    '--a',
    '--a ',
    '--a--',
    '--ab',
    '--ab--',
    '--b',
    '--b--',
    '--abx',
    'x',
    'Subject: y',
    ' folded',
    'Content-Type: text/html',
    'Content-Type: multipart/mixed; boundary=a',
    'Content-Type: multipart/mixed; boundary=ab',
    'Content-Type: multipart/digest; boundary=b',
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: base64',
    `--a${' '.repeat(40)}`,
    `--a${'y'.repeat(60)}`,
  );
  const message = fc
    .array(fc.tuple(line, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '')), { maxLength: 40 })
    .map((lines) => lines.flat().join(''));
  const limits = fc.constantFrom(
    {},
    { parts: 3 },
    { depth: 2 },
    { fields: 4 },
    { headerBytes: 30 },
    { boundaryBytes: 1 },
  );

  test('the cuts do not matter', () => {
    const cuts = fc.array(fc.nat(600), { maxLength: 30 });
    fc.assert(
      fc.property(message, limits, cuts, (text, limit, at) => {
        const whole = parse(text, limit);
        expect(parse(text, limit, at)).toEqual(whole);
        expect(
          parse(
            text,
            limit,
            Array.from(text, (_, index) => index),
          ),
        ).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  test('ranges nest, in order, inside the message; paths are unique', () => {
    fc.assert(
      fc.property(message, limits, (text, limit) => {
        const { root, size } = parse(text, limit);
        const paths = expectNested(root, 0, size);
        expect(new Set(paths).size).toBe(paths.length);
      }),
      { numRuns: 2000 },
    );
  });
});
