/** The look for keys as a whole: what is asked when, what is remembered, what changes the keyring. Sources here are scripted; theirs are in sources/. */
import { describe, expect, test, vi } from 'vitest';
import type { Answer, Source } from '../../src/keys/sources/source.ts';
import { addressKey } from '../../src/mail/address.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { anna, publicKey, remember, searching } from './internet.ts';

const first = await publicKey(anna);
const second = await publicKey(anna);

type Scripted = Source & { readonly asked: string[] };

/** A source that gives the next answer each time, and then the last one again. */
function scripted(
  answers: readonly (Answer | 'silence' | Buffer)[],
  source: Source['source'] = 'wkd',
  id: string = source,
): Scripted {
  const asked: string[] = [];
  return {
    asked,
    source,
    id,
    asks: () => true,
    title: ({ domain }) => `${source} of ${domain}`,
    server: ({ domain }) => `${id} ${domain}`,
    find: async ({ address }) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)] ?? 'silence';
      asked.push(address);
      if (answer === 'silence') return new Promise(() => {});
      return Buffer.isBuffer(answer) ? gives(answer) : answer;
    },
  };
}

const gives = (octets: Buffer): Answer => ({ kind: 'found', keys: [{ kind: 'pgp', octets }], where: 'somewhere' });
const absent: Answer = { kind: 'none', why: 'has no key for this address' };
const failing: Answer = { kind: 'failed', why: 'gave no answer', everybody: false };
const away: Answer = { kind: 'failed', why: 'is away', everybody: true };

const brief = (rows: readonly KeyRow[]) =>
  rows.map(({ fingerprint, state, trust, source }) => [fingerprint, state, trust, source]);

describe('what is remembered', () => {
  test.each<[string, Answer, keyof typeof remember]>([
    ['a key', gives(first.binary), 'found'],
    ['that there is none', absent, 'none'],
    ['a failure', failing, 'failed'],
    ['a key that is refused', gives(Buffer.alloc(300, 1)), 'failed'],
  ])('%s, for its time, and told as of then', async (_, answer, lifetime) => {
    const source = scripted([answer]);
    await using search = await searching([source]);
    const before = await search.look(anna);
    search.later(remember[lifetime] - 1_000);
    const again = await search.look(anna);
    expect(source.asked).toEqual([anna]);
    expect(again.notes).toEqual([expect.stringContaining(before.notes[0] ?? 'nothing')]);
    expect(again.notes[0]).toMatch(/\(As of \d{4}-\d\d-\d\d \d\d:\d\d UTC\.\)$/);
    search.later(2_000);
    await search.look(anna);
    expect(source.asked).toHaveLength(2);
  });

  test('by each source for itself', async () => {
    const [slow, quick] = [scripted([absent], 'wkd'), scripted([failing], 'vks')];
    await using search = await searching([slow, quick]);
    await search.look(anna);
    search.later(remember.failed + 1);
    await search.look(anna);
    expect([slow.asked.length, quick.asked.length]).toEqual([1, 2]);
  });

  test('for all spellings of an address', async () => {
    const source = scripted([absent]);
    await using search = await searching([source]);
    await search.look(anna);
    await search.look('Anna@partner.example');
    expect(source.asked).toHaveLength(1);
  });
});

describe('who is not looked for', () => {
  test('an address at an IP address', async () => {
    const source = scripted([absent]);
    await using search = await searching([source]);
    expect(await search.look('anna@[192.0.2.1]')).toEqual({ rows: [], notes: [] });
    expect(source.asked).toEqual([]);
  });
});

describe.each(['confirmed', 'pinned'] as const)('who has a %s key', (trust) => {
  test('is not waited for, until it ends', async () => {
    const source = scripted([gives(first.binary), 'silence']);
    await using search = await searching([source], { deadline: 200 });
    const { rows } = await search.look(anna);
    await search.store.updateKey(rows[0]?.id ?? '', { trust }, []);
    search.later(remember.found + 1);
    expect((await search.look(anna)).notes).toEqual([]);
    // It is no certificate, though.
    expect((await search.look(anna, ['x509'])).notes).toEqual([expect.stringContaining('gave no answer in time')]);
  });

  test('is looked for all the same: what its owner revoked is given up, and another one waits', async () => {
    const source = scripted([gives(first.binary), gives(Buffer.concat([first.revoked, second.binary]))]);
    await using search = await searching([source]);
    const { rows } = await search.look(anna);
    await search.store.updateKey(rows[0]?.id ?? '', { trust }, []);
    search.later(remember.found + 1);
    expect((await search.look(anna)).rows).toMatchObject([{ fingerprint: first.fingerprint, state: 'trusted' }]);
    await vi.waitFor(async () => expect(await search.store.keysFor(anna)).toHaveLength(2), 60_000);
    const states = new Map((await search.store.keysFor(anna)).map(({ fingerprint, state }) => [fingerprint, state]));
    expect(states).toEqual(
      new Map([
        [first.fingerprint, 'rejected'],
        [second.fingerprint, 'pending'],
      ]),
    );
  });
});

test('a thousand messages at once make one look', async () => {
  const source = scripted([gives(first.binary)]);
  await using search = await searching([source]);
  const looks = await Promise.all(Array.from({ length: 1_000 }, () => search.look(anna)));
  expect(source.asked).toHaveLength(1);
  expect(new Set(looks.map(({ rows }) => rows[0]?.fingerprint))).toEqual(new Set([first.fingerprint]));
  expect(await search.store.keysFor(anna)).toHaveLength(1);
});

test('a source that is silent is passed over at the deadline, and the others count', async () => {
  const silent = scripted(['silence'], 'hkp');
  await using search = await searching([scripted([gives(first.binary)]), silent], { deadline: 200 });
  const before = performance.now();
  const { rows, notes } = await search.look(anna);
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(rows).toHaveLength(1);
  expect(notes).toContainEqual('hkp of partner.example gave no answer in time.');
});

test('a server that is away is not asked about others either, for a while', async () => {
  const source = scripted([away]);
  await using search = await searching([source]);
  await search.look(anna);
  const { notes } = await search.look('bert@partner.example');
  expect(notes).toEqual(['wkd of partner.example is away.']);
  await search.look('carl@another.example');
  expect(source.asked).toEqual([anna, 'carl@another.example']);
  search.later(remember.failed + 1);
  await search.look('bert@partner.example');
  expect(source.asked).toHaveLength(3);
});

test('only so many looks at once; who gets no turn in time goes without and asks nobody', async () => {
  const source = scripted(['silence']);
  await using search = await searching([source], { deadline: 300 });
  const looks = await Promise.all(
    Array.from({ length: 200 }, (_, index) => search.look(`p${index}@d${index}.example`)),
  );
  expect(source.asked).toHaveLength(64);
  const unasked = looks.filter(({ notes }) => notes[0]?.startsWith('There was no time') === true);
  expect(unasked).toHaveLength(136);
  expect(await search.store.lookupsFor('p199@d199.example')).toEqual([]);
});

describe('keys that change', () => {
  test('another key waits for a person; the first one stays', async () => {
    await using search = await searching([scripted([gives(first.binary), gives(second.binary)])]);
    await search.look(anna);
    search.later(remember.found + 1);
    const { rows, notes } = await search.look(anna);
    expect(brief(rows)).toEqual([
      [first.fingerprint, 'trusted', 'vouched', 'wkd'],
      [second.fingerprint, 'pending', 'vouched', 'wkd'],
    ]);
    expect(notes[0]).toContain(`waits for a person's decision (postern keys trust ${rows[1]?.id})`);
    expect(search.events.map(({ kind }) => kind)).toEqual(['key.found', 'key.changed']);
    expect((await search.store.keysFor(anna)).length).toBe(2);
  });

  test('what anybody can publish is not even kept beside one that is vouched for', async () => {
    await using search = await searching([scripted([gives(first.binary)]), scripted([gives(second.binary)], 'hkp')]);
    const { rows, notes } = await search.look(anna);
    expect(brief(rows)).toEqual([[first.fingerprint, 'trusted', 'vouched', 'wkd']]);
    expect(notes[1]).toContain('is known and better vouched for');
  });

  test('the same key from a better source is trusted as far as that one goes', async () => {
    const sources = [scripted([gives(first.binary)], 'hkp'), scripted([absent, gives(first.binary)])];
    await using search = await searching(sources);
    const { rows } = await search.look(anna);
    expect(brief(rows)).toEqual([[first.fingerprint, 'trusted', 'found', 'hkp']]);
    search.later(remember.none + 1);
    expect(brief((await search.look(anna)).rows)).toEqual([[first.fingerprint, 'trusted', 'vouched', 'wkd']]);
    expect(brief(await search.store.keysFor(anna))).toEqual([[first.fingerprint, 'trusted', 'vouched', 'wkd']]);
  });

  test('a key that its owner revoked is given up, whoever shows it', async () => {
    const revoked = await publicKey(anna, { createdAt: Date.now() - 60_000 });
    await using search = await searching([scripted([gives(revoked.binary), gives(revoked.revoked)])]);
    await search.look(anna);
    search.later(remember.found + 1);
    const { rows, notes } = await search.look(anna);
    expect(brief(rows)).toEqual([[revoked.fingerprint, 'rejected', 'vouched', 'wkd']]);
    expect(notes[0]).toContain('which its owner revoked');
    expect(search.events.map(({ kind }) => kind)).toEqual(['key.found', 'key.revoked']);
    expect((await search.store.keysFor(anna))[0]?.state).toBe('rejected');
  });
});

test('without keeping, what would be is told and nothing is written', async () => {
  await using search = await searching([scripted([gives(first.binary)])], { keep: false });
  const { rows, notes } = await search.look(anna);
  expect(brief(rows)).toEqual([[first.fingerprint, 'trusted', 'vouched', 'wkd']]);
  expect(notes.at(-1)).toBe('This was only a look: the keyring stays as it was.');
  expect(await search.store.keysFor(addressKey(anna))).toEqual([]);
  expect(await search.store.lookupsFor(addressKey(anna))).toEqual([]);
  expect(search.events).toEqual([]);
});
