import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/policy/detection.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { AttachmentFact, Facts } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import { facts } from './facts-of.ts';

/** Conditions on content, people, attachments, marks and time, each through a policy of one rule. */

function policyOf(when: string, override = false): Policy {
  const text = `version: 1
lists: { banks: [bank.example] }
detectors: { projects: { terms: [Bluebird], patterns: ['PN-[0-9]{4}'] } }
rules: [{ name: r, when: ${when}, then: { protect: portal, override: ${override} } }]
default: { protect: none }
`;
  const result = parsePolicy(text, 'p.yaml', () => '');
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return result.policy;
}

function match(when: string, about: Partial<Facts> = {}, recipient = 'bob@other.example', override = false) {
  const verdict = evaluate(policyOf(when, override), facts(about), recipient);
  const [reason = ''] = verdict.because;
  return {
    holds: verdict.rules.includes('r'),
    reason: reason.replace(/^Rule "r" (?:matched|did not match): /, '').replace(/;.*|\.$/g, ''),
  };
}

/** Facts in which every probe of the condition was counted so often. */
function counted(when: string, count: number): Partial<Facts> {
  return { probes: Object.fromEntries(policyOf(when).probes.map(({ id }) => [id, count])) };
}

describe('the subject', () => {
  const about = { subject: 'RE: [secrue] The Merger of Bücher AG' };
  test.each([
    ['{ contains: merger }', true],
    ['{ contains: [nothing, ＭＥＲＧＥＲ] }', true],
    ['{ contains: merge }', false],
    ['{ contains: "bu\\u0308cher ag" }', true],
    ["{ matches: '^RE: ' }", true],
    ["{ matches: '^re: ' }", false],
    ["{ matches: ['x', '(?i)^re: '] }", true],
    ["{ contains: merger, matches: 'y$' }", false],
    ['{ nearMiss: "[secure]" }', true],
    ['{ nearMiss: "[portal]" }', false],
    ['{ nearMiss: "[secrue]" }', false],
  ])('%s: %s', (subject, expected) => {
    expect(match(`{ subject: ${subject} }`, about).holds).toBe(expected);
  });

  test('the reason names a keyword of the rule, and nothing else', () => {
    expect(match('{ subject: { nearMiss: ["[portal]", "[secure]"] } }', about).reason).toBe(
      'the subject has nearly the keyword "[secure]"',
    );
    expect(match('{ subject: { contains: merger } }', about).reason).toBe('the subject has what the rule asks for');
  });
});

describe('texts that only the scan sees', () => {
  test.each([
    ['{ body: { contains: diagnosis } }', 'body', 'the body has a text the rule asks for'],
    ["{ body: { matches: 'PN-[0-9]+' } }", 'body', 'the body has what matches a pattern of the rule'],
    ['{ content: { contains: diagnosis } }', 'everywhere', 'the message has somewhere a text the rule asks for'],
    ['{ attachment: { contains: diagnosis } }', 'attachments', 'an attachment has a text the rule asks for'],
    ['{ keyword: "[secure]" }', 'firstLine', 'the first line of the body has the keyword "[secure]"'],
  ])('%s', (when, place, found) => {
    expect(policyOf(when).probes).toMatchObject([{ place }]);
    expect(match(when, counted(when, 1))).toEqual({ holds: true, reason: found });
    const missing = match(when, counted(when, 0));
    expect(missing.holds).toBe(false);
    expect(missing.reason).toContain(found.replace(' has ', ' does not have '));
    // Nobody looked: the strict way, and the other way round behind not.
    const strict = match(when);
    expect(strict.holds).toBe(true);
    expect(strict.reason).toContain(`nobody knows whether ${found} (read as yes, which is stricter)`);
    expect(match(when, {}, undefined, true).holds).toBe(false);
    expect(match(`{ not: ${when} }`).holds).toBe(true);
    expect(match(`{ not: ${when} }`, {}, undefined, true).holds).toBe(false);
  });

  test('words and patterns together must both be there', () => {
    const when = "{ body: { contains: a, matches: 'b' } }";
    const [first, second] = policyOf(when).probes.map(({ id }) => id);
    expect(match(when, { probes: { [first ?? '']: 1, [second ?? '']: 0 } }).holds).toBe(false);
    expect(match(when, { probes: { [first ?? '']: 1, [second ?? '']: 2 } }).holds).toBe(true);
  });

  test('a keyword of the subject needs no probe', () => {
    expect(match('{ keyword: "[secure]" }', { subject: '[secure] x' }).reason).toBe(
      'the subject has the keyword "[secure]"',
    );
  });

  test('the id of a probe is a hash of what it asks, whoever asks and in whatever order', () => {
    const id = (when: string) => policyOf(when).probes.map((probe) => probe.id);
    expect(id('{ body: { contains: [b, A] } }')).toEqual(id('{ not: { body: { contains: [a, B, a] } } }'));
    expect(id('{ keyword: [b, a] }')).toEqual(id('{ keyword: [A, b] }'));
    expect(id('{ body: { contains: [a] } }')[0]).toMatch(/^[0-9a-f]{32}$/);
    const asked = ['{ body: { contains: a } }', '{ content: { contains: a } }', '{ body: { matches: a } }'].flatMap(id);
    expect(new Set(asked).size).toBe(3);
    expect(id('{ any: [{ body: { contains: a } }, { body: { contains: A } }] }')).toHaveLength(1);
  });
});

describe('detects', () => {
  const finding = (kind: Finding['kind'], count: number, part = '1'): Finding => ({ kind, count, part, sample: '•' });
  const projects = (count: number) => counted('{ detects: projects }', count).probes ?? {};
  const findings = [finding('ssn', 2), finding('ssn', 1, '2'), finding('phi', 2)];
  test.each([
    ['any', { findings }, true, 'the message holds ssn (3), phi (2)'],
    ['any', { findings: [], probes: projects(0) }, false, 'no detector found anything in the message'],
    ['any', { findings: [], probes: projects(1) }, true, 'a detector of the policy found something in the message'],
    ['ssn', { findings }, true, 'the message holds ssn (3)'],
    ['[card, phi]', { findings }, true, 'the message holds phi (2)'],
    ['[card, iban]', { findings }, false, 'the message holds no card or iban'],
    ['{ ssn: 3 }', { findings }, true, 'the message holds ssn (3)'],
    ['{ ssn: 4 }', { findings }, false, 'the message holds ssn (3), fewer than 4'],
    ['{ ssn: 3, phi: 3 }', { findings }, false, 'the message holds phi (2), fewer than 3'],
    ['{ ssn: 3, phi: 2 }', { findings }, true, 'the message holds ssn (3) and the message holds phi (2)'],
    ['projects', { probes: projects(1) }, true, 'the message holds projects (1)'],
    ['{ projects: 2 }', { probes: projects(1) }, false, 'the message holds projects (1), fewer than 2'],
    ['[projects, ssn]', { findings }, true, 'the message holds ssn (3)'],
  ] satisfies [string, Partial<Facts>, boolean, string][])('%s of %j', (detects, about, holds, reason) => {
    expect(match(`{ detects: ${detects} }`, about)).toEqual({ holds, reason });
  });

  test.each(['any', 'ssn', '{ ssn: 2 }', 'projects'])('%s when nobody looked', (detects) => {
    expect(match(`{ detects: ${detects} }`, { findings: null }).holds).toBe(true);
    expect(match(`{ not: { detects: ${detects} } }`, { findings: null }, undefined, true).holds).toBe(false);
  });
});

describe('people', () => {
  const recipients = ['a@x.example', 'b@X.example', 'c@y.example', 'd@corp.example'];
  const envelope = { from: 'anna@corp.example', recipients };
  const groups = { known: ['staff', 'board'], of: { 'anna@corp.example': ['staff'], 'bob@other.example': ['board'] } };
  test.each([
    ['{ recipient: { external: true } }', {}, true],
    ['{ recipient: { external: false } }', {}, false],
    ['{ recipient: { internal: true } }', {}, false],
    ['{ sender: { internal: true } }', {}, true],
    ['{ sender: { external: true } }', { from: ['eve@evil.example'] }, true],
    ['{ recipients: { over: 3 } }', { envelope }, true],
    ['{ recipients: { over: 4 } }', { envelope }, false],
    ['{ recipients: { under: 5, over: 1 } }', { envelope }, true],
    ['{ externalDomains: { over: 1, under: 3 } }', { envelope }, true],
    ['{ externalDomains: { over: 2 } }', { envelope }, false],
    ['{ sender: { group: staff } }', { groups }, true],
    ['{ sender: { group: board } }', { groups }, false],
    ['{ sender: { group: [board, staff], domain: corp.example } }', { groups }, true],
    ['{ recipient: { group: board } }', { groups }, true],
    ['{ recipient: { group: staff } }', { groups }, false],
    // Nobody knows: no directory, or a group that it does not have.
    ['{ recipient: { group: staff } }', {}, true],
    ['{ recipient: { group: ghosts } }', { groups }, true],
    ['{ not: { recipient: { group: ghosts } } }', { groups }, true],
    ['{ recipient: { group: ghosts, domain: third.example } }', { groups }, false],
    ['{ sender: { group: __proto__ } }', { groups: { known: [], of: JSON.parse('{"__proto__":["x"]}') } }, true],
  ] satisfies [string, Partial<Facts>, boolean][])('%s of %j: %s', (when, about, expected) => {
    expect(match(when, about).holds).toBe(expected);
  });

  test('an override needs what is known', () => {
    expect(match('{ recipient: { group: ghosts } }', { groups }, undefined, true)).toEqual({
      holds: false,
      reason: 'nobody knows whether the recipient is in group ghosts (read as no, which is stricter)',
    });
    expect(match('{ sender: { group: ghosts } }', { groups }, undefined, true).holds).toBe(false);
    expect(match('{ not: { sender: { group: ghosts } } }', { groups }, undefined, true).holds).toBe(false);
  });
});

describe('attachments', () => {
  const file = (name: string, changes: Partial<AttachmentFact> = {}): AttachmentFact => ({
    part: '2',
    name,
    type: 'application/octet-stream',
    detected: null,
    size: 100,
    encrypted: false,
    member: false,
    ...changes,
  });
  const attachments = [
    file('Invoice 2026.PDF', { detected: 'application/pdf' }),
    file('photos.zip', { encrypted: true, type: 'application/zip' }),
    file('run.exe. ', { member: true }),
  ];
  test.each([
    ['{ attachment: { name: "invoice*" } }', true],
    ['{ attachment: { name: "invoice ????.pdf" } }', true],
    ['{ attachment: { name: "invoice" } }', false],
    ['{ attachment: { name: ["x", "PHOTOS.zip"] } }', true],
    ['{ attachment: { extension: exe } }', true],
    ['{ attachment: { extension: [.EXE, js] } }', true],
    ['{ attachment: { extension: df } }', false],
    ['{ attachment: { type: application/pdf } }', true],
    ['{ attachment: { type: "image/*" } }', false],
    ['{ attachment: { encrypted: true } }', true],
    // One of them must be all of it.
    ['{ attachment: { encrypted: true, extension: zip } }', true],
    ['{ attachment: { encrypted: true, extension: pdf } }', false],
    ['{ attachments: { over: 1 } }', true],
    ['{ attachments: { over: 2 } }', false],
  ])('%s: %s', (when, expected) => {
    expect(match(when, { attachments }).holds).toBe(expected);
  });

  test('nobody looked: what has a name may hold more', () => {
    const when = '{ attachment: { extension: js } }';
    expect(match(when, { attachments, findings: null }).holds).toBe(true);
    expect(match(when, { attachments, findings: null }, undefined, true).holds).toBe(false);
    expect(match(when, { attachments: [], findings: null }).holds).toBe(false);
  });
});

describe('marks, thread and doubts', () => {
  const labels = [{ id: '2096f6a2-d2f7-48be-b329-b73aaa526e5d', name: 'Streng Vertraulich' }];
  test.each([
    ['{ sensitivity: private }', { sensitivity: 'private' }, true],
    ['{ sensitivity: [personal, company-confidential] }', { sensitivity: 'private' }, false],
    ['{ importance: high }', { importance: 'high' }, true],
    ['{ label: streng vertraulich }', { labels }, true],
    ['{ label: [x, 2096F6A2-D2F7-48BE-B329-B73AAA526E5D] }', { labels }, true],
    ['{ label: vertraulich }', { labels }, false],
    ['{ thread: true }', { thread: 'message' }, true],
    ['{ thread: true }', { thread: 'transport' }, false],
    ['{ thread: true }', {}, false],
    ['{ thread: false }', {}, true],
    ['{ thread: transport }', { thread: 'portal' }, true],
    ['{ thread: portal }', { thread: 'message' }, false],
    ['{ unscannable: [password] }', { unscannable: 'x', doubts: ['password'] }, true],
    ['{ unscannable: password }', { unscannable: 'x', doubts: ['content'] }, false],
    ['{ always: true }', {}, true],
  ] satisfies [string, Partial<Facts>, boolean][])('%s of %j: %s', (when, about, expected) => {
    expect(match(when, about).holds).toBe(expected);
  });
});

describe('time', () => {
  const at = (time: string) => ({ receivedAt: Date.parse(time) });
  const office = '{ time: { days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00", zone: Europe/Berlin } }';
  const night = '{ time: { days: fri, from: "22:00", to: "06:00", zone: Europe/Berlin } }';
  test.each([
    // 2026-01-05 is a Monday; Berlin is one hour ahead in winter, two in summer.
    [office, '2026-01-05T06:59:59Z', false],
    [office, '2026-01-05T07:00:00Z', true],
    [office, '2026-01-05T16:59:59Z', true],
    [office, '2026-01-05T17:00:00Z', false],
    [office, '2026-07-06T06:00:00Z', true],
    [office, '2026-07-06T16:00:00Z', false],
    [office, '2026-01-04T10:00:00Z', false],
    // The night belongs to the Friday on which it begins.
    [night, '2026-01-09T21:00:00Z', true],
    [night, '2026-01-09T20:59:59Z', false],
    [night, '2026-01-10T04:59:59Z', true],
    [night, '2026-01-10T05:00:00Z', false],
    [night, '2026-01-09T04:00:00Z', false],
    // The hour that is there twice (2026-10-25, 02:00 to 03:00) is inside both times; the one that is left out (2026-03-29) is nobody's.
    ['{ time: { from: "02:00", to: "03:00", zone: Europe/Berlin } }', '2026-10-25T00:30:00Z', true],
    ['{ time: { from: "02:00", to: "03:00", zone: Europe/Berlin } }', '2026-10-25T01:30:00Z', true],
    ['{ time: { from: "02:00", to: "03:00", zone: Europe/Berlin } }', '2026-10-25T02:00:00Z', false],
    ['{ time: { from: "02:00", to: "03:00", zone: Europe/Berlin } }', '2026-03-29T01:00:00Z', false],
    ['{ time: { days: sun, zone: Pacific/Auckland } }', '2026-01-03T12:00:00Z', true],
    ['{ time: { from: "18:00", zone: UTC } }', '2026-01-03T23:59:59Z', true],
    ['{ time: { to: "24:00", from: "00:00", days: sat, zone: UTC } }', '2026-01-03T00:00:00Z', true],
  ])('%s at %s: %s', (when, time, expected) => {
    expect(match(when, at(time)).holds).toBe(expected);
  });

  test('the reason tells the time of the place', () => {
    expect(match(office, at('2026-01-04T10:05:00Z')).reason).toBe(
      'sun 11:05 (Europe/Berlin) is outside the times of the rule',
    );
  });

  test('a time that is none is read the strict way', () => {
    expect(match(office, { receivedAt: Number.NaN }).holds).toBe(true);
    expect(match(office, { receivedAt: 1e300 }, undefined, true).holds).toBe(false);
  });
});

test('a policy tells which probes and groups it asks for, each once', () => {
  const policy = policyOf(
    '{ any: [{ sender: { group: [a, b] } }, { not: { recipient: { group: b } } }, { detects: projects }, { detects: any }] }',
  );
  expect(policy.groups).toEqual(['a', 'b']);
  expect(policy.probes).toMatchObject([{ place: 'everywhere', terms: ['bluebird'], patterns: ['PN-[0-9]{4}'] }]);
});
