/**
 * The message, for a browser that proved enough: the page, the formatted view in its frame, the downloads, and the end.
 *
 * Every request is judged against the database again (entrance.ts), so signing out, expiry and deletion take effect at once. Opening
 * is noted once, by the first GET of the page that a proof led to.
 */
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import type { Language } from '../mail/language.ts';
import type { PortalRow } from '../store/portal-port.ts';
import { frontDoor } from './arriving.ts';
import type { Cleaner } from './clean.ts';
import { attachmentDisposition, safeFileName } from './download.ts';
import { byForm, entrant, type Reader, reader } from './entrance.ts';
import { type Messages, partAt, subjectOf, viewOf } from './message.ts';
import { signedOutPage } from './pages/arriving.ts';
import { framedPage, messagePage, nameOf } from './pages/message.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, trouble } from './request.ts';
import { rightTo } from './rights.ts';

/** Characters of HTML that are cleaned and shown. */
const maxHtml = 1_500_000;

/** The policy of the formatted view: no origin, no scripts, nothing from anywhere; links open outside the frame. */
export const framePolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const downloadPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

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
  const text = await messages.text(row, view.plain);
  if (c.req.method === 'GET')
    await noteOpened(shared, row, { ...right, session: visitor.session?.id ?? '' }, clientOf(c));
  const shown = {
    deliveryId: row.delivery.id,
    receivedAt: row.message.receivedAt,
    expiresAt: row.expiresAt,
    mailFrom: row.message.mailFrom,
    view,
    text,
    formToken: sessions.formToken(visitor),
  };
  const around = looks.around(c, row.tenant);
  if (c.req.method === 'GET') await noteLanguage(shared, row, around.language);
  return c.html(messagePage(around, shown));
}

export async function showFormatted(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, cleaner, looks } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
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
  });
  c.header('Content-Security-Policy', framePolicy);
  c.header('X-Frame-Options', 'SAMEORIGIN');
  return c.html(framedPage(looks.around(c, row.tenant), cleaned, cut || html.length > maxHtml));
}

export async function download(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { messages, looks } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const path = c.req.param('path') ?? '';
  const part = partAt(await messages.structure(row), path === 'root' ? '' : path);
  if (part === null) return trouble(c, shared, 'noAttachment', 404, row.tenant);
  const name = nameOf(looks.around(c, row.tenant).words, part);
  return send(c, name, messages.octets(row, part), () => noteDownloaded(shared, found, clientOf(c)));
}

export async function downloadWhole(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const { subject } = viewOf(await messages.structure(row), subjectOf(row, ports));
  const name = `${safeFileName(subject.slice(0, 80), 'message')}.eml`;
  return send(c, name, messages.whole(row), () => noteDownloaded(shared, found, clientOf(c)));
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
  return c.html(signedOutPage(looks.around(c, null, '/'), { everywhere: false }));
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
  const opened = state === 'waiting' && (await ports.store.opened(id, now(), [first]));
  if (!seen.isNew(`${session} ${id}`)) return;
  const event: Event = opened ? first : { kind: 'delivery.read', ...about };
  if (!opened) await ports.store.note([event], now());
  ports.emit(event);
}

async function noteDownloaded({ ports, now }: ReadingShared, { row, right }: Reader, client: string): Promise<void> {
  const { id, messageId, recipient } = row.delivery;
  const about = { message: messageId, delivery: id, recipient, client };
  const event: Event = { kind: 'delivery.downloaded', ...about, reader: right.reader };
  await ports.store.note([event], now());
  ports.emit(event);
}

/** Plain text beside formatted parts, as HTML for the same view. */
function asHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<div style="white-space:pre-wrap">${escaped}</div>`;
}

/** Streams octets to be saved. The first are read before anything is answered, so that a broken blob gives an error page and no half file. */
async function send(
  c: Context<Env>,
  name: string,
  octets: AsyncIterable<Uint8Array>,
  begun: () => Promise<void>,
): Promise<Response> {
  const source = octets[Symbol.asyncIterator]();
  const first = await source.next();
  c.header('Content-Type', 'application/octet-stream');
  c.header('Content-Disposition', attachmentDisposition(name));
  c.header('Content-Security-Policy', downloadPolicy);
  if (c.req.method !== 'GET') {
    await source.return?.();
    return c.body(null);
  }
  await begun();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (first.done === true) controller.close();
      else controller.enqueue(first.value);
    },
    pull: async (controller) => {
      const next = await source.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => {
      await source.return?.();
    },
  });
  return c.body(body);
}
