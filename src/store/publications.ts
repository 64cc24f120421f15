/**
 * What waits in the portal, as the work role sees it: how it begins to wait is settle.ts; its time ends (`expire`), and what the portal
 * submitted is taken into the queue (`admit`).
 */
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { deliveryColumns, deliveryFromRow, messageToRow } from './codec.ts';
import { insertEvents } from './events.ts';
import { insertRows } from './insert.ts';
import type { Publications } from './portal-port.ts';
import { forgetEnded } from './portal-sessions.ts';
import type { Tables } from './schema.ts';
import { freeEnded } from './settle.ts';
import type { DeliveryRow, NewMessage } from './store.ts';
import type { Database } from './transaction.ts';

/** Publications ended in one transaction. */
const expireBatch = 200;
/** RFC 3463 has no word for "nobody came": a message that could not be delivered in the time it had. */
const expiredStatus = '5.4.7';
const expiredReason = 'Nobody opened the message in the portal in the time it waited there.';

export function createPublications(database: Database): Publications {
  return {
    expire: (now, events) => expire(database, now, events),
    unfetched: (now) => unfetched(database, now),
    submitted: (limit) => submitted(database, limit),
    admit: (messages, events) => database.write((trx) => admit(trx, messages, events)),
  };
}

async function expire(database: Database, now: number, events: (delivery: DeliveryRow) => Event): Promise<number> {
  await database.write(async (trx) => {
    await forgetEnded(trx, now);
    await trx.deleteFrom('portal_withdrawn').where('expires_at', '<=', now).execute();
  });
  let expired = 0;
  let ended = expireBatch;
  while (ended === expireBatch) {
    ended = await database.write((trx) => expireSome(trx, database, now, events));
    expired += ended;
  }
  return expired;
}

async function unfetched(database: Database, now: number): Promise<DeliveryRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .select(deliveryColumns.map((column) => `deliveries.${column}` as const))
      .where('publications.expires_at', '<=', now)
      .where('deliveries.state', '=', 'waiting')
      .execute(),
  );
  return rows.map((row) => ({ ...deliveryFromRow(row), status: expiredStatus, reason: expiredReason }));
}

async function expireSome(
  trx: Transaction<Tables>,
  database: Database,
  now: number,
  events: (delivery: DeliveryRow) => Event,
): Promise<number> {
  const { rows: due } = await sql<{ delivery_id: string }>`
    select delivery_id from publications where expires_at <= ${now}
    order by expires_at limit ${expireBatch} ${database.traits.skipLocked}`.execute(trx);
  const ids = due.map((row) => row.delivery_id);
  if (ids.length === 0) return 0;
  const unread = await trx
    .updateTable('deliveries')
    .set({
      state: 'failed',
      status: expiredStatus,
      reason: expiredReason,
      settled_at: now,
      needs_bytes: 0,
    })
    .where('id', 'in', ids)
    .where('state', '=', 'waiting')
    .returning(deliveryColumns)
    .execute();
  const read = await trx
    .updateTable('deliveries')
    .set({ needs_bytes: 0 })
    .where('id', 'in', ids)
    .where('state', 'in', ['opened', 'delivered'])
    .returning('message_id')
    .execute();
  for (const table of ['portal_codes', 'portal_proofs', 'portal_requests'] as const)
    await trx.deleteFrom(table).where('delivery', 'in', ids).execute();
  await trx.deleteFrom('publications').where('delivery_id', 'in', ids).execute();
  await insertEvents(
    trx,
    unread.map((row) => events(deliveryFromRow(row))),
    now,
  );
  await freeEnded(
    trx,
    database,
    [...unread, ...read].map((row) => row.message_id),
  );
  return ids.length;
}

async function submitted(database: Database, limit: number): Promise<NewMessage[]> {
  const rows = await database.read((db) =>
    db.selectFrom('portal_outbox').select('message').orderBy('id').limit(limit).execute(),
  );
  return rows.map((row) => JSON.parse(row.message) as NewMessage);
}

async function admit(
  trx: Transaction<Tables>,
  messages: readonly NewMessage[],
  events: (message: NewMessage) => readonly Event[],
): Promise<NewMessage[]> {
  if (messages.length === 0) return [];
  const taken = await trx
    .deleteFrom('portal_outbox')
    .where(
      'id',
      'in',
      messages.map((message) => message.id),
    )
    .returning('id')
    .execute();
  const ids = new Set(taken.map((row) => row.id));
  const mine = messages.filter((message) => ids.has(message.id));
  await insertRows(trx, 'messages', mine.map(messageToRow));
  await insertEvents(trx, mine.flatMap(events), Date.now());
  return mine;
}
