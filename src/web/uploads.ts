/**
 * Files of a draft, on their way in. With scripts a file is announced (`announceUpload`), then sent in chunks that say where they belong
 * (`takeChunk`); whoever lost the connection asks how much has arrived (`showUpload`) and goes on from there, also after the page was closed, when the same
 * file is chosen again. Without scripts files come with the form (`storeFile`).
 *
 * Each chunk is a blob of its own in the sealed spool, and what arrived of one that was cut off is kept. Memory holds a frame at a time, however large the
 * file. How much a draft may hold is said before, and counted in the database.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import { openText, sealText } from '../protect/seal.ts';
import { SpoolFull, type SpoolRef } from '../spool/spool.ts';
import type { UploadRow } from '../store/answer-port.ts';
import { safeFileName } from './download.ts';
import { findWritten, removeBlobs, type Written, writingOf } from './drafts.ts';
import { byForm, isId } from './entrance.ts';
import type { PortalPorts, Shared } from './ports.ts';
import { crossSite, type Env } from './request.ts';

/** Octets of one chunk, and of the pieces that a file of a form is cut into. */
export const maxChunk = 8_388_608;
/** Files of one draft. */
export const maxFiles = 50;
/** Drafts of one address may hold so many times what one answer may. */
const addressFactor = 3;

/** What is kept sealed of a file. */
export type FileAbout = {
  readonly name: string;
  /** As the browser says. */
  readonly type: string;
  /** By which the browser knows the same file again; empty for one that came with a form. */
  readonly mark: string;
};

export type KeptFile = FileAbout & Pick<UploadRow, 'id' | 'size' | 'stored'>;

export async function filesOf(ports: Pick<PortalPorts, 'answers' | 'key'>, answer: string): Promise<KeptFile[]> {
  const rows = await ports.answers.uploads(answer);
  return rows.map(({ id, about, size, stored }) => ({ id, size, stored, ...openAbout(ports.key, id, about) }));
}

/** Octets of a complete file. */
export async function* octetsOf({ answers, items }: PortalPorts, upload: string): AsyncGenerator<Uint8Array> {
  for (const { spool } of await answers.pieces(upload)) yield* items.readOwn(spool);
}

function openAbout(key: Buffer, id: string, sealed: string): FileAbout {
  return JSON.parse(openText(key, sealed, `upload ${id}`)) as FileAbout;
}

/** Begins a file; null when there is no room for it. `size` is null while it is not known. */
async function begin(
  { ports, now }: Shared,
  { answer }: Written,
  about: FileAbout,
  size: number | null,
): Promise<string | null> {
  const id = randomUUIDv7();
  const limit = writingOf(answer.tenant, ports).maxAttachments;
  const sealed = sealText(ports.key, JSON.stringify(about), `upload ${id}`);
  const limits = { draft: limit, address: addressFactor * limit, files: maxFiles };
  const begun = await ports.answers.beginUpload({ id, answer: answer.id, about: sealed, size }, limits, now());
  return begun === 'begun' ? id : null;
}

/** A file that comes with a form: kept when all of it arrived and there was room, else forgotten. */
export async function storeFile(
  shared: Shared,
  draft: Written,
  file: { readonly name: string; readonly type: string; readonly body: AsyncIterable<Uint8Array> },
): Promise<'stored' | 'full' | 'failed'> {
  const { ports } = shared;
  const limit = writingOf(draft.answer.tenant, ports).maxAttachments;
  const held = (await ports.answers.uploads(draft.answer.id)).reduce(
    (sum, { size, stored }) => sum + (size ?? stored),
    0,
  );
  const id = await begin(shared, draft, aboutOf(file.name, file.type, ''), null);
  if (id === null) return 'full';
  let start = 0;
  let outcome: 'stored' | 'full' | 'failed' = 'failed';
  try {
    for await (const spool of pieces(ports, file.body, limit - held)) {
      if ((await ports.answers.addPiece(id, { start, spool })) !== 'added') throw new Error('a file that is gone');
      start += spool.size;
    }
    await ports.answers.endUpload(id);
    outcome = 'stored';
  } catch (error) {
    if (error instanceof TooMuch) outcome = 'full';
    else if (!(error instanceof SpoolFull)) throw error;
  } finally {
    // Also when the connection ended: nobody could go on with it.
    if (outcome !== 'stored') await removeBlobs(ports, await ports.answers.removeUpload(draft.answer.id, id));
  }
  return outcome;
}

class TooMuch extends Error {}

/** A body cut into blobs. Throws TooMuch when there is more than `room`. */
async function* pieces(ports: PortalPorts, body: AsyncIterable<Uint8Array>, room: number): AsyncGenerator<SpoolRef> {
  let writer: Awaited<ReturnType<PortalPorts['items']['create']>> | null = null;
  let size = 0;
  let left = room;
  try {
    for await (const chunk of body) {
      left -= chunk.length;
      if (left < 0) throw new TooMuch();
      writer ??= await ports.items.create();
      await writer.write(chunk);
      size += chunk.length;
      if (size < maxChunk) continue;
      const done = writer;
      [writer, size] = [null, 0];
      yield await done.commit();
    }
    if (writer === null) return;
    const last = writer;
    writer = null;
    yield await last.commit();
  } finally {
    await writer?.abort().catch(() => {});
  }
}

function aboutOf(name: string, type: string, mark: string): FileAbout {
  return { name: safeFileName(name, 'file'), type: type.slice(0, 100), mark: mark.slice(0, 100) };
}

/** POST /answer/ID/upload: announces a file, or finds the same one that is not whole yet. */
export async function announceUpload(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports } = shared;
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return c.json({ problem: 'session' }, 403);
  const draft = await findWritten(c, shared, submitted.visitor);
  if (draft === null || draft.answer.state !== 'draft') return c.json({ problem: 'gone' }, 404);
  const { form } = submitted;
  const size = Number(/^\d{1,15}$/.exec(form.get('size') ?? '')?.[0] ?? Number.NaN);
  if (!Number.isSafeInteger(size)) return c.json({ problem: 'size' }, 400);
  const about = aboutOf(form.get('name') ?? '', form.get('type') ?? '', form.get('mark') ?? '');
  const same = (await filesOf(ports, draft.answer.id)).find(
    (file) => file.mark !== '' && file.mark === about.mark && file.name === about.name && file.size === size,
  );
  if (same !== undefined) return c.json({ id: same.id, stored: same.stored, size, chunk: maxChunk }, 200);
  const id = await begin(shared, draft, about, size);
  return id === null ? c.json({ problem: 'full' }, 413) : c.json({ id, stored: 0, size, chunk: maxChunk }, 201);
}

/** GET /answer/ID/upload/UPLOAD: how much has arrived. */
export async function showUpload(c: Context<Env>, shared: Shared): Promise<Response> {
  const draft = await findWritten(c, shared, await shared.sessions.visitor(c));
  const upload = draft === null ? null : await uploadIn(c, shared, draft);
  if (upload === null) return c.json({ problem: 'gone' }, 404);
  return c.json({ id: upload.id, stored: upload.stored, size: upload.size });
}

/** POST /answer/ID/upload/UPLOAD: the octets from `Upload-Offset` on. 409 says where to go on when that is elsewhere. */
export async function takeChunk(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, sessions } = shared;
  if (crossSite(c, ports.portalUrl)) return c.json({ problem: 'session' }, 403);
  const visitor = await sessions.visitor(c);
  // A header of our own cannot be set from elsewhere without asking first, and carries what forms carry.
  if (!sessions.formIsOurs(visitor, c.req.header('x-form') ?? null)) return c.json({ problem: 'session' }, 403);
  const draft = await findWritten(c, shared, visitor);
  const upload = draft === null ? null : await uploadIn(c, shared, draft);
  if (upload === null || upload.size === null) return c.json({ problem: 'gone' }, 404);
  const start = Number(/^\d{1,15}$/.exec(c.req.header('upload-offset') ?? '')?.[0] ?? Number.NaN);
  if (start !== upload.stored) return c.json({ stored: upload.stored, size: upload.size }, 409);
  sessions.keep(c, visitor);
  const piece = await keepChunk(ports, c.req.raw.body, Math.min(maxChunk, upload.size - start));
  if (piece === 'too large') return c.json({ problem: 'chunk' }, 413);
  if (piece === 'no room') return c.json({ problem: 'room' }, 507);
  const added = piece === null ? 'added' : await ports.answers.addPiece(upload.id, { start, spool: piece });
  if (piece !== null && added !== 'added') await removeBlobs(ports, [piece.id]);
  const now = await ports.answers.upload(upload.id);
  if (now === null || added === 'gone') return c.json({ problem: 'gone' }, 404);
  return c.json({ stored: now.stored, size: now.size }, added === 'added' ? 200 : 409);
}

async function uploadIn(c: Context<Env>, { ports }: Shared, { answer }: Written): Promise<UploadRow | null> {
  const id = c.req.param('upload') ?? '';
  const found = isId(id) ? await ports.answers.upload(id) : null;
  return found?.answer === answer.id && answer.state === 'draft' ? found : null;
}

/** What arrived, also of a connection that was cut; null for nothing. */
async function keepChunk(
  { items }: PortalPorts,
  body: ReadableStream<Uint8Array> | null,
  room: number,
): Promise<SpoolRef | 'too large' | 'no room' | null> {
  if (body === null) return null;
  let writer: Awaited<ReturnType<PortalPorts['items']['create']>> | null = null;
  let size = 0;
  try {
    writer = await items.create();
    for await (const chunk of arriving(body)) {
      size += chunk.length;
      if (size > room) break;
      await writer.write(chunk);
    }
    if (size > 0 && size <= room) return await writer.commit();
    await writer.abort();
    return size === 0 ? null : 'too large';
  } catch (error) {
    await writer?.abort().catch(() => {});
    if (error instanceof SpoolFull) return 'no room';
    throw error;
  }
}

/** The octets of a body up to where the connection ended. */
async function* arriving(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const next = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
