/**
 * Conditions as rules use them, compiled, and how each is judged: `examine` says whether it holds for one recipient of one message
 * and why, in words that hold nothing of the message but addresses and the keyword the rule itself names.
 *
 * **Sender** is more than one address: the envelope's sender and every address of the From header, and they may disagree. A
 * condition on the sender is read so that disagreement protects more. In an ordinary rule, which can only raise the level, one
 * matching address is enough (reading `any`). In a rule with `override`, which can lower it, all of them must match (reading
 * `every`). `not` turns the reading round, so that a negated condition errs to the same side. A null envelope sender is no address.
 */
import type { RE2JS } from 're2js';
import { type AddressSet, includes } from './addresses.ts';
import type { Doubt, Facts } from './facts.ts';
import { type Folded, fold, occurrences } from './keyword.ts';

export type FlagName =
  | 'forwarded'
  | 'autoSubmitted'
  | 'calendar'
  | 'signed'
  | 'encrypted'
  | 'rightsProtected'
  | 'tnef'
  | 'unscannable';

/** `label` is as in "recipient a@b.example <label>", `labelNot` its opposite. */
export type AddressTest = { readonly set: AddressSet; readonly label: string; readonly labelNot: string };

export type HeaderTest = {
  /** Lower case. */
  readonly name: string;
  /** Folded texts; empty when not asked. */
  readonly is: readonly string[];
  readonly contains: readonly string[];
  readonly matches: readonly RE2JS[];
};

export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** As the rule writes it, and folded. */
  | { readonly kind: 'keyword'; readonly keywords: readonly { readonly text: string; readonly folded: string }[] }
  | { readonly kind: 'recipient' | 'sender'; readonly tests: readonly AddressTest[] }
  | { readonly kind: 'header'; readonly test: HeaderTest }
  | { readonly kind: 'size'; readonly over: number | null; readonly under: number | null }
  | { readonly kind: 'report'; readonly of: readonly NonNullable<Facts['report']>[] }
  | { readonly kind: 'flag'; readonly fact: FlagName; readonly is: boolean };

export type Reading = 'any' | 'every';

/** `reason` is a clause that is true of the message: "the subject has the keyword …", "the message is not forwarded". */
export type Finding = { readonly holds: boolean; readonly reason: string };

export function examine(condition: Condition, facts: Facts, recipient: string, reading: Reading): Finding {
  switch (condition.kind) {
    case 'all':
      return examineAll(condition.of, facts, recipient, reading);
    case 'any':
      return examineAny(condition.of, facts, recipient, reading);
    case 'not': {
      const inner = examine(condition.of, facts, recipient, reading === 'any' ? 'every' : 'any');
      return { holds: !inner.holds, reason: inner.reason };
    }
    case 'keyword':
    case 'header':
      return once(condition, facts);
    case 'recipient':
      return examineRecipient(condition.tests, recipient);
    case 'sender':
      return examineSender(condition.tests, facts, reading);
    case 'size':
      return examineSize(condition.over, condition.under, facts.size);
    case 'report':
      return examineReport(condition.of, facts.report);
    case 'flag':
      break;
  }
  const has = condition.fact === 'unscannable' ? facts.unscannable !== null : facts[condition.fact];
  return { holds: has === condition.is, reason: flagWords[condition.fact][has ? 0 : 1] };
}

/** The keywords of a condition that are asked for, not excluded: those `stripKeyword` takes out. */
export function keywordsOf(condition: Condition): string[] {
  if (condition.kind === 'keyword') return condition.keywords.map((keyword) => keyword.folded);
  return condition.kind === 'all' || condition.kind === 'any' ? condition.of.flatMap((inner) => keywordsOf(inner)) : [];
}

/** Whether the condition asks for messages that cannot be looked through. */
export function asksForUnscannable(condition: Condition): boolean {
  if (condition.kind === 'flag') return condition.fact === 'unscannable' && condition.is;
  return condition.kind === 'all' || condition.kind === 'any'
    ? condition.of.some((inner) => asksForUnscannable(inner))
    : false;
}

/** What the condition rests on, as far as that can be in doubt. */
export function asksAbout(condition: Condition): Doubt[] {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.flatMap((inner) => asksAbout(inner));
    case 'not':
      return asksAbout(condition.of);
    case 'keyword':
      return ['subject'];
    case 'sender':
      return ['from'];
    case 'report':
      return ['structure'];
    case 'header':
      return condition.test.name === 'subject' ? ['subject'] : condition.test.name === 'from' ? ['from'] : [];
    case 'recipient':
    case 'size':
      return [];
    case 'flag':
      break;
  }
  return flagDoubts[condition.fact];
}

const flagDoubts: Readonly<Record<FlagName, Doubt[]>> = {
  forwarded: ['from'],
  autoSubmitted: [],
  calendar: ['structure'],
  signed: ['structure'],
  encrypted: ['structure'],
  rightsProtected: ['structure'],
  tnef: ['structure'],
  unscannable: [],
};

export function foldedSubject(facts: Facts): Folded {
  const known = subjects.get(facts);
  if (known !== undefined) return known;
  const folded = fold(facts.subject);
  subjects.set(facts, folded);
  return folded;
}

const subjects = new WeakMap<Facts, Folded>();
const findings = new WeakMap<Facts, Map<Condition, Finding>>();

/** What does not depend on the recipient and may be long to judge is judged once, not for each of a thousand recipients. */
function once(condition: Extract<Condition, { kind: 'keyword' | 'header' }>, facts: Facts): Finding {
  const known = findings.get(facts) ?? new Map<Condition, Finding>();
  findings.set(facts, known);
  const finding =
    known.get(condition) ??
    (condition.kind === 'keyword' ? examineKeyword(condition.keywords, facts) : examineHeader(condition.test, facts));
  known.set(condition, finding);
  return finding;
}

function examineAll(of: readonly Condition[], facts: Facts, recipient: string, reading: Reading): Finding {
  const reasons: string[] = [];
  for (const condition of of) {
    const finding = examine(condition, facts, recipient, reading);
    if (!finding.holds) return finding;
    reasons.push(finding.reason);
  }
  return { holds: true, reason: reasons.join(' and ') || 'it is for every message' };
}

function examineAny(of: readonly Condition[], facts: Facts, recipient: string, reading: Reading): Finding {
  const reasons: string[] = [];
  for (const condition of of) {
    const finding = examine(condition, facts, recipient, reading);
    if (finding.holds) return finding;
    reasons.push(finding.reason);
  }
  return { holds: false, reason: reasons.join(' and ') };
}

function examineKeyword(
  keywords: readonly { readonly text: string; readonly folded: string }[],
  facts: Facts,
): Finding {
  const subject = foldedSubject(facts);
  const found = keywords.find((keyword) => occurrences(subject, keyword.folded).length > 0);
  if (found !== undefined) return { holds: true, reason: `the subject has the keyword "${found.text}"` };
  const names = keywords.map((keyword) => `"${keyword.text}"`);
  return { holds: false, reason: `the subject does not have the keyword ${names.join(' or ')}` };
}

function examineRecipient(tests: readonly AddressTest[], recipient: string): Finding {
  const failed = tests.find((test) => !includes(test.set, recipient));
  if (failed !== undefined) return { holds: false, reason: `recipient ${recipient} ${failed.labelNot}` };
  return { holds: true, reason: `recipient ${recipient} ${tests.map((test) => test.label).join(' and ')}` };
}

function examineSender(tests: readonly AddressTest[], facts: Facts, reading: Reading): Finding {
  const addresses = [...new Set([facts.envelope.from, ...facts.from])].filter((address) => address !== '');
  const matching = addresses.filter((address) => tests.every((test) => includes(test.set, address)));
  const holds = matching.length > 0 && (reading === 'any' || matching.length === addresses.length);
  if (addresses.length === 0) return { holds, reason: 'the message names no sender' };
  const shown = holds ? matching[0] : addresses.find((address) => !matching.includes(address));
  const failed = tests.find((test) => !includes(test.set, shown ?? ''));
  const label = holds ? tests.map((test) => test.label).join(' and ') : (failed?.labelNot ?? '');
  return { holds, reason: `sender ${shown ?? ''} ${label}` };
}

function examineHeader(test: HeaderTest, facts: Facts): Finding {
  const fields = facts.headers.filter((field) => field.name === test.name);
  const holds = fields.some(({ value }) => {
    const folded = test.is.length + test.contains.length > 0 ? fold(value).text : '';
    return (
      (test.is.length === 0 || test.is.includes(folded)) &&
      (test.contains.length === 0 || test.contains.some((part) => folded.includes(part))) &&
      (test.matches.length === 0 || test.matches.some((pattern) => pattern.matcher(value).find()))
    );
  });
  if (holds) return { holds, reason: `the header ${test.name} is as the rule describes` };
  return {
    holds,
    reason:
      fields.length === 0 ? `there is no header ${test.name}` : `the header ${test.name} is not as the rule describes`,
  };
}

function examineReport(wanted: readonly string[], report: Facts['report']): Finding {
  if (report === null) return { holds: false, reason: 'the message is not a report' };
  return { holds: wanted.includes(report), reason: `the message is a report (${report})` };
}

function examineSize(over: number | null, under: number | null, size: number): Finding {
  const limit = over !== null && size <= over ? over : under !== null && size >= under ? under : null;
  if (limit !== null)
    return {
      holds: false,
      reason: `the message has ${size} octets, not ${limit === over ? 'over' : 'under'} ${limit}`,
    };
  const words = [over === null ? [] : [`over ${over}`], under === null ? [] : [`under ${under}`]].flat();
  return { holds: true, reason: `the message has ${size} octets, ${words.join(' and ')}` };
}

const flagWords: Readonly<Record<FlagName, readonly [string, string]>> = {
  forwarded: ['the message is forwarded', 'the message is not forwarded'],
  autoSubmitted: ['the message was sent by a program', 'the message was not sent by a program'],
  calendar: ['the message has a calendar entry', 'the message has no calendar entry'],
  signed: ['the message is signed', 'the message is not signed'],
  encrypted: ['the message is already encrypted', 'the message is not encrypted yet'],
  rightsProtected: ['the message is rights-protected', 'the message is not rights-protected'],
  tnef: ['the message has a winmail.dat', 'the message has no winmail.dat'],
  unscannable: ['the message cannot be looked through', 'the message can be looked through'],
};
