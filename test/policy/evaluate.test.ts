import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate, unscannableRule } from '../../src/policy/evaluate.ts';
import type { Facts } from '../../src/policy/facts.ts';
import type { Policy } from '../../src/policy/schema.ts';
import { levels } from '../../src/policy/verdict.ts';
import { facts, policy } from './facts-of.ts';

/** The judgement: which level wins, what rides along, and what the reasons say. */

const bob = 'bob@other.example';

/** A rule that matches every message. */
const always = (name: string, then: string) => `{ name: ${name}, when: {}, then: { ${then} } }`;

function judge(rules: readonly string[], byDefault = 'none', about: Partial<Facts> = {}) {
  return evaluate(policy(`[${rules.join(', ')}]`, byDefault), facts(about), bob);
}

describe('the level', () => {
  test.each([
    ['nothing matches: the default', [], 'transport', 'transport'],
    ['the strictest wins', ['protect: transport', 'protect: message', 'protect: none'], 'none', 'message'],
    ['the default counts too', ['protect: none'], 'message', 'message'],
    ['refuse is strictest', ['protect: hold', 'protect: refuse', 'protect: portal'], 'none', 'refuse'],
    ['override lowers', ['protect: message', 'protect: none, override: true'], 'transport', 'none'],
    ['override lowers the default', ['protect: none, override: true'], 'transport', 'none'],
    [
      'the strictest override counts',
      ['protect: portal', 'protect: none, override: true', 'protect: transport, override: true'],
      'none',
      'transport',
    ],
    ['override may also raise', ['protect: transport', 'protect: portal, override: true'], 'none', 'portal'],
    ['override does not lower hold', ['protect: hold', 'protect: none, override: true'], 'none', 'hold'],
    ['override does not lower refuse', ['protect: refuse', 'protect: message, override: true'], 'none', 'refuse'],
    ['override does not lower a default of hold', ['protect: none, override: true'], 'hold', 'hold'],
    ['a rule without a level leaves it', ['tls: secure'], 'transport', 'transport'],
  ])('%s', (_name, then, byDefault, expected) => {
    const rules = then.map((each, index) => always(`r${index}`, each));
    expect(judge(rules, byDefault).level).toBe(expected);
  });

  test.each([
    [['protect: hold', 'protect: message'], 'none', 'message'],
    [['protect: hold'], 'none', 'none'],
    [['protect: hold'], 'transport', 'transport'],
    [[], 'hold', 'none'],
    [['protect: hold', 'protect: portal', 'protect: transport, override: true'], 'none', 'transport'],
    [['protect: message'], 'none', 'message'],
    [['protect: refuse', 'protect: hold'], 'none', 'refuse'],
  ])('released %#', (then, byDefault, expected) => {
    const rules = then.map((each, index) => always(`r${index}`, each));
    expect(judge(rules, byDefault).released).toBe(expected);
  });
});

describe('what cannot be looked through', () => {
  const about = { unscannable: 'too many parts' };

  test.each([
    ['structure', '{ subject: { keyword: "[secure]" } }', 'none'],
    ['structure', '{ signed: true }', 'hold'],
    [
      'structure',
      '{ not: { all: [ { calendar: true }, { size: { over: 25MB } } ] }, recipient: { domain: third.example } }',
      'hold',
    ],
    ['subject', '{ subject: { keyword: "[secure]" } }', 'hold'],
    ['subject', '{ recipient: { domain: third.example } }', 'none'],
    ['subject', '{ header: { name: Subject, contains: x } }', 'hold'],
    ['from', '{ sender: { domain: third.example } }', 'hold'],
    ['from', '{ forwarded: true }', 'hold'],
    ['from', '{ size: { over: 25MB } }', 'none'],
    ['limits', '{ size: { over: 25MB } }', 'hold'],
    ['content', '{ body: { contains: x } }', 'hold'],
    ['content', '{ content: { contains: x } }', 'hold'],
    ['content', '{ attachment: { matches: x } }', 'hold'],
    ['content', '{ detects: ssn }', 'hold'],
    ['content', '{ keyword: "[secure]" }', 'none'],
    ['content', '{ attachment: { extension: exe } }', 'none'],
    ['password', '{ not: { content: { contains: x } } }', 'hold'],
    ['password', '{ attachment: { contains: x } }', 'hold'],
    ['password', '{ detects: any }', 'hold'],
    // What needs a password is no body.
    ['password', '{ body: { contains: x } }', 'none'],
    ['password', '{ attachment: { encrypted: true } }', 'none'],
    ['structure', '{ body: { contains: x } }', 'hold'],
    ['structure', '{ attachments: { over: 1 } }', 'hold'],
  ] as const)('a doubt about %s with a rule on %s: %s', (doubt, when, level) => {
    const rule = `{ name: r, when: ${when}, then: { protect: none } }`;
    expect(judge([rule], 'none', { unscannable: 'two readings', doubts: [doubt] }).level).toBe(level);
  });
  test('is held, and the reasons say by whom', () => {
    const verdict = judge([always('x', 'protect: none, override: true')], 'none', about);
    expect(verdict.level).toBe('hold');
    expect(verdict.rules).toEqual(['x', unscannableRule]);
    expect(verdict.because).toContain(`Rule "${unscannableRule}" matched: too many parts; it wants level hold.`);
    expect(verdict.because.at(-1)).toContain('no rule overrides hold or refuse');
  });

  test.each([
    ['{ unscannable: true }', 'portal'],
    ['{ any: [ { unscannable: true }, { size: { over: 25MB } } ] }', 'portal'],
    // Asking for the opposite, or for something else, is no answer to it.
    ['{ unscannable: false }', 'hold'],
    ['{ not: { unscannable: false } }', 'hold'],
    ['{ unscannable: true, recipient: { domain: third.example } }', 'hold'],
    ['{ size: { over: 1 } }', 'hold'],
  ])('a rule for %s', (when, expected) => {
    expect(judge([`{ name: r, when: ${when}, then: { protect: portal } }`], 'none', about).level).toBe(expected);
  });

  test.each([
    [['password'], 'portal'],
    [['password', 'limits'], 'hold'],
    [['content'], 'hold'],
    [[], 'none'],
  ] as const)('a rule for [password] answers for passwords only: %j', (doubts, expected) => {
    const rules = [
      '{ name: p, when: { unscannable: [password] }, then: { protect: portal } }',
      '{ name: d, when: { detects: ssn }, then: { protect: message } }',
    ];
    const unscannable = doubts.length === 0 ? null : 'it cannot be opened';
    expect(judge(rules, 'none', { unscannable, doubts }).level).toBe(expected);
  });

  test('a matching rule that wants no level is no answer either', () => {
    expect(judge(['{ name: r, when: { unscannable: true }, then: { tls: secure } }'], 'none', about).level).toBe(
      'hold',
    );
  });
});

describe('what rides along', () => {
  test.each([
    [
      'tls: the strictest of all',
      ['protect: message', 'tls: encrypt', 'protect: transport, tls: secure'],
      { tls: 'secure', otherwise: null },
    ],
    [
      'tls of overridden rules is set aside',
      ['protect: portal, tls: dane', 'protect: none, override: true, tls: verify'],
      { tls: 'verify' },
    ],
    [
      'otherwise of the winning level only',
      ['protect: transport, otherwise: drop', 'protect: message'],
      { level: 'message', otherwise: null },
    ],
    [
      'bounce before drop before portal',
      [
        'protect: transport, otherwise: portal',
        'protect: transport, otherwise: bounce',
        'protect: transport, otherwise: drop',
      ],
      { otherwise: 'bounce' },
    ],
    [
      'drop before portal',
      ['protect: transport, otherwise: portal', 'protect: transport, otherwise: drop'],
      { otherwise: 'drop' },
    ],
    [
      'methods: the first of the winning level',
      [
        'protect: transport, methods: [tls]',
        'protect: message, methods: [pgp, smime]',
        'protect: message, methods: [portal]',
      ],
      { methods: ['pgp', 'smime'] },
    ],
    [
      'of a held message: what applies once released',
      ['protect: hold', 'protect: transport, otherwise: bounce, tls: secure'],
      { level: 'hold', otherwise: 'bounce', tls: 'secure' },
    ],
  ])('%s', (_name, then, expected) => {
    expect(judge(then.map((each, index) => always(`r${index}`, each)))).toMatchObject(expected);
  });

  test('keywords of every matching rule that strips are taken out, of others not', () => {
    const keyword = (name: string, word: string, then: string) =>
      `{ name: ${name}, when: { subject: { keyword: "${word}" } }, then: { ${then} } }`;
    const rules = [
      keyword('a', '[secure]', 'protect: message, stripKeyword: true'),
      keyword('b', '[portal]', 'protect: portal, stripKeyword: true'),
      keyword('c', '[stays]', 'protect: transport'),
      '{ name: d, when: { not: { subject: { keyword: Hello } } }, then: { protect: none } }',
    ];
    const verdict = judge(rules, 'none', { subject: 'RE: [secure] Hello [stays] [portal]' });
    expect(verdict).toMatchObject({ subject: 'RE: Hello [stays]', subjectChanged: true, level: 'portal' });
    expect(judge(rules, 'none', { subject: 'Hello  there' })).toMatchObject({
      subject: 'Hello  there',
      subjectChanged: false,
    });
  });
});

describe('because', () => {
  test('names every rule, what it matched on, and who won', () => {
    const rules = `[
      { name: The sender asked for it, when: { subject: { keyword: ["[secure]"] } }, then: { protect: message, stripKeyword: true } },
      { name: Banks by TLS, when: { recipient: { in: banks } }, then: { protect: transport, tls: secure, otherwise: bounce } },
      { name: Big ones, when: { size: { over: 1MB } }, then: { protect: portal } } ]`;
    const judged = policy(rules, 'none', '{ banks: [other.example] }');
    const verdict = evaluate(judged, facts({ subject: 'Diagnosis [secure] of Mr X' }), bob);
    expect(verdict.because).toEqual([
      'Rule "The sender asked for it" matched: the subject has the keyword "[secure]"; it wants level message and the keyword taken out.',
      'Rule "Banks by TLS" matched: the recipient is in list banks; it wants level transport and TLS secure.',
      'Rule "Big ones" did not match: the message has 10000 octets, not over 1048576.',
      'TLS must be secure, wanted by "Banks by TLS".',
      'Level message wins (strictest of none, transport, message), wanted by "The sender asked for it".',
    ]);
    expect(verdict.rules).toEqual(['The sender asked for it', 'Banks by TLS']);
    expect(verdict.because.join()).not.toContain('Diagnosis');
  });

  test('says when an override won, and when the default did', () => {
    const verdict = judge([always('Strict', 'protect: message'), always('Opt out', 'protect: none, override: true')]);
    expect(verdict.because.at(-1)).toBe('Level none wins: "Opt out" overrides message.');
    expect(judge([]).because).toEqual(['Level none is the default, and no rule wants more.']);
  });
});

const levelNumber = (judged: Policy, about: Facts) => levels.indexOf(evaluate(judged, about, bob).level);

/** Conditions over a few features, so that random facts match some of them. */
const leaf = fc.constantFrom(
  '{ subject: { keyword: "[secure]" } }',
  '{ recipient: { domain: other.example } }',
  '{ recipient: { domain: "*.other.example" } }',
  '{ sender: { domain: corp.example } }',
  '{ sender: { address: [anna@corp.example, eve@evil.example] } }',
  '{ header: { name: X-Label, contains: secret } }',
  '{ header: { name: X-Label, matches: "^s.*t$" } }',
  '{ size: { over: 5000 } }',
  '{ size: { under: 5000 }, signed: true }',
  '{ forwarded: true }',
  '{ report: [dsn] }',
  '{ encrypted: false }',
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    leaf,
    tie('condition').map((inner) => `{ not: ${inner} }`),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((of) => `{ all: [${of.join(', ')}] }`),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((of) => `{ any: [${of.join(', ')}] }`),
  ),
}));
const level = fc.constantFrom(...levels);
const rule = fc.record({ when: condition, protect: level, override: fc.boolean() });
type RuleText = { when: string; protect: string; override: boolean };
const render = (rules: readonly RuleText[]) =>
  `[${rules.map((each, index) => `{ name: r${index}, when: ${each.when}, then: { protect: ${each.protect}, override: ${each.override} } }`).join(', ')}]`;
const sender = fc.constantFrom('anna@corp.example', 'Anna@corp.example', 'eve@evil.example', '');
const randomFacts = fc
  .record({
    subject: fc.constantFrom('Hello', '[Secure] hello', 'RE: ［secure］'),
    size: fc.constantFrom(10, 5000, 10_000),
    mailFrom: sender,
    from: fc.array(sender, { maxLength: 2 }),
    label: fc.constantFrom('secret', 'SECRET', 'none'),
    forwarded: fc.boolean(),
    signed: fc.boolean(),
    encrypted: fc.boolean(),
    report: fc.constantFrom('dsn' as const, 'mdn' as const, null),
  })
  .map(({ mailFrom, label, ...rest }) =>
    facts({ ...rest, envelope: { from: mailFrom, recipients: [bob] }, headers: [{ name: 'x-label', value: label }] }),
  );

describe('whatever the policy and the message', () => {
  test('one more rule without override never lowers the level', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), rule, level, randomFacts, (rules, more, byDefault, about) => {
        const before = levelNumber(policy(render(rules), byDefault), about);
        const after = levelNumber(policy(render([...rules, { ...more, override: false }]), byDefault), about);
        expect(after).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test('the order of the rules does not change the level', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), level, randomFacts, (rules, byDefault, about) => {
        const forward = levelNumber(policy(render(rules), byDefault), about);
        expect(levelNumber(policy(render(rules.toReversed()), byDefault), about)).toBe(forward);
      }),
    );
  });

  test('not not is nothing, and not all is any not', () => {
    const matches = (when: string, override: boolean, about: Facts) =>
      evaluate(policy(render([{ when, protect: 'message', override }])), about, bob).rules.length === 1;
    fc.assert(
      fc.property(condition, condition, fc.boolean(), randomFacts, (a, b, override, about) => {
        expect(matches(`{ not: { not: ${a} } }`, override, about)).toBe(matches(a, override, about));
        expect(matches(`{ not: { all: [${a}, ${b}] } }`, override, about)).toBe(
          matches(`{ any: [{ not: ${a} }, { not: ${b} }] }`, override, about),
        );
      }),
    );
  });

  test('where senders disagree, an override matches less than the same rule without it', () => {
    const matches = (when: string, override: boolean, about: Facts) =>
      evaluate(policy(render([{ when, protect: 'message', override }])), about, bob).rules.length === 1;
    fc.assert(
      fc.property(condition, randomFacts, (when, about) => {
        fc.pre(about.envelope.from !== '' || about.from.some((address) => address !== ''));
        expect(!matches(when, true, about) || matches(when, false, about)).toBe(true);
      }),
    );
  });

  test('any facts and any recipient get a verdict', () => {
    const judged = policy(
      `[${always('all', 'protect: transport')}, { name: s, when: { subject: { keyword: "[x]" } }, then: { protect: message, stripKeyword: true } },
        { name: h, when: { header: { name: X, contains: a, matches: "a+" } }, then: { protect: message } },
        { name: d, when: { any: [{ sender: { domain: "*.x" } }, { recipient: { domain: "*.x.example" } }] }, then: { protect: message } }]`.replace(
        '"*.x"',
        '"*.x.example"',
      ),
    );
    const text = fc.string({ unit: 'binary' });
    const wild = fc.record({ subject: text, mailFrom: text, from: fc.array(text), value: text, size: fc.double() });
    fc.assert(
      fc.property(wild, text, ({ mailFrom, value, ...rest }, recipient) => {
        const about = facts({ ...rest, envelope: { from: mailFrom, recipients: [] }, headers: [{ name: 'x', value }] });
        expect(evaluate(judged, about, recipient).rules).toContain('all');
      }),
    );
  });
});
