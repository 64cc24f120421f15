/**
 * How people at an address like to be written to: the language they last read in, and the phrase of their own by which they tell our letters from
 * forgeries. Letters to the address use them; they prove nothing and open nothing.
 */
import type { Transaction } from 'kysely';
import { isLanguage, type Language } from '../mail/language.ts';
import type { Traits } from './dialect.ts';
import type { PortalAddress } from './portal-port.ts';
import type { Tables } from './schema.ts';
import { columns } from './table.ts';
import type { Database } from './transaction.ts';

/** Null for what is not known. */
export type Greeting = { readonly language: Language | null; readonly phrase: string | null };

export type GreetingStore = {
  of(address: PortalAddress): Promise<Greeting>;
  /** What is left out stays as it is. */
  keep(address: PortalAddress, greeting: Partial<Greeting>): Promise<void>;
};

export type GreetingTables = {
  /** Empty for what is not known. */
  portal_greetings: { tenant: string; address: string; language: string; phrase: string };
};

export async function portalGreetings(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  await columns(trx.schema.createTable('portal_greetings'), textType, 'tenant address language phrase')
    .addPrimaryKeyConstraint('portal_greetings_key', ['tenant', 'address'])
    .execute();
}

export function createGreetingStore(database: Database): GreetingStore {
  return {
    of: async ({ tenant, address }) => {
      const row = await database.read((db) =>
        db
          .selectFrom('portal_greetings')
          .select(['language', 'phrase'])
          .where('tenant', '=', tenant)
          .where('address', '=', address)
          .executeTakeFirst(),
      );
      const { language = '', phrase = '' } = row ?? {};
      return { language: isLanguage(language) ? language : null, phrase: phrase === '' ? null : phrase };
    },
    keep: async ({ tenant, address }, greeting) => {
      const changed = {
        ...(greeting.language === undefined ? {} : { language: greeting.language ?? '' }),
        ...(greeting.phrase === undefined ? {} : { phrase: greeting.phrase ?? '' }),
      };
      if (Object.keys(changed).length === 0) return;
      await database.writeLazily((trx) =>
        trx
          .insertInto('portal_greetings')
          .values({ tenant, address, language: '', phrase: '', ...changed })
          .onConflict((conflict) => conflict.columns(['tenant', 'address']).doUpdateSet(changed))
          .execute(),
      );
    },
  };
}
