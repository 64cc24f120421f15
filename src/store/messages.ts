/**
 * Messages: accepted in batches, claimed to be decided, decided into deliveries or held, and forgotten once nothing needs their bytes.
 * What happens to the deliveries is claim.ts and settle.ts.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { deliveryToRow, messageColumns, messageFromRow, messageToRow } from './codec.ts';
import { insertEvents } from './events.ts';
import { insertRows } from './insert.ts';
import type { MessageTable, Tables } from './schema.ts';
import type { MessageRow, NewMessage, Store } from './store.ts';
import { noteThreads } from './threads.ts';
import type { Database } from './transaction.ts';

type Decisions = Parameters<Store['decided']>[0];

export async function insertMessages(
  database: Database,
  messages: readonly NewMessage[],
  events: readonly Event[],
): Promise<void> {
  const rows = messages.map(messageToRow);
  await database.write(async (trx) => {
    await insertRows(trx, 'messages', rows);
    await insertEvents(trx, events, Date.now());
  });
}

export async function claimMessages(database: Database, limit: number, leaseUntil: number): Promise<MessageRow[]> {
  const { rows } = await database.writeLazily((trx) => claimStatement(database, limit, leaseUntil).execute(trx));
  return rows.map(messageFromRow).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The statement of `claimMessages`. */
export function claimStatement(database: Database, limit: number, leaseUntil: number): RawBuilder<MessageTable> {
  return sql<MessageTable>`
    with picked as materialized (
      select id from messages where state = 'received' order by id limit ${limit} ${database.traits.skipLocked}
    )
    update messages set state = 'deciding', attempts = attempts + 1, lease_until = ${leaseUntil}
    where id in (select id from picked)
    returning ${sql.join(messageColumns.map((name) => sql.ref(name)))}`;
}

export async function decided(database: Database, decisions: Decisions): Promise<void> {
  await database.writeLazily(async (trx) => {
    const now = Date.now();
    const tenants = await markDecided(trx, decisions);
    const taken = decisions.filter((decision) => tenants.has(decision.messageId));
    const deliveries = taken.flatMap((decision) => decision.deliveries);
    await insertRows(
      trx,
      'deliveries',
      deliveries.map((delivery) => deliveryToRow(delivery, now)),
    );
    const threads = taken.flatMap(({ messageId, thread }) => {
      const tenant = tenants.get(messageId);
      return tenant === undefined || thread == null ? [] : [{ tenant, ...thread }];
    });
    await noteThreads(trx, threads, now);
    const caused = taken.flatMap((decision) => decision.messages ?? []);
    await insertRows(trx, 'messages', caused.map(messageToRow));
    await insertEvents(
      trx,
      taken.flatMap((decision) => decision.events),
      now,
    );
    const ended = taken.filter((decision) => decision.deliveries.every((delivery) => delivery.state === 'failed'));
    await freeBytes(
      trx,
      ended.map((decision) => decision.messageId),
    );
  });
}

/** Stores the facts of those that are still being decided, and returns the ids of these with their tenants. */
async function markDecided(trx: Transaction<Tables>, decisions: Decisions): Promise<ReadonlyMap<string, string>> {
  if (decisions.length === 0) return new Map();
  const rows = decisions.map(
    ({ messageId, sealedFacts, policyVersion }) =>
      sql`(cast(${messageId} as text), cast(${sealedFacts} as text), cast(${policyVersion} as text))`,
  );
  const marked = await sql<{ id: string; tenant: string }>`
    with decision (id, sealed_facts, policy_version) as (values ${sql.join(rows)})
    update messages set
      state = 'decided', lease_until = 0, sealed_facts = decision.sealed_facts, policy_version = decision.policy_version
    from decision where messages.id = decision.id and messages.state = 'deciding'
    returning messages.id as id, messages.tenant as tenant`.execute(trx);
  return new Map(marked.rows.map((row) => [row.id, row.tenant]));
}

export async function holdMessage(
  database: Database,
  messageId: string,
  reason: string,
  events: readonly Event[],
): Promise<void> {
  await database.write(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('messages')
      .set({ state: 'held', reason, lease_until: 0 })
      .where('id', '=', messageId)
      .where('state', 'in', ['received', 'deciding'])
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 1n) await insertEvents(trx, events, Date.now());
  });
}

/** Marks the messages among `ids` of which no delivery needs the bytes any more. The caller has locked them where rows can be locked. */
export async function freeBytes(trx: Transaction<Tables>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx
    .updateTable('messages')
    .set({ bytes: 'free' })
    .where('id', 'in', ids)
    .where('state', '=', 'decided')
    .where('bytes', '=', 'needed')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('deliveries')
            .select('deliveries.id')
            .whereRef('deliveries.message_id', '=', 'messages.id')
            .where('needs_bytes', '=', sql.lit(1)),
        ),
      ),
    )
    .execute();
}

export async function finishedMessages(
  database: Database,
  limit: number,
): Promise<{ id: string; spool: MessageRow['spool'] }[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('messages')
      .select(['id', 'spool_id', 'spool_key', 'spool_size'])
      .where('bytes', '=', sql.lit('free'))
      .orderBy('id')
      .limit(limit)
      .execute(),
  );
  return rows.map((row) => ({
    id: row.id,
    spool: { id: row.spool_id, wrappedKey: row.spool_key, size: row.spool_size },
  }));
}

export async function forgetBytes(database: Database, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return;
  await database.writeLazily(async (trx) => {
    await trx
      .updateTable('messages')
      .set({ spool_key: '', bytes: 'gone', state: 'done' })
      .where('id', 'in', messageIds)
      .where('bytes', '=', sql.lit('free'))
      .execute();
    // The portal's copies of the key, of deliveries that ended before their time there was over.
    await trx
      .updateTable('publications')
      .set({ item_key: '', card: '' })
      .where('delivery_id', 'in', (eb) =>
        eb.selectFrom('deliveries').select('id').where('message_id', 'in', messageIds).where('needs_bytes', '=', 0),
      )
      .execute();
  });
}

export async function knownSpoolIds(database: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await database.read((db) =>
    db
      .selectFrom('messages')
      .select('spool_id')
      .where('spool_id', 'in', ids)
      .where('bytes', '<>', sql.lit('gone'))
      .union(db.selectFrom('portal_outbox').select('spool_id').where('spool_id', 'in', ids))
      .union(db.selectFrom('portal_pieces').select('spool_id').where('spool_id', 'in', ids))
      .execute(),
  );
  return new Set(rows.map((row) => row.spool_id));
}

export async function messageFacts(
  database: Database,
  messageId: string,
): Promise<{ sealedFacts: string; policyVersion: string } | null> {
  const row = await database.read((db) =>
    db
      .selectFrom('messages')
      .select(['sealed_facts', 'policy_version'])
      .where('id', '=', messageId)
      .where('sealed_facts', '<>', '')
      .executeTakeFirst(),
  );
  return row === undefined ? null : { sealedFacts: row.sealed_facts, policyVersion: row.policy_version };
}
