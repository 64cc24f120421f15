/** The tables of what senders are told and may do about their messages in the portal: news, codes, and links to what was taken back. */
import { sql, type Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { Tables } from './schema.ts';
import { columns, type Table } from './table.ts';

export type SenderTables = {
  /** What happened to a waiting message and its sender may want to hear; it goes when it was told, or need not be. */
  portal_news: {
    id: string;
    at: number;
    delivery: string;
    /** An Event as JSON. */
    event: string;
    /** When to look at it: 0 for at once, later while it waits for a digest. */
    due_at: number;
    /** Whose digest; both empty until that is known. */
    tenant: string;
    sender: string;
  };
  /** What was taken back, for who follows its link until it would have ended. */
  portal_withdrawn: { delivery: string; token_hash: string; tenant: string; address: string; expires_at: number };
  /** Codes that prove who sent a message. */
  portal_sender_codes: {
    session: string;
    message: string;
    code_hash: string;
    mail: string;
    sent_at: number;
    expires_at: number;
    tries: number;
  };
};

/** What waited before has no link that could be mailed again, so its readers are not reminded. */
export async function portalSenders(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  const publications = trx.schema.alterTable('publications');
  await publications.addColumn('link', textType, (column) => column.notNull().defaultTo('')).execute();
  await publications.addColumn('remind_at', 'bigint').execute();
  await sql`create index publications_to_remind on publications (remind_at) where remind_at is not null`.execute(trx);
  // The thread first: nothing but a question about a thread is to go by it.
  await sql`create index publications_by_thread on publications (thread, tenant, address, published_at)`.execute(trx);

  const keyed = (name: string, key: string): Table =>
    trx.schema.createTable(name).addColumn(key, textType, (column) => column.notNull().primaryKey());
  const news = columns(keyed('portal_news', 'id'), textType, 'delivery event tenant sender');
  await columns(news, 'bigint', 'at due_at').execute();
  const withdrawn = columns(keyed('portal_withdrawn', 'delivery'), textType, 'token_hash tenant address');
  await columns(withdrawn, 'bigint', 'expires_at').execute();
  let codes: Table = columns(trx.schema.createTable('portal_sender_codes'), textType, 'session message code_hash mail');
  codes = columns(codes, 'bigint', 'sent_at expires_at');
  await columns(codes, 'integer', 'tries')
    .addPrimaryKeyConstraint('portal_sender_codes_key', ['session', 'message'])
    .execute();

  await sql`create index portal_news_due on portal_news (due_at, id)`.execute(trx);
  await sql`create index portal_news_by_sender on portal_news (tenant, sender) where sender <> ''`.execute(trx);
  await sql`create unique index portal_withdrawn_by_token on portal_withdrawn (token_hash)`.execute(trx);
  await sql`create index portal_withdrawn_by_end on portal_withdrawn (expires_at)`.execute(trx);
  await sql`create index portal_sender_codes_by_end on portal_sender_codes (expires_at)`.execute(trx);
}
