import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { facts, policy } from './facts-of.ts';

/** Each kind of condition, seen through a policy of one rule: when it matches, and the clause it gives as reason. */

const lists = '{ banks: [bank.example, "*.bank.example", boss@corp.example], books: [bücher.example] }';

function match(when: string, about: Partial<Facts> = {}, recipient = 'bob@other.example', override = false) {
  const judged = policy(
    `[{ name: r, when: ${when}, then: { protect: portal, override: ${override} } }]`,
    'none',
    lists,
  );
  const verdict = evaluate(judged, facts(about), recipient);
  const [reason = ''] = verdict.because;
  return {
    holds: verdict.rules.includes('r'),
    reason: reason.replace(/^Rule "r" (?:matched|did not match): /, '').replace(/;.*|\.$/g, ''),
  };
}

describe('recipient', () => {
  test.each([
    ['{ domain: bank.example }', 'a@bank.example', true],
    ['{ domain: bank.example }', 'a@sub.bank.example', false],
    ['{ domain: "*.bank.example" }', 'a@sub.bank.example', true],
    ['{ domain: "*.bank.example" }', 'a@deep.sub.bank.example', true],
    ['{ domain: "*.bank.example" }', 'a@bank.example', false],
    ['{ domain: "*.bank.example" }', 'a@evilbank.example', false],
    ['{ domain: [x.example, BANK.example] }', 'a@bank.example', true],
    ['{ domain: bücher.example }', 'a@xn--bcher-kva.example', true],
    ['{ address: A.Smith@Bank.example }', 'a.smith@bank.example', true],
    ['{ address: a.smith@bank.example }', 'asmith@bank.example', false],
    ['{ in: banks }', 'a@sub.bank.example', true],
    ['{ in: banks }', 'Boss@corp.example', true],
    ['{ in: banks }', 'other@corp.example', false],
    ['{ in: [books, banks] }', 'a@xn--bcher-kva.example', true],
    ['{ in: banks, domain: "*.bank.example" }', 'a@bank.example', false],
    ['{ in: banks, domain: "*.bank.example" }', 'a@x.bank.example', true],
  ])('%s for %s: %s', (recipient, address, expected) => {
    expect(match(`{ recipient: ${recipient} }`, {}, address).holds).toBe(expected);
  });

  test('reasons', () => {
    expect(match('{ recipient: { in: banks } }').reason).toBe('the recipient is not in list banks');
    expect(match('{ recipient: { domain: other.example } }').reason).toBe('the recipient is at other.example');
  });
});

describe('sender: envelope and From, and disagreement protects', () => {
  const vip = '{ sender: { address: vip@corp.example } }';
  const from = (envelope: string, ...header: string[]): Partial<Facts> => ({
    envelope: { from: envelope, recipients: [] },
    from: header,
  });
  test.each([
    ['both', from('vip@corp.example', 'vip@corp.example'), true, true],
    ['the envelope alone', from('vip@corp.example', 'anna@corp.example'), true, false],
    ['the From alone', from('anna@corp.example', 'vip@corp.example'), true, false],
    ['one of two in From', from('vip@corp.example', 'vip@corp.example', 'anna@corp.example'), true, false],
    ['neither', from('anna@corp.example', 'anna@corp.example'), false, false],
    ['a null sender is no address', from('', 'vip@corp.example'), true, true],
    ['nobody', from(''), false, false],
  ])('%s', (_name, about, ordinary, override) => {
    expect(match(vip, about).holds).toBe(ordinary);
    expect(match(vip, about, undefined, true).holds).toBe(override);
    // Negated, it errs to the same side.
    const disagree = ordinary !== override;
    expect(match(`{ not: ${vip} }`, about).holds).toBe(disagree || !ordinary);
    expect(match(`{ not: ${vip} }`, about, undefined, true).holds).toBe(disagree ? false : !ordinary);
  });

  test('reasons name the address that decided', () => {
    const about = from('vip@corp.example', 'anna@corp.example');
    expect(match(vip, about).reason).toBe('sender vip@corp.example is named');
    expect(match(vip, about, undefined, true).reason).toBe('sender anna@corp.example is not named');
    expect(match(vip, from('')).reason).toBe('the message names no sender');
  });
});

describe('header', () => {
  const headers = [
    { name: 'x-label', value: 'Top  Secret' },
    { name: 'x-label', value: 'internal' },
    { name: 'x-empty', value: '' },
  ];
  test.each([
    ['{ name: X-Label, is: top secret }', true],
    ['{ name: X-Label, is: [nothing, INTERNAL] }', true],
    ['{ name: X-Label, is: secret }', false],
    ['{ name: X-Label, contains: secret }', true],
    ['{ name: X-Label, contains: ｓｅｃｒｅｔ }', true],
    ['{ name: X-Label, matches: "^int" }', true],
    ['{ name: X-Label, matches: "^INT" }', false],
    ['{ name: X-Label, matches: "(?i)^INT" }', true],
    ['{ name: X-Label, contains: secret, matches: "^int" }', false],
    ['{ name: X-Label, contains: secret, matches: "^Top" }', true],
    ['{ name: X-Empty }', true],
    ['{ name: X-Other }', false],
    ['[{ name: X-Other }, { name: X-Label, is: internal }]', true],
  ])('%s: %s', (header, expected) => {
    expect(match(`{ header: ${header} }`, { headers }).holds).toBe(expected);
  });

  test('the reason tells nothing of the value', () => {
    const { reason } = match('{ header: { name: X-Label, contains: secret } }', { headers });
    expect(reason).toBe('the header x-label is as the rule describes');
  });

  test('evil patterns over long values end (backtracking would outlast the test)', () => {
    const value = `${'a'.repeat(100_000)}!`;
    for (const pattern of ['^(a+)+$', '(a|aa)+$', '(.*)*x', '(a|a?)+b']) {
      const headers = [{ name: 'x', value }];
      expect(match(`{ header: { name: X, matches: "${pattern}" } }`, { headers }).holds).toBe(false);
    }
  });
});

describe('size, report and flags', () => {
  test.each([
    ['{ size: { over: 9999 } }', {}, true],
    ['{ size: { over: 10000 } }', {}, false],
    ['{ size: { under: 10001 } }', {}, true],
    ['{ size: { under: 10000 } }', {}, false],
    ['{ size: { over: 9KB, under: 1MB } }', {}, true],
    ['{ report: true }', { report: 'other' }, true],
    ['{ report: true }', {}, false],
    ['{ report: false }', {}, true],
    ['{ report: false }', { report: 'dsn' }, false],
    ['{ report: [dsn, mdn] }', { report: 'mdn' }, true],
    ['{ report: dsn }', { report: 'mdn' }, false],
    ['{ forwarded: true, signed: false }', { forwarded: true }, true],
    ['{ forwarded: true, signed: true }', { forwarded: true }, false],
    ['{ autoSubmitted: true }', { autoSubmitted: true }, true],
    ['{ calendar: true }', { calendar: true }, true],
    ['{ encrypted: false }', { encrypted: true }, false],
    ['{ rightsProtected: true }', { rightsProtected: true }, true],
    ['{ tnef: true }', { tnef: true }, true],
    ['{ unscannable: true }', { unscannable: 'x' }, true],
    ['{ unscannable: false }', {}, true],
    ['{}', {}, true],
  ] as const)('%s of %j: %s', (when, about, expected) => {
    expect(match(when, about).holds).toBe(expected);
  });

  test('all joins its reasons, any gives the one that held', () => {
    const when = '{ all: [{ forwarded: false }, { any: [{ signed: true }, { size: { under: 1MB } }] }] }';
    expect(match(when).reason).toBe('the message is not forwarded and the message has 10000 octets, under 1048576');
    expect(match('{ any: [{ signed: true }, { tnef: true }] }').reason).toBe(
      'the message is not signed and the message has no winmail.dat',
    );
  });
});
