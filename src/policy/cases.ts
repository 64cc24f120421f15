/**
 * Cases: messages described in a `NAME.cases.yaml` beside the policy `NAME.yaml`, with the verdict their author expects. They prove
 * that a policy says what was meant, and keep proving it after a change.
 *
 *     cases:
 *       - name: The keyword protects
 *         from: anna@clinic.example            # envelope and From header; mailFrom: "" for a null sender, or another one
 *         to: [patient@mail.example]
 *         subject: "RE: [secure] Results"
 *         headers: { X-Label: internal }
 *         size: 12KB
 *         forwarded: false                     # likewise every flag a rule can ask for
 *         expect: { level: message, subject: "RE: Results" }          # for every recipient
 *         expectFor: { patient@mail.example: { level: portal } }      # for this one instead
 */
import * as z from 'zod';
import { tlsLevels } from '../config/config.ts';
import * as kinds from '../config/kinds.ts';
import { type Path, type Problem, parseYaml, says, section } from '../config/yaml.ts';
import { addressKey, canonicalAddress, domainOf } from '../mail/address.ts';
import { evaluate } from './evaluate.ts';
import { type Facts, noGroups } from './facts.ts';
import type { Policy } from './schema.ts';
import { levels, methods, otherwises, type Verdict } from './verdict.ts';

export type CaseResult = { readonly name: string; readonly recipient: string; readonly ok: boolean };

const flag = kinds.flag().prefault(false);
const phrase = z.string({ error: says('a text', 'Write it in quotes.') });
const address = addressText((text) => canonicalAddress(text));

const expectation = section({
  level: kinds.choice(levels),
  otherwise: kinds.choice(otherwises).nullable().optional(),
  tls: kinds.choice(tlsLevels).nullable().optional(),
  methods: kinds.listOf(kinds.choice(methods), 'a list of methods').nullable().optional(),
  rules: kinds.listOf(phrase, 'the names of the rules that match, in the order of the policy').optional(),
  subject: phrase.optional(),
});

const casesSchema = section({
  cases: kinds.listOf(
    section({
      name: kinds.text('the name of the case', 'Write a sentence that says what it shows.'),
      from: address,
      mailFrom: addressText((text) => (text === '' ? '' : canonicalAddress(text))).optional(),
      to: kinds.listOf(address, 'a list of recipients', 1),
      subject: phrase.prefault(''),
      headers: record(phrase, 'header fields as "Name: value" lines'),
      size: kinds.size(0, Number.MAX_SAFE_INTEGER).prefault('10KB'),
      forwarded: flag,
      autoSubmitted: flag,
      report: kinds.choice(['dsn', 'mdn', 'other']).nullable().prefault(null),
      calendar: flag,
      signed: flag,
      encrypted: flag,
      rightsProtected: flag,
      tnef: flag,
      unscannable: kinds.text('why it cannot be looked through', 'Write a few words.').nullable().prefault(null),
      expect: expectation.optional(),
      expectFor: record(expectation, 'expectations by recipient'),
    }),
    'a list of cases',
    1,
  ),
});

type Case = z.output<typeof casesSchema>['cases'][number];
type Expectation = z.output<typeof expectation>;

/**
 * Runs the cases in `casesText` against the policy; `file` is the name problems carry. A case that does not come out as expected is a
 * problem at its place in the file, so no problems means that everything holds.
 */
export function runCases(
  policy: Policy,
  casesText: string,
  file: string,
): { readonly results: readonly CaseResult[]; readonly problems: readonly Problem[] } {
  const parsed = parseYaml(casesText, file, casesSchema);
  if (!parsed.ok) return { results: [], problems: parsed.problems };
  const { value, problemAt } = parsed;
  const results: CaseResult[] = [];
  const problems: Problem[] = [];
  for (const [index, each] of value.cases.entries()) {
    const at: Path = ['cases', index];
    const facts = factsOfCase(each);
    const special = new Map(
      Object.entries(each.expectFor).map(([name, expected]) => [keyOf(name), { name, expected }]),
    );
    for (const [place, recipient] of each.to.entries()) {
      const own = special.get(addressKey(recipient));
      const expected = own?.expected ?? each.expect;
      special.delete(addressKey(recipient));
      if (expected === undefined) {
        problems.push(
          problemAt([...at, 'to', place], `nothing is expected for ${recipient}`, 'Add expect or expectFor.'),
        );
        continue;
      }
      const verdict = evaluate(policy, facts, recipient);
      const differences = compare(expected, verdict);
      results.push({ name: each.name, recipient, ok: differences.length === 0 });
      if (differences.length === 0) continue;
      const where = own === undefined ? [...at, 'expect'] : [...at, 'expectFor', own.name];
      const message = `case "${each.name}", ${recipient}: ${differences.join('; ')}`;
      problems.push(problemAt(where, message, `${verdict.because.at(-1) ?? ''} Correct the policy or the case.`));
    }
    for (const { name } of special.values()) {
      problems.push(
        problemAt([...at, 'expectFor', name], `${name} is no recipient of this case`, 'Add it to to.', 'key'),
      );
    }
  }
  return { results, problems };
}

function compare(expected: Expectation, verdict: Verdict): string[] {
  const differences: string[] = [];
  for (const key of ['level', 'otherwise', 'tls', 'methods', 'rules', 'subject'] as const) {
    const wanted = expected[key];
    if (wanted === undefined || words(wanted) === words(verdict[key])) continue;
    differences.push(`${key} is ${words(verdict[key])}, expected ${words(wanted)}`);
  }
  return differences;
}

function words(value: string | readonly string[] | null): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function factsOfCase(each: Case): Facts {
  const from = each.mailFrom ?? each.from;
  const written: [string, string][] = [
    ['From', each.from],
    ['To', each.to.join(', ')],
    ['Subject', each.subject],
  ];
  const headers = [...written, ...Object.entries(each.headers)].map(([name, value]) => ({
    name: name.toLowerCase(),
    value,
  }));
  return {
    tenant: domainOf(each.from),
    tenantDomains: [domainOf(each.from)],
    receivedAt: 0,
    envelope: { from, recipients: each.to },
    size: each.size,
    subject: each.subject,
    from: [each.from],
    to: each.to,
    cc: [],
    headers,
    attachments: [],
    forwarded: each.forwarded,
    autoSubmitted: each.autoSubmitted,
    report: each.report,
    calendar: each.calendar,
    signed: each.signed,
    encrypted: each.encrypted,
    rightsProtected: each.rightsProtected,
    tnef: each.tnef,
    sensitivity: 'normal',
    importance: 'normal',
    labels: [],
    thread: null,
    groups: noGroups,
    findings: [],
    probes: {},
    unscannable: each.unscannable,
    doubts: each.unscannable === null ? [] : ['limits'],
  };
}

function keyOf(text: string): string {
  return addressKey(canonicalAddress(text) ?? text);
}

function addressText(read: (text: string) => string | null) {
  const error = says('a mail address', 'Write it like anna@clinic.example.');
  return z.string({ error }).transform((text, context) => {
    const canonical = read(text.trim());
    if (canonical !== null) return canonical;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

function record<S extends z.ZodType>(value: S, expected: string) {
  return z
    .record(z.string(), value, { error: says(expected, 'Write a name, a colon and a value on each line.') })
    .prefault({});
}
