/**
 * For who sent a message: /sent/link/TOKEN (from a letter to the sender, left at once) - /sent/ID, a door where a code is mailed to the sender's own
 * address (sender-proof.ts) - /sent/ID, how the message fares, and what can be done about it. GET shows and changes nothing.
 *
 * Whether somebody may be let in is asked by a link of its own (/let-in), which went to the sender's mailbox alone and answers that one question: there
 * one click is enough.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import { usualForSenders } from '../config/portal.ts';
import type { Event } from '../event/event.ts';
import { extend, extendedTo, recall } from '../pipeline/recall.ts';
import type { AccessRequest } from '../store/portal-port.ts';
import type { SentDelivery, SentMessage } from '../store/sender-port.ts';
import { byForm, entrant, entrantByForm, isId } from './entrance.ts';
import { letInPage, moreTimePage, recallPage, sentPage } from './pages/sender.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, trouble } from './request.ts';
import { brought, type Sender, senderOf } from './sender-entrance.ts';
import { showSenderDoor } from './sender-proof.ts';
import type { Visitor } from './session.ts';
import type { SentRecipient, SentView } from './views-sender.ts';

/** GET /sent/ID */
export async function showSent(c: Context<Env>, shared: Shared): Promise<Response> {
  const { sessions, looks, now } = shared;
  const visitor = await sessions.visitor(c);
  const found = await senderOf(c, shared, visitor);
  if (found instanceof Response) return found;
  sessions.keep(c, visitor);
  if (!found.proved) return showSenderDoor(c, shared, found, null);
  const { sent } = found;
  const settings = settingsOf(sent.tenant, shared);
  const extensions = sent.deliveries.flatMap((delivery) => extendedTo(delivery, settings, now()) ?? []);
  const recipients = sent.deliveries.map(recipientOf);
  const view: SentView = {
    id: sent.id,
    form: sessions.formToken(visitor),
    sentAt: sent.receivedAt,
    recipients,
    recallable: recipients.some(({ state }) => recallable.includes(state)),
    extendTo: extensions.length === 0 ? null : Math.max(...extensions),
  };
  return c.html(sentPage(looks.around(c, sent.tenant), view));
}

/** What nobody has yet, or could fetch again. */
const recallable: readonly SentRecipient['state'][] = ['waiting', 'opened', 'linked', 'moving'];

function recipientOf(delivery: SentDelivery): SentRecipient {
  const { recipient, portal, requests, happened } = delivery;
  return {
    recipient,
    state: stateOf(delivery),
    until: portal?.expiresAt ?? 0,
    requests,
    happened: happened.flatMap(({ at, event }) =>
      event.kind === 'delivery.opened' ||
      event.kind === 'delivery.read' ||
      event.kind === 'delivery.downloaded' ||
      event.kind === 'delivery.answered'
        ? [{ kind: event.kind, reader: event.reader, at }]
        : [],
    ),
  };
}

function stateOf({ state, portal, withdrawn }: SentDelivery): SentRecipient['state'] {
  switch (state) {
    case 'waiting':
    case 'failed':
      return state;
    case 'delivered':
      return portal !== null ? 'linked' : withdrawn ? 'textOnly' : 'delivered';
    case 'opened':
      return portal !== null ? 'opened' : withdrawn ? 'read' : 'over';
    case 'dropped':
      return withdrawn ? 'unread' : 'stopped';
    default:
      return 'moving';
  }
}

function settingsOf(tenant: string, { ports }: Shared) {
  return ports.tenants.find(({ id }) => id === tenant)?.senders ?? usualForSenders;
}

/** A form of the proved sender's. */
async function bySender(
  c: Context<Env>,
  shared: Shared,
): Promise<(Sender & { readonly form: URLSearchParams }) | Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const found = await senderOf(c, shared, submitted.visitor);
  if (found instanceof Response) return found;
  shared.sessions.keep(c, submitted.visitor);
  return found.proved ? { ...found, form: submitted.form } : c.redirect(`/sent/${found.sent.id}`, 303);
}

/** GET /sent/ID/recall: what taking back means, and the button. */
export async function showRecall(c: Context<Env>, shared: Shared): Promise<Response> {
  const { sessions, looks, ports } = shared;
  const visitor = await sessions.visitor(c);
  const found = await senderOf(c, shared, visitor);
  if (found instanceof Response) return found;
  const { sent, proved } = found;
  sessions.keep(c, visitor);
  if (!proved) return c.redirect(`/sent/${sent.id}`, 303);
  const messages = (await ports.senders.conversation(sent.id)).length;
  return c.html(recallPage(looks.around(c, sent.tenant), { id: sent.id, form: sessions.formToken(visitor), messages }));
}

/** POST /sent/ID/recall */
export async function doRecall(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now } = shared;
  const found = await bySender(c, shared);
  if (found instanceof Response) return found;
  const { sent, form } = found;
  const what = form.get('what') === 'conversation' ? 'conversation' : 'message';
  await recall(sent, { what, by: sent.sender }, { store: ports.senders, emit: ports.emit, now });
  return c.redirect(`/sent/${sent.id}`, 303);
}

/** POST /sent/ID/extend */
export async function doExtend(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now } = shared;
  const found = await bySender(c, shared);
  if (found instanceof Response) return found;
  const { sent } = found;
  await extend(sent, sent.sender, settingsOf(sent.tenant, shared), { store: ports.senders, emit: ports.emit, now });
  return c.redirect(`/sent/${sent.id}`, 303);
}

/** POST /sent/ID/access */
export async function doAccess(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await bySender(c, shared);
  if (found instanceof Response) return found;
  const { sent, form } = found;
  const requests = sent.deliveries.flatMap((delivery) => delivery.requests);
  const request = requests.find(({ id }) => id === form.get('request'));
  if (request !== undefined) await answer(c, shared, sent, request, form);
  return c.redirect(`/sent/${sent.id}`, 303);
}

/** GET and POST /let-in/ID */
export async function showLetIn(c: Context<Env>, shared: Shared): Promise<Response> {
  const visitor = await shared.sessions.visitor(c);
  const found = await askedFor(c, shared, visitor);
  if (found instanceof Response) return found;
  const { request, sent } = found;
  const { sessions, looks } = shared;
  sessions.keep(c, visitor);
  const delivery = sent.deliveries.find(({ id }) => id === request.delivery);
  const { id, askedBy: by, colleague, state } = request;
  const view = {
    id,
    by,
    colleague,
    sentAt: sent.receivedAt,
    form: sessions.formToken(visitor),
    recipient: delivery?.recipient ?? request.address,
    state: state === 'asked' && delivery?.portal == null ? ('gone' as const) : state,
  };
  return c.html(letInPage(looks.around(c, sent.tenant), view));
}

export async function doLetIn(c: Context<Env>, shared: Shared): Promise<Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { visitor, form } = submitted;
  const found = await askedFor(c, shared, visitor);
  if (found instanceof Response) return found;
  shared.sessions.keep(c, visitor);
  await answer(c, shared, found.sent, found.request, form);
  return c.redirect(`/let-in/${found.request.id}`, 303);
}

/** What a link of ours asked. A message that was taken back takes its requests along. */
async function askedFor(
  c: Context<Env>,
  shared: Shared,
  visitor: Visitor,
): Promise<{ readonly request: AccessRequest; readonly sent: SentMessage } | Response> {
  const { ports, now } = shared;
  const id = c.req.param('id') ?? '';
  const mine = visitor.known && isId(id) && brought(shared, visitor, { to: 'access', id });
  const request = mine ? await ports.senders.access(id) : null;
  const row = request === null ? null : await ports.store.byDelivery(request.delivery, now());
  const sent = row === null ? null : await ports.senders.sent(row.message.id);
  return request === null || sent === null ? trouble(c, shared, 'noSession', 403) : { request, sent };
}

async function answer(
  c: Context<Env>,
  { ports, now }: Shared,
  sent: SentMessage,
  request: AccessRequest,
  form: URLSearchParams,
): Promise<void> {
  const about = { tenant: sent.tenant, address: request.colleague, delivery: request.delivery, client: clientOf(c) };
  const given = form.get('answer');
  if (given !== 'allow' && given !== 'refuse') return;
  const event: Event = { kind: given === 'allow' ? 'portal.accessAllowed' : 'portal.accessRefused', ...about };
  const done =
    given === 'allow'
      ? await ports.senders.allow(request.id, randomUUIDv7(), now(), [event])
      : await ports.store.decideAccess(request.id, 'refused', [event]);
  if (done) ports.emit(event);
}

/** GET /d/ID/more-time, for who may know that the message waits. */
export async function showMoreTime(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrant(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row } = found;
  const { sessions, looks, ports, now } = shared;
  const view = { deliveryId: row.delivery.id, form: sessions.formToken(visitor), expiresAt: row.expiresAt };
  const asked = (await ports.store.failures(askedOften(row.delivery.id), now())) > 0;
  return c.html(moreTimePage(looks.around(c, row.tenant), { ...view, asked }));
}

/** POST /d/ID/more-time: the sender is asked, at most once an hour. */
export async function askMoreTime(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions } = shared;
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row } = found;
  sessions.keep(c, visitor);
  const { id } = row.delivery;
  if ((await ports.store.countFailure(askedOften(id), now())) === 1) {
    const { tenant, address } = row;
    const event: Event = { kind: 'portal.timeAsked', tenant, address, delivery: id, client: clientOf(c) };
    await ports.store.note([event], now());
    ports.emit(event);
  }
  return c.redirect(`/d/${id}/more-time`, 303);
}

function askedOften(delivery: string): string {
  return `time asked ${delivery}`;
}
