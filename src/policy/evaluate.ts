/**
 * Policy x facts x recipient -> verdict. Pure, deterministic, never throws, whatever the facts hold.
 *
 * Level. Every matching rule counts, and so does the default: the strictest level wins. Only a rule with `override` may lower it:
 * when such rules match, the strictest level among them wins over what the others want. Not over `hold` and `refuse`, though: those
 * are no degrees of protection but stops, put there so that a person looks; a keyword must not remove them.
 *
 * The rest. Rules that want a stricter level than the one that won were overridden and are set aside; the others count, and what they want
 * besides is joined in riders.ts. `stripKeyword` alone takes out the keywords of every matching rule that strips.
 *
 * A held message also says what applies once a person releases it (`released`): the level without the rules that want `hold`. Its
 * `tls`, `otherwise` and `methods` are those of that level.
 *
 * Built in: a message that cannot be looked through is held, when that can matter to the policy: always when a limit was exceeded, since
 * nobody knows what is in the rest; for every other doubt only if a rule rests on what is in doubt (a multipart without an end deceives no
 * rule about the subject, an archive that needs a password none that does not ask for content). A matching rule that wants a level and
 * asks for such messages decides instead: `unscannable: true` about all doubts, `unscannable: [password]` about those it names.
 *
 * Speed. Rules that do not look at the recipient are judged once for all recipients of a message, their sentences included.
 */
import { readActions } from './actions.ts';
import { foldedOf } from './conditions/text.ts';
import { all, examine } from './conditions.ts';
import type { Facts } from './facts.ts';
import { occurrences, without } from './keyword.ts';
import { builtInPrefix } from './layers.ts';
import { joinRiders, namesOf } from './riders.ts';
import type { Policy, Rule } from './schema.ts';
import { type Level, levels, type Verdict } from './verdict.ts';

/** The name under which the built-in rule appears among the rules and reasons. */
export const unscannableRule = `${builtInPrefix} what cannot be looked through waits`;

/** What the policy says about one recipient, an address in normal form. */
export function evaluate(policy: Policy, facts: Facts, recipient: string): Verdict {
  const because: string[] = [];
  const matching: Rule[] = [];
  const shared = sharedOf(facts, policy);
  const latest = latestOf(policy);
  for (const [index, rule] of policy.rules.entries()) {
    let judged = shared[index];
    if (judged === undefined) {
      judged = judge(rule, facts, recipient, latest[index]);
      latest[index] = judged;
      if (!rule.when.perRecipient) shared[index] = judged;
    }
    if (judged.holds) matching.push(rule);
    because.push(judged.sentence);
  }
  if (isOpen(facts, policy, matching)) {
    matching.push(holdUnscannable);
    because.push(`Rule "${unscannableRule}" matched: ${facts.unscannable}; it wants level hold.`);
  }
  const decided = decideLevel(policy.default.protect, matching);
  const released = decided.level === 'hold' ? withoutHold(policy, matching) : decided.level;
  const counted = matching.filter(
    ({ protect }) => protect === null || protect === decided.level || rank(protect) <= rank(released),
  );
  const riders = joinRiders(counted, decided.level, released);
  const subject = stripped(facts, matching);
  return {
    ...riders.riders,
    recipient,
    level: decided.level,
    released,
    rules: matching.map((rule) => rule.name),
    because: [...because, ...riders.because, decided.because],
    subject,
    subjectChanged: subject !== facts.subject,
  };
}

type Judged = { readonly holds: boolean; readonly reason: string; readonly sentence: string };
/** By the index of the rule. */
type JudgedRules = (Judged | undefined)[];

const ofMessages = new WeakMap<Facts, WeakMap<Policy, JudgedRules>>();

/** What is already judged for all recipients of the message. */
function sharedOf(facts: Facts, policy: Policy): JudgedRules {
  const ofMessage = ofMessages.get(facts);
  const known = ofMessage?.get(policy);
  if (known !== undefined) return known;
  const shared: JudgedRules = [];
  if (ofMessage === undefined) ofMessages.set(facts, new WeakMap([[policy, shared]]));
  else ofMessage.set(policy, shared);
  return shared;
}

const ofPolicies = new WeakMap<Policy, JudgedRules>();

/** What was said last of each rule, which is most often said again: most rules do not match most messages. */
function latestOf(policy: Policy): JudgedRules {
  let latest = ofPolicies.get(policy);
  if (latest === undefined) {
    latest = [];
    ofPolicies.set(policy, latest);
  }
  return latest;
}

function judge(rule: Rule, facts: Facts, recipient: string, latest: Judged | undefined): Judged {
  const { holds, reason } = examine(rule.when, facts, recipient, rule.override ? 'every' : 'any');
  if (latest !== undefined && latest.holds === holds && latest.reason === reason) return latest;
  const sentence = holds
    ? `Rule "${rule.name}" matched: ${reason}${wants(rule)}.`
    : `Rule "${rule.name}" did not match: ${reason}.`;
  return { holds, reason, sentence };
}

/** Whether something that matters to the policy is in doubt, and no rule says what happens then. */
function isOpen(facts: Facts, policy: Policy, matching: readonly Rule[]): boolean {
  return facts.doubts.some(
    (doubt) =>
      (doubt === 'limits' || policy.asksAbout.has(doubt)) &&
      !matching.some((rule) => rule.answersUnscannable.has(doubt)),
  );
}

const holdUnscannable: Rule = {
  ...readActions(unscannableRule, { protect: 'hold' }),
  name: unscannableRule,
  when: all([]),
  strip: [],
  answersUnscannable: new Set(),
};

function wants(rule: Rule): string {
  const parts = [
    rule.protect === null ? [] : [`level ${rule.protect}${rule.override ? ', overriding others' : ''}`],
    rule.tls === null ? [] : [`TLS ${rule.tls}`],
    rule.keyTrust === null ? [] : [`keys ${rule.keyTrust}`],
    rule.strip.length === 0 ? [] : ['the keyword taken out'],
    rule.addHeaders.map(({ name }) => `the header ${name}`),
    rule.removeHeaders.map((name) => `the header ${name} taken out`),
    rule.notice === null ? [] : ['the sender told'],
    rule.priority === null ? [] : [`priority ${rule.priority}`],
    rule.expires === null ? [] : ['its own time in the portal'],
    rule.reply === null ? [] : [rule.reply ? 'replies' : 'no replies'],
    rule.hideSubject === null ? [] : [rule.hideSubject ? 'the subject hidden' : 'the subject readable outside'],
    rule.sign === null ? [] : [rule.sign ? 'a signature' : 'no signature'],
    rule.proof === null ? [] : [`${rule.proof} as proof in the portal`],
    rule.receipts === null ? [] : [`receipts ${rule.receipts}`],
    rule.linkFilesOver === null ? [] : [`links in place of files of more than ${rule.linkFilesOver} octets`],
    rule.legacyDisplay === null ? [] : [`the subject ${rule.legacyDisplay ? '' : 'not '}repeated in the text`],
  ].flat();
  return parts.length === 0 ? '' : `; it wants ${parts.join(' and ')}`;
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

function stripped(facts: Facts, matching: readonly Rule[]): string {
  const keywords = new Set(matching.flatMap((rule) => rule.strip));
  if (keywords.size === 0) return facts.subject;
  const folded = foldedOf(facts).subject;
  const spans = [...keywords].flatMap((keyword) => occurrences(folded, keyword));
  return spans.length === 0 ? facts.subject : without(facts.subject, spans);
}

function strictestOf(wanted: readonly Level[]): Level {
  return levels.findLast((level) => wanted.includes(level)) ?? 'refuse';
}

function rank(level: Level): number {
  return levels.indexOf(level);
}
