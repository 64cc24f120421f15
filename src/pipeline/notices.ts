/**
 * The messages of our own that follow from a delivery: the report (DSN) or delay notice to the sender, and the notification to a portal
 * recipient. They are stored here and their rows are written in the transaction that settles the delivery, so neither can exist
 * without the other.
 *
 * Who is told: the envelope's sender, unless it is null or NOTIFY said otherwise. One report names all recipients that ended the same way
 * in the same attempt: they shared a transaction, and the report goes to the one who addressed them.
 *
 * Limits: no report of success; where a next server takes DSN requests it is asked to report itself.
 */
import { randomUUIDv7 } from 'node:crypto';
import { plainBranding } from '../config/branding.ts';
import type { Config } from '../config/config.ts';
import { addressKey } from '../mail/address.ts';
import { notificationMessage, serviceAddress } from '../mail/compose.ts';
import { buildReport } from '../mail/dsn.ts';
import { authorsOf, editHeader, fieldsNamed, parseHeader, valuesOf } from '../mail/header.ts';
import type { Next, Outcome } from '../plan/delivery.ts';
import type { Proof } from '../policy/verdict.ts';
import type { ClaimedDelivery, DeliveryRow, MessageRow, NewMessage, Store } from '../store/store.ts';
import type { Accept } from './accept.ts';
import type { OctetPorts } from './octets.ts';
import { answerNotices } from './portal-answer.ts';
import { readHeader } from './stored-header.ts';
import { type VoicePorts, voiceFor } from './voice.ts';

export type NoticePorts = Pick<OctetPorts, 'spool'> & {
  readonly config: Config;
  readonly own: Accept['own'];
  readonly now: () => number;
};

export type Ended = { readonly delivery: ClaimedDelivery; readonly outcome: Outcome; readonly next: Next };

/** The reports that the sender gets for what ended, or was put off for long, in one attempt. */
export async function noticesFor(
  message: MessageRow,
  ended: readonly Ended[],
  ports: NoticePorts,
): Promise<NewMessage[]> {
  if (message.mailFrom === '') return [];
  if (message.kind === 'answer') return await answerNotices(message, ended, ports);
  const notices: NewMessage[] = [];
  for (const notify of ['failure', 'delay'] as const) {
    const told = ended.filter(
      ({ delivery, next }) => next.notify === notify && wanted(message, delivery.recipient, notify),
    );
    if (told.length > 0) notices.push(await report(message, notify, told, ports));
  }
  return notices;
}

/** Reports on deliveries that a person, or the end of their time in the portal, ended; the rows say why. */
export async function failureNotices(
  failed: readonly DeliveryRow[],
  ports: NoticePorts & { readonly store: Pick<Store, 'findMessages'> },
): Promise<NewMessage[]> {
  const notices: NewMessage[] = [];
  for (const [messageId, deliveries] of Map.groupBy(failed, (delivery) => delivery.messageId)) {
    const [found] = await ports.store.findMessages(messageId);
    if (found === undefined) continue;
    const ended = deliveries.map((delivery): Ended => {
      const { step, attempts, warned, remote, status, reason } = delivery;
      const outcome: Outcome = { kind: 'failed', scope: 'recipient', status, reason, remote };
      const settled = { state: 'failed', step, attempts, nextAt: 0, status, reason, warned } as const;
      const next = { ...settled, notify: 'failure', fellBackTo: null } as const;
      return { delivery: { ...delivery, message: found.message }, outcome, next };
    });
    notices.push(...(await noticesFor(found.message, ended, ports)));
  }
  return notices;
}

/** RFC 3461 section 4.1: without NOTIFY a failure is reported, and a delay where it is our custom. */
function wanted(message: MessageRow, recipient: string, notify: 'failure' | 'delay'): boolean {
  const asked = message.smtp.dsn[recipient]?.notify ?? null;
  return asked === null || asked.includes(notify.toUpperCase());
}

async function report(
  message: MessageRow,
  notify: 'failure' | 'delay',
  told: readonly Ended[],
  ports: NoticePorts,
): Promise<NewMessage> {
  const { config } = ports;
  const header = await safeHeader(message, told, ports);
  const [subject] = valuesOf(parseHeader(header), 'Subject');
  // A tenant may have left the configuration since.
  const { language, timeZone } =
    config.tenants.find(({ id }) => id === message.tenant)?.branding ?? plainBranding(config.hostname);
  const bytes = buildReport({
    kind: notify === 'failure' ? 'failed' : 'delayed',
    hostname: config.hostname,
    to: message.mailFrom,
    language,
    timeZone,
    original: {
      messageId: message.messageId,
      ...(subject === undefined ? {} : { subject }),
      header,
      envid: message.smtp.envid,
      receivedAt: message.receivedAt,
    },
    recipients: told.map(({ delivery, outcome, next }) => {
      const remote = outcome.kind === 'waiting' ? null : outcome.remote;
      return {
        address: delivery.recipient,
        orcpt: message.smtp.dsn[delivery.recipient]?.orcpt ?? null,
        status: next.status,
        remoteMx: remote?.mx ?? null,
        remoteReply: remote?.reply ?? null,
        reason: next.reason,
        rules: delivery.rules,
        lastAttemptAt: ports.now(),
        ...(notify === 'delay' ? { retryUntil: delivery.createdAt + config.delivery.retry.giveUpAfter } : {}),
      };
    }),
    now: ports.now(),
    id: randomUUIDv7(),
  });
  const kind = notify === 'failure' ? 'dsn' : 'delay';
  const requireTls = message.smtp.requireTls === true;
  return ports.own({ tenant: message.tenant, kind, mailFrom: '', to: message.mailFrom, bytes, requireTls });
}

/**
 * What a report may repeat of the message. Reports travel like any mail, so the Subject of a message that was to be protected is left out. A message
 * whose bytes are deleted already (someone else ended it meanwhile) is reported without its header rather than not at all.
 */
async function safeHeader(message: MessageRow, told: readonly Ended[], ports: NoticePorts): Promise<Buffer> {
  const gone = message.spool.wrappedKey === '';
  const header = gone ? Buffer.alloc(0) : await readHeader(message, ports.spool);
  if (told.every(({ delivery }) => delivery.level === 'none')) return header;
  const subjects = fieldsNamed(parseHeader(header), 'subject');
  return editHeader(
    header,
    subjects.map((field) => ({ kind: 'remove', field })),
  );
}

/** What was published in the portal, as far as the recipient is told. */
type Published = {
  readonly token: string;
  readonly expiresAt: number;
  readonly demand: Proof;
  /** Null when it must not be told. */
  readonly subject: string | null;
};

/**
 * The notification goes out with the sender's own reverse-path, so that a recipient's server that refuses it makes the sender hear of it,
 * like any mail of theirs that bounces.
 */
export async function portalNotice(
  delivery: ClaimedDelivery,
  link: Published,
  ports: NoticePorts & VoicePorts,
): Promise<NewMessage> {
  const { message } = delivery;
  const { config } = ports;
  const tenant = config.tenants.find((known) => known.id === message.tenant);
  if (tenant === undefined || config.web === null) throw new Error('a portal step without a tenant or a portal');
  const fields = parseHeader(await readHeader(message, ports.spool));
  const { branding } = tenant;
  const [author] = authorsOf(fields).mailboxes;
  const sender = author?.address ?? message.mailFrom;
  const bytes = notificationMessage({
    from: serviceAddress(message.mailFrom, tenant.domains, branding.from),
    to: delivery.recipient,
    sender,
    senderName: author?.name ?? '',
    voice: await voiceFor(branding, { tenant: tenant.id, address: addressKey(delivery.recipient) }, ports),
    link: `${config.web.portalUrl}/m/${link.token}`,
    expiresAt: link.expiresAt,
    subject: link.subject,
    byCode: link.demand === 'code',
    originalMessageId: message.messageId,
    originalReferences: valuesOf(fields, 'references')[0] ?? '',
    messageId: `<${randomUUIDv7()}@${config.hostname}>`,
    date: ports.now(),
  });
  return ports.own({
    tenant: message.tenant,
    kind: 'notification',
    about: delivery.id,
    mailFrom: message.mailFrom,
    to: delivery.recipient,
    bytes,
    requireTls: message.smtp.requireTls === true,
  });
}
