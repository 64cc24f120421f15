/** Names: lists and detectors nobody uses, keywords that stand in each other's way or lost their brackets. */
import type { Problem } from '../../config/yaml.ts';
import type { When } from '../compile.ts';
import { fold, standsIn } from '../keyword.ts';
import type { Linted, Placed } from '../lint.ts';
import { levels } from '../verdict.ts';
import { insideOf } from './conditions.ts';

export function* nameWarnings(linted: Linted): Iterable<Problem> {
  yield* unusedNames(linted);
  yield* keywordsInTheWay(linted);
  yield* missesOfNothing(linted);
  yield* lostBrackets(linted);
}

function* unusedNames({ own, layers, rules }: Linted): Iterable<Problem> {
  const lists = new Set<string>();
  const detectors = new Set<string>();
  for (const section of layers.flatMap((layer) => layer.value.sections ?? []))
    for (const name of section.for.in ?? []) lists.add(name);
  for (const inner of rules.flatMap(({ rule }) => [...insideOf(rule.when)])) {
    for (const name of [...(inner.sender?.in ?? []), ...(inner.recipient?.in ?? [])]) lists.add(name);
    for (const name of detectorsIn(inner)) detectors.add(name);
  }
  for (const name of Object.keys(own.value.lists ?? {}))
    if (!lists.has(name)) yield own.problemAt(['lists', name], `no rule asks for the list "${name}"`, unused, 'key');
  for (const name of Object.keys(own.value.detectors ?? {})) {
    if (!detectors.has(name) && !detectors.has('any'))
      yield own.problemAt(['detectors', name], `no rule asks for the detector "${name}"`, unused, 'key');
  }
}

const unused = 'Use it in a rule, or remove it.';

function detectorsIn({ detects }: When): readonly string[] {
  return Array.isArray(detects) ? detects : Object.keys(detects ?? {});
}

type Asked = { readonly text: string; readonly folded: string; readonly by: Placed };

/** Keywords of rules that ask for nothing else, so that one who types one of them has asked. */
function* keywordsInTheWay({ rules }: Linted): Iterable<Problem> {
  const asked = rules.flatMap((by) =>
    bareKeywords(by.rule.when).map((text): Asked => ({ text, folded: fold(text).text, by })),
  );
  for (const one of asked) {
    if (!one.by.own) continue;
    const same = asked.find((other) => other !== one && other.by === one.by && standsIn(one.folded, other.folded));
    if (same !== undefined && (same.folded !== one.folded || asked.indexOf(same) < asked.indexOf(one))) {
      yield one.by.warn(['when'], `"${one.text}" adds nothing: it is found wherever "${same.text}" is`, 'Remove it.');
    }
    const stricter = asked.find((other) => standsIn(one.folded, other.folded) && outdoes(other.by, one.by));
    if (stricter === undefined) continue;
    const { name, then } = stricter.by.rule;
    const message = `who types "${one.text}" has also typed "${stricter.text}" of rule "${name}", so the level is always ${then.protect}`;
    yield one.by.warn(['when'], message, 'Choose another keyword, or join the rules.');
  }
}

function bareKeywords(when: When): readonly string[] {
  const keys = Object.keys(when);
  if (keys.length !== 1) return [];
  return when.keyword ?? (Object.keys(when.subject ?? {}).length === 1 ? (when.subject?.keyword ?? []) : []);
}

/** Both apply to everybody's mail, and the other wants more. */
function outdoes(other: Placed, one: Placed): boolean {
  const a = other.rule.then.protect;
  const b = one.rule.then.protect;
  if (a === undefined || b === undefined || other.inSection || one.rule.then.override === true) return false;
  return levels.indexOf(a) > levels.indexOf(b);
}

function* missesOfNothing({ rules }: Linted): Iterable<Problem> {
  const known = new Set<string>();
  for (const inner of rules.flatMap(({ rule }) => [...insideOf(rule.when)]))
    for (const text of [...(inner.keyword ?? []), ...(inner.subject?.keyword ?? [])]) known.add(fold(text).text);
  for (const { rule, own, warn } of rules) {
    if (!own) continue;
    for (const text of [...insideOf(rule.when)].flatMap((inner) => inner.subject?.nearMiss ?? [])) {
      if (known.has(fold(text).text)) continue;
      yield warn(
        ['when'],
        `near misses of "${text}" are looked for, but no rule has that keyword`,
        'Add the keyword to a rule.',
      );
    }
  }
}

/** To YAML, `keyword: [secure]` is a list of one word. */
function* lostBrackets({ rules }: Linted): Iterable<Problem> {
  for (const { rule, own, warn } of rules) {
    if (!own) continue;
    for (const inner of insideOf(rule.when)) {
      for (const [word, ...more] of [inner.keyword ?? [], inner.subject?.keyword ?? []]) {
        if (word === undefined || more.length > 0 || !/^\p{L}+$/u.test(word)) continue;
        const remedy = `If you mean the word in brackets, put them inside quotes: "[${word}]".`;
        yield warn(['when'], `"${word}" is a plain word, so every subject that says it has this keyword`, remedy);
      }
    }
  }
}
