import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import type { KeyRow } from '../../src/store/key-port.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';

function key(changes: Partial<KeyRow> = {}): KeyRow {
  return {
    id: randomUUIDv7(),
    kind: 'pgp',
    address: 'bob@partner.example',
    fingerprint: randomUUIDv7(),
    material: '-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n',
    issuers: '',
    state: 'trusted',
    stateSince: 1_700_000_000_002,
    source: 'wkd',
    where: 'https://openpgpkey.partner.example/',
    trust: 'vouched',
    notBefore: 1_700_000_000_000,
    notAfter: null,
    createdAt: 1_700_000_000_001,
    checkedAt: 0,
    status: {},
    features: {},
    lastUsedAt: null,
    replaces: null,
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
    const about = { key: bob.id, address: bob.address, fingerprint: bob.fingerprint };
    await store.insertKeys([bob, carol], [{ ...about, kind: 'key.found', source: 'wkd', trust: 'vouched' }]);
    const rejected = { state: 'rejected', stateSince: 1_700_000_000_005 } as const;
    expect(await store.updateKey(bob.id, rejected, [{ ...about, kind: 'key.rejected' }])).toBe(true);
    // Found again under another id, in a newer copy: the first stays, with what a person decided about it.
    const newer = { material: 'newer', issuers: 'more', notAfter: 1_800_000_000_000 };
    await store.insertKeys([{ ...bob, ...newer, id: randomUUIDv7(), trust: 'pinned', source: 'pinned' }], []);
    expect(await store.keysFor('bob@partner.example')).toEqual([{ ...bob, ...newer, ...rejected }]);
    expect(await store.keysFor('carol@partner.example')).toEqual([carol]);
    expect(await store.keysFor('carol@partner.exampl')).toEqual([]);
    expect(await store.findKey(carol.id)).toEqual(carol);
    expect(await store.findKey('no such key')).toBeNull();
    expect(await store.listKeys()).toHaveLength(2);
    expect(await store.updateKey('no such key', { state: 'trusted' }, [])).toBe(false);
    await store.close();
  });

  test('a decision about the keys of an address is written whole, by what they are at that moment, or not at all', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const [a, b, other] = [key(), key(), key({ address: 'carol@partner.example' })];
    await store.insertKeys([a, b, other], []);
    const event = { kind: 'key.pinned', key: a.id, address: a.address, fingerprint: a.fingerprint } as const;
    // Each unpins what it sees pinned, as a person's word does.
    const pin = (id: string) =>
      store.decideKeys(a.address, (rows) => [
        ...rows
          .filter(({ trust }) => trust === 'pinned')
          .map((row) => ({ id: row.id, change: { trust: 'confirmed' as const }, events: [] })),
        { id, change: { trust: 'pinned' as const }, events: [event] },
      ]);
    const trusts = async () => (await store.keysFor(a.address)).map(({ trust }) => trust);
    for (let round = 0; round < 5; round++) {
      await store.decideKeys(a.address, (rows) =>
        rows.map(({ id }) => ({ id, change: { trust: 'confirmed' as const }, events: [] })),
      );
      await Promise.all([pin(a.id), pin(b.id)]);
      expect((await trusts()).toSorted()).toEqual(['confirmed', 'pinned']);
    }
    const before = await trusts();
    // A number that JSON has not.
    const broken = { ...event, address: 1n as unknown as string };
    const failing = store.decideKeys(a.address, (rows) =>
      rows.map(({ id }) => ({ id, change: { trust: 'found' as const }, events: id === b.id ? [broken] : [] })),
    );
    await expect(failing).rejects.toThrow();
    expect(await trusts()).toEqual(before);
    expect(await store.findKey(other.id)).toEqual(other);
    await store.close();
  });

  test('what is known of a key changes one by one', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = key({ kind: 'x509' });
    await store.insertKeys([row], []);
    const change = {
      trust: 'confirmed',
      source: 'import',
      where: 'bob.pem',
      checkedAt: 1_700_000_000_009,
      status: { path: { ok: false, why: 'is self-signed' }, revocation: 'unknown', revocationUntil: 1_700_000_900_000 },
      features: { gcm: true },
      issuers: 'PEM',
      replaces: 'another',
    } as const;
    await store.updateKey(row.id, change, []);
    expect(await store.findKey(row.id)).toEqual({ ...row, ...change });
    // Somebody who looked it up before a person confirmed it comes late.
    await store.updateKey(row.id, { trust: 'vouched', source: 'wkd', where: 'there' }, []);
    expect(await store.findKey(row.id)).toEqual({ ...row, ...change });
    store.noteKeysUsed([row.id, 'no such key'], 1_700_000_000_020);
    store.noteKeysUsed([row.id], 1_700_000_000_010);
    expect(await store.listKeys()).toEqual([{ ...row, ...change, lastUsedAt: 1_700_000_000_020 }]);
    await store.close();
  });

  test('look-ups are remembered by address and source until they are old', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const lookup = {
      address: 'bob@partner.example',
      source: 'wkd',
      outcome: 'none',
      said: '',
      at: 1_000,
      until: 2_000,
    } as const;
    const other = {
      ...lookup,
      source: 'vks https://keys.example',
      outcome: 'failed',
      said: 'No answer.',
      at: 900,
      until: 1_500,
    } as const;
    await store.noteLookups([lookup, other, { ...lookup, address: 'carol@partner.example' }]);
    await store.noteLookups([{ ...lookup, outcome: 'found', at: 1_100, until: 3_000 }]);
    expect(await store.lookupsFor(lookup.address)).toEqual([
      other,
      { ...lookup, outcome: 'found', at: 1_100, until: 3_000 },
    ]);
    expect(await store.forgetLookups(2_500, 1)).toBe(1);
    expect(await store.forgetLookups(2_500, 10)).toBe(1);
    expect(await store.lookupsFor(lookup.address)).toHaveLength(1);
    expect(await store.lookupsFor('carol@partner.example')).toEqual([]);
    await store.close();
  });
});
