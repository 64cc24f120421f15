import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import type { Verdict } from '../../src/policy/verdict.ts';
import { facts, policy } from './facts-of.ts';

/** What rules do besides wanting a level, and what they may not do. */

function judge(then: readonly string[]): Verdict {
  const rules = then.map((each, index) => `{ name: r${index}, when: {}, then: { ${each} } }`);
  return evaluate(policy(`[${rules.join(', ')}]`), facts(), 'bob@other.example');
}

function complaint(then: string): string {
  const text = `version: 1\nrules:\n  - name: r\n    when: { size: { over: 1 } }\n    then: ${then}\ndefault: { protect: none }\n`;
  const result = parsePolicy(text, 'p.yaml', () => '');
  return result.ok ? '' : result.problems.map(formatProblem).join('\n');
}

const none = {
  headers: { add: [], remove: [] },
  expires: null,
  reply: null,
  notifySender: [],
  reviewers: [],
  priority: null,
  hideSubject: null,
  sign: null,
  legacyDisplay: null,
  proof: null,
  receipts: null,
  linkFilesOver: null,
  keyTrust: null,
};

describe('joined', () => {
  test.each<[string, string[], Partial<Verdict>]>([
    ['nothing', ['protect: message'], none],
    [
      'headers add up, each once',
      [
        'addHeader: { X-A: one, X-B: two }, removeHeader: [X-C]',
        'addHeader: { x-a: one, X-A: other }, removeHeader: [x-c, X-D]',
      ],
      {
        headers: {
          add: [
            { name: 'x-a', value: 'one' },
            { name: 'X-B', value: 'two' },
            { name: 'X-A', value: 'other' },
          ],
          remove: ['x-c', 'X-D'],
        },
      },
    ],
    ['the sender reads the name of the rule', ['notifySender: true'], { notifySender: ['r0'] }],
    [
      'or its words, each once',
      ['notifySender: "Hello, you"', 'notifySender: "Hello, you"', 'notifySender: true'],
      { notifySender: ['Hello, you', 'r2'] },
    ],
    [
      'reviewers of the rules that hold',
      ['protect: hold, reviewers: [A@corp.example]', 'protect: hold, reviewers: [b@corp.example, A@corp.example]'],
      { level: 'hold', reviewers: ['A@corp.example', 'b@corp.example'] },
    ],
    [
      'no reviewers of what is refused',
      ['protect: hold, reviewers: [a@corp.example]', 'protect: refuse'],
      { reviewers: [] },
    ],
    ['the shortest time', ['expires: 7d', 'expires: 36h', 'protect: portal'], { expires: 36 * 3_600_000 }],
    ['no reply beats reply', ['reply: true', 'reply: false', 'reply: true'], { reply: false }],
    ['reply', ['reply: true'], { reply: true }],
    ['hidden beats readable', ['hideSubject: false', 'hideSubject: true', 'hideSubject: false'], { hideSubject: true }],
    ['signed beats unsigned', ['sign: true', 'sign: false'], { sign: true }],
    [
      'what no rule contradicts',
      ['hideSubject: false, sign: false, legacyDisplay: true'],
      { hideSubject: false, sign: false, legacyDisplay: true },
    ],
    ['the strictest demand of keys', ['keys: found', 'keys: confirmed', 'keys: vouched'], { keyTrust: 'confirmed' }],
    ['the receipts that tell most', ['receipts: silent', 'receipts: each', 'receipts: digest'], { receipts: 'each' }],
    [
      'the smallest size of files that leave as links',
      ['linkFiles: { over: 20MB }', 'linkFiles: { over: 5MB }'],
      { linkFilesOver: 5 * 1024 ** 2 },
    ],
    ['the strongest proof', ['proof: password', 'proof: oidc', 'proof: code'], { proof: 'oidc' }],
    ['the most urgent', ['priority: 7', 'priority: 0', 'priority: 9'], { priority: 0 }],
    [
      'not of rules that were overridden',
      [
        'protect: portal, expires: 1d, reply: false, priority: 1, notifySender: true, addHeader: { X-A: b }, sign: true',
        'protect: none, override: true, priority: 8',
      ],
      { level: 'none', ...none, priority: 8 },
    ],
    [
      'a rule that holds counts, although its level goes once it is released',
      ['protect: hold, notifySender: true, addHeader: { X-A: b }, tls: secure', 'protect: message'],
      {
        released: 'message',
        notifySender: ['r0'],
        headers: { add: [{ name: 'X-A', value: 'b' }], remove: [] },
        tls: 'secure',
      },
    ],
  ])('%s', (_name, then, expected) => {
    expect(judge(then)).toMatchObject(expected);
  });

  test('the reasons tell what a rule wants', () => {
    const then =
      'protect: portal, addHeader: { X-A: b }, removeHeader: [X-B], notifySender: true, expires: 1d, reply: false, priority: 2, hideSubject: true, sign: false, legacyDisplay: true, keys: pinned, proof: passkey, receipts: each, linkFiles: { over: 1000000 }';
    expect(judge([then]).because[0]).toBe(
      'Rule "r0" matched: it is for every message; it wants level portal and keys pinned and the header X-A and the header X-B taken out and the sender told and priority 2 and its own time in the portal and no replies and the subject hidden and no signature and passkey as proof in the portal and receipts each and links in place of files of more than 1000000 octets and the subject repeated in the text.',
    );
  });
});

describe('refused', () => {
  test.each(
    `From sender To Cc BCC Reply-To Date Message-ID Subject MIME-Version References
    Content-Type Content-Transfer-Encoding Received Return-Path DKIM-Signature ARC-Seal In-Reply-To Authentication-Results X-Postern-Key Resent-From`.split(
      /\s+/,
    ),
  )('the header %s', (name) => {
    const told = `${name} is not for a policy to change. Use a field of your own, such as X-Label.`;
    expect(complaint(`{ addHeader: { ${name}: x } }`)).toBe(`p.yaml:5:26: rules[0].then.addHeader.${name}: ${told}`);
    expect(complaint(`{ removeHeader: [X-A, ${name}] }`)).toBe(`p.yaml:5:33: rules[0].then.removeHeader[1]: ${told}`);
  });

  test.each([
    [
      '{ addHeader: { "X A": x } }',
      '5:26: rules[0].then.addHeader."X A": not the name of a header field. Write it like X-Label',
    ],
    ['{ addHeader: { "X-A:": x } }', 'not the name of a header field'],
    ['{ addHeader: { "": x } }', 'not the name of a header field'],
    [
      '{ addHeader: { X-A: "a\\r\\nBcc: eve@evil.example" } }',
      'expected the value of a header field, found "a\\r\\nBcc',
    ],
    ['{ addHeader: { X-A: "a\\u2028b" } }', 'expected the value of a header field'],
    [
      '{ addHeader: { X-A: "" } }',
      '5:31: rules[0].then.addHeader.X-A: expected the value of a header field, found "".',
    ],
    [
      '{ addHeader: { X-A: 7 } }',
      '5:31: rules[0].then.addHeader.X-A: expected the value of a header field, found 7. Write it in quotes.',
    ],
    ['{ removeHeader: [] }', 'expected a list of header names, found an empty list'],
    ['{ notifySender: false }', '5:27: rules[0].then.notifySender: expected true or a text, found false'],
    [
      '{ protect: message, reviewers: [a@corp.example] }',
      '5:31: rules[0].then.reviewers: reviewers without protect: hold.',
    ],
    [
      '{ protect: hold, reviewers: [boss] }',
      '5:40: rules[0].then.reviewers[0]: expected a mail address, found "boss".',
    ],
    ['{ expires: 7 }', '5:22: rules[0].then.expires: expected a duration, found 7.'],
    ['{ hideSubject: smime }', '5:26: rules[0].then.hideSubject: expected true or false, found "smime".'],
    ['{ reply: maybe }', '5:20: rules[0].then.reply: expected true or false, found "maybe".'],
    [
      '{ priority: 10 }',
      '5:23: rules[0].then.priority: expected a whole number, found 10. Write a number from 0 to 9.',
    ],
  ])('%s', (then, expected) => {
    expect(complaint(then)).toContain(expected);
    expect(complaint(then).split('\n')).toHaveLength(1);
  });
});
