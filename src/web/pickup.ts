/**
 * From the link to the message: the page behind the link, the mail with the code, and the code typed in.
 *
 * The token leaves the address bar after the first page: from there on the session (session.ts) knows which message this is about. How many codes
 * are sent and how often one may be tried is decided in the database, in one atomic step each, so a hundred guesses at once get no more
 * answers than five in a row.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { codeMessage, serviceAddress } from '../mail/compose.ts';
import { hashToken } from '../pipeline/portal.ts';
import type { PortalRow } from '../store/store.ts';
import { codeMinutes, codesPerHour, codeTries, hashCode, newCode, readCode } from './codes.ts';
import { networkKey } from './limits.ts';
import { type CodeForm, codePage, linkPage, tooManyCodesPage, troubles } from './pages.ts';
import { aroundOf, type Shared } from './ports.ts';
import {
  clientOf,
  cookiesOf,
  crossSite,
  type Env,
  formOf,
  type Handler,
  limited,
  setCookies,
  trouble,
} from './request.ts';
import { type Session, sessionLength } from './session.ts';

const hour = 3_600_000;

export async function showLink(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions } = shared;
  const row = await look(c, shared);
  if (row instanceof Response) return row;
  const session = sessions.find(cookiesOf(c), row.delivery.id);
  if (session?.stage === 'reading') {
    const open = await ports.store.bySession(sessions.storedHash(session), row.delivery.id, now());
    if (open !== null) return c.redirect(`/d/${row.delivery.id}`, 303);
  }
  return c.html(linkPage(aroundOf(row, ports), c.req.param('token') ?? ''));
}

/** For who reloads, or opens by hand, an address that only a form leads to. */
export const backToLink: Handler = (c) => c.redirect(`/m/${encodeURIComponent(c.req.param('token') ?? '')}`, 303);
export const backToCodeForm: Handler = (c) => c.redirect(`/d/${encodeURIComponent(c.req.param('id') ?? '')}/code`, 303);

export async function askCode(c: Context<Env>, shared: Shared): Promise<Response> {
  if (crossSite(c, shared.ports.portalUrl)) return trouble(c, troubles.crossSite, 403);
  const row = await look(c, shared);
  if (row instanceof Response) return row;
  return mailCode(c, shared, {
    row,
    session: shared.sessions.begin(row.delivery.id, hashToken(c.req.param('token') ?? '')),
  });
}

export async function showCodeForm(c: Context<Env>, shared: Shared): Promise<Response> {
  const asked = await asking(c, shared);
  return asked instanceof Response ? asked : showForm(c, shared, asked, null);
}

export async function askNewCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const asked = await askingByForm(c, shared);
  return asked instanceof Response ? asked : mailCode(c, shared, asked);
}

export async function tryCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions, limits } = shared;
  const asked = await askingByForm(c, shared);
  if (asked instanceof Response) return asked;
  const { session, row, form } = asked;
  const { deliveryId } = session;
  const client = clientOf(c);
  const network = networkKey(client);
  const tooOften =
    limited(c, shared, { limiter: limits.wrong, key: network, reason: 'wrong codes' }) ??
    limited(c, shared, { limiter: limits.wrongForDelivery, key: deliveryId, reason: 'wrong codes for this message' });
  if (tooOften !== null) return tooOften;
  const code = readCode(form.get('code') ?? '');
  if (code === null) return showForm(c, shared, asked, 'not-six-digits');
  const sessionHash = sessions.storedHash(session);
  const codeHash = hashCode(ports.key, { sessionHash, deliveryId }, code);
  const sessionUntil = Math.min(now() + sessionLength, row.expiresAt);
  const result = await ports.store.tryCode({
    deliveryId,
    sessionHash,
    codeHash,
    now: now(),
    maxTries: codeTries,
    sessionUntil,
  });
  if (result.kind === 'right') {
    setCookies(c, sessions.keep(sessions.confirm(session), cookiesOf(c)));
    return c.redirect(`/d/${deliveryId}`, 303);
  }
  limits.wrong.count(network);
  limits.wrongForDelivery.count(deliveryId);
  const triesLeft = result.kind === 'wrong' ? result.triesLeft : 0;
  ports.emit({ kind: 'portal.codeWrong', delivery: deliveryId, client, triesLeft });
  return showForm(c, shared, asked, triesLeft === 0 ? 'dead' : { triesLeft });
}

/** A session that asked for a code, and the message it is for. */
type Asking = { readonly session: Session; readonly row: PortalRow };

/** The same, when a form of that session's own pages asks for something to be done. */
async function askingByForm(
  c: Context<Env>,
  shared: Shared,
): Promise<(Asking & { readonly form: URLSearchParams }) | Response> {
  if (crossSite(c, shared.ports.portalUrl)) return trouble(c, troubles.crossSite, 403);
  const form = await formOf(c);
  if (form instanceof Response) return form;
  const asked = await asking(c, shared);
  if (asked instanceof Response) return asked;
  if (!shared.sessions.formIsOurs(asked.session, form.get('form'))) return trouble(c, troubles.crossSite, 403);
  return { ...asked, form };
}

/** The waiting message behind the link, or the answer that says there is none. */
async function look(c: Context<Env>, shared: Shared): Promise<PortalRow | Response> {
  const { ports, now, limits } = shared;
  const key = networkKey(clientOf(c));
  const tooOften = limited(c, shared, { limiter: limits.lookUps, key, reason: 'unknown links' });
  if (tooOften !== null) return tooOften;
  const token = c.req.param('token') ?? '';
  // 256 bits in base64url; anything else is not worth a look into the database.
  const row = /^[A-Za-z0-9_-]{43}$/.test(token) ? await ports.store.byToken(hashToken(token), now()) : null;
  if (row !== null) return row;
  limits.lookUps.count(key);
  return trouble(c, troubles.noLink, 404);
}

/** The session that asks for a code and its message, or the answer that says there is none. */
async function asking(c: Context<Env>, { ports, now, sessions }: Shared): Promise<Asking | Response> {
  const id = c.req.param('id') ?? '';
  const session = sessions.find(cookiesOf(c), id);
  if (session === null) return trouble(c, troubles.noSession, 403);
  if (session.stage === 'reading') return c.redirect(`/d/${id}`, 303);
  const row = await ports.store.byToken(session.tokenHash, now());
  return row === null || row.delivery.id !== id ? trouble(c, troubles.noLink, 404) : { session, row };
}

/** Mails a fresh code for this session and sends the browser to where it is typed; says so when it did not. */
async function mailCode(c: Context<Env>, shared: Shared, { session, row }: Asking): Promise<Response> {
  const { ports, now, sessions, limits } = shared;
  const client = clientOf(c);
  const { deliveryId } = session;
  const tooOften = limited(c, shared, { limiter: limits.codes, key: networkKey(client), reason: 'codes asked for' });
  if (tooOften !== null) return tooOften;
  limits.codes.count(networkKey(client));
  const code = newCode();
  const sessionHash = sessions.storedHash(session);
  const kept = await ports.store.putCode({
    deliveryId,
    sessionHash,
    codeHash: hashCode(ports.key, { sessionHash, deliveryId }, code),
    expiresAt: now() + codeMinutes * 60_000,
    now: now(),
    perHour: codesPerHour,
  });
  if (!kept) {
    ports.emit({ kind: 'portal.limited', delivery: deliveryId, client, reason: 'codes for this message' });
    const known = sessions.find(cookiesOf(c), deliveryId) === null ? null : deliveryId;
    return c.html(tooManyCodesPage(aroundOf(row, ports), row.codesSentSince + hour, known), 429);
  }
  if (!(await submitCode(shared, row, code, client))) return trouble(c, troubles.noCodeSent, 503);
  ports.emit({ kind: 'portal.codeSent', delivery: deliveryId, client });
  setCookies(c, sessions.keep(session, cookiesOf(c)));
  return c.redirect(`/d/${deliveryId}/code`, 303);
}

async function submitCode({ ports, now }: Shared, row: PortalRow, code: string, client: string): Promise<boolean> {
  const { organisation, domains } = aroundOf(row, ports);
  const { tenant, mailFrom } = row.message;
  const { recipient } = row.delivery;
  const bytes = codeMessage({
    from: serviceAddress(mailFrom, domains),
    to: recipient,
    sender: mailFrom,
    organisation,
    code,
    minutes: codeMinutes,
    askedFrom: client,
    portalUrl: ports.portalUrl,
    messageId: `<${randomUUID()}@${new URL(ports.portalUrl).hostname}>`,
    date: now(),
  });
  try {
    // A null reverse-path: if the code cannot be delivered, nobody is to receive it back.
    const requireTls = row.message.smtp.requireTls === true;
    await ports.submit({ tenant, kind: 'code', mailFrom: '', to: recipient, bytes, requireTls });
    return true;
  } catch (error) {
    ports.emit({
      kind: 'service.failed',
      component: 'web',
      error: error instanceof Error ? error.name : 'unknown error',
    });
    return false;
  }
}

function showForm(
  c: Context<Env>,
  { ports, sessions }: Shared,
  asked: Asking,
  problem: CodeForm['problem'],
): Response | Promise<Response> {
  const { session, row } = asked;
  const around = aroundOf(row, ports);
  const form: CodeForm = {
    deliveryId: session.deliveryId,
    formToken: sessions.formToken(session),
    sentFrom: serviceAddress(row.message.mailFrom, around.domains),
    problem,
  };
  return c.html(codePage(around, form), problem === null ? 200 : 422);
}
