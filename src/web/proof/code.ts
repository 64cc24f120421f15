/**
 * The code by mail: asked for, mailed, typed in. Who reads the recipient's mail types six digits; on this device, or on another one that brought the
 * link. How many codes are sent and how often one may be tried is decided in the database, in one atomic step each (store/portal-codes.ts).
 *
 * The page tells what happened, not what was meant to: when a code was mailed, whether the next server has it, when another may be asked for, and that
 * nothing was sent when nothing was.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../../event/event.ts';
import { codeMessage, serviceAddress } from '../../mail/compose.ts';
import type { CodeMail, PortalRow } from '../../store/portal-port.ts';
import {
  codeMinutes,
  codePause,
  codesPerAddress,
  codesPerHour,
  codesPerNetwork,
  codeTries,
  foreignTries,
  hashCode,
  maskAddress,
  newCode,
  readCode,
} from '../codes.ts';
import { type Entrant, entrant, entrantByForm } from '../entrance.ts';
import { networkKey } from '../limits.ts';
import { codePage } from '../pages/arriving.ts';
import { domainsOf, type Shared } from '../ports.ts';
import { clientOf, type Env, limited, tooOften } from '../request.ts';
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
  const earlier = await ports.store.codeOf(id, session, now());
  // A button pressed twice mails one code.
  if (earlier !== null && earlier.sentAt > now() - codePause) return c.redirect(`/d/${id}/code`, 303);
  limits.codes.count(network);
  const refuse = (until: number, what: string): Response | Promise<Response> =>
    tooOften(c, shared, what, { until, back: `/d/${id}/code`, what: 'codes' }, row.tenant);
  const mine = await ports.store.countFailure(fromNetwork(id, network), now());
  if (mine > codesPerNetwork) return refuse(now() + hour, 'codes for this message from one network');
  const code = newCode();
  const mail = randomUUIDv7();
  const kept = await ports.store.putCode({
    delivery: id,
    session,
    codeHash: hashCode(ports.key, id, code),
    mail,
    expiresAt: now() + codeMinutes * 60_000,
    now: now(),
    perHour: codesPerHour,
  });
  if (!kept) return refuse(row.codesSentSince + hour, 'codes for this message');
  const toAddress = await ports.store.countFailure(`codes to ${row.tenant} ${row.address}`, now());
  if (toAddress > codesPerAddress) {
    await ports.store.dropCode(id, session);
    return refuse(now() + hour, 'codes to this address');
  }
  if (await mailCode(c, shared, row, code, mail)) {
    ports.emit({ kind: 'portal.codeSent', delivery: id, client: clientOf(c) });
    return c.redirect(`/d/${id}/code`, 303);
  }
  await ports.store.dropCode(id, session);
  return await showForm(c, shared, { ...found, visitor }, 'not-sent');
}

/** GET /d/ID/code */
export async function showCodeForm(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrant(c, shared);
  return found instanceof Response ? found : await showForm(c, shared, found, null);
}

/** POST /d/ID/code */
export async function typeCode(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions, limits } = shared;
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { row, form } = found;
  const client = clientOf(c);
  const key = `${networkKey(client)} ${row.delivery.id}`;
  const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'wrong codes' });
  if (limit !== null) return limit;
  const visitor = await sessions.begun(c, found.visitor);
  const code = readCode(form.get('code') ?? '');
  if (code === null) {
    sessions.keep(c, visitor);
    return await showForm(c, shared, { row, visitor }, 'not-six-digits');
  }
  const id = row.delivery.id;
  const renewed = sessions.renewed(visitor);
  const { tenant, address } = row;
  const place = { tenant, address, client };
  const proved: Event = { kind: 'portal.proved', ...place, delivery: id, member: null, method: 'code' };
  const answer = await ports.store.tryCode(
    {
      delivery: id,
      codeHash: hashCode(ports.key, id, code),
      maxTries: codeTries,
      foreignPerHour: foreignTries,
    },
    { session: visitor.session.id, newSecretHash: renewed.secretHash, now: now() },
    [proved],
  );
  if (answer.kind === 'right') {
    ports.emit(proved);
    sessions.keep(c, renewed.visitor);
    return c.redirect(`/d/${id}`, 303);
  }
  sessions.keep(c, visitor);
  limits.wrong.count(key);
  const triesLeft = answer.kind === 'wrong' ? answer.triesLeft : 0;
  ports.emit({ kind: 'portal.codeWrong', delivery: id, client, triesLeft });
  return await showForm(c, shared, { row, visitor }, triesLeft === 0 ? 'dead' : { triesLeft });
}

/** What counts the codes that one network asks for. */
function fromNetwork(delivery: string, network: string): string {
  return `codes ${delivery} to ${network}`;
}

async function mailCode(
  c: Context<Env>,
  { ports, now, looks }: Shared,
  row: PortalRow,
  code: string,
  id: string,
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
    code,
    minutes: codeMinutes,
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
  { ports, now, sessions, looks }: Shared,
  { visitor, row }: Entrant,
  problem: CodeView['problem'],
): Promise<Response> {
  const { delivery, message, codesSent, codesSentSince } = row;
  const { session } = visitor;
  const sent = session === null ? null : await ports.store.codeOf(delivery.id, session.id, now());
  const asked = await ports.store.failures(fromNetwork(delivery.id, networkKey(clientOf(c))), now());
  const nextInHour = codesSent >= codesPerHour ? codesSentSince + hour : asked >= codesPerNetwork ? now() + hour : 0;
  const nextAfterPause = sent !== null && problem !== 'dead' ? sent.sentAt + codePause : 0;
  const againAt = Math.max(nextInHour, nextAfterPause);
  const view: CodeView = {
    deliveryId: delivery.id,
    form: sessions.formToken(visitor),
    address: maskAddress(delivery.recipient),
    sentFrom: serviceAddress(message.mailFrom, domainsOf(message.tenant, ports), looks.voice(c, message.tenant).from),
    sent: sent === null ? null : { at: sent.sentAt, until: sent.expiresAt, mail: progressOf(sent) },
    againAt: againAt > now() ? againAt : 0,
    problem,
    minutes: codeMinutes,
  };
  const here = looks.around(c, row.tenant, `/d/${delivery.id}/code`);
  return c.html(codePage(here, view), problem === null ? 200 : problem === 'not-sent' ? 503 : 422);
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
