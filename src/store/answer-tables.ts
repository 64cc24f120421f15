/** The tables of what people write in the portal: answers (drafts and sent ones), their files, and the pieces these came in. */
import { sql, type Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { Tables } from './schema.ts';
import { columns, type Table } from './table.ts';

export type AnswerTables = {
  portal_answers: {
    id: string;
    tenant: string;
    address: string;
    author: string;
    delivery: string | null;
    thread: string;
    state: 'draft' | 'sent';
    content: string;
    created_at: number;
    changed_at: number;
    expires_at: number;
  };
  portal_uploads: { id: string; answer: string; about: string; size: number | null; stored: number };
  portal_pieces: { upload: string; start: number; spool_id: string; spool_key: string; spool_size: number };
};

export async function portalAnswers(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  const keyed = (name: string): Table =>
    trx.schema.createTable(name).addColumn('id', textType, (column) => column.notNull().primaryKey());
  const answers = columns(keyed('portal_answers'), textType, 'tenant address author delivery? thread state content');
  await columns(answers, 'bigint', 'created_at changed_at expires_at').execute();
  await columns(columns(keyed('portal_uploads'), textType, 'answer about'), 'bigint', 'size? stored').execute();
  const pieces: Table = columns(trx.schema.createTable('portal_pieces'), textType, 'upload spool_id spool_key');
  await columns(pieces, 'bigint', 'start spool_size')
    .addPrimaryKeyConstraint('portal_pieces_key', ['upload', 'start'])
    .execute();

  await sql`create index portal_answers_by_address on portal_answers (tenant, address, thread)`.execute(trx);
  await sql`create index portal_answers_by_expiry on portal_answers (expires_at)`.execute(trx);
  await sql`create index portal_answers_by_delivery on portal_answers (delivery) where delivery is not null`.execute(
    trx,
  );
  await sql`create index portal_uploads_by_answer on portal_uploads (answer)`.execute(trx);
  await sql`create index portal_pieces_by_blob on portal_pieces (spool_id)`.execute(trx);
}
