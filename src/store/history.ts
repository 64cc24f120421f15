/**
 * What is kept of messages that were decided, and for how long. Replay reads their facts page by page (`keptMessages`); `forgetOld` ends
 * what has been kept long enough, the oldest first: facts, threads, and at last the rows of messages that are done, with their
 * deliveries and events. It goes in steps of a bounded size, each a transaction of its own, and finds by index that there is nothing to do.
 *
 * Limits: events that belong to no message (of keys, of the service) stay. A message whose deliveries have not all ended stays, however
 * old it is.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { Tables } from './schema.ts';
import type { KeptMessage, Store } from './store.ts';
import type { Database } from './transaction.ts';

type KeptQuery = Parameters<Store['keptMessages']>[0];
type KeptRow = { id: string; received_at: number; policy_version: string; sealed_facts: string };

export async function keptMessages(database: Database, query: KeptQuery): Promise<KeptMessage[]> {
  return await database.read(async (db) => {
    const { rows } = await keptStatement(query).execute(db);
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const deliveries = await db
      .selectFrom('deliveries')
      .select(['id', 'message_id', 'recipient', 'level', 'rules'])
      .where('message_id', 'in', ids)
      .orderBy('id')
      .execute();
    const of = Map.groupBy(deliveries, (delivery) => delivery.message_id);
    return rows.map((row) => ({
      id: row.id,
      receivedAt: row.received_at,
      policyVersion: row.policy_version,
      sealedFacts: row.sealed_facts,
      deliveries: (of.get(row.id) ?? []).map(({ id, recipient, level, rules }) => ({
        id,
        recipient,
        level,
        rules: JSON.parse(rules) as string[],
      })),
    }));
  });
}

/** The messages of a page. Those that are too old are passed over within the index, once: the next page begins behind this one. */
export function keptStatement({ tenant, since, after, limit }: KeptQuery): RawBuilder<KeptRow> {
  return sql<KeptRow>`
    select id, received_at, policy_version, sealed_facts from messages
    where tenant = ${tenant} and id > ${after ?? ''} and received_at >= ${since} and sealed_facts <> ''
    order by id limit ${limit}`;
}

export async function forgetOld(
  database: Database,
  before: Parameters<Store['forgetOld']>[0],
  limit: number,
): Promise<number> {
  let forgotten = 0;
  const { traits } = database;
  const statements = [
    forgetFacts(traits, before.factsBefore, limit),
    forgetThreads(traits, before.threadsBefore, limit),
  ];
  for (const statement of statements) {
    const { numAffectedRows } = await database.writeLazily((trx) => statement.execute(trx));
    forgotten += Number(numAffectedRows ?? 0n);
  }
  const { historyBefore } = before;
  if (historyBefore !== undefined) {
    forgotten += await database.writeLazily((trx) => forgetHistory(trx, traits, historyBefore, limit));
  }
  return forgotten;
}

export function forgetFacts({ skipLocked }: Traits, before: number, limit: number): RawBuilder<unknown> {
  return sql`
    with old as materialized (
      select id from messages where sealed_facts <> '' and received_at < ${before} order by received_at limit ${limit} ${skipLocked})
    update messages set sealed_facts = '' where id in (select id from old)`;
}

export function forgetThreads({ skipLocked }: Traits, before: number, limit: number): RawBuilder<unknown> {
  return sql`
    with old as materialized (
      select tenant, hash from threads where seen_at < ${before} order by seen_at limit ${limit} ${skipLocked})
    delete from threads where (tenant, hash) in (select tenant, hash from old)`;
}

async function forgetHistory(trx: Transaction<Tables>, traits: Traits, before: number, limit: number): Promise<number> {
  const { rows } = await oldMessages(traits, before, limit).execute(trx);
  // A message can have a thousand recipients: as many messages as have about `limit` deliveries together.
  const ids: string[] = [];
  let deliveries = 0;
  for (const row of rows) {
    if (deliveries >= limit) break;
    ids.push(row.id);
    deliveries += row.deliveries;
  }
  if (ids.length === 0) return 0;
  await trx.deleteFrom('events').where('message', 'in', ids).execute();
  await trx
    .deleteFrom('publications')
    .where('delivery_id', 'in', (eb) => eb.selectFrom('deliveries').select('id').where('message_id', 'in', ids))
    .execute();
  await trx.deleteFrom('deliveries').where('message_id', 'in', ids).execute();
  await trx.deleteFrom('messages').where('id', 'in', ids).execute();
  return ids.length;
}

/** Their ids begin with the time, so the search ends at the first that is too young; what counts is when they were received. */
export function oldMessages(
  { skipLocked }: Traits,
  before: number,
  limit: number,
): RawBuilder<{ id: string; deliveries: number }> {
  return sql<{ id: string; deliveries: number }>`
    select id, (select count(*) from deliveries where message_id = messages.id) as deliveries from messages
    where id < ${firstIdAt(before)} and received_at < ${before} and state = 'done' order by id limit ${limit} ${skipLocked}`;
}

/** Sorts before every UUIDv7 that was made at `time` or later. RFC 9562 section 5.7: it begins with 48 bits of milliseconds. */
function firstIdAt(time: number): string {
  const digits = Math.max(0, time).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
