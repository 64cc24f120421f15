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
});
