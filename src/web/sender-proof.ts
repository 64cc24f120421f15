/**
 * The door of /sent/ID: a code, mailed to the address the message was sent from, shows that who asks reads it. What counts and limits is as for readers
 * (proof/code.ts), but only the browser that asked may type the code.
 *
 * Limits: there is no long code here, so who holds the link of a sender's letter can use up the codes of an hour; `postern portal` does the same meanwhile.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { senderCodeMessage } from '../mail/sender-code.ts';
import { codeMinutes, codePause, codesPerHour, codeTries, hashCode, maskAddress, newCode, readCode } from './codes.ts';
import { byForm, type Submitted } from './entrance.ts';
import { networkKey } from './limits.ts';
import { senderDoorPage } from './pages/sender.ts';
import { domainsOf, type Shared } from './ports.ts';
import { clientOf, type Env, limited, tooOften } from './request.ts';
import { type Sender, senderOf } from './sender-entrance.ts';
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
  const earlier = await ports.senders.codeOf(id, session, now());
  // A button pressed twice mails one code.
  if (earlier !== null && earlier.sentAt > now() - codePause) return c.redirect(back, 303);
  limits.codes.count(network);
  const code = newCode();
  const mail = randomUUIDv7();
  const codeHash = hashCode(ports.key, `sender ${id}`, code);
  const expiresAt = now() + codeMinutes * 60_000;
  const kept = { message: id, session, codeHash, mail, expiresAt, now: now(), perHour: codesPerHour };
  if (!(await ports.senders.putCode(kept)))
    return tooOften(c, shared, 'codes for a sender', { until: now() + hour, back, what: 'codes' }, tenant);
  if (!(await mailCode(c, shared, found, code, mail)))
    return showSenderDoor(c, shared, { ...found, visitor }, 'not-sent');
  ports.emit({ kind: 'portal.codeSent', delivery: id, client: clientOf(c) });
  return c.redirect(back, 303);
}

async function mailCode(
  c: Context<Env>,
  { ports, now, looks }: Shared,
  { sent }: Sender,
  code: string,
  id: string,
): Promise<boolean> {
  const { tenant, sender } = sent;
  const voice = looks.voice(c, tenant);
  const bytes = senderCodeMessage({
    from: serviceAddress(sender, domainsOf(tenant, ports), voice.from),
    to: sender,
    voice,
    code,
    minutes: codeMinutes,
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
  const { ports, now, sessions, limits } = shared;
  const found = await atDoor(c, shared);
  if (found instanceof Response) return found;
  const { sent } = found;
  const client = clientOf(c);
  const key = `${networkKey(client)} ${sent.id}`;
  const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'wrong codes' });
  if (limit !== null) return limit;
  const visitor = await sessions.begun(c, found.visitor);
  const code = readCode(found.form.get('code') ?? '');
  if (code === null) {
    sessions.keep(c, visitor);
    return showSenderDoor(c, shared, { ...found, visitor }, 'not-six-digits');
  }
  const renewed = sessions.renewed(visitor);
  const sender = { tenant: sent.tenant, address: addressKey(sent.sender) };
  const proved: Event = { kind: 'portal.proved', ...sender, client, delivery: null, member: null, method: 'code' };
  const answer = await ports.senders.tryCode(
    { message: sent.id, codeHash: hashCode(ports.key, `sender ${sent.id}`, code), maxTries: codeTries },
    sender,
    { session: visitor.session.id, newSecretHash: renewed.secretHash, now: now() },
    [proved],
  );
  if (answer.kind === 'right') {
    ports.emit(proved);
    sessions.keep(c, renewed.visitor);
    return c.redirect(`/sent/${sent.id}`, 303);
  }
  sessions.keep(c, visitor);
  limits.wrong.count(key);
  const triesLeft = answer.kind === 'wrong' ? answer.triesLeft : 0;
  ports.emit({ kind: 'portal.codeWrong', delivery: sent.id, client, triesLeft });
  return showSenderDoor(c, shared, { ...found, visitor }, triesLeft === 0 ? 'dead' : { triesLeft });
}

/** The page before the sender is proved. */
export async function showSenderDoor(
  c: Context<Env>,
  { ports, now, sessions, looks }: Shared,
  { visitor, sent }: Sender,
  problem: SenderDoorView['problem'],
): Promise<Response> {
  const { session } = visitor;
  const asked = session === null ? null : await ports.senders.codeOf(sent.id, session.id, now());
  const view: SenderDoorView = {
    id: sent.id,
    form: sessions.formToken(visitor),
    address: maskAddress(sent.sender),
    sent: asked === null ? null : { at: asked.sentAt, until: asked.expiresAt },
    problem,
  };
  const status = problem === null ? 200 : problem === 'not-sent' ? 503 : 422;
  return c.html(senderDoorPage(looks.around(c, sent.tenant, `/sent/${sent.id}`), view), status);
}
