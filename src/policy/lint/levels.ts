/** Levels: rules that can never decide, `otherwise` that is never reached, a default under which nothing is protected or nothing leaves. */
import type { Problem } from '../../config/yaml.ts';
import type { Linted, Placed } from '../lint.ts';
import { type Level, levels } from '../verdict.ts';
import { keysOf } from './conditions.ts';

export function* levelWarnings(linted: Linted): Iterable<Problem> {
  for (const placed of linted.rules) {
    if (!placed.own) continue;
    yield* neverDecides(placed, linted);
    yield* overridesNothing(placed, linted);
    yield* neverOtherwise(placed);
  }
  yield* sectionDefaults(linted);
  yield* theDefault(linted);
}

/** Settings of `then` that count whatever level wins. */
const ownEffects = [
  'tls',
  'stripKeyword',
  'addHeader',
  'removeHeader',
  'notifySender',
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
] as const;

function* neverDecides({ rule, warn }: Placed, { rules, floor }: Linted): Iterable<Problem> {
  const { protect, override } = rule.then;
  if (protect === undefined || override === true || rank(protect) > rank(floor)) return;
  if (ownEffects.some((effect) => rule.then[effect] !== undefined)) return;
  if (keysOf(rule.when).wanted.has('unscannable')) return;
  // `otherwise` and `methods` count where their level wins: as the default, or because a rule lowers the level to it.
  const canWin =
    protect === floor || rules.some((other) => other.rule.then.override && other.rule.then.protect === protect);
  if (canWin && (rule.then.otherwise !== undefined || rule.then.methods !== undefined)) return;
  const message =
    protect === floor
      ? `${protect} is what every message gets by default, so this rule changes nothing`
      : `${protect} is weaker than the default, ${floor}, and the strictest level wins: this rule never decides`;
  yield warn(['then', 'protect'], message, `Remove the rule, ask for more than ${floor}, or add override: true.`);
}

function* overridesNothing({ rule, warn }: Placed, { rules, floor }: Linted): Iterable<Problem> {
  const { protect, override } = rule.then;
  if (override !== true || protect === undefined) return;
  const wanted = [floor, ...rules.flatMap((other) => other.rule.then.protect ?? [])];
  const lowers = wanted.some((level) => rank(level) > rank(protect) && rank(level) < rank('hold'));
  if (lowers) return;
  const message = `nothing in this policy wants more than ${protect} that could be overridden (hold and refuse cannot)`;
  yield warn(['then', 'override'], message, 'Remove override.');
}

function* neverOtherwise({ rule, warn }: Placed): Iterable<Problem> {
  const { protect, otherwise, methods } = rule.then;
  if (otherwise !== 'portal') return;
  const last = methods === undefined ? (protect === 'portal' ? 'portal' : null) : methods.at(-1);
  const alone = methods === undefined || methods.every((method) => method === 'portal');
  if (last !== 'portal' || !alone) return;
  yield warn(
    ['then', 'otherwise'],
    'the portal is all that is tried, so there is nothing before it that could fail',
    'Remove otherwise, or write bounce.',
  );
}

function* sectionDefaults({ own, floor }: Linted): Iterable<Problem> {
  for (const [index, section] of (own.value.sections ?? []).entries()) {
    const level = section.default?.protect;
    if (level === undefined || rank(level) > rank(floor)) continue;
    const message = `a section can only raise the level, and everybody has ${floor} by default`;
    yield own.problemAt(
      ['sections', index, 'default', 'protect'],
      message,
      `Remove it, or ask for more than ${floor}.`,
    );
  }
}

function* theDefault({ own, layers, rules, floor }: Linted): Iterable<Problem> {
  const at = own.value.default === undefined ? ['rules'] : ['default', 'protect'];
  if (floor === 'hold' || floor === 'refuse') {
    const message = `by default every message ${floor === 'hold' ? 'waits for a person' : 'goes back'}, and no rule can lower that`;
    yield own.problemAt(at, message, 'Use none, transport, message or portal, and hold by a rule.');
  }
  const sections = layers.flatMap((layer) => layer.value.sections ?? []);
  const raised = [
    ...rules.map(({ rule }) => rule.then.protect),
    ...sections.map((section) => section.default?.protect),
  ];
  if (floor === 'none' && !raised.some((level) => level !== undefined && level !== 'none')) {
    const remedy = 'Add a rule that protects, or default: { protect: transport }.';
    yield own.problemAt(at, 'everything leaves as sent: no rule asks for more than none', remedy);
  }
}

function rank(level: Level): number {
  return levels.indexOf(level);
}
