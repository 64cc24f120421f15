import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, settlement } from './rows.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;

/** A message that waits in the portal until now + 10 hours. */
async function publish(store: Store, tokenHash = 'token', expiresAt = now + 10 * hour) {
  const { message } = await decide(store, ['bob@partner.example']);
  const [claimed] = await claimAll(store);
  if (claimed === undefined) throw new Error('one was expected');
  await store.settle([settlement(claimed, { state: 'waiting', portal: { tokenHash, expiresAt } })], [], []);
  return { message, deliveryId: claimed.id };
}

const code = (deliveryId: string, changes = {}) => ({
  deliveryId,
  sessionHash: 'session',
  codeHash: 'c0de',
  expiresAt: now + hour,
  now,
  perHour: 5,
  ...changes,
});

const attempt = (deliveryId: string, changes = {}) => ({
  deliveryId,
  sessionHash: 'session',
  codeHash: 'c0de',
  now,
  maxTries: 5,
  sessionUntil: now + hour,
  ...changes,
});

eachEngine((engine) => {
  test('published twice (its lease ran out in between): the later link holds, and its neighbours are settled', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveries } = await decide(store, ['a@x.example', 'b@x.example']);
    const [a, b] = await claimAll(store);
    if (a === undefined || b === undefined) throw new Error('two claims were expected');
    const wait = (tokenHash: string) => settlement(a, { state: 'waiting', portal: { tokenHash, expiresAt: 9_000 } });
    await store.settle([wait('first')], [], []);
    await store.settle([wait('second'), settlement(b)], [], []);
    expect(await store.portal.byToken('first', 1)).toBeNull();
    expect((await store.portal.byToken('second', 1))?.delivery.id).toBe(a.id);
    expect(await store.countByState()).toEqual({ waiting: 1, delivered: 1 });
    expect(await store.portal.unfetched(8_000)).toEqual([]);
    expect(await store.portal.unfetched(9_000)).toMatchObject([{ id: a.id, status: '5.4.7' }]);
    expect(deliveries).toHaveLength(2);
    await store.close();
  });

  test('a link leads to its message until its time is over', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message, deliveryId } = await publish(store);
    expect(await store.portal.byToken('token', now)).toMatchObject({
      delivery: { id: deliveryId, state: 'waiting' },
      message: { id: message.id, spool: message.spool },
      expiresAt: now + 10 * hour,
      codesSent: 0,
    });
    expect(await store.portal.byToken('tokem', now)).toBeNull();
    expect(await store.portal.byToken('token', now + 10 * hour)).toBeNull();
    await store.close();
  });

  test('the right code opens this delivery for this session, once and for its time', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const other = await publish(store, 'token 2');
    expect(await store.portal.tryCode(attempt(deliveryId))).toEqual({ kind: 'dead' });
    expect(await store.portal.putCode(code(deliveryId))).toBe(true);
    expect(await store.portal.tryCode(attempt(deliveryId, { sessionHash: 'another' }))).toEqual({ kind: 'dead' });
    expect(await store.portal.tryCode(attempt(other.deliveryId))).toEqual({ kind: 'dead' });
    expect(await store.portal.bySession('session', deliveryId, now)).toBeNull();
    expect(await store.portal.tryCode(attempt(deliveryId, { codeHash: 'bad' }))).toEqual({
      kind: 'wrong',
      triesLeft: 4,
    });
    expect(await store.portal.tryCode(attempt(deliveryId))).toEqual({ kind: 'right' });
    expect(await store.portal.tryCode(attempt(deliveryId))).toEqual({ kind: 'dead' });
    expect(await store.portal.bySession('session', deliveryId, now)).toMatchObject({ delivery: { id: deliveryId } });
    expect(await store.portal.bySession('session', other.deliveryId, now)).toBeNull();
    expect(await store.portal.bySession('session', deliveryId, now + hour)).toBeNull();
    await store.portal.endSession('session');
    expect(await store.portal.bySession('session', deliveryId, now)).toBeNull();
    await store.close();
  });

  test('100 guesses at once get as many answers as tries are allowed', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { store: other } = await openStore(place);
    const { deliveryId } = await publish(store);
    await store.portal.putCode(code(deliveryId));
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? store : other).portal.tryCode(attempt(deliveryId, { codeHash: `guess ${index}` })),
      ),
    );
    const wrong = answers.flatMap((answer) => (answer.kind === 'wrong' ? [answer.triesLeft] : []));
    expect(wrong.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    expect(answers.filter((answer) => answer.kind === 'dead')).toHaveLength(95);
    expect(await store.portal.tryCode(attempt(deliveryId))).toEqual({ kind: 'dead' });
    await store.close();
    await other.close();
  });

  test('the tries for one delivery are limited across sessions and codes, for an hour', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    let answered = 0;
    for (let session = 0; session < 8; session++) {
      const sessionHash = `session ${session}`;
      await store.portal.putCode(code(deliveryId, { sessionHash, perHour: 100 }));
      const answers = await Promise.all(
        Array.from({ length: 4 }, () =>
          store.portal.tryCode(attempt(deliveryId, { sessionHash, codeHash: 'bad', triesPerHour: 10 })),
        ),
      );
      answered += answers.filter((answer) => answer.kind === 'wrong').length;
    }
    expect(answered).toBe(10);
    const right = attempt(deliveryId, { sessionHash: 'session 7', triesPerHour: 10 });
    expect(await store.portal.tryCode(right)).toEqual({ kind: 'dead' });
    const later = now + hour;
    await store.portal.putCode(code(deliveryId, { now: later, expiresAt: later + hour }));
    expect(await store.portal.tryCode(attempt(deliveryId, { now: later, triesPerHour: 10 }))).toEqual({
      kind: 'right',
    });
    await store.close();
  });

  test('codes are mailed so many times an hour, and a new one kills the one before', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const kept = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.portal.putCode(code(deliveryId, { codeHash: `code ${index}` }))),
    );
    expect(kept.filter(Boolean)).toHaveLength(5);
    expect(await store.portal.byToken('token', now)).toMatchObject({ codesSent: 5, codesSentSince: now });
    expect(await store.portal.byToken('token', now + hour)).toMatchObject({ codesSent: 0 });
    expect(await store.portal.putCode(code(deliveryId, { now: now + hour - 1 }))).toBe(false);
    const later = now + hour;
    expect(await store.portal.putCode(code(deliveryId, { now: later, codeHash: 'first', expiresAt: later + 5 }))).toBe(
      true,
    );
    expect(await store.portal.putCode(code(deliveryId, { now: later, codeHash: 'second', expiresAt: later + 5 }))).toBe(
      true,
    );
    const first = attempt(deliveryId, { now: later, codeHash: 'first' });
    expect(await store.portal.tryCode(first)).toEqual({ kind: 'wrong', triesLeft: 4 });
    expect(await store.portal.tryCode({ ...first, codeHash: 'second', now: later + 5 })).toEqual({ kind: 'dead' });
    expect(await store.portal.tryCode({ ...first, codeHash: 'second' })).toEqual({ kind: 'right' });
    await store.close();
  });

  test('is opened once, and told so once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message, deliveryId } = await publish(store);
    const event = {
      kind: 'delivery.opened',
      message: message.id,
      delivery: deliveryId,
      recipient: 'bob@partner.example',
      client: '127.0.0.1',
    } as const;
    const first = await Promise.all(Array.from({ length: 10 }, () => store.portal.opened(deliveryId, now, [event])));
    expect(first.filter(Boolean)).toHaveLength(1);
    expect((await store.listEvents(message.id)).map((row) => row.event)).toEqual([event]);
    expect(await store.portal.byToken('token', now)).toMatchObject({ delivery: { state: 'opened', settledAt: now } });
    expect(await store.finishedMessages(10)).toEqual([]);
    await store.close();
  });

  test('when its time is over it fails unread or stays opened, and all that led to it is dead', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const unread = await publish(store, 'unread', now);
    const read = await publish(store, 'read', now);
    const later = await publish(store, 'later', now + 1);
    await store.portal.putCode(code(read.deliveryId, { now: now - 10 }));
    await store.portal.tryCode(attempt(read.deliveryId, { now: now - 10 }));
    await store.portal.opened(read.deliveryId, now - 5, []);
    const asked: string[] = [];
    const expired = await store.portal.expire(now, (delivery) => {
      asked.push(delivery.id);
      return {
        kind: 'delivery.expired',
        message: delivery.messageId,
        delivery: delivery.id,
        recipient: delivery.recipient,
      };
    });
    expect(expired).toBe(2);
    expect(asked).toEqual([unread.deliveryId]);
    expect(await store.countByState()).toEqual({ failed: 1, opened: 1, waiting: 1 });
    expect((await store.listEvents(unread.message.id)).map((row) => row.event.kind)).toEqual(['delivery.expired']);
    expect(await store.portal.byToken('read', now - 5)).toBeNull();
    expect(await store.portal.bySession('session', read.deliveryId, now - 5)).toBeNull();
    expect((await store.finishedMessages(10)).map((row) => row.id).sort()).toEqual(
      [unread.message.id, read.message.id].sort(),
    );
    expect(await store.portal.byToken('later', now)).toMatchObject({ delivery: { id: later.deliveryId } });
    await store.close();
  });
});
