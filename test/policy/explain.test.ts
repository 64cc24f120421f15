import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import { type Explanation, explainText } from '../../src/policy/explain.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { facts, policy } from './facts-of.ts';

/** The page people read; its data is the contract of `explain --json`. */

type Delivery = Explanation['deliveries'][number];

function page(about: Facts, ...deliveries: readonly Partial<Delivery>[]): string {
  const usual: Delivery = {
    recipient: 'bob@other.example',
    level: 'none',
    rules: [],
    because: [],
    methods: ['none'],
    otherwise: null,
    tls: null,
    subject: about.subject,
  };
  return explainText({
    facts: about,
    policy: { file: 'policies/default.yaml', version: 'abcdef0123456789' },
    deliveries: deliveries.map((delivery) => ({ ...usual, ...delivery })),
  });
}

test('a page with every recipient, the methods in order and the reasons', () => {
  const about = facts({ subject: '[secure] Hi', forwarded: true, unscannable: 'too many parts' });
  const decided = {
    level: 'message',
    rules: ['Asked'],
    because: [
      'Rule "Asked" matched: the subject has the keyword "[secure]"; it wants level message.',
      'Rule "Sent on" did not match: the message is not forwarded.',
      'Rule "Large" did not match: the message has 10 octets, not over 20.',
      'Rule "Sent on too" did not match: the message is not forwarded.',
      'Level message wins.',
    ],
    methods: ['smime', 'portal'],
    otherwise: 'bounce',
    tls: 'verify',
    subject: 'Hi',
  } as const;
  expect(
    page(about, decided, { recipient: 'eve@other.example', level: 'hold', methods: [] }),
  ).toBe(`From      anna@corp.example
Subject   [secure] Hi
Size      10000 octets
Seen      forwarded
Doubt     too many parts (limits)
Policy    policies/default.yaml (version abcdef012345)

bob@other.example
  Level     message
  Methods   smime, then portal (TLS verify); otherwise bounce
  Subject   Hi
  Because   Level message wins.
  Matched   "Asked": the subject has the keyword "[secure]"; it wants level message.
  Not       the message is not forwarded: "Sent on", "Sent on too"
            the message has 10 octets, not over 20: "Large"

eve@other.example
  Level     hold
  Methods   waits for a person
`);
});

describe('facts that matter are on the page', () => {
  const file = { part: '2', name: '', type: 'text/plain', detected: null, size: 7, encrypted: false, member: false };
  test.each<[Partial<Facts>, string[]]>([
    [{}, ['Seen      nothing special']],
    [
      { sensitivity: 'private', importance: 'high', report: 'mdn' },
      ['Seen      report (mdn), marked private, of high importance'],
    ],
    [
      {
        labels: [
          { id: '1-2', name: 'Secret' },
          { id: '3-4', name: '' },
        ],
      },
      ['Labels    Secret, 3-4'],
    ],
    [{ thread: 'portal' }, ['Thread    an earlier message left at level portal']],
    [
      { groups: { known: null, of: { 'anna@corp.example': ['board', 'all'] } } },
      ['Groups    anna@corp.example is in board, all'],
    ],
    [
      {
        attachments: [
          { ...file, name: 'a.txt', detected: 'application/pdf' },
          { ...file, type: 'application/zip', detected: 'application/zip', encrypted: true },
          { ...file, type: '', name: 'b"c.doc', member: true },
        ],
      },
      [
        'Files     "a.txt", application/pdf, declared as text/plain, 7 octets',
        '          no name, application/zip, 7 octets, needs a password',
        '          "b\\"c.doc", 7 octets, in an archive',
      ],
    ],
    [
      {
        findings: [
          { kind: 'ssn', count: 2, part: 'subject', sample: '•••6789' },
          { kind: 'phi', count: 5, part: '1', sample: '' },
          { kind: 'ssn', count: 1, part: '2/3', sample: '•••1111' },
        ],
      },
      ['Found     ssn 3: subject, part 2/3 (such as •••6789)', '          phi 5: part 1'],
    ],
    [{ findings: null }, ['Found     nobody knows: the content was not looked through']],
  ])('%j', (changes, expected) => {
    expect(page(facts(changes)).split('\n')).toEqual(expect.arrayContaining(expected));
  });
});

test('a policy of a thousand rules fits a screen, and says how many there are', () => {
  const rules = Array.from(
    { length: 1000 },
    (_, at) => `{ name: "R${at}", when: { header: { name: "X-${at % 20}" } }, then: { protect: transport } }`,
  );
  const { because } = evaluate(policy(`[${rules.join(',')}]`), facts(), 'bob@other.example');
  const lines = page(facts(), { because }).split('\n');
  expect(lines.length).toBeLessThan(25);
  expect(lines).toContain('            and 12 more (--json shows all)');
  expect(lines).toContain(
    '  Not       there is no header x-0: "R0", "R20", "R40", "R60", "R80", "R100", "R120", "R140" and 42 more',
  );
});

test('a hostile subject or file name cannot draw on the terminal or add lines', () => {
  const name = 'a\u001b[2J\nLevel none\u202efdp.exe';
  const about = facts({
    subject: 'a\u001b[2Jb\nLevel none\u2028c',
    envelope: { from: '', recipients: [] },
    attachments: [{ part: '2', name, type: 'a/b', detected: null, size: 1, encrypted: false, member: false }],
  });
  const lines = page(about).split('\n');
  expect(lines[0]).toBe('From      <> (null sender)');
  expect(lines[1]).toBe('Subject   a\ufffd[2Jb\ufffdLevel none\ufffdc');
  expect(lines).toHaveLength(7);
  expect(lines.join('')).not.toMatch(/[\u001b\u202e]/);
  expect(page(facts({ subject: 'x'.repeat(1_000_000) })).length).toBeLessThan(1000);
});
