/** What connections to each domain have proved so far: what it can do at best, what the last one met, how often it went well. */
import { sql } from 'kysely';
import { tlsLevels } from '../config/config.ts';
import type { DomainRow, Store } from './store.ts';
import type { Database } from './transaction.ts';

type Seen = Parameters<Store['noteDomain']>[1];

export async function noteDomain(database: Database, domain: string, seen: Seen): Promise<void> {
  const worked = seen.failure === null;
  const first = {
    domain,
    best_tls: seen.tls,
    last_tls: seen.tls,
    last_mx: seen.mx,
    last_delivered_at: worked ? seen.at : null,
    last_failure: seen.failure,
    delivered: worked ? 1 : 0,
    failed: worked ? 0 : 1,
  };
  await database.write((trx) =>
    trx
      .insertInto('domains')
      .values(first)
      .onConflict((conflict) =>
        conflict.column('domain').doUpdateSet({
          best_tls: sql`case when ${strength('excluded.best_tls')} > ${strength('domains.best_tls')}
            then excluded.best_tls else domains.best_tls end`,
          last_tls: seen.tls,
          last_mx: seen.mx,
          last_failure: seen.failure,
          delivered: sql`domains.delivered + excluded.delivered`,
          failed: sql`domains.failed + excluded.failed`,
          ...(worked ? { last_delivered_at: seen.at } : {}),
        }),
      )
      .execute(),
  );
}

/** The place of a TLS level in their order, -1 for none. */
function strength(column: string) {
  const cases = tlsLevels.map((level, rank) => sql`when ${sql.lit(level)} then ${sql.lit(rank)}`);
  return sql`case ${sql.ref(column)} ${sql.join(cases, sql` `)} else -1 end`;
}

export async function listDomains(database: Database): Promise<DomainRow[]> {
  const rows = await database.read((db) => db.selectFrom('domains').selectAll().orderBy('domain').execute());
  return rows.map((row) => ({
    domain: row.domain,
    bestTls: row.best_tls,
    lastTls: row.last_tls,
    lastMx: row.last_mx,
    lastDeliveredAt: row.last_delivered_at,
    lastFailure: row.last_failure,
    delivered: row.delivered,
    failed: row.failed,
  }));
}
