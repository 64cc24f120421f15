/** What the portal asks of the database, on both engines: what waits, who has proved what, codes and counts that hold under a hundred tries at once. */
import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { connect, openStore } from '../../src/store/open.ts';
import type { ConversationMark, Credential, NewProof, Publication } from '../../src/store/portal-port.ts';
import type { Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, message as messageRow, publication, settlement } from './rows.ts';

const now = 1_800_000_000_000;
const minute = 60_000;
const hour = 3_600_000;
const bob = { tenant: 'corp', address: 'bob@partner.example' };

/** A message that waits in the portal until now + 10 hours. */
async function publish(store: Store, changes: Partial<Publication> = {}) {
  const { message } = await decide(store, [changes.address ?? bob.address]);
  const [claimed] = await claimAll(store);
  if (claimed === undefined) throw new Error('one was expected');
  const portal = publication({ tokenHash: claimed.id, publishedAt: now, expiresAt: now + 10 * hour, ...changes });
  await store.settle([settlement(claimed, { state: 'waiting', portal })], [], []);
  return { message, deliveryId: claimed.id };
}

let count = 0;
async function session(store: Store, at = now): Promise<{ id: string; secretHash: string }> {
  count += 1;
  const fresh = { id: randomUUIDv7(), secretHash: `secret ${count}` };
  await store.portal.beginSession({ ...fresh, now: at, endsAt: at + 8 * hour, agent: 'Firefox, Linux' });
  return fresh;
}

const code = (delivery: string, of: string, changes = {}) => ({
  delivery,
  session: of,
  codeHash: 'c0de',
  mail: randomUUIDv7(),
  expiresAt: now + hour,
  now,
  perHour: 5,
  ...changes,
});

const attempt = (delivery: string, changes = {}) => ({
  delivery,
  codeHash: 'c0de',
  maxTries: 5,
  foreignPerHour: 10,
  ...changes,
});

const proving = (of: string, at = now) => ({ session: of, newSecretHash: `${of} proved ${at}`, now: at });

const credential = (member: string, changes: Partial<Credential> = {}): Credential => ({
  id: randomUUIDv7(),
  member,
  tenant: 'corp',
  kind: 'passkey',
  lookup: randomUUIDv7(),
  secret: '{}',
  label: '',
  counter: 0,
  createdAt: now,
  lastUsedAt: null,
  ...changes,
});

eachEngine((engine) => {
  test('published twice (its lease ran out in between): the later link holds, and its neighbours are settled', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveries } = await decide(store, ['a@x.example', 'b@x.example']);
    const [a, b] = await claimAll(store);
    if (a === undefined || b === undefined) throw new Error('two claims were expected');
    const wait = (tokenHash: string) =>
      settlement(a, { state: 'waiting', portal: publication({ tokenHash, expiresAt: 9_000 }) });
    await store.settle([wait('first')], [], []);
    await store.settle([wait('second'), settlement(b)], [], []);
    expect(await store.portal.byToken('first', 1)).toBeNull();
    expect((await store.portal.byToken('second', 1))?.delivery.id).toBe(a.id);
    expect(await store.countByState()).toEqual({ waiting: 1, delivered: 1 });
    expect(await store.publications.unfetched(8_000)).toEqual([]);
    expect(await store.publications.unfetched(9_000)).toMatchObject([{ id: a.id, status: '5.4.7' }]);
    expect(deliveries).toHaveLength(2);
    await store.close();
  });

  test('a link leads to its message until its time is over, with the key for the portal and not the spool’s', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const passphrase = { question: 'Where?', hash: '$argon2id$x' };
    const { message, deliveryId } = await publish(store, { tokenHash: 'token', demand: 'passphrase', passphrase });
    const row = await store.portal.byToken('token', now);
    expect(row).toMatchObject({
      ...bob,
      delivery: { id: deliveryId, state: 'waiting' },
      message: { id: message.id, spool: { ...message.spool, wrappedKey: 'v1.item' } },
      expiresAt: now + 10 * hour,
      demand: 'passphrase',
      passphrase,
      codesSent: 0,
    });
    expect(await store.portal.byDelivery(deliveryId, now)).toEqual(row);
    expect(await store.portal.byToken('tokem', now)).toBeNull();
    expect(await store.portal.byToken('token', now + 10 * hour)).toBeNull();
    await store.close();
  });

  test('conversations of an address: newest first, with what is unread, and nobody else’s', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const first = await publish(store, { thread: 'a', publishedAt: now });
    await publish(store, { thread: 'b', publishedAt: now + 1 });
    const reply = await publish(store, { thread: 'a', publishedAt: now + 2 });
    await publish(store, { thread: 'a', tenant: 'other', publishedAt: now + 3 });
    await publish(store, { thread: 'a', address: 'eve@partner.example', publishedAt: now + 4 });
    await publish(store, { thread: 'c', publishedAt: now + 5, expiresAt: now + 6 });
    await store.portal.opened(first.deliveryId, now, []);
    const page = { now: now + 10, before: null, limit: 10 };
    const found = await store.portal.conversations([bob], page);
    expect(found.map(({ thread, messages, unread, latestAt }) => [thread, messages, unread, latestAt - now])).toEqual([
      ['a', 2, 1, 2],
      ['b', 1, 1, 1],
    ]);
    expect(found[0]?.newest.delivery.id).toBe(reply.deliveryId);
    expect(await store.portal.conversations([bob], { ...page, limit: 1 })).toHaveLength(1);
    for (const thread of ['d', 'e']) await publish(store, { thread, publishedAt: now + 1 });
    const walked: string[] = [];
    let before: ConversationMark | null = null;
    for (;;) {
      const [one] = await store.portal.conversations([bob], { ...page, before, limit: 1 });
      if (one === undefined) break;
      walked.push(one.thread);
      before = { latestAt: one.latestAt, delivery: one.newest.delivery.id };
    }
    // Three of the same millisecond, each once.
    expect(walked[0]).toBe('a');
    expect(walked.toSorted()).toEqual(['a', 'b', 'd', 'e']);
    expect(await store.portal.conversations([], page)).toEqual([]);
    const thread = await store.portal.conversation({ ...bob, thread: 'a' }, now + 10, 50);
    expect(thread.map((row) => row.delivery.id)).toEqual([first.deliveryId, reply.deliveryId]);
    await store.close();
  });

  test('the right code proves the address for its session, once and under a new secret', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const { id, secretHash } = await session(store);
    expect(await store.portal.tryCode(attempt(deliveryId), proving(id), [])).toEqual({ kind: 'dead' });
    await store.portal.putCode(code(deliveryId, id));
    expect((await store.portal.session(secretHash, now, hour))?.reach).toEqual([]);
    expect(await store.portal.tryCode(attempt(deliveryId, { codeHash: 'bad' }), proving(id), [])).toEqual({
      kind: 'wrong',
      triesLeft: 4,
    });
    expect(await store.portal.tryCode(attempt(deliveryId), proving(id), [])).toEqual({ kind: 'right' });
    expect(await store.portal.tryCode(attempt(deliveryId), proving(id), [])).toEqual({ kind: 'dead' });
    expect(await store.portal.session(secretHash, now, hour)).toBeNull();
    const proved = await store.portal.session(proving(id).newSecretHash, now, hour);
    expect(proved?.reach).toEqual([{ ...bob, method: 'code', at: now, member: null }]);
    expect(await store.portal.session(proving(id).newSecretHash, now + 8 * hour, 9 * hour)).toBeNull();
    expect(await store.portal.session(proving(id).newSecretHash, now + hour, hour)).toBeNull();
    await store.portal.endSession(id);
    expect(await store.portal.session(proving(id).newSecretHash, now, hour)).toBeNull();
    await store.close();
  });

  test('100 guesses at once get as many answers as tries are allowed', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { store: other } = await openStore(place);
    const { deliveryId } = await publish(store);
    const { id } = await session(store);
    await store.portal.putCode(code(deliveryId, id));
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? store : other).portal.tryCode(
          attempt(deliveryId, { codeHash: `guess ${index}` }),
          proving(id),
          [],
        ),
      ),
    );
    const wrong = answers.flatMap((answer) => (answer.kind === 'wrong' ? [answer.triesLeft] : []));
    expect(wrong.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    expect(answers.filter((answer) => answer.kind === 'dead')).toHaveLength(95);
    expect(await store.portal.tryCode(attempt(deliveryId), proving(id), [])).toEqual({ kind: 'dead' });
    await store.close();
    await other.close();
  });

  test('sessions that asked for no code share ten tries an hour, and leave the asking one its own', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const asking = await session(store);
    await store.portal.putCode(code(deliveryId, asking.id));
    const strangers = await Promise.all(Array.from({ length: 30 }, () => session(store)));
    const answers = await Promise.all(
      strangers.map(({ id }) => store.portal.tryCode(attempt(deliveryId, { codeHash: 'bad' }), proving(id), [])),
    );
    expect(answers.filter((answer) => answer.kind === 'wrong')).toHaveLength(10);
    expect(answers.filter((answer) => answer.kind === 'dead')).toHaveLength(20);
    const late = await session(store, now + hour);
    await store.portal.putCode(code(deliveryId, asking.id, { now: now + hour, expiresAt: now + 2 * hour }));
    expect(await store.portal.tryCode(attempt(deliveryId), proving(late.id, now + hour), [])).toEqual({
      kind: 'right',
    });
    await store.portal.putCode(code(deliveryId, asking.id, { now: now + hour, expiresAt: now + 2 * hour }));
    expect(await store.portal.tryCode(attempt(deliveryId), proving(asking.id, now + hour), [])).toEqual({
      kind: 'right',
    });
    await store.close();
  });

  test('codes are mailed so many times an hour, one that was not sent does not count, a new one kills the one before', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const { id } = await session(store);
    const count = (at: number): Promise<number | null> => store.portal.countCode(deliveryId, at, 5);
    const counted = await Promise.all(Array.from({ length: 20 }, () => count(now)));
    expect(counted.filter((nth) => nth !== null).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect(await store.portal.byDelivery(deliveryId, now)).toMatchObject({ codesSent: 5, codesSentSince: now });
    await store.portal.uncountCode(deliveryId);
    expect(await store.portal.byDelivery(deliveryId, now)).toMatchObject({ codesSent: 4 });
    expect([await count(now), await count(now + hour - 1), await count(now + hour)]).toEqual([5, null, 1]);
    await store.portal.putCode(code(deliveryId, id));
    await store.portal.dropCode(deliveryId, id);
    expect(await store.portal.codeOf(deliveryId, id, now)).toBeNull();
    for (const codeHash of ['first', 'second']) await store.portal.putCode(code(deliveryId, id, { codeHash }));
    const first = attempt(deliveryId, { codeHash: 'first' });
    expect(await store.portal.tryCode(first, proving(id, now + 1), [])).toEqual({ kind: 'wrong', triesLeft: 4 });
    await store.close();
  });

  test('a long code is the address’s: in any session, at every message, once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const [one, another] = [await publish(store), await publish(store)];
    const sessions = await Promise.all(Array.from({ length: 20 }, () => session(store)));
    const long = { ...bob, codeHash: 'long', mail: 'mail', expiresAt: now + hour, now };
    await store.portal.countCode(another.deliveryId, now, 5);
    await store.portal.putLongCode({ ...long, codeHash: 'replaced' });
    await store.portal.putLongCode(long);
    const tries = (given: object): Promise<boolean[]> =>
      Promise.all(
        sessions.map(({ id }, index) =>
          store.portal.tryLongCode(
            { ...bob, delivery: another.deliveryId, codeHash: 'long', ...given },
            { ...proving(id), newSecretHash: `new ${index}` },
            [],
          ),
        ),
      );
    for (const bad of [
      { codeHash: 'bad' },
      { codeHash: 'replaced' },
      { tenant: 'other' },
      { address: 'eve@a.example' },
    ])
      expect(new Set(await tries(bad))).toEqual(new Set([false]));
    expect(await store.portal.tryCode(attempt(one.deliveryId, { codeHash: 'long' }), proving('x'), [])).toEqual({
      kind: 'dead',
    });
    expect(await store.portal.longCodeOf(bob, now)).toEqual({ sentAt: now, expiresAt: now + hour, mail: null });
    expect(await store.portal.longCodeOf(bob, now + hour)).toBeNull();
    expect((await tries({})).filter(Boolean)).toHaveLength(1);
    const proved = await Promise.all(sessions.map((_, index) => store.portal.session(`new ${index}`, now, hour)));
    expect(proved.flatMap((found) => found?.reach ?? [])).toEqual([{ ...bob, method: 'code', at: now, member: null }]);
    // It makes room for another.
    expect(await store.portal.byDelivery(another.deliveryId, now)).toMatchObject({ codesSent: 0 });
    expect(await store.portal.longCodeOf(bob, now)).toBeNull();
    await store.close();
  });

  test('what became of the mail with a code is told', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const { id } = await session(store);
    const mail = messageRow({ kind: 'code' });
    await store.portal.putCode(code(deliveryId, id, { mail: mail.id }));
    const told = async () => (await store.portal.codeOf(deliveryId, id, now))?.mail;
    expect(await told()).toBeNull();
    await store.portal.submit(mail, now);
    expect(await told()).toBe('received');
    expect(await store.publications.submitted(10)).toEqual([mail]);
    expect(await store.publications.admit([mail], () => [])).toEqual([mail]);
    expect(await store.publications.admit([mail], () => [])).toEqual([]);
    expect(await store.publications.submitted(10)).toEqual([]);
    expect(await told()).toBe('received');
    expect((await store.claimMessages(10, Date.now() + minute)).map((row) => row.id)).toEqual([mail.id]);
    await store.close();
  });

  test('blobs in the outbox are known, so that no sweep takes them', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const mail = messageRow({ kind: 'code' });
    await store.portal.submit(mail, now);
    expect([...(await store.knownSpoolIds([mail.spool.id, 'other']))]).toEqual([mail.spool.id]);
    await store.close();
  });

  test('a member reaches the addresses joined, and no more once they left', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const ann = { id: randomUUIDv7(), tenant: 'corp', name: 'Ann', createdAt: now };
    const passkey = credential(ann.id);
    await store.portal.enrol(ann, { ...bob, role: 'owner' }, passkey, []);
    await store.portal.join(ann.id, { tenant: 'corp', address: 'team@partner.example', role: 'member' }, now, []);
    const { id } = await session(store);
    const proof: NewProof = { method: 'passkey', tenant: 'corp', member: ann.id };
    expect(await store.portal.prove(proof, proving(id), [])).toBe(true);
    const reach = async () => (await store.portal.session(proving(id).newSecretHash, now, hour))?.reach ?? [];
    expect(new Set((await reach()).map(({ address, member }) => `${member?.name} ${member?.role} ${address}`))).toEqual(
      new Set(['Ann owner bob@partner.example', 'Ann member team@partner.example']),
    );
    expect(await store.portal.members(bob)).toMatchObject([{ id: ann.id, role: 'owner', methods: ['passkey'] }]);
    expect(await store.portal.sessionsOf({ ...bob, member: ann.id }, now)).toMatchObject([
      { id, methods: ['passkey'] },
    ]);
    const kim = { ...ann, id: randomUUIDv7(), name: 'Kim' };
    const invitation = { ...bob, member: kim.id, owner: ann.id, name: 'Kim', until: now + hour };
    for (const member of [kim.id, randomUUIDv7()]) await store.portal.invite({ ...invitation, member }, [], now);
    expect(await store.portal.invitationsTo(bob, now)).toHaveLength(2);
    expect(await store.portal.invitation(kim.id, now)).toEqual(invitation);
    expect(await store.portal.invitation(kim.id, now + hour)).toBeNull();
    const coming = Array.from({ length: 10 }, () => store.portal.enrolInvited(kim, bob, credential(kim.id), []));
    expect((await Promise.all(coming)).filter(Boolean)).toHaveLength(1);
    expect(await store.portal.members(bob)).toMatchObject([{ role: 'owner' }, { id: kim.id, role: 'member' }]);
    await store.portal.leave(ann.id, bob, []);
    expect(await store.portal.invitationsTo(bob, now)).toEqual([]);
    expect((await reach()).map(({ address }) => address)).toEqual(['team@partner.example']);
    await store.portal.leave(ann.id, { tenant: 'corp', address: 'team@partner.example' }, []);
    expect(await reach()).toEqual([]);
    expect(await store.portal.credentialBy('passkey', passkey.lookup)).toBeNull();
    expect(await store.portal.prove(proof, { ...proving(id), session: randomUUIDv7() }, [])).toBe(false);
    await store.close();
  });

  test('a counter only grows, whoever is first; without one there is nothing to grow', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const ann = { id: randomUUIDv7(), tenant: 'corp', name: 'Ann', createdAt: now };
    const counted = credential(ann.id, { kind: 'authenticator', lookup: '', counter: 5 });
    await store.portal.enrol(ann, { ...bob, role: 'owner' }, counted, []);
    const uses = await Promise.all(Array.from({ length: 20 }, () => store.portal.useCredential(counted.id, 6, now)));
    expect(uses.filter(Boolean)).toHaveLength(1);
    expect(await store.portal.useCredential(counted.id, 5, now)).toBe(false);
    expect(await store.portal.useCredential(counted.id, 0, now)).toBe(false);
    const free = credential(ann.id);
    await store.portal.addCredential(free, []);
    expect(await store.portal.useCredential(free.id, 0, now)).toBe(true);
    expect(await store.portal.useCredential(free.id, 0, now)).toBe(true);
    await store.close();
  });

  test('what was proved with a credential that is gone or replaced is proved no more', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const ann = { id: randomUUIDv7(), tenant: 'corp', name: 'Ann', createdAt: now };
    const password = credential(ann.id, { kind: 'password', lookup: '' });
    await store.portal.enrol(ann, { ...bob, role: 'owner' }, password, []);
    const { id } = await session(store);
    await store.portal.prove({ method: 'password', tenant: 'corp', member: ann.id }, proving(id), []);
    await store.portal.replaceCredential(credential(ann.id, { kind: 'password', lookup: '' }), []);
    expect((await store.portal.session(proving(id).newSecretHash, now, hour))?.reach).toEqual([]);
    expect(await store.portal.credentials(ann.id)).toHaveLength(1);
    expect(await store.portal.removeCredential(password.id, ann.id, [])).toBe(false);
    await store.close();
  });

  test('failures are counted by the hour, by many at once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const counts = await Promise.all(Array.from({ length: 50 }, () => store.portal.countFailure('a', now)));
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await store.portal.countFailure('b', now)).toBe(1);
    expect(await store.portal.countFailure('a', now + hour)).toBe(1);
    await store.close();
  });

  test('a request to let somebody in is decided once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const request = {
      ...bob,
      id: randomUUIDv7(),
      delivery: deliveryId,
      colleague: 'kim@partner.example',
      askedBy: 'Ann',
      askedAt: now,
      state: 'asked' as const,
      tokenHash: 'asked',
    };
    await store.portal.askAccess(request, []);
    expect(await store.portal.accessByToken('asked')).toEqual(request);
    const decided = await Promise.all(
      Array.from({ length: 5 }, () => store.portal.decideAccess(request.id, 'allowed', [])),
    );
    expect(decided.filter(Boolean)).toHaveLength(1);
    expect(await store.portal.accessOf(deliveryId)).toMatchObject([{ state: 'allowed' }]);
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
      reader: 'Ann',
      proof: 'passkey',
    } as const;
    const first = await Promise.all(Array.from({ length: 10 }, () => store.portal.opened(deliveryId, now, [event])));
    expect(first.filter(Boolean)).toHaveLength(1);
    expect((await store.listEvents(message.id)).map((row) => row.event)).toEqual([event]);
    expect(await store.portal.byDelivery(deliveryId, now)).toMatchObject({
      delivery: { state: 'opened', settledAt: now },
    });
    expect(await store.finishedMessages(10)).toEqual([]);
    await store.close();
  });

  test('when its time is over it fails unread or stays opened, and all that led to it is dead', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const unread = await publish(store, { tokenHash: 'unread', expiresAt: now });
    const read = await publish(store, { tokenHash: 'read', expiresAt: now });
    const later = await publish(store, { tokenHash: 'later', expiresAt: now + 1 });
    const { id } = await session(store, now - 10);
    await store.portal.putCode(code(read.deliveryId, id, { now: now - 10 }));
    await store.portal.tryCode(attempt(read.deliveryId), proving(id, now - 10), []);
    await store.portal.prove(
      { method: 'passphrase', tenant: 'corp', delivery: read.deliveryId },
      proving(id, now - 9),
      [],
    );
    await store.portal.opened(read.deliveryId, now - 5, []);
    const asked: string[] = [];
    const expired = await store.publications.expire(now, (delivery) => {
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
    const proved = await store.portal.session(proving(id, now - 9).newSecretHash, now, hour);
    expect(proved).toMatchObject({ reach: [{ ...bob, method: 'code' }], passphrases: [] });
    expect((await store.finishedMessages(10)).map((row) => row.id).sort()).toEqual(
      [unread.message.id, read.message.id].sort(),
    );
    expect(await store.portal.byToken('later', now)).toMatchObject({ delivery: { id: later.deliveryId } });
    await store.close();
  });

  test('sessions whose time is over are forgotten with what they proved', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId } = await publish(store);
    const { id } = await session(store);
    await store.portal.putCode(code(deliveryId, id));
    await store.portal.tryCode(attempt(deliveryId), proving(id), []);
    expect(await store.portal.sessionsOf({ ...bob, member: null }, now)).toHaveLength(1);
    await store.publications.expire(now + 8 * hour, () => ({ kind: 'service.stopped' }));
    expect(await store.portal.sessionsOf({ ...bob, member: null }, now)).toEqual([]);
    await store.close();
  });

  test('when a message is deleted, the portal’s copy of its key goes as well', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveryId, message } = await publish(store);
    const other = await publish(store);
    // Its notification could not be delivered.
    await store.settle([settlement({ id: deliveryId }, { state: 'failed' })], [], []);
    expect((await store.finishedMessages(10)).map(({ id }) => id)).toEqual([message.id]);
    await store.forgetBytes([message.id]);
    const database = await connect(place.database, place.folder);
    const rows = await database.read((db) =>
      db.selectFrom('publications').select(['delivery_id', 'item_key', 'card']).orderBy('delivery_id').execute(),
    );
    await database.close();
    expect(rows.map((row) => [row.delivery_id, row.item_key, row.card])).toEqual([
      [deliveryId, '', ''],
      [other.deliveryId, 'v1.item', 'v1.card'],
    ]);
    await store.close();
  });
});
