import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { parsePolicy } from '../../src/policy/schema.ts';
import { facts } from './facts-of.ts';

/** Reading policies: what this version cannot judge is refused as a whole, with the place and what to do. */

const noLists = (): string => {
  throw new Error('ENOENT');
};

function complaints(text: string, readList: (path: string) => string = noLists): string[] {
  const result = parsePolicy(text, 'p.yaml', readList);
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).replace('p.yaml:', ''));
}

/** A policy of one rule; its `when` begins at 4:11 and its `then` at 5:11. */
const one = (when: string, then = '{ protect: transport }') =>
  `version: 1\nlists: { banks: [bank.example, "*.bank.example"] }\nrules:\n  - { name: r, when: ${when},\n    then: ${then} }\ndefault: { protect: none }\n`;

describe('refused', () => {
  test.each([
    [
      '{ detects: { phy: 3 } }',
      '4:35: rules[0].when.detects.phy: there is no detector "phy". Did you mean "phi"? Known are phi, pci,',
    ],
    ['{ not: { detects: [ssn, projects] } }', '4:46: rules[0].when.not.detects[1]: there is no detector "projects".'],
    [
      '{ detects: { ssn: 0 } }',
      '4:40: rules[0].when.detects.ssn: expected a whole number, found 0. Write a number from 1',
    ],
    ['{ detects: {} }', '4:33: rules[0].when.detects: nothing to look for. Write { phi: 3 }.'],
    [
      '{ recipient: { groups: staff } }',
      '4:37: rules[0].when.recipient.groups: unknown setting "groups". Did you mean "group"? Known here: address, domain, in, group, external, internal.',
    ],
    ['{ body: {} }', '4:30: rules[0].when.body: nothing to look for. Write contains or matches.'],
    ['{ content: { contains: "\\u200b" } }', '4:45: rules[0].when.content.contains: nothing visible to look for.'],
    ['{ attachment: {} }', '4:36: rules[0].when.attachment: nothing to compare with. Write name, extension, type'],
    [
      '{ attachment: { extension: "*" } }',
      '4:49: rules[0].when.attachment.extension: not a file extension. Write it like',
    ],
    [
      '{ attachments: { over: 3, under: 4 } }',
      'rules[0].when.attachments: no number is over the one and under the other.',
    ],
    ['{ recipients: {} }', '4:36: rules[0].when.recipients: nothing to compare with. Write over or under.'],
    ['{ always: false }', '4:32: rules[0].when.always: expected true, found false. Write always: true'],
    ['{ time: { from: "08:00" } }', '4:24: rules[0].when.time.zone: missing: expected a time zone'],
    [
      '{ time: { days: mon, zone: Europe/Belrin } }',
      'rules[0].when.time.zone: expected a time zone, found "Europe/Belrin".',
    ],
    ['{ time: { from: "8:00", zone: UTC } }', '4:38: rules[0].when.time.from: expected a time of day, found "8:00".'],
    ['{ time: { zone: UTC } }', '4:30: rules[0].when.time: no time to compare with. Write days'],
    ['{ time: { from: "08:00", to: "08:00", zone: UTC } }', 'rules[0].when.time: no time lies between the two.'],
    ['{ thread: hold }', '4:32: rules[0].when.thread: expected one of transport, message, portal, found "hold". Write'],
    ['{ unscannable: [pasword] }', 'rules[0].when.unscannable[0]: expected one of limits, content, password'],
    ['{ sensitivity: secret }', 'rules[0].when.sensitivity: expected'],
    [
      '{ subject: { keywords: x } }',
      '4:35: rules[0].when.subject.keywords: unknown setting "keywords". Did you mean "keyword"?',
    ],
    [
      '{ any: [{ all: [{ foward: true }] }] }',
      '4:40: rules[0].when.any[0].all[0].foward: unknown setting "foward". Did you mean "forwarded"?',
    ],
    ['{ any: [] }', '4:29: rules[0].when.any: expected a list of conditions, found an empty list. Write at least one'],
    ['{ forwarded: "yes" }', '4:35: rules[0].when.forwarded: expected true or false, found "yes". Write true or false'],
    [
      '{ subject: { keyword: "" } }',
      '4:44: rules[0].when.subject.keyword: expected a keyword, found "". Write it in quotes.',
    ],
    ['{ subject: { keyword: "\\u200b" } }', '4:44: rules[0].when.subject.keyword: a keyword must be visible'],
    ['{ recipient: { in: bank } }', '4:41: rules[0].when.recipient.in: there is no list "bank". Did you mean "banks"?'],
    [
      '{ recipient: { in: __proto__ } }',
      '4:41: rules[0].when.recipient.in: there is no list "__proto__". Lists are named under lists.',
    ],
    [
      '{ recipient: {} }',
      '4:35: rules[0].when.recipient: nothing to compare with. Write address, domain, in or group.',
    ],
    [
      '{ recipient: { domain: "a@b.example" } }',
      '4:45: rules[0].when.recipient.domain: "a@b.example" cannot be compared with addresses. Write a domain',
    ],
    [
      '{ recipient: { domain: [b.example, "*"] } }',
      '4:57: rules[0].when.recipient.domain[1]: "*" cannot be compared with addresses. Write a domain',
    ],
    [
      '{ sender: { address: bank.example } }',
      '4:43: rules[0].when.sender.address: "bank.example" cannot be compared with addresses. Write an address',
    ],
    ['{ header: { name: "X-A:", is: b } }', '4:40: rules[0].when.header.name: not the name of a header field. Write'],
    ['{ header: { is: b } }', '4:24: rules[0].when.header.name: missing: expected the name of a header field'],
    [
      '{ header: { name: X-A, matches: "(a" } }',
      '4:54: rules[0].when.header.matches: the regular expression cannot be used: error parsing regexp: missing closing ): `(a`. Write it as RE2',
    ],
    [
      '{ header: { name: X-A, matches: "(?<=a)b" } }',
      '4:54: rules[0].when.header.matches: the regular expression cannot be used',
    ],
    ['{ header: { name: X-A, matches: "(a)\\\\1" } }', 'the regular expression cannot be used'],
    ['{ header: { name: X-A, matches: "(((a{1,999}){1,999}){1,999})" } }', 'the regular expression cannot be used'],
    ['{ size: {} }', '4:30: rules[0].when.size: nothing to compare with. Write over or under.'],
    [
      '{ size: { over: 5MB, under: 2MB } }',
      '4:30: rules[0].when.size: no number is over the one and under the other. Move',
    ],
    ['{ size: { over: big } }', '4:38: rules[0].when.size.over: expected a size, found "big". Write octets'],
    ['{ report: maybe }', 'rules[0].when.report: expected'],
    ['', '4:16: rules[0].when: expected settings as "key: value" lines, found nothing'],
  ])('when: %s', (when, expected) => {
    expect(complaints(one(when)).join('\n')).toContain(expected);
  });

  test.each([
    ['{}', '5:11: rules[0].then: the rule does nothing. Write protect: with one of none, transport'],
    [
      '{ protect: tls }',
      '5:22: rules[0].then.protect: expected one of none, transport, message, portal, hold, refuse, found "tls". Write none, ',
    ],
    ['{ protect: none, notify: x }', '5:28: rules[0].then.notify: unknown setting "notify".'],
    ['{ otherwise: bounce }', '5:13: rules[0].then.otherwise: otherwise without protect. Add protect'],
    ['{ override: true, tls: verify }', '5:13: rules[0].then.override: override without protect'],
    [
      '{ protect: hold, otherwise: portal }',
      '5:28: rules[0].then.otherwise: otherwise means nothing at the level hold. Remove it',
    ],
    [
      '{ protect: message, methods: [smime, tls] }',
      '5:48: rules[0].then.methods[1]: tls does not meet the level message. Choose from smime, pgp, portal.',
    ],
    [
      '{ protect: none, methods: [tls] }',
      '5:38: rules[0].then.methods[0]: tls does not meet the level none. Remove methods.',
    ],
    [
      '{ protect: transport, tls: may }',
      '5:38: rules[0].then.tls: expected one of encrypt, verify, secure, dane, found "may"',
    ],
    [
      '{ protect: transport, stripKeyword: true }',
      '5:33: rules[0].then.stripKeyword: the rule asks for no keyword that could be taken out. Add subject',
    ],
  ])('then: %s', (then, expected) => {
    expect(complaints(one('{ size: { over: 1 } }', then)).join('\n')).toContain(expected);
  });

  test.each([
    ['rules: []\ndefault: { protect: none }', '1:1: version: missing: expected 1. Write version: 1'],
    ['version: 2\nrules: []\ndefault: { protect: none }', '1:10: version: expected 1, found 2. Write version: 1'],
    ['version: 1\nrules: []', '1:1: default: missing: expected settings'],
    [
      'version: 1\nrules: [{ name: a, then: { protect: none } }]\ndefault: { protect: none }',
      '2:9: rules[0].when: missing: expected',
    ],
    [
      'version: 1\nrules: [{ name: "Built in: mine", when: {}, then: { protect: none } }]\ndefault: { protect: none }',
      'It may not begin with "Built in:".',
    ],
    [
      'version: 1\nrules: [{ name: "a\\r\\nBcc: x", when: {}, then: { protect: none } }]\ndefault: { protect: none }',
      '2:17: rules[0].name: expected the name of the rule',
    ],
    [
      'version: 1\nrules: [{ name: a, when: {}, then: { protect: none } }, { name: a, when: {}, then: { protect: none } }]\ndefault: { protect: none }',
      '2:65: rules[1].name: a second rule of this name. Give it',
    ],
    ['version: 1\nlists: { "a b": [] }\nrules: []\ndefault: { protect: none }', 'lists'],
    [
      'version: 1\nlists: { a: [b.example, "nonsense"] }\nrules: []\ndefault: { protect: none }',
      '2:25: lists.a[1]: "nonsense" cannot be compared with addresses. Write a@b.example',
    ],
    [
      'version: 1\nlists: { a: { file: vip.txt } }\nrules: []\ndefault: { protect: none }',
      '2:21: lists.a.file: the list file cannot be read. Correct the path',
    ],
    ['not: [a policy', ': '],
  ])('%s', (text, expected) => {
    const found = complaints(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).toContain(expected);
  });

  test.each(['', '\n\n', '# nobody\r\n'])('a list file without entries: %j', (file) => {
    const text = 'version: 1\nlists: { vip: { file: vip.txt } }\nrules: []\ndefault: { protect: none }\n';
    const result = parsePolicy(text, 'p.yaml', () => file);
    expect(result).toMatchObject({ ok: false, problems: [{ line: 2, message: 'the list file has no entry' }] });
  });

  test('a list file with a line that is no entry', () => {
    const text = 'version: 1\nlists: { vip: { file: vip.txt } }\nrules: []\ndefault: { protect: none }';
    expect(complaints(text, () => 'a@b.example\n\nnot an entry\n')).toEqual([
      '2:23: lists.vip.file: line 3 of the list file is no address and no domain. Write a@b.example, b.example or "*.b.example".',
    ]);
  });
});

describe('accepted', () => {
  test('a list file, with comments, and its content counts for the version', () => {
    const text = `version: 1
lists: { vip: { file: vip.txt } }
rules: [{ name: r, when: { recipient: { in: vip } }, then: { protect: portal } }]
default: { protect: none }`;
    const parse = (list: string) => {
      const result = parsePolicy(text, 'p.yaml', (path) => (path === 'vip.txt' ? list : noLists()));
      if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
      return result.policy;
    };
    const policy = parse('# important\nBob@Other.example\r\n*.bücher.example # books\n');
    expect(evaluate(policy, facts(), 'bob@other.example').level).toBe('portal');
    expect(evaluate(policy, facts(), 'x@a.xn--bcher-kva.example').level).toBe('portal');
    expect(evaluate(policy, facts(), 'eve@other.example').level).toBe('none');
    expect(policy.version).toMatch(/^[0-9a-f]{64}$/);
    expect(parse('a@b.example').version).not.toBe(policy.version);
  });

  test('the language as it was agreed', () => {
    const text = `version: 1
lists:
  banks: [bank.example, "*.bank.example"]
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]", "+encrypt+"] } }
    then: { protect: message, stripKeyword: true }
  - name: Health data is protected on the way
    when: { detects: { phi: 3 } }
    then: { protect: transport }
  - name: Banks by verified TLS or not at all
    when: { recipient: { in: banks } }
    then: { protect: transport, tls: secure, otherwise: bounce }
  - name: Forwarded mail over TLS only
    when: { forwarded: true }
    then: { protect: transport, otherwise: bounce }
  - name: Staff may opt out when nothing was detected
    when: { all: [ { subject: { keyword: ["[clear]"] } }, { sender: { group: may-opt-out } }, { not: { detects: any } } ] }
    then: { protect: none, override: true, stripKeyword: true }
default: { protect: none }
`;
    const result = parsePolicy(text, 'p.yaml', noLists);
    if (!result.ok) throw new Error(complaints(text).join('\n'));
    const subject = 'Re: +encrypt+ [clear] hi';
    const groups = { known: ['may-opt-out'], of: { 'anna@corp.example': ['may-opt-out'] } };
    const about = facts({ subject, groups });
    expect(evaluate(result.policy, about, 'x@a.bank.example')).toMatchObject({
      level: 'none',
      rules: [
        'The sender asked for it',
        'Banks by verified TLS or not at all',
        'Staff may opt out when nothing was detected',
      ],
      subject: 'Re: hi',
      tls: null,
      keyTrust: null,
      otherwise: null,
    });
    const found = { ...about, findings: [{ kind: 'phi' as const, count: 3, part: '1', sample: '•' }] };
    expect(evaluate(result.policy, found, 'x@a.bank.example').level).toBe('message');
  });
});

test('the policies of the project parse', () => {
  for (const name of ['policies/default.yaml', 'policies/healthcare.yaml', 'src/sandbox/policy.yaml']) {
    const at = new URL(`../../${name}`, import.meta.url);
    expect(
      complaints(readFileSync(at, 'utf8'), (path) => readFileSync(new URL(path, at), 'utf8')),
      name,
    ).toEqual([]);
  }
});
