/**
 * `postern queue list|retry|hold|release|bounce [ID]`: what waits, and a person's decisions about it. ID is a delivery or a message; `retry`
 * without ID means everything that is deferred, nothing that is held. The running gateway sees the change within a second.
 */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { createAccept } from '../pipeline/accept.ts';
import { failureNotices } from '../pipeline/notices.ts';
import type { Spool } from '../spool/spool.ts';
import type { DeliveryRow, MessageRow, Store } from '../store/store.ts';
import { printable, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

const actions = ['retry', 'hold', 'release', 'bounce'] as const;
type QueueVerb = (typeof actions)[number];

export async function queue(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb = 'list', id, ...more] = words;
  if (more.length > 0) throw new UsageError('postern queue takes one ID at most.');
  const { store, spool, close } = await openStorage(config);
  try {
    if (verb === 'list') {
      if (id !== undefined) throw new UsageError('postern queue list takes no ID; postern trace shows one message.');
      const queued = await store.listQueue(1_000);
      if (json) printJson(queueDocument(queued.messages, queued.deliveries));
      else process.stdout.write(queuePage(queued.messages, queued.deliveries));
      return 0;
    }
    const action = actions.find((known) => known === verb);
    if (action === undefined)
      throw new UsageError(`postern queue knows list, retry, hold, release and bounce, not "${verb}".`);
    if (id === undefined && action !== 'retry')
      throw new UsageError(`postern queue ${action} needs the ID of a delivery or message.`);
    const before = await messageState(store, id);
    const changed = await store.queueAction(id ?? null, action, Date.now(), { events: (row) => eventsOf(action, row) });
    if (action === 'bounce') await tellSenders(changed, { config, store, spool });
    const message = await messageState(store, id);
    const messageChanged = message !== null && message !== before;
    const done = changed.length > 0 || messageChanged || id === undefined;
    const error = done ? null : whyNothing(action, id ?? '', before);
    if (json)
      printJson({
        action,
        deliveries: changed.map(deliveryLine),
        ...(messageChanged ? { message } : {}),
        ...(error === null ? {} : { error }),
      });
    else if (error !== null) process.stderr.write(`${error}\n`);
    else if (changed.length === 0 && messageChanged) process.stdout.write(`${action}: the message is ${message} now\n`);
    else process.stdout.write(`${action}: ${changed.length} ${changed.length === 1 ? 'delivery' : 'deliveries'}\n`);
    return done ? 0 : 1;
  } finally {
    await close();
  }
}

/** The state of the message with this id, null when there is none or it is a delivery's id. */
async function messageState(store: Store, id: string | undefined): Promise<string | null> {
  if (id === undefined) return null;
  const found = (await store.findMessages(id)).find(({ message }) => message.id === id);
  return found?.message.state ?? null;
}

function whyNothing(action: QueueVerb, id: string, state: string | null): string {
  const fitting = {
    retry: 'deferred',
    hold: 'queued or deferred',
    release: 'held',
    bounce: 'queued, deferred, held or waiting',
  };
  const known =
    state === null
      ? `Unless ${printable(id)} is the id of a delivery, it is unknown here (postern queue list shows ids). `
      : '';
  return `${known}Nothing of ${printable(id)} is ${fitting[action]}, so there is nothing to ${action}.`;
}

/** A person's decision leaves its trace. */
function eventsOf(action: QueueVerb, { id, messageId, recipient, status, reason }: DeliveryRow): Event[] {
  const about = { message: messageId, delivery: id, recipient };
  switch (action) {
    case 'hold':
      return [{ ...about, kind: 'delivery.held', reason: 'A person held it (postern queue hold).' }];
    case 'release':
      return [{ ...about, kind: 'delivery.released', by: 'postern queue release' }];
    case 'bounce':
      return [{ ...about, kind: 'delivery.failed', method: 'none', status, reason }];
    case 'retry':
      break;
  }
  return [];
}

async function tellSenders(
  bounced: readonly DeliveryRow[],
  { config, store, spool }: { readonly config: Config; readonly store: Store; readonly spool: Spool },
): Promise<void> {
  const quiet = (): void => {};
  const { own } = createAccept({ spool, store, emit: quiet, wake: quiet });
  const notices = await failureNotices(bounced, { config, store, spool, own, now: Date.now });
  if (notices.length > 0) await store.insertMessages(notices, []);
}

function deliveryLine(delivery: DeliveryRow) {
  const { id, messageId, recipient, level, state, status, reason, attempts } = delivery;
  const nextAt = delivery.nextAt === 0 ? null : new Date(delivery.nextAt).toISOString();
  return { id, messageId, recipient, level, state, status, reason, attempts, nextAt };
}

function queueDocument(messages: readonly MessageRow[], deliveries: readonly DeliveryRow[]) {
  return {
    messages: messages.map(({ id, tenant, mailFrom, recipients, state, size }) => ({
      id,
      tenant,
      from: mailFrom,
      recipients: recipients.length,
      state,
      size,
    })),
    deliveries: deliveries.map(deliveryLine),
  };
}

function queuePage(messages: readonly MessageRow[], deliveries: readonly DeliveryRow[]): string {
  if (messages.length === 0 && deliveries.length === 0) return 'The queue is empty.\n';
  const undecided = messages.map((message) => [
    message.id,
    message.mailFrom,
    `${message.recipients.length} recipients`,
    message.state,
    '',
    '',
  ]);
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.recipient,
    delivery.level,
    delivery.state,
    time(delivery.nextAt),
    delivery.reason,
  ]);
  return `${table(['ID', 'RECIPIENT', 'LEVEL', 'STATE', 'NEXT (UTC)', 'REASON'], [...undecided, ...rows])}\n`;
}
