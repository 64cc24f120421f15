import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, delivery, message, publication, settlement } from './rows.ts';

const lease = () => Date.now() + 60_000;

/** One message with `counts[destination]` recipients at each destination. */
async function queueUp(store: Store, counts: Readonly<Record<string, number>>) {
  const recipients = Object.entries(counts).flatMap(([domain, count]) =>
    Array.from({ length: count }, (_, index) => `r${index}@${domain}`),
  );
  return await decide(store, recipients);
}

function perDomain(rows: readonly { readonly destination: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[row.destination] = (counts[row.destination] ?? 0) + 1;
  return counts;
}

eachEngine((engine) => {
  test('a claimed delivery comes with its message and everything decided', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    await store.insertMessages([row], []);
    await store.claimMessages(1, lease());
    const planned = delivery(row, { subject: 'v1.sealed', rules: ['a', 'b'], because: ['x “y”'] });
    await store.decided([
      { messageId: row.id, sealedFacts: 'f', policyVersion: 'p', deliveries: [planned], events: [] },
    ]);
    const [claimed] = await claimAll(store);
    expect(claimed).toMatchObject({
      ...planned,
      state: 'sending',
      step: 0,
      attempts: 0,
      crashes: 0,
      warned: false,
      remote: null,
      settledAt: null,
      message: { ...row, state: 'decided' },
    });
    expect(await claimAll(store)).toEqual([]);
    await store.close();
  });

  test('goes round the destinations, so that a long queue starves nobody', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queueUp(store, { 'a.example': 300 });
    await queueUp(store, { 'b.example': 2, 'c.example': 2, 'd.example': 2 });
    const first = await store.claimDeliveries(6, lease(), () => 3);
    expect(perDomain(first)).toEqual({ 'a.example': 3, 'b.example': 2, 'c.example': 1 });
    const second = await store.claimDeliveries(6, lease(), () => 3);
    expect(perDomain(second)).toEqual({ 'd.example': 2, 'a.example': 3, 'c.example': 1 });
    expect(perDomain(await store.claimDeliveries(1_000, lease(), () => 3))).toEqual({ 'a.example': 3 });
    await store.close();
  });

  test('asks for each destination once a call and passes over the saturated', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const domains = Array.from({ length: 100 }, (_, index) => `d${String(index).padStart(3, '0')}.example`);
    await queueUp(store, Object.fromEntries(domains.map((domain) => [domain, 3])));
    // The round begins in the middle.
    await store.claimDeliveries(1, lease(), (destination) => (destination === 'd050.example' ? 1 : 0));
    for (let call = 0; call < 3; call++) {
      const asked: string[] = [];
      const rows = await store.claimDeliveries(1_000, lease(), (destination) => {
        asked.push(destination);
        return destination === 'd007.example' || destination === 'd093.example' ? 1 : 0;
      });
      expect(perDomain(rows)).toEqual({ 'd007.example': 1, 'd093.example': 1 });
      expect(asked.toSorted()).toEqual(domains);
    }
    await store.close();
  });

  test('finds the few that are free among thousands that are saturated, within a bounded number of calls', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const domains = Array.from({ length: 5_000 }, (_, index) => `d${String(index).padStart(4, '0')}.example`);
    await queueUp(store, Object.fromEntries(domains.map((domain) => [domain, 1])));
    const found: string[] = [];
    for (let call = 0; call < 4; call++) {
      let asked = 0;
      const rows = await store.claimDeliveries(100, lease(), (destination) => {
        asked++;
        return destination === 'd4999.example' || destination === 'd0003.example' ? 5 : 0;
      });
      expect(asked).toBeLessThan(2_100);
      found.push(...rows.map((row) => row.destination));
    }
    expect(found.toSorted()).toEqual(['d0003.example', 'd4999.example']);
    await store.close();
  });

  test('rows of one message and destination come together, oldest message first', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const messages = Array.from({ length: 3 }, () => message()).sort((a, b) => (a.id < b.id ? -1 : 1));
    await store.insertMessages(messages, []);
    await store.claimMessages(10, lease());
    // Decided in another order than accepted, and with ids that are mixed.
    const decisions = messages.toReversed().map((row) => ({
      messageId: row.id,
      sealedFacts: 'f',
      policyVersion: 'p',
      deliveries: Array.from({ length: 4 }, (_, index) => delivery(row, { recipient: `r${index}@x.example` })),
      events: [],
    }));
    await store.decided(decisions);
    const rows = await store.claimDeliveries(6, lease(), () => 6);
    const [first, second] = messages;
    expect(rows.map((row) => row.messageId)).toEqual(
      [first, first, first, first, second, second].map((row) => row?.id),
    );
    await store.close();
  });

  test('never hands a delivery out twice, whoever asks at the same time', async () => {
    await using place = await engine.create();
    const stores = await Promise.all(Array.from({ length: 3 }, async () => (await openStore(place)).store));
    const [store] = stores;
    if (store === undefined) throw new Error('a store was expected');
    await queueUp(store, { 'a.example': 60, 'b.example': 60, 'c.example': 60 });
    const seen: string[] = [];
    const work = async (each: Store) => {
      for (let misses = 0; misses < 3; ) {
        const rows = await each.claimDeliveries(7, lease(), () => 5);
        if (rows.length === 0) misses++;
        seen.push(...rows.map((row) => row.id));
        await each.settle(
          rows.map((row) => settlement(row)),
          [],
          [],
        );
      }
    };
    await Promise.all(stores.flatMap((each) => [work(each), work(each)]));
    expect(seen).toHaveLength(180);
    expect(new Set(seen).size).toBe(180);
    expect(await store.countByState()).toEqual({ delivered: 180 });
    expect(await store.finishedMessages(10)).toHaveLength(1);
    await Promise.all(stores.map((each) => each.close()));
  });

  test('settles a batch of different ends in one go, with messages and events', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: row } = await queueUp(store, { 'a.example': 130 });
    const rows = await claimAll(store);
    const dsn = message({ kind: 'dsn', mailFrom: '' });
    const remote = {
      mx: 'mx.a.example',
      ip: '127.0.0.1',
      tls: 'TLSv1.3',
      cipher: 'x',
      level: 'verify' as const,
      certificateNames: ['mx.a.example'],
      at: 1_000,
      verifiedBy: 'root A',
      certificateSha256: 'ab',
      reply: '250 “ok”',
    };
    const events: Event[] = rows.map((each) => ({
      kind: 'delivery.delivered',
      message: row.id,
      delivery: each.id,
      recipient: each.recipient,
      method: 'tls',
      status: '2.0.0',
      mx: 'mx.a.example',
      tls: 'TLSv1.3',
    }));
    await store.settle(
      rows.map((each, index) =>
        index % 2 === 0
          ? settlement(each, { remote })
          : settlement(each, {
              state: 'deferred',
              status: '4.4.1',
              reason: 'later',
              nextAt: 5_000_000_000_000 + index,
              warned: true,
              step: 3,
              because: ['new'],
            }),
      ),
      [dsn],
      events,
    );
    const [found] = await store.findMessages(row.id);
    const byId = new Map(found?.deliveries.map((each) => [each.id, each]));
    for (const [index, { message: _, ...each }] of rows.entries()) {
      const expected =
        index % 2 === 0
          ? {
              ...each,
              state: 'delivered',
              status: '2.0.0',
              reason: '250 OK',
              remote,
              attempts: 1,
              nextAt: 0,
              settledAt: expect.any(Number) as number,
            }
          : {
              ...each,
              state: 'deferred',
              status: '4.4.1',
              reason: 'later',
              attempts: 1,
              nextAt: 5_000_000_000_000 + index,
              warned: true,
              step: 3,
              because: ['new'],
            };
      expect(byId.get(each.id)).toEqual(expected);
    }
    expect((await store.claimMessages(10, lease())).map((each) => each.id)).toEqual([dsn.id]);
    expect((await store.listEvents(row.id)).filter(({ event }) => event.kind === 'delivery.delivered')).toHaveLength(
      130,
    );
    await store.close();
  });

  test('an ended delivery keeps its end, but what was delivered was delivered', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queueUp(store, { 'a.example': 2 });
    const [a, b] = await claimAll(store);
    if (a === undefined || b === undefined) throw new Error('two were expected');
    await store.settle([settlement(a), settlement(b, { state: 'failed' })], [], []);
    await store.settle([settlement(a, { state: 'deferred' }), settlement(b, { state: 'deferred' })], [], []);
    expect(await store.countByState()).toEqual({ delivered: 1, failed: 1 });
    await store.settle([settlement(b)], [], []);
    expect(await store.countByState()).toEqual({ delivered: 2 });
    // Told late by a worker whose lease ran out: what was opened or taken back in between is not there anew.
    await store.settle([settlement(a, { portal: publication() }), settlement(b)], [], []);
    expect(await store.portal.byDelivery(a.id, 0)).toBeNull();
    await store.close();
  });

  test('nothing of a settlement is kept when a part of it fails', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: row } = await queueUp(store, { 'a.example': 1 });
    const [claimed] = await claimAll(store);
    if (claimed === undefined) throw new Error('one was expected');
    // The second message has the id of one that is there, which is a bug of the caller.
    const good = message();
    const together = [store.settle([settlement(claimed)], [good, row], []), store.insertMessages([message()], [])];
    const results = await Promise.allSettled(together);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
    expect(await store.countByState()).toEqual({ sending: 1, received: 1 });
    expect(await store.findMessages(good.id)).toEqual([]);
    await store.close();
  });

  test('deferred deliveries wait for their time, lost leases come back and are counted', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queueUp(store, { 'a.example': 3 });
    const [a, b, c] = await store.claimDeliveries(10, 1_000, () => 10);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were expected');
    await store.settle([settlement(a, { state: 'deferred', nextAt: 2_000 })], [], []);
    await store.extendLease([b.id], 3_000);
    expect(await store.promote(1_500)).toBe(1);
    expect((await store.claimDeliveries(10, 9_000, () => 10)).map((row) => [row.id, row.crashes])).toEqual([[c.id, 1]]);
    expect(await store.promote(2_500)).toBe(1);
    expect((await store.claimDeliveries(10, 9_000, () => 10)).map((row) => [row.id, row.attempts])).toEqual([
      [a.id, 1],
    ]);
    expect(await store.promote(3_500)).toBe(1);
    await store.settle([settlement(c, { state: 'deferred', nextAt: 1 })], [], []);
    await store.recover();
    expect(await store.countByState()).toEqual({ queued: 2, deferred: 1 });
    await store.promote(4_000);
    const rows = await claimAll(store);
    expect(new Map(rows.map((row) => [row.id, row.crashes]))).toEqual(
      new Map([
        [a.id, 1],
        [b.id, 1],
        [c.id, 0],
      ]),
    );
    await store.close();
  });

  test('promotes thousands that come due at once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await queueUp(store, { 'a.example': 1_300, 'b.example': 1_200 });
    const rows = await store.claimDeliveries(5_000, lease(), () => 5_000);
    await store.settle(
      rows.map((row) => settlement(row, { state: 'deferred', nextAt: 10 })),
      [],
      [],
    );
    expect(await store.promote(10)).toBe(2_500);
    expect(await store.countByState()).toEqual({ queued: 2_500 });
    await store.close();
  });

  test('a delivery names a message that exists', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    await store.insertMessages([row], []);
    await store.claimMessages(1, lease());
    const stray = delivery(row, { messageId: randomUUIDv7() });
    const decision = { messageId: row.id, sealedFacts: 'f', policyVersion: 'p', deliveries: [stray], events: [] };
    await expect(store.decided([decision])).rejects.toThrow();
    expect((await store.findMessages(row.id))[0]?.message.state).toBe('deciding');
    await store.close();
  });
});
