/**
 * How long a claim takes with 1,000 and with 100,000 queued deliveries, for one destination and for ten thousand, and when nearly all of
 * them are saturated: `node test/bench/claim.ts [postgres]`. The ratio is what matters; it stays near 1 (in the last
 * case up to about 2: of 1,000 queued deliveries there can be no more than 1,000 destinations to look at, of 100,000 up to 2,048).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { startPostgres } from '../postgres.ts';
import { delivery, message, settlement } from '../store/rows.ts';

const claims = 200;
const perClaim = 20;
const perMessage = 500;

async function fill(store: Store, count: number, destinations: number): Promise<void> {
  for (let from = 0; from < count; from += perMessage) {
    const size = Math.min(perMessage, count - from);
    const recipients = Array.from({ length: size }, (_, index) => `r@d${(from + index) % destinations}.example`);
    const row = message({ recipients });
    await store.insertMessages([row], []);
    await store.claimMessages(1, Date.now() + 3_600_000);
    const deliveries = recipients.map((recipient) => delivery(row, { recipient }));
    await store.decided([{ messageId: row.id, sealedFacts: 'f', policyVersion: 'p', deliveries, events: [] }]);
  }
}

/** Median milliseconds of a claim; what was claimed is queued again each time, so the queue keeps its length. */
async function measure(store: Store, room: (destination: string) => number): Promise<number> {
  const times: number[] = [];
  for (let claim = 0; claim < claims; claim++) {
    const start = performance.now();
    const rows = await store.claimDeliveries(perClaim, Date.now() + 3_600_000, room);
    times.push(performance.now() - start);
    await store.settle(
      rows.map((row) => settlement(row, { state: 'deferred', nextAt: 1 })),
      [],
      [],
    );
    await store.promote(1);
  }
  return times.sort((a, b) => a - b)[claims / 2] ?? Number.NaN;
}

async function emptyDatabase(): Promise<string> {
  if (postgres === null) return 'sqlite';
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('drop schema public cascade; create schema public');
  await client.end();
  return postgres.url;
}

const cases: readonly { readonly name: string; readonly destinations: number; readonly room: (d: string) => number }[] =
  [
    { name: 'one destination', destinations: 1, room: () => perClaim },
    { name: '10,000 destinations', destinations: 10_000, room: () => 5 },
    {
      name: '10,000 destinations, few free',
      destinations: 10_000,
      room: (name) => (name.endsWith('77.example') ? 5 : 0),
    },
  ];

const postgres = process.argv[2] === 'postgres' ? await startPostgres() : null;
for (const { name, destinations, room } of cases) {
  const medians: number[] = [];
  for (const count of [1_000, 100_000]) {
    const folder = await mkdtemp(join(tmpdir(), 'postern-claim-'));
    const { store } = await openStore({ database: await emptyDatabase(), folder });
    await fill(store, count, destinations);
    medians.push(await measure(store, room));
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
  const [small = Number.NaN, large = Number.NaN] = medians;
  process.stdout.write(
    `${name}: ${small.toFixed(2)} ms at 1,000 queued, ${large.toFixed(2)} ms at 100,000: ratio ${(large / small).toFixed(2)}\n`,
  );
}
await postgres?.remove();
