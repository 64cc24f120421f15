/**
 * The files of a message: each alone, all in one archive, the whole message as it came, and what can be looked at in place.
 *
 * Downloads are octets to be saved and nothing else, whatever the file claims to be. They stream: a message is never whole in memory. What is shown in
 * place is decided by preview.ts.
 */
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import type { Part } from '../mail/structure.ts';
import { attachmentDisposition, downloadPolicy, safeFileName } from './download.ts';
import { type Reader, reader } from './entrance.ts';
import { partAt, subjectOf, viewOf } from './message.ts';
import { nameOf, pathOf } from './pages/files.ts';
import { previewPage } from './pages/preview.ts';
import { maxPreview, pdfPolicy, previewOf, shownAs } from './preview.ts';
import type { ReadingShared } from './reading.ts';
import { clientOf, type Env, trouble } from './request.ts';
import { uniqueNames, zipOf } from './zip.ts';

/** Octets of a picture or PDF that is shown in place. */
const maxShown = 50_000_000;

type Found = Reader & { readonly part: Part; readonly name: string };

/** The part of the path's `path`, for who may read the message. */
async function fileOf(c: Context<Env>, shared: ReadingShared): Promise<Found | Response> {
  const { messages, looks } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const path = c.req.param('path') ?? '';
  const part = partAt(await messages.structure(row), path === 'root' ? '' : path);
  if (part === null) return trouble(c, shared, 'noAttachment', 404, row.tenant);
  return { ...found, part, name: nameOf(looks.around(c, row.tenant).words, part) };
}

/** GET /d/ID/attachment/PATH */
export async function download(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const found = await fileOf(c, shared);
  if (found instanceof Response) return found;
  const octets = shared.messages.octets(found.row, found.part);
  return send(c, saved(found.name), octets, () => noteDownloaded(shared, found, clientOf(c)));
}

/** GET /d/ID/message.eml */
export async function downloadWhole(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const { subject } = viewOf(await messages.structure(row), subjectOf(row, ports));
  const name = `${safeFileName(subject.slice(0, 80), 'message')}.eml`;
  return send(c, saved(name), messages.whole(row), () => noteDownloaded(shared, found, clientOf(c)));
}

/** GET /d/ID/attachments.zip */
export async function downloadAll(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, messages, looks } = shared;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const { subject, attachments } = viewOf(await messages.structure(row), subjectOf(row, ports));
  const { words } = looks.around(c, row.tenant);
  const names = uniqueNames(attachments.map((part) => nameOf(words, part)));
  const entries = attachments.map((part, at) => ({ name: names[at] ?? '', octets: messages.octets(row, part) }));
  const name = `${safeFileName(subject.slice(0, 80), words.reading.unnamed.all)}.zip`;
  const octets = zipOf(entries, row.message.receivedAt);
  return send(c, saved(name), octets, () => noteDownloaded(shared, found, clientOf(c)));
}

/** GET /d/ID/preview/PATH: the page around a picture or a text; or a PDF itself. */
export async function showPreview(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const found = await fileOf(c, shared);
  if (found instanceof Response) return found;
  const { row, part, name } = found;
  const { messages, looks } = shared;
  const kind = previewOf(part);
  if (kind === 'pdf') return await showOctets(c, shared, found, { types: ['application/pdf'], policy: pdfPolicy });
  const around = looks.around(c, row.tenant);
  const base = `/d/${row.delivery.id}`;
  const file = pathOf(part);
  const back = { name, back: base, save: `${base}/attachment/${file}` };
  if (kind === 'text') {
    const { text, cut } = await messages.text(row, [part], maxPreview);
    if (c.req.method === 'GET') await noteDownloaded(shared, found, clientOf(c));
    return c.html(previewPage(around, { ...back, kind, text, cut }));
  }
  if (kind === 'picture') return c.html(previewPage(around, { ...back, kind, source: `${base}/picture/${file}` }));
  return c.html(previewPage(around, { ...back, kind: 'none' }));
}

const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

/** GET /d/ID/picture/PATH: the octets of a picture, for an img of the page above. */
export async function showPicture(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const found = await fileOf(c, shared);
  if (found instanceof Response) return found;
  return await showOctets(c, shared, found, { types: pictures, policy: downloadPolicy });
}

type Showing = { readonly types: readonly NonNullable<ReturnType<typeof shownAs>>[]; readonly policy: string };

/** The octets as what they are, when that is one of `types`; else the page that says it cannot be shown. */
async function showOctets(
  c: Context<Env>,
  shared: ReadingShared,
  found: Found,
  { types, policy }: Showing,
): Promise<Response> {
  const { row, part, name } = found;
  const around = shared.looks.around(c, row.tenant);
  const base = `/d/${row.delivery.id}`;
  const source = shared.messages.octets(row, part)[Symbol.asyncIterator]();
  const first = await source.next();
  const type = first.done === true ? null : shownAs(first.value);
  if (type === null || !types.includes(type) || part.body.end - part.body.start > maxShown * 1.4) {
    await source.return?.();
    const view = { name, back: base, save: `${base}/attachment/${pathOf(part)}`, kind: 'none' } as const;
    return c.html(previewPage(around, view), 404);
  }
  const octets = resumed(first, source);
  const as = { type, disposition: attachmentDisposition(name, 'inline'), policy };
  return send(c, as, octets, () => noteDownloaded(shared, found, clientOf(c)));
}

async function* resumed(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function noteDownloaded({ ports, now }: ReadingShared, { row, right }: Reader, client: string): Promise<void> {
  const { id, messageId, recipient } = row.delivery;
  const about = { message: messageId, delivery: id, recipient, client };
  const event: Event = { kind: 'delivery.downloaded', ...about, reader: right.reader };
  await ports.store.note([event], now());
  ports.emit(event);
}

type Sent = { readonly type: string; readonly disposition: string; readonly policy: string };

function saved(name: string): Sent {
  return { type: 'application/octet-stream', disposition: attachmentDisposition(name), policy: downloadPolicy };
}

/** Streams octets. The first are read before anything is answered, so that a broken blob gives an error page and no half file. */
async function send(
  c: Context<Env>,
  { type, disposition, policy }: Sent,
  octets: AsyncIterable<Uint8Array>,
  begun: () => Promise<void>,
): Promise<Response> {
  const source = octets[Symbol.asyncIterator]();
  const first = await source.next();
  c.header('Content-Type', type);
  c.header('Content-Disposition', disposition);
  c.header('Content-Security-Policy', policy);
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
