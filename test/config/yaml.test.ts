import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as kinds from '../../src/config/kinds.ts';
import { settings } from '../../src/config/schema.ts';
import { nearest, parseYaml, section, show } from '../../src/config/yaml.ts';

/** The reader of YAML: hostile and broken text becomes one problem with a place, never an exception and never a long wait. */

const anything = section({ a: kinds.listOf(kinds.text('a text', 'Write a text.'), 'a list').optional() });

describe('broken and hostile text', () => {
  test.each([
    ['an alias bomb', `a: &a [x]\n${'b: &b [*a, *a, *a]\n'.repeat(30)}`, 'this key is here twice'],
    ['aliases that expand', 'a: [&x [y], *x, *x]', 'an alias ("*name"), which is not supported'],
    ['an alias into itself', 'a: &x [*x]', 'an alias ("*name"), which is not supported'],
    ['an alias to nothing', 'a: [*x]', 'an alias ("*name"), which is not supported'],
    ['nesting beyond the limit', `a: ${'['.repeat(60)}${']'.repeat(60)}`, 'nested too deeply'],
    ['nesting without end', `a: ${'['.repeat(100_000)}`, 'nested too deeply'],
    ['a merge key', '<<: { a: [] }', 'unknown setting "<<"'],
    ['two documents', 'a: []\n---\na: []', 'a second document begins here'],
    ['a key that is a list', '? [a]\n: b', 'a key that is not plain text'],
    ['too much', `a: [${'x,'.repeat(3_000_000)}]`, 'the file is too large to be one of these'],
  ])('%s', (_name, text, expected) => {
    const result = parseYaml(text, 'f.yaml', anything);
    const [problem] = result.ok ? [] : result.problems;
    expect(problem?.message).toBe(expected);
    expect(problem?.remedy).not.toBe('');
    expect(problem?.line).toBeGreaterThan(0);
    expect(problem?.column).toBeGreaterThan(0);
  });

  test('any text is a value or problems on lines the text has', () => {
    const lines = fc.array(
      fc.oneof(
        fc.string({ maxLength: 30 }),
        fc.constantFrom(
          'hostname: a.example',
          'smtp:',
          '  listen: [',
          '- id: x',
          'tenants:',
          '    proof: {}',
          ']',
          '"',
          ': :',
          '#',
        ),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(lines, (parts) => {
        const text = parts.join('\n');
        const result = parseYaml(text, 'f.yaml', settings);
        for (const problem of result.ok ? [] : result.problems) {
          expect(problem.line).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length);
          expect(problem.message).not.toMatch(/[\n\r]/);
          expect(problem.remedy).toMatch(/\.$/);
        }
      }),
      { numRuns: 400 },
    );
  });
});

test('a key that is there twice is told at its second place, however it is quoted and wherever it is', () => {
  const result = parseYaml(`a:\n  - b: { x: 1, 'y': 2, "x": 3 }\n`, 'f.yaml', anything);
  expect(result).toMatchObject({
    problems: [{ line: 2, column: 24, message: 'this key is here twice', remedy: 'Keep one of the two.' }],
  });
});

test.each([
  ['unknown keys', Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join('')],
  ['wrong values', `a: [${'[],'.repeat(5_000)}]\n`],
])('of a wrong file with many %s the first problems are told', (_name, text) => {
  const result = parseYaml(text, 'f.yaml', anything);
  expect(result.ok ? 0 : result.problems.length).toBe(50);
});

test('the path to a key nobody expected is short and on one line', () => {
  const result = parseYaml(`"a\\n${'x'.repeat(1000)}": 1`, 'f.yaml', anything);
  expect(result.ok ? [] : result.problems.map((problem) => problem.path)).toEqual([`"a\\n${'x'.repeat(58)}…"`]);
});

test('a found value is short and on one line', () => {
  expect(show(`a\nb${'x'.repeat(100)}`)).toBe(`"a\\nb${'x'.repeat(57)}…"`);
});

test.each([
  ['maxRecipient', 'maxRecipients'],
  ['MINVERSION', 'minVersion'],
  ['lisetn', 'listen'],
  ['entirely-different', null],
])('the nearest known key to %s is %s', (word, expected) => {
  expect(nearest(word, ['maxRecipients', 'minVersion', 'listen'])).toBe(expected);
});

describe('kinds of values', () => {
  const schemas = {
    duration: kinds.duration(),
    size: kinds.size(0, 2 ** 40),
    listen: kinds.listen(),
    network: kinds.network(),
    nameServer: kinds.nameServer(),
    domain: kinds.domain(),
    httpsOrigin: kinds.httpsOrigin(),
    database: kinds.database(),
  };
  const value = (schema: Parameters<typeof section>[0][string], text: string): unknown => {
    const result = parseYaml(`v: ${text}`, 'f.yaml', section({ v: schema }));
    return result.ok ? result.value.v : 'refused';
  };
  test.each([
    ['duration', '90s', 90_000],
    ['duration', '0m', 'refused'],
    ['duration', '9999999d', 'refused'],
    ['duration', '-5m', 'refused'],
    ['duration', '5 m', 'refused'],
    ['size', '150MB', 157_286_400],
    ['size', '1 KB', 1024],
    ['size', '1e3', 1000],
    ['size', '1.5MB', 'refused'],
    ['listen', '"[::]:25"', { host: '::', port: 25 }],
    ['listen', 'localhost:0', { host: 'localhost', port: 0 }],
    ['listen', '"::1:25"', 'refused'],
    ['listen', '"1.2.3.4:99999"', 'refused'],
    ['network', '10.0.0.1', '10.0.0.1/32'],
    ['network', '"::/0"', '::/0'],
    ['network', '10.0.0.0/08', '10.0.0.0/8'],
    ['network', '10.0.0.0/8/8', 'refused'],
    ['network', 'fe80::1%eth0/64', 'refused'],
    ['nameServer', '"::1"', '[::1]:53'],
    ['nameServer', '9.9.9.9', '9.9.9.9:53'],
    ['domain', 'Bücher.Example.', 'xn--bcher-kva.example'],
    ['domain', '"-x.example"', 'refused'],
    ['domain', 'example', 'refused'],
    ['httpsOrigin', 'https://A.example:8443/', 'https://a.example:8443'],
    ['httpsOrigin', 'https://u:p@a.example', 'refused'],
    ['database', 'postgresql://db/x', 'postgresql://db/x'],
    ['database', 'mysql://db/x', 'refused'],
  ] as const)('%s %s', (kind, text, expected) => {
    expect(value(schemas[kind], text)).toEqual(expected);
  });
});
