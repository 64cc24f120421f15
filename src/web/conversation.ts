/**
 * The conversation a message belongs to: every message of its thread that waits for, or was opened at, an address of the same tenant that this session has
 * proved, and what was answered from there, oldest first. What the session may not read yet is there without its Subject.
 */
import type { PortalAddress, PortalRow, PortalSession } from '../store/portal-port.ts';
import { mayWrite, openContent } from './drafts.ts';
import type { ConversationRow } from './pages/conversation.ts';
import { cardOf, type Shared } from './ports.ts';
import { addressesOf, rightTo } from './rights.ts';

/** Messages of one address in one conversation; older ones are found in the list of all. */
const mostMessages = 50;

/** Empty when the message stands alone. */
export async function conversationOf(
  row: PortalRow,
  session: PortalSession | null,
  { ports, now }: Shared,
): Promise<ConversationRow[]> {
  const { tenant, thread } = row;
  if (thread === '') return [];
  const addresses = addressesOf(session).filter((reach) => reach.tenant === tenant);
  const found = await Promise.all(
    addresses.map(({ address }) => ports.store.conversation({ tenant, address, thread }, now(), mostMessages)),
  );
  // Who reads several addresses has a message to all of them once: the one that is open, where it is among them.
  const byMessage = new Map<string, PortalRow>();
  for (const each of [...found.flat(), row]) byMessage.set(each.delivery.messageId, each);
  const received = [...byMessage.values()].map((each): ConversationRow => {
    const { subject, from } = cardOf(each, ports);
    return {
      href: `/d/${each.delivery.id}`,
      from: from.name === '' ? from.address : from.name,
      at: each.publishedAt,
      subject: rightTo(each, session).may ? subject : null,
      unread: each.delivery.state === 'waiting' && each.delivery.id !== row.delivery.id,
      open: each.delivery.id === row.delivery.id,
    };
  });
  const places = addresses.map(({ address }) => ({ tenant, address, thread }));
  const rows = [...received, ...(await sentIn(places, [...found.flat(), row], session, { ports, now }))];
  return rows.length < 2 ? [] : rows.toSorted((a, b) => a.at - b.at);
}

/** What was written here to the same conversation, as far as the message it answers is still there. */
async function sentIn(
  places: readonly (PortalAddress & { readonly thread: string })[],
  received: readonly PortalRow[],
  session: PortalSession | null,
  { ports, now }: Pick<Shared, 'ports' | 'now'>,
): Promise<ConversationRow[]> {
  const sent = (await Promise.all(places.map((place) => ports.answers.sent(place, now())))).flat();
  return sent.flatMap((answer): ConversationRow[] => {
    const about = received.find(({ delivery }) => delivery.id === answer.delivery) ?? null;
    if (session === null || !mayWrite(answer, about, session)) return [];
    const { subject } = openContent(ports.key, answer);
    return [{ href: `/answer/${answer.id}`, from: null, at: answer.changedAt, subject, unread: false, open: false }];
  });
}
