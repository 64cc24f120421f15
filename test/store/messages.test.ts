import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, delivery, message, settlement } from './rows.ts';

function accepted(id: string): Event {
  return {
    kind: 'message.accepted',
    tenant: 'corp',
    message: id,
    from: 'alice@corp.example',
    size: 10_240,
    recipients: 1,
    client: '10.0.0.1',
  };
}

eachEngine((engine) => {
  test('gives back a message exactly as it was stored, with its events', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const full = message({
      mailFrom: '',
      kind: 'dsn',
      recipients: ['a"b\'c@x.example', 'ünï@x.example'],
      size: 5_000_000_000,
      smtp: {
        eightBit: false,
        utf8: true,
        ret: 'HDRS',
        envid: 'QQ+3D1',
        dsn: { 'a@x.example': { notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;a@x.example' } },
      },
    });
    const event = accepted(full.id);
    await store.insertMessages([full, message()], [event]);
    const [found] = await store.findMessages(full.id);
    expect(found).toEqual({ message: { ...full, state: 'received', attempts: 0 }, deliveries: [] });
    const events = await store.listEvents(full.id);
    expect(events.map((row) => row.event)).toEqual([event]);
    expect(await store.messageFacts(full.id)).toBeNull();
    await store.close();
  });

  test('takes batches of any size', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const many = Array.from({ length: 257 }, () => message());
    await store.insertMessages(
      many,
      many.map((row) => accepted(row.id)),
    );
    await store.insertMessages([], []);
    expect(await store.claimMessages(1_000, 1)).toHaveLength(257);
    await store.close();
  });

  test('hands out messages oldest first, each to one claim', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { store: other } = await openStore(place);
    const rows = Array.from({ length: 40 }, () => message()).sort((a, b) => (a.id < b.id ? -1 : 1));
    await store.insertMessages(rows, []);
    const first = await store.claimMessages(10, Date.now() + 60_000);
    expect(first.map((row) => row.id)).toEqual(rows.slice(0, 10).map((row) => row.id));
    expect(first.every((row) => row.state === 'deciding' && row.attempts === 1)).toBe(true);
    const claims = await Promise.all(
      [store, other, store, other].map((each) => each.claimMessages(8, Date.now() + 60_000)),
    );
    const ids = claims.flat().map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set([...ids, ...(await store.claimMessages(30, Date.now() + 60_000)).map((row) => row.id)]).size).toBe(
      30,
    );
    await store.close();
    await other.close();
  });

  test('counts a decision that was begun and lost', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await store.insertMessages([message()], []);
    for (const attempts of [1, 2, 3]) {
      const [row] = await store.claimMessages(1, 1_000);
      expect(row?.attempts).toBe(attempts);
      expect(await store.promote(999)).toBe(0);
      expect(await store.promote(1_001)).toBe(1);
    }
    await store.close();
  });

  test('decides once: the second decision on a message changes nothing', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    const dsn = message({ kind: 'dsn', mailFrom: '' });
    await store.insertMessages([row], []);
    await store.claimMessages(1, Date.now() + 60_000);
    const event: Event = { kind: 'message.decided', tenant: 'corp', message: row.id, policy: 'p1', deliveries: 1 };
    const decision = {
      messageId: row.id,
      sealedFacts: 'v1.facts',
      policyVersion: 'p1',
      deliveries: [delivery(row)],
      messages: [dsn],
      events: [event],
    };
    await store.decided([decision]);
    await store.decided([{ ...decision, deliveries: [delivery(row)], messages: [message()], sealedFacts: 'other' }]);
    const [found] = await store.findMessages(row.id);
    expect(found?.message.state).toBe('decided');
    expect(found?.deliveries.map((each) => each.id)).toEqual(decision.deliveries.map((each) => each.id));
    expect(await store.messageFacts(row.id)).toEqual({ sealedFacts: 'v1.facts', policyVersion: 'p1' });
    expect((await store.listEvents(row.id)).map((each) => each.event)).toEqual([event]);
    expect((await store.claimMessages(10, 1)).map((each) => each.id)).toEqual([dsn.id]);
    await store.close();
  });

  test('finds a message by its id, a delivery’s id and its Message-ID, newest first', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: first, deliveries } = await decide(store, ['a@x.example', 'b@y.example']);
    const second = message({ messageId: first.messageId });
    await store.insertMessages([second, message()], []);
    const bare = first.messageId.slice(1, -1);
    const both = [second.id, first.id].sort().toReversed();
    expect((await store.findMessages(first.messageId)).map((each) => each.message.id)).toEqual(both);
    expect((await store.findMessages(bare)).map((each) => each.message.id)).toEqual(both);
    expect((await store.findMessages(first.id)).map((each) => each.message.id)).toEqual([first.id]);
    const [byDelivery] = await store.findMessages(deliveries[1]?.id ?? '');
    expect(byDelivery?.deliveries).toHaveLength(2);
    expect(await store.findMessages("nothing' or 1=1 --")).toEqual([]);
    await store.close();
  });

  test('frees the bytes when the last delivery ended, and forgets the key', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: row } = await decide(store, ['a@x.example', 'b@y.example', 'c@z.example']);
    const [a, b, c] = await claimAll(store);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were expected');
    await store.settle([settlement(a), settlement(b, { state: 'dropped' })], [], []);
    expect(await store.finishedMessages(10)).toEqual([]);
    await store.forgetBytes([row.id]);
    expect(await store.knownSpoolIds([row.spool.id, randomUUIDv7()])).toEqual(new Set([row.spool.id]));
    await store.settle([settlement(c, { state: 'failed', status: '5.1.1' })], [], []);
    expect(await store.finishedMessages(10)).toEqual([{ id: row.id, spool: row.spool }]);
    await store.forgetBytes([row.id]);
    expect(await store.finishedMessages(10)).toEqual([]);
    expect(await store.knownSpoolIds([row.spool.id])).toEqual(new Set());
    const [found] = await store.findMessages(row.id);
    expect(found?.message).toMatchObject({ state: 'done', spool: { wrappedKey: '' } });
    await store.close();
  });

  test('frees the bytes when the last two deliveries end at the same moment', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { store: other } = await openStore(place);
    for (let round = 0; round < 20; round++) {
      const { message: row } = await decide(store, ['a@x.example', 'b@y.example']);
      const [a, b] = await claimAll(store);
      if (a === undefined || b === undefined) throw new Error('two were expected');
      await Promise.all([store.settle([settlement(a)], [], []), other.settle([settlement(b)], [], [])]);
      expect((await store.finishedMessages(10)).map((each) => each.id)).toEqual([row.id]);
      await store.forgetBytes([row.id]);
    }
    await store.close();
    await other.close();
  });

  test('a message refused for all its recipients needs no bytes, one held or refused in part does', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: refused } = await decide(store, ['a@x.example'], { state: 'failed', status: '5.7.1' });
    await decide(store, ['a@x.example'], { state: 'held' });
    await decide(store, ['a@x.example']);
    expect((await store.finishedMessages(10)).map((each) => each.id)).toEqual([refused.id]);
    await store.close();
  });

  test('holds a message with its reason and event, but not one that is decided', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    await store.insertMessages([row], []);
    const event: Event = { kind: 'message.held', tenant: 'corp', message: row.id, reason: 'unscannable' };
    await store.holdMessage(row.id, 'unscannable', [event]);
    expect((await store.findMessages(row.id))[0]?.message.state).toBe('held');
    expect(await store.claimMessages(10, 1)).toEqual([]);
    const { message: decidedRow } = await decide(store, ['a@x.example']);
    await store.holdMessage(decidedRow.id, 'late', [{ ...event, message: decidedRow.id }]);
    expect((await store.findMessages(decidedRow.id))[0]?.message.state).toBe('decided');
    expect(await store.listEvents(decidedRow.id)).toEqual([]);
    await store.close();
  });
});
