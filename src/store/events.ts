/**
 * Audit rows: every event that changed something, written in the transaction of the change. Rows are only ever added. Those that the sender of a
 * waiting message may want to hear of are written down a second time, as news to be told (news.ts).
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Event, EventKind } from '../event/event.ts';
import { eventFromColumns, eventToColumns } from './codec.ts';
import { insertRows } from './insert.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

const newsworthy: ReadonlySet<EventKind> = new Set<EventKind>([
  'delivery.waiting',
  'delivery.opened',
  'delivery.answered',
  'delivery.reminded',
  'delivery.withdrawn',
  'portal.accessAsked',
  'portal.timeAsked',
]);

export async function insertEvents(trx: Transaction<Tables>, events: readonly Event[], now: number): Promise<void> {
  const rows = events.map((event) => ({ id: randomUUIDv7(), at: now, ...eventToColumns(event) }));
  await insertRows(trx, 'events', rows);
  const news = rows.flatMap(({ id, at, delivery }, index) => {
    const event = events[index];
    if (event === undefined || delivery === null || !newsworthy.has(event.kind)) return [];
    return [{ id, at, delivery, event: JSON.stringify(event), due_at: 0, tenant: '', sender: '' }];
  });
  await insertRows(trx, 'portal_news', news);
}

/** The audit rows of one message, oldest first. */
export async function listEvents(database: Database, messageId: string): Promise<{ at: number; event: Event }[]> {
  const rows = await database.read((db) =>
    db.selectFrom('events').selectAll().where('message', '=', messageId).orderBy('at').orderBy('id').execute(),
  );
  return rows.map((row) => ({ at: row.at, event: eventFromColumns(row) }));
}
