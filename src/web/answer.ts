/**
 * Writing: answers to a message, and new messages where the tenant allows them. A press on "Answer" begins a draft (`startAnswer`), its page is `showAnswer`,
 * and `submitAnswer` is whatever button was pressed there. Sending is answer-send.ts, files uploads.ts, what was sent answer-sent.ts.
 *
 * Whatever is refused, the page that says so holds all that was typed. Only a POST from our own page begins, changes or sends anything.
 */
import type { Context } from 'hono';
import { replySubject } from '../mail/answer.ts';
import type { PortalSession } from '../store/portal-port.ts';
import { type AnswerForm, readAnswerForm } from './answer-form.ts';
import { type Addressees, ownCopyOf, replyTo, replyToAll } from './answer-rules.ts';
import { sendAnswer } from './answer-send.ts';
import { showSent } from './answer-sent.ts';
import { answered, knownWriters, mayAnswer } from './answer-whom.ts';
import {
  beginDraft,
  discardDraft,
  maxSubject,
  maxText,
  openContent,
  removeBlobs,
  type Written,
  writingOf,
  written,
} from './drafts.ts';
import { byForm, entrantByForm } from './entrance.ts';
import { FormBroken } from './form-data.ts';
import { viewOf } from './message.ts';
import { type ComposeView, composePage, draftsPage, lostPage, type Problem, writePage } from './pages/answer.ts';
import { cardOf } from './ports.ts';
import type { ReadingShared } from './reading.ts';
import { crossSite, type Env, trouble } from './request.ts';
import { addressesOf, rightTo } from './rights.ts';
import { filesOf } from './uploads.ts';

/** POST /d/ID/answer */
export async function startAnswer(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { row, visitor, form } = found;
  const { session } = visitor;
  if (session === null || !rightTo(row, session).may) return trouble(c, shared, 'noSession', 403);
  const may = await mayAnswer(shared, row);
  if (!may.reply) return trouble(c, shared, 'wrongVerb', 405, row.tenant);
  const kind = form.get('kind') === 'all' && may.all ? 'all' : 'reply';
  shared.sessions.keep(c, visitor);
  return begun(c, shared, session, await beginDraft(shared, session, row, { kind, row }));
}

async function begun(
  c: Context<Env>,
  shared: ReadingShared,
  session: PortalSession,
  draft: string | null,
): Promise<Response> {
  if (draft !== null) return c.redirect(`/answer/${draft}`, 303);
  return draftList(c, shared, session, 'drafts');
}

/** GET /answer/ID: the draft, or what was sent. */
export async function showAnswer(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const found = await written(c, shared);
  if (found instanceof Response) return found;
  return found.answer.state === 'sent' ? showSent(c, shared, found) : compose(c, shared, found, null);
}

/** POST /answer/ID */
export async function submitAnswer(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, sessions } = shared;
  if (crossSite(c, ports.portalUrl)) return trouble(c, shared, 'crossSite', 403);
  let read: AnswerForm | Response;
  try {
    read = await readAnswerForm(c, shared);
  } catch (error) {
    if (!(error instanceof FormBroken)) throw error;
    return trouble(c, shared, 'tooLarge', 413);
  }
  if (read instanceof Response) return read;
  const { draft, visitor, fields, leftOut } = read;
  if (draft === null) return refused(c, shared, read);
  sessions.keep(c, visitor);
  const { id } = draft.answer;
  const here = `/answer/${id}`;
  // Pressed twice: it went the first time.
  if (draft.answer.state === 'sent') return c.redirect(here, 303);
  const remove = fields.get('remove');
  if (remove !== null) {
    await removeBlobs(ports, await ports.answers.removeUpload(id, remove));
    return fields.has('quietly') ? c.body(null, 204) : c.redirect(here, 303);
  }
  const action = fields.get('do');
  if (action === 'autosave') return c.body(null, 204);
  if (action === 'discard') {
    await discardDraft(ports, id);
    return c.redirect(draft.row === null ? '/drafts' : `/d/${draft.row.delivery.id}`, 303);
  }
  if (leftOut !== null) return compose(c, shared, draft, leftOut);
  const outcome = action === 'send' ? await sendAnswer(c, shared, draft) : 'sent';
  return outcome === 'sent' ? c.redirect(here, 303) : compose(c, shared, draft, outcome);
}

/** Without a session, what was typed is shown to who typed it; a page elsewhere cannot have sent it, as the browser says. */
function refused(
  c: Context<Env>,
  shared: ReadingShared,
  { visitor, fields }: AnswerForm,
): Response | Promise<Response> {
  const typed = fields.get('text') ?? '';
  const ours = c.req.header('sec-fetch-site') === 'same-origin';
  if (visitor.session === null && ours && typed.trim() !== '' && fields.get('do') !== 'autosave')
    return c.html(lostPage(shared.looks.around(c, null, '/'), typed.slice(0, maxText)), 403);
  if (visitor.session === null) return trouble(c, shared, 'noSession', 403);
  return shared.sessions.formIsOurs(visitor, fields.get('form'))
    ? trouble(c, shared, 'notFound', 404)
    : trouble(c, shared, 'crossSite', 403);
}

async function compose(
  c: Context<Env>,
  shared: ReadingShared,
  draft: Written,
  problem: Problem | null,
): Promise<Response> {
  const { answer } = draft;
  const around = shared.looks.around(c, answer.tenant, `/answer/${answer.id}`);
  const status = problem === null ? 200 : problem === 'often' ? 429 : problem === 'failed' ? 503 : 422;
  return c.html(composePage(around, await composeView(shared, draft, problem)), status);
}

async function composeView(shared: ReadingShared, draft: Written, problem: Problem | null): Promise<ComposeView> {
  const { ports, now, sessions, messages } = shared;
  const { answer, content, row, visitor } = draft;
  const writing = writingOf(answer.tenant, ports);
  const files = await filesOf(ports, answer.id);
  const held = files.reduce((sum, { size, stored }) => sum + (size ?? stored), 0);
  const message = row === null ? null : await answered(shared, row);
  const { to, cc } = message === null ? nobody : content.kind === 'all' ? replyToAll(message) : replyTo(message);
  const quotable = row !== null && viewOf(await messages.structure(row), null).plain.length > 0;
  const people = (mailboxes: Addressees['to']): string[] =>
    mailboxes.map(({ name, address }) => (name === '' ? address : `${name} <${address}>`));
  return {
    id: answer.id,
    form: sessions.formToken(visitor),
    kind: content.kind,
    to: people(to),
    cc: people(cc),
    typedTo: content.to,
    known: row === null && writing.newMessages === 'known' ? await knownWriters(shared, answer) : [],
    anyone: writing.newMessages === 'anyone',
    subject: row === null ? content.subject : replySubject(cardOf(row, ports).subject),
    text: content.text,
    quote: quotable ? content.quote : null,
    ownCopy: ownCopyOf(row, writing),
    wantsCopy: content.receipt,
    files,
    room: { total: writing.maxAttachments, left: Math.max(0, writing.maxAttachments - held) },
    savedAt: answer.changedAt > answer.createdAt ? answer.changedAt : null,
    until: Math.max(answer.expiresAt, now()),
    back: row === null ? null : `/d/${row.delivery.id}`,
    maxText,
    maxSubject,
    problem,
  };
}

const nobody: Addressees = { to: [], cc: [] };

/** GET /drafts */
export async function showDrafts(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const visitor = await shared.sessions.visitor(c);
  const { session } = visitor;
  if (session === null) return trouble(c, shared, 'noSession', 403);
  shared.sessions.keep(c, visitor);
  return draftList(c, shared, session, null);
}

async function draftList(
  c: Context<Env>,
  { ports, now, sessions, looks }: ReadingShared,
  session: PortalSession,
  problem: Problem | null,
): Promise<Response> {
  const places = addressesOf(session);
  const all = await ports.answers.drafts(places, now());
  const mine = all.filter(
    ({ author, tenant, address }) =>
      author === '' ||
      session.reach.some(
        (reach) => reach.tenant === tenant && reach.address === address && reach.member?.id === author,
      ),
  );
  const drafts = mine.map((draft) => {
    const { kind, text } = openContent(ports.key, draft);
    const begins = text.replaceAll(/\s+/g, ' ').slice(0, 80).toWellFormed();
    return { id: draft.id, kind, begins, savedAt: draft.changedAt, until: draft.expiresAt };
  });
  const visitor = await sessions.visitor(c);
  const around = looks.around(c, places[0]?.tenant ?? null, '/drafts');
  return c.html(
    draftsPage(around, { form: sessions.formToken(visitor), drafts, problem }),
    problem === null ? 200 : 422,
  );
}

/** GET /write: from which address to which organisation. */
export async function showWrite(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const { ports, sessions, looks } = shared;
  const visitor = await sessions.visitor(c);
  const { session } = visitor;
  if (session === null) return trouble(c, shared, 'noSession', 403);
  sessions.keep(c, visitor);
  const ways = addressesOf(session)
    .filter(({ tenant }) => writingOf(tenant, ports).newMessages !== 'off')
    .map(({ tenant, address }) => ({
      tenant,
      address,
      organisation: ports.tenants.find(({ id }) => id === tenant)?.branding.name ?? tenant,
    }));
  const around = looks.around(c, ways[0]?.tenant ?? null, '/write');
  return c.html(writePage(around, { form: sessions.formToken(visitor), ways }));
}

/** POST /write: begins a new message. */
export async function startMessage(c: Context<Env>, shared: ReadingShared): Promise<Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { visitor, form } = submitted;
  const { session } = visitor;
  const at = addressesOf(session).find(
    ({ tenant, address }) => tenant === form.get('tenant') && address === form.get('address'),
  );
  if (session === null || at === undefined) return trouble(c, shared, 'noSession', 403);
  if (writingOf(at.tenant, shared.ports).newMessages === 'off') return trouble(c, shared, 'wrongVerb', 405, at.tenant);
  shared.sessions.keep(c, visitor);
  return begun(c, shared, session, await beginDraft(shared, session, at, { kind: 'new', row: null }));
}
