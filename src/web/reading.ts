/**
 * The message, for a browser that proved enough: the page with its conversation, the formatted view in its frame, and the end. Its files are files.ts, an
 * invitation in it is calendar.ts.
 *
 * Every request is judged against the database again (entrance.ts), so signing out, expiry and deletion take effect at once. A message is opened when a
 * person comes to its own page; standing in the list of a conversation opens nothing. Pictures from elsewhere are shown when the reader asked for
 * them, by a form: the address of such a view holds a token that nobody else can make, so no link can lead into it.
 */
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import type { Language } from '../mail/language.ts';
import { unopened } from '../plan/delivery.ts';
import type { PortalRow } from '../store/portal-port.ts';
import { mayAnswer } from './answer-whom.ts';
import { frontDoor } from './arriving.ts';
import { invitationIn, viewOfInvitation } from './calendar.ts';
import { type Cleaner, hasRemotePicture } from './clean.ts';
import { conversationOf } from './conversation.ts';
import { byForm, entrant, entrantByForm, type Reader, reader } from './entrance.ts';
import { type Messages, type MessageView, subjectOf, viewOf } from './message.ts';
import { signedOutPage } from './pages/arriving.ts';
import { framedPage } from './pages/formatted.ts';
import { messagePage, type Shown } from './pages/message.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, trouble } from './request.ts';
import { rightTo } from './rights.ts';
import { equal, type Visitor } from './session.ts';

/** Characters of HTML that are cleaned and shown. */
const maxHtml = 1_500_000;

/** The policy of the formatted view: no origin, no scripts, nothing from anywhere; links open outside the frame. */
export const framePolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/** The same with pictures from elsewhere. */
export const picturesPolicy = framePolicy.replace('img-src data:', 'img-src data: https:');

/** What the rooms share, and what only this one needs. */
export type ReadingShared = Shared & {
  readonly messages: Messages;
  readonly cleaner: Pick<Cleaner, 'clean'>;
  /** What this process noted already. */
  readonly seen: Seen;
};

type Seen = { isNew(what: string): boolean };

/** Remembers the newest ten thousand. */
export function createSeen(): Seen {
  const noted = new Set<string>();
  return {
    isNew: (what) => {
      if (noted.has(what)) return false;
      noted.add(what);
      for (const oldest of noted) {
        if (noted.size <= 10_000) break;
        noted.delete(oldest);
      }
      return true;
    },
  };
}

/** The next letter to this address is in the language that was read in here. */
async function noteLanguage({ ports }: ReadingShared, row: PortalRow, language: Language): Promise<void> {
  const known = await ports.greetings.of(row);
  if (known.language !== language) await ports.greetings.keep(row, { language });
}

/** GET /d/ID: the message, or its front door. */
export async function showMessage(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, sessions, looks } = shared;
  const found = await entrant(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row } = found;
  const right = rightTo(row, visitor.session);
  if (!right.may) return frontDoor(c, shared, found);
  const view = viewOf(await messages.structure(row), subjectOf(row, ports));
  const formToken = sessions.formToken(visitor);
  const around = looks.around(c, row.tenant);
  const invited = async (): Promise<Shown['invitation']> => {
    const invitation = await invitationIn(row, view.calendars, messages);
    return invitation === null ? null : await viewOfInvitation(invitation, row, shared, formToken);
  };
  const noted = async (): Promise<void> => {
    if (c.req.method !== 'GET') return;
    await noteOpened(shared, row, { ...right, session: visitor.session?.id ?? '' }, clientOf(c));
    await noteLanguage(shared, row, around.language);
  };
  // All at once: most of the time each waits for the disk.
  const [invitation, text, elsewhere, answers, conversation] = await Promise.all([
    invited(),
    messages.text(row, view.plain),
    elsewhereIn(c, shared, row, visitor, view),
    mayAnswer(shared, row),
    conversationOf(row, visitor.session, shared),
    noted(),
  ]);
  const shown: Shown = {
    deliveryId: row.delivery.id,
    receivedAt: row.message.receivedAt,
    expiresAt: row.expiresAt,
    mailFrom: row.message.mailFrom,
    view,
    text,
    formToken,
    elsewhere,
    invitation,
    answers,
    conversation,
  };
  return c.html(messagePage(around, shown));
}

/** POST /d/ID/pictures: the reader wants to see what would be loaded from elsewhere. */
export async function showPictures(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { sessions } = shared;
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { row, visitor } = found;
  if (!rightTo(row, visitor.session).may) return trouble(c, shared, 'noSession', 403);
  sessions.keep(c, visitor);
  return c.redirect(`/d/${row.delivery.id}?pictures=${picturesToken(shared, visitor, row)}`, 303);
}

function picturesToken({ sessions }: Shared, visitor: Visitor, row: PortalRow): string {
  return sessions.mac(visitor, 'pictures', row.delivery.id);
}

/** Whether the formatted view would load pictures from elsewhere, and whether the reader asked for them. */
async function elsewhereIn(
  c: Context<Env>,
  shared: ReadingShared,
  row: PortalRow,
  visitor: Visitor,
  view: MessageView,
): Promise<Shown['elsewhere']> {
  const token = picturesToken(shared, visitor, row);
  if (equal(c.req.query('pictures') ?? '', token)) return { shown: token };
  const formatted = view.rich.filter(({ type }) => type === 'text/html');
  const { text } = await shared.messages.text(row, formatted, maxHtml);
  return hasRemotePicture(text) ? { shown: null } : null;
}

/** GET /d/ID/html: the formatted view, for the frame of the page or a tab of its own. */
export async function showFormatted(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, cleaner, looks } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row, visitor } = found;
  const remote = equal(c.req.query('pictures') ?? '', picturesToken(shared, visitor, row));
  const view = viewOf(await messages.structure(row), subjectOf(row, ports));
  const pieces: string[] = [];
  let cut = false;
  for (const part of view.rich) {
    const { text, cut: shortened } = await messages.text(row, [part], maxHtml);
    pieces.push(part.type === 'text/html' ? text : asHtml(text));
    cut ||= shortened;
  }
  const html = pieces.join('<hr>');
  const cleaned = await cleaner.clean({
    html: html.slice(0, maxHtml),
    pictures: await messages.pictures(row, view.pictures),
    remote,
  });
  c.header('Content-Security-Policy', remote ? picturesPolicy : framePolicy);
  c.header('X-Frame-Options', 'SAMEORIGIN');
  const shown = { cleaned, cut: cut || html.length > maxHtml, view, mailFrom: row.message.mailFrom };
  return c.html(framedPage(looks.around(c, row.tenant), shown));
}

/** POST /sign-out and /d/ID/sign-out: ends the session, with all it proved. */
export async function signOut(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions, looks } = shared;
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { session } = submitted.visitor;
  if (session !== null) {
    await ports.store.endSession(session.id);
    const event: Event = { kind: 'portal.signedOut', sessions: 1, client: clientOf(c) };
    await ports.store.note([event], now());
    ports.emit(event);
  }
  sessions.drop(c);
  return c.html(signedOutPage(looks.around(c, null, '/')));
}

/** Opened once, and read by each session once more; both for the record of who had it before their eyes. */
async function noteOpened(
  { ports, now, seen }: ReadingShared,
  row: PortalRow,
  { session, reader: who, proof }: { readonly session: string } & Pick<Reader['right'], 'reader' | 'proof'>,
  client: string,
): Promise<void> {
  const { id, messageId, recipient, state } = row.delivery;
  const about = { message: messageId, delivery: id, recipient, client, reader: who, proof };
  const first: Event = { kind: 'delivery.opened', ...about };
  const opened = unopened.includes(state) && (await ports.store.opened(id, now(), [first]));
  if (!seen.isNew(`${session} ${id}`)) return;
  const event: Event = opened ? first : { kind: 'delivery.read', ...about };
  if (!opened) await ports.store.note([event], now());
  ports.emit(event);
}

/** Plain text beside formatted parts, as HTML for the same view. */
function asHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<div style="white-space:pre-wrap">${escaped}</div>`;
}
