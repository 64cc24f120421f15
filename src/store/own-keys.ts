/** The tenant's own keys as rows, private keys sealed by the caller (own-key-port.ts). The lists of certificates taken back are revocation-lists.ts. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { parseAddress } from '../mail/address.ts';
import { wkdHash } from '../mail/wkd.ts';
import { insertEvents } from './events.ts';
import type { OwnKeyRow, OwnKeyStore } from './own-key-port.ts';
import { keepList, listsDue, revocationList, revokedBy } from './revocation-lists.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

type Row = Selectable<Tables['own_keys']>;

/** More rows than anybody's address has; a list of everything has its own. */
const atMost = 100;

export function createOwnKeyStore(database: Database): OwnKeyStore {
  return {
    add: (row, options, events) => database.write((trx) => add(trx, row, options.unlessActive ?? false, events)),
    of: (tenant, addresses) => keysOf(database, tenant, addresses),
    list: (tenant) => list(database, tenant),
    find: (id) => find(database, id),
    authorityOf: (tenant) => authorityOf(database, tenant),
    ending: (before, limit) => ending(database, before, limit),
    prolong: (id, { material, sealed, notAfter }, events) =>
      database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('own_keys')
          .set({ material, sealed, not_after: notAfter })
          .where('id', '=', id)
          .where('state', '=', 'active')
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return false;
        await insertEvents(trx, events, Date.now());
        return true;
      }),
    revoke: (id, revoked, events) => database.write((trx) => revoke(trx, id, revoked, events)),
    revokedBy: (authorityId, endingAfter) => revokedBy(database, authorityId, endingAfter),
    listsDue: async (now) =>
      (await listsDue(database, now)).map(({ number, ...row }) => ({ authority: keyFromRow(row), number })),
    keepList: (kept, after) => database.write((trx) => keepList(trx, kept, after)),
    published: (domain, hash) => published(database, domain, hash),
    revocationList: (authorityId) => revocationList(database, authorityId),
    authorityCertificate: (authorityId) => authorityCertificate(database, authorityId),
  };
}

async function add(
  trx: Transaction<Tables>,
  row: OwnKeyRow,
  unlessActive: boolean,
  events: readonly Event[],
): Promise<boolean> {
  const { tenant, kind, address, use, fingerprint } = row;
  const ofAddress = trx
    .selectFrom('own_keys')
    .select('id')
    .where('tenant', '=', tenant)
    .where('address', '=', address)
    .where('kind', '=', kind);
  if ((await ofAddress.where('fingerprint', '=', fingerprint).executeTakeFirst()) !== undefined) return false;
  const active = await ofAddress.where('usage', '=', use).where('state', '=', 'active').executeTakeFirst();
  if (active !== undefined) {
    if (unlessActive) return false;
    await trx.updateTable('own_keys').set({ state: 'retired' }).where('id', '=', active.id).execute();
  }
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('own_keys')
    .values(columnsOf(row))
    // Another process that added one at this very moment was first.
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows !== 1n) return false;
  if (kind === 'ca') {
    const none = { der: '', number: 0, this_update: 0, next_update: 0, renew_at: 0 };
    await trx
      .insertInto('revocation_lists')
      .values({ authority_id: row.id, ...none })
      .execute();
  }
  await insertEvents(trx, events, Date.now());
  return true;
}

async function keysOf(database: Database, tenant: string, addresses: readonly string[]): Promise<OwnKeyRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('address', 'in', [...addresses, ''])
      .where('kind', '<>', 'ca')
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(atMost)
      .execute(),
  );
  return rows.map(keyFromRow);
}

async function list(database: Database, tenant: string | null): Promise<OwnKeyRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .selectAll()
      .$if(tenant !== null, (query) => query.where('tenant', '=', tenant ?? ''))
      .orderBy('tenant')
      .orderBy('address')
      .orderBy('kind')
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute(),
  );
  return rows.map(keyFromRow);
}

async function find(database: Database, id: string): Promise<OwnKeyRow | null> {
  const row = await database.read((db) =>
    db.selectFrom('own_keys').selectAll().where('id', '=', id).executeTakeFirst(),
  );
  return row === undefined ? null : keyFromRow(row);
}

async function authorityOf(database: Database, tenant: string): Promise<OwnKeyRow | null> {
  const row = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('kind', '=', 'ca')
      .where('address', '=', '')
      .where('state', '=', 'active')
      .executeTakeFirst(),
  );
  return row === undefined ? null : keyFromRow(row);
}

async function ending(database: Database, before: number, limit: number): Promise<OwnKeyRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .selectAll()
      .where('state', '=', 'active')
      .where('origin', '=', 'generated')
      .where('kind', '<>', 'ca')
      .where('not_after', '<', before)
      .orderBy('not_after')
      .limit(limit)
      .execute(),
  );
  return rows.map(keyFromRow);
}

async function revoke(
  trx: Transaction<Tables>,
  id: string,
  { at, reason, material }: Parameters<OwnKeyStore['revoke']>[1],
  events: readonly Event[],
): Promise<boolean> {
  const row = await trx
    .updateTable('own_keys')
    .set({ state: 'revoked', revoked_at: at, reason, material })
    .where('id', '=', id)
    .where('state', '<>', 'revoked')
    .returning('issuer_id')
    .executeTakeFirst();
  if (row === undefined) return false;
  if (row.issuer_id !== null) {
    await trx
      .updateTable('revocation_lists')
      .set((is) => ({ renew_at: 0, number: is('number', '+', 1) }))
      .where('authority_id', '=', row.issuer_id)
      .execute();
  }
  await insertEvents(trx, events, Date.now());
  return true;
}

async function published(database: Database, domain: string, hash: string): Promise<string[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .select('material')
      .where('wkd', '=', `${domain}/${hash}`)
      .where('state', 'in', ['active', 'revoked'])
      // "active" before "revoked".
      .orderBy('state')
      .orderBy('created_at', 'desc')
      .limit(5)
      .execute(),
  );
  return rows.map(({ material }) => material);
}

async function authorityCertificate(database: Database, authorityId: string): Promise<string | null> {
  const row = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .select('material')
      .where('id', '=', authorityId)
      .where('kind', '=', 'ca')
      .executeTakeFirst(),
  );
  return row?.material ?? null;
}

function columnsOf(row: OwnKeyRow): Insertable<Tables['own_keys']> {
  const { id, tenant, kind, address, origin, fingerprint, material, sealed, state, serial, reason } = row;
  return {
    id,
    tenant,
    kind,
    address,
    usage: row.use,
    origin,
    fingerprint,
    material,
    sealed,
    state,
    serial,
    issuer_id: row.issuerId,
    wkd: kind === 'pgp' ? wkdName(address) : null,
    created_at: row.createdAt,
    not_before: row.notBefore,
    not_after: row.notAfter,
    revoked_at: row.revokedAt,
    reason,
  };
}

function wkdName(address: string): string | null {
  const parsed = parseAddress(address);
  return parsed === null ? null : `${parsed.domain}/${wkdHash(parsed.local)}`;
}

function keyFromRow(row: Row): OwnKeyRow {
  const { id, tenant, kind, address, origin, fingerprint, material, sealed, state, serial, reason } = row;
  return {
    id,
    tenant,
    kind,
    address,
    use: row.usage,
    origin,
    fingerprint,
    material,
    sealed,
    state,
    serial,
    issuerId: row.issuer_id,
    createdAt: row.created_at,
    notBefore: row.not_before,
    notAfter: row.not_after,
    revokedAt: row.revoked_at,
    reason,
  };
}
