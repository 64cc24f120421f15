/**
 * The message, for a browser that proved control of the recipient's mailbox: the page, the formatted view in its frame, the downloads, and the end.
 *
 * Every request is checked against the database again (`bySession`), so signing out, expiry and deletion take effect at once. Opening
 * is noted once, by the first GET of the page that a right code led to.
 */
import type { Context } from 'hono';
import type { PortalRow } from '../store/store.ts';
import type { Cleaner } from './clean.ts';
import { attachmentDisposition, safeFileName } from './download.ts';
import { type Messages, partAt, viewOf } from './message.ts';
import { framedPage, messagePage, nameOf } from './message-page.ts';
import { signedOutPage, troubles } from './pages.ts';
import { aroundOf, type Shared } from './ports.ts';
import { clientOf, cookiesOf, crossSite, type Env, formOf, setCookies, trouble } from './request.ts';
import type { Session } from './session.ts';

/** Characters of HTML that are cleaned and shown. */
const maxHtml = 1_500_000;

/** The policy of the formatted view: no origin, no scripts, nothing from anywhere; links open outside the frame. */
export const framePolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const downloadPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** What the rooms share, and what only this one needs. */
export type ReadingShared = Shared & { readonly messages: Messages; readonly cleaner: Pick<Cleaner, 'clean'> };

export async function showMessage(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, sessions } = shared;
  const found = await opened(c, shared);
  if (found instanceof Response) return found;
  const { session, row } = found;
  const view = viewOf(await messages.structure(row), ports.subjectOf(row));
  const text = await messages.text(row, view.plain);
  if (c.req.method === 'GET') await noteOpened(shared, row, clientOf(c));
  return c.html(messagePage(aroundOf(row, ports), { view, text, formToken: sessions.formToken(session) }));
}

export async function showFormatted(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, cleaner } = shared;
  const found = await opened(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const view = viewOf(await messages.structure(row), ports.subjectOf(row));
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
  return c.html(framedPage(cleaned, cut || html.length > maxHtml));
}

export async function download(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { messages } = shared;
  const found = await opened(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const path = c.req.param('path') ?? '';
  const part = partAt(await messages.structure(row), path === 'root' ? '' : path);
  if (part === null) return trouble(c, troubles.noAttachment, 404);
  return send(c, nameOf(part), messages.octets(row, part), () => noteDownloaded(shared, row, clientOf(c)));
}

export async function downloadWhole(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages } = shared;
  const found = await opened(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const { subject } = viewOf(await messages.structure(row), ports.subjectOf(row));
  const name = `${safeFileName(subject.slice(0, 80), 'message')}.eml`;
  return send(c, name, messages.whole(row), () => noteDownloaded(shared, row, clientOf(c)));
}

export async function signOut(c: Context<Env>, { ports, sessions }: ReadingShared): Promise<Response> {
  if (crossSite(c, ports.portalUrl)) return trouble(c, troubles.crossSite, 403);
  const form = await formOf(c);
  if (form instanceof Response) return form;
  const id = c.req.param('id') ?? '';
  const session = sessions.find(cookiesOf(c), id);
  if (session !== null) {
    if (!sessions.formIsOurs(session, form.get('form'))) return trouble(c, troubles.crossSite, 403);
    await ports.store.endSession(sessions.storedHash(session));
  }
  setCookies(c, [sessions.drop(id)]);
  return c.html(signedOutPage());
}

type Opened = { readonly session: Session; readonly row: PortalRow };

/** The session and the message it may read, kept alive for another while; or the answer that says there is none. */
async function opened(c: Context<Env>, { ports, now, sessions }: ReadingShared): Promise<Opened | Response> {
  const id = c.req.param('id') ?? '';
  const session = sessions.find(cookiesOf(c), id);
  const row =
    session?.stage === 'reading' ? await ports.store.bySession(sessions.storedHash(session), id, now()) : null;
  if (session === null || row === null) return trouble(c, troubles.noSession, 403);
  setCookies(c, sessions.keep(session, cookiesOf(c)));
  return { session, row };
}

async function noteOpened({ ports, now }: ReadingShared, row: PortalRow, client: string): Promise<void> {
  const { id, messageId, recipient, state } = row.delivery;
  const event = { kind: 'delivery.opened', message: messageId, delivery: id, recipient, client } as const;
  if (state === 'waiting' && (await ports.store.opened(id, now(), [event]))) ports.emit(event);
}

function noteDownloaded({ ports }: ReadingShared, row: PortalRow, client: string): void {
  const { id, messageId, recipient } = row.delivery;
  ports.emit({ kind: 'delivery.downloaded', message: messageId, delivery: id, recipient, client });
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
  begun: () => void,
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
  begun();
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
