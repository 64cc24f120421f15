/**
 * What connections to each domain have proved so far: what it can do at best, what the last one met, how often it went well. Gathered
 * (gathered.ts) and written once a second; a crash loses the last second of them: they are counts, not evidence (that is in the deliveries).
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import { Gathered } from './gathered.ts';
import type { Tables } from './schema.ts';
import type { DomainRow, Store } from './store.ts';
import type { Database } from './transaction.ts';

type Seen = Parameters<Store['noteDomain']>[1];

export class DomainNotes {
  readonly #database: Database;
  readonly #notes: Gathered<DomainRow>;

  constructor(database: Database) {
    this.#database = database;
    this.#notes = new Gathered(database, { keyOf: ({ domain }) => domain, merge, write: add, every: 1_000 });
  }

  note(domain: string, seen: Seen): void {
    this.#notes.add(noteOf(domain, seen));
  }

  async list(): Promise<DomainRow[]> {
    await this.write();
    const rows = await this.#database.read((db) => db.selectFrom('domains').selectAll().orderBy('domain').execute());
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

  async levels(): Promise<ReadonlyMap<string, TlsLevel>> {
    await this.write();
    const rows = await this.#database.read((db) =>
      db.selectFrom('domains').select(['domain', 'best_tls']).where('best_tls', 'is not', null).execute(),
    );
    const known = rows.map(({ domain, best_tls }) => [domain, tlsLevels.find((level) => level === best_tls)] as const);
    return new Map(known.filter((entry): entry is [string, TlsLevel] => entry[1] !== undefined));
  }

  async forget(domain: string): Promise<boolean> {
    await this.write();
    const { numDeletedRows } = await this.#database.write((trx) =>
      trx.deleteFrom('domains').where('domain', '=', domain).executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  /** Writes what waits. What could not be written waits on. */
  write(): Promise<void> {
    return this.#notes.write();
  }
}

function noteOf(domain: string, seen: Seen): DomainRow {
  const worked = seen.failure === null;
  return {
    domain,
    bestTls: seen.tls,
    lastTls: seen.tls,
    lastMx: seen.mx,
    lastDeliveredAt: worked ? seen.at : null,
    lastFailure: seen.failure,
    delivered: worked ? 1 : 0,
    failed: worked ? 0 : 1,
  };
}

function merge(earlier: DomainRow, later: DomainRow): DomainRow {
  return {
    ...later,
    bestTls: strength(later.bestTls) > strength(earlier.bestTls) ? later.bestTls : earlier.bestTls,
    lastDeliveredAt: later.lastDeliveredAt ?? earlier.lastDeliveredAt,
    delivered: earlier.delivered + later.delivered,
    failed: earlier.failed + later.failed,
  };
}

function strength(level: string | null): number {
  return tlsLevels.findIndex((known) => known === level);
}

async function add(trx: Transaction<Tables>, note: DomainRow): Promise<void> {
  await trx
    .insertInto('domains')
    .values({
      domain: note.domain,
      best_tls: note.bestTls,
      last_tls: note.lastTls,
      last_mx: note.lastMx,
      last_delivered_at: note.lastDeliveredAt,
      last_failure: note.lastFailure,
      delivered: note.delivered,
      failed: note.failed,
      checked_at: 0,
      checked: null,
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
      }),
    )
    .execute();
}

/** `strength` of a column, in SQL. */
function strengthOf(column: string): RawBuilder<number> {
  const cases = tlsLevels.map((level, rank) => sql`when ${sql.lit(level)} then ${sql.lit(rank)}`);
  return sql`case ${sql.ref(column)} ${sql.join(cases, sql` `)} else -1 end`;
}
