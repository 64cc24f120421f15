/**
 * Drafts: what a person has typed and not sent yet. Who may see and change one: whoever may read the message it answers, at that message's address; one that
 * a named member began, only that member. A new message belongs to the address it is written from. Everybody else hears that there is no such page.
 *
 * Limits: of two windows with the same draft, what is saved last stays.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Writing } from '../config/config.ts';
import { noWriting } from '../config/portal.ts';
import type { Mailbox } from '../mail/address.ts';
import { openText, sealText } from '../protect/seal.ts';
import type { AnswerRow } from '../store/answer-port.ts';
import type { PortalAddress, PortalRow, PortalSession } from '../store/portal-port.ts';
import { isId } from './entrance.ts';
import type { PortalPorts, Shared } from './ports.ts';
import { type Env, trouble } from './request.ts';
import { bestAt, rightTo } from './rights.ts';
import type { Visitor } from './session.ts';

/** Characters of text and of a subject. */
export const maxText = 100_000;
export const maxSubject = 200;
/** Drafts of one address. */
const mostDrafts = 20;

/** What is kept sealed. */
export type Content = {
  readonly kind: 'reply' | 'all' | 'new';
  /** Typed for a new message; of an answer, the Subject it was sent with. */
  readonly subject: string;
  /** As typed, for a new message. */
  readonly to: string;
  readonly text: string;
  /** Whether what is answered stands below the text. */
  readonly quote: boolean;
  readonly receipt: boolean;
  /** Whom it was sent to; empty before. */
  readonly sentTo: readonly Mailbox[];
  readonly sentCc: readonly Mailbox[];
};

export const emptyContent: Content = {
  kind: 'reply',
  subject: '',
  to: '',
  text: '',
  quote: true,
  receipt: false,
  sentTo: [],
  sentCc: [],
};

/** An answer, and who asked for it. */
export type Written = {
  readonly visitor: Visitor;
  readonly session: PortalSession;
  readonly answer: AnswerRow;
  readonly content: Content;
  /** What it answers; null for a new message. */
  readonly row: PortalRow | null;
};

export function sealContent(key: Buffer, id: string, content: Content): string {
  return sealText(key, JSON.stringify(content), `answer ${id}`);
}

/** Throws SealBroken. */
export function openContent(key: Buffer, { id, content }: Pick<AnswerRow, 'id' | 'content'>): Content {
  return { ...emptyContent, ...(JSON.parse(openText(key, content, `answer ${id}`)) as Partial<Content>) };
}

/** What people may write to a tenant. */
export function writingOf(tenant: string, { tenants }: Pick<PortalPorts, 'tenants'>): Writing {
  return tenants.find(({ id }) => id === tenant)?.portal ?? noWriting;
}

/** The answer of the path's `id`, for who may see it; else null. */
export async function findWritten(c: Context<Env>, { ports, now }: Shared, visitor: Visitor): Promise<Written | null> {
  const id = c.req.param('id') ?? '';
  const { session } = visitor;
  const answer = isId(id) && session !== null ? await ports.answers.find(id, now()) : null;
  if (answer === null || session === null) return null;
  const row = answer.delivery === null ? null : await ports.store.byDelivery(answer.delivery, now());
  if (!mayWrite(answer, row, session)) return null;
  return { visitor, session, answer, content: openContent(ports.key, answer), row };
}

/** GET: the answer, or that there is none. */
export async function written(c: Context<Env>, shared: Shared): Promise<Written | Response> {
  const visitor = await shared.sessions.visitor(c);
  if (visitor.session === null) return trouble(c, shared, 'noSession', 403);
  const found = await findWritten(c, shared, visitor);
  if (found === null) return trouble(c, shared, 'notFound', 404);
  shared.sessions.keep(c, visitor);
  return found;
}

/** Pure. */
export function mayWrite(
  answer: Pick<AnswerRow, 'tenant' | 'address' | 'author' | 'delivery' | 'state'>,
  row: PortalRow | null,
  session: PortalSession,
): boolean {
  const { tenant, address, author, delivery, state } = answer;
  if (delivery !== null) {
    if (row === null || row.tenant !== tenant || row.address !== address || !rightTo(row, session).may) return false;
  } else if (bestAt(answer, session) === null) return false;
  // What was sent is part of the conversation, which everybody at the address reads.
  if (author === '' || state === 'sent') return true;
  return session.reach.some(
    (reach) => reach.tenant === tenant && reach.address === address && reach.member?.id === author,
  );
}

/** Begins a draft, or finds the one of the same kind that was begun before. Null when the address has too many. */
export async function beginDraft(
  { ports, now }: Pick<Shared, 'ports' | 'now'>,
  session: PortalSession,
  at: PortalAddress,
  of: { readonly kind: Content['kind']; readonly row: PortalRow | null },
): Promise<string | null> {
  const { row, kind } = of;
  const author = bestAt(at, session)?.member?.id ?? '';
  const { tenant, address } = at;
  const known = await ports.answers.drafts([{ tenant, address }], now());
  const same = known.find(
    (draft) =>
      draft.author === author &&
      draft.delivery === (row?.delivery.id ?? null) &&
      openContent(ports.key, draft).kind === kind,
  );
  if (same !== undefined) return same.id;
  const id = randomUUIDv7();
  const draft = {
    id,
    tenant,
    address,
    author,
    delivery: row?.delivery.id ?? null,
    thread: row?.thread ?? '',
    content: sealContent(ports.key, id, { ...emptyContent, kind }),
    createdAt: now(),
    expiresAt: draftUntil(tenant, row, ports, now()),
  };
  return (await ports.answers.begin(draft, mostDrafts)) ? id : null;
}

export function draftUntil(tenant: string, row: PortalRow | null, ports: PortalPorts, now: number): number {
  return Math.min(now + writingOf(tenant, ports).keepDrafts, row?.expiresAt ?? Number.POSITIVE_INFINITY);
}

/** Deletes a draft with its files. */
export async function discardDraft(ports: PortalPorts, id: string): Promise<void> {
  await removeBlobs(ports, await ports.answers.discard(id));
}

/** Blobs that no row names any more; what stays behind in a crash the sweep of the spool finds. */
export async function removeBlobs({ items, emit }: PortalPorts, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await items.remove(id).catch((error: unknown) => {
      const name = error instanceof Error ? error.name : 'unknown error';
      emit({ kind: 'service.failed', component: 'web', error: name });
    });
  }
}
