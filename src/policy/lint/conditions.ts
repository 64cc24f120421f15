/** Conditions: those that ask for nothing, those that can never hold, patterns that fit everything, and ways out that anybody can type. */
import type { Problem } from '../../config/yaml.ts';
import type { When } from '../compile.ts';
import type { Linted, Placed } from '../lint.ts';
import { compilePattern } from '../pattern.ts';

export function* conditionWarnings({ own, rules }: Linted): Iterable<Problem> {
  for (const placed of rules) {
    if (!placed.own) continue;
    yield* empty(placed);
    yield* neverHolds(placed);
    yield* openToAll(placed);
    for (const { pattern, key } of patternsIn(placed.rule.when)) {
      const why = fitsEverything(pattern);
      if (why !== null) yield placed.warn(['when', key], why, narrower);
    }
  }
  for (const [name, detector] of Object.entries(own.value.detectors ?? {})) {
    for (const pattern of detector.patterns ?? []) {
      const why = fitsEverything(pattern);
      if (why !== null) yield own.problemAt(['detectors', name, 'patterns'], why, narrower);
    }
  }
}

function* empty({ rule, warn }: Placed): Iterable<Problem> {
  const isEmpty = (when: When): boolean => Object.values(when).every((value) => value === undefined);
  if (![...insideOf(rule.when)].some(isEmpty)) return;
  yield warn(['when'], 'a condition that asks for nothing holds for every message', 'Write always: true if it should.');
}

type Keys = { readonly wanted: ReadonlySet<string>; readonly excluded: ReadonlySet<string> };

/** The keys a condition asks for, and those inside `not`, at any depth. */
export function keysOf(when: When): Keys {
  const wanted = new Set<string>();
  const excluded = new Set<string>();
  const visit = (inner: When, negated: boolean): void => {
    for (const key of Object.keys(inner)) if (!combinators.has(key)) (negated ? excluded : wanted).add(key);
    for (const each of [...(inner.all ?? []), ...(inner.any ?? [])]) visit(each, negated);
    if (inner.not !== undefined) visit(inner.not, !negated);
  };
  visit(when, false);
  return { wanted, excluded };
}

const combinators = new Set(['all', 'any', 'not']);

/** Every condition inside one, itself included. */
export function* insideOf(when: When): Iterable<When> {
  yield when;
  for (const each of [...(when.all ?? []), ...(when.any ?? []), ...(when.not === undefined ? [] : [when.not])])
    yield* insideOf(each);
}

/** What must all hold, as written: keys with their values, those of a `not` of one key apart. */
function literalsOf(when: When): { readonly key: string; readonly value: unknown; readonly not: boolean }[] {
  const plain = Object.entries(when)
    .filter(([key, value]) => !combinators.has(key) && value !== undefined)
    .map(([key, value]) => ({ key, value, not: false }));
  const [only, ...more] = Object.entries(when.not ?? {});
  const negated = only === undefined || more.length > 0 || combinators.has(only[0]) ? [] : [only];
  return [
    ...plain,
    ...negated.map(([key, value]) => ({ key, value, not: true })),
    ...(when.all ?? []).flatMap((each) => literalsOf(each)),
  ];
}

function* neverHolds({ rule, warn }: Placed): Iterable<Problem> {
  const wanted = new Set<string>();
  const excluded = new Set<string>();
  const names = new Map<string, string>();
  for (const { key, value, not } of literalsOf(rule.when)) {
    // "forwarded: false" excludes what "forwarded: true" wants.
    const isNo = value === false;
    const text = `${key} ${JSON.stringify(isNo ? true : value)}`;
    names.set(text, key);
    (not === isNo ? wanted : excluded).add(text);
    for (const [one, other] of opposed(value)) {
      (not ? excluded : wanted).add(`${key} ${one}`);
      (not ? wanted : excluded).add(`${key} ${other}`);
      names.set(`${key} ${one}`, key);
    }
  }
  const both = [...wanted].find((text) => excluded.has(text));
  if (both === undefined) return;
  const key = names.get(both) ?? both.split(' ', 1)[0] ?? '';
  yield warn(['when'], `the rule asks for ${key} and excludes the same, so it never holds`, 'Remove one of the two.');
}

/** For `sender` and `recipient`: external is the opposite of internal. */
function opposed(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const external = 'external' in value ? value.external : 'internal' in value ? !value.internal : undefined;
  const pairs: [string, string][] = [];
  if (external !== undefined) pairs.push(external === true ? ['external', 'internal'] : ['internal', 'external']);
  if ('external' in value && 'internal' in value && value.external === value.internal)
    pairs.push(['external', 'external']);
  return pairs;
}

/** Marks that whoever writes a message can put there. */
const typed = ['keyword', 'subject', 'body', 'content', 'header', 'sensitivity', 'importance', 'label', 'size'];

function* openToAll({ rule, inSection, warn }: Placed): Iterable<Problem> {
  const { wanted, excluded } = keysOf(rule.when);
  if (rule.then.override !== true || inSection || !typed.some((key) => wanted.has(key))) return;
  if (['sender', 'recipient', 'detects'].some((key) => wanted.has(key)) || excluded.has('detects')) return;
  const message = 'whoever writes a message can make this rule hold, and so lower the protection of any content';
  yield warn(['then', 'override'], message, 'Add sender: { group: ... }, or not: { detects: any }.');
}

function* patternsIn(when: When): Iterable<{ readonly pattern: string; readonly key: string }> {
  for (const inner of insideOf(when)) {
    const headers = (inner.header ?? []).flatMap((header) => header.matches ?? []);
    const texts = { subject: inner.subject, body: inner.body, content: inner.content, attachment: inner.attachment };
    for (const [key, text] of Object.entries(texts)) for (const pattern of text?.matches ?? []) yield { pattern, key };
    for (const pattern of headers) yield { pattern, key: 'header' };
  }
}

const narrower = 'Write what the text must have, and \\b or ^ and $ around it.';
/** Short texts that have nothing in common. */
const anything = ['a', 'Z', '7', ' ', '-', 'ß', '字'];

function fitsEverything(pattern: string): string | null {
  const compiled = compilePattern(pattern);
  if (typeof compiled === 'string') return null;
  const shown = JSON.stringify(pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern);
  if (compiled.test('')) return `the pattern ${shown} fits the empty text, and so every text`;
  return anything.every((text) => compiled.test(text)) ? `the pattern ${shown} fits nearly every text` : null;
}
