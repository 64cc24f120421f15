import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { QueueAction, Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, message, publication, settlement } from './rows.ts';

const states = [
  'sending',
  'deferred',
  'held',
  'waiting',
  'delivered',
  'failed',
  'dropped',
  'opened',
  'queued',
] as const;

/** One delivery in each state, each of a message of its own; returns their ids. */
async function oneOfEach(store: Store): Promise<Record<(typeof states)[number], string>> {
  const ids: Partial<Record<(typeof states)[number], string>> = {};
  for (const state of states) {
    const { deliveries } = await decide(store, [`${state}@x.example`], { state: state === 'held' ? 'held' : 'queued' });
    const [row] = deliveries;
    if (row === undefined) throw new Error('a delivery was expected');
    ids[state] = row.id;
    if (state === 'queued' || state === 'held') continue;
    const [claimed] = await store.claimDeliveries(1_000, Date.now() + 60_000, () => 1_000);
    if (claimed === undefined) throw new Error('a claim was expected');
    if (state === 'sending') continue;
    const portal = publication({ tokenHash: `token ${state}`, expiresAt: 9_000_000_000_000 });
    const via = state === 'opened' ? 'waiting' : state;
    await store.settle([settlement(row, { state: via, nextAt: 1, ...(via === 'waiting' ? { portal } : {}) })], [], []);
    if (state === 'opened') await store.portal.opened(row.id, 5, []);
  }
  return ids as Record<(typeof states)[number], string>;
}

eachEngine((engine) => {
  const expected: Record<QueueAction, Partial<Record<(typeof states)[number], string>>> = {
    retry: { deferred: 'queued' },
    hold: { deferred: 'held', queued: 'held' },
    release: { held: 'queued' },
    bounce: { deferred: 'failed', held: 'failed', waiting: 'failed', queued: 'failed' },
  };

  test.each(Object.entries(expected))('%s changes exactly what it should', async (action, changes) => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const ids = await oneOfEach(store);
    const changed = await store.queueAction(null, action as QueueAction, 77);
    expect(Object.fromEntries(changed.map((row) => [row.id, row.state]))).toEqual(
      Object.fromEntries(Object.entries(changes).map(([state, to]) => [ids[state as keyof typeof ids], to])),
    );
    for (const row of changed) {
      const [found] = await store.findMessages(row.id);
      expect(found?.deliveries).toEqual([row]);
    }
    await store.close();
  });

  test('acts on one delivery, or on those of one message, with events', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const one = await decide(store, ['a@x.example', 'b@y.example']);
    await decide(store, ['c@x.example']);
    const held = await store.queueAction(one.deliveries[0]?.id ?? '', 'hold', 5, {
      events: (row) => [
        { kind: 'delivery.held', message: row.messageId, delivery: row.id, recipient: row.recipient, reason: 'asked' },
      ],
    });
    expect(held.map((row) => row.recipient)).toEqual(['a@x.example']);
    expect((await store.listEvents(one.message.id)).map((row) => row.event.kind)).toEqual(['delivery.held']);
    expect(await store.queueAction(one.message.id, 'hold', 6)).toHaveLength(1);
    expect((await claimAll(store)).map((row) => row.recipient)).toEqual(['c@x.example']);
    expect(await store.queueAction(one.message.id, 'release', 7)).toHaveLength(2);
    expect(await claimAll(store)).toHaveLength(2);
    expect(await store.queueAction('no such id', 'bounce', 8)).toEqual([]);
    await store.close();
  });

  test('a retry of everything leaves alone what a person, or our caution, holds', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    await store.insertMessages([row], []);
    await store.claimMessages(1, Date.now() + 60_000);
    await store.holdMessage(row.id, 'it kills its worker', []);
    await store.queueAction(null, 'retry', Date.now());
    expect((await store.findMessages(row.id))[0]?.message.state).toBe('held');
    await store.close();
  });

  test('the time a delivery was held does not count against the time it may take', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveries } = await decide(store, ['a@x.example'], { state: 'held' });
    const later = Date.now() + 6 * 86_400_000;
    const [released] = await store.queueAction(deliveries[0]?.id ?? '', 'release', later);
    expect(released).toMatchObject({ state: 'queued', createdAt: later, attempts: 0, warned: false });
    await store.close();
  });

  test('what was held by its level needs steps to be released', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveries } = await decide(store, ['a@x.example'], { state: 'held', level: 'hold', steps: [] });
    const id = deliveries[0]?.id ?? '';
    expect(await store.queueAction(id, 'release', 5)).toEqual([]);
    const steps = [{ method: 'portal', tls: 'may', keys: [] }] as const;
    const [released] = await store.queueAction(id, 'release', 5, { steps });
    expect(released).toMatchObject({ state: 'queued', steps });
    expect(await claimAll(store)).toMatchObject([{ id, steps }]);
    await store.close();
  });

  test('a bounced message needs its bytes no longer and its link is dead', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: row } = await decide(store, ['a@x.example']);
    const [claimed] = await claimAll(store);
    if (claimed === undefined) throw new Error('one was expected');
    await store.settle(
      [settlement(claimed, { state: 'waiting', portal: publication({ tokenHash: 't', expiresAt: 1_000 }) })],
      [],
      [],
    );
    expect(await store.portal.byToken('t', 500)).not.toBeNull();
    const [bounced] = await store.queueAction(row.id, 'bounce', 600);
    expect(bounced).toMatchObject({ state: 'failed', status: '5.7.1', settledAt: 600 });
    expect(await store.portal.byToken('t', 500)).toBeNull();
    expect((await store.finishedMessages(10)).map((each) => each.id)).toEqual([row.id]);
    await store.close();
  });

  test('a held message is decided again, or bounced for each of its recipients', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const [again, back] = [message(), message({ recipients: ['a@x.example', 'b@y.example'] })];
    await store.insertMessages([again, back], []);
    await store.claimMessages(10, Date.now() + 60_000);
    for (const row of [again, back]) await store.holdMessage(row.id, 'it killed its worker', []);
    expect((await store.listQueue(10)).messages.map((row) => row.state)).toEqual(['held', 'held']);
    expect(await store.queueAction(again.id, 'release', 5)).toEqual([]);
    expect(await store.claimMessages(10, 1)).toMatchObject([{ id: again.id, attempts: 1 }]);
    const bounced = await store.queueAction(back.id, 'bounce', 6);
    expect(bounced).toMatchObject([
      { recipient: 'a@x.example', destination: 'x.example', state: 'failed', status: '5.7.1' },
      { recipient: 'b@y.example', destination: 'y.example', state: 'failed' },
    ]);
    expect((await store.finishedMessages(10)).map((row) => row.id)).toEqual([back.id]);
    await store.close();
  });

  test('lists what has not ended, oldest first, and counts by state', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const ids = await oneOfEach(store);
    await store.insertMessages([message()], []);
    const { messages, deliveries } = await store.listQueue(100);
    expect(messages.map((row) => row.state)).toEqual(['received']);
    expect(deliveries.map((row) => row.id)).toEqual([ids.sending, ids.deferred, ids.held, ids.queued]);
    expect((await store.listQueue(2)).deliveries.map((row) => row.id)).toEqual([ids.sending, ids.deferred]);
    expect(await store.countByState()).toEqual({
      received: 1,
      queued: 1,
      sending: 1,
      deferred: 1,
      held: 1,
      waiting: 1,
      delivered: 1,
      failed: 1,
      dropped: 1,
      opened: 1,
    });
    await store.close();
  });

  test('counts together what was opened, whether it can still be or not', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await decide(store, ['a@x.example', 'b@x.example', 'c@x.example']);
    for (const [index, each] of (await claimAll(store)).entries()) {
      const portal = publication({ tokenHash: each.id, expiresAt: index === 0 ? 1_000 : 9_000 });
      await store.settle([settlement(each, { state: 'waiting', portal })], [], []);
      await store.portal.opened(each.id, 500, []);
    }
    await store.publications.expire(2_000, () => ({ kind: 'service.failed', component: 'test', error: '' }));
    expect(await store.countByState()).toEqual({ opened: 3 });
    await store.close();
  });
});
