/**
 * Which domain's mail servers are to be looked at next, and what the last look found. The index `domains_to_check` holds the domains that are
 * looked at from time to time, by when: a claim takes the first one that is due. One that had no mail for long leaves the index there and then,
 * and comes back with its next mail (domains.ts).
 */
import { type RawBuilder, sql } from 'kysely';
import type { Event } from '../event/event.ts';
import type { Traits } from './dialect.ts';
import { insertEvents } from './events.ts';
import type { DomainCheck, Store } from './store.ts';
import type { Database } from './transaction.ts';

/** Domains without mail that one claim passes over. */
const maxPassed = 100;

export async function countChecks(database: Database): Promise<number> {
  const row = await database.read((db) =>
    db
      .selectFrom('domains')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('check_at', 'is not', null)
      .executeTakeFirstOrThrow(),
  );
  return row.count;
}

export async function claimCheck(
  database: Database,
  { now, nextAt, mailedSince }: Parameters<Store['claimCheck']>[0],
): ReturnType<Store['claimCheck']> {
  return await database.writeLazily(async (trx) => {
    for (let passed = 0; passed < maxPassed; passed++) {
      const [due] = (await nextCheck(database.traits, now).execute(trx)).rows;
      if (due === undefined) return null;
      const wanted = due.mailed_at >= mailedSince;
      await trx
        .updateTable('domains')
        .set({ check_at: wanted ? nextAt : null })
        .where('domain', '=', due.domain)
        .execute();
      if (!wanted) continue;
      const checked = due.checked === null ? null : (JSON.parse(due.checked) as DomainCheck);
      return { domain: due.domain, checkedAt: due.checked_at, checked };
    }
    return null;
  });
}

type Due = { domain: string; mailed_at: number; checked_at: number; checked: string | null };

/** The domain that came due first. */
export function nextCheck(traits: Pick<Traits, 'skipLocked'>, now: number): RawBuilder<Due> {
  return sql<Due>`
    select domain, mailed_at, checked_at, checked from domains
    where check_at is not null and check_at <= ${now} order by check_at limit 1 ${traits.skipLocked}`;
}

export async function keepCheck(
  database: Database,
  domain: string,
  now: number,
  checked: DomainCheck,
  events: readonly Event[],
): Promise<void> {
  await database.write(async (trx) => {
    await trx
      .updateTable('domains')
      .set({ checked_at: now, checked: JSON.stringify(checked) })
      .where('domain', '=', domain)
      .execute();
    await insertEvents(trx, events, now);
  });
}
