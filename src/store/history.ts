/**
 * What is kept of messages that were decided, and for how long: their facts, which replay reads page by page, and the threads they belong
 * to. Forgetting goes in steps of a bounded size, each a transaction of its own, the oldest first.
 */
import { sql } from 'kysely';
import type { KeptMessage, Store } from './store.ts';
import type { Database } from './transaction.ts';

type KeptQuery = Parameters<Store['keptMessages']>[0];

export async function keptMessages(database: Database, query: KeptQuery): Promise<KeptMessage[]> {
  return await database.read(async (db) => {
    const messages = await keptStatement(query).execute(db);
    if (messages.rows.length === 0) return [];
    const deliveries = await db
      .selectFrom('deliveries')
      .select(['id', 'message_id', 'recipient', 'level', 'rules'])
      .where(
        'message_id',
        'in',
        messages.rows.map((row) => row.id),
      )
      .orderBy('id')
      .execute();
    const of = Map.groupBy(deliveries, (delivery) => delivery.message_id);
    return messages.rows.map((row) => ({
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

type KeptRow = { id: string; received_at: number; policy_version: string; sealed_facts: string };

/** The first statement of `keptMessages`. What is too old is passed over within the index. */
export function keptStatement({ tenant, since, after, limit }: KeptQuery) {
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
  const statements = [
    sql`update messages set sealed_facts = '' where id in (
      select id from messages where sealed_facts <> '' and received_at < ${before.factsBefore} order by received_at limit ${limit})`,
    sql`delete from threads where (tenant, hash) in (
      select tenant, hash from threads where seen_at < ${before.threadsBefore} order by seen_at limit ${limit})`,
  ];
  let forgotten = 0;
  for (const statement of statements) {
    const { numAffectedRows } = await database.writeLazily((trx) => statement.execute(trx));
    forgotten += Number(numAffectedRows ?? 0n);
  }
  return forgotten;
}
