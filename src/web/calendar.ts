/**
 * Invitations in a message: found (`invitationIn`), told to the page (`viewOfInvitation`), answered (`answerInvitation`).
 *
 * An answer goes as mail to the organizer, from the tenant's own portal address with the person's name, and only to people of the tenant: an invitation that
 * somebody outside sent, or that was passed on, is for the reader's own calendar. What was answered is kept sealed beside the message, so that the page can
 * say it, and what became of it, later.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { domainOf, sameAddress } from '../mail/address.ts';
import { calendarAnswerMessage } from '../mail/calendar-answer.ts';
import { serviceAddress } from '../mail/compose.ts';
import { type Coming, replyTo } from '../mail/itip.ts';
import { type Meeting, parseMeeting } from '../mail/meeting.ts';
import type { Part } from '../mail/structure.ts';
import { openText, sealText } from '../protect/seal.ts';
import type { MailState, PortalRow } from '../store/portal-port.ts';
import { entrantByForm } from './entrance.ts';
import { networkKey } from './limits.ts';
import { type Messages, viewOf } from './message.ts';
import type { InvitationView } from './pages/calendar.ts';
import { cardOf, domainsOf, type PortalPorts, type Shared } from './ports.ts';
import { clientOf, type Env, limited, trouble } from './request.ts';
import { rightTo } from './rights.ts';

export type Invitation = { readonly meeting: Meeting; readonly text: string; readonly part: Part };

/** Octets of a calendar part that are read; one with more is a file and nothing else. */
const maxCalendar = 500_000;
/** Milliseconds within which the same answer is taken for a button pressed twice. */
const twice = 60_000;

/** The first of the message's calendar parts in which there is a meeting. */
export async function invitationIn(
  row: PortalRow,
  parts: readonly Part[],
  messages: Messages,
): Promise<Invitation | null> {
  for (const part of parts) {
    const { text, cut } = await messages.text(row, [part], maxCalendar);
    const meeting = cut ? null : parseMeeting(text);
    if (meeting !== null) return { meeting, text, part };
  }
  return null;
}

export async function viewOfInvitation(
  { meeting, part }: Invitation,
  row: PortalRow,
  shared: Shared,
  form: string,
): Promise<InvitationView> {
  const { ports } = shared;
  const base = `/d/${row.delivery.id}`;
  const kept = keptAnswer(row, ports);
  return {
    meeting,
    form,
    action: organizerOf(meeting, row, ports) === null ? null : `${base}/answer-invitation`,
    file: `${base}/attachment/${part.path === '' ? 'root' : part.path}`,
    answered: kept === null ? null : { ...kept, mail: progress[(await ports.store.mailState(kept.mail)) ?? 'unknown'] },
  };
}

/** POST /d/ID/answer-invitation */
export async function answerInvitation(
  c: Context<Env>,
  shared: Shared & { readonly messages: Messages },
): Promise<Response> {
  const { ports, now, sessions, limits, messages } = shared;
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { row, visitor, form } = found;
  const right = rightTo(row, visitor.session);
  if (!right.may) return trouble(c, shared, 'noSession', 403);
  const network = networkKey(clientOf(c));
  const limit = limited(c, shared, { limiter: limits.answers, key: network, reason: 'answers to invitations' });
  if (limit !== null) return limit;
  sessions.keep(c, visitor);
  const back = `/d/${row.delivery.id}#invitation`;
  const coming = form.get('coming') ?? '';
  const invitation = await invitationIn(row, viewOf(await messages.structure(row), null).calendars, messages);
  const organizer = invitation === null ? null : organizerOf(invitation.meeting, row, ports);
  if (!isComing(coming) || invitation === null || organizer === null) return c.redirect(back, 303);
  const earlier = keptAnswer(row, ports);
  if (earlier?.coming === coming && earlier.at > now() - twice) return c.redirect(back, 303);
  limits.answers.count(network);
  await send(c, shared, row, { invitation, organizer, coming, reader: right.reader });
  return c.redirect(back, 303);
}

type Answer = {
  readonly invitation: Invitation;
  readonly organizer: string;
  readonly coming: Coming;
  readonly reader: string | null;
};

async function send(c: Context<Env>, shared: Shared, row: PortalRow, answer: Answer): Promise<void> {
  const { ports, now, looks } = shared;
  const { invitation, organizer, coming, reader } = answer;
  const { meeting } = invitation;
  const { tenant, mailFrom, smtp } = row.message;
  const { recipient, id: delivery, messageId } = row.delivery;
  const listed = meeting.attendees.find(({ address }) => sameAddress(address, recipient));
  const person = { name: reader ?? listed?.name ?? '', address: listed?.address ?? recipient };
  const reply = replyTo(invitation.text, { attendee: person, coming, now: now() });
  if (reply === null) return;
  const from = serviceAddress(mailFrom, domainsOf(tenant, ports), looks.voice(c, tenant).from);
  const { language, timeZone } = looks.around(c, tenant).brand;
  const card = cardOf(row, ports);
  const bytes = calendarAnswerMessage({
    from,
    person: { name: person.name, address: recipient },
    to: [{ name: meeting.organizer?.name ?? '', address: organizer }],
    coming,
    meeting,
    reply,
    messageId: `<${randomUUID()}@${new URL(ports.portalUrl).hostname}>`,
    thread: [...card.references, ...(card.messageId === '' ? [] : [card.messageId])],
    date: now(),
    language,
    timeZone,
  });
  const mail = randomUUIDv7();
  const requireTls = smtp.requireTls === true;
  await ports.submit({ id: mail, tenant, kind: 'answer', mailFrom: from, to: organizer, bytes, requireTls });
  const kept = sealText(ports.key, JSON.stringify({ coming, at: now(), mail }), context(row));
  const client = clientOf(c);
  const about = { message: messageId, delivery, recipient };
  const event: Event = { kind: 'delivery.answered', ...about, client, reader, by: 'calendar', answer: mail };
  await ports.store.answeredInvitation(delivery, kept, [event], now());
  ports.emit(event);
}

/** Where an answer may go: to an organizer among the tenant's people who is not the reader. Null when it cannot be answered here. */
function organizerOf({ method, cancelled, organizer }: Meeting, row: PortalRow, ports: PortalPorts): string | null {
  if (method !== 'request' || cancelled || organizer === null) return null;
  const own = domainsOf(row.message.tenant, ports).includes(domainOf(organizer.address));
  return own && !sameAddress(organizer.address, row.delivery.recipient) ? organizer.address : null;
}

type Kept = { readonly coming: Coming; readonly at: number; readonly mail: string };

/** Throws SealBroken. */
function keptAnswer(row: PortalRow, { key }: Pick<PortalPorts, 'key'>): Kept | null {
  return row.calendar === null ? null : (JSON.parse(openText(key, row.calendar, context(row))) as Kept);
}

function context(row: PortalRow): string {
  return `calendar ${row.delivery.id}`;
}

function isComing(text: string): text is Coming {
  return text === 'accepted' || text === 'tentative' || text === 'declined';
}

/** What is known of the mail with the answer, as far as the next server goes. */
const progress: Readonly<Record<NonNullable<MailState> | 'unknown', NonNullable<InvitationView['answered']>['mail']>> =
  {
    received: 'on its way',
    queued: 'on its way',
    sending: 'on its way',
    waiting: 'on its way',
    opened: 'delivered',
    held: 'delayed',
    deferred: 'delayed',
    delivered: 'delivered',
    failed: 'failed',
    dropped: 'failed',
    unknown: 'unknown',
  };
