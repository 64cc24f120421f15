/** Rows to the words of store.ts and back. What is JSON in a row was written here, so it is read without asking what it is. */
import type { Selectable } from 'kysely';
import type { Event } from '../event/event.ts';
import type { Remote } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import { type Actions, noActions } from '../policy/verdict.ts';
import type { DeliveryTable, MessageTable } from './schema.ts';
import type { DeliveryRow, MessageRow, NewDelivery, NewMessage, SmtpOptions } from './store.ts';

/** The columns of a MessageRow: all but the facts, which can be long. */
export const messageColumns = [
  'id',
  'tenant',
  'kind',
  'mail_from',
  'recipients',
  'message_id',
  'size',
  'header_size',
  'received_at',
  'spool_id',
  'spool_key',
  'spool_size',
  'smtp',
  'state',
  'attempts',
  'about',
] as const satisfies readonly (keyof MessageTable)[];

/** Milliseconds of waiting that outweigh one step of priority. */
const priorityStep = 3_600_000;

/** The columns of a DeliveryRow. */
export const deliveryColumns = [
  'id',
  'message_id',
  'recipient',
  'destination',
  'level',
  'rules',
  'because',
  'steps',
  'otherwise',
  'subject',
  'state',
  'status',
  'step',
  'attempts',
  'crashes',
  'created_at',
  'next_at',
  'warned',
  'reason',
  'remote',
  'settled_at',
  'actions',
  'priority',
] as const satisfies readonly (keyof DeliveryTable)[];

type MessageColumns = Pick<Selectable<MessageTable>, (typeof messageColumns)[number]>;
type DeliveryColumns = Pick<Selectable<DeliveryTable>, (typeof deliveryColumns)[number]>;

export function messageFromRow(row: MessageColumns): MessageRow {
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind,
    mailFrom: row.mail_from,
    recipients: JSON.parse(row.recipients) as string[],
    messageId: row.message_id,
    size: row.size,
    headerSize: row.header_size,
    receivedAt: row.received_at,
    spool: { id: row.spool_id, wrappedKey: row.spool_key, size: row.spool_size },
    smtp: JSON.parse(row.smtp) as SmtpOptions,
    state: row.state,
    attempts: row.attempts,
    ...(row.about === null ? {} : { about: row.about }),
  };
}

export function messageToRow(message: NewMessage): Selectable<MessageTable> {
  return {
    id: message.id,
    tenant: message.tenant,
    kind: message.kind,
    mail_from: message.mailFrom,
    recipients: JSON.stringify(message.recipients),
    message_id: message.messageId,
    size: message.size,
    header_size: message.headerSize,
    received_at: message.receivedAt,
    spool_id: message.spool.id,
    spool_key: message.spool.wrappedKey,
    spool_size: message.spool.size,
    smtp: JSON.stringify(message.smtp),
    state: 'received',
    attempts: 0,
    lease_until: 0,
    bytes: 'needed',
    reason: '',
    policy_version: '',
    sealed_facts: '',
    about: message.about ?? null,
  };
}

export function deliveryFromRow(row: DeliveryColumns): DeliveryRow {
  return {
    id: row.id,
    messageId: row.message_id,
    recipient: row.recipient,
    destination: row.destination,
    level: row.level,
    rules: JSON.parse(row.rules) as string[],
    because: JSON.parse(row.because) as string[],
    steps: JSON.parse(row.steps) as Step[],
    otherwise: row.otherwise,
    subject: row.subject,
    actions: { ...noActions, ...(JSON.parse(row.actions) as Partial<Actions>) },
    priority: row.priority,
    state: row.state,
    status: row.status,
    step: row.step,
    attempts: row.attempts,
    crashes: row.crashes,
    createdAt: row.created_at,
    nextAt: row.next_at,
    warned: row.warned === 1,
    reason: row.reason,
    remote: row.remote === null ? null : { ...shortEvidence, ...(JSON.parse(row.remote) as Partial<Remote>) },
    settledAt: row.settled_at,
  };
}

/** What rows have that were written before there was more of it. */
const shortEvidence: Remote = {
  mx: null,
  ip: null,
  tls: null,
  cipher: null,
  level: 'may',
  verifiedBy: null,
  certificateSha256: null,
  certificateNames: [],
  at: 0,
  reply: null,
};

export function deliveryToRow(delivery: NewDelivery, now: number): Selectable<DeliveryTable> {
  const ended = delivery.state === 'failed';
  return {
    id: delivery.id,
    message_id: delivery.messageId,
    recipient: delivery.recipient,
    destination: delivery.destination,
    level: delivery.level,
    rules: JSON.stringify(delivery.rules),
    because: JSON.stringify(delivery.because),
    steps: JSON.stringify(delivery.steps),
    otherwise: delivery.otherwise,
    subject: delivery.subject,
    state: delivery.state,
    status: delivery.status,
    step: 0,
    attempts: 0,
    crashes: 0,
    created_at: now,
    next_at: now,
    lease_until: 0,
    warned: 0,
    reason: '',
    remote: null,
    settled_at: ended ? now : null,
    needs_bytes: ended ? 0 : 1,
    actions: JSON.stringify(delivery.actions),
    priority: delivery.priority,
    turn: now + delivery.priority * priorityStep,
  };
}

/** An event as stored: the columns that are searched by, and the rest as JSON. */
export function eventToColumns(event: Event): {
  kind: string;
  message: string | null;
  delivery: string | null;
  tenant: string | null;
  detail: string;
} {
  const { kind, message, delivery, tenant, ...detail } = event as Event & {
    message?: string;
    delivery?: string | null;
    tenant?: string | null;
  };
  return {
    kind,
    message: message ?? null,
    delivery: delivery ?? null,
    tenant: tenant ?? null,
    detail: JSON.stringify(detail),
  };
}

export function eventFromColumns(row: {
  kind: string;
  message: string | null;
  delivery: string | null;
  tenant: string | null;
  detail: string;
}): Event {
  const { kind, message, delivery, tenant, detail } = row;
  const named = Object.fromEntries(Object.entries({ message, delivery, tenant }).filter(([, value]) => value !== null));
  return { kind, ...named, ...(JSON.parse(detail) as object) } as Event;
}
