/**
 * What rides along with the level: everything else the rules that count want, joined.
 *
 * `tls` and `keys` are the strictest any of them demands. `otherwise` and `methods` belong to the level they were written with, so they come from the
 * rules that want the level that won (of a held message, the one that applies once it is released): the strictest `otherwise` (bounce, drop,
 * portal: the sender of a bounce can still act), and the first `methods` in file order.
 *
 * Header fields, notices to the sender and reviewers add up, each once. `expires` is the shortest, `reply: false` stands against
 * `reply: true`, and of priorities the most urgent one counts. What is removed is what the sender wrote: a field that one rule
 * removes and another adds is there once, as added. Of what a protected copy is like (`hideSubject`, `sign`, `legacyDisplay`) true stands
 * against false: it protects more, or helps a reader. Of `receipts` the one that tells most counts, of
 * `linkFiles` the smallest size.
 */
import { keyTrusts, receiptRules, tlsLevels } from '../config/config.ts';
import type { Rule } from './schema.ts';
import { type Level, type Otherwise, type Proof, proofs, type Verdict } from './verdict.ts';

type Riders = Pick<
  Verdict,
  | 'tls'
  | 'keyTrust'
  | 'otherwise'
  | 'methods'
  | 'headers'
  | 'expires'
  | 'reply'
  | 'notifySender'
  | 'reviewers'
  | 'priority'
  | 'hideSubject'
  | 'sign'
  | 'legacyDisplay'
  | 'proof'
  | 'receipts'
  | 'linkFilesOver'
>;

/** Strictest first. */
const otherwiseOrder: readonly Otherwise[] = ['bounce', 'drop', 'portal'];

/** Joins what the rules that count want besides the level that won; `because` tells what was chosen and by whom. */
export function joinRiders(
  counted: readonly Rule[],
  level: Level,
  released: Level,
): { readonly riders: Riders; readonly because: readonly string[] } {
  const winners = counted.filter((rule) => rule.protect === released);
  const tls = tlsLevels.findLast((level) => counted.some((rule) => rule.tls === level)) ?? null;
  const keyTrust = keyTrusts.findLast((trust) => counted.some((rule) => rule.keyTrust === trust)) ?? null;
  const otherwise = otherwiseOrder.find((each) => winners.some((rule) => rule.otherwise === each)) ?? null;
  const asks = winners.find((rule) => rule.methods !== null);
  const riders: Riders = {
    tls,
    keyTrust,
    otherwise,
    methods: asks?.methods ?? null,
    headers: joinHeaders(counted),
    expires: least(counted.flatMap((rule) => rule.expires ?? [])),
    reply: counted.some((rule) => rule.reply === false) ? false : counted.some((rule) => rule.reply) ? true : null,
    notifySender: distinct(counted.flatMap((rule) => rule.notice ?? [])),
    reviewers: level === 'hold' ? distinct(counted.flatMap((rule) => rule.reviewers)) : [],
    priority: least(counted.flatMap((rule) => rule.priority ?? [])),
    hideSubject: trueFirst(counted.flatMap((rule) => rule.hideSubject ?? [])),
    sign: trueFirst(counted.flatMap((rule) => rule.sign ?? [])),
    legacyDisplay: trueFirst(counted.flatMap((rule) => rule.legacyDisplay ?? [])),
    proof: strongest(counted.flatMap((rule) => rule.proof ?? [])),
    receipts: receiptRules.findLast((each) => counted.some((rule) => rule.receipts === each)) ?? null,
    linkFilesOver: least(counted.flatMap((rule) => rule.linkFilesOver ?? [])),
  };
  const because: string[] = [];
  const tell = (what: string, by: readonly Rule[]) => because.push(`${what}, wanted by ${namesOf(by)}.`);
  if (tls !== null)
    tell(
      `TLS must be ${tls}`,
      counted.filter((rule) => rule.tls === tls),
    );
  if (keyTrust !== null)
    tell(
      `Keys must be ${keyTrust}`,
      counted.filter((rule) => rule.keyTrust === keyTrust),
    );
  if (asks?.methods) tell(`Only ${asks.methods.join(', ')} may be tried`, [asks]);
  if (otherwise !== null)
    tell(
      `If that cannot be done: ${otherwise}`,
      winners.filter((rule) => rule.otherwise === otherwise),
    );
  return { riders, because };
}

function joinHeaders(counted: readonly Rule[]): Riders['headers'] {
  const add = new Map(
    counted.flatMap((rule) => rule.addHeaders).map((field) => [`${field.name.toLowerCase()}:${field.value}`, field]),
  );
  const remove = new Map(counted.flatMap((rule) => rule.removeHeaders).map((name) => [name.toLowerCase(), name]));
  return { add: [...add.values()], remove: [...remove.values()] };
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function trueFirst(values: readonly boolean[]): boolean | null {
  return values.length === 0 ? null : values.includes(true);
}

function strongest(values: readonly Proof[]): Proof | null {
  return proofs.findLast((proof) => values.includes(proof)) ?? null;
}

function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

/** Names of rules as reasons quote them. */
export function namesOf(rules: readonly Rule[]): string {
  return rules.map((rule) => `"${rule.name}"`).join(' and ');
}
