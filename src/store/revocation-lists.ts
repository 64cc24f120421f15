/** The lists of certificates that an authority took back, and the rows they are made of (own-key-port.ts). */
import type { Transaction } from 'kysely';
import type { OwnKeyStore, RevocationList } from './own-key-port.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

export async function revokedBy(
  database: Database,
  authorityId: string,
  endingAfter: number,
): ReturnType<OwnKeyStore['revokedBy']> {
  const rows = await database.read((db) =>
    db
      .selectFrom('own_keys')
      .select(['serial', 'revoked_at', 'reason'])
      .where('issuer_id', '=', authorityId)
      .where('state', '=', 'revoked')
      .where('not_after', '>', endingAfter)
      .orderBy('revoked_at')
      .orderBy('id')
      .execute(),
  );
  return rows.flatMap(({ serial, revoked_at: revokedAt, reason }) =>
    serial === null || revokedAt === null ? [] : [{ serial, revokedAt, reason: reason ?? 'unspecified' }],
  );
}

/** Rows of own_keys, each with the number of its list. */
export async function listsDue(database: Database, now: number) {
  return await database.read((db) =>
    db
      .selectFrom('own_keys')
      .innerJoin('revocation_lists', 'authority_id', 'id')
      .selectAll('own_keys')
      .select('number')
      .where('renew_at', '<=', now)
      .where('not_after', '>', now)
      .execute(),
  );
}

export async function keepList(trx: Transaction<Tables>, kept: RevocationList, after: number): Promise<boolean> {
  const { authorityId, number, der, thisUpdate, nextUpdate, renewAt } = kept;
  const { numUpdatedRows } = await trx
    .updateTable('revocation_lists')
    .set({
      number,
      der: der.toString('base64'),
      this_update: thisUpdate,
      next_update: nextUpdate,
      renew_at: renewAt,
    })
    .where('authority_id', '=', authorityId)
    .where('number', '=', after)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

export async function revocationList(database: Database, authorityId: string): Promise<RevocationList | null> {
  const row = await database.read((db) =>
    db
      .selectFrom('revocation_lists')
      .selectAll()
      .where('authority_id', '=', authorityId)
      .where('der', '<>', '')
      .executeTakeFirst(),
  );
  if (row === undefined) return null;
  const { number, der, this_update: thisUpdate, next_update: nextUpdate, renew_at: renewAt } = row;
  return { authorityId, number, der: Buffer.from(der, 'base64'), thisUpdate, nextUpdate, renewAt };
}
