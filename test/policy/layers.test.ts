import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { effectivePolicy } from '../../src/policy/effective.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { type Policy, type PolicyResult, parsePolicy } from '../../src/policy/schema.ts';
import { arbitraryFacts, arbitraryPolicyText, arbitraryRecipient } from './arbitrary.ts';
import { facts } from './facts-of.ts';

/** Policies in several files: what is inherited, what is replaced, what goes wrong; sections; and the effective policy. */

type Files = Readonly<Record<string, string>>;

function reader(files: Files): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  };
}

/** Reads policies/own.yaml; the others by their path from there. */
function read(files: Files): PolicyResult {
  return parsePolicy(files['own.yaml'] ?? '', 'policies/own.yaml', reader(files));
}

function policyOf(files: Files): Policy {
  const result = read(files);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.policy;
}

function complaints(files: Files): string[] {
  const result = read(files);
  return result.ok ? [] : result.problems.map(formatProblem);
}

const names = (policy: Policy) => policy.rules.map((rule) => rule.name);
const rule = (name: string, when: string, protect: string) =>
  `{ name: ${name}, when: ${when}, then: { protect: ${protect} } }`;

const base = `version: 1
lists: { partners: [old.example], staff: { file: staff.txt } }
detectors: { projects: { terms: [Bluebird] } }
rules: [${rule('base partners', '{ recipient: { in: partners } }', 'message')}]
sections: [{ name: legal, for: { in: staff }, rules: [${rule('base legal', '{}', 'portal')}] }]
default: { protect: transport }
`;

describe('extends', () => {
  const own = `version: 1
extends: shared/base.yaml
lists: { partners: [new.example] }
rules: [${rule('own projects', '{ detects: projects }', 'hold')}]
`;
  const files = { 'own.yaml': own, 'shared/base.yaml': base, 'shared/staff.txt': 'lea@corp.example\n' };

  test('rules of the base come first; lists are replaced by name; the default is inherited', () => {
    const policy = policyOf(files);
    expect(names(policy)).toEqual(['base partners', 'base legal', 'own projects']);
    expect(policy.default).toEqual({ protect: 'transport' });
    expect(policy.files).toEqual(['shared/base.yaml', 'shared/staff.txt']);
    const about = facts({ probes: Object.fromEntries(policy.probes.map(({ id }) => [id, 0])) });
    expect(evaluate(policy, about, 'x@new.example').rules).toEqual(['base partners']);
    expect(evaluate(policy, about, 'x@old.example').rules).toEqual([]);
    const found = { ...about, probes: Object.fromEntries(policy.probes.map(({ id }) => [id, 1])) };
    expect(evaluate(policy, found, 'x@old.example').rules).toEqual(['own projects']);
  });

  test('its own default replaces that of the base', () => {
    const policy = policyOf({ ...files, 'own.yaml': `${own}default: { protect: none }\n` });
    expect(policy.default).toEqual({ protect: 'none' });
  });

  test('the version changes with every file that was read', () => {
    const { version } = policyOf(files);
    expect(policyOf({ ...files, 'shared/staff.txt': 'leo@corp.example\n' }).version).not.toBe(version);
    expect(policyOf({ ...files, 'shared/base.yaml': `${base}# more\n` }).version).not.toBe(version);
    expect(policyOf(files).version).toBe(version);
  });

  test('a list of the base that is replaced is not read', () => {
    const { 'shared/staff.txt': _missing, ...rest } = files;
    const text = own.replace('partners: [new.example]', 'staff: [lea@corp.example]');
    expect(complaints({ ...rest, 'own.yaml': text })).toEqual([]);
  });

  const extending = (name: string) => `version: 1\nextends: ${name}\nrules: []\n`;
  const chain = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`p${index}.yaml`, extending(`p${index + 1}.yaml`)]),
  );
  test.each<[string, Files, string]>([
    [
      'a missing base',
      { 'own.yaml': own },
      'policies/own.yaml:2:10: extends: the policy this one is based on cannot be read. Correct the path; a relative one starts at the folder of this policy.',
    ],
    [
      'itself',
      { 'own.yaml': extending('./own.yaml') },
      'policies/own.yaml:2:10: extends: the policy is its own base: policies/own.yaml -> policies/own.yaml. Break the circle.',
    ],
    [
      'a circle of three',
      { 'own.yaml': extending('a.yaml'), 'a.yaml': extending('sub/b.yaml'), 'sub/b.yaml': extending('../own.yaml') },
      'policies/sub/b.yaml:2:10: extends: the policy is its own base: policies/own.yaml -> policies/a.yaml -> policies/sub/b.yaml -> policies/own.yaml. Break the circle.',
    ],
    [
      'a circle beyond',
      { 'own.yaml': extending('a.yaml'), 'a.yaml': extending('b.yaml'), 'b.yaml': extending('a.yaml') },
      'policies/b.yaml:2:10: extends: the policy is its own base: policies/own.yaml -> policies/a.yaml -> policies/b.yaml -> policies/a.yaml. Break the circle.',
    ],
    [
      'a long chain',
      { 'own.yaml': extending('p0.yaml'), ...chain },
      'policies/p8.yaml:2:10: extends: more than 10 policies, each based on the next. Join some of them.',
    ],
    [
      'a mistake in the base',
      { 'own.yaml': own, 'shared/base.yaml': 'version: 1\nruels: []\n' },
      'policies/shared/base.yaml:2:1: ruels: unknown setting "ruels". Did you mean "rules"? Known here: version, extends, lists, detectors, rules, sections, default.',
    ],
    [
      'a rule of the base that calls a list nobody has',
      { ...files, 'shared/base.yaml': base.replace('in: partners', 'in: partner') },
      'policies/shared/base.yaml:4:57: rules[0].when.recipient.in: there is no list "partner". Did you mean "partners"? Lists are named under lists.',
    ],
    [
      'a missing list file of the base',
      { 'own.yaml': own, 'shared/base.yaml': base },
      'policies/shared/base.yaml:2:50: lists.staff.file: the list file cannot be read. Correct the path; a relative one starts at the folder of the policy.',
    ],
    [
      'a rule of the same name',
      { ...files, 'own.yaml': own.replace('own projects', 'base legal') },
      'policies/own.yaml:4:17: rules[0].name: a second rule of this name; the first is in policies/shared/base.yaml. Give it a name of its own: reasons and bounces name the rule.',
    ],
    [
      'no default anywhere',
      { ...files, 'shared/base.yaml': base.replace(/default.*/, '') },
      'policies/own.yaml:1:1: default: missing: expected settings. Write default: { protect: none }, or the level of what no rule matches.',
    ],
    [
      'a detector with the name of a built-in one',
      { 'own.yaml': 'version: 1\ndetectors: { phi: { terms: [x] } }\ndefault: { protect: none }\n' },
      'policies/own.yaml:2:14: detectors.phi: phi is the name of a built-in detector. Give it another name.',
    ],
    [
      'a detector that looks for nothing',
      { 'own.yaml': 'version: 1\ndetectors: { p: {} }\ndefault: { protect: none }\n' },
      'policies/own.yaml:2:17: detectors.p: nothing to look for. Write terms or patterns.',
    ],
  ])('%s is one error', (_name, given, expected) => {
    expect(complaints(given)).toEqual([expected]);
  });
});

describe('sections', () => {
  const files = {
    'own.yaml': `version: 1
rules: [${rule('all', '{ size: { over: 1 } }', 'none')}]
sections:
  - name: board
    for: { group: board }
    rules: [${rule('board abroad', '{ recipient: { domain: abroad.example } }', 'portal')}]
    default: { protect: message }
default: { protect: none }
`,
  };
  const about = (...board: string[]) =>
    facts({ groups: { known: ['board'], of: Object.fromEntries(board.map((who) => [who, ['board']])) } });

  test.each([
    ['a sender it is for', about('anna@corp.example'), 'x@abroad.example', 'portal'],
    ['its default', about('anna@corp.example'), 'x@home.example', 'message'],
    ['another sender', about('leo@corp.example'), 'x@abroad.example', 'none'],
    ['no directory: read the strict way', facts(), 'x@abroad.example', 'portal'],
  ])('%s', (_name, given, recipient, level) => {
    expect(evaluate(policyOf(files), given, recipient).level).toBe(level);
  });

  test('a default that has the name of a rule', () => {
    const text = files['own.yaml'].replace('name: all', 'name: Default of section board');
    expect(complaints({ 'own.yaml': text })).toEqual([
      'policies/own.yaml:4:11: sections[0].name: a second rule of this name. Give it a name of its own: reasons and bounces name the rule.',
    ]);
  });

  test('an override in a section needs all senders to be in it', () => {
    const text = files['own.yaml']
      .replace('protect: portal', 'protect: none, override: true')
      .replace('default: { protect: none }', 'default: { protect: transport }');
    const judged = policyOf({ 'own.yaml': text });
    const mixed = { ...about('anna@corp.example'), from: ['leo@corp.example'] };
    expect(evaluate(judged, about('anna@corp.example'), 'x@abroad.example').level).toBe('none');
    expect(evaluate(judged, mixed, 'x@abroad.example').level).toBe('message');
  });
});

describe('the effective policy', () => {
  test('is one policy, with the origin of each rule', () => {
    const files = {
      'own.yaml': `version: 1
extends: shared/base.yaml
lists: { partners: [new.example] }
rules:
  - name: Large # a comment that stays behind
    when: { size: { over: 25MB } }
    then: { protect: portal, expires: 7d }
`,
      'shared/base.yaml': base,
      'shared/staff.txt': 'anna@corp.example\n',
    };
    const text = effectivePolicy(files['own.yaml'], 'policies/own.yaml', reader(files));
    const { version } = policyOf(files);
    expect(text).toBe(`# The effective policy of policies/own.yaml, version ${version}

version: 1
lists:
  partners:
    # from policies/own.yaml
    - new.example
  staff:
    # from policies/shared/base.yaml
    file: shared/staff.txt
detectors:
  projects:
    # from policies/shared/base.yaml
    terms:
      - Bluebird
rules:
  # from policies/shared/base.yaml
  - name: base partners
    when:
      recipient:
        in: partners
    then:
      protect: message
  # from policies/shared/base.yaml
  - name: base legal
    when:
      all:
        - sender:
            in: staff
        - {}
    then:
      protect: portal
  # from policies/own.yaml
  - name: Large
    when:
      size:
        over: 25MB
    then:
      protect: portal
      expires: 7d
default:
  protect: transport
`);
  });

  test('gives the same verdicts', () => {
    fc.assert(
      fc.property(arbitraryPolicyText, arbitraryFacts, arbitraryRecipient, (text, about, recipient) => {
        const printed = effectivePolicy(text, 'own.yaml', reader({}));
        if (typeof printed !== 'string') throw new Error(printed.map(formatProblem).join('\n'));
        const verdict = evaluate(policyOf({ 'own.yaml': text }), about, recipient);
        expect(evaluate(policyOf({ 'own.yaml': printed }), about, recipient)).toEqual(verdict);
      }),
    );
  });

  test('of a broken policy there is none', () => {
    expect(effectivePolicy('version: 1', 'own.yaml', reader({}))).toMatchObject([{ path: 'default' }]);
  });
});
