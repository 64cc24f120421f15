import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { type Range, StructureParser } from '../../src/mail/structure.ts';
import { type FactsOfMessage, runCases } from '../../src/policy/cases.ts';
import { factsOf } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import type { ScanPool } from '../../src/scan/job.ts';
import { createScanPool } from '../../src/scan/pool.ts';

/** The policies we ship: each does what its cases say, also with real messages looked through by the real scan. */

const folder = new URL('../../policies/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.cases.yaml'));

function load(name: string): Policy {
  const parsed = parsePolicy(read(name), name, read);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.policy;
}

let pool: ScanPool;
beforeAll(() => {
  pool = createScanPool({ size: 1 });
});
afterAll(() => pool.close());

function examiner(policy: Policy): FactsOfMessage {
  return async (file, { from, to, domains }) => {
    const url = new URL(file, folder);
    if (!existsSync(url)) return null;
    const octets = readFileSync(url);
    const parser = new StructureParser();
    parser.push(octets);
    const structure = parser.end();
    async function* piece({ start, end }: Range): AsyncIterable<Uint8Array> {
      yield await Promise.resolve(octets.subarray(start, end));
    }
    const scan = await pool.scan({ structure, probes: policy.probes, read: piece });
    const envelope = { from, recipients: to };
    return factsOf({
      structure,
      tenant: 't',
      tenantDomains: domains,
      envelope,
      receivedAt: 0,
      thread: null,
      groups: null,
      scan,
    });
  };
}

test('there are ready policies, and each has cases', () => {
  expect(names).toEqual(expect.arrayContaining(['default.yaml', 'healthcare.yaml', 'finance.yaml', 'legal.yaml']));
});

describe.each(names)('%s', (name) => {
  test('does what its cases say', async () => {
    const policy = load(name);
    const casesName = name.replace('.yaml', '.cases.yaml');
    const { results, problems } = await runCases(policy, read(casesName), casesName, examiner(policy));
    expect(problems.map(formatProblem)).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
    expect(results.every((result) => result.ok)).toBe(true);
  });

  test('holds no honest file that needs a password, and no ordinary mail', async () => {
    const policy = load(name);
    const rest = 'from: anna@corp.example, to: [bob@other.example]';
    const cases = `cases:
  - { name: password, ${rest}, attachments: [{ name: a.zip, encrypted: true }], expect: { level: hold } }
  - { name: ordinary, ${rest}, subject: Lunch, body: "At noon?", expect: { level: hold } }
`;
    const { results } = await runCases(policy, cases, 'p');
    expect(results.map((result) => result.ok)).toEqual([false, false]);
  });
});

test('a policy that builds on the default one and asks about content decides itself about passwords', async () => {
  const draft = parsePolicy(
    `version: 1
extends: default.yaml
rules: [{ name: Numbers, when: { detects: ssn }, then: { protect: message } }]
`,
    'draft.yaml',
    read,
  );
  const cases = `cases:
  - name: password
    from: anna@corp.example
    to: [bob@other.example]
    attachments: [{ name: a.zip, encrypted: true }]
    expect: { level: hold }
`;
  const { results } = await runCases(draft.ok ? draft.policy : load('default.yaml'), cases, 'p');
  expect(results.map((result) => result.ok)).toEqual([true]);
});

test('the messages that stand beside the policies are all used', () => {
  const used = names.map((name) => read(name.replace('.yaml', '.cases.yaml'))).join('\n');
  for (const message of readdirSync(new URL('messages/', folder))) expect(used).toContain(`messages/${message}`);
});
