/** The tables of the tenant's own keys and of the lists of certificates taken back. Columns hold what own-key-port.ts says of them. */
import { sql, type Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { OwnKeyRow } from './own-key-port.ts';
import type { Tables } from './schema.ts';
import { columns, type Table } from './table.ts';

export type OwnKeyTables = {
  own_keys: {
    id: string;
    tenant: string;
    kind: OwnKeyRow['kind'];
    address: string;
    usage: OwnKeyRow['use'];
    origin: OwnKeyRow['origin'];
    fingerprint: string;
    material: string;
    sealed: string;
    state: OwnKeyRow['state'];
    serial: string | null;
    issuer_id: string | null;
    /** Domain and hash of the Web Key Directory ("corp.example/iy9q..."); null for what is not published there. */
    wkd: string | null;
    created_at: number;
    not_before: number;
    not_after: number | null;
    revoked_at: number | null;
    reason: NonNullable<OwnKeyRow['reason']> | null;
  };
  revocation_lists: {
    authority_id: string;
    /** 0 until the first is signed. Revoking a certificate counts it up, too, so that a list signed meanwhile is not kept. */
    number: number;
    /** Base64 of the DER. */
    der: string;
    this_update: number;
    next_update: number;
    renew_at: number;
  };
};

export async function ownKeyTables(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  let keys: Table = trx.schema
    .createTable('own_keys')
    .addColumn('id', textType, (column) => column.notNull().primaryKey());
  keys = columns(keys, textType, 'tenant kind address usage origin fingerprint material sealed state');
  keys = columns(keys, textType, 'serial? issuer_id? wkd?');
  keys = columns(keys, 'bigint', 'created_at not_before not_after? revoked_at?');
  await columns(keys, textType, 'reason?').execute();

  let lists: Table = trx.schema
    .createTable('revocation_lists')
    .addColumn('authority_id', textType, (column) => column.notNull().primaryKey());
  lists = columns(lists, textType, 'der');
  await columns(lists, 'bigint', 'number this_update next_update renew_at').execute();

  await sql`create unique index own_keys_once on own_keys (tenant, address, kind, fingerprint)`.execute(trx);
  await sql`create unique index own_keys_active on own_keys (tenant, address, kind, usage) where state = 'active'`.execute(
    trx,
  );
  await sql`create index own_keys_by_wkd on own_keys (wkd) where wkd is not null`.execute(trx);
  await sql`create index own_keys_revoked on own_keys (issuer_id) where state = 'revoked'`.execute(trx);
}
