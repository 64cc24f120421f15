/**
 * Policy x facts x recipient -> verdict. Pure, deterministic, never throws, whatever the facts hold.
 *
 * Level. Every matching rule counts, and so does the default: the strictest level wins. Only a rule with `override` may lower it:
 * when such rules match, the strictest level among them wins over what the others want. Not over `hold` and `refuse`, though: those
 * are no degrees of protection but stops, put there so that a person looks; a keyword must not remove them.
 *
 * The rest. Rules that want a stricter level than the one that won were overridden and are set aside. Of the others, `tls` is the
 * strictest any of them demands. `otherwise` and `methods` belong to the level they were written with, so they come from the rules
 * that want the level that won: the strictest `otherwise` (bounce, drop, portal: the sender of a bounce can still act), and the
 * first `methods` in file order. `stripKeyword` takes out the keywords of every matching rule that strips.
 *
 * A held message also says what applies once a person releases it (`released`): the level without the rules that want `hold`. Its
 * `tls`, `otherwise` and `methods` are those of that level.
 *
 * Built in: a message that cannot be looked through is held, when that can matter to the policy: always when a limit was exceeded, since
 * nobody knows what is in the rest; when something can be read in two ways, only if a rule asks about it (a multipart without an end
 * deceives no rule about the subject). A matching rule that asks for `unscannable: true` and wants a level decides instead.
 */
import { tlsLevels } from '../config/config.ts';
import { examine, foldedSubject } from './conditions.ts';
import type { Facts } from './facts.ts';
import { occurrences, without } from './keyword.ts';
import { builtInPrefix, type Policy, type Rule } from './schema.ts';
import { type Level, levels, noActions, type Otherwise, type Verdict } from './verdict.ts';

/** The name under which the built-in rule appears among the rules and reasons. */
export const unscannableRule = `${builtInPrefix} what cannot be looked through waits`;

/** What the policy says about one recipient, an address in normal form. */
export function evaluate(policy: Policy, facts: Facts, recipient: string): Verdict {
  const because: string[] = [];
  const matching: Rule[] = [];
  for (const rule of policy.rules) {
    const { holds, reason } = examine(rule.when, facts, recipient, rule.override ? 'every' : 'any');
    if (holds) matching.push(rule);
    because.push(`Rule "${rule.name}" ${holds ? 'matched' : 'did not match'}: ${reason}${holds ? wants(rule) : ''}.`);
  }
  if (matters(facts, policy) && !matching.some((rule) => rule.answersUnscannable)) {
    matching.push(holdUnscannable);
    because.push(`Rule "${unscannableRule}" matched: ${facts.unscannable}${wants(holdUnscannable)}.`);
  }
  const decided = decideLevel(policy.default.protect, matching);
  const released = decided.level === 'hold' ? withoutHold(policy, matching) : decided.level;
  const counted = matching.filter((rule) => rule.protect === null || rank(rule.protect) <= rank(released));
  const winners = counted.filter((rule) => rule.protect === released);
  const actions = decideActions(counted, winners);
  const subject = stripped(facts, matching);
  return {
    recipient,
    level: decided.level,
    released,
    rules: matching.map((rule) => rule.name),
    because: [...because, ...actions.because, decided.because],
    otherwise: actions.otherwise,
    tls: actions.tls,
    methods: actions.methods,
    ...noActions,
    notifySender: [],
    reviewers: [],
    priority: null,
    subject,
    subjectChanged: subject !== facts.subject,
  };
}

function matters(facts: Facts, policy: Policy): boolean {
  return facts.doubts.some((doubt) => doubt === 'limits' || policy.asksAbout.has(doubt));
}

const holdUnscannable: Rule = {
  name: unscannableRule,
  when: { kind: 'flag', fact: 'unscannable', is: true },
  protect: 'hold',
  otherwise: null,
  tls: null,
  methods: null,
  override: false,
  strip: [],
  answersUnscannable: true,
};

function wants(rule: Rule): string {
  const parts = [
    rule.protect === null ? [] : [`level ${rule.protect}${rule.override ? ', overriding others' : ''}`],
    rule.tls === null ? [] : [`TLS ${rule.tls}`],
    rule.strip.length === 0 ? [] : ['the keyword taken out'],
  ].flat();
  return `; it wants ${parts.join(' and ')}`;
}

function decideLevel(byDefault: Level, matching: readonly Rule[]): { level: Level; because: string } {
  const wanted = [byDefault, ...matching.flatMap((rule) => rule.protect ?? [])];
  const strictest = strictestOf(wanted);
  const overriding = matching.filter((rule) => rule.override).flatMap((rule) => rule.protect ?? []);
  const lowered = overriding.length > 0 ? strictestOf(overriding) : strictest;
  if (lowered === strictest) return { level: strictest, because: conclusion(strictest, wanted, matching) };
  const names = namesOf(matching.filter((rule) => rule.override && rule.protect === lowered));
  if (rank(strictest) >= rank('hold')) {
    const who = namesOf(matching.filter((rule) => rule.protect === strictest)) || 'the default';
    return {
      level: strictest,
      because: `Level ${strictest} stays, wanted by ${who}: no rule overrides hold or refuse.`,
    };
  }
  return { level: lowered, because: `Level ${lowered} wins: ${names} overrides ${strictest}.` };
}

function withoutHold(policy: Policy, matching: readonly Rule[]): Level {
  const byDefault = policy.default.protect === 'hold' ? 'none' : policy.default.protect;
  const others = matching.filter((rule) => rule.protect !== 'hold');
  return decideLevel(byDefault, others).level;
}

function conclusion(level: Level, wanted: readonly Level[], matching: readonly Rule[]): string {
  const names = namesOf(matching.filter((rule) => rule.protect === level));
  if (names === '') return `Level ${level} is the default, and no rule wants more.`;
  const distinct = levels.filter((each) => wanted.includes(each));
  const why = distinct.length > 1 ? `wins (strictest of ${distinct.join(', ')})` : 'wins';
  return `Level ${level} ${why}, wanted by ${names}.`;
}

type Actions = Pick<Verdict, 'tls' | 'otherwise' | 'methods' | 'because'>;

function decideActions(counted: readonly Rule[], winners: readonly Rule[]): Actions {
  const tls = tlsLevels.findLast((level) => counted.some((rule) => rule.tls === level)) ?? null;
  const otherwise = otherwiseOrder.find((each) => winners.some((rule) => rule.otherwise === each)) ?? null;
  const asks = winners.find((rule) => rule.methods !== null);
  const because: string[] = [];
  if (tls !== null)
    because.push(`TLS must be ${tls}, wanted by ${namesOf(counted.filter((rule) => rule.tls === tls))}.`);
  if (asks?.methods) because.push(`Only ${asks.methods.join(', ')} may be tried, wanted by "${asks.name}".`);
  if (otherwise !== null) {
    const who = namesOf(winners.filter((rule) => rule.otherwise === otherwise));
    because.push(`If that cannot be done: ${otherwise}, wanted by ${who}.`);
  }
  return { tls, otherwise, methods: asks?.methods ?? null, because };
}

/** Strictest first. */
const otherwiseOrder: readonly Otherwise[] = ['bounce', 'drop', 'portal'];

function stripped(facts: Facts, matching: readonly Rule[]): string {
  const keywords = new Set(matching.flatMap((rule) => rule.strip));
  if (keywords.size === 0) return facts.subject;
  const folded = foldedSubject(facts);
  const spans = [...keywords].flatMap((keyword) => occurrences(folded, keyword));
  return spans.length === 0 ? facts.subject : without(facts.subject, spans);
}

function strictestOf(wanted: readonly Level[]): Level {
  return levels.findLast((level) => wanted.includes(level)) ?? 'refuse';
}

function rank(level: Level): number {
  return levels.indexOf(level);
}

function namesOf(rules: readonly Rule[]): string {
  return rules.map((rule) => `"${rule.name}"`).join(' and ');
}
