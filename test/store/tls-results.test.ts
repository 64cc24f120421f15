import { expect, test } from 'vitest';
import type { TlsMiss, TlsPolicy, TlsSession } from '../../src/mail/tls-report.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';

const none: TlsPolicy = { type: 'no-policy-found', lines: [], domain: 'b.example', mx: [] };
const sts: TlsPolicy = { type: 'sts', lines: ['mode: testing', 'mx: *'], domain: 'b.example', mx: ['*'] };
const expired: TlsMiss = { result: 'certificate-expired', code: null, mx: 'mx.b.example', ip: '192.0.2.1' };
const session = (changes: Partial<TlsSession> = {}): TlsSession => ({
  domain: 'b.example',
  policy: sts,
  miss: null,
  ...changes,
});
const at = Date.UTC(2026, 10, 20, 23, 59, 59, 999);

eachEngine((engine) => {
  test('sessions add up by day, domain, policy, result and place', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    for (let count = 0; count < 3; count++) store.noteTlsSession(session(), at);
    // Written in two goes, so that what is on disk already is added to.
    expect(await store.unreportedTls('2026-11-21')).toEqual([{ day: '2026-11-20', domain: 'b.example' }]);
    store.noteTlsSession(session(), at);
    store.noteTlsSession(session({ miss: expired }), at);
    store.noteTlsSession(session({ miss: { ...expired } }), at);
    store.noteTlsSession(session({ miss: { ...expired, ip: null } }), at);
    store.noteTlsSession(session({ policy: none }), at);
    store.noteTlsSession(session(), at + 1);
    store.noteTlsSession(session({ domain: 'a.example' }), at);
    expect(await store.unreportedTls('2026-11-20')).toEqual([]);
    expect(await store.unreportedTls('2026-11-22')).toEqual([
      { day: '2026-11-20', domain: 'a.example' },
      { day: '2026-11-20', domain: 'b.example' },
      { day: '2026-11-21', domain: 'b.example' },
    ]);
    const tallies = await store.claimTlsReport('2026-11-20', 'b.example', at);
    expect(tallies).toHaveLength(4);
    expect(tallies).toEqual(
      expect.arrayContaining([
        { policy: sts, miss: null, sessions: 4 },
        { policy: sts, miss: expired, sessions: 2 },
        { policy: sts, miss: { ...expired, ip: null }, sessions: 1 },
        { policy: none, miss: null, sessions: 1 },
      ]),
    );
    await store.close();
  });

  test('one claim is honoured, also of two processes at once; what is claimed is no longer due', async () => {
    await using place = await engine.create();
    const { store: one } = await openStore(place);
    const { store: two } = await openStore(place);
    one.noteTlsSession(session(), at);
    expect(await one.unreportedTls('2026-11-21')).toHaveLength(1);
    const claims = await Promise.all(
      [one, two, one, two].map((each) => each.claimTlsReport('2026-11-20', 'b.example', at)),
    );
    expect(claims.filter((claim) => claim !== null)).toEqual([[{ policy: sts, miss: null, sessions: 1 }]]);
    expect(await two.unreportedTls('2026-11-21')).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });

  test('two processes that count the same lose nothing, and old days are forgotten', async () => {
    await using place = await engine.create();
    const { store: one } = await openStore(place);
    const { store: two } = await openStore(place);
    for (let count = 0; count < 100; count++) {
      one.noteTlsSession(session(), at);
      two.noteTlsSession(session(), at);
    }
    await Promise.all([one.close(), two.close()]);
    const { store } = await openStore(place);
    expect(await store.claimTlsReport('2026-11-20', 'b.example', at)).toEqual([
      { policy: sts, miss: null, sessions: 200 },
    ]);
    store.noteTlsSession(session(), at + 1);
    await store.forgetTls('2026-11-21');
    // The claim is forgotten with the counts, so nothing is left of the day.
    expect(await store.claimTlsReport('2026-11-20', 'b.example', at)).toEqual([]);
    expect(await store.unreportedTls('2026-11-22')).toEqual([{ day: '2026-11-21', domain: 'b.example' }]);
    await store.close();
  });
});
