/** What is kept of decided messages: threads, facts for replay, and that old things end, in steps. */
import { randomUUIDv7 } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Level, levels } from '../../src/policy/verdict.ts';
import { openStore } from '../../src/store/open.ts';
import type { NewDelivery, NewMessage, Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, delivery, message, publication, settlement } from './rows.ts';

const day = 86_400_000;

/** Accepts a message and decides it into `deliveries`; the thread is noted when it is given. */
async function keep(
  store: Store,
  changes: Partial<NewMessage> = {},
  more: { sealedFacts?: string; thread?: { hash: string; level: Level } | null; delivery?: Partial<NewDelivery> } = {},
): Promise<NewMessage> {
  const row = message(changes);
  await store.insertMessages([row], []);
  await store.claimMessages(10_000, Date.now() + 60_000);
  const deliveries = row.recipients.map((recipient) => delivery(row, { ...more.delivery, recipient }));
  const { sealedFacts = `v1.${row.id}`, thread = null } = more;
  await store.decided([{ messageId: row.id, sealedFacts, policyVersion: 'p1', deliveries, thread, events: [] }]);
  return row;
}

eachEngine((engine) => {
  test('a thread is known by any of its messages, at the strictest level it left at', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    expect(await store.threadLevel('corp', ['h1'])).toBeNull();
    expect(await store.threadLevel('corp', [])).toBeNull();
    await keep(store, {}, { thread: { hash: 'h1', level: 'portal' } });
    await keep(store, {}, { thread: { hash: 'h1', level: 'transport' } });
    await keep(store, {}, { thread: { hash: 'h2', level: 'message' } });
    await keep(store, { tenant: 'other' }, { thread: { hash: 'h1', level: 'refuse' } });
    await keep(store, {}, { thread: null });
    expect(await store.threadLevel('corp', ['h1'])).toBe('portal');
    expect(await store.threadLevel('corp', ['h2'])).toBe('message');
    const many = Array.from({ length: 98 }, (_, index) => `unknown ${index}`);
    expect(await store.threadLevel('corp', [...many, 'h2', 'h1'])).toBe('portal');
    expect(await store.threadLevel('corp', many)).toBeNull();
    expect(await store.threadLevel('other', ['h1', 'h2'])).toBe('refuse');
    expect(await store.threadLevel('nobody', ['h1', 'h2'])).toBeNull();
    await store.close();
  });

  test('whatever the order, together or one by one, the strictest level stays', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const notes = fc.array(fc.record({ hash: fc.constantFrom('a', 'b', 'c'), level: fc.constantFrom(...levels) }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(notes, fc.boolean(), async (threads, together) => {
        const tenant = randomUUIDv7();
        const rows = threads.map(() => message({ tenant }));
        await store.insertMessages(rows, []);
        await store.claimMessages(10_000, Date.now() + 60_000);
        const decisions = rows.map((row, index) => ({
          messageId: row.id,
          sealedFacts: 'f',
          policyVersion: 'p',
          deliveries: [],
          thread: threads[index] ?? null,
          events: [],
        }));
        if (together) await store.decided(decisions);
        else for (const decision of decisions) await store.decided([decision]);
        for (const hash of ['a', 'b', 'c']) {
          const seen = threads.filter((thread) => thread.hash === hash).map((thread) => levels.indexOf(thread.level));
          const expected = seen.length === 0 ? null : levels[Math.max(...seen)];
          expect(await store.threadLevel(tenant, [hash])).toBe(expected);
        }
      }),
      { numRuns: 25 },
    );
    await store.close();
  });

  test('a decision that comes too late notes no thread', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = await keep(store);
    const late = { hash: 'late', level: 'portal' } as const;
    await store.decided([
      { messageId: row.id, sealedFacts: 'x', policyVersion: 'p', deliveries: [], thread: late, events: [] },
    ]);
    expect(await store.threadLevel('corp', ['late'])).toBeNull();
    await store.close();
  });

  test('two processes note the same threads at the same time', async () => {
    await using place = await engine.create();
    const stores = await Promise.all(Array.from({ length: 3 }, async () => (await openStore(place)).store));
    const [first] = stores;
    if (first === undefined) throw new Error('a store was expected');
    const hashes = Array.from({ length: 20 }, (_, index) => `h${index}`);
    const rows = stores.map(() => hashes.map(() => message()));
    await first.insertMessages(rows.flat(), []);
    await first.claimMessages(1_000, Date.now() + 60_000);
    await Promise.all(
      stores.map((store, which) => {
        const order = which === 1 ? hashes.toReversed() : hashes;
        const decisions = (rows[which] ?? []).map((row, index) => ({
          messageId: row.id,
          sealedFacts: 'f',
          policyVersion: 'p',
          deliveries: [],
          thread: { hash: order[index] ?? '', level: levels[which + 1] ?? 'none' },
          events: [],
        }));
        return store.decided(decisions);
      }),
    );
    for (const hash of hashes) expect(await first.threadLevel('corp', [hash])).toBe('portal');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('kept messages come page by page, each once, with what was decided for each recipient', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const since = 1_700_000_000_000;
    const kept: NewMessage[] = [];
    for (let index = 0; index < 7; index++) {
      kept.push(await keep(store, { receivedAt: since + index, recipients: ['a@x.example', 'b@y.example'] }));
    }
    await keep(store, { receivedAt: since - 1 });
    await keep(store, { tenant: 'other', receivedAt: since });
    await keep(store, { receivedAt: since }, { sealedFacts: '' });
    await store.insertMessages([message({ receivedAt: since })], []);
    const pages: string[][] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.keptMessages({ tenant: 'corp', since, after, limit: 3 });
      pages.push(page.map((each) => each.id));
      after = page.at(-1)?.id ?? null;
      if (after === null) break;
    }
    const ids = kept.map((row) => row.id).sort();
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6), []]);
    const [first] = await store.keptMessages({ tenant: 'corp', since, after: null, limit: 1 });
    const [found] = await store.findMessages(ids[0] ?? '');
    expect(first).toEqual({
      id: ids[0],
      receivedAt: found?.message.receivedAt,
      policyVersion: 'p1',
      sealedFacts: `v1.${ids[0]}`,
      deliveries: found?.deliveries.map(({ id, recipient, level, rules }) => ({ id, recipient, level, rules })),
    });
    await store.close();
  });

  test('facts and threads end when they are old, the oldest first, in steps', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const now = Date.now();
    const ages = [40, 33, 36, 31, 29, 1];
    const rows: NewMessage[] = [];
    for (const age of ages) {
      rows.push(await keep(store, { receivedAt: now - age * day }, { thread: { hash: `h${age}`, level: 'message' } }));
    }
    const before = { factsBefore: now - 30 * day, threadsBefore: now - 30 * day };
    const stillKept = async () =>
      (await store.keptMessages({ tenant: 'corp', since: 0, after: null, limit: 100 })).map(
        (each) => (now - each.receivedAt) / day,
      );
    expect(await store.forgetOld(before, 3)).toBe(3);
    expect((await stillKept()).toSorted((a, b) => a - b)).toEqual([1, 29, 31]);
    expect(await store.forgetOld(before, 3)).toBe(1);
    expect((await stillKept()).toSorted((a, b) => a - b)).toEqual([1, 29]);
    expect(await store.forgetOld(before, 3)).toBe(0);
    expect(await store.messageFacts(rows[0]?.id ?? '')).toBeNull();
    // The message itself and what became of it are history, not facts.
    expect(await store.findMessages(rows[0]?.id ?? '')).toMatchObject([{ deliveries: [{ state: 'queued' }] }]);
    // Threads count from when a decision last named them, which was just now.
    expect(await store.threadLevel('corp', ['h40'])).toBe('message');
    expect(await store.forgetOld({ ...before, threadsBefore: Date.now() + day }, 4)).toBe(4);
    expect(await store.forgetOld({ ...before, threadsBefore: Date.now() + day }, 4)).toBe(2);
    for (const age of ages) expect(await store.threadLevel('corp', [`h${age}`])).toBeNull();
    await store.close();
  });

  test('a thread that goes on is not forgotten', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await keep(store, {}, { thread: { hash: 'quiet', level: 'portal' } });
    await keep(store, {}, { thread: { hash: 'goes on', level: 'portal' } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const between = Date.now();
    await keep(store, {}, { thread: { hash: 'goes on', level: 'none' } });
    expect(await store.forgetOld({ factsBefore: 0, threadsBefore: between }, 10)).toBe(1);
    expect(await store.threadLevel('corp', ['quiet'])).toBeNull();
    expect(await store.threadLevel('corp', ['goes on'])).toBe('portal');
    await store.close();
  });

  test('history ends with its deliveries and events, but not what is still under way', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const recipients = ['a@x.example', 'b@y.example'];
    const ended: NewMessage[] = [];
    for (let index = 0; index < 3; index++) ended.push(await keep(store, { recipients }));
    for (const each of await claimAll(store)) {
      const event = { kind: 'delivery.held', message: each.messageId, delivery: each.id } as const;
      const events = [{ ...event, recipient: each.recipient, reason: 'r' }];
      // As it is while a message waits in the portal, and after.
      const portal = publication({ tokenHash: each.id, expiresAt: 1_000 });
      await store.settle([settlement(each, { state: 'waiting', portal })], [], events);
      await store.settle([settlement(each)], [], []);
    }
    await store.forgetBytes((await store.finishedMessages(100)).map((row) => row.id));
    const open = await keep(store, { recipients }, { delivery: { state: 'held' } });
    const undone = await keep(store, {}, { delivery: { state: 'failed' } });
    const history = (historyBefore: number) => ({ factsBefore: 0, threadsBefore: 0, historyBefore });
    const future = Date.now() + day;
    expect(await store.forgetOld(history(1_600_000_000_000), 100)).toBe(0);
    // Three deliveries are looked for, so the second message comes whole and the third waits for the next step.
    expect(await store.forgetOld(history(future), 3)).toBe(2);
    const left = async () => {
      const found = await Promise.all([...ended, open, undone].map((row) => store.findMessages(row.id)));
      return found.flat().map((each) => each.message.id);
    };
    const oldestFirst = ended.map((row) => row.id).sort();
    expect(new Set(await left())).toEqual(new Set([oldestFirst[2], open.id, undone.id]));
    expect(await store.forgetOld(history(future), 3)).toBe(1);
    expect(await store.forgetOld(history(future), 3)).toBe(0);
    expect(new Set(await left())).toEqual(new Set([open.id, undone.id]));
    for (const row of ended) expect(await store.listEvents(row.id)).toEqual([]);
    expect(await store.countByState()).toEqual({ held: 2, failed: 1 });
    await store.close();
  });

  test('history goes by when a message was received, also where its id says otherwise', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = await keep(store, { receivedAt: Date.now() + 10 * day }, { delivery: { state: 'failed' } });
    await store.forgetBytes([row.id]);
    const before = { factsBefore: 0, threadsBefore: 0, historyBefore: Date.now() + day };
    expect(await store.forgetOld(before, 100)).toBe(0);
    expect(await store.forgetOld({ ...before, historyBefore: Date.now() + 11 * day }, 100)).toBe(1);
    await store.close();
  });
});
