/**
 * The time machine: what a draft of the policy would have done with mail that the live one decided.
 *
 * Nothing is opened again. Each record holds what decide.ts knew: the facts, and what could be done for each recipient then. Both policies
 * judge the same record through the same functions as real mail (`planWith`), so replaying the live policy changes nothing, and an answer
 * comes from thousands of messages in seconds. `startReplay` takes one record after the other and keeps only counts and a few ids.
 *
 * A delivery changes when its end does (what would be tried first) or, with the same end, one of the other aspects. For each change the
 * rules are named that match under one policy only, or under both and want something else now; where the level changed, only those
 * that want the level that won.
 *
 * What a policy asks and the facts do not answer (a text nobody looked for then, a group that no directory knew) can be yes or no. Where
 * the difference between the policies is the same either way, it stands; otherwise the delivery is counted as unknown, and not as changed,
 * and it is said what would become of it with no for an answer: hardly anybody wrote the keyword that the draft invents.
 *
 * Limits: an end is the plan's, not the deed's: whether a server met its TLS level was seen on the wire only, so a delivery that ended in
 * the portal for want of TLS counts as transport under both. Several unanswered questions are tried as all yes and as all no.
 */
import { addressKey } from '../mail/address.ts';
import type { Plan, Step } from '../plan/plan.ts';
import type { Facts } from '../policy/facts.ts';
import type { Policy, Rule } from '../policy/schema.ts';
import type { Level } from '../policy/verdict.ts';
import type { KeptMessage } from '../store/store.ts';
import type { Kept } from './kept.ts';
import { type Planned, planWith } from './planning.ts';

/** What would happen first: "transport" is method tls, "message" a protected copy, "bounce" and "drop" that there is nothing to try. */
const ends = ['as sent', 'transport', 'message', 'portal', 'hold', 'refuse', 'bounce', 'drop'] as const;
export type End = (typeof ends)[number];

/** What can be different although the end is the same, in the order in which it is reported. */
const aspects = [
  'level',
  'methods',
  'tls',
  'otherwise',
  'headers',
  'subject',
  'expires',
  'reply',
  'priority',
  'notices',
  'copy',
  'proof',
  'receipts',
  'links',
] as const;
export type Aspect = (typeof aspects)[number];

/** How many deliveries, and the ids of the first of them. */
export type Counted = { readonly deliveries: number; readonly examples: readonly string[] };

export type Move = Counted & { readonly from: End; readonly to: End };

export type Responsible = {
  /** Null: the policy's default, or the order of its rules. */
  readonly rule: string | null;
  /** Under which policy it matches; `both`: it wants something else in the draft. */
  readonly matches: 'live' | 'draft' | 'both';
  readonly deliveries: number;
};

export type Replayed = {
  readonly messages: number;
  readonly deliveries: number;
  /** Deliveries that would change in any way. */
  readonly changed: number;
  /** By the change of the end, most frequent first. */
  readonly moves: readonly Move[];
  /** Of the deliveries with the same end; one of them can be in several. */
  readonly others: readonly (Counted & { readonly what: Aspect })[];
  /** Of all changed deliveries, most frequent first. */
  readonly rules: readonly Responsible[];
  /** Deliveries whose facts do not answer what one of the policies asks; `moves` are theirs if the answer to all of that is no. */
  readonly unknown: Counted & { readonly moves: readonly Move[] };
  /** Messages whose record is damaged. */
  readonly unreadable: { readonly messages: number; readonly examples: readonly string[] };
  /** Of the deliveries that the live policy decided in this very version, those whose recorded level it would not give today: none, or we have a fault. */
  readonly drift: Counted & { readonly of: number };
};

export type Replay = {
  /** A record, opened, or null when it cannot be. */
  add(message: Pick<KeptMessage, 'id' | 'policyVersion' | 'deliveries'>, kept: Kept | null): void;
  result(): Replayed;
};

/** `most`: how many ids to remember of each kind of change. */
export function startReplay(live: Policy, draft: Policy, most: number): Replay {
  const counts = { messages: 0, deliveries: 0, live: 0, changed: 0 };
  const { count, of } = startTally(most);
  const rules = new Map<string, Omit<Responsible, 'deliveries'> & { deliveries: number }>();
  const responsible = comparePolicies(live, draft);

  const replayDelivery = (recorded: Recorded, views: readonly Kept[]): void => {
    const { id, recipient } = recorded;
    const fates = views.map((kept) => [fateOf(live, kept, recipient), fateOf(draft, kept, recipient)] as const);
    const [first, no] = fates;
    if (first === undefined) return;
    const [before, after] = first;
    counts.deliveries++;
    if (recorded.policyVersion === live.version) {
      counts.live++;
      if (before.level !== recorded.level) count('drift', id);
    }
    const changes = changesBetween(before, after);
    const certain = fates.every((pair) => changesBetween(...pair).join() === changes.join());
    if (!certain && no !== undefined) {
      count('unknown', id);
      for (const change of changesBetween(...no)) count(ifNot + change, id);
      return;
    }
    if (changes.length === 0) return;
    counts.changed++;
    for (const change of changes) count(change, id);
    for (const each of responsible(before, after)) {
      const key = JSON.stringify(each);
      const known = rules.get(key) ?? { ...each, deliveries: 0 };
      known.deliveries++;
      rules.set(key, known);
    }
  };

  return {
    add: ({ id, policyVersion, deliveries }, kept) => {
      if (kept === null) return count('unreadable', id);
      counts.messages++;
      const views = viewsOf(kept, [live, draft]);
      for (const delivery of deliveries) replayDelivery({ ...delivery, policyVersion }, views);
    },
    result: () => {
      const { deliveries: messages, examples } = of('unreadable');
      const movesOf = (condition: string): Move[] =>
        ends
          .flatMap((from) => ends.map((to) => ({ from, to, ...of(condition + moveFrom(from, to)) })))
          .filter(({ deliveries }) => deliveries > 0)
          .sort(mostFirst);
      return {
        messages: counts.messages,
        deliveries: counts.deliveries,
        changed: counts.changed,
        moves: movesOf(''),
        others: aspects.map((what) => ({ what, ...of(what) })).filter(({ deliveries }) => deliveries > 0),
        rules: [...rules.values()].sort((a, b) => mostFirst(a, b) || byName(a, b)),
        unknown: { ...of('unknown'), moves: movesOf(ifNot) },
        unreadable: { messages, examples },
        drift: { of: counts.live, ...of('drift') },
      };
    },
  };
}

/** Counts by what is counted, with the ids of the first `most` of each. */
function startTally(most: number) {
  const tally = new Map<string, { deliveries: number; examples: string[] }>();
  return {
    count: (what: string, id: string): void => {
      const known = tally.get(what) ?? { deliveries: 0, examples: [] };
      known.deliveries++;
      if (known.examples.length < most) known.examples.push(id);
      tally.set(what, known);
    },
    of: (what: string): Counted => tally.get(what) ?? { deliveries: 0, examples: [] },
  };
}

/** Before the change of a delivery that is unknown. */
const ifNot = 'if not: ';

type Recorded = KeptMessage['deliveries'][number] & Pick<KeptMessage, 'policyVersion'>;

const mostFirst = (a: { readonly deliveries: number }, b: { readonly deliveries: number }): number =>
  b.deliveries - a.deliveries;
const byName = (a: Omit<Responsible, 'deliveries'>, b: typeof a): number =>
  `${a.rule} ${a.matches}` < `${b.rule} ${b.matches}` ? -1 : 1;
const moveFrom = (from: End, to: End): string => `${from} -> ${to}`;

/** What a policy makes of one delivery. */
type Fate = {
  readonly end: End;
  readonly level: Level;
  readonly rules: readonly string[];
  /** In words that are equal when it is the same. */
  readonly aspects: Readonly<Record<Aspect, string>>;
};

function fateOf(
  policy: Policy,
  { facts, capabilities, minimumTls, minimumTrust = 'vouched' }: Kept,
  recipient: string,
): Fate {
  const capability = capabilities[recipient];
  if (capability === undefined) throw new Error('a kept record without the capability of a recipient');
  return fateIn(planWith({ policy, facts, recipient, capability, minimumTls, minimumTrust }));
}

function fateIn({ verdict, plan, steps }: Planned): Fate {
  const { level, rules, headers, subject, expires, reply, priority, notifySender, reviewers } = verdict;
  const { hideSubject, sign, legacyDisplay, proof, receipts, linkFilesOver } = verdict;
  return {
    end: endOf(plan, steps),
    level,
    rules,
    aspects: {
      level,
      methods: steps.map((step) => step.method).join(),
      tls: steps[0]?.tls ?? '',
      otherwise: plan.kind === 'deliver' ? plan.otherwise : '',
      headers: JSON.stringify(headers),
      subject,
      expires: String(expires),
      reply: String(reply),
      priority: String(priority),
      notices: JSON.stringify([notifySender, reviewers]),
      proof: String(proof),
      receipts: String(receipts),
      links: String(linkFilesOver),
      copy: JSON.stringify([hideSubject, sign, legacyDisplay]),
    },
  };
}

function endOf(plan: Plan, steps: readonly Step[]): End {
  if (plan.kind !== 'deliver') return plan.kind;
  const [first] = steps;
  if (first === undefined) return plan.otherwise === 'drop' ? 'drop' : 'bounce';
  return endByMethod[first.method];
}

const endByMethod: Readonly<Record<Step['method'], End>> = {
  none: 'as sent',
  tls: 'transport',
  smime: 'message',
  pgp: 'message',
  portal: 'portal',
};

/** The change of the end, or else every aspect that differs. */
function changesBetween(before: Fate, after: Fate): string[] {
  if (before.end !== after.end) return [moveFrom(before.end, after.end)];
  return aspects.filter((aspect) => before.aspects[aspect] !== after.aspects[aspect]);
}

/** The record as it is and, when it leaves something open that these policies ask, with no to all of that and with yes. */
function viewsOf(kept: Kept, policies: readonly Policy[]): Kept[] {
  const { facts } = kept;
  const asked = policies.flatMap(({ probes }) => probes.map(({ id }) => id));
  const probes = asked.filter((id) => !Object.hasOwn(facts.probes, id));
  const groups = policies.flatMap((policy) => policy.groups).filter((group) => !facts.groups.known?.includes(group));
  if (probes.length === 0 && groups.length === 0) return [kept];
  return [
    kept,
    { ...kept, facts: answered(facts, probes, groups, false) },
    { ...kept, facts: answered(facts, probes, groups, true) },
  ];
}

function answered(facts: Facts, probes: readonly string[], groups: readonly string[], yes: boolean): Facts {
  const people = [facts.envelope.from, ...facts.from, ...facts.envelope.recipients].map(addressKey);
  const of = people.map((person) => [person, [...(facts.groups.of[person] ?? []), ...groups]] as const);
  return {
    ...facts,
    probes: { ...facts.probes, ...Object.fromEntries(probes.map((id) => [id, yes ? Number.MAX_SAFE_INTEGER : 0])) },
    groups: {
      known: [...(facts.groups.known ?? []), ...groups],
      of: yes ? Object.fromEntries(of) : facts.groups.of,
    },
  };
}

/** The rules that make the difference between two fates under these policies. */
function comparePolicies(live: Policy, draft: Policy) {
  const rulesOf = (policy: Policy) => new Map(policy.rules.map((rule) => [rule.name, rule]));
  const [liveRules, draftRules] = [rulesOf(live), rulesOf(draft)];
  const rewritten = (name: string): boolean => thenOf(liveRules.get(name)) !== thenOf(draftRules.get(name));
  const wantsLevel = (name: string, { level }: Fate, rules: typeof liveRules): boolean =>
    (rules.get(name)?.protect ?? 'hold') === level;

  return (before: Fate, after: Fate): Omit<Responsible, 'deliveries'>[] => {
    const onlyLive = before.rules.filter((name) => !after.rules.includes(name));
    const onlyDraft = after.rules.filter((name) => !before.rules.includes(name));
    const both = before.rules.filter((name) => after.rules.includes(name) && rewritten(name));
    const all = [
      ...onlyDraft.map((rule) => ({ rule, matches: 'draft', decides: wantsLevel(rule, after, draftRules) }) as const),
      ...onlyLive.map((rule) => ({ rule, matches: 'live', decides: wantsLevel(rule, before, liveRules) }) as const),
      ...both.map((rule) => {
        const decides = wantsLevel(rule, before, liveRules) || wantsLevel(rule, after, draftRules);
        return { rule, matches: 'both', decides } as const;
      }),
    ];
    const deciding = before.level === after.level ? all : all.filter(({ decides }) => decides);
    const named = (deciding.length > 0 || live.default.protect !== draft.default.protect ? deciding : all).map(
      ({ rule, matches }) => ({ rule, matches }),
    );
    return named.length > 0 ? named : [{ rule: null, matches: 'both' }];
  };
}

/** What a rule wants, in words that are equal when it is the same; the built-in rule is in no policy. */
function thenOf(rule: Rule | undefined): string {
  return rule === undefined ? '' : JSON.stringify({ ...rule, when: null });
}
