/**
 * The code by mail: asked for, mailed, typed in. Who reads the recipient's mail types six digits; on this device, or on another one that brought the
 * link. The last code of an hour is a long one (codes.ts says why). How many codes are sent and how often one may be tried is decided in the database, in one atomic step each (store/portal-codes.ts).
 *
 * The page tells what happened, not what was meant to: when a code was mailed, whether the next server has it, when another may be asked for, and that
 * nothing was sent when nothing was.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../../event/event.ts';
import { codeMessage, serviceAddress } from '../../mail/compose.ts';
import type { CodeMail, PortalRow, PortalSession, Proving } from '../../store/portal-port.ts';
import {
  type CodeLength,
  codeMinutes,
  codePause,
  codesPerAddress,
  codesPerHour,
  codeTries,
  foreignTries,
  groupedCode,
  hashCode,
  longCodeMinutes,
  maskAddress,
  newCode,
  reachOf,
  readCode,
} from '../codes.ts';
import { type Entrant, entrant, entrantByForm } from '../entrance.ts';
import { networkKey } from '../limits.ts';
import { codePage } from '../pages/arriving.ts';
import { domainsOf, type Shared } from '../ports.ts';
import { clientOf, type Env, limited, tooOften } from '../request.ts';
import type { Visitor } from '../session.ts';
import type { CodeView } from '../views.ts';

const hour = 3_600_000;

/** POST /d/ID/new-code */
export async function askCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, limits, sessions } = shared;
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { row } = found;
  const id = row.delivery.id;
  const network = networkKey(clientOf(c));
  const limit = limited(c, shared, { limiter: limits.codes, key: network, reason: 'codes asked for' });
  if (limit !== null) return limit;
  const visitor = await sessions.begun(c, found.visitor);
  sessions.keep(c, visitor);
  const session = visitor.session.id;
  const earlier = await newestCode(shared, row, session);
  // A button pressed twice mails one code.
  if (earlier !== null && earlier.sentAt > now() - codePause) return c.redirect(`/d/${id}/code`, 303);
  const forMessage = await ports.store.countCode(id, now(), codesPerHour);
  if (forMessage === null) return noMore(c, shared, row, row.codesSentSince + hour, 'codes for this message');
  const forAddress = await ports.store.countFailure(`codes to ${reachOf(row)}`, now());
  if (forAddress > codesPerAddress) {
    await ports.store.uncountCode(id);
    return noMore(c, shared, row, now() + hour, 'codes to this address');
  }
  limits.codes.count(network);
  const length = forMessage === codesPerHour || forAddress === codesPerAddress ? 'long' : 'short';
  const fresh = { code: newCode(length), length, mail: randomUUIDv7() } as const;
  await keepCode(shared, row, session, fresh);
  if (await mailCode(c, shared, row, fresh)) {
    ports.emit({ kind: 'portal.codeSent', delivery: id, client: clientOf(c) });
    return c.redirect(`/d/${id}/code`, 303);
  }
  await ports.store.uncountCode(id);
  if (length === 'long') await ports.store.dropLongCode(row);
  else await ports.store.dropCode(id, session);
  return await showForm(c, shared, { ...found, visitor }, 'not-sent');
}

type Fresh = { readonly code: string; readonly length: CodeLength; readonly mail: string };

async function keepCode({ ports, now }: Shared, row: PortalRow, session: string, fresh: Fresh): Promise<void> {
  const { code, length, mail } = fresh;
  const { tenant, address, delivery } = row;
  const long = length === 'long';
  const codeHash = hashCode(ports.key, long ? reachOf(row) : delivery.id, code);
  const kept = { codeHash, mail, expiresAt: now() + minutesOf(length) * 60_000, now: now() };
  if (long) await ports.store.putLongCode({ tenant, address, ...kept });
  else await ports.store.putCode({ delivery: delivery.id, session, ...kept });
}

function minutesOf(length: CodeLength): number {
  return length === 'long' ? longCodeMinutes : codeMinutes;
}

/** No more are mailed for now; while the last one is good, here is where to type it. */
async function noMore(
  c: Context<Env>,
  shared: Shared,
  row: PortalRow,
  until: number,
  reason: string,
): Promise<Response> {
  const back = `/d/${row.delivery.id}/code`;
  if ((await shared.ports.store.longCodeOf(row, shared.now())) === null)
    return await tooOften(c, shared, reason, { until, back, what: 'codes' }, row.tenant);
  shared.ports.emit({ kind: 'portal.limited', delivery: row.delivery.id, client: clientOf(c), reason });
  return c.redirect(back, 303);
}

/** The newest that this session asked for, or that any browser may type. */
async function newestCode(
  { ports, now }: Shared,
  row: PortalRow,
  session: string | null,
): Promise<(CodeMail & { readonly length: CodeLength }) | null> {
  const long = await ports.store.longCodeOf(row, now());
  const own = session === null ? null : await ports.store.codeOf(row.delivery.id, session, now());
  if (long !== null && (own === null || long.sentAt >= own.sentAt)) return { ...long, length: 'long' };
  return own === null ? null : { ...own, length: 'short' };
}

/** GET /d/ID/code */
export async function showCodeForm(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrant(c, shared);
  return found instanceof Response ? found : await showForm(c, shared, found, null);
}

/** POST /d/ID/code */
export async function typeCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const typed = found.form.get('code') ?? '';
  const long = readCode(typed, 'long');
  return long === null ? typeShort(c, shared, found, readCode(typed)) : typeLong(c, shared, found, long);
}

/** `code`: null when it has not six digits. */
async function typeShort(c: Context<Env>, shared: Shared, found: Entrant, code: string | null): Promise<Response> {
  const { ports, sessions, limits } = shared;
  const { row } = found;
  const id = row.delivery.id;
  const client = clientOf(c);
  const key = `${networkKey(client)} ${id}`;
  const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'wrong codes' });
  if (limit !== null) return limit;
  if (code === null) {
    sessions.keep(c, found.visitor);
    return await showForm(c, shared, found, 'not-six-digits');
  }
  const visitor = await sessions.begun(c, found.visitor);
  const entering = enteringBy(c, shared, row, visitor);
  const answer = await ports.store.tryCode(
    {
      delivery: id,
      codeHash: hashCode(ports.key, id, code),
      maxTries: codeTries,
      foreignPerHour: foreignTries,
    },
    entering.proving,
    [entering.proved],
  );
  if (answer.kind === 'right') return enter(c, shared, entering);
  sessions.keep(c, visitor);
  limits.wrong.count(key);
  const triesLeft = answer.kind === 'wrong' ? answer.triesLeft : 0;
  ports.emit({ kind: 'portal.codeWrong', delivery: id, client, triesLeft });
  return await showForm(c, shared, { row, visitor }, triesLeft === 0 ? 'dead' : { triesLeft });
}

/** Not limited: there is nothing to guess, and a limit would keep out who is on the same network. So a wrong one leaves nothing, and few are reported. */
async function typeLong(c: Context<Env>, shared: Shared, found: Entrant, code: string): Promise<Response> {
  const { ports, sessions, now } = shared;
  const { row } = found;
  const { tenant, address } = row;
  const delivery = row.delivery.id;
  const attempt = { tenant, address, delivery, codeHash: hashCode(ports.key, reachOf(row), code) };
  if (await ports.store.isLongCode(attempt, now())) {
    const entering = enteringBy(c, shared, row, await sessions.begun(c, found.visitor));
    if (await ports.store.tryLongCode(attempt, entering.proving, [entering.proved])) return enter(c, shared, entering);
  }
  sessions.keep(c, found.visitor);
  reportWrong(c, shared, delivery);
  const lives = (await ports.store.longCodeOf(row, now())) !== null;
  return await showForm(c, shared, found, lives ? 'not-the-long-one' : 'dead');
}

/** A wrong long code; `about`: the delivery, or the message of a sender. */
export function reportWrong(c: Context<Env>, { ports, limits }: Shared, about: string): void {
  const client = clientOf(c);
  const key = `long ${networkKey(client)} ${about}`;
  if (limits.wrong.waitFor(key) > 0) return;
  limits.wrong.count(key);
  ports.emit({ kind: 'portal.codeWrong', delivery: about, client, triesLeft: 0 });
}

/** What a right code does: what it proves, and the visitor with a new secret. */
type Entering = { readonly renewed: Visitor; readonly proving: Proving; readonly proved: Event; readonly to: string };

function enteringBy(
  c: Context<Env>,
  { sessions, now }: Shared,
  { tenant, address, delivery: { id } }: PortalRow,
  visitor: Visitor & { readonly session: PortalSession },
): Entering {
  const { visitor: renewed, secretHash } = sessions.renewed(visitor);
  const place = { tenant, address, client: clientOf(c) };
  return {
    renewed,
    proving: { session: visitor.session.id, newSecretHash: secretHash, now: now() },
    proved: { kind: 'portal.proved', ...place, delivery: id, member: null, method: 'code' },
    to: `/d/${id}`,
  };
}

function enter(c: Context<Env>, { ports, sessions }: Shared, { renewed, proved, to }: Entering): Response {
  ports.emit(proved);
  sessions.keep(c, renewed);
  return c.redirect(to, 303);
}

async function mailCode(
  c: Context<Env>,
  { ports, now, looks }: Shared,
  row: PortalRow,
  { code, length, mail: id }: Fresh,
): Promise<boolean> {
  const { tenant, mailFrom, smtp } = row.message;
  const spoken = looks.voice(c, tenant);
  const { phrase } = await ports.greetings.of(row);
  const voice = { ...spoken, phrase: phrase ?? spoken.phrase };
  const { recipient } = row.delivery;
  const bytes = codeMessage({
    from: serviceAddress(mailFrom, domainsOf(tenant, ports), voice.from),
    to: recipient,
    sender: mailFrom,
    voice,
    code: groupedCode(code),
    long: length === 'long',
    minutes: minutesOf(length),
    askedFrom: clientOf(c),
    portalUrl: ports.portalUrl,
    messageId: `<${randomUUID()}@${new URL(ports.portalUrl).hostname}>`,
    date: now(),
  });
  try {
    // A null reverse-path: if the code cannot be delivered, nobody is to receive it back.
    const requireTls = smtp.requireTls === true;
    await ports.submit({ id, tenant, kind: 'code', mailFrom: '', to: recipient, bytes, requireTls });
    return true;
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    ports.emit({ kind: 'service.failed', component: 'web', error: name });
    return false;
  }
}

async function showForm(
  c: Context<Env>,
  shared: Shared,
  { visitor, row }: Entrant,
  problem: CodeView['problem'],
): Promise<Response> {
  const { ports, now, sessions, looks } = shared;
  const { delivery, message, codesSent, codesSentSince } = row;
  const newest = await newestCode(shared, row, visitor.session?.id ?? null);
  const nextInHour = codesSent >= codesPerHour ? codesSentSince + hour : 0;
  const nextAfterPause = newest !== null && problem !== 'dead' ? newest.sentAt + codePause : 0;
  const againAt = Math.max(nextInHour, nextAfterPause);
  const view: CodeView = {
    deliveryId: delivery.id,
    form: sessions.formToken(visitor),
    address: maskAddress(delivery.recipient),
    sentFrom: serviceAddress(message.mailFrom, domainsOf(message.tenant, ports), looks.voice(c, message.tenant).from),
    sent: newest === null ? null : sentOf(newest),
    againAt: againAt > now() ? againAt : 0,
    problem,
    minutes: codeMinutes,
  };
  const here = looks.around(c, row.tenant, `/d/${delivery.id}/code`);
  return c.html(codePage(here, view), problem === null ? 200 : problem === 'not-sent' ? 503 : 422);
}

function sentOf(newest: CodeMail & { readonly length: CodeLength }): NonNullable<CodeView['sent']> {
  const { sentAt: at, expiresAt: until, length } = newest;
  return { at, until, long: length === 'long', mail: progressOf(newest) };
}

/** What became of the mail with the code, as far as the next server goes. */
function progressOf({ mail }: CodeMail): NonNullable<CodeView['sent']>['mail'] {
  switch (mail) {
    case null:
      return 'unknown';
    case 'delivered':
      return 'delivered';
    case 'deferred':
      return 'delayed';
    case 'failed':
    case 'dropped':
      return 'failed';
    default:
      return 'on its way';
  }
}
