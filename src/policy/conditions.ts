/**
 * Conditions as rules use them, compiled, and how they are judged: `examine` says whether one holds for one recipient of one message and
 * why, in words that hold nothing of the message but addresses and the keyword the rule itself names. The tests at the leaves stand
 * in conditions/, a file by topic: what people write, its compilation, its judgement.
 *
 * **The strict reading.** Some things are not certain. The senders of a message (envelope and From) may disagree. A group may be in no
 * directory; nobody may have looked through the content, or not for what the rule asks (facts that are kept, read by a newer policy).
 * Each is read so that it protects more: in an ordinary rule, which can only raise the level, what may hold does hold, and one matching
 * sender is enough (reading `any`); in a rule with `override`, which can lower it, what may not hold does not, and all senders must match
 * (reading `every`). `not` turns the reading round, so that a negated condition errs to the same side.
 *
 * **Once per message.** Tests know whether they look at the recipient. What does not is judged once for all recipients (`once`).
 */
import type { Probe } from './detection.ts';
import type { Doubt, Facts } from './facts.ts';

export type Reading = 'any' | 'every';

/** `reason` is a clause that is true of the message: "the subject has the keyword …", "the message is not forwarded". */
export type Judgement = { readonly holds: boolean; readonly reason: string };

/** What a test says of itself, besides its judgement. */
export type Traits = {
  /** What it rests on, as far as that can be in doubt. */
  readonly restsOn: readonly Doubt[];
  readonly probes: readonly Probe[];
  /** Names of the groups it asks for. */
  readonly groups: readonly string[];
  /** Folded keywords of the subject. */
  readonly keywords: readonly string[];
  /** The doubts it asks for. */
  readonly answers: readonly Doubt[];
};

type OfMessage = (facts: Facts, reading: Reading) => Judgement;
type OfRecipient = (facts: Facts, reading: Reading, recipient: string) => Judgement;

export type Test = Traits & { readonly kind: 'test'; readonly perRecipient: boolean; readonly judge: OfRecipient };

export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[]; readonly perRecipient: boolean }
  | { readonly kind: 'not'; readonly of: Condition; readonly perRecipient: boolean }
  | Test;

const plain: Traits = { restsOn: [], probes: [], groups: [], keywords: [], answers: [] };

/** A test that gives the same answer for every recipient. */
export function messageTest(judge: OfMessage, traits: Partial<Traits> = {}): Test {
  return { ...plain, ...traits, kind: 'test', perRecipient: false, judge };
}

export function recipientTest(judge: OfRecipient, traits: Partial<Traits> = {}): Test {
  return { ...plain, ...traits, kind: 'test', perRecipient: true, judge };
}

/** All of them, or the one there is. */
export function all(of: readonly Condition[]): Condition {
  return combined('all', of);
}

/** Any of them, or the one there is. */
export function any(of: readonly Condition[]): Condition {
  return combined('any', of);
}

function combined(kind: 'all' | 'any', of: readonly Condition[]): Condition {
  const [only] = of;
  if (of.length === 1 && only !== undefined) return only;
  return { kind, of, perRecipient: of.some((each) => each.perRecipient) };
}

export function not(of: Condition): Condition {
  return { kind: 'not', of, perRecipient: of.perRecipient };
}

export function examine(condition: Condition, facts: Facts, recipient: string, reading: Reading): Judgement {
  if (condition.kind === 'test') return condition.judge(facts, reading, recipient);
  const look = condition.perRecipient ? once : examine;
  if (condition.kind === 'not') {
    const inner = look(condition.of, facts, recipient, reading === 'any' ? 'every' : 'any');
    return { holds: !inner.holds, reason: inner.reason };
  }
  const decisive = condition.kind === 'any';
  let reason = '';
  for (const each of condition.of) {
    const judgement = look(each, facts, recipient, reading);
    if (judgement.holds === decisive) return judgement;
    reason = reason === '' ? judgement.reason : `${reason} and ${judgement.reason}`;
  }
  return { holds: !decisive, reason: reason || 'it is for every message' };
}

/** Judgements of what stands beside a test of the recipient but does not look at one itself. */
type Known = Readonly<Record<Reading, Map<Condition, Judgement>>>;
const judged = new WeakMap<Facts, Known>();

function once(condition: Condition, facts: Facts, recipient: string, reading: Reading): Judgement {
  if (condition.perRecipient) return examine(condition, facts, recipient, reading);
  let known = judged.get(facts);
  if (known === undefined) {
    known = { any: new Map(), every: new Map() };
    judged.set(facts, known);
  }
  let judgement = known[reading].get(condition);
  if (judgement === undefined) {
    judgement = examine(condition, facts, recipient, reading);
    known[reading].set(condition, judgement);
  }
  return judgement;
}

/** The same judgement again is the same value, so that a thousand rules that do not match leave nothing behind. */
export function judgementOf(yes: string, no: string): (holds: boolean) => Judgement {
  const [held, failed] = [
    { holds: true, reason: yes },
    { holds: false, reason: no },
  ];
  return (holds) => (holds ? held : failed);
}

/** What is not known, read the strict way. `whether` is a clause: "the body holds what the rule asks for". */
export function unknown(reading: Reading, whether: string): Judgement {
  const read = reading === 'any' ? 'yes' : 'no';
  return { holds: reading === 'any', reason: `nobody knows whether ${whether} (read as ${read}, which is stricter)` };
}

/** Every test of a condition, also where it is negated. */
export function testsOf(condition: Condition): Test[] {
  if (condition.kind === 'test') return [condition];
  return condition.kind === 'not' ? testsOf(condition.of) : condition.of.flatMap((inner) => testsOf(inner));
}

/** The tests a condition asks for rather than excludes. */
function wantedOf(condition: Condition): Test[] {
  if (condition.kind === 'not') return [];
  return condition.kind === 'test' ? [condition] : condition.of.flatMap((inner) => wantedOf(inner));
}

/** The keywords of a condition that are asked for, not excluded: those `stripKeyword` takes out. */
export function keywordsOf(condition: Condition): string[] {
  return wantedOf(condition).flatMap((test) => test.keywords);
}

/** The doubts the condition asks for, so that its rule says what happens with such messages. */
export function answersOf(condition: Condition): Doubt[] {
  return wantedOf(condition).flatMap((test) => test.answers);
}
