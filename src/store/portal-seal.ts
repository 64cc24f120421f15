/**
 * A value sealed under the portal's key, by which every process sees whether it has the same key as the others, and whether anything still needs
 * the one it was sealed under. Sealing and opening are its callers'.
 */
import type { Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { Tables } from './schema.ts';
import { columns } from './table.ts';
import type { Database } from './transaction.ts';

export type PortalSeal = {
  /** Null before the first. */
  kept(): Promise<string | null>;
  keep(sealed: string): Promise<void>;
  /** Whether messages, drafts or authenticator apps are here that only the portal's key opens. */
  inUse(now: number): Promise<boolean>;
};

/** One row, with the name `key`. */
export type PortalSealTables = { portal_seals: { name: string; sealed: string } };

export async function portalSeals(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  await columns(trx.schema.createTable('portal_seals'), textType, 'name sealed')
    .addPrimaryKeyConstraint('portal_seals_key', ['name'])
    .execute();
}

export function createPortalSeal(database: Database): PortalSeal {
  return {
    kept: async () => {
      const row = await database.read((db) =>
        db.selectFrom('portal_seals').select('sealed').where('name', '=', 'key').executeTakeFirst(),
      );
      return row?.sealed ?? null;
    },
    keep: async (sealed) => {
      await database.write((trx) =>
        trx
          .insertInto('portal_seals')
          .values({ name: 'key', sealed })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ sealed }))
          .execute(),
      );
    },
    inUse: (now) =>
      database.read(async (db) => {
        const message = await db
          .selectFrom('publications')
          .select('delivery_id')
          .where('expires_at', '>', now)
          .limit(1)
          .executeTakeFirst();
        const draft = await db
          .selectFrom('portal_answers')
          .select('id')
          .where('expires_at', '>', now)
          .limit(1)
          .executeTakeFirst();
        const app = await db
          .selectFrom('portal_credentials')
          .select('id')
          .where('kind', '=', 'authenticator')
          .limit(1)
          .executeTakeFirst();
        return [message, draft, app].some((row) => row !== undefined);
      }),
  };
}
