/**
 * Recipients' public keys and certificates as rows, one for each address a key is for, and what was looked up. Whether one may be used is
 * keys/. When a key was last used is gathered and written once a minute: nobody decides by it.
 */
import { type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import { keyTrusts } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { Traits } from './dialect.ts';
import { insertEvents } from './events.ts';
import { Gathered } from './gathered.ts';
import type { KeyChange, KeyDecision, KeyFeatures, KeyLookup, KeyRow, KeyStatus, KeyStore } from './key-port.ts';
import type { KeyTable, Tables } from './schema.ts';
import type { Database } from './transaction.ts';

type Use = { readonly id: string; readonly at: number };

/** The keyring's part of the Store, and `flush`, which writes what is still only gathered. */
export function createKeyStore(database: Database): KeyStore & { readonly flush: () => Promise<void> } {
  const uses = new Gathered<Use>(database, {
    keyOf: ({ id }) => id,
    merge: (a, b) => (a.at >= b.at ? a : b),
    write: noteUse,
    every: 60_000,
  });
  return {
    insertKeys: (keys, events) => insertKeys(database, keys, events),
    keysFor: (address) => keysFor(database, address),
    findKey: (id) => findKey(database, id),
    async listKeys() {
      await uses.write();
      return await listKeys(database);
    },
    updateKey: (id, change, events) => updateKey(database, id, change, events),
    decideKeys: (address, decide) => decideKeys(database, address, decide),
    noteKeysUsed(ids, at) {
      for (const id of ids) uses.add({ id, at });
    },
    lookupsFor: (address) => lookupsFor(database, address),
    noteLookups: (lookups) => noteLookups(database, lookups),
    forgetLookups: (before, limit) => forgetLookups(database, before, limit),
    flush: () => uses.write(),
  };
}

async function insertKeys(database: Database, keys: readonly KeyRow[], events: readonly Event[]): Promise<void> {
  await database.write(async (trx) => {
    for (const key of keys) {
      const { material, issuers, notBefore: not_before, notAfter: not_after } = key;
      await trx
        .insertInto('keys')
        .values(columnsOf(key))
        .onConflict((conflict) =>
          conflict
            .columns(['address', 'kind', 'fingerprint'])
            .doUpdateSet({ material, issuers, not_before, not_after }),
        )
        .execute();
    }
    await insertEvents(trx, events, Date.now());
  });
}

async function keysFor(database: Database, address: string): Promise<KeyRow[]> {
  const rows = await database.read((db) =>
    db.selectFrom('keys').selectAll().where('address', '=', address).orderBy('id').execute(),
  );
  return rows.map(keyFromRow);
}

async function findKey(database: Database, id: string): Promise<KeyRow | null> {
  const row = await database.read((db) => db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst());
  return row === undefined ? null : keyFromRow(row);
}

async function listKeys(database: Database): Promise<KeyRow[]> {
  const rows = await database.read((db) =>
    db.selectFrom('keys').selectAll().orderBy('address').orderBy('id').execute(),
  );
  return rows.map(keyFromRow);
}

async function updateKey(
  database: Database,
  id: string,
  change: KeyChange,
  events: readonly Event[],
): Promise<boolean> {
  return await database.write(async (trx) => {
    const kept = await notLowered(trx, database.traits, id, change);
    return await changeKey(trx, { id, change: kept, events });
  });
}

/** Whoever looked a key up for seconds does not know what a person said of it meanwhile. */
async function notLowered(trx: Transaction<Tables>, traits: Traits, id: string, change: KeyChange): Promise<KeyChange> {
  if (change.trust === undefined) return change;
  const { rows } = await sql<Pick<Selectable<KeyTable>, 'trust'>>`
    select trust from keys where id = ${id} ${traits.forUpdate}`.execute(trx);
  const now = rows[0]?.trust ?? change.trust;
  if (keyTrusts.indexOf(now) <= keyTrusts.indexOf(change.trust)) return change;
  const { source: _source, where: _where, ...rest } = change;
  return { ...rest, trust: now };
}

async function decideKeys<T extends KeyDecision>(
  database: Database,
  address: string,
  decide: (rows: readonly KeyRow[]) => readonly T[],
): Promise<T[]> {
  return await database.write(async (trx) => {
    const { rows } = await sql<Selectable<KeyTable>>`
      select * from keys where address = ${address} order by id ${database.traits.forUpdate}`.execute(trx);
    const decided = decide(rows.map(keyFromRow));
    for (const each of decided) await changeKey(trx, each);
    return [...decided];
  });
}

async function changeKey(trx: Transaction<Tables>, { id, change, events }: KeyDecision): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('keys')
    .set(changedColumns(change))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertEvents(trx, events, Date.now());
  return true;
}

async function noteUse(trx: Transaction<Tables>, { id, at }: Use): Promise<void> {
  await trx.updateTable('keys').set({ last_used_at: at }).where('id', '=', id).execute();
}

async function lookupsFor(database: Database, address: string): Promise<KeyLookup[]> {
  return await database.read((db) =>
    db.selectFrom('key_lookups').selectAll().where('address', '=', address).orderBy('at').orderBy('source').execute(),
  );
}

async function noteLookups(database: Database, lookups: readonly KeyLookup[]): Promise<void> {
  // Always in the same order, so that two transactions never wait for each other's rows.
  const ordered = lookups.toSorted((a, b) => (`${a.address} ${a.source}` < `${b.address} ${b.source}` ? -1 : 1));
  await database.writeLazily(async (trx) => {
    for (const { address, source, outcome, said, at, until } of ordered)
      await trx
        .insertInto('key_lookups')
        .values({ address, source, outcome, said, at, until })
        .onConflict((conflict) => conflict.columns(['address', 'source']).doUpdateSet({ outcome, said, at, until }))
        .execute();
  });
}

async function forgetLookups(database: Database, before: number, limit: number): Promise<number> {
  return await database.writeLazily(async (trx) => {
    const old = await trx
      .selectFrom('key_lookups')
      .select(['address', 'source', 'until'])
      .where('until', '<', before)
      .orderBy('until')
      .limit(limit)
      .execute();
    for (const { address, source, until } of old)
      await trx
        .deleteFrom('key_lookups')
        .where('address', '=', address)
        .where('source', '=', source)
        .where('until', '=', until)
        .execute();
    return old.length;
  });
}

function keyFromRow(row: Selectable<KeyTable>): KeyRow {
  return {
    id: row.id,
    kind: row.kind,
    address: row.address,
    fingerprint: row.fingerprint,
    material: row.material,
    issuers: row.issuers,
    state: row.state,
    stateSince: row.state_since,
    source: row.source,
    where: row.found_where,
    trust: row.trust,
    notBefore: row.not_before,
    notAfter: row.not_after,
    createdAt: row.created_at,
    checkedAt: row.checked_at,
    status: JSON.parse(row.status) as KeyStatus,
    features: JSON.parse(row.features) as KeyFeatures,
    lastUsedAt: row.last_used_at,
    replaces: row.replaces,
  };
}

function columnsOf(key: KeyRow): Selectable<KeyTable> {
  return {
    id: key.id,
    kind: key.kind,
    address: key.address,
    fingerprint: key.fingerprint,
    material: key.material,
    issuers: key.issuers,
    state: key.state,
    state_since: key.stateSince,
    source: key.source,
    found_where: key.where,
    trust: key.trust,
    not_before: key.notBefore,
    not_after: key.notAfter,
    created_at: key.createdAt,
    checked_at: key.checkedAt,
    status: JSON.stringify(key.status),
    features: JSON.stringify(key.features),
    last_used_at: key.lastUsedAt,
    replaces: key.replaces,
  };
}

/** Kysely leaves out what is undefined. */
function changedColumns(change: KeyChange): Updateable<KeyTable> {
  return {
    state: change.state,
    state_since: change.stateSince,
    source: change.source,
    found_where: change.where,
    trust: change.trust,
    checked_at: change.checkedAt,
    issuers: change.issuers,
    status: change.status === undefined ? undefined : JSON.stringify(change.status),
    features: change.features === undefined ? undefined : JSON.stringify(change.features),
    replaces: change.replaces,
  };
}
