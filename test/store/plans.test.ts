/**
 * That a claim costs the same however long the queue is shows in the engine's query plan: every step is a search in the index of what is
 * ready (or by primary key), none walks a table. test/bench/claim.ts measures the same thing in milliseconds.
 */
import { Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { nextDestinations, takeStatement } from '../../src/store/claim.ts';
import { connect, openStore } from '../../src/store/open.ts';
import type { Database } from '../../src/store/transaction.ts';
import { eachEngine } from '../engines.ts';
import { decide } from './rows.ts';

type Statement = ReturnType<typeof nextDestinations> | ReturnType<typeof takeStatement>;

/** The plan, one step a line. */
async function planOf(database: Database, statement: Statement): Promise<string> {
  return await database.read(async (db) => {
    if (database.traits.name === 'sqlite') {
      const { rows } = await sql<{ detail: string }>`explain query plan ${statement}`.execute(db as Kysely<unknown>);
      return rows.map((row) => row.detail).join('\n');
    }
    const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (costs off) ${statement}`.execute(
      db as Kysely<unknown>,
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
}

eachEngine((engine) => {
  test('looks for destinations and rows by index only', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const database = await connect(place.database, place.folder);
    // Enough rows, and the engine told of them, that a walk over the table would look as bad as it is.
    await decide(
      store,
      Array.from({ length: 5_000 }, (_, index) => `r@d${index % 500}.example`),
    );
    await database.read((db) => sql`analyze deliveries`.execute(db));

    const wanted = [
      { destination: 'd1.example', count: 5 },
      { destination: 'd2.example', count: 5 },
    ];
    for (const statement of [nextDestinations('d250.example', 32), takeStatement(database, wanted, 10, 1)]) {
      const plan = await planOf(database, statement);
      expect(plan).toMatch(/deliveries_ready/);
      // SQLite: SCAN of a table; of the recursion's own rows and of the list just made it is what is meant.
      expect(plan).not.toMatch(/SCAN (?!ready\b|picked\b|fronts\b|front\b|\d|\(|CONSTANT)/);
      expect(plan).not.toMatch(/USE TEMP B-TREE/);
      expect(plan).not.toMatch(/Seq Scan/);
      expect(plan).not.toMatch(/\bSort\b/);
    }
    await database.close();
    await store.close();
  });
});
