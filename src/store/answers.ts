/**
 * What people write in the portal. Pieces of a file are added under a condition on what has arrived, and a draft is sent under one on what its files
 * were when the message was made of them, so whoever does either at the same time twice succeeds once.
 */
import { sql, type Transaction } from 'kysely';
import { domainOf } from '../mail/address.ts';
import { inPortal } from '../plan/delivery.ts';
import type { AnswerProgress, AnswerRow, AnswerStore, UploadRow } from './answer-port.ts';
import { insertEvents } from './events.ts';
import type { PortalAddress } from './portal-port.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

export function createAnswerStore(database: Database): AnswerStore {
  const write = <T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> => database.write(work);
  return {
    begin: (draft, most) => write((trx) => begin(trx, draft, most)),
    find: async (id, now) => {
      const row = await database.read((db) =>
        db
          .selectFrom('portal_answers')
          .selectAll()
          .where('id', '=', id)
          .where('expires_at', '>', now)
          .executeTakeFirst(),
      );
      return row === undefined ? null : answerOf(row);
    },
    drafts: (addresses, now) => drafts(database, addresses, now),
    sent: (of, now) => sent(database, of, now),
    save: (id, content, at) => write((trx) => save(trx, id, content, at)),
    discard: (id) => write((trx) => discard(trx, database, [id], 'draft')),

    beginUpload: (upload, limits, now) => write((trx) => beginUpload(trx, database, upload, limits, now)),
    uploads: (answer) =>
      database.read((db) =>
        db.selectFrom('portal_uploads').selectAll().where('answer', '=', answer).orderBy('id').execute(),
      ),
    upload: async (id) =>
      (await database.read((db) =>
        db.selectFrom('portal_uploads').selectAll().where('id', '=', id).executeTakeFirst(),
      )) ?? null,
    addPiece: (upload, piece) => write((trx) => addPiece(trx, database, upload, piece)),
    endUpload: async (id) => {
      await write((trx) => trx.updateTable('portal_uploads').set({ size: sql`stored` }).where('id', '=', id).execute());
    },
    removeUpload: (answer, id) => write((trx) => removeUpload(trx, database, answer, id)),
    pieces: (upload) => pieces(database, upload),

    send: (id, sending) => write((trx) => send(trx, database, id, sending)),
    progress: (ids) => progress(database, ids),
    audience: (messageId, now) => audience(database, messageId, now),
    writersTo: (of, now) => writersTo(database, of, now),
    expire: (now, limit) => write((trx) => expire(trx, database, now, limit)),
  };
}

function answerOf(row: Tables['portal_answers']): AnswerRow {
  const { created_at: createdAt, changed_at: changedAt, expires_at: expiresAt, ...same } = row;
  return { ...same, createdAt, changedAt, expiresAt };
}

async function begin(
  trx: Transaction<Tables>,
  draft: Parameters<AnswerStore['begin']>[0],
  most: number,
): Promise<boolean> {
  const { createdAt, expiresAt, ...same } = draft;
  const { count } = await trx
    .selectFrom('portal_answers')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant', '=', draft.tenant)
    .where('address', '=', draft.address)
    .where('state', '=', 'draft')
    .where('expires_at', '>', createdAt)
    .executeTakeFirstOrThrow();
  if (count >= most) return false;
  await trx
    .insertInto('portal_answers')
    .values({ ...same, state: 'draft', created_at: createdAt, changed_at: createdAt, expires_at: expiresAt })
    .execute();
  return true;
}

async function drafts(database: Database, addresses: readonly PortalAddress[], now: number): Promise<AnswerRow[]> {
  if (addresses.length === 0) return [];
  const rows = await database.read((db) =>
    db
      .selectFrom('portal_answers')
      .selectAll()
      .where('state', '=', 'draft')
      .where('expires_at', '>', now)
      .where((eb) =>
        eb.or(addresses.map(({ tenant, address }) => eb.and([eb('tenant', '=', tenant), eb('address', '=', address)]))),
      )
      .orderBy('changed_at', 'desc')
      .orderBy('id', 'desc')
      .limit(200)
      .execute(),
  );
  return rows.map(answerOf);
}

async function sent(
  database: Database,
  { tenant, address, thread }: PortalAddress & { readonly thread: string },
  now: number,
): Promise<AnswerRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('portal_answers')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('address', '=', address)
      .where('thread', '=', thread)
      .where('state', '=', 'sent')
      .where('expires_at', '>', now)
      .orderBy('changed_at')
      .orderBy('id')
      .limit(500)
      .execute(),
  );
  return rows.map(answerOf);
}

async function save(
  trx: Transaction<Tables>,
  id: string,
  content: string,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('portal_answers')
    .set({ content, changed_at: now, expires_at: expiresAt })
    .where('id', '=', id)
    .where('state', '=', 'draft')
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Makes everybody else who changes this answer wait, and says what it is. */
async function take(
  trx: Transaction<Tables>,
  database: Database,
  id: string,
): Promise<{ readonly tenant: string; readonly address: string } | null> {
  const lock = database.traits.oneWriter ? sql`` : database.traits.forUpdate;
  const { rows } = await sql<{ tenant: string; address: string }>`
    select tenant, address from portal_answers where id = ${id} and state = 'draft' ${lock}`.execute(trx);
  return rows[0] ?? null;
}

async function discard(
  trx: Transaction<Tables>,
  database: Database,
  ids: readonly string[],
  only: 'draft' | null,
): Promise<string[]> {
  if (ids.length === 0) return [];
  if (only !== null) for (const id of ids) if ((await take(trx, database, id)) === null) return [];
  const uploads = trx.selectFrom('portal_uploads').select('id').where('answer', 'in', ids);
  const pieces = await trx.deleteFrom('portal_pieces').where('upload', 'in', uploads).returning('spool_id').execute();
  await trx.deleteFrom('portal_uploads').where('answer', 'in', ids).execute();
  await trx.deleteFrom('portal_answers').where('id', 'in', ids).execute();
  return pieces.map((piece) => piece.spool_id);
}

async function beginUpload(
  trx: Transaction<Tables>,
  database: Database,
  upload: Omit<UploadRow, 'stored'>,
  limits: Parameters<AnswerStore['beginUpload']>[1],
  now: number,
): Promise<'begun' | 'full' | 'gone'> {
  const draft = await take(trx, database, upload.answer);
  if (draft === null) return 'gone';
  const { rows } = await sql<Record<'mine' | 'files' | 'all', number | string | null>>`
    select sum(case when file.answer = ${upload.answer} then coalesce(file.size, file.stored) else 0 end) as mine,
      sum(case when file.answer = ${upload.answer} then 1 else 0 end) as files,
      sum(coalesce(file.size, file.stored)) as "all"
    from portal_uploads as file inner join portal_answers as answer on answer.id = file.answer
    where answer.tenant = ${draft.tenant} and answer.address = ${draft.address}
      and answer.state = 'draft' and answer.expires_at > ${now}`.execute(trx);
  const held = rows[0];
  const more = upload.size ?? 1;
  const full =
    Number(held?.mine ?? 0) + more > limits.draft ||
    Number(held?.all ?? 0) + more > limits.address ||
    Number(held?.files ?? 0) >= limits.files;
  if (full) return 'full';
  await trx
    .insertInto('portal_uploads')
    .values({ ...upload, stored: 0 })
    .execute();
  return 'begun';
}

async function addPiece(
  trx: Transaction<Tables>,
  database: Database,
  upload: string,
  { start, spool }: Parameters<AnswerStore['addPiece']>[1],
): Promise<'added' | 'elsewhere' | 'gone'> {
  const found = await trx.selectFrom('portal_uploads').select('answer').where('id', '=', upload).executeTakeFirst();
  if (found === undefined || (await take(trx, database, found.answer)) === null) return 'gone';
  const { numUpdatedRows } = await trx
    .updateTable('portal_uploads')
    .set({ stored: start + spool.size })
    .where('id', '=', upload)
    .where('stored', '=', start)
    .where((eb) => eb.or([eb('size', 'is', null), eb('size', '>=', start + spool.size)]))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return 'elsewhere';
  const row = { upload, start, spool_id: spool.id, spool_key: spool.wrappedKey, spool_size: spool.size };
  await trx.insertInto('portal_pieces').values(row).execute();
  return 'added';
}

async function removeUpload(
  trx: Transaction<Tables>,
  database: Database,
  answer: string,
  id: string,
): Promise<string[]> {
  if ((await take(trx, database, answer)) === null) return [];
  const mine = await trx
    .deleteFrom('portal_uploads')
    .where('id', '=', id)
    .where('answer', '=', answer)
    .returning('id')
    .executeTakeFirst();
  if (mine === undefined) return [];
  const gone = await trx.deleteFrom('portal_pieces').where('upload', '=', id).returning('spool_id').execute();
  return gone.map((piece) => piece.spool_id);
}

async function pieces(database: Database, upload: string): ReturnType<AnswerStore['pieces']> {
  const rows = await database.read((db) =>
    db.selectFrom('portal_pieces').selectAll().where('upload', '=', upload).orderBy('start').execute(),
  );
  return rows.map(({ start, spool_id: id, spool_key: wrappedKey, spool_size: size }) => ({
    start,
    spool: { id, wrappedKey, size },
  }));
}

async function send(
  trx: Transaction<Tables>,
  database: Database,
  id: string,
  { message, content, thread, files, now, expiresAt, events }: Parameters<AnswerStore['send']>[1],
): Promise<boolean> {
  if ((await take(trx, database, id)) === null) return false;
  const held = await trx.selectFrom('portal_uploads').selectAll().where('answer', '=', id).execute();
  const asMade = held.every(({ id: file, size, stored }) => size === stored && files.get(file) === stored);
  if (!asMade || held.length !== files.size) return false;
  await trx
    .updateTable('portal_answers')
    .set({ state: 'sent', content, thread, changed_at: now, expires_at: expiresAt })
    .where('id', '=', id)
    .execute();
  const row = { id: message.id, created_at: now, spool_id: message.spool.id, message: JSON.stringify(message) };
  await trx.insertInto('portal_outbox').values(row).execute();
  await insertEvents(trx, events, now);
  return true;
}

async function progress(database: Database, ids: readonly string[]): ReturnType<AnswerStore['progress']> {
  const known = new Map<string, AnswerProgress[]>();
  if (ids.length === 0) return known;
  await database.read(async (db) => {
    const waiting = await db.selectFrom('portal_outbox').select('message').where('id', 'in', ids).execute();
    for (const { message } of waiting) {
      const { id, recipients } = JSON.parse(message) as { readonly id: string; readonly recipients: readonly string[] };
      known.set(id, recipients.map(received));
    }
    const messages = await db.selectFrom('messages').select(['id', 'recipients']).where('id', 'in', ids).execute();
    for (const { id, recipients } of messages) known.set(id, (JSON.parse(recipients) as string[]).map(received));
    const deliveries = await db
      .selectFrom('deliveries')
      .select(['message_id', 'recipient', 'state'])
      .where('message_id', 'in', ids)
      .orderBy('id')
      .execute();
    for (const [id, rows] of Map.groupBy(deliveries, (row) => row.message_id))
      known.set(
        id,
        rows.map(({ recipient, state }) => ({ recipient, state })),
      );
  });
  return known;
}

function received(recipient: string): AnswerProgress {
  return { recipient, state: 'received' };
}

async function audience(database: Database, messageId: string, now: number): ReturnType<AnswerStore['audience']> {
  return await database.read((db) =>
    db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .select(['publications.address', 'publications.demand'])
      .where('deliveries.message_id', '=', messageId)
      .where('deliveries.state', 'in', inPortal)
      .where('publications.expires_at', '>', now)
      .execute(),
  );
}

async function writersTo(database: Database, { tenant, address }: PortalAddress, now: number): Promise<string[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .innerJoin('messages', 'messages.id', 'deliveries.message_id')
      .select('messages.mail_from')
      .distinct()
      .where('publications.tenant', '=', tenant)
      .where('publications.address', '=', address)
      .where('publications.expires_at', '>', now)
      .where('messages.kind', '=', 'submitted')
      .limit(200)
      .execute(),
  );
  return rows.map((row) => row.mail_from).filter((writer) => domainOf(writer) !== '');
}

async function expire(trx: Transaction<Tables>, database: Database, now: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from portal_answers where expires_at <= ${now}
    order by expires_at limit ${limit} ${database.traits.skipLocked}`.execute(trx);
  return await discard(
    trx,
    database,
    rows.map((row) => row.id),
    null,
  );
}
