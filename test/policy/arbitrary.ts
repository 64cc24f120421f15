/**
 * Random policies and random facts for properties, from one vocabulary, so that they meet: the facts know the probes, groups, lists and
 * kinds of findings the policies ask for, or leave some of them unknown.
 */
/* oxlint-disable unicorn/no-thenable -- `then` is the language's word, and no rule is ever awaited. */
import * as fc from 'fast-check';
import { receiptRules } from '../../src/config/config.ts';
import { addressKey } from '../../src/mail/address.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import { type Level, levels, proofs } from '../../src/policy/verdict.ts';
import { facts } from './facts-of.ts';

/** As a rule stands in a policy, but without its name. */
export type ArbitraryRule = { readonly when: object; readonly then: Readonly<Record<string, unknown>> };

const tests: readonly object[] = [
  { always: true },
  { subject: { keyword: '[secure]' } },
  { subject: { nearMiss: ['[secure]', '[portal]'] } },
  { subject: { contains: ['merger', 'hello'] } },
  { subject: { matches: '^(RE|AW): ' } },
  { keyword: ['[secure]', '+portal+'] },
  { body: { contains: ['diagnosis'] } },
  { body: { matches: 'PN-[0-9]{4}' } },
  { content: { contains: ['merger'], matches: ['PN-[0-9]{4}'] } },
  { header: { name: 'X-Label', is: 'secret' } },
  { header: [{ name: 'X-Label', contains: 'secret' }, { name: 'X-Other' }] },
  { recipient: { domain: 'other.example' } },
  { recipient: { domain: '*.third.example' } },
  { recipient: { in: 'partners' } },
  { recipient: { group: 'board' } },
  { recipient: { external: true } },
  { recipient: { internal: true, group: ['board', 'ghosts'] } },
  { sender: { address: 'anna@corp.example' } },
  { sender: { domain: 'corp.example', group: 'staff' } },
  { sender: { in: ['partners', 'own'] } },
  { sender: { external: true } },
  { recipients: { over: 2 } },
  { externalDomains: { over: 1, under: 3 } },
  { sensitivity: ['private', 'personal'] },
  { label: ['Confidential', '2096f6a2-d2f7-48be-b329-b73aaa526e5d'] },
  { importance: 'high' },
  { size: { over: 5000 } },
  { attachment: { extension: ['exe', 'js'] } },
  { attachment: { name: 'invoice*', encrypted: true } },
  { attachment: { type: 'image/*', contains: 'diagnosis' } },
  { attachments: { over: 1 } },
  { forwarded: true },
  { autoSubmitted: false },
  { calendar: true },
  { signed: true },
  { encrypted: true },
  { rightsProtected: true },
  { tnef: true },
  { report: true },
  { report: ['dsn'] },
  { unscannable: true },
  { unscannable: ['password', 'content'] },
  { unscannable: false },
  { thread: true },
  { thread: 'transport' },
  { time: { days: ['mon', 'sat'], zone: 'Europe/Berlin' } },
  { time: { from: '22:00', to: '06:00', zone: 'America/New_York' } },
  { detects: 'any' },
  { detects: ['ssn', 'projects'] },
  { detects: { phi: 3 } },
  { detects: { card: 1, projects: 2 } },
];

const { condition } = fc.letrec<{ condition: object; test: object }>((tie) => ({
  test: fc.constantFrom(...tests),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('test'),
    fc.tuple(tie('test'), tie('test')).map(([a, b]) => ({ ...a, ...b })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie('condition').map((not) => ({ not })),
  ),
}));

export const arbitraryLevel: fc.Arbitrary<Level> = fc.constantFrom(...levels);

const beside = fc.record(
  {
    tls: fc.constantFrom('encrypt', 'verify', 'secure', 'dane'),
    addHeader: fc.constantFrom({ 'X-Marked': 'yes' }, { 'X-Marked': 'no', 'X-More': 'a b' }),
    removeHeader: fc.constantFrom(['X-Label'], ['X-Other', 'X-Label']),
    notifySender: fc.constantFrom(true, 'Please write [secure].'),
    expires: fc.constantFrom('1d', '7d', '30d'),
    reply: fc.boolean(),
    priority: fc.nat({ max: 9 }),
    hideSubject: fc.boolean(),
    sign: fc.boolean(),
    legacyDisplay: fc.boolean(),
    proof: fc.constantFrom(...proofs),
    receipts: fc.constantFrom(...receiptRules),
    linkFiles: fc.constantFrom({ over: '1MB' }, { over: '20MB' }),
    keys: fc.constantFrom('found', 'vouched', 'confirmed', 'pinned'),
  },
  { requiredKeys: [] },
);

const choices: Readonly<Record<Level, readonly object[]>> = {
  none: [{}],
  transport: [{}, { otherwise: 'bounce' }, { otherwise: 'drop' }, { methods: ['tls', 'portal'] }],
  message: [{}, { otherwise: 'portal' }, { otherwise: 'bounce', methods: ['pgp', 'smime'] }],
  portal: [{}, { otherwise: 'bounce' }],
  hold: [{}, { reviewers: ['boss@corp.example'] }, { reviewers: ['Ann@corp.example', 'boss@corp.example'] }],
  refuse: [{}],
};
const protecting = fc
  .tuple(arbitraryLevel, fc.boolean(), fc.nat({ max: 100 }))
  .map(([protect, override, choice]) => ({ protect, override, ...choices[protect][choice % choices[protect].length] }));

/** One rule; `override` in one of three or so. */
export const arbitraryRule: fc.Arbitrary<ArbitraryRule> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ when: condition, then: fc.tuple(protecting, beside).map(merged) }) },
  { weight: 1, arbitrary: fc.record({ when: condition, then: beside.map((then) => ({ tls: 'verify', ...then })) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      when: fc.constantFrom({ subject: { keyword: ['[secure]', 'hello'] } }, { keyword: '[portal]' }),
      then: protecting.map((then) => ({ ...then, stripKeyword: true })),
    }),
  },
);

function merged([a, b]: readonly [object, object]): Record<string, unknown> {
  return { ...a, ...b };
}

/** The text of a policy with these rules, named r0, r1 and so on after their place, unless they bring names. */
export function policyText(
  rules: readonly (ArbitraryRule & { readonly name?: string })[],
  byDefault: Level,
  sections: readonly object[] = [],
): string {
  return JSON.stringify({
    version: 1,
    lists: { partners: ['third.example', '*.third.example'], own: ['corp.example'] },
    detectors: { projects: { terms: ['Bluebird', 'Big Apple'], patterns: ['PN-[0-9]{4}'] } },
    rules: rules.map((rule, index) => ({ name: `r${index}`, ...rule })),
    sections,
    default: { protect: byDefault },
  });
}

const section = fc.record(
  {
    for: fc.constantFrom({ group: 'staff' }, { domain: 'corp.example' }, { address: 'vip@corp.example' }),
    rules: fc.array(arbitraryRule, { maxLength: 3 }),
    default: fc.record({ protect: arbitraryLevel }),
  },
  { requiredKeys: ['for'] },
);

/** Whole policies, as YAML (in its JSON form). They parse, and read no other file. */
export const arbitraryPolicyText: fc.Arbitrary<string> = fc
  .tuple(fc.array(arbitraryRule, { maxLength: 8 }), arbitraryLevel, fc.array(section, { maxLength: 2 }))
  .map(([rules, byDefault, sections]) => {
    const named = sections.map((each, place) => ({
      ...each,
      name: `s${place}`,
      rules: each.rules?.map((rule, index) => ({ name: `s${place} r${index}`, ...rule })) ?? [],
    }));
    return policyText(rules, byDefault, named);
  });

/** Recipients as facts may have them. */
export const arbitraryRecipient: fc.Arbitrary<string> = fc.constantFrom(
  'bob@other.example',
  'Carol@third.example',
  'dan@berlin.third.example',
  'boss@corp.example',
);

const sender = fc.constantFrom('anna@corp.example', 'Vip@corp.example', 'eve@evil.example', '');
const attachment = fc.record({
  part: fc.constantFrom('2', '3'),
  name: fc.constantFrom('', 'Invoice 7.pdf', 'run.EXE', 'x.js', 'photo.jpg'),
  type: fc.constantFrom('application/pdf', 'image/jpeg', 'application/octet-stream', ''),
  detected: fc.constantFrom(null, 'application/zip', 'image/png'),
  size: fc.nat(),
  encrypted: fc.boolean(),
  member: fc.boolean(),
});
const finding = fc.record({
  kind: fc.constantFrom('phi', 'ssn', 'card', 'ip'),
  count: fc.nat({ max: 4 }),
  part: fc.constantFrom('subject', '1', '2/3'),
  sample: fc.constant('•••1234'),
});
/** The probes of every condition of the vocabulary. */
const probeIds = probesOf(policyText([{ when: { any: tests }, then: { protect: 'none' } }], 'none'));

function probesOf(text: string): string[] {
  const result = parsePolicy(text, 'vocabulary.yaml', () => '');
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return result.policy.probes.map((probe) => probe.id);
}

/** Some are missing, as if nobody had looked for them. */
const probes = fc
  .array(fc.tuple(fc.constantFrom(...probeIds), fc.nat({ max: 3 })), { maxLength: probeIds.length * 2 })
  .map((counts) => Object.fromEntries(counts));

const doubts = fc.constantFrom('limits', 'structure', 'from', 'subject', 'content', 'password');
const groupNames = ['staff', 'board'];
const groups = fc.oneof(
  fc.constant({ known: null, of: {} }),
  fc
    .array(fc.tuple(fc.oneof(arbitraryRecipient, sender), fc.subarray(groupNames, { minLength: 1 })))
    .map((of) => ({ known: groupNames, of: Object.fromEntries(of.map(([who, names]) => [addressKey(who), names])) })),
);

const changes = fc.record(
  {
    receivedAt: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
    size: fc.constantFrom(10, 5000, 5001, 20_000_000),
    subject: fc.constantFrom(
      'Hello',
      '[Secure] hello',
      'RE: ［secure］',
      '[secrue] Merger',
      '+portal+',
      'AW: [portal] x',
      '',
    ),
    headers: fc.array(
      fc.record({ name: fc.constantFrom('x-label', 'x-other'), value: fc.constantFrom('Secret', 'top secret', '') }),
      { maxLength: 3 },
    ),
    attachments: fc.array(attachment, { maxLength: 3 }),
    forwarded: fc.boolean(),
    autoSubmitted: fc.boolean(),
    report: fc.constantFrom('dsn', 'mdn', 'other', null),
    calendar: fc.boolean(),
    signed: fc.boolean(),
    encrypted: fc.boolean(),
    rightsProtected: fc.boolean(),
    tnef: fc.boolean(),
    sensitivity: fc.constantFrom('normal', 'personal', 'private', 'company-confidential'),
    importance: fc.constantFrom('low', 'normal', 'high'),
    labels: fc.array(
      fc.record({
        id: fc.constantFrom('2096F6A2-D2F7-48BE-B329-B73AAA526E5D', ''),
        name: fc.constantFrom('confidential', ''),
      }),
      { maxLength: 2 },
    ),
    thread: fc.constantFrom(null, ...levels),
    groups,
    findings: fc.oneof(fc.constant(null), fc.array(finding, { maxLength: 4 })),
    probes,
  },
  { requiredKeys: [] },
);

/** Facts of messages that could have been. */
export const arbitraryFacts: fc.Arbitrary<Facts> = fc
  .record({
    mailFrom: sender,
    from: fc.array(sender, { maxLength: 2 }),
    recipients: fc.uniqueArray(arbitraryRecipient, { minLength: 1, maxLength: 4 }),
    doubts: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.uniqueArray(doubts, { minLength: 1, maxLength: 3 }) },
    ),
    changes,
  })
  .map((drawn) =>
    facts({
      ...drawn.changes,
      envelope: { from: drawn.mailFrom, recipients: drawn.recipients },
      from: drawn.from,
      to: drawn.recipients,
      tenantDomains: ['corp.example'],
      doubts: drawn.doubts,
      unscannable: drawn.doubts.length === 0 ? null : 'something cannot be told',
    }),
  );
