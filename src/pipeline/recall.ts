/**
 * What can still be done about a message in the portal: taking it back, alone or with everything its sender wrote in the conversation and what was answered
 * there, and keeping it longer. The pages for senders (web/sender.ts) and `postern portal` (command/portal.ts) do the same through here.
 *
 * Limits: what is being handed to another server at this moment is not stopped, and is reported as not taken back. Of a conversation those messages are
 * found of which something is still in the portal.
 */
import type { ForSenders } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { inPortal } from '../plan/delivery.ts';
import type { SenderStore, SentDelivery, SentMessage, Withdrawn } from '../store/sender-port.ts';
import { nextReminder } from './reminder-time.ts';

type Ports = {
  readonly store: Pick<SenderStore, 'conversation' | 'withdraw' | 'extend'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

/** Resolves with what became of each delivery. `by`: for the record. */
export async function recall(
  sent: Pick<SentMessage, 'id'>,
  how: { readonly what: 'message' | 'conversation'; readonly by: string },
  { store, emit, now }: Ports,
): Promise<Withdrawn[]> {
  const conversation = how.what === 'conversation';
  const ids = conversation ? await store.conversation(sent.id) : [sent.id];
  const eventOf = ({ message, delivery, recipient, was }: Withdrawn): Event => ({
    kind: 'delivery.withdrawn',
    message,
    delivery,
    recipient,
    by: how.by,
    was,
    conversation,
  });
  const reason = `Taken back by ${how.by}.`;
  const done = await store.withdraw(ids, { now: now(), answers: conversation, reason }, (row) => [eventOf(row)]);
  for (const row of done) if (row.gone) emit(eventOf(row));
  return done;
}

/** Until when the delivery would wait, extended once; null when it may not wait longer, or waits no more. */
export function extendedTo({ portal, state }: SentDelivery, settings: ForSenders, now: number): number | null {
  if (portal === null || !inPortal.includes(state) || portal.expiresAt <= now) return null;
  const to = Math.min(Math.max(now, portal.expiresAt) + settings.extendBy, portal.publishedAt + settings.longest);
  return to > portal.expiresAt ? to : null;
}

/** Lets every delivery of the message that waits do so longer. Resolves with those that now do, and until when. */
export async function extend(
  sent: SentMessage,
  by: string,
  settings: ForSenders,
  { store, emit, now }: Ports,
): Promise<{ readonly recipient: string; readonly expiresAt: number }[]> {
  const at = now();
  const done: { recipient: string; expiresAt: number }[] = [];
  for (const delivery of sent.deliveries) {
    const expiresAt = extendedTo(delivery, settings, at);
    if (expiresAt === null || delivery.portal === null) continue;
    const { id, recipient } = delivery;
    const { publishedAt } = delivery.portal;
    const remindAt = nextReminder(settings.reminders, { publishedAt, expiresAt }, at);
    const event: Event = { kind: 'delivery.extended', message: sent.id, delivery: id, recipient, expiresAt, by };
    if (!(await store.extend(id, { expiresAt, remindAt, now: at }, [event]))) continue;
    emit(event);
    done.push({ recipient, expiresAt });
  }
  return done;
}
