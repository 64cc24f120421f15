import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { compilePattern } from '../../src/policy/pattern.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import { evilPatterns, evilText } from './evil.ts';

/** Files nobody wrote on purpose, or only a hostile person: one error each, with its place, and soon. */

function complaints(text: string, read: (path: string) => string = () => ''): string[] {
  const result = parsePolicy(text, 'p.yaml', read);
  return result.ok ? [] : result.problems.map(formatProblem);
}

const one = (when: string) =>
  `version: 1\nrules:\n  - name: r\n    when: ${when}\n    then: { protect: portal }\ndefault: { protect: none }\n`;

const bomb = `version: 1
a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
rules: *c
`;

describe('one error each, with line and column', () => {
  test.each([
    ['a YAML bomb', bomb, /^p\.yaml:3:8: .*alias/],
    ['an anchor into itself', 'version: 1\nrules: &a [*a]\n', /^p\.yaml:2:12: .*alias/],
    ['nesting without end', `version: 1\nrules: ${'['.repeat(100_000)}`, /^p\.yaml:2:\d+: .*(?:nested|deep)/],
    ['conditions nested too deeply', one(`${'{ not: '.repeat(60)}{}${' }'.repeat(60)}`), /^p\.yaml:4:\d+: .*deep/],
    ['a file that is too large', `# ${'x'.repeat(5_000_000)}`, /^p\.yaml:1:1: the file is too large/],
    [
      'a pattern of 1 MB',
      one(`{ subject: { matches: '${'a'.repeat(1_000_000)}' } }`),
      /^p\.yaml:4:33: rules\[0\]\.when\.subject\.matches: expected a regular expression of at most 1000 characters, found "a{60}…"\. Split it/,
    ],
    [
      'a pattern of 1 MB in a detector',
      `version: 1\ndetectors: { d: { patterns: ['${'(a|b)*'.repeat(150_000)}'] } }\ndefault: { protect: none }\n`,
      /^p\.yaml:2:30: detectors\.d\.patterns\[0\]: expected a regular expression of at most 1000 characters/,
    ],
    [
      'a keyword of 1 MB',
      one(`{ keyword: '${'a'.repeat(1_000_000)}' }`),
      /^p\.yaml:4:22: rules\[0\]\.when\.keyword: expected a keyword, found "a{60}…"/,
    ],
    [
      'a media type that is none',
      one('{ attachment: { type: [image/*, pdf] } }'),
      /^p\.yaml:4:43: rules\[0\].when.attachment\.type\[1\]: not a media type\. Write it like application\/pdf/,
    ],
    [
      'a rule that is a list',
      'version: 1\nrules: [[]]\ndefault: { protect: none }\n',
      /^p\.yaml:2:9: rules\[0\]: expected settings/,
    ],
    [
      'a number for a name',
      'version: 1\nrules: [{ name: 7, when: {}, then: { protect: none } }]\ndefault: { protect: none }\n',
      /^p\.yaml:2:17: rules\[0\]\.name: expected the name of the rule, found 7/,
    ],
    [
      'a list whose name has a space',
      'version: 1\nlists:\n  my banks: []\ndefault: { protect: none }\n',
      /^p\.yaml:3:3: lists\."my banks": expected the name of a list, found "my banks"\. Use letters/,
    ],
    [
      'a detector whose name has a dot',
      'version: 1\ndetectors: { a.b: { terms: [x] } }\ndefault: { protect: none }\n',
      /^p\.yaml:2:14: detectors\."a\.b": expected the name of a detector, found "a\.b"\. Use letters/,
    ],
    ['a key twice', 'version: 1\nversion: 1\n', /^p\.yaml:2:1: this key is here twice/],
    [
      'a list that is a binary file',
      'version: 1\nlists: { a: { file: x } }\ndefault: { protect: none }\n',
      /^p\.yaml:2:21: lists\.a\.file: line 1 of the list file is no address and no domain/,
    ],
  ])('%s', (name, text, expected) => {
    const found = complaints(text, () => (name.includes('binary') ? '\x00\x01\x02' : ''));
    expect(found).toEqual([expect.stringMatching(expected)]);
  });

  test('a wrong file as a list stops after some lines', () => {
    const found = complaints('version: 1\nlists: { a: { file: x } }\ndefault: { protect: none }\n', () =>
      '?\n'.repeat(100_000),
    );
    expect(found.length).toBeLessThan(20);
  });
});

describe('regular expressions', () => {
  test.each([
    ['(?=a)b', 'invalid or unsupported Perl syntax'],
    ['(?<=a)b', 'invalid named capture'],
    ['(a)\\1', 'invalid escape sequence'],
    ['(a', 'missing closing )'],
    ['a**', 'invalid nested repetition operator'],
    ['[z-a]', 'invalid character class range'],
    ['a{2000}', 'invalid repeat count'],
    ['((a{1,30}){1,30}){1,30}', 'invalid repeat count'],
    ['(\\pL{1,300}){2}', 'its repetitions make 1204 instructions, and 500 are the most'],
  ])('%s is refused, with the reason', (pattern, reason) => {
    const [found = '', ...more] = complaints(one(`{ header: { name: X, matches: '${pattern}' } }`));
    expect(found).toContain('p.yaml:4:41: rules[0].when.header.matches: the regular expression cannot be used: ');
    expect(found).toContain(reason);
    expect(more).toEqual([]);
  });

  test('of a subject, too', () => {
    expect(complaints(one("{ subject: { matches: '(a' } }"))).toEqual([
      expect.stringMatching(/^p\.yaml:4:33: .*missing closing \)/),
    ]);
  });

  test('each pattern of a list is refused at its own place', () => {
    expect(complaints(one("{ body: { matches: ['a', '(b', 'c', '(d'] } }")).map((each) => each.slice(0, 13))).toEqual([
      'p.yaml:4:36: ',
      'p.yaml:4:47: ',
    ]);
  });

  test.each(evilPatterns)('%s over 100 kB ends (backtracking would outlast the test)', (pattern) => {
    expect(compilePattern(pattern)).toBeInstanceOf(RE2JS);
    expect(RE2JS.compile(pattern).test(evilText(pattern))).toBe(false);
  });
});
