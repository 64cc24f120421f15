import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { KeyRow } from '../../src/store/store.ts';
import { eachEngine } from '../engines.ts';

function key(changes: Partial<KeyRow> = {}): KeyRow {
  return {
    id: randomUUIDv7(),
    kind: 'pgp',
    address: 'bob@partner.example',
    fingerprint: randomUUIDv7(),
    material: '-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n',
    state: 'trusted',
    source: 'import',
    notBefore: 1_700_000_000_000,
    notAfter: null,
    createdAt: 1_700_000_000_001,
    ...changes,
  };
}

eachEngine((engine) => {
  test('keys are found by address, kept once, and change state', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const bob = key();
    const carol = key({
      address: 'carol@partner.example',
      kind: 'x509',
      notAfter: 1_900_000_000_000,
      state: 'pending',
    });
    const event = { kind: 'key.imported', key: bob.id, address: bob.address, fingerprint: bob.fingerprint } as const;
    await store.insertKeys([bob, carol], [event]);
    // Imported again under another id: the first stays, with what a person decided about it.
    expect(await store.setKeyState(bob.id, 'rejected', [{ ...event, kind: 'key.rejected' }])).toBe(true);
    await store.insertKeys([{ ...bob, id: randomUUIDv7() }], []);
    expect(await store.keysFor('bob@partner.example')).toEqual([{ ...bob, state: 'rejected' }]);
    expect(await store.keysFor('carol@partner.example')).toEqual([carol]);
    expect(await store.keysFor('carol@partner.exampl')).toEqual([]);
    expect(await store.listKeys()).toHaveLength(2);
    expect(await store.setKeyState('no such key', 'trusted', [])).toBe(false);
    await store.close();
  });

  test('a domain’s best TLS only grows, the rest is what was seen last', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const seen = { at: 1, tls: 'verify', mx: 'mx1', failure: null };
    await store.noteDomain('x.example', seen);
    await store.noteDomain('x.example', { ...seen, at: 2, tls: 'may' });
    await store.noteDomain('x.example', { at: 3, tls: null, mx: null, failure: 'refused' });
    await store.noteDomain('a.example', { at: 4, tls: null, mx: null, failure: 'no route' });
    await store.noteDomain('a.example', { at: 5, tls: 'may', mx: 'mx', failure: null });
    expect(await store.listDomains()).toEqual([
      {
        domain: 'a.example',
        bestTls: 'may',
        lastTls: 'may',
        lastMx: 'mx',
        lastDeliveredAt: 5,
        lastFailure: null,
        delivered: 1,
        failed: 1,
      },
      {
        domain: 'x.example',
        bestTls: 'verify',
        lastTls: null,
        lastMx: null,
        lastDeliveredAt: 2,
        lastFailure: 'refused',
        delivered: 2,
        failed: 1,
      },
    ]);
    await Promise.all(Array.from({ length: 50 }, () => store.noteDomain('x.example', { ...seen, tls: 'dane', at: 6 })));
    expect((await store.listDomains())[1]).toMatchObject({ bestTls: 'dane', delivered: 52 });
    await store.close();
  });
});
