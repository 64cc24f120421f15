/**
 * How every request about a message comes in: who asks, which message, and whether they may know of it. Who brought no link and proved nothing gets one
 * and the same answer, whether the message exists or not.
 */
import type { Context } from 'hono';
import type { PortalRow, PortalSession } from '../store/portal-port.ts';
import { withdrawnPage } from './pages/sender.ts';
import type { Shared } from './ports.ts';
import { crossSite, type Env, formOf, trouble } from './request.ts';
import { mayKnow, type Right, rightTo } from './rights.ts';
import type { Visitor } from './session.ts';

/** Somebody who may know that the message waits. */
export type Entrant = { readonly visitor: Visitor; readonly row: PortalRow };

export type Submitted = { readonly visitor: Visitor; readonly form: URLSearchParams };

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** UUIDs in lower case; anything else is not worth a look into the database. */
export function isId(text: string): boolean {
  return idForm.test(text);
}

/** The message of the path's `id`, for who may know of it, whose cookie lives on; or the answer that says there is none. */
export async function entrant(c: Context<Env>, shared: Shared): Promise<Entrant | Response> {
  const { ports, now, sessions } = shared;
  const id = c.req.param('id') ?? '';
  const visitor = await sessions.visitor(c);
  const row = visitor.known && isId(id) ? await ports.store.byDelivery(id, now()) : null;
  if (row === null || !mayKnow(row, visitor)) return gone(c, shared, visitor, id);
  sessions.keep(c, visitor);
  return { visitor, row };
}

/** The same, when a form of our own pages asks for something to be done. The cookie is the caller's to keep. */
export async function entrantByForm(c: Context<Env>, shared: Shared): Promise<(Entrant & Submitted) | Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { visitor } = submitted;
  const id = c.req.param('id') ?? '';
  const row = isId(id) ? await shared.ports.store.byDelivery(id, shared.now()) : null;
  if (row === null || !mayKnow(row, visitor)) return gone(c, shared, visitor, id);
  return { ...submitted, row };
}

/** There is none, or the sender took it back: that is told to who could know of it. */
async function gone(c: Context<Env>, shared: Shared, visitor: Visitor, id: string): Promise<Response> {
  const { ports, now, looks } = shared;
  const known = visitor.known && isId(id) ? await ports.senders.withdrawn({ delivery: id }, now()) : null;
  if (known === null || !mayKnow(known, visitor)) return trouble(c, shared, 'noSession', 403);
  return c.html(withdrawnPage(looks.around(c, known.tenant, '/')), 410);
}

/** The fields of a form that came from a page of ours in this browser. */
export async function byForm(c: Context<Env>, shared: Shared): Promise<Submitted | Response> {
  const { ports, sessions } = shared;
  if (crossSite(c, ports.portalUrl)) return trouble(c, shared, 'crossSite', 403);
  const form = await formOf(c);
  if (form instanceof Response) return form;
  const visitor = await sessions.visitor(c);
  if (!sessions.formIsOurs(visitor, form.get('form'))) return trouble(c, shared, 'crossSite', 403);
  return { visitor, form };
}

/** Who may read the message, and as whom. */
export type Reader = Entrant & { readonly session: PortalSession; readonly right: Extract<Right, { may: true }> };

/** For the rooms behind: a message that may be read, or the way to its front door. */
export async function reader(c: Context<Env>, shared: Shared): Promise<Reader | Response> {
  const found = await entrant(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row } = found;
  const right = rightTo(row, visitor.session);
  if (!right.may || visitor.session === null) return trouble(c, shared, 'noSession', 403);
  return { ...found, session: visitor.session, right };
}
