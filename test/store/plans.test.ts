/**
 * That a claim costs the same however long the queue is shows in the engine's query plan: every step is a search in the index of what is
 * ready (or by primary key), none walks a table. test/bench/claim.ts measures the same thing in milliseconds.
 */
import { type RawBuilder, sql } from 'kysely';
import { expect, test } from 'vitest';
import { nextDestinations, takeStatement } from '../../src/store/claim.ts';
import { forgetFacts, forgetThreads, keptStatement, oldMessages } from '../../src/store/history.ts';
import { claimStatement } from '../../src/store/messages.ts';
import { connect, openStore } from '../../src/store/open.ts';
import { newestStatement } from '../../src/store/portal.ts';
import { countStatements } from '../../src/store/queue.ts';
import type { Database } from '../../src/store/transaction.ts';
import { eachEngine } from '../engines.ts';
import { decide, delivery, message } from './rows.ts';

type Statement = RawBuilder<unknown>;

/** The plan, one step a line. */
async function planOf(database: Database, statement: Statement): Promise<string> {
  return await database.read(async (db) => {
    if (database.traits.name === 'sqlite') {
      const { rows } = await sql<{ detail: string }>`explain query plan ${statement}`.execute(db);
      return rows.map((row) => row.detail).join('\n');
    }
    const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (costs off) ${statement}`.execute(db);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
}

eachEngine((engine) => {
  test('reads what is kept, and finds what is old, by index only', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const database = await connect(place.database, place.folder);
    const { traits } = database;
    // Most messages are history, their facts forgotten.
    const rows = Array.from({ length: 4_000 }, (_, index) => message({ receivedAt: 1_700_000_000_000 + index }));
    await store.insertMessages(rows, []);
    await store.claimMessages(4_000, Date.now() + 60_000);
    const decisions = rows.map((row) => ({
      messageId: row.id,
      sealedFacts: 'v1.facts',
      policyVersion: 'p',
      deliveries: [delivery(row)],
      thread: { hash: row.id, level: 'message' } as const,
      events: [],
    }));
    await store.decided(decisions);
    await store.forgetOld({ factsBefore: 1_700_000_002_000, threadsBefore: 0 }, 4_000);
    const page = { tenant: 'corp', since: 1_700_000_001_000, after: '01', limit: 100 };
    const statements: [Statement, string][] = [
      [keptStatement(page), 'messages_kept'],
      [forgetFacts(traits, 1_700_000_000_001, 500), 'messages_kept_by_age'],
      [forgetThreads(traits, 1_700_000_000_001, 500), 'threads_by_age'],
      [oldMessages(traits, Date.now(), 500), 'messages'],
    ];
    for (const knows of [false, true]) {
      if (knows && engine.name === 'postgres') await database.read((db) => sql`analyze`.execute(db));
      for (const [statement, index] of statements) {
        const plan = await planOf(database, statement);
        expect(plan).toMatch(index);
        expect(plan).not.toMatch(/SCAN (?!old\b|\d|\(|CONSTANT)/);
        expect(plan).not.toMatch(/USE TEMP B-TREE/);
        expect(plan).not.toMatch(/Seq Scan/);
        expect(plan).not.toMatch(/Sort Key: (?!old)/);
      }
    }
    const counts = await Promise.all(countStatements.map((statement) => planOf(database, statement)));
    const [ended, open, received, deciding] = counts;
    expect(ended).toMatch(/COVERING INDEX deliveries_ended|Index Only Scan using deliveries_ended/);
    expect(open).toMatch(/INDEX deliveries_open|using deliveries_open/);
    expect(received).toMatch('messages_received');
    expect(deciding).toMatch('messages_leased');
    await database.close();
    await store.close();
  });

  test('lists the conversations of an address by index, and reads no others', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const database = await connect(place.database, place.folder);
    const at = { tenant: 'corp', address: 'bob@partner.example' };
    for (const before of [null, { latestAt: 1_700_000_000_000, delivery: 'd' }]) {
      const plan = await planOf(database, newestStatement(at, { now: 1, before, limit: 51 }));
      expect(plan).toMatch(
        /item USING INDEX publications_by_address \(tenant=\? AND address=\?|publications_by_address/,
      );
      if (engine.name === 'postgres') continue;
      // Of the same thread only what is newer decides, and only what is of the same thread is counted.
      const searches = [...plan.matchAll(/SEARCH one USING (?:COVERING )?INDEX publications_by_thread \(([^)]*)\)/g)];
      expect(new Set(searches.map(([, terms]) => terms))).toEqual(
        new Set(['thread=? AND tenant=? AND address=?', 'thread=? AND tenant=? AND address=? AND published_at>?']),
      );
      expect(searches).toHaveLength(3);
      expect(plan).not.toMatch(/SCAN|USE TEMP B-TREE FOR ORDER BY/);
    }
    await database.close();
    await store.close();
  });

  test('looks for destinations and rows by index only', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const database = await connect(place.database, place.folder);
    // The worst moment for a plan: what the engine knows is from a time when no delivery waited, and of messages it knows nothing yet.
    const recipients = Array.from({ length: 2_000 }, (_, index) => `r@d${index % 500}.example`);
    await decide(store, recipients, { state: 'failed' });
    // (SQLite knows nothing unless it is told to look, and nobody tells it.)
    if (engine.name === 'postgres') await database.read((db) => sql`analyze deliveries`.execute(db));
    await decide(store, recipients);
    await store.insertMessages(
      Array.from({ length: 4_000 }, () => message()),
      [],
    );

    const wanted = [
      { destination: 'd1.example', count: 5 },
      { destination: 'd2.example', count: 5 },
    ];
    const statements: [Statement, string][] = [
      [nextDestinations('all', 'd250.example', 32), 'deliveries_ready'],
      [nextDestinations('urgent', 'd250.example', 32), 'deliveries_urgent'],
      [takeStatement(database, 'all', wanted, 10, 1), 'deliveries_ready'],
      [takeStatement(database, 'urgent', wanted, 10, 1), 'deliveries_urgent'],
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
      // The handful of ids just picked may be sorted, a queue may not.
      expect(plan).not.toMatch(/Sort Key: (?!picked)/);
    }
    await database.close();
    await store.close();
  });
});
