/** The queue as a person sees it: looking a message up, listing what has not ended, and the four things one can do to it. */
import { randomUUIDv7 } from 'node:crypto';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { noActions, usualPriority } from '../policy/verdict.ts';
import { deliveryColumns, deliveryFromRow, deliveryToRow, messageColumns, messageFromRow } from './codec.ts';
import { insertEvents } from './events.ts';
import { insertRows } from './insert.ts';
import type { Tables } from './schema.ts';
import { freeEnded } from './settle.ts';
import type { DeliveryRow, MessageRow, QueueAction, QueueActionDetail } from './store.ts';
import type { Database } from './transaction.ts';

/** Messages that one look-up returns: a Message-ID is chosen by the sender and may come again and again. */
const maxFound = 100;

type Found = { message: MessageRow; deliveries: DeliveryRow[] };

export async function findMessages(database: Database, idOrMessageId: string): Promise<Found[]> {
  const bare = idOrMessageId.trim().replace(/^<|>$/g, '');
  return await database.read(async (db) => {
    const rows = await db
      .selectFrom('messages')
      .select(messageColumns)
      .where((eb) =>
        eb.or([
          eb('id', '=', bare),
          eb('id', 'in', eb.selectFrom('deliveries').select('message_id').where('deliveries.id', '=', bare)),
          eb('message_id', 'in', [`<${bare}>`, bare]),
        ]),
      )
      .orderBy('id', 'desc')
      .limit(maxFound)
      .execute();
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const deliveries = await db
      .selectFrom('deliveries')
      .select(deliveryColumns)
      .where('message_id', 'in', ids)
      .orderBy('id')
      .execute();
    const of = Map.groupBy(deliveries.map(deliveryFromRow), (delivery) => delivery.messageId);
    return rows.map((row) => ({ message: messageFromRow(row), deliveries: of.get(row.id) ?? [] }));
  });
}

/** Oldest first: messages not yet decided or held, and deliveries that wait to be sent. */
export async function listQueue(
  database: Database,
  limit: number,
): Promise<{ messages: MessageRow[]; deliveries: DeliveryRow[] }> {
  return await database.read(async (db) => {
    const messages = await db
      .selectFrom('messages')
      .select(messageColumns)
      .where('state', 'in', ['received', 'deciding', 'held'])
      .orderBy('id')
      .limit(limit)
      .execute();
    const deliveries = await db
      .selectFrom('deliveries')
      .select(deliveryColumns)
      .where('needs_bytes', '=', sql.lit(1))
      .where('state', 'in', ['queued', 'sending', 'deferred', 'held'])
      .orderBy('message_id')
      .orderBy('id')
      .limit(limit)
      .execute();
    return { messages: messages.map(messageFromRow), deliveries: deliveries.map(deliveryFromRow) };
  });
}

export async function countByState(database: Database): Promise<Record<string, number>> {
  return await database.read(async (db) => {
    const counts: Record<string, number> = {};
    for (const statement of countStatements) {
      for (const { state, count } of (await statement.execute(db)).rows) counts[state] = (counts[state] ?? 0) + count;
    }
    return counts;
  });
}

/** What is under way is looked up, what has ended (most of all) is counted within an index. */
export const countStatements: readonly RawBuilder<{ state: string; count: number }>[] = [
  sql`select state, count(*) as count from deliveries where needs_bytes = 0 group by state`,
  sql`select state, count(*) as count from deliveries where needs_bytes = 1 group by state`,
  sql`select state, count(*) as count from messages where state = 'received' group by state`,
  sql`select state, count(*) as count from messages where state = 'deciding' group by state`,
];

/** Which states an action takes deliveries from, and what it makes of them. */
const deliveryActions = {
  retry: { from: ['deferred'], to: 'queued' },
  hold: { from: ['queued', 'deferred'], to: 'held' },
  release: { from: ['held'], to: 'queued' },
  bounce: { from: ['queued', 'deferred', 'held', 'waiting'], to: 'failed' },
} as const;

const bouncedStatus = '5.7.1';
const bouncedReason = 'A person of your organisation sent the message back from the queue.';

export async function queueAction(
  database: Database,
  id: string | null,
  action: QueueAction,
  now: number,
  more: QueueActionDetail = {},
): Promise<DeliveryRow[]> {
  return await database.write(async (trx) => {
    const changed = await changeDeliveries(trx, id, action, now, more);
    if (action === 'bounce') {
      const ids = changed.map((delivery) => delivery.id);
      if (ids.length > 0) await trx.deleteFrom('publications').where('delivery_id', 'in', ids).execute();
      changed.push(...(await bounceHeldMessages(trx, id, now)));
      await freeEnded(
        trx,
        database,
        changed.map((delivery) => delivery.messageId),
      );
    } else if (id !== null) await changeMessages(trx, id, action);
    await insertEvents(
      trx,
      changed.flatMap((delivery) => more.events?.(delivery) ?? []),
      now,
    );
    return changed;
  });
}

async function changeDeliveries(
  trx: Transaction<Tables>,
  id: string | null,
  action: QueueAction,
  now: number,
  more: QueueActionDetail,
): Promise<DeliveryRow[]> {
  const { from, to } = deliveryActions[action];
  let update = trx
    .updateTable('deliveries')
    .set({ state: to, next_at: now })
    .where('state', 'in', from)
    .where('needs_bytes', '=', sql.lit(1));
  if (id !== null) update = update.where((eb) => eb.or([eb('id', '=', id), eb('message_id', '=', id)]));
  if (action === 'bounce')
    update = update.set({ status: bouncedStatus, reason: bouncedReason, settled_at: now, needs_bytes: 0 });
  if (action === 'release') {
    // The time it was held does not count against the time it may take.
    update = update.set({ created_at: now, attempts: 0, warned: 0, crashes: 0 });
    // Held by its level, it was never planned: without steps there is nothing to release it to.
    if (more.steps === undefined) update = update.where('steps', '<>', '[]');
    else update = update.set({ steps: sql`case when steps = '[]' then ${JSON.stringify(more.steps)} else steps end` });
  }
  return (await update.returning(deliveryColumns).execute()).map(deliveryFromRow);
}

/** A held message is decided again; one that nobody has begun to decide can be held. */
async function changeMessages(
  trx: Transaction<Tables>,
  id: string,
  action: 'retry' | 'hold' | 'release',
): Promise<void> {
  const [from, to] = action === 'hold' ? (['received', 'held'] as const) : (['held', 'received'] as const);
  await trx
    .updateTable('messages')
    .set({ state: to, attempts: 0, reason: '' })
    .where('state', '=', from)
    .where('id', '=', id)
    .execute();
}

/** A held message has no deliveries yet: they come to be as failed, so that the sender can be told recipient by recipient. */
async function bounceHeldMessages(trx: Transaction<Tables>, id: string | null, now: number): Promise<DeliveryRow[]> {
  let update = trx.updateTable('messages').set({ state: 'decided' }).where('state', '=', 'held');
  if (id !== null) update = update.where('id', '=', id);
  const messages = (await update.returning(messageColumns).execute()).map(messageFromRow);
  const rows = messages.flatMap((message) =>
    message.recipients.map((recipient) => bouncedRow(message, recipient, now)),
  );
  await insertRows(trx, 'deliveries', rows);
  return rows.map(deliveryFromRow);
}

function bouncedRow(message: MessageRow, recipient: string, now: number) {
  const row = deliveryToRow(
    {
      id: randomUUIDv7(),
      messageId: message.id,
      recipient,
      destination: recipient.slice(recipient.lastIndexOf('@') + 1),
      level: 'hold',
      rules: [],
      because: [bouncedReason],
      steps: [],
      otherwise: 'bounce',
      subject: null,
      actions: noActions,
      priority: usualPriority,
      state: 'failed',
      status: bouncedStatus,
    },
    now,
  );
  return { ...row, reason: bouncedReason };
}
