import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { type FactsOfMessage, runCases } from '../../src/policy/cases.ts';
import type { Policy } from '../../src/policy/schema.ts';
import { facts, policy } from './facts-of.ts';

/** Cases prove policies: one that does not hold is named at its place, and what a case says is what the policy sees. */

const judged = policy(`[
  { name: Asked, when: { subject: { keyword: "[secure]" } }, then: { protect: message, stripKeyword: true } },
  { name: Sent on, when: { forwarded: true }, then: { protect: transport, tls: secure, otherwise: bounce } }]`);

async function run(cases: string, of: Policy = judged, factsOfMessage?: FactsOfMessage) {
  const { results, problems } = await runCases(of, cases, 'p.cases.yaml', factsOfMessage);
  return { results, problems: problems.map((problem) => formatProblem(problem).replace('p.cases.yaml:', '')) };
}

const base = 'name: n, from: anna@corp.example, to: [bob@other.example, eve@other.example]';

describe('a case', () => {
  test('that does not hold says what came and why', async () => {
    const { results, problems } = await run(`cases:
  - { ${base}, subject: "[secure] x",
      expect: { level: portal, subject: x },
      expectFor: { Eve@OTHER.example: { level: message, rules: [Sent on] } } }
`);
    expect(results.map((result) => result.ok)).toEqual([false, false]);
    const why = 'Level message wins (strictest of none, message), wanted by "Asked". Correct the policy or the case.';
    expect(problems).toEqual([
      `3:15: cases[0].expect: case "n", bob@other.example: level is message, expected portal. ${why}`,
      `4:39: cases[0].expectFor."Eve@OTHER.example": case "n", eve@other.example: rules is ["Asked"], expected ["Sent on"]. ${why}`,
    ]);
  });

  test.each([
    ['tls', '{ level: transport, tls: verify }', 'tls is secure, expected verify'],
    ['tls', '{ level: transport, tls: null }', 'tls is secure, expected null'],
    ['otherwise', '{ level: transport, otherwise: null }', 'otherwise is bounce, expected null'],
    ['methods', '{ level: transport, methods: [tls] }', 'methods is null, expected ["tls"]'],
    ['subject', '{ level: transport, subject: y }', 'subject is x, expected y'],
    ['level', '{ level: none }', 'level is transport, expected none'],
  ])('compares %s of %s', async (_key, expected, difference) => {
    const { problems } = await run(`cases: [{ ${base}, subject: x, forwarded: true, expect: ${expected} }]`);
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
    [
      `cases: [{ ${base}, detects: { ssnn: 1 }, expect: { level: none } }]`,
      '1:100: cases[0].detects.ssnn: expected the name of a built-in detector, found "ssnn". Write one of phi,',
    ],
    ['cases: []', '1:8: cases: expected a list of cases, found an empty list. Write at least one'],
  ])('%s', async (text, expected) => {
    expect((await run(text)).problems.join('\n')).toContain(expected);
  });

  test('may have a null sender', async () => {
    const { problems } = await run(`cases: [{ ${base}, mailFrom: "", expect: { level: none } }]`);
    expect(problems).toEqual([]);
  });
});

describe('what a case says of its message, the policy sees', () => {
  const rest = 'from: anna@corp.example, to: [bob@other.example]';
  test.each([
    ['{ detects: { ssn: 2 } }', 'detects: { ssn: 2 }'],
    ['{ detects: any }', 'detects: { iban: 1 }'],
    ['{ body: { contains: merger } }', 'body: "Of the Merger."'],
    ['{ content: { contains: merger } }', 'subject: The merger'],
    ['{ content: { contains: merger } }', 'attachments: [merger.pdf]'],
    ['{ keyword: "[secure]" }', 'body: "\\n [secure] x"'],
    ['{ attachment: { contains: merger } }', 'attachments: [{ name: a.txt, text: "the merger" }]'],
    ['{ attachment: { extension: pdf } }', 'attachments: [{ name: a.zip, members: [b.pdf] }]'],
    ['{ attachment: { type: "application/p*" } }', 'attachments: [{ name: a, detected: application/pdf }]'],
    ['{ attachment: { encrypted: true } }', 'attachments: [{ name: a.zip, encrypted: true }]'],
    ['{ unscannable: [password] }', 'attachments: [{ name: a.zip, encrypted: true }]'],
    ['{ unscannable: [password] }', 'unscannable: password'],
    ['{ unscannable: [content] }', 'unscannable: [password, content]'],
    ['{ attachments: { over: 1 } }', 'attachments: [a, b]'],
    ['{ sensitivity: private }', 'sensitivity: private'],
    ['{ importance: high }', 'importance: high'],
    ['{ label: Secret }', 'labels: [secret]'],
    ['{ label: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 }', 'labels: [0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0]'],
    ['{ thread: true }', 'thread: message'],
    ['{ sender: { group: board } }', 'groups: { board: [Anna@CORP.example] }'],
    ['{ time: { days: [sat], from: "09:00", to: "11:00", zone: UTC } }', 'at: 2026-11-21T10:00:00Z'],
    ['{ calendar: true }', 'calendar: true'],
    ['{ report: [mdn] }', 'report: mdn'],
    ['{ header: { name: X-A, is: b } }', 'headers: { x-a: B }'],
  ])('%s with %s', async (when, said) => {
    const asked = policy(`[{ name: R, when: ${when}, then: { protect: portal } }]`);
    const level = async (each: string, expected: string) =>
      (await run(`cases: [{ name: n, ${rest}, ${each} expect: { level: ${expected} } }]`, asked)).problems;
    expect(await level(`${said},`, 'portal')).toEqual([]);
    expect(await level('', 'none')).toEqual([]);
  });

  test('domains may be named, so that a sender can be a stranger', async () => {
    const asked = policy('[{ name: R, when: { sender: { external: true } }, then: { protect: portal } }]');
    const cases = (domains: string) => `${domains}cases: [{ name: n, ${rest}, expect: { level: none } }]`;
    expect((await run(cases(''), asked)).problems).toEqual([]);
    expect((await run(cases('domains: [home.example]\n'), asked)).problems[0]).toContain('level is portal');
  });

  test('everything else a rule does can be expected', async () => {
    const asked =
      policy(`[{ name: R, when: { always: true }, then: { protect: hold, reviewers: [rob@corp.example], notifySender: true,
      addHeader: { X-A: b }, removeHeader: [X-C], expires: 7d, reply: false, priority: 2, hideSubject: true, sign: false, legacyDisplay: true, keys: confirmed, proof: oidc, receipts: each, linkFiles: { over: 10MB } } }]`);
    const right =
      'level: hold, released: none, reviewers: [rob@CORP.example], notifySender: [R], addHeader: { X-A: b }, removeHeader: [X-C], expires: 7d, reply: false, priority: 2, hideSubject: true, sign: false, legacyDisplay: true, keys: confirmed, proof: oidc, receipts: each, linkFiles: { over: 10MB }';
    const wrong =
      'level: hold, released: message, reviewers: [], notifySender: false, addHeader: {}, removeHeader: [], expires: 8d, reply: null, priority: 3, hideSubject: null, sign: null, legacyDisplay: null, keys: null, proof: null, receipts: null, linkFiles: { over: 11MB }';
    const cases = (expected: string) => `cases: [{ name: n, ${rest}, expect: { ${expected} } }]`;
    expect((await run(cases(right), asked)).problems).toEqual([]);
    const [problem] = (await run(cases(wrong), asked)).problems;
    for (const key of [
      'released',
      'reviewers',
      'notifySender',
      'addHeader',
      'removeHeader',
      'expires',
      'reply',
      'priority',
      'hideSubject',
      'sign',
      'legacyDisplay',
      'proof',
      'receipts',
      'linkFiles',
      'keys',
    ])
      expect(problem).toContain(`${key} is `);
  });
});

describe('a case with a message in a file', () => {
  const rest = 'name: n, from: anna@corp.example, to: [bob@other.example]';

  test('is judged by the facts of the message, in the thread and the groups the case names', async () => {
    const asked: unknown[] = [];
    const about = policy('[{ name: R, when: { thread: true, subject: { contains: hi } }, then: { protect: portal } }]');
    const { problems } = await run(
      `cases: [{ ${rest}, mailFrom: "", message: a/b.eml, thread: portal, expect: { level: portal } }]`,
      about,
      (file, sent) => {
        asked.push(file, sent);
        return Promise.resolve(facts({ subject: 'Hi' }));
      },
    );
    expect(problems).toEqual([]);
    expect(asked).toEqual(['a/b.eml', { from: '', to: ['bob@other.example'], domains: ['corp.example'] }]);
  });

  test.each([
    ['message: x.eml, subject: y', '1:86: cases[0].subject: subject beside message. The message says it itself'],
    ['message: x.eml', 'cases[0].message: the message cannot be read. Correct the path'],
  ])('%s', async (said, expected) => {
    expect((await run(`cases: [{ ${rest}, ${said}, expect: { level: none } }]`)).problems.join()).toContain(expected);
  });
});
