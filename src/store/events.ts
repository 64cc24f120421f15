/** Audit rows: every event that changed something, written in the transaction of the change. Rows are only ever added. */
import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { eventFromColumns, eventToColumns } from './codec.ts';
import { insertRows } from './insert.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

export async function insertEvents(trx: Transaction<Tables>, events: readonly Event[], now: number): Promise<void> {
  await insertRows(
    trx,
    'events',
    events.map((event) => ({ id: randomUUIDv7(), at: now, ...eventToColumns(event) })),
  );
}

/** The audit rows of one message, oldest first. */
export async function listEvents(database: Database, messageId: string): Promise<{ at: number; event: Event }[]> {
  const rows = await database.read((db) =>
    db.selectFrom('events').selectAll().where('message', '=', messageId).orderBy('at').orderBy('id').execute(),
  );
  return rows.map((row) => ({ at: row.at, event: eventFromColumns(row) }));
}
