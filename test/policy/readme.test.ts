import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { runCases } from '../../src/policy/cases.ts';
import { detectorKinds } from '../../src/policy/detection.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import { levels, methods, otherwises } from '../../src/policy/verdict.ts';
import { policy } from './facts-of.ts';

/** policies/README.md is the reference of the language: it names all there is, and its examples work. */

const text = readFileSync(new URL('../../policies/README.md', import.meta.url), 'utf8');

function problemsOf(policyText: string): string {
  const parsed = parsePolicy(policyText, 'p.yaml', (path) =>
    path.endsWith('.txt') ? 'insurer.example' : 'version: 1\nrules: []\ndefault: { protect: none }\n',
  );
  return parsed.ok ? '' : parsed.problems.map(formatProblem).join('\n');
}

/** The keys a mapping may have, as the message about an unknown one lists them. */
function keysAt(policyText: string): string[] {
  const [, known] = /Known here: ([^.]+)\./.exec(problemsOf(policyText)) ?? [];
  return (known ?? '').split(', ');
}

const inWhen = (when: string) =>
  `version: 1\nrules: [{ name: R, when: ${when}, then: {} }]\ndefault: { protect: none }\n`;
const settings: readonly [string, string][] = [
  ['the file', 'zzzzzz: 1\n'],
  ['a rule', 'version: 1\nrules: [{ zzzzzz: 1 }]\n'],
  ['then', 'version: 1\nrules: [{ name: R, when: {}, then: { zzzzzz: 1 } }]\n'],
  ['a section', 'version: 1\nsections: [{ zzzzzz: 1 }]\n'],
  ['for', 'version: 1\nsections: [{ name: S, for: { zzzzzz: 1 } }]\n'],
  ['a detector', 'version: 1\ndetectors: { d: { zzzzzz: 1 } }\n'],
  ['when', inWhen('{ zzzzzz: 1 }')],
  ...['subject', 'body', 'content', 'recipient', 'sender', 'recipients', 'externalDomains', 'size', 'attachment'].map(
    (key): [string, string] => [key, inWhen(`{ ${key}: { zzzzzz: 1 } }`)],
  ),
  ...['attachments', 'header', 'time'].map((key): [string, string] => [key, inWhen(`{ ${key}: { zzzzzz: 1 } }`)]),
];

describe('every setting is named', () => {
  test.each(settings)('of %s', (_name, broken) => {
    const keys = keysAt(broken);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys)
      expect(text, key).toMatch(new RegExp(`\`[^\`]*\\b${key}\\b|^ *(?:- )?(?:\\w+: \\{ )?${key}:`, 'm'));
  });
});

test('every detector, level and method is named', () => {
  for (const name of [...Object.keys(detectorKinds), ...levels, ...methods, ...otherwises])
    expect(text).toContain(`\`${name}\``);
});

const examples = [...text.matchAll(/^```yaml\n([^`]+)```/gm)].map((match) => match[1] ?? '');

test('the examples of policies and rules parse', () => {
  const policies = examples.filter((example) => !example.includes('cases:'));
  expect(policies.length).toBeGreaterThanOrEqual(4);
  for (const example of policies) {
    const whole = example.startsWith('version:')
      ? example
      : `version: 1\nrules:\n${example.replaceAll(/^/gm, '  ')}\ndefault: { protect: none }\n`;
    expect(problemsOf(whole)).toBe('');
  }
});

test('the examples of conditions in the tables parse', () => {
  const conditions = [...text.matchAll(/\| `([a-zA-Z]+: [^|`]+)` \|$/gm)].map((match) => match[1] ?? '');
  expect(conditions.length).toBeGreaterThan(20);
  for (const condition of conditions) {
    const lists = 'lists: { banks: [bank.example] }';
    const whole = `version: 1\n${lists}\nrules: [{ name: R, when: { ${condition} }, then: { priority: 1 } }]\ndefault: { protect: none }\n`;
    expect(problemsOf(whole), condition).toBe('');
  }
});

test('the example of cases is one', async () => {
  const cases = examples.find((example) => example.includes('cases:')) ?? '';
  const { results, problems } = await runCases(policy('[]'), cases, 'p.cases.yaml');
  expect(results).toHaveLength(2);
  expect(problems.every(({ message }) => message.includes('case "') || message.includes('cannot be read'))).toBe(true);
});
