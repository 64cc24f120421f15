/**
 * What is decided about mail that policy has no say in: messages of our own, and messages that come in for a tenant's people (kind `inbound`). The
 * latter go on to the tenant's mailboxes, one delivery for each recipient, over the TLS that the setting `inbound` demands; those with something
 * protected around them are opened on the way, with the keys of that recipient (opening.ts).
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Tenant } from '../config/config.ts';
import { domainOf } from '../mail/address.ts';
import type { Outcome } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import { asWished, wishOf } from '../plan/require-tls.ts';
import { noActions, usualPriority } from '../policy/verdict.ts';
import { isProtected } from '../protect/open/message.ts';
import type { Spool } from '../spool/spool.ts';
import type { MessageRow, Store } from '../store/store.ts';
import { spooled } from './opening.ts';

type Decision = Parameters<Store['decided']>[0][number];

/** A message for a tenant's people. */
export async function decideInbound(
  message: MessageRow,
  { inbound }: Pick<Tenant, 'inbound'>,
  spool: Pick<Spool, 'read'>,
): Promise<Decision> {
  const opens = await isProtected(spooled(message.spool, spool));
  const what = opens ? 'it is opened on the way, if a key of theirs opens it' : 'nothing in it is encrypted or signed';
  const because = [`A message that came in for the people of ${message.tenant}; ${what}.`];
  const step: Step = {
    method: 'tls',
    tls: inbound?.tls ?? 'verify',
    keys: [],
    ...(opens ? ({ opens: true } as const) : {}),
  };
  return passedOn(message, { because, step, priority: usualPriority });
}

/** The message to each of its recipients by one step, no policy asked. */
export function passedOn(
  message: MessageRow,
  { because, step, priority }: { readonly because: readonly string[]; readonly step: Step; readonly priority: number },
): Decision {
  const { steps } = asWished([step], wishOf(message.smtp.requireTls === true, [], false));
  return {
    messageId: message.id,
    sealedFacts: '',
    policyVersion: '',
    deliveries: message.recipients.map((recipient) => ({
      id: randomUUIDv7(),
      messageId: message.id,
      recipient,
      destination: domainOf(recipient),
      level: 'none',
      rules: [],
      because,
      steps,
      otherwise: 'bounce',
      subject: null,
      actions: noActions,
      priority,
      state: 'queued',
      status: '',
    })),
    events: [
      {
        kind: 'message.decided',
        tenant: message.tenant,
        message: message.id,
        policy: '',
        deliveries: message.recipients.length,
      },
    ],
  };
}

/**
 * What lacks on the way to the tenant's own mailboxes, its admin can mend, and the sender outside cannot: it waits, and only goes back when its time
 * is over.
 */
export function untilMended(outcome: Outcome): Outcome {
  if (outcome.kind !== 'failed' || outcome.scope !== 'method') return outcome;
  const { reason, remote } = outcome;
  return { kind: 'deferred', status: outcome.status.replace(/^5/, '4'), reason, remote };
}
