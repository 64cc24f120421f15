/** Urgent mail goes first, and yet everything gets its turn. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { ClaimedDelivery, Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { decide } from './rows.ts';

const hour = 3_600_000;
const lease = 5_000_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** `count` deliveries to `domain` with this priority. */
async function queue(store: Store, domain: string, count: number, priority: number): Promise<void> {
  const recipients = Array.from({ length: count }, (_, index) => `r${index}@${domain}`);
  await decide(store, recipients, { priority });
}

function priorities(rows: readonly ClaimedDelivery[]): number[] {
  return rows.map((row) => row.priority);
}

/** Destination and priority of what `count` claims of one delivery each bring. */
async function oneByOne(store: Store, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let claim = 0; claim < count; claim++) {
    const rows = await store.claimDeliveries(1, lease, () => 1);
    seen.push(...rows.map((row) => `${row.destination} ${row.priority}`));
  }
  return seen;
}

eachEngine((engine) => {
  test('at one destination the lower number goes first', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    for (const priority of [9, 4, 0, 5, 3]) await queue(store, 'x.example', 2, priority);
    const first = await store.claimDeliveries(4, lease, () => 4);
    const second = await store.claimDeliveries(100, lease, () => 100);
    expect([priorities(first), priorities(second)]).toEqual([
      [0, 0, 3, 3],
      [4, 4, 5, 5, 9, 9],
    ]);
    await store.close();
  });

  test('a destination with urgent mail goes before all without, and its other mail does not', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    for (let index = 10; index < 60; index++) await queue(store, `d${index}.example`, 1, 4);
    await queue(store, 'z.example', 3, 4);
    await queue(store, 'y.example', 1, 3);
    await queue(store, 'z.example', 1, 0);
    expect(await oneByOne(store, 3)).toEqual(['y.example 3', 'z.example 0', 'd10.example 4']);
    await store.close();
  });

  test('urgent mail does not wait behind what has piled up at its destination', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queue(store, 'x.example', 50, 4);
    vi.setSystemTime(Date.now() + 24 * hour);
    await queue(store, 'x.example', 2, 3);
    expect(priorities(await store.claimDeliveries(5, lease, () => 5))).toEqual([3, 3, 4, 4, 4]);
    await store.close();
  });

  test('an hour of waiting is worth a step', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queue(store, 'x.example', 1, 9);
    vi.setSystemTime(Date.now() + 5 * hour - 1_000);
    await queue(store, 'x.example', 1, 4);
    vi.setSystemTime(Date.now() + 2_000);
    await queue(store, 'x.example', 1, 4);
    expect(priorities(await store.claimDeliveries(9, lease, () => 9))).toEqual([4, 9, 4]);
    await store.close();
  });

  test('a stream of urgent mail leaves other destinations a quarter', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queue(store, 'b.example', 10, 9);
    await queue(store, 'a.example', 100, 0);
    await queue(store, 'c.example', 100, 1);
    const seen = await oneByOne(store, 24);
    // The even round takes all three in turn.
    expect(seen.filter((each) => each === 'b.example 9')).toHaveLength(2);
    expect(seen.slice(0, 4)).toEqual(['a.example 0', 'c.example 1', 'a.example 0', 'a.example 0']);
    await store.close();
  });

  test('a stream of urgent mail holds up the rest of its own destination for hours, not for ever', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queue(store, 'x.example', 1, 9);
    vi.setSystemTime(Date.now() + 8 * hour);
    await queue(store, 'x.example', 8, 0);
    expect(await oneByOne(store, 8)).toEqual(Array.from({ length: 8 }, () => 'x.example 0'));
    vi.setSystemTime(Date.now() + 2 * hour);
    await queue(store, 'x.example', 8, 0);
    expect((await oneByOne(store, 4)).toSorted().at(-1)).toBe('x.example 9');
    await store.close();
  });

  test('urgent or not, a destination is asked once a call and never given more than it takes', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queue(store, 'x.example', 5, 9);
    await queue(store, 'x.example', 5, 0);
    await queue(store, 'y.example', 5, 0);
    for (const expected of [[0, 0, 0], [0, 0, 9], [9, 9, 9], [9]]) {
      const asked: string[] = [];
      const rows = await store.claimDeliveries(100, lease, (destination) => {
        asked.push(destination);
        return destination === 'x.example' ? 3 : 0;
      });
      expect(asked.toSorted()).toEqual(['x.example', 'y.example'].slice(expected.length === 0 ? 1 : 0));
      expect(priorities(rows)).toEqual(expected);
    }
    await store.close();
  });

  test('hundreds of saturated destinations with urgent mail keep nobody from being found', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const domains = Array.from({ length: 600 }, (_, index) => `d${String(index).padStart(3, '0')}.example`);
    await decide(
      store,
      domains.map((domain) => `r@${domain}`),
      { priority: 0 },
    );
    await queue(store, 'z.example', 1, 9);
    const open = ['d599.example', 'z.example'];
    const seen: string[] = [];
    for (let claim = 0; claim < 2; claim++) {
      const rows = await store.claimDeliveries(10, lease, (destination) => (open.includes(destination) ? 5 : 0));
      seen.push(...rows.map((row) => row.destination));
    }
    expect(seen.toSorted()).toEqual(open);
    await store.close();
  });
});
