/**
 * To whom an answer may go: the tenant's own people among those the message names, and, where the tenant says `everyone`, other recipients who read the
 * same message here. Never anybody else, whatever Reply-To says: the portal is no relay. Pure, so that the page that offers, the deed, and the tests ask the
 * same question.
 */
import type { ReplyRule, Writing } from '../config/config.ts';
import { addressKey, domainOf, type Mailbox, parseMailboxes } from '../mail/address.ts';
import { type Field, fieldsNamed } from '../mail/header.ts';
import type { PortalRow } from '../store/portal-port.ts';

export type Addressees = { readonly to: readonly Mailbox[]; readonly cc: readonly Mailbox[] };

/** What is asked about a message. */
export type Answered = {
  readonly fields: readonly Field[];
  /** Its reverse-path. */
  readonly mailFrom: string;
  /** Who answers. */
  readonly own: string;
  readonly rule: ReplyRule;
  readonly domains: readonly string[];
  /** Local part of our own addresses, which nobody reads. */
  readonly service: string;
  /** Who else reads the message here, as addressKey. */
  readonly audience: ReadonlySet<string>;
};

/** Recipients of one answer, at most. */
export const mostAddressees = 50;

/**
 * What the writer may have by mail, null for nothing. A whole copy only of an answer, since what it answers shows whose the address is; and not of what a
 * passphrase guards, which is not for everybody who reads the mailbox.
 */
export function ownCopyOf(
  row: Pick<PortalRow, 'demand'> | null,
  { ownCopies }: Pick<Writing, 'ownCopies'>,
): 'receipt' | 'whole' | null {
  if (ownCopies === 'off') return null;
  return ownCopies === 'whole' && row !== null && row.demand !== 'passphrase' ? 'whole' : 'receipt';
}

/** The tenant's rule, unless a rule of the policy says for this message whether it may be answered. */
export function ruleFor({ replies }: Pick<Writing, 'replies'>, { actions }: PortalRow['delivery']): ReplyRule {
  if (actions.reply === false) return 'off';
  return actions.reply === true && replies === 'off' ? 'tenant' : replies;
}

/** Whom a reply goes to: who wrote, or whom they named for it, as far as that is allowed; nobody when it is not. */
export function replyTo(message: Answered): Addressees {
  if (message.rule === 'off') return { to: [], cc: [] };
  const { fields, mailFrom } = message;
  const from = [{ name: '', address: mailFrom }];
  // Mail may be sent on behalf of somebody whose address is not the tenant's; then whoever of the tenant's the message names first.
  for (const named of [people(fields, 'reply-to'), people(fields, 'from'), from, people(fields, 'to').slice(0, 1)]) {
    const to = allowed(named, message);
    if (to.length > 0) return { to, cc: [] };
  }
  return { to: [], cc: [] };
}

/** Whom a reply to all goes to. */
export function replyToAll(message: Answered): Addressees {
  const first = replyTo(message);
  if (message.rule === 'off' || message.rule === 'sender') return first;
  const { fields } = message;
  const to = allowed([...first.to, ...people(fields, 'to')], message);
  const before = new Set(to.map(({ address }) => addressKey(address)));
  const cc = allowed(people(fields, 'cc'), message).filter(({ address }) => !before.has(addressKey(address)));
  return { to, cc: cc.slice(0, mostAddressees - to.length) };
}

/** The name by which the message calls this recipient, or empty. */
export function nameIn(fields: readonly Field[], own: string): string {
  const named = [...people(fields, 'to'), ...people(fields, 'cc')];
  return named.find(({ address, name }) => name !== '' && addressKey(address) === addressKey(own))?.name ?? '';
}

/** Somebody of the tenant's who may be written to, and not one of our own addresses. */
export function isOfTenant(address: string, { domains, service }: Pick<Answered, 'domains' | 'service'>): boolean {
  const domain = domainOf(address);
  return domains.includes(domain) && addressKey(address) !== addressKey(`${service}@${domain}`);
}

function people(fields: readonly Field[], name: string): Mailbox[] {
  return fieldsNamed(fields, name).flatMap((field) => parseMailboxes(field.raw).mailboxes);
}

/** Each once, without who answers. */
function allowed(mailboxes: readonly Mailbox[], message: Answered): Mailbox[] {
  const { own, rule, audience } = message;
  const known = new Set([addressKey(own)]);
  const kept: Mailbox[] = [];
  for (const mailbox of mailboxes) {
    const key = addressKey(mailbox.address);
    const fine = isOfTenant(mailbox.address, message) || (rule === 'everyone' && audience.has(key));
    if (!fine || known.has(key) || kept.length === mostAddressees) continue;
    known.add(key);
    kept.push(mailbox);
  }
  return kept;
}
