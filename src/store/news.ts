/**
 * News for senders, and reminders for readers, as the work role takes them: each row is told by one letter, and leaves the table in the transaction that
 * writes the letter's own row. So whatever crashes, and however many workers look, nothing is told twice and nothing is forgotten.
 */
import type { Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { unopened } from '../plan/delivery.ts';
import { deliveryColumns, deliveryFromRow, messageColumns, messageFromRow, messageToRow } from './codec.ts';
import { insertEvents } from './events.ts';
import { insertRows } from './insert.ts';
import type { Tables } from './schema.ts';
import type { DueReminder, News, NewsStore } from './sender-port.ts';
import type { SenderTables } from './sender-tables.ts';
import type { DeliveryRow, MessageRow, NewMessage } from './store.ts';
import type { Database } from './transaction.ts';

type Reading = Pick<Transaction<Tables>, 'selectFrom'>;

export function createNewsStore(database: Database): NewsStore {
  return {
    due: (now, limit) => due(database, now, limit),
    digest: (tenant, sender, limit) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('portal_news')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('sender', '=', sender)
          .orderBy('id')
          .limit(limit)
          .execute();
        return await newsOf(db, rows);
      }),
    postpone: async (ids, { tenant, sender, dueAt }) => {
      if (ids.length === 0) return;
      await database.writeLazily((trx) =>
        trx.updateTable('portal_news').set({ tenant, sender, due_at: dueAt }).where('id', 'in', ids).execute(),
      );
    },
    told: (ids, message, events) => told(database, ids, message, events),
    toRemind: (now, limit) => toRemind(database, now, limit),
    reminded: (of, next, message, events, now) =>
      database.write((trx) => reminded(trx, of, next, message, events, now)),
  };
}

async function due(database: Database, now: number, limit: number): Promise<News[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('portal_news')
      .selectAll()
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .orderBy('id')
      .limit(limit)
      .execute(),
  );
  const news = await database.read((db) => newsOf(db, rows));
  const known = new Set(news.map(({ id }) => id));
  const lost = rows.filter(({ id }) => !known.has(id)).map(({ id }) => id);
  if (lost.length > 0)
    await database.writeLazily((trx) => trx.deleteFrom('portal_news').where('id', 'in', lost).execute());
  return news;
}

async function newsOf(db: Reading, rows: readonly SenderTables['portal_news'][]): Promise<News[]> {
  const found = await deliveriesOf(db, [...new Set(rows.map((row) => row.delivery))]);
  return rows.flatMap((row) => {
    const about = found.get(row.delivery);
    if (about === undefined) return [];
    const { id, at, sender } = row;
    return [{ id, at, event: JSON.parse(row.event) as Event, waited: sender !== '', ...about }];
  });
}

type About = { readonly delivery: DeliveryRow; readonly message: MessageRow };

async function deliveriesOf(db: Reading, ids: readonly string[]): Promise<ReadonlyMap<string, About>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('deliveries').select(deliveryColumns).where('id', 'in', ids).execute();
  const messageIds = [...new Set(rows.map((row) => row.message_id))];
  if (messageIds.length === 0) return new Map();
  const messageRows = await db.selectFrom('messages').select(messageColumns).where('id', 'in', messageIds).execute();
  const messages = new Map(messageRows.map((row) => [row.id, messageFromRow(row)]));
  return new Map(
    rows.flatMap((row) => {
      const message = messages.get(row.message_id);
      return message === undefined ? [] : [[row.id, { delivery: deliveryFromRow(row), message }] as const];
    }),
  );
}

/** Somebody else told one of them. */
class ToldAlready extends Error {}

async function told(
  database: Database,
  ids: readonly string[],
  message: NewMessage | null,
  events: readonly Event[],
): Promise<boolean> {
  if (ids.length === 0) return false;
  try {
    await database.write(async (trx) => {
      const gone = await trx.deleteFrom('portal_news').where('id', 'in', ids).returning('id').execute();
      if (gone.length !== ids.length) throw new ToldAlready();
      await insertRows(trx, 'messages', message === null ? [] : [messageToRow(message)]);
      await insertEvents(trx, events, Date.now());
    });
    return true;
  } catch (error) {
    if (error instanceof ToldAlready) return false;
    throw error;
  }
}

async function toRemind(database: Database, now: number, limit: number): Promise<DueReminder[]> {
  return await database.read(async (db) => {
    const rows = await db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .select(['delivery_id', 'remind_at', 'published_at', 'expires_at', 'link'])
      .where('remind_at', '<=', now)
      .where('expires_at', '>', now)
      .orderBy('remind_at')
      .limit(limit)
      .execute();
    const found = await deliveriesOf(
      db,
      rows.map((row) => row.delivery_id),
    );
    return rows.flatMap((row): DueReminder[] => {
      const about = found.get(row.delivery_id);
      if (about === undefined || row.remind_at === null) return [];
      const { remind_at: remindAt, published_at: publishedAt, expires_at: expiresAt, link } = row;
      return [{ ...about, remindAt, publishedAt, expiresAt, link }];
    });
  });
}

async function reminded(
  trx: Transaction<Tables>,
  { delivery, remindAt, expiresAt }: DueReminder,
  next: number | null,
  message: NewMessage | null,
  events: readonly Event[],
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('publications')
    .set({ remind_at: next })
    .where('delivery_id', '=', delivery.id)
    .where('remind_at', '=', remindAt)
    .where('expires_at', '=', expiresAt)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  const waits = trx.selectFrom('deliveries').select('id').where('id', '=', delivery.id).where('state', 'in', unopened);
  if ((await waits.execute()).length === 0) return false;
  await insertRows(trx, 'messages', message === null ? [] : [messageToRow(message)]);
  await insertEvents(trx, events, now);
  return true;
}
