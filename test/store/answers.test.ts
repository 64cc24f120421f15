/** What people write in the portal, on both engines: drafts and their files, and counts that hold when everything comes at once. */
import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AnswerRow, UploadRow } from '../../src/store/answer-port.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, message, publication, settlement } from './rows.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const bob = { tenant: 'corp', address: 'bob@partner.example' };
const limits = { draft: 1000, address: 1500, files: 3 };

type Draft = Omit<AnswerRow, 'state' | 'changedAt'>;

const draft = (changes: Partial<Draft> = {}): Draft => ({
  ...bob,
  id: randomUUIDv7(),
  author: '',
  delivery: null,
  thread: 'thread',
  content: 'sealed',
  createdAt: now,
  expiresAt: now + hour,
  ...changes,
});

async function begun(store: Store, changes: Partial<Draft> = {}): Promise<string> {
  const fresh = draft(changes);
  expect(await store.answers.begin(fresh, 100)).toBe(true);
  return fresh.id;
}

async function upload(store: Store, answer: string, size: number | null): Promise<string> {
  const id = randomUUIDv7();
  expect(await store.answers.beginUpload({ id, answer, about: 'sealed', size }, limits, now)).toBe('begun');
  return id;
}

const piece = (start: number, size: number) => ({ start, spool: { id: randomUUIDv7(), wrappedKey: 'key', size } });

const sending = (id: string, files: ReadonlyMap<string, number>) => ({
  message: message({ id, kind: 'answer', recipients: ['anna@corp.example'] }),
  content: 'sent',
  thread: 'thread',
  files,
  now,
  expiresAt: now + 2 * hour,
  events: [],
});

eachEngine((engine) => {
  test('drafts are kept, saved, listed, end by their time, and take their files along', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const id = await begun(store);
    const file = await upload(store, id, 10);
    const kept = piece(0, 10);
    expect(await answers.addPiece(file, kept)).toBe('added');
    expect(await store.knownSpoolIds([kept.spool.id, 'other'])).toEqual(new Set([kept.spool.id]));
    expect(await answers.save(id, 'again', { now: now + 1, expiresAt: now + hour })).toBe(true);
    expect((await answers.drafts([bob], now)).map((row) => [row.content, row.changedAt])).toEqual([['again', now + 1]]);
    expect(await answers.drafts([{ tenant: 'other', address: bob.address }], now)).toEqual([]);
    expect(await answers.drafts([], now)).toEqual([]);
    expect(await answers.find(id, now + hour)).toBeNull();
    expect(await answers.expire(now + hour - 1, 10)).toEqual([]);
    expect(await answers.expire(now + hour, 10)).toEqual([kept.spool.id]);
    expect(await answers.upload(file)).toBeNull();
    expect(await store.knownSpoolIds([kept.spool.id])).toEqual(new Set());
    await store.close();
  });

  test('an address has so many drafts, and may delete them', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const first = draft();
    expect(await answers.begin(first, 2)).toBe(true);
    expect(await answers.begin(draft(), 2)).toBe(true);
    expect(await answers.begin(draft(), 2)).toBe(false);
    expect(await answers.begin(draft({ address: 'eve@partner.example' }), 2)).toBe(true);
    expect(await answers.discard(first.id)).toEqual([]);
    expect(await answers.find(first.id, now)).toBeNull();
    expect(await answers.begin(draft(), 2)).toBe(true);
    await store.close();
  });

  test('files: no more octets or files than a draft and an address may have', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const id = await begun(store);
    const begin = (answer: string, size: number | null): Promise<string> =>
      answers.beginUpload({ id: randomUUIDv7(), answer, about: '', size }, limits, now);
    expect(await begin(id, 1001)).toBe('full');
    expect(await begin(id, 900)).toBe('begun');
    expect(await begin(id, 101)).toBe('full');
    expect(await begin(id, 100)).toBe('begun');
    expect(await begin(id, null)).toBe('full');
    const other = await begun(store);
    expect(await begin(other, 501)).toBe('full');
    expect(await begin(other, 1)).toBe('begun');
    expect(await begin(other, 1)).toBe('begun');
    expect(await begin(other, 1)).toBe('begun');
    expect(await begin(other, 1)).toBe('full');
    expect(await begin(randomUUIDv7(), 1)).toBe('gone');
    await store.close();
  });

  test('fifty pieces at once at the same place: one is added, and the file holds each octet once', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const id = await begun(store);
    const file = await upload(store, id, 100);
    for (const start of [0, 50]) {
      const tries = await Promise.all(Array.from({ length: 50 }, () => answers.addPiece(file, piece(start, 50))));
      expect(tries.filter((outcome) => outcome === 'added')).toHaveLength(1);
      expect(tries.filter((outcome) => outcome === 'elsewhere')).toHaveLength(49);
    }
    expect(await answers.addPiece(file, piece(100, 1))).toBe('elsewhere');
    expect((await answers.pieces(file)).map(({ start, spool }) => [start, spool.size])).toEqual([
      [0, 50],
      [50, 50],
    ]);
    expect(await answers.upload(file)).toMatchObject({ size: 100, stored: 100 } satisfies Partial<UploadRow>);
    expect(await answers.addPiece(randomUUIDv7(), piece(0, 1))).toBe('gone');
    await store.close();
  });

  test('a file of unknown size ends where its form ends; one that is removed leaves nothing', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const id = await begun(store);
    const file = await upload(store, id, null);
    const kept = piece(0, 7);
    await answers.addPiece(file, kept);
    await answers.endUpload(file);
    expect(await answers.uploads(id)).toMatchObject([{ id: file, size: 7, stored: 7 }]);
    expect(await answers.removeUpload(await begun(store), file)).toEqual([]);
    expect(await answers.removeUpload(id, file)).toEqual([kept.spool.id]);
    expect(await answers.uploads(id)).toEqual([]);
    await store.close();
  });

  test('sent once, however often and at once, and only with the files it was made of', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { answers } = store;
    const id = await begun(store);
    const file = await upload(store, id, 10);
    const whole = new Map([[file, 10]]);
    expect(await answers.send(id, sending(id, whole))).toBe(false);
    await answers.addPiece(file, piece(0, 10));
    expect(await answers.send(id, sending(id, new Map()))).toBe(false);
    expect(await answers.send(id, sending(id, new Map([[file, 9]])))).toBe(false);
    const tries = await Promise.all(Array.from({ length: 20 }, () => answers.send(id, sending(id, whole))));
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await store.publications.submitted(10)).toHaveLength(1);
    expect(await answers.find(id, now + hour)).toMatchObject({ state: 'sent', content: 'sent' });
    expect(await answers.drafts([bob], now)).toEqual([]);
    expect((await answers.sent({ ...bob, thread: 'thread' }, now)).map((row) => row.id)).toEqual([id]);
    expect(await answers.sent({ ...bob, tenant: 'other', thread: 'thread' }, now)).toEqual([]);
    expect(await answers.save(id, 'other', { now, expiresAt: now })).toBe(false);
    expect(await answers.discard(id)).toEqual([]);
    expect(await answers.removeUpload(id, file)).toEqual([]);
    expect(await answers.addPiece(file, piece(10, 1))).toBe('gone');
    await store.close();
  });

  test('can be read as long as the message it answers, also when that is kept longer', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await decide(store, [bob.address]);
    const [claimed] = await claimAll(store);
    if (claimed === undefined) throw new Error('a claim was expected');
    const portal = publication({ tokenHash: claimed.id, expiresAt: now + hour });
    await store.settle([settlement(claimed, { state: 'waiting', portal })], [], []);
    const [sent, draft] = [await begun(store, { delivery: claimed.id }), await begun(store, { delivery: claimed.id })];
    await store.answers.send(sent, { ...sending(sent, new Map()), expiresAt: now + hour });
    const longer = { expiresAt: now + 3 * hour, remindAt: null, now };
    expect(await store.senders.extend(claimed.id, longer, [])).toBe(true);
    expect(await store.answers.find(sent, now + 2 * hour)).not.toBeNull();
    expect(await store.answers.find(draft, now + 2 * hour)).toBeNull();
    await store.close();
  });

  test('tells what became of it, recipient by recipient', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const id = await begun(store);
    await store.answers.send(id, sending(id, new Map()));
    const anna = { recipient: 'anna@corp.example' };
    expect(await store.answers.progress([id, 'other'])).toEqual(new Map([[id, [{ ...anna, state: 'received' }]]]));
    const decided = await decide(store, ['a@corp.example', 'b@corp.example']);
    const [first] = await claimAll(store);
    if (first === undefined) throw new Error('a claim was expected');
    await store.settle([settlement(first, { state: 'delivered' })], [], []);
    const found = (await store.answers.progress([decided.message.id])).get(decided.message.id);
    expect(found?.map(({ state }) => state).toSorted()).toEqual(['delivered', 'sending']);
    expect(await store.answers.progress([])).toEqual(new Map());
    await store.close();
  });

  test('knows who else may read a message in the portal, and who wrote to an address', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: read } = await decide(store, ['bob@partner.example', 'eve@partner.example', 'mail@x.example']);
    const claims = (await claimAll(store)).toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1));
    const [first, second] = claims;
    if (first === undefined || second === undefined) throw new Error('claims were expected');
    const wait = (claim: typeof first, demand: 'code' | 'passkey') =>
      settlement(claim, {
        state: 'waiting',
        portal: publication({ tokenHash: claim.id, address: claim.recipient, demand, expiresAt: now + hour }),
      });
    await store.settle([wait(first, 'code'), wait(second, 'passkey')], [], []);
    const audience = await store.answers.audience(read.id, now);
    expect(audience.toSorted((a, b) => (a.address < b.address ? -1 : 1))).toEqual([
      { address: first.recipient, demand: 'code' },
      { address: second.recipient, demand: 'passkey' },
    ]);
    expect(await store.answers.audience(read.id, now + hour)).toEqual([]);
    expect(await store.answers.writersTo({ tenant: 'corp', address: first.recipient }, now)).toEqual([read.mailFrom]);
    expect(await store.answers.writersTo({ tenant: 'corp', address: 'mail@x.example' }, now)).toEqual([]);
    await store.close();
  });
});
