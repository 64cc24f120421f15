/**
 * What was sent, for who sent it to look at again: a page of its own, to which the conversation leads (conversation.ts). Its files can be saved there, too. What
 * became of it is asked of the queue each time, so the page tells what is true now.
 */
import type { Context } from 'hono';
import { addressKey } from '../mail/address.ts';
import type { AnswerProgress, AnswerRow } from '../store/answer-port.ts';
import { attachmentDisposition, downloadPolicy } from './download.ts';
import { openContent, type Written, written } from './drafts.ts';
import { type SentProgress, type SentView, sentPage } from './pages/answer.ts';
import type { Shared } from './ports.ts';
import { type Env, trouble } from './request.ts';
import { filesOf, octetsOf } from './uploads.ts';

export async function showSent(c: Context<Env>, shared: Shared, { answer, row, visitor }: Written): Promise<Response> {
  const { looks, sessions } = shared;
  const [view] = await viewsOf(shared, [answer]);
  if (view === undefined) return trouble(c, shared, 'notFound', 404);
  const around = looks.around(c, answer.tenant, `/answer/${answer.id}`);
  const back = row === null ? null : `/d/${row.delivery.id}`;
  return c.html(sentPage(around, { ...view, form: sessions.formToken(visitor), back }));
}

async function viewsOf({ ports }: Shared, answers: readonly AnswerRow[]): Promise<SentView[]> {
  const progress = await ports.answers.progress(answers.map(({ id }) => id));
  return Promise.all(
    answers.map(async (answer): Promise<SentView> => {
      const { id, changedAt: sentAt, expiresAt: until } = answer;
      const { sentTo, sentCc, subject, text } = openContent(ports.key, answer);
      const people = (mailboxes: typeof sentTo): string[] =>
        mailboxes.map(({ name, address }) => (name === '' ? address : `${name} <${address}>`));
      const files = await filesOf(ports, id);
      const named = new Set([...sentTo, ...sentCc].map(({ address }) => address));
      const states = (progress.get(id) ?? [])
        // One's own copy is no recipient's.
        .filter(({ recipient }) => named.has(recipient) || addressKey(recipient) !== answer.address)
        .map(({ recipient, state }) => ({ recipient, state: told(state) }));
      return { id, sentAt, until, to: people(sentTo), cc: people(sentCc), subject, text, files, progress: states };
    }),
  );
}

function told(state: AnswerProgress['state']): SentProgress {
  switch (state) {
    // In the portal, for who reads there.
    case 'waiting':
    case 'opened':
    case 'delivered':
      return 'delivered';
    case 'deferred':
    case 'held':
      return 'delayed';
    case 'failed':
    case 'dropped':
      return 'failed';
    default:
      return 'on';
  }
}

/** GET /answer/ID/file/UPLOAD: a file of one's own, as it will arrive or did. */
export async function ownFile(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports } = shared;
  const found = await written(c, shared);
  if (found instanceof Response) return found;
  const file = (await filesOf(ports, found.answer.id)).find(({ id }) => id === c.req.param('upload'));
  if (file === undefined || file.size !== file.stored) return trouble(c, shared, 'noAttachment', 404);
  c.header('Content-Type', 'application/octet-stream');
  c.header('Content-Disposition', attachmentDisposition(file.name));
  c.header('Content-Security-Policy', downloadPolicy);
  if (c.req.method !== 'GET') return c.body(null);
  return c.body(ReadableStream.from(octetsOf(ports, file.id)));
}
