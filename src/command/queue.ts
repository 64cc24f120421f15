/**
 * `postern queue list|retry|hold|release|bounce [ID]`: what waits, and a person's decisions about it. ID is a delivery or a message; `retry`
 * without ID means everything that is deferred. The running gateway sees the change within a second.
 */
import type { Config } from '../config/config.ts';
import { createAccept } from '../pipeline/accept.ts';
import { failureNotices } from '../pipeline/notices.ts';
import type { Spool } from '../spool/spool.ts';
import type { DeliveryRow, MessageRow, Store } from '../store/store.ts';
import { printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

const actions = ['retry', 'hold', 'release', 'bounce'] as const;

export async function queue(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb = 'list', id, ...more] = words;
  if (more.length > 0) throw new UsageError('postern queue takes one ID at most.');
  const { store, spool, close } = await openStorage(config);
  try {
    if (verb === 'list') {
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
    const changed = await store.queueAction(id ?? null, action, Date.now());
    if (action === 'bounce') await tellSenders(changed, { config, store, spool });
    if (json) printJson({ action, deliveries: changed.map(deliveryLine) });
    else process.stdout.write(`${action}: ${changed.length} ${changed.length === 1 ? 'delivery' : 'deliveries'}\n`);
    return changed.length > 0 || id === undefined ? 0 : 1;
  } finally {
    await close();
  }
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
