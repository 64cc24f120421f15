/**
 * The door of /sent/ID: a code, mailed to the address the message was sent from, shows that who asks reads it. What counts and limits is as for readers
 * (proof/code.ts), but only the browser that asked may type a code of six digits. The last code of an hour is the address's long one, so who holds the
 * link of a letter to a sender keeps nobody out.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { senderCodeMessage } from '../mail/sender-code.ts';
import type { CodeMail, PortalAddress, Proving } from '../store/portal-port.ts';
import type { SentMessage } from '../store/sender-port.ts';
import {
  type CodeLength,
  codeMinutes,
  codePause,
  codesPerHour,
  codeTries,
  groupedCode,
  hashCode,
  longCodeMinutes,
  maskAddress,
  newCode,
  reachOf,
  readCode,
} from './codes.ts';
import { byForm, type Submitted } from './entrance.ts';
import { networkKey } from './limits.ts';
import { senderDoorPage } from './pages/sender.ts';
import { domainsOf, type Shared } from './ports.ts';
import { reportWrong } from './proof/code.ts';
import { clientOf, type Env, limited, tooOften } from './request.ts';
import { type Sender, senderOf } from './sender-entrance.ts';
import type { Visitor } from './session.ts';
import type { SenderDoorView } from './views-sender.ts';

const hour = 3_600_000;

async function atDoor(c: Context<Env>, shared: Shared): Promise<(Sender & Submitted) | Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const found = await senderOf(c, shared, submitted.visitor);
  return found instanceof Response ? found : { ...found, form: submitted.form };
}

/** POST /sent/ID/new-code */
export async function askSenderCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, limits, sessions } = shared;
  const found = await atDoor(c, shared);
  if (found instanceof Response) return found;
  const { id, tenant } = found.sent;
  const network = networkKey(clientOf(c));
  const limit = limited(c, shared, { limiter: limits.codes, key: network, reason: 'codes asked for' });
  if (limit !== null) return limit;
  const visitor = await sessions.begun(c, found.visitor);
  sessions.keep(c, visitor);
  const session = visitor.session.id;
  const back = `/sent/${id}`;
  const earlier = await newestCode(shared, found.sent, session);
  // A button pressed twice mails one code.
  if (earlier !== null && earlier.sentAt > now() - codePause) return c.redirect(back, 303);
  limits.codes.count(network);
  const asked = await ports.store.countFailure(`sender codes ${id}`, now());
  if (asked > codesPerHour) {
    if ((await ports.store.longCodeOf(senderAt(found.sent), now())) !== null) return c.redirect(back, 303);
    return tooOften(c, shared, 'codes for a sender', { until: now() + hour, back, what: 'codes' }, tenant);
  }
  const length = asked === codesPerHour ? 'long' : 'short';
  const fresh = { code: newCode(length), length, mail: randomUUIDv7() } as const;
  await keepCode(shared, found.sent, session, fresh);
  if (!(await mailCode(c, shared, found, fresh))) {
    if (length === 'long') await ports.store.dropLongCode(senderAt(found.sent));
    return showSenderDoor(c, shared, { ...found, visitor }, 'not-sent');
  }
  ports.emit({ kind: 'portal.codeSent', delivery: id, client: clientOf(c) });
  return c.redirect(back, 303);
}

type Fresh = { readonly code: string; readonly length: CodeLength; readonly mail: string };

async function keepCode({ ports, now }: Shared, sent: SentMessage, session: string, fresh: Fresh): Promise<void> {
  const { code, length, mail } = fresh;
  const long = length === 'long';
  const at = senderAt(sent);
  const codeHash = hashCode(ports.key, long ? reachOf(at) : `sender ${sent.id}`, code);
  const kept = { codeHash, mail, now: now(), expiresAt: now() + minutesOf(length) * 60_000 };
  if (long) await ports.store.putLongCode({ ...at, ...kept });
  else await ports.senders.putCode({ message: sent.id, session, ...kept });
}

function minutesOf(length: CodeLength): number {
  return length === 'long' ? longCodeMinutes : codeMinutes;
}

function senderAt({ tenant, sender }: SentMessage): PortalAddress {
  return { tenant, address: addressKey(sender) };
}

/** The newest that this session asked for, or that any browser may type. */
async function newestCode(
  { ports, now }: Shared,
  sent: SentMessage,
  session: string | null,
): Promise<(CodeMail & { readonly long: boolean }) | null> {
  const long = await ports.store.longCodeOf(senderAt(sent), now());
  const own = session === null ? null : await ports.senders.codeOf(sent.id, session, now());
  if (long !== null && (own === null || long.sentAt >= own.sentAt)) return { ...long, long: true };
  return own === null ? null : { ...own, long: false };
}

async function mailCode(
  c: Context<Env>,
  { ports, now, looks }: Shared,
  { sent }: Sender,
  { code, length, mail: id }: Fresh,
): Promise<boolean> {
  const { tenant, sender } = sent;
  const voice = looks.voice(c, tenant);
  const bytes = senderCodeMessage({
    from: serviceAddress(sender, domainsOf(tenant, ports), voice.from),
    to: sender,
    voice,
    code: groupedCode(code),
    long: length === 'long',
    minutes: minutesOf(length),
    portalUrl: ports.portalUrl,
    messageId: `<${randomUUID()}@${new URL(ports.portalUrl).hostname}>`,
    date: now(),
  });
  try {
    await ports.submit({ id, tenant, kind: 'code', mailFrom: '', to: sender, bytes, requireTls: false });
    return true;
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    ports.emit({ kind: 'service.failed', component: 'web', error: name });
    return false;
  }
}

/** POST /sent/ID/code */
export async function typeSenderCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await atDoor(c, shared);
  if (found instanceof Response) return found;
  const typed = found.form.get('code') ?? '';
  const long = readCode(typed, 'long');
  if (long !== null) return typeLong(c, shared, found, long);
  const short = readCode(typed);
  if (short !== null) return typeShort(c, shared, found, short);
  shared.sessions.keep(c, found.visitor);
  return showSenderDoor(c, shared, found, 'not-six-digits');
}

async function typeShort(c: Context<Env>, shared: Shared, found: Sender, code: string): Promise<Response> {
  const { ports, sessions, limits } = shared;
  const { sent } = found;
  const client = clientOf(c);
  const key = `${networkKey(client)} ${sent.id}`;
  const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'wrong codes' });
  if (limit !== null) return limit;
  const entering = await enteringBy(c, shared, found);
  const { visitor, proving, proved } = entering;
  const codeHash = hashCode(ports.key, `sender ${sent.id}`, code);
  const attempt = { message: sent.id, codeHash, maxTries: codeTries };
  const answer = await ports.senders.tryCode(attempt, senderAt(sent), proving, [proved]);
  if (answer.kind === 'right') return enter(c, shared, entering);
  sessions.keep(c, visitor);
  limits.wrong.count(key);
  const triesLeft = answer.kind === 'wrong' ? answer.triesLeft : 0;
  ports.emit({ kind: 'portal.codeWrong', delivery: sent.id, client, triesLeft });
  return showSenderDoor(c, shared, { ...found, visitor }, triesLeft === 0 ? 'dead' : { triesLeft });
}

/** As at a reader's door. */
async function typeLong(c: Context<Env>, shared: Shared, found: Sender, code: string): Promise<Response> {
  const { ports, sessions, now } = shared;
  const at = senderAt(found.sent);
  const attempt = { ...at, delivery: null, codeHash: hashCode(ports.key, reachOf(at), code) };
  if (await ports.store.isLongCode(attempt, now())) {
    const entering = await enteringBy(c, shared, found);
    if (await ports.store.tryLongCode(attempt, entering.proving, [entering.proved])) return enter(c, shared, entering);
  }
  sessions.keep(c, found.visitor);
  reportWrong(c, shared, found.sent.id);
  const lives = (await ports.store.longCodeOf(at, now())) !== null;
  return showSenderDoor(c, shared, found, lives ? 'not-the-long-one' : 'dead');
}

/** What a right code does: what it proves, and the visitor with a new secret. */
type Entering = {
  readonly visitor: Visitor;
  readonly renewed: Visitor;
  readonly proving: Proving;
  readonly proved: Event;
  readonly to: string;
};

async function enteringBy(c: Context<Env>, { sessions, now }: Shared, { visitor, sent }: Sender): Promise<Entering> {
  const begun = await sessions.begun(c, visitor);
  const { visitor: renewed, secretHash } = sessions.renewed(begun);
  const place = { ...senderAt(sent), client: clientOf(c), delivery: null, member: null };
  return {
    visitor: begun,
    renewed,
    proving: { session: begun.session.id, newSecretHash: secretHash, now: now() },
    proved: { kind: 'portal.proved', ...place, method: 'code' },
    to: `/sent/${sent.id}`,
  };
}

function enter(c: Context<Env>, { ports, sessions }: Shared, { renewed, proved, to }: Entering): Response {
  ports.emit(proved);
  sessions.keep(c, renewed);
  return c.redirect(to, 303);
}

/** The page before the sender is proved. */
export async function showSenderDoor(
  c: Context<Env>,
  shared: Shared,
  { visitor, sent }: Sender,
  problem: SenderDoorView['problem'],
): Promise<Response> {
  const { sessions, looks } = shared;
  const asked = await newestCode(shared, sent, visitor.session?.id ?? null);
  const view: SenderDoorView = {
    id: sent.id,
    form: sessions.formToken(visitor),
    address: maskAddress(sent.sender),
    sent: asked === null ? null : { at: asked.sentAt, until: asked.expiresAt, long: asked.long },
    problem,
  };
  const status = problem === null ? 200 : problem === 'not-sent' ? 503 : 422;
  return c.html(senderDoorPage(looks.around(c, sent.tenant, `/sent/${sent.id}`), view), status);
}
