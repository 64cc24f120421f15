/** Which threads left protected: a reply finds the strictest level among the messages it refers to, by the hashes of their Message-IDs. */
import type { Transaction } from 'kysely';
import { type Level, levels } from '../policy/verdict.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

export type Thread = { readonly tenant: string; readonly hash: string; readonly level: Level };

/** Notes threads as seen at `now`; one that was noted before keeps the stricter level. */
export async function noteThreads(trx: Transaction<Tables>, threads: readonly Thread[], now: number): Promise<void> {
  // Always in the same order, so that two transactions never wait for each other's rows.
  for (const { tenant, hash, level } of threads.toSorted(byKey)) {
    await trx
      .insertInto('threads')
      .values({ tenant, hash, strictness: levels.indexOf(level), seen_at: now })
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'hash']).doUpdateSet((eb) => ({
          strictness: eb
            .case()
            .when('excluded.strictness', '>', eb.ref('threads.strictness'))
            .then(eb.ref('excluded.strictness'))
            .else(eb.ref('threads.strictness'))
            .end(),
          seen_at: eb.ref('excluded.seen_at'),
        })),
      )
      .execute();
  }
}

function byKey(a: Thread, b: Thread): number {
  if (a.tenant !== b.tenant) return a.tenant < b.tenant ? -1 : 1;
  return a.hash < b.hash ? -1 : 1;
}

export async function threadLevel(
  database: Database,
  tenant: string,
  hashes: readonly string[],
): Promise<Level | null> {
  if (hashes.length === 0) return null;
  const strictest = await database.read((db) =>
    db
      .selectFrom('threads')
      .select((eb) => eb.fn.max('strictness').as('strictness'))
      .where('tenant', '=', tenant)
      .where('hash', 'in', hashes)
      .executeTakeFirst(),
  );
  return strictest === undefined ? null : (levels[strictest.strictness] ?? null);
}
