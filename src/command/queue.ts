/**
 * `postern queue list|retry|hold|release|bounce [ID]`: what waits, and a person's decisions about it. ID is a delivery or a message; `retry`
 * without ID means everything that is deferred. The running gateway sees the change within a second.
 */
import type { Config } from '../config/config.ts';
import type { DeliveryRow, MessageRow } from '../store/store.ts';
import { printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

const actions = ['retry', 'hold', 'release', 'bounce'] as const;

export async function queue(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb = 'list', id, ...more] = words;
  if (more.length > 0) throw new UsageError('postern queue takes one ID at most.');
  const { store, close } = await openStorage(config);
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
    if (json) printJson({ action, deliveries: changed.map(deliveryLine) });
    else process.stdout.write(`${action}: ${changed.length} ${changed.length === 1 ? 'delivery' : 'deliveries'}\n`);
    return changed.length > 0 || id === undefined ? 0 : 1;
  } finally {
    await close();
  }
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
