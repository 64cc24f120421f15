import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { runCases } from '../../src/policy/cases.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import { policy } from './facts-of.ts';

/** Cases prove policies: the ones we ship hold, and one that does not hold is named at its place. */

describe('the policies we ship', () => {
  const folder = new URL('../../policies/', import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.cases.yaml'));

  test.each(names)('%s does what its cases say', (name) => {
    const parsed = parsePolicy(read(name), name, read);
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    const casesName = name.replace('.yaml', '.cases.yaml');
    const { results, problems } = runCases(parsed.policy, read(casesName), casesName);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(results.length).toBeGreaterThan(5);
    expect(results.every((result) => result.ok)).toBe(true);
  });
});

const judged = policy(`[
  { name: Asked, when: { subject: { keyword: "[secure]" } }, then: { protect: message, stripKeyword: true } },
  { name: Sent on, when: { forwarded: true }, then: { protect: transport, tls: secure, otherwise: bounce } }]`);

function run(cases: string) {
  const { results, problems } = runCases(judged, cases, 'p.cases.yaml');
  return { results, problems: problems.map((problem) => formatProblem(problem).replace('p.cases.yaml:', '')) };
}

const base = 'name: n, from: anna@corp.example, to: [bob@other.example, eve@other.example]';

describe('a case', () => {
  test('that does not hold says what came and why', () => {
    const { results, problems } = run(`cases:
  - { ${base}, subject: "[secure] x",
      expect: { level: portal, subject: x },
      expectFor: { Eve@OTHER.example: { level: message, rules: [Sent on] } } }
`);
    expect(results.map((result) => result.ok)).toEqual([false, false]);
    const why = 'Level message wins (strictest of none, message), wanted by "Asked". Correct the policy or the case.';
    expect(problems).toEqual([
      `3:15: cases[0].expect: case "n", bob@other.example: level is message, expected portal. ${why}`,
      `4:39: cases[0].expectFor.Eve@OTHER.example: case "n", eve@other.example: rules is ["Asked"], expected ["Sent on"]. ${why}`,
    ]);
  });

  test.each([
    ['tls', '{ level: transport, tls: verify }', 'tls is secure, expected verify'],
    ['tls', '{ level: transport, tls: null }', 'tls is secure, expected null'],
    ['otherwise', '{ level: transport, otherwise: null }', 'otherwise is bounce, expected null'],
    ['methods', '{ level: transport, methods: [tls] }', 'methods is null, expected ["tls"]'],
    ['subject', '{ level: transport, subject: y }', 'subject is x, expected y'],
    ['level', '{ level: none }', 'level is transport, expected none'],
  ])('compares %s of %s', (_key, expected, difference) => {
    const { problems } = run(`cases: [{ ${base}, subject: x, forwarded: true, expect: ${expected} }]`);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain(difference);
  });

  test.each([
    [
      `cases: [{ ${base} }]`,
      '1:50: cases[0].to[0]: nothing is expected for bob@other.example. Add expect or expectFor.',
    ],
    [
      `cases: [{ ${base}, expect: { level: none }, expectFor: { x@y.example: { level: none } } }]`,
      'x@y.example is no recipient of this case. Add it to to.',
    ],
    [`cases: [{ ${base}, expect: { level: high } }]`, 'cases[0].expect.level: expected one of none, transport'],
    [
      `cases: [{ ${base}, forward: true, expect: { level: none } }]`,
      'unknown setting "forward". Did you mean "forwarded"?',
    ],
    [
      'cases: [{ name: n, from: anna, to: [b@c.example], expect: { level: none } }]',
      '1:26: cases[0].from: expected a mail address, found "anna". Write it like',
    ],
    ['cases: []', '1:8: cases: expected a list of cases, found an empty list. Write at least one'],
  ])('%s', (text, expected) => {
    expect(run(text).problems.join('\n')).toContain(expected);
  });

  test('may have a null sender', () => {
    const { problems } = run(`cases: [{ ${base}, mailFrom: "", expect: { level: none } }]`);
    expect(problems).toEqual([]);
  });
});
