/**
 * The portal's part of an attempt: `publish` makes a link and the notification that carries it, while the message stays sealed where it is;
 * `withdraw` ends the wait when the notification could not be delivered, since nobody would ever come for the message.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Outcome } from '../plan/delivery.ts';
import type { ClaimedDelivery, Store } from '../store/store.ts';
import type { Conclusion } from './attempt.ts';
import { type Ended, type NoticePorts, noticesFor, portalNotice } from './notices.ts';

type PortalPorts = NoticePorts & { readonly store: Pick<Store, 'findMessages'> };

export async function publish(delivery: ClaimedDelivery, ports: NoticePorts): Promise<Conclusion> {
  const { web } = ports.config;
  if (web === null) throw new Error('a plan has a portal step but the gateway has no portal');
  const token = randomBytes(32).toString('base64url');
  const { id, messageId, recipient, step, attempts, warned, actions } = delivery;
  const expiresAt = ports.now() + (actions.expires ?? web.keepFor);
  return {
    settlements: [
      {
        id,
        step,
        warned,
        state: 'waiting',
        attempts: attempts + 1,
        nextAt: 0,
        status: '2.0.0',
        reason: 'Waiting in the portal.',
        remote: delivery.remote,
        portal: { tokenHash: hashToken(token), expiresAt },
      },
    ],
    messages: [await portalNotice(delivery, { token, expiresAt }, ports)],
    events: [{ kind: 'delivery.waiting', message: messageId, delivery: id, recipient, expiresAt }],
  };
}

/** A link's token is stored as this, never as itself. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * When what ended is a notification that failed: the delivery it announced fails too, and the sender's report is about that. Null when it is
 * something else, or nobody waits for it any more.
 */
export async function withdraw(ended: readonly Ended[], ports: PortalPorts): Promise<Conclusion | null> {
  const [notification] = ended;
  const about = notification?.delivery.message.about;
  if (notification === undefined || about === undefined || notification.next.state !== 'failed') return null;
  const waiting = await waitingDelivery(about, ports);
  if (waiting === null) return null;
  const { outcome, next } = notification;
  const reason = `The notification that the message waits in the portal could not be delivered: ${next.reason}`;
  return failWaiting(waiting, { ...next, reason }, outcome, ports);
}

async function waitingDelivery(id: string, ports: PortalPorts): Promise<ClaimedDelivery | null> {
  const [found] = await ports.store.findMessages(id);
  const delivery = found?.deliveries.find((row) => row.id === id && row.state === 'waiting');
  return found === undefined || delivery === undefined ? null : { ...delivery, message: found.message };
}

async function failWaiting(
  delivery: ClaimedDelivery,
  next: Ended['next'],
  outcome: Outcome,
  ports: NoticePorts,
): Promise<Conclusion> {
  const { id, messageId, recipient, step, attempts, warned, message } = delivery;
  const { status, reason } = next;
  const remote = outcome.kind === 'waiting' ? null : outcome.remote;
  return {
    settlements: [{ id, state: 'failed', step, attempts, nextAt: 0, status, reason, remote, warned }],
    messages: await noticesFor(message, [{ delivery, outcome, next }], ports),
    events: [
      { kind: 'delivery.failed', message: messageId, delivery: id, recipient, method: 'portal', status, reason },
    ],
  };
}
