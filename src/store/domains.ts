/**
 * What connections to each domain have proved so far: what it can do at best, what the last one met, how often it went well. Gathered
 * (gathered.ts) and written once a second; a crash loses the last second of them: they are counts, not evidence (that is in the deliveries).
 * Looks at its servers without a message are domain-checks.ts's.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { insertEvents } from './events.ts';
import { Gathered } from './gathered.ts';
import type { Tables } from './schema.ts';
import type { DomainCheck, DomainRow, Store } from './store.ts';
import type { Database } from './transaction.ts';

type Seen = Parameters<Store['noteDomain']>[1];

/** What attempts within one second showed of a domain. */
type Note = {
  readonly domain: string;
  /** The last one, with the best that any proved. */
  readonly seen: Seen;
  readonly deliveredAt: number | null;
  readonly delivered: number;
  readonly failed: number;
};

export class DomainNotes {
  readonly #database: Database;
  readonly #notes: Gathered<Note>;

  constructor(database: Database) {
    this.#database = database;
    this.#notes = new Gathered(database, { keyOf: ({ domain }) => domain, merge, write: add, every: 1_000 });
  }

  note(domain: string, seen: Seen): void {
    this.#notes.add(noteOf(domain, seen));
  }

  async list(): Promise<DomainRow[]> {
    await this.write();
    return await this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('domains')
        .leftJoin('sts_policies', 'sts_policies.domain', 'domains.domain')
        .selectAll('domains')
        .select(['sts_policies.id as sts_id', 'sts_policies.mode as sts_mode', 'sts_policies.expires_at as sts_until'])
        .orderBy('domains.domain')
        .execute();
      const deferred = await db
        .selectFrom('deliveries')
        .select(['destination', (eb) => eb.fn.countAll<number>().as('count')])
        .where('state', '=', sql.lit('deferred' as const))
        .groupBy('destination')
        .execute();
      const waiting = new Map(deferred.map(({ destination, count }) => [destination, count]));
      return rows.map((row) => ({
        domain: row.domain,
        bestTls: row.best_tls,
        lastTls: row.last_tls,
        lastMx: row.last_mx,
        lastDeliveredAt: row.last_delivered_at,
        lastFailure: row.last_failure,
        delivered: row.delivered,
        failed: row.failed,
        mailedAt: row.mailed_at,
        waiting: waiting.get(row.domain) ?? 0,
        downgradedAt: row.downgraded_at,
        sts:
          row.sts_id === null || row.sts_mode === null || row.sts_until === null
            ? null
            : { id: row.sts_id, mode: row.sts_mode, expiresAt: row.sts_until },
        checkedAt: row.checked_at,
        checked: row.checked === null ? null : (JSON.parse(row.checked) as DomainCheck),
      }));
    });
  }

  async levels(since: number): Promise<ReadonlyMap<string, TlsLevel | null>> {
    await this.write();
    const rows = await this.#database.read((db) =>
      db.selectFrom('domains').select(['domain', 'best_tls']).where('mailed_at', '>=', since).execute(),
    );
    return new Map(
      rows.map(({ domain, best_tls }) => [domain, tlsLevels.find((level) => level === best_tls) ?? null] as const),
    );
  }

  async forget(domain: string, now: number): Promise<boolean> {
    await this.write();
    const { numUpdatedRows } = await this.#database.write((trx) =>
      trx
        .updateTable('domains')
        .set({ best_tls: null, last_tls: null, last_failure: null, mailed_at: now, downgraded_at: 0 })
        .where('domain', '=', domain)
        .where('best_tls', 'is not', null)
        .executeTakeFirstOrThrow(),
    );
    return numUpdatedRows > 0n;
  }

  async downgraded(
    domain: string,
    { now, unlessSince }: Parameters<Store['domainDowngraded']>[1],
    events: readonly Event[],
  ): Promise<boolean> {
    // The domain may be new.
    await this.write();
    return await this.#database.write(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('domains')
        .set({ downgraded_at: now })
        .where('domain', '=', domain)
        .where('downgraded_at', '<=', unlessSince)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await insertEvents(trx, events, now);
      return true;
    });
  }

  /** Writes what waits. What could not be written waits on. */
  write(): Promise<void> {
    return this.#notes.write();
  }
}

function noteOf(domain: string, seen: Seen): Note {
  const worked = seen.failure === null;
  return { domain, seen, deliveredAt: worked ? seen.at : null, delivered: worked ? 1 : 0, failed: worked ? 0 : 1 };
}

function merge(earlier: Note, later: Note): Note {
  const proved = strength(later.seen.proved) > strength(earlier.seen.proved) ? later.seen.proved : earlier.seen.proved;
  return {
    domain: later.domain,
    seen: { ...later.seen, proved },
    deliveredAt: later.deliveredAt ?? earlier.deliveredAt,
    delivered: earlier.delivered + later.delivered,
    failed: earlier.failed + later.failed,
  };
}

function strength(level: string | null): number {
  return tlsLevels.findIndex((known) => known === level);
}

async function add(trx: Transaction<Tables>, { domain, seen, deliveredAt, delivered, failed }: Note): Promise<void> {
  await trx
    .insertInto('domains')
    .values({
      domain,
      best_tls: seen.proved,
      last_tls: seen.tls,
      last_mx: seen.mx,
      last_delivered_at: deliveredAt,
      last_failure: seen.failure,
      delivered,
      failed,
      mailed_at: seen.at,
      check_at: seen.at,
      checked_at: 0,
      checked: null,
      downgraded_at: 0,
    })
    .onConflict((conflict) =>
      conflict.column('domain').doUpdateSet({
        best_tls: sql`case when ${strengthOf('excluded.best_tls')} > ${strengthOf('domains.best_tls')}
          then excluded.best_tls else domains.best_tls end`,
        last_tls: sql`excluded.last_tls`,
        last_mx: sql`excluded.last_mx`,
        last_failure: sql`excluded.last_failure`,
        last_delivered_at: sql`coalesce(excluded.last_delivered_at, domains.last_delivered_at)`,
        delivered: sql`domains.delivered + excluded.delivered`,
        failed: sql`domains.failed + excluded.failed`,
        mailed_at: sql`excluded.mailed_at`,
        check_at: sql`coalesce(domains.check_at, excluded.check_at)`,
      }),
    )
    .execute();
}

/** `strength` of a column, in SQL. */
function strengthOf(column: string): RawBuilder<number> {
  const cases = tlsLevels.map((level, rank) => sql`when ${sql.lit(level)} then ${sql.lit(rank)}`);
  return sql`case ${sql.ref(column)} ${sql.join(cases, sql` `)} else -1 end`;
}
