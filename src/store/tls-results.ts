/** The TLS sessions of each day, counted by domain, policy and result, until they are reported (pipeline/tls-reports.ts) or a few days old. */
import { sql, type Transaction } from 'kysely';
import type { TlsMiss, TlsPolicy, TlsSession, TlsTally } from '../mail/tls-report.ts';
import { Gathered } from './gathered.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

/** The columns of a row. */
type Counted = Tables['tls_results'];

/** The names of the columns are the key of a row. */
const keys = ['day', 'domain', 'policy', 'result', 'detail'] as const;

export class TlsResults {
  readonly #database: Database;
  readonly #notes: Gathered<Counted>;

  constructor(database: Database) {
    this.#database = database;
    this.#notes = new Gathered(database, {
      keyOf: (row) => keys.map((key) => row[key]).join('\n'),
      merge: (earlier, later) => ({ ...later, sessions: earlier.sessions + later.sessions }),
      write: addUp,
      every: 5_000,
    });
  }

  note({ domain, policy, miss }: TlsSession, at: number): void {
    const { type, lines, mx } = policy;
    // Named one by one, so that equal values make equal keys.
    const policyText = JSON.stringify({ type, lines, domain: policy.domain, mx });
    const detail = miss === null ? '{}' : JSON.stringify({ code: miss.code, mx: miss.mx, ip: miss.ip });
    const result = miss === null ? 'success' : miss.result;
    const day = new Date(at).toISOString().slice(0, 10);
    this.#notes.add({ day, domain, policy: policyText, result, detail, sessions: 1 });
  }

  async unreported(day: string): Promise<{ day: string; domain: string }[]> {
    await this.#notes.write();
    return this.#database.read((db) =>
      db
        .selectFrom('tls_results')
        .leftJoin('tls_reports', (join) =>
          join.onRef('tls_reports.day', '=', 'tls_results.day').onRef('tls_reports.domain', '=', 'tls_results.domain'),
        )
        .where('tls_results.day', '<', day)
        .where('tls_reports.day', 'is', null)
        .select(['tls_results.day', 'tls_results.domain'])
        .distinct()
        .orderBy('tls_results.day')
        .orderBy('tls_results.domain')
        .execute(),
    );
  }

  async claim(day: string, domain: string, at: number): Promise<TlsTally[] | null> {
    await this.#notes.write();
    return this.#database.write(async (trx) => {
      const claimed = await trx
        .insertInto('tls_reports')
        .values({ day, domain, sent_at: at })
        .onConflict((conflict) => conflict.columns(['day', 'domain']).doNothing())
        .executeTakeFirst();
      if (claimed.numInsertedOrUpdatedRows !== 1n) return null;
      const rows = await trx
        .selectFrom('tls_results')
        .selectAll()
        .where('day', '=', day)
        .where('domain', '=', domain)
        .orderBy('policy')
        .orderBy('result')
        .orderBy('detail')
        .execute();
      return rows.map(tallyOf);
    });
  }

  /** Writes what waits. */
  write(): Promise<void> {
    return this.#notes.write();
  }

  async forget(day: string): Promise<void> {
    await this.#notes.write();
    await this.#database.write(async (trx) => {
      await trx.deleteFrom('tls_results').where('day', '<', day).execute();
      await trx.deleteFrom('tls_reports').where('day', '<', day).execute();
    });
  }
}

async function addUp(trx: Transaction<Tables>, row: Counted): Promise<void> {
  await trx
    .insertInto('tls_results')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns([...keys]).doUpdateSet({ sessions: sql`tls_results.sessions + excluded.sessions` }),
    )
    .execute();
}

function tallyOf({ policy, result, detail, sessions }: Counted): TlsTally {
  const miss =
    result === 'success' ? null : ({ ...(JSON.parse(detail) as Omit<TlsMiss, 'result'>), result } as TlsMiss);
  return { policy: JSON.parse(policy) as TlsPolicy, miss, sessions };
}
