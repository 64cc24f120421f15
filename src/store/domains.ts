/**
 * What connections to each domain have proved so far: what it can do at best, what the last one met, how often it went well.
 *
 * Notes are gathered in memory and written together once a second, because a busy gateway would otherwise pay a transaction for each
 * connection to say the same thing again. A crash loses the last second of them; they are counts, not evidence (that is in the deliveries).
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { Tables } from './schema.ts';
import type { DomainRow, Store } from './store.ts';
import type { Database } from './transaction.ts';

type Seen = Parameters<Store['noteDomain']>[1];

/** Milliseconds that a note waits for company. */
const writeEvery = 1_000;

export class DomainNotes {
  readonly #database: Database;
  #waiting = new Map<string, DomainRow>();
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  note(domain: string, seen: Seen): void {
    const fresh = noteOf(domain, seen);
    const before = this.#waiting.get(domain);
    this.#waiting.set(domain, before === undefined ? fresh : merge(before, fresh));
    this.#timer ??= setTimeout(() => void this.#writeOrWait(), writeEvery).unref();
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
  async write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const notes = this.#waiting;
    if (notes.size === 0) return;
    this.#waiting = new Map();
    // In one order, so that two processes that write the same domains wait for each other and no more.
    const sorted = [...notes.values()].sort((a, b) => (a.domain < b.domain ? -1 : 1));
    try {
      await this.#database.writeLazily(async (trx) => {
        for (const note of sorted) await add(trx, note);
      });
    } catch (error) {
      for (const note of sorted) {
        const newer = this.#waiting.get(note.domain);
        this.#waiting.set(note.domain, newer === undefined ? note : merge(note, newer));
      }
      throw error;
    }
  }

  async #writeOrWait(): Promise<void> {
    try {
      await this.write();
    } catch {
      // Whatever it was, those who ask for something hear of it; notes just wait on.
      this.#timer ??= setTimeout(() => void this.#writeOrWait(), writeEvery).unref();
    }
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
