/** The daily look: how fast, how many at once, by whom, and what becomes of what it finds. The clock is the test's. */
import { expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import type { DomainProbe } from '../../src/deliver/probe.ts';
import type { Event } from '../../src/event/event.ts';
import { createDomainChecks, type DomainChecks } from '../../src/pipeline/domain-check.ts';
import { openStore } from '../../src/store/open.ts';
import { StoreDown } from '../../src/store/store.ts';
import { eachEngine, sqlite } from '../engines.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 10, 21);

function shows(level: TlsLevel): DomainProbe {
  const about = { host: 'mx', preference: 1, ip: '192.0.2.1', defects: [], dane: false, remote: null };
  return { sts: null, signed: false, hosts: [{ ...about, level, certificateUntil: null, keyRecord: null }] };
}
const seen = (at: number) => ({ at, tls: 'verify', proved: 'verify', mx: 'mx', failure: null }) as const;

eachEngine((engine) => {
  test('several processes look at each domain once a day, and tell what is new', async () => {
    await using place = await engine.create();
    const stores = [(await openStore(place)).store, (await openStore(place)).store];
    let now = start;
    const probed: string[] = [];
    const events: Event[] = [];
    let level: TlsLevel = 'verify';
    const processes: DomainChecks[] = stores.map((store) =>
      createDomainChecks({
        store,
        probe: async (domain) => {
          probed.push(domain);
          return shows(level);
        },
        emit: (event) => events.push(event),
        now: () => now,
        every: day,
      }),
    );
    const names = Array.from({ length: 12 }, (_, index) => `d${index}.example`);
    for (const name of names) await stores[0]?.noteDomain(name, seen(start));
    await stores[0]?.listDomains();
    const aDay = async () => {
      for (const end = now + day; now < end; now += day / 200)
        await Promise.all(processes.map((process) => process.turn()));
    };
    await aDay();
    expect(probed.toSorted((a, b) => a.localeCompare(b))).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
    expect(events).toEqual([]);
    level = 'may';
    await aDay();
    expect(probed).toHaveLength(24);
    expect(new Set(events.map((event) => (event.kind === 'domain.changed' ? event.domain : '')))).toEqual(
      new Set(names),
    );
    expect(events[0]).toMatchObject({ what: 'level', was: 'verify', is: 'may' });
    expect((await stores[1]?.listDomains())?.[0]).toMatchObject({
      checkedAt: expect.any(Number),
      checked: { hosts: [{ host: 'mx', level: 'may' }] },
    });
    // A month without mail later nobody looks any more.
    now += 30 * day;
    await aDay();
    expect(probed).toHaveLength(24);
    await Promise.all(stores.map((store) => store.close()));
  });
});

test('10,000 domains: seven a minute, two at once, all within the day and a little', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  let now = start;
  let probes = 0;
  let open = 0;
  let most = 0;
  const slow: (() => void)[] = [];
  const checks = createDomainChecks({
    store: {
      ...store,
      countChecks: async () => 10_000,
      claimCheck: async () => ({ domain: `d${probes++}.example`, checkedAt: 0, checked: null }),
      keepCheck: async () => {},
    },
    probe: async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => slow.push(resolve));
      open -= 1;
      return shows('verify');
    },
    emit: () => {},
    now: () => now,
    every: day,
  });
  const turns: Promise<void>[] = [];
  const minute = async (answers: boolean): Promise<number> => {
    const before = probes;
    for (const end = now + 60_000; now < end; now += 1_000) {
      turns.push(checks.turn());
      await new Promise((resolve) => setImmediate(resolve));
      if (answers) for (const answer of slow.splice(0)) answer();
    }
    return probes - before;
  };
  const perMinute = [await minute(true), await minute(true), await minute(true)];
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(7);
  expect(Math.min(...perMinute)).toBeGreaterThanOrEqual(6);
  // Servers that do not answer hold up what follows; no more connections are made.
  await minute(false);
  await minute(false);
  expect(most).toBe(2);
  for (const answer of slow.splice(0)) answer();
  await Promise.all(turns);
  await store.close();
});

test('a database that is away is a fault and a pause, never an end; after the end nothing is kept', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  await store.noteDomain('x.example', seen(start));
  await store.listDomains();
  let now = start;
  let away = true;
  let asked = Promise.withResolvers<{ answer(): void }>();
  const events: Event[] = [];
  const checks = createDomainChecks({
    store: {
      ...store,
      countChecks: () => (away ? Promise.reject(new StoreDown('gone')) : store.countChecks()),
    },
    probe: () => new Promise((resolve) => asked.resolve({ answer: () => resolve(shows('verify')) })),
    emit: (event) => events.push(event),
    now: () => now,
    every: day,
  });
  await checks.turn();
  await checks.turn();
  expect(events).toMatchObject([{ kind: 'service.failed', component: 'checks of domains' }]);
  away = false;
  now += 61_000;
  const turn = checks.turn();
  (await asked.promise).answer();
  await turn;
  expect(await store.listDomains()).toMatchObject([{ checkedAt: start + 61_000 }]);
  now += 2 * day;
  asked = Promise.withResolvers();
  const last = checks.turn();
  const server = await asked.promise;
  checks.stop();
  server.answer();
  await last;
  expect(await store.listDomains()).toMatchObject([{ checkedAt: start + 61_000 }]);
  await store.close();
});
