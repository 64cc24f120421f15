/**
 * `node test/bench/policy.ts`: what judging costs. Nanoseconds of CPU per rule and recipient, by the number of rules, for a message to one
 * recipient (everything is judged) and for one to 1,000 (what does not look at the recipient is judged once); then RE2 against patterns
 * that were made to be slow, over 100 kB.
 */
/* oxlint-disable unicorn/no-thenable -- `then` is the language's word, and no rule is ever awaited. */
import { RE2JS } from 're2js';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import { evilPatterns, evilText } from '../policy/evil.ts';
import { facts } from '../policy/facts-of.ts';

/** One kind of condition each; the number makes them differ. */
const mixes: Readonly<Record<string, readonly ((n: number) => object)[]>> = {
  'keyword in the subject': [(n) => ({ subject: { keyword: `[secure${n}]` } })],
  'pattern in the subject': [(n) => ({ subject: { matches: `\\bcase[ -]?${n}[0-9]{3}\\b` } })],
  'recipient in a list': [(n) => ({ recipient: { in: 'partners', domain: `d${n}.example` } })],
  'all sorts': [
    (n) => ({ subject: { keyword: `[secure${n}]` } }),
    (n) => ({ recipient: { domain: [`d${n}.example`, `*.e${n}.example`] } }),
    (n) => ({ sender: { group: `g${n}` }, detects: { phi: 3 } }),
    (n) => ({
      any: [{ header: { name: 'X-Label', contains: `label ${n}` } }, { size: { over: n * 1000 + 1_000_000 } }],
    }),
    (n) => ({ body: { contains: [`project ${n}`] } }),
    (n) => ({ not: { recipient: { external: true } }, attachment: { extension: [`x${n}`] } }),
    () => ({ forwarded: true }),
    (n) => ({ subject: { contains: `word ${n}` }, recipient: { in: 'partners' } }),
    () => ({ time: { days: ['sat', 'sun'], zone: 'Europe/Berlin' } }),
    (n) => ({ keyword: [`[portal${n}]`] }),
  ],
};

function policyOf(rules: number, mix: readonly ((n: number) => object)[]): Policy {
  const text = JSON.stringify({
    version: 1,
    lists: { partners: Array.from({ length: 1000 }, (_, index) => `partner${index}.example`) },
    rules: Array.from({ length: rules }, (_, index) => ({
      name: `Rule ${index}`,
      when: mix[index % mix.length]?.(index) ?? {},
      then: { protect: 'transport' },
    })),
    default: { protect: 'none' },
  });
  const result = parsePolicy(text, 'bench.yaml', () => '');
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.policy;
}

function message(policy: Policy, recipients: readonly string[]): Facts {
  return facts({
    subject: 'AW: RE: The offer for the new building, as discussed on the phone this morning',
    envelope: { from: 'anna@corp.example', recipients },
    headers: Array.from({ length: 30 }, (_, index) => ({
      name: index === 7 ? 'x-label' : `x-${index}`,
      value: 'internal use',
    })),
    attachments: [1, 2, 3].map((part) => ({
      part: String(part),
      name: `Drawing ${part}.pdf`,
      type: 'application/pdf',
      detected: 'application/pdf',
      size: 10_000,
      encrypted: false,
      member: false,
    })),
    groups: { known: [], of: {} },
    probes: Object.fromEntries(policy.probes.map(({ id }) => [id, 0])),
  });
}

/** Microseconds of CPU (of all threads, so with the garbage) for a message to all of the recipients; the median of ten batches. */
function cost(policy: Policy, recipients: readonly string[]): number {
  const size = Math.max(1, Math.ceil(200_000 / (recipients.length * policy.rules.length)));
  const batches: number[] = [];
  // The first ones warm up.
  for (let batch = 0; batch < 15; batch++) {
    // Nothing is known of a message before it is judged for its first recipient.
    const messages = Array.from({ length: size }, () => message(policy, recipients));
    const before = process.cpuUsage();
    // Taken out one by one, since what is known of a message goes with it.
    for (let about = messages.pop(); about !== undefined; about = messages.pop())
      for (const recipient of recipients) evaluate(policy, about, recipient);
    const { user, system } = process.cpuUsage(before);
    if (batch >= 5) batches.push((user + system) / size);
  }
  return batches.toSorted((a, b) => a - b)[batches.length >> 1] ?? Number.NaN;
}

const thousand = Array.from({ length: 1000 }, (_, index) => `person${index}@partner${index}.example`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print('conditions                 rules   1 recipient, µs   ns/rule   1,000 recipients, µs each   ns/rule');
for (const [name, mix] of Object.entries(mixes)) {
  for (const rules of [10, 100, 1000]) {
    const policy = policyOf(rules, mix);
    const one = cost(policy, thousand.slice(0, 1));
    const each = cost(policy, thousand) / thousand.length;
    const cells = [
      name.padEnd(26),
      String(rules).padStart(5),
      one.toFixed(1).padStart(17),
      ((one * 1000) / rules).toFixed(0).padStart(9),
      each.toFixed(1).padStart(27),
      ((each * 1000) / rules).toFixed(0).padStart(9),
    ];
    print(cells.join(' '));
  }
}

print(`\n${evilPatterns.length} patterns made to be slow, over 100 kB each:`);
const times = evilPatterns.map((pattern) => {
  const expression = RE2JS.compile(pattern);
  const start = performance.now();
  expression.test(evilText(pattern));
  return { pattern, milliseconds: performance.now() - start };
});
const slowest = times.toSorted((a, b) => b.milliseconds - a.milliseconds);
print(`together ${times.reduce((sum, { milliseconds }) => sum + milliseconds, 0).toFixed(0)} ms; the slowest:`);
for (const { pattern, milliseconds } of slowest.slice(0, 5))
  print(`  ${milliseconds.toFixed(1).padStart(7)} ms  ${pattern}`);
