import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { lintPolicy } from '../../src/policy/lint.ts';
import { parsePolicy } from '../../src/policy/schema.ts';

/** Lint: what is valid but hardly meant is told with its place; what is meant is left alone. */

function lint(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  const read = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw new Error('no such file');
    return content;
  };
  const parsed = parsePolicy(text, 'p.yaml', read);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return lintPolicy(text, 'p.yaml', read).map((warning) => formatProblem(warning).replace('p.yaml:', ''));
}

function rules(text: string, byDefault = 'none', more = ''): string {
  return `version: 1\n${more}rules:\n${text}default: { protect: ${byDefault} }\n`;
}

const raise = '  - { name: Raise, when: { forwarded: true }, then: { protect: message } }\n';
const rule = (when: string, then: string) => `  - { name: R, when: ${when}, then: ${then} }\n`;

describe('a warning, with its place', () => {
  test.each<[string, string, string]>([
    [
      'never decides',
      rules(rule('{ size: { over: 1 } }', '{ protect: none }') + raise),
      '3:62: rules[0].then.protect: none is what every message gets by default, so this rule changes nothing. Remove the rule, ask for more than none, or add override: true.',
    ],
    [
      'weaker than the default',
      rules(rule('{ size: { over: 1 } }', '{ protect: transport }'), 'message'),
      'transport is weaker than the default, message, and the strictest level wins',
    ],
    [
      'with an otherwise that never counts',
      rules(rule('{ size: { over: 1 } }', '{ protect: transport, otherwise: bounce }'), 'message'),
      'transport is weaker than the default',
    ],
    [
      'overrides nothing',
      rules(raise + rule('{ recipient: { domain: a.example } }', '{ protect: message, override: true }')),
      'nothing in this policy wants more than message that could be overridden',
    ],
    [
      'overrides only a stop',
      rules(
        rule('{ recipient: { domain: a.example } }', '{ protect: transport, override: true }') +
          rule('{ size: { over: 1 } }', '{ protect: hold }').replace('name: R', 'name: S'),
      ),
      'nothing in this policy wants more than transport',
    ],
    [
      'otherwise portal at portal',
      rules(rule('{ size: { over: 1 } }', '{ protect: portal, otherwise: portal }')),
      'rules[0].then.otherwise: the portal is all that is tried',
    ],
    [
      'otherwise portal after the portal',
      rules(rule('{ size: { over: 1 } }', '{ protect: message, methods: [portal], otherwise: portal }')),
      'the portal is all that is tried',
    ],
    [
      'default plain',
      rules(rule('{ size: { over: 1 } }', '{ priority: 1 }')),
      'default.protect: everything leaves as sent: no rule asks for more than none',
    ],
    [
      'default hold',
      rules('  []\n', 'hold'),
      'by default every message waits for a person, and no rule can lower that',
    ],
    [
      'section default',
      rules(
        raise,
        'transport',
        'sections: [{ name: S, for: { domain: a.example }, default: { protect: transport } }]\n',
      ),
      'sections[0].default.protect: a section can only raise the level',
    ],
    [
      'flag and its opposite',
      rules(rule('{ forwarded: true, not: { forwarded: true } }', '{ protect: message }')),
      'rules[0].when: the rule asks for forwarded and excludes the same, so it never holds',
    ],
    [
      'flag twice',
      rules(rule('{ all: [{ calendar: true }, { calendar: false }] }', '{ protect: message }')),
      'asks for calendar and excludes the same',
    ],
    [
      'the same below not',
      rules(
        rule('{ recipient: { domain: a.example }, not: { recipient: { domain: a.example } } }', '{ protect: message }'),
      ),
      'asks for recipient and excludes the same',
    ],
    [
      'external and internal',
      rules(
        rule('{ all: [{ recipient: { external: true } }, { recipient: { internal: true } }] }', '{ protect: message }'),
      ),
      'asks for recipient and excludes the same',
    ],
    [
      'never',
      rules(rule('{ always: true, not: { always: true } }', '{ protect: message }')),
      'asks for always and excludes the same',
    ],
    [
      'empty pattern',
      rules(rule('{ subject: { matches: "(secret)?" } }', '{ protect: message }')),
      'rules[0].when.subject: the pattern "(secret)?" fits the empty text',
    ],
    [
      'any pattern',
      rules(rule('{ any: [{ header: { name: X, matches: ".+" } }] }', '{ protect: message }')),
      'the pattern ".+" fits nearly every text',
    ],
    [
      'detector pattern',
      rules(rule('{ detects: d }', '{ protect: message }'), 'none', 'detectors: { d: { patterns: ["\\\\d*"] } }\n'),
      'detectors.d.patterns: the pattern "\\\\d*" fits the empty text',
    ],
    [
      'anybody opts out',
      rules(raise + rule('{ subject: { keyword: "[clear]" } }', '{ protect: none, override: true }')),
      'whoever writes a message can make this rule hold',
    ],
    [
      'anybody opts out by label',
      rules(raise + rule('{ label: public, calendar: false }', '{ protect: none, override: true }')),
      'whoever writes a message can make this rule hold',
    ],
    [
      'unused list',
      rules(raise, 'none', 'lists: { vip: [a.example] }\n'),
      '2:10: lists.vip: no rule asks for the list "vip". Use it in a rule, or remove it.',
    ],
    [
      'unused detector',
      rules(raise, 'none', 'detectors: { d: { terms: [x] } }\n'),
      'no rule asks for the detector "d"',
    ],
    [
      'a condition without anything in it',
      rules(rule('{}', '{ protect: message }')),
      '3:22: rules[0].when: a condition that asks for nothing holds for every message. Write always: true',
    ],
    [
      'the same, inside others',
      rules(rule('{ any: [{ forwarded: true }, {}] }', '{ protect: message }')),
      'a condition that asks for nothing',
    ],
    [
      'shadowed keyword',
      rules(
        rule('{ keyword: ["[secure it]", "vip"] }', '{ protect: message }') +
          rule('{ subject: { keyword: secure it } }', '{ protect: portal }').replace('name: R', 'name: S'),
      ),
      'who types "[secure it]" has also typed "secure it" of rule "S", so the level is always portal',
    ],
    [
      'same keyword twice',
      rules(
        rule('{ keyword: "[secure]" }', '{ protect: message }') +
          rule('{ keyword: "[SECURE]" }', '{ protect: portal }').replace('name: R', 'name: S'),
      ),
      'who types "[secure]" has also typed "[SECURE]"',
    ],
    [
      'keyword in keyword',
      rules(rule('{ keyword: ["[secure]", secure] }', '{ protect: message }')),
      '"[secure]" adds nothing: it is found wherever "secure" is',
    ],
    [
      'a keyword whose brackets YAML took for a list',
      rules(rule('{ any: [{ subject: { keyword: [secure] } }, { forwarded: true }] }', '{ protect: message }')),
      '3:22: rules[0].when: "secure" is a plain word, so every subject that says it has this keyword. If you mean',
    ],
    [
      'near miss of nothing',
      rules(rule('{ subject: { nearMiss: "[secure]" } }', '{ protect: message }')),
      'near misses of "[secure]" are looked for, but no rule has that keyword',
    ],
  ])('%s', (_name, text, expected) => {
    const found = lint(text);
    expect(found.join('\n')).toContain(expected);
    expect(found).toHaveLength(1);
  });
});

describe('no false alarm', () => {
  test.each<[string, string]>([
    [
      'a weak rule that answers for what cannot be read',
      rules(raise + rule('{ unscannable: [password] }', '{ protect: none }')),
    ],
    [
      'a weak rule that does something else',
      rules(raise + rule('{ size: { over: 1 } }', '{ protect: none, priority: 9 }')),
    ],
    [
      'the default level with an otherwise',
      rules(rule('{ forwarded: true }', '{ protect: transport, otherwise: bounce }'), 'transport'),
    ],
    [
      'a weaker level that an override can reach',
      rules(
        rule('{ size: { over: 1 } }', '{ protect: transport, otherwise: drop }') +
          rule('{ recipient: { domain: a.example } }', '{ protect: transport, override: true }').replace(
            'name: R',
            'name: S',
          ),
        'message',
      ),
    ],
    [
      'an opt-out for a group',
      rules(
        raise + rule('{ subject: { keyword: "[clear]" }, sender: { group: g } }', '{ protect: none, override: true }'),
      ),
    ],
    [
      'an opt-out without findings',
      rules(
        raise + rule('{ subject: { keyword: "[clear]" }, not: { detects: any } }', '{ protect: none, override: true }'),
      ),
    ],
    ['two flags', rules(rule('{ calendar: true, not: { forwarded: true } }', '{ protect: message }'))],
    ['any of opposites', rules(rule('{ any: [{ calendar: true }, { calendar: false }] }', '{ protect: message }'))],
    ['not of two', rules(rule('{ calendar: true, not: { calendar: true, forwarded: true } }', '{ protect: message }'))],
    [
      'internal and not external',
      rules(rule('{ recipient: { internal: true }, not: { recipient: { external: true } } }', '{ protect: message }')),
    ],
    [
      'a list of a section',
      rules(
        raise,
        'none',
        'lists: { vip: [a.example] }\nsections: [{ name: S, for: { in: vip }, default: { protect: portal } }]\n',
      ),
    ],
    [
      'detects any',
      rules(rule('{ detects: any }', '{ protect: message }'), 'none', 'detectors: { d: { terms: [x] } }\n'),
    ],
    [
      'keywords of different rules that do not contain each other',
      rules(
        rule('{ keyword: "[secure]" }', '{ protect: message }') +
          rule('{ keyword: "+secure+" }', '{ protect: portal }').replace('name: R', 'name: S'),
      ),
    ],
    [
      'the same keyword with another condition',
      rules(
        rule('{ keyword: "[secure]" }', '{ protect: message }') +
          rule('{ keyword: "[secure]", forwarded: true }', '{ protect: portal }').replace('name: R', 'name: S'),
      ),
    ],
    ['hold beside a portal', rules(rule('{ size: { over: 1 } }', '{ protect: portal, otherwise: bounce }'))],
  ])('%s', (_name, text) => {
    expect(lint(text)).toEqual([]);
  });

  test('what is inherited and not needed is no mistake of the heir', () => {
    const base = rules(rule('{ forwarded: true }', '{ protect: transport }'), 'none', 'lists: { vip: [a.example] }\n');
    expect(lint('version: 1\nextends: base.yaml\ndefault: { protect: transport }\n', { 'base.yaml': base })).toEqual(
      [],
    );
    const [warning] = lint(base);
    expect(warning).toContain('list "vip"');
    const heir =
      'version: 1\nextends: base.yaml\nrules:\n  - { name: Own, when: { sender: { in: vip } }, then: { protect: none } }\n';
    expect(lint(heir, { 'base.yaml': base })).toEqual([
      expect.stringContaining('4:66: rules[0].then.protect: none is'),
    ]);
  });

  const folder = new URL('../../policies/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.cases.yaml'));
  test.each(names)('%s', (name) => {
    const read = (path: string) => readFileSync(new URL(path, folder), 'utf8');
    expect(lintPolicy(read(name), name, read).map(formatProblem)).toEqual([]);
  });
});
