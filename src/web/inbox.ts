/**
 * GET /inbox: the conversations that wait, or were opened, at every address this session has proved, the newest first. Seeing the list opens nothing. What
 * demands more than was proved stands there without its Subject, and leads to its front door.
 */
import type { Context } from 'hono';
import type { Conversation, ConversationMark } from '../store/portal-port.ts';
import { writingOf } from './drafts.ts';
import { isId } from './entrance.ts';
import { type InboxView, inboxPage } from './pages/inbox.ts';
import { cardOf, type Shared } from './ports.ts';
import type { Env } from './request.ts';
import { addressesOf, rightTo } from './rights.ts';

/** Conversations on one page. */
const onPage = 50;

export async function showInbox(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions, looks } = shared;
  const visitor = await sessions.visitor(c);
  const addresses = addressesOf(visitor.session);
  if (visitor.session === null || addresses.length === 0) return c.redirect('/sign-in', 303);
  sessions.keep(c, visitor);
  const before = markIn(c.req.query('before') ?? '');
  const found = await ports.store.conversations(addresses, { now: now(), before, limit: onPage + 1 });
  const shown = found.slice(0, onPage);
  const last = shown.at(-1);
  const rules = addresses.map(({ tenant }) => writingOf(tenant, ports));
  const view: InboxView = {
    form: sessions.formToken(visitor),
    conversations: shown.map((conversation) => rowOf(conversation, visitor.session, shared)),
    older:
      found.length > onPage && last !== undefined ? `/inbox?before=${last.latestAt}.${last.newest.delivery.id}` : null,
    may: {
      write: rules.some(({ newMessages }) => newMessages !== 'off'),
      drafts: rules.some(({ newMessages, replies }) => newMessages !== 'off' || replies !== 'off'),
    },
  };
  return c.html(inboxPage(looks.around(c, oneTenant(addresses)), view));
}

/** Behind which conversation a page begins: its time and the id of its newest message; null for the first page. */
function markIn(given: string): ConversationMark | null {
  const [time = '', delivery = ''] = given.split('.');
  return /^\d{1,15}$/.test(time) && isId(delivery) ? { latestAt: Number(time), delivery } : null;
}

function rowOf(
  { newest, latestAt, messages, unread }: Conversation,
  session: Parameters<typeof rightTo>[1],
  { ports }: Shared,
): InboxView['conversations'][number] {
  const { subject, from } = cardOf(newest, ports);
  return {
    href: `/d/${newest.delivery.id}`,
    subject: rightTo(newest, session).may ? subject : '',
    from: from.name === '' ? from.address : from.name,
    latestAt,
    messages,
    unread,
  };
}

/** Whose look the page has: the tenant's where all of it is one tenant's. */
function oneTenant(addresses: readonly { readonly tenant: string }[]): string | null {
  const tenants = new Set(addresses.map(({ tenant }) => tenant));
  const [only] = tenants;
  return tenants.size === 1 && only !== undefined ? only : null;
}
