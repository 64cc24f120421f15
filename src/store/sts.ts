/** MTA-STS policies of the domains mail goes to, remembered over restarts. When one is asked for, fetched and used is deliver/sts.ts. */
import type { StsRow } from './store.ts';
import type { Database } from './transaction.ts';

export async function findSts(database: Database, domain: string): Promise<StsRow | null> {
  const row = await database.read((db) =>
    db.selectFrom('sts_policies').selectAll().where('domain', '=', domain).executeTakeFirst(),
  );
  if (row === undefined) return null;
  return {
    domain,
    id: row.id,
    policy: { mode: row.mode, mx: JSON.parse(row.mx) as string[], maxAge: row.max_age },
    fetchedAt: row.fetched_at,
    expiresAt: row.expires_at,
  };
}

export async function keepSts(database: Database, kept: StsRow): Promise<void> {
  const values = {
    id: kept.id,
    mode: kept.policy.mode,
    mx: JSON.stringify(kept.policy.mx),
    max_age: kept.policy.maxAge,
    fetched_at: kept.fetchedAt,
    expires_at: kept.expiresAt,
  };
  await database.writeLazily((trx) =>
    trx
      .insertInto('sts_policies')
      .values({ domain: kept.domain, ...values })
      .onConflict((conflict) => conflict.column('domain').doUpdateSet(values))
      .execute(),
  );
}
