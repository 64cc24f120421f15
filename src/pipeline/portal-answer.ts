/**
 * What a person answered in the portal, on its way to the tenant's people (kind `answer`). It is content, as secret as the message it answers, so it
 * goes to the tenant's own mailboxes and nowhere else, over the TLS that the setting `inbound` demands and over verified TLS without it.
 */
import type { Tenant } from '../config/config.ts';
import { domainOf } from '../mail/address.ts';
import type { Step } from '../plan/plan.ts';
import { usualPriority } from '../policy/verdict.ts';
import type { MessageRow } from '../store/store.ts';
import type { Decided } from './decide.ts';
import { passedOn } from './inbound.ts';

/** Held when it is not for the tenant's people after all, so that whatever the portal asked for, the gateway relays to nobody else. */
export function decideAnswer(message: MessageRow, { domains, inbound }: Pick<Tenant, 'domains' | 'inbound'>): Decided {
  const strangers = message.recipients.filter((recipient) => !domains.includes(domainOf(recipient)));
  if (strangers.length > 0)
    return { kind: 'held', reason: 'An answer from the portal is for an address outside the domains of its tenant.' };
  const level = inbound?.tls ?? 'verify';
  const step: Step = { method: 'tls', tls: level === 'may' || level === 'encrypt' ? 'verify' : level, keys: [] };
  const because = [`What a person answered in the portal, for the people of ${message.tenant}.`];
  return { kind: 'decided', decision: passedOn(message, { because, step, priority: usualPriority }) };
}
