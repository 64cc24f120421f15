/**
 * Cases: messages in a `NAME.cases.yaml` beside the policy `NAME.yaml`, with the verdict their author expects. They prove that a policy
 * says what was meant, and keep proving it after a change.
 *
 *     domains: [clinic.example]              # the tenant's, when they are not simply those of from
 *     cases:
 *       - name: The keyword protects
 *         from: anna@clinic.example
 *         to: [patient@mail.example]
 *         subject: "RE: [secure] Results"    # all that can be said of a message: case-message.ts
 *         expect: { level: message, subject: "RE: Results" }          # for every recipient
 *         expectFor: { patient@mail.example: { level: portal } }      # for this one instead
 *
 * An expectation names the level and whatever else of the verdict matters; the keys are those of a rule's `then`, with `rules`,
 * `subject` and `released` (the level once a held message is released) besides.
 */
import * as z from 'zod';
import { keyTrusts, receiptRules, tlsLevels } from '../config/config.ts';
import * as kinds from '../config/kinds.ts';
import { type Path, type Problem, parseYaml, says, section } from '../config/yaml.ts';
import { addressKey, canonicalAddress, domainOf } from '../mail/address.ts';
import { linkFiles } from './actions.ts';
import { addressOf, contentShape, envelopeShape, factsOfCase, record, surroundings } from './case-message.ts';
import { evaluate } from './evaluate.ts';
import type { Facts } from './facts.ts';
import type { Policy } from './schema.ts';
import { levels, methods, otherwises, proofs, type Verdict } from './verdict.ts';

export type CaseResult = { readonly name: string; readonly recipient: string; readonly ok: boolean };

/**
 * The facts of the message in a file, whose path starts at the folder of the cases: read, looked through with the policy's probes, as
 * sent in this envelope by a tenant of these domains. Null when the file cannot be read.
 */
export type FactsOfMessage = (
  file: string,
  sent: { readonly from: string; readonly to: readonly string[]; readonly domains: readonly string[] },
) => Promise<Facts | null>;

const phrase = z.string({ error: says('a text', 'Write it in quotes.') });
const phrases = (what: string) => kinds.listOf(phrase, what);

const expectation = section({
  level: kinds.choice(levels),
  released: kinds.choice(levels).optional(),
  otherwise: kinds.choice(otherwises).nullable().optional(),
  tls: kinds.choice(tlsLevels).nullable().optional(),
  methods: kinds.listOf(kinds.choice(methods), 'a list of methods').nullable().optional(),
  keys: kinds.choice(keyTrusts).nullable().optional(),
  rules: phrases('the names of the rules that match, in the order of the policy').optional(),
  subject: phrase.optional(),
  addHeader: record(phrase, 'the header fields that are added').optional(),
  removeHeader: phrases('the names of header fields').optional(),
  notifySender: z
    .union([kinds.flag(), phrases('what the sender is told')], {
      error: says('whether the sender is told, or what', 'Write true, false or the texts as a list.'),
    })
    .optional(),
  reviewers: kinds.listOf(addressOf, 'a list of addresses').optional(),
  expires: kinds.duration().nullable().optional(),
  reply: kinds.flag().nullable().optional(),
  priority: kinds.wholeNumber(0, 9).nullable().optional(),
  hideSubject: kinds.flag().nullable().optional(),
  sign: kinds.flag().nullable().optional(),
  legacyDisplay: kinds.flag().nullable().optional(),
  proof: kinds.choice(proofs).nullable().optional(),
  receipts: kinds.choice(receiptRules).nullable().optional(),
  linkFiles: linkFiles.nullable().optional(),
});

const casesSchema = section({
  domains: kinds.listOf(kinds.domain(), 'the domains of the tenant', 1).optional(),
  cases: kinds.listOf(
    section({
      name: kinds.text('the name of the case', 'Write a sentence that says what it shows.'),
      message: kinds.file('a message').optional(),
      ...envelopeShape,
      ...contentShape,
      expect: expectation.optional(),
      expectFor: record(expectation, 'expectations by recipient').optional(),
    }),
    'a list of cases',
    1,
  ),
});

type Case = z.output<typeof casesSchema>['cases'][number];
type Expectation = z.output<typeof expectation>;
type Report = (path: Path, message: string, remedy: string, part?: 'key' | 'value') => void;

/**
 * Runs the cases in `casesText` against the policy; `file` is the name problems carry. A case that does not come out as expected is a
 * problem at its place in the file, so no problems means that everything holds. Without `factsOfMessage`, cases with `message` are
 * problems.
 */
export async function runCases(
  policy: Policy,
  casesText: string,
  file: string,
  factsOfMessage: FactsOfMessage = () => Promise.resolve(null),
): Promise<{ readonly results: readonly CaseResult[]; readonly problems: readonly Problem[] }> {
  const parsed = parseYaml(casesText, file, casesSchema);
  if (!parsed.ok) return { results: [], problems: parsed.problems };
  const { value, problemAt } = parsed;
  const results: CaseResult[] = [];
  const problems: Problem[] = [];
  for (const [index, each] of value.cases.entries()) {
    const report: Report = (path, message, remedy, part) =>
      problems.push(problemAt(['cases', index, ...path], message, remedy, part));
    const facts = await factsFor(each, value.domains ?? [domainOf(each.from)], policy, factsOfMessage, report);
    if (facts !== null) results.push(...runCase(each, facts, policy, report));
  }
  return { results, problems };
}

async function factsFor(
  each: Case,
  domains: readonly string[],
  policy: Policy,
  factsOfMessage: FactsOfMessage,
  report: Report,
): Promise<Facts | null> {
  if (each.message === undefined) return factsOfCase(each, domains, policy);
  const both = Object.keys(contentShape).find((key) => Object.hasOwn(each, key));
  if (both !== undefined) {
    report([both], `${both} beside message`, 'The message says it itself: remove one of the two.', 'key');
    return null;
  }
  const facts = await factsOfMessage(each.message, { from: each.mailFrom ?? each.from, to: each.to, domains });
  if (facts !== null) return { ...facts, ...surroundings(each, policy) };
  report(['message'], 'the message cannot be read', 'Correct the path; it starts at the folder of this file.');
  return null;
}

function runCase(each: Case, facts: Facts, policy: Policy, report: Report): CaseResult[] {
  const results: CaseResult[] = [];
  const special = new Map(
    Object.entries(each.expectFor ?? {}).map(([name, expected]) => [keyOf(name), { name, expected }]),
  );
  for (const [place, recipient] of each.to.entries()) {
    const own = special.get(addressKey(recipient));
    const expected = own?.expected ?? each.expect;
    special.delete(addressKey(recipient));
    if (expected === undefined) {
      report(['to', place], `nothing is expected for ${recipient}`, 'Add expect or expectFor.');
      continue;
    }
    const verdict = evaluate(policy, facts, recipient);
    const differences = compare(expected, verdict);
    results.push({ name: each.name, recipient, ok: differences.length === 0 });
    if (differences.length === 0) continue;
    const where = own === undefined ? ['expect'] : ['expectFor', own.name];
    const message = `case "${each.name}", ${recipient}: ${differences.join('; ')}`;
    report(where, message, `${verdict.because.at(-1) ?? ''} Correct the policy or the case.`);
  }
  for (const { name } of special.values())
    report(['expectFor', name], `${name} is no recipient of this case`, 'Add it to to.', 'key');
  return results;
}

/** What is as it is, and what was expected: only what the expectation names. */
function compare(expected: Expectation, verdict: Verdict): string[] {
  const { headers, notifySender } = verdict;
  const actual: Record<keyof Expectation, unknown> = {
    level: verdict.level,
    released: verdict.released,
    otherwise: verdict.otherwise,
    tls: verdict.tls,
    methods: verdict.methods,
    keys: verdict.keyTrust,
    rules: verdict.rules,
    subject: verdict.subject,
    addHeader: Object.fromEntries(headers.add.map(({ name, value }) => [name, value])),
    removeHeader: headers.remove,
    notifySender: typeof expected.notifySender === 'boolean' ? notifySender.length > 0 : notifySender,
    reviewers: verdict.reviewers,
    expires: verdict.expires,
    reply: verdict.reply,
    priority: verdict.priority,
    hideSubject: verdict.hideSubject,
    sign: verdict.sign,
    legacyDisplay: verdict.legacyDisplay,
    proof: verdict.proof,
    receipts: verdict.receipts,
    linkFiles: verdict.linkFilesOver === null ? null : { over: verdict.linkFilesOver },
  };
  return Object.entries(expected)
    .map(([key, wanted]) => ({ key, wanted: words(wanted), is: words(actual[key as keyof Expectation]) }))
    .filter(({ wanted, is }) => wanted !== is)
    .map(({ key, wanted, is }) => `${key} is ${is}, expected ${wanted}`);
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

function keyOf(text: string): string {
  return addressKey(canonicalAddress(text) ?? text);
}
