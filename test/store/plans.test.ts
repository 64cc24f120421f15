/**
 * That a claim costs the same however long the queue is shows in the engine's query plan: every step is a search in the index of what is
 * ready (or by primary key), none walks a table. test/bench/claim.ts measures the same thing in milliseconds.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { expect, test } from 'vitest';
import { nextDestinations, takeStatement } from '../../src/store/claim.ts';
import { claimStatement } from '../../src/store/messages.ts';
import { connect, openStore } from '../../src/store/open.ts';
import type { Database } from '../../src/store/transaction.ts';
import { eachEngine } from '../engines.ts';
import { decide, message } from './rows.ts';

type Statement = RawBuilder<unknown>;

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
    const statements: [Statement, string][] = [
      [nextDestinations('d250.example', 32), 'deliveries_ready'],
      [takeStatement(database, wanted, 10, 1), 'deliveries_ready'],
      [claimStatement(database, 20, 1), 'messages_received'],
    ];
    for (const [statement, index] of statements) {
      const plan = await planOf(database, statement);
      expect(plan).toMatch(index);
      // SQLite: no SCAN of a table. Of the recursion's own rows, of a list just made, or of an index from its front up to a limit
      // it is what is meant.
      expect(plan).not.toMatch(
        /SCAN (?!messages USING COVERING INDEX messages_received|ready\b|picked\b|fronts\b|front\b|\d|\(|CONSTANT)/,
      );
      expect(plan).not.toMatch(/USE TEMP B-TREE/);
      expect(plan).not.toMatch(/Seq Scan|Bitmap/);
      expect(plan).not.toMatch(/\bSort\b/);
    }
    await database.close();
    await store.close();
  });
});
