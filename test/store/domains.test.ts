/** What is remembered of domains: what attempts showed, what was said of them, and whose servers are to be looked at next. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import { postgresTraits, sqliteTraits } from '../../src/store/dialect.ts';
import { nextCheck } from '../../src/store/domain-checks.ts';
import { connect, openStore } from '../../src/store/open.ts';
import type { DomainCheck } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';
import { claimAll, decide, settlement } from './rows.ts';

const day = 86_400_000;
const seen = (at: number, proved: TlsLevel | null = 'verify') => ({
  at,
  tls: proved,
  proved,
  mx: 'mx1',
  failure: proved === null ? 'refused' : null,
});
const nothing: DomainCheck = { hosts: [], sts: null, signed: false, trouble: null };

eachEngine((engine) => {
  test('what a domain has proved only grows, the rest is what was seen last', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await store.noteDomain('x.example', seen(1));
    await store.noteDomain('x.example', { ...seen(2), tls: 'may', proved: 'may' });
    await store.noteDomain('x.example', { at: 3, tls: 'encrypt', proved: null, mx: null, failure: 'refused' });
    await store.noteDomain('a.example', { at: 4, tls: null, proved: null, mx: null, failure: 'no route' });
    await store.noteDomain('a.example', { at: 5, tls: 'dane', proved: null, mx: 'backup', failure: null });
    const unchecked = { waiting: 0, downgradedAt: 0, sts: null, checkedAt: 0, checked: null };
    expect(await store.listDomains()).toEqual([
      {
        domain: 'a.example',
        bestTls: null,
        lastTls: 'dane',
        lastMx: 'backup',
        lastDeliveredAt: 5,
        lastFailure: null,
        delivered: 1,
        failed: 1,
        mailedAt: 5,
        ...unchecked,
      },
      {
        domain: 'x.example',
        bestTls: 'verify',
        lastTls: 'encrypt',
        lastMx: null,
        lastDeliveredAt: 2,
        lastFailure: 'refused',
        delivered: 2,
        failed: 1,
        mailedAt: 3,
        ...unchecked,
      },
    ]);
    await Promise.all(Array.from({ length: 50 }, () => store.noteDomain('x.example', seen(6, 'dane'))));
    expect((await store.listDomains())[1]).toMatchObject({ bestTls: 'dane', delivered: 52 });
    const levels: [string, TlsLevel | null][] = [
      ['a.example', null],
      ['x.example', 'dane'],
    ];
    expect(await store.domainLevels(0)).toEqual(new Map(levels));
    expect(await store.domainLevels(6)).toEqual(new Map(levels.slice(1)));
    expect(await store.forgetDomain('x.example', 8)).toBe(true);
    expect(await store.forgetDomain('x.example', 9)).toBe(false);
    expect(await store.domainLevels(7)).toEqual(new Map([['x.example', null]]));
    await store.close();
  });

  test('the list tells what waits for a domain, and which MTA-STS policy it has', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { deliveries } = await decide(store, ['a@x.example', 'b@x.example', 'c@y.example']);
    await claimAll(store);
    const deferred = deliveries.map((row) => settlement(row, { state: 'deferred', nextAt: Date.now() + day }));
    await store.settle(deferred.slice(0, 2), [], []);
    await store.noteDomain('x.example', seen(1));
    await store.noteDomain('y.example', seen(1));
    const policy = { mode: 'enforce', mx: ['mx1'], maxAge: 100 } as const;
    await store.keepSts({ domain: 'x.example', id: '2026a', policy, fetchedAt: 1, expiresAt: 2 });
    expect(await store.listDomains()).toMatchObject([
      { domain: 'x.example', waiting: 2, sts: { id: '2026a', mode: 'enforce', expiresAt: 2 } },
      { domain: 'y.example', waiting: 0, sts: null },
    ]);
    await store.close();
  });

  test('that a domain fell behind is said once within the time given, whoever says it', async () => {
    await using place = await engine.create();
    const [one, two] = [(await openStore(place)).store, (await openStore(place)).store];
    const event: Event = { kind: 'domain.downgraded', domain: 'x.example', known: 'verify', seen: null, reason: 'no' };
    const say = (store: typeof one, now: number) =>
      store.domainDowngraded('x.example', { now, unlessSince: now - day }, [event]);
    await one.noteDomain('x.example', seen(1, null));
    const said = [];
    // One after the other: at the same moment SQLite serves them one after the other too, PostgreSQL by the row's lock.
    for (const [store, now] of [
      [one, 10 * day],
      [one, 10 * day + 1],
      [two, 11 * day - 1],
      [two, 11 * day],
    ] as const)
      said.push(await say(store, now));
    expect(said).toEqual([true, false, false, true]);
    expect(await one.listDomains()).toMatchObject([{ downgradedAt: 11 * day }]);
    const both = await Promise.all([say(one, 20 * day), say(two, 20 * day)]);
    expect(both.filter((each) => each)).toEqual([true]);
    await Promise.all([one.close(), two.close()]);
  });

  test('looks: each domain once, the longest overdue first, and those without mail not again', async () => {
    await using place = await engine.create();
    const [one, two] = [(await openStore(place)).store, (await openStore(place)).store];
    for (const [index, name] of ['c', 'a', 'b', 'old'].entries())
      await one.noteDomain(`${name}.example`, seen(name === 'old' ? 1 : 100 * day + index));
    const now = 101 * day;
    await one.listDomains();
    expect(await two.countChecks()).toBe(4);
    const claim = (store: typeof one) => store.claimCheck({ now, nextAt: now + day, mailedSince: 70 * day });
    const claimed = [await claim(one), await claim(two), await claim(one), await claim(two)];
    expect(claimed.map((each) => each?.domain)).toEqual(['c.example', 'a.example', 'b.example', undefined]);
    expect(await two.countChecks()).toBe(3);
    await one.keepCheck('a.example', now, { ...nothing, trouble: 'no MX' }, []);
    const later = { now: now + day, nextAt: now + 2 * day, mailedSince: 70 * day };
    const again = await Promise.all([one.claimCheck(later), two.claimCheck(later), one.claimCheck(later)]);
    expect(new Set(again.map((each) => each?.domain))).toEqual(new Set(['a.example', 'b.example', 'c.example']));
    expect(again.find((each) => each?.domain === 'a.example')).toMatchObject({
      checkedAt: now,
      checked: { trouble: 'no MX' },
    });
    // Mail brings a forgotten one back.
    await one.noteDomain('old.example', seen(now + day));
    await one.listDomains();
    expect(await two.claimCheck(later)).toMatchObject({ domain: 'old.example', checkedAt: 0, checked: null });
    await Promise.all([one.close(), two.close()]);
  });

  test('the next look is found by its index, however many domains there are', async () => {
    await using place = await engine.create();
    await (await openStore(place)).store.close();
    const database = await connect(place.database, place.folder);
    const rows = Array.from({ length: 2_000 }, (_, index) => ({
      domain: `d${index}.example`,
      best_tls: 'verify',
      last_tls: 'verify',
      last_mx: null,
      last_failure: null,
      last_delivered_at: null,
      delivered: 1,
      failed: 0,
      mailed_at: index,
      checked_at: 0,
      check_at: index % 2 === 0 ? index : null,
      checked: null,
      downgraded_at: 0,
    }));
    await database.write(async (trx) => {
      for (let at = 0; at < rows.length; at += 500)
        await trx
          .insertInto('domains')
          .values(rows.slice(at, at + 500))
          .execute();
    });
    const sqlite = engine.name === 'sqlite';
    const explain = sqlite ? sql`explain query plan ` : sql`explain `;
    const traits = sqlite ? sqliteTraits : postgresTraits;
    if (!sqlite) await database.read((db) => sql`analyze domains`.execute(db));
    const plan = await database.read((db) => sql`${explain}${nextCheck(traits, 1_000)}`.execute(db));
    expect(JSON.stringify(plan.rows)).toMatch(/using (?:index )?domains_to_check/i);
    expect(JSON.stringify(plan.rows)).not.toMatch(/sort|temp b-tree/i);
    await database.close();
  });
});
