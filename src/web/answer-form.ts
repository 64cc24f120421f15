/**
 * What a browser sends of a draft: one form with everything that was typed, and files. Read part by part; what was typed stands before the files and is saved
 * before the first of them is taken, so a connection that ends during a large file costs the file alone.
 */
import type { Context } from 'hono';
import { type Content, draftUntil, findWritten, maxSubject, maxText, sealContent, type Written } from './drafts.ts';
import { boundaryOf, FormBroken, type FormPart, formParts } from './form-data.ts';
import type { Shared } from './ports.ts';
import { type Env, formOf } from './request.ts';
import type { Visitor } from './session.ts';
import { storeFile } from './uploads.ts';

/** Octets of one typed field: the longest text, each character of it in three. */
const longestField = 3 * maxText;

/** Octets of one form: what may be attached at most, and as much again that is passed over so that the page can say that it was too much. */
const mostOctets = 2 * 2_147_483_648;

export type AnswerForm = {
  readonly visitor: Visitor;
  readonly fields: URLSearchParams;
  /** Null when this browser may not change the draft, or the form is not ours: then nothing was kept. */
  readonly draft: Written | null;
  /** A file was left out: it did not fit (`full`), or there was no room on our side (`failed`). */
  readonly leftOut: 'full' | 'failed' | null;
};

/** Rejects with FormBroken when the form cannot be read; what came before may have been saved. */
export async function readAnswerForm(c: Context<Env>, shared: Shared): Promise<AnswerForm | Response> {
  const visitor = await shared.sessions.visitor(c);
  const boundary = boundaryOf(c.req.header('content-type') ?? '');
  const { body } = c.req.raw;
  if (boundary === null || body === null) {
    const fields = await formOf(c);
    if (fields instanceof Response) return fields;
    return { visitor, fields, draft: await keepTyped(c, shared, visitor, fields), leftOut: null };
  }
  const fields = new URLSearchParams();
  let draft: Written | null = null;
  let judged = false;
  let leftOut: AnswerForm['leftOut'] = null;
  for await (const part of formParts(atMost(body, mostOctets), boundary)) {
    if (part.fileName === null) {
      fields.set(part.name, await textOf(part));
      continue;
    }
    if (!judged) {
      draft = await keepTyped(c, shared, visitor, fields);
      judged = true;
    }
    // Nobody waits for the files of a form that is refused.
    if (draft === null) break;
    if (part.name !== 'file' || part.fileName === '') continue;
    const stored = await storeFile(shared, draft, { name: part.fileName, type: part.type, body: part.body });
    if (stored !== 'stored') leftOut = stored;
  }
  // What stands behind the files counts, too.
  if (!judged || draft !== null) draft = await keepTyped(c, shared, visitor, fields);
  return { visitor, fields, draft, leftOut };
}

/** Rejects with FormBroken when there are more. */
async function* atMost(body: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most) throw new FormBroken('a form too large');
    yield chunk;
  }
}

async function textOf({ body }: FormPart): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > longestField) throw new FormBroken('a field too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The draft with what was typed, saved. Null when the form is not ours, or the draft is not theirs. */
async function keepTyped(
  c: Context<Env>,
  shared: Shared,
  visitor: Visitor,
  fields: URLSearchParams,
): Promise<Written | null> {
  const { ports, now, sessions } = shared;
  if (!sessions.formIsOurs(visitor, fields.get('form'))) return null;
  const draft = await findWritten(c, shared, visitor);
  // A button alone, as in the list of drafts, changes nothing that was typed.
  if (draft === null || !fields.has('text') || draft.answer.state !== 'draft') return draft;
  const content = typedIn(fields, draft.content);
  const { id, tenant } = draft.answer;
  const until = draftUntil(tenant, draft.row, ports, now());
  await ports.answers.save(id, sealContent(ports.key, id, content), { now: now(), expiresAt: until });
  return { ...draft, content, answer: { ...draft.answer, changedAt: now(), expiresAt: until } };
}

function typedIn(fields: URLSearchParams, before: Content): Content {
  const line = (name: string, longest: number): string =>
    (fields.get(name) ?? '')
      .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .slice(0, longest)
      .toWellFormed();
  const text = (fields.get('text') ?? '').replaceAll(/\r\n?/g, '\n').slice(0, maxText).toWellFormed();
  return {
    ...before,
    text,
    ...(before.kind === 'new' ? { subject: line('subject', maxSubject), to: line('to', 2000) } : {}),
    quote: fields.has('quote'),
    receipt: fields.has('receipt'),
  };
}
