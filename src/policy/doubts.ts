/**
 * Doubts: why a message may not be as its facts say, sorted by what they put in doubt (facts.ts `Doubt`), and as one text for people
 * that stays short however much is wrong.
 */
import type { Mailboxes } from '../mail/address.ts';
import { fieldsNamed } from '../mail/header.ts';
import type { Structure } from '../mail/structure.ts';
import type { Blind } from './detection.ts';
import type { Doubt, Facts } from './facts.ts';

/** `senders`: each From field as it reads. */
export function doubtsOf(
  structure: Structure,
  senders: readonly Mailboxes[],
  blind: readonly Blind[],
): Pick<Facts, 'unscannable' | 'doubts'> {
  const reasons = [...structure.problems];
  const doubts: Doubt[] = reasons.length === 0 ? [] : [structure.exceeded ? 'limits' : 'structure'];
  if (senders.length > 1) reasons.push('the message has more than one From field');
  if (senders.some((sender) => sender.ambiguous)) reasons.push('the From field can be read in more than one way');
  if (senders.length > 1 || senders.some((sender) => sender.ambiguous)) doubts.push('from');
  if (fieldsNamed(structure.fields, 'subject').length > 1) {
    reasons.push('the message has more than one Subject field');
    doubts.push('subject');
  }
  reasons.push(...reasonsOf(blind));
  doubts.push(...blind.map((each) => each.doubt));
  return { unscannable: reasons.length === 0 ? null : oneText(reasons), doubts: [...new Set(doubts)] };
}

/** A reason once, with the parts it holds for. */
function reasonsOf(blind: readonly Blind[]): string[] {
  const parts = new Map<string, Set<string>>();
  for (const { reason, part } of blind) parts.set(reason, (parts.get(reason) ?? new Set()).add(part));
  return [...parts].map(([reason, of]) => {
    const named = [...of].filter((part) => part !== '').slice(0, 5);
    const more = of.size > named.length && named.length > 0 ? ' and others' : '';
    return named.length === 0 ? reason : `${reason} (part ${named.join(', ')}${more})`;
  });
}

const mostReasons = 8;
const longestReason = 200;

function oneText(reasons: readonly string[]): string {
  const shown = reasons.slice(0, mostReasons).map((reason) => reason.slice(0, longestReason));
  const more = reasons.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
