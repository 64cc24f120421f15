/** What is remembered of MTA-STS policies, and when they are asked for again, over a made-up web and a made-up clock. */
import { describe, expect, test } from 'vitest';
import { createStsPolicies, type KeptSts } from '../../src/deliver/sts.ts';
import type { Fetched } from '../../src/deliver/sts-fetch.ts';
import type { DnsAnswer } from '../../src/net/resolver.ts';

const day = 86_400_000;
const domain = 'b.example';

/** A domain as it is at the moment, a clock, and a database that survives `restart`. */
function stage() {
  const world = {
    now: 1_000_000_000_000,
    record: 'v=STSv1; id=one;' as string | null,
    fetched: good('mx.b.example'),
    fetches: 0,
    slow: null as Promise<void> | null,
  };
  const rows = new Map<string, KeptSts>();
  const create = () =>
    createStsPolicies({
      now: () => world.now,
      resolver: { txt: async () => answerOf(world.record) },
      store: {
        findSts: async (name) => rows.get(name) ?? null,
        keepSts: async (kept) => void rows.set(kept.domain, kept),
      },
      fetch: async () => {
        world.fetches += 1;
        await world.slow;
        return world.fetched;
      },
    });
  return { world, rows, create };
}

const good = (mx: string, mode: 'enforce' | 'none' = 'enforce', maxAge = 7 * 86_400): Fetched => ({
  kind: 'policy',
  policy: { mode, mx: [mx], maxAge },
});
const broken: Fetched = { kind: 'failed', reason: 'mta-sts.b.example answered 500.', result: 'sts-policy-fetch-error' };
const answerOf = (record: string | null): DnsAnswer<string> =>
  record === 'failed'
    ? { kind: 'failed', reason: 'SERVFAIL' }
    : record === null
      ? { kind: 'none', exists: false, authenticated: false, name: domain }
      : { kind: 'found', records: [record], authenticated: false, name: domain };

describe('a policy', () => {
  test('is fetched once and holds, also after a restart', async () => {
    const { world, create } = stage();
    const policies = create();
    for (let index = 0; index < 3; index++) expect(await policies.of(domain)).toMatchObject({ id: 'one' });
    expect(await create().of(domain)).toMatchObject({ id: 'one', policy: { mx: ['mx.b.example'] } });
    expect(world.fetches).toBe(1);
  });

  test('of many messages at once is fetched once', async () => {
    const { world, create } = stage();
    const policies = create();
    const all = await Promise.all(Array.from({ length: 50 }, () => policies.of(domain)));
    expect(new Set(all.map((sts) => sts?.id))).toEqual(new Set(['one']));
    expect(world.fetches).toBe(1);
  });

  test('with a new id is fetched before it is used', async () => {
    const { world, create } = stage();
    const policies = create();
    await policies.of(domain);
    world.record = 'v=STSv1; id=two;';
    world.fetched = good('new.b.example');
    expect(await policies.of(domain)).toMatchObject({ id: 'two', policy: { mx: ['new.b.example'] } });
  });

  test('with a new id that cannot be fetched: the old one holds until its time is over, and nobody knocks all the time', async () => {
    const { world, create } = stage();
    const policies = create();
    await policies.of(domain);
    world.record = 'v=STSv1; id=two;';
    world.fetched = broken;
    for (let index = 0; index < 5; index++) expect(await policies.of(domain)).toMatchObject({ id: 'one' });
    expect(world.fetches).toBe(2);
    expect(policies.trouble(domain)?.reason).toContain('answered 500');
    world.now += 6 * 60_000;
    await policies.of(domain);
    expect(world.fetches).toBe(3);
    world.now += 8 * day;
    expect(await policies.of(domain)).toBe(null);
  });

  test.each([null, 'failed', 'v=spf1 -all', 'v=STSv1; id=;'] as const)(
    'whose record became %j holds until its time is over',
    async (record) => {
      const { world, create } = stage();
      const policies = create();
      await policies.of(domain);
      world.record = record;
      world.now += 6 * day;
      expect(await policies.of(domain)).toMatchObject({ id: 'one' });
      world.now += 2 * day;
      expect(await policies.of(domain)).toBe(null);
      expect(world.fetches).toBe(1);
    },
  );

  test('is fetched again in the second half of its life, without anybody waiting', async () => {
    const { world, create } = stage();
    const policies = create();
    await policies.of(domain);
    world.now += 4 * day;
    world.slow = new Promise(() => {});
    expect(await policies.of(domain)).toMatchObject({ id: 'one' });
    expect(world.fetches).toBe(2);
  });

  test('that was refreshed lives on', async () => {
    const { world, create } = stage();
    const policies = create();
    await policies.of(domain);
    world.now += 4 * day;
    await policies.of(domain);
    await new Promise((resolve) => setImmediate(resolve));
    world.now += 5 * day;
    world.record = 'failed';
    expect(await policies.of(domain)).toMatchObject({ id: 'one' });
  });

  test('of mode none is none, and is remembered as such', async () => {
    const { world, create } = stage();
    world.fetched = good('mx.b.example', 'none');
    const policies = create();
    expect(await policies.of(domain)).toBe(null);
    expect(await policies.of(domain)).toBe(null);
    expect(world.fetches).toBe(1);
  });
});

test.each([null, 'failed'] as const)('a domain whose record is %j was never asked for one', async (record) => {
  const { world, create } = stage();
  world.record = record;
  expect(await create().of(domain)).toBe(null);
  expect(world.fetches).toBe(0);
});

test('a first fetch that fails leaves no policy, for a while', async () => {
  const { world, create } = stage();
  world.fetched = broken;
  const policies = create();
  expect(await policies.of(domain)).toBe(null);
  expect(await policies.of(domain)).toBe(null);
  expect(world.fetches).toBe(1);
  world.fetched = good('mx.b.example');
  world.now += 6 * 60_000;
  expect(await policies.of(domain)).toMatchObject({ id: 'one' });
});
