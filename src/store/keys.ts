/** Recipients' public keys and certificates as rows, one for each address a key is for. Whether one may be used is keys/. */
import type { Event } from '../event/event.ts';
import { keyFromRow } from './codec.ts';
import { insertEvents } from './events.ts';
import type { KeyRow } from './store.ts';
import type { Database } from './transaction.ts';

/** Adds keys; one that is there already (same address, kind and fingerprint) is brought up to date and keeps its id and state. */
export async function insertKeys(database: Database, keys: readonly KeyRow[], events: readonly Event[]): Promise<void> {
  await database.write(async (trx) => {
    for (const key of keys) {
      await trx
        .insertInto('keys')
        .values({
          id: key.id,
          kind: key.kind,
          address: key.address,
          fingerprint: key.fingerprint,
          material: key.material,
          state: key.state,
          source: key.source,
          not_before: key.notBefore,
          not_after: key.notAfter,
          created_at: key.createdAt,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['address', 'kind', 'fingerprint'])
            .doUpdateSet({ material: key.material, not_before: key.notBefore, not_after: key.notAfter }),
        )
        .execute();
    }
    await insertEvents(trx, events, Date.now());
  });
}

export async function keysFor(database: Database, address: string): Promise<KeyRow[]> {
  const rows = await database.read((db) =>
    db.selectFrom('keys').selectAll().where('address', '=', address).orderBy('id').execute(),
  );
  return rows.map(keyFromRow);
}

export async function listKeys(database: Database): Promise<KeyRow[]> {
  const rows = await database.read((db) =>
    db.selectFrom('keys').selectAll().orderBy('address').orderBy('id').execute(),
  );
  return rows.map(keyFromRow);
}

/** False when there is no such key; then no event is written either. */
export async function setKeyState(
  database: Database,
  id: string,
  state: KeyRow['state'],
  events: readonly Event[],
): Promise<boolean> {
  return await database.write(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('keys')
      .set({ state })
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await insertEvents(trx, events, Date.now());
    return true;
  });
}
