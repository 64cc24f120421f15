/**
 * What senders may do about what they sent to the portal: see how it fares, take it back, keep it longer, let somebody in. Who may ask for it is judged
 * by web/sender.ts; the codes that prove a sender are sender-codes.ts.
 *
 * Taking back deletes: the publications with the portal's wrapped keys go at once, and a message that no other delivery needs is marked, so that
 * housekeeping forgets its own key and its octets. Rows are locked deliveries first, then messages, as everywhere.
 */
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { domainOf } from '../mail/address.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import { eventFromColumns } from './codec.ts';
import { insertEvents } from './events.ts';
import { accessById } from './portal-members.ts';
import type { Tables } from './schema.ts';
import { codeOf, putCode, tryCode } from './sender-codes.ts';
import type { SenderStore, SentDelivery, SentMessage, Withdrawn } from './sender-port.ts';
import { freeEnded } from './settle.ts';
import type { Database } from './transaction.ts';

type Reading = Pick<Transaction<Tables>, 'selectFrom'>;

/** What nobody has yet, or could read again. */
const recallable: readonly DeliveryState[] = ['waiting', 'opened', 'queued', 'deferred', 'held'];
/** Said of a message that was taken back before anybody had it: permanent, by a person's wish. */
const withdrawnStatus = '5.7.1';
const happenings = ['delivery.opened', 'delivery.read', 'delivery.downloaded', 'delivery.answered'] as const;
/** Of one message; a page shows no more. */
const mostHappenings = 500;

export function createSenderStore(database: Database): SenderStore {
  return {
    sent: (id) => database.read(async (db) => (await sentMessages(db, [id]))[0] ?? null),
    inPortal: (limit) => inPortal(database, limit),
    conversation: (id) => database.read((db) => conversation(db, id)),
    withdraw: (ids, how, events) => database.write((trx) => withdraw(trx, database, ids, how, events)),
    withdrawn: (by, now) => withdrawn(database, by, now),
    extend: (delivery, until, events) => database.write((trx) => extend(trx, delivery, until, events)),
    access: (id) => accessById(database, id),
    allow: (id, as, now, events) => database.write((trx) => allow(trx, database, id, as, now, events)),
    putCode: (code) => database.write((trx) => putCode(trx, code)),
    codeOf: (message, session, now) => codeOf(database, message, session, now),
    tryCode: (attempt, sender, proving, events) =>
      database.write((trx) => tryCode(trx, attempt, sender, proving, events)),
  };
}

async function sentMessages(db: Reading, ids: readonly string[]): Promise<SentMessage[]> {
  if (ids.length === 0) return [];
  const messages = await db
    .selectFrom('messages')
    .select(['id', 'tenant', 'mail_from', 'message_id', 'received_at'])
    .where('id', 'in', ids)
    .where('kind', '=', 'submitted')
    .orderBy('id', 'desc')
    .execute();
  const deliveries = await db
    .selectFrom('deliveries')
    .leftJoin('publications', 'publications.delivery_id', 'deliveries.id')
    .leftJoin('portal_withdrawn', 'portal_withdrawn.delivery', 'deliveries.id')
    .select(['deliveries.id', 'message_id', 'recipient', 'state', 'settled_at', 'reason'])
    .select(['published_at', 'publications.expires_at', 'thread', 'portal_withdrawn.delivery as withdrawn'])
    .where('message_id', 'in', ids)
    .orderBy('deliveries.id')
    .execute();
  const portal = deliveries.map((row) => row.id);
  if (portal.length === 0) return [];
  const requests = await db.selectFrom('portal_requests').selectAll().where('delivery', 'in', portal).execute();
  const events = await db
    .selectFrom('events')
    .selectAll()
    .where('message', 'in', ids)
    .where('kind', 'in', happenings)
    .orderBy('at')
    .orderBy('id')
    .limit(mostHappenings)
    .execute();
  const sent = deliveries.map((row): SentDelivery & { readonly message: string } => ({
    id: row.id,
    message: row.message_id,
    recipient: row.recipient,
    state: row.state,
    settledAt: row.settled_at,
    reason: row.reason,
    portal:
      row.published_at === null || row.expires_at === null || row.thread === null
        ? null
        : { publishedAt: row.published_at, expiresAt: row.expires_at, thread: row.thread },
    withdrawn: row.withdrawn !== null,
    requests: requests
      .filter(({ delivery }) => delivery === row.id)
      .map(({ asked_by: askedBy, asked_at: askedAt, token_hash: tokenHash, ...request }) => ({
        ...request,
        askedBy,
        askedAt,
        tokenHash,
      })),
    happened: events
      .filter(({ delivery }) => delivery === row.id)
      .map((event) => ({ at: event.at, event: eventFromColumns(event) })),
  }));
  return messages.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    sender: row.mail_from,
    messageId: row.message_id,
    receivedAt: row.received_at,
    deliveries: sent.filter(({ message }) => message === row.id).map(({ message: _, ...delivery }) => delivery),
  }));
}

async function inPortal(database: Database, limit: number): Promise<SentMessage[]> {
  return await database.read(async (db) => {
    const rows = await db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .select('message_id')
      .distinct()
      .orderBy('message_id', 'desc')
      .limit(limit)
      .execute();
    return await sentMessages(
      db,
      rows.map((row) => row.message_id),
    );
  });
}

async function conversation(db: Reading, messageId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('deliveries as mine')
    .innerJoin('messages as known', 'known.id', 'mine.message_id')
    .innerJoin('publications as item', 'item.delivery_id', 'mine.id')
    .innerJoin('publications as other', (join) =>
      join.onRef('other.tenant', '=', 'item.tenant').onRef('other.thread', '=', 'item.thread'),
    )
    .innerJoin('deliveries as theirs', 'theirs.id', 'other.delivery_id')
    .innerJoin('messages as found', 'found.id', 'theirs.message_id')
    .select('found.id')
    .distinct()
    .where('mine.message_id', '=', messageId)
    .whereRef('found.mail_from', '=', 'known.mail_from')
    .execute();
  return [...new Set([messageId, ...rows.map((row) => row.id)])].toSorted();
}

async function withdraw(
  trx: Transaction<Tables>,
  database: Database,
  messageIds: readonly string[],
  { now, answers, reason }: Parameters<SenderStore['withdraw']>[1],
  events: (row: Withdrawn) => readonly Event[],
): Promise<Withdrawn[]> {
  if (messageIds.length === 0) return [];
  const lock = database.traits.oneWriter ? sql`` : database.traits.forUpdate;
  const { rows } = await sql<{ id: string; message_id: string; recipient: string; state: DeliveryState; can: number }>`
    select id, message_id, recipient, state, needs_bytes as can from deliveries
    where message_id in (${sql.join(messageIds)}) order by id ${lock}`.execute(trx);
  const found = rows.map(
    ({ id, message_id: message, recipient, state, can }): Withdrawn => ({
      delivery: id,
      message,
      recipient,
      was: state,
      gone: can === 1 && recallable.includes(state),
    }),
  );
  const gone = found.filter((row) => row.gone);
  const ids = gone.map(({ delivery }) => delivery);
  if (ids.length === 0) return found;
  await trx
    .updateTable('deliveries')
    .set({ state: 'dropped', status: withdrawnStatus, reason, settled_at: now, needs_bytes: 0 })
    .where('id', 'in', ids)
    .where('state', '<>', 'opened')
    .execute();
  // It was read, and the row goes on saying so.
  await trx
    .updateTable('deliveries')
    .set({ reason, needs_bytes: 0 })
    .where('id', 'in', ids)
    .where('state', '=', 'opened')
    .execute();
  await unpublish(trx, ids);
  if (answers) await forgetAnswers(trx, ids);
  await insertEvents(trx, gone.flatMap(events), now);
  await freeEnded(trx, database, messageIds);
  return found;
}

/** The links stay known as taken back, for who follows them; what they opened is gone. */
async function unpublish(trx: Transaction<Tables>, ids: readonly string[]): Promise<void> {
  const columns = ['delivery', 'token_hash', 'tenant', 'address', 'expires_at'] as const;
  await trx
    .insertInto('portal_withdrawn')
    .columns(columns)
    .expression(
      trx
        .selectFrom('publications')
        .select(['delivery_id as delivery', 'token_hash', 'tenant', 'address', 'expires_at'])
        .where('delivery_id', 'in', ids),
    )
    .execute();
  for (const table of ['portal_codes', 'portal_proofs', 'portal_requests'] as const)
    await trx.deleteFrom(table).where('delivery', 'in', ids).execute();
  await trx.deleteFrom('publications').where('delivery_id', 'in', ids).execute();
}

/** What readers wrote back, as the portal keeps it; the octets of its files are noise without the keys in these rows, and are swept later. */
async function forgetAnswers(trx: Transaction<Tables>, ids: readonly string[]): Promise<void> {
  const answers = trx.selectFrom('portal_answers').select('id').where('delivery', 'in', ids);
  const uploads = trx.selectFrom('portal_uploads').select('id').where('answer', 'in', answers);
  await trx.deleteFrom('portal_pieces').where('upload', 'in', uploads).execute();
  await trx.deleteFrom('portal_uploads').where('answer', 'in', answers).execute();
  await trx.deleteFrom('portal_answers').where('delivery', 'in', ids).execute();
}

async function withdrawn(
  database: Database,
  by: Parameters<SenderStore['withdrawn']>[0],
  now: number,
): ReturnType<SenderStore['withdrawn']> {
  const [column, value] =
    'tokenHash' in by ? (['token_hash', by.tokenHash] as const) : (['delivery', by.delivery] as const);
  const row = await database.read((db) =>
    db
      .selectFrom('portal_withdrawn')
      .select(['tenant', 'address', 'token_hash'])
      .where(column, '=', value)
      .where('expires_at', '>', now)
      .executeTakeFirst(),
  );
  return row === undefined ? null : { tenant: row.tenant, address: row.address, tokenHash: row.token_hash };
}

async function extend(
  trx: Transaction<Tables>,
  delivery: string,
  { expiresAt, remindAt, now }: Parameters<SenderStore['extend']>[1],
  events: readonly Event[],
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('publications')
    .set({ expires_at: expiresAt, remind_at: remindAt })
    .where('delivery_id', '=', delivery)
    .where('expires_at', '<', expiresAt)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertEvents(trx, events, now);
  return true;
}

async function allow(
  trx: Transaction<Tables>,
  database: Database,
  id: string,
  as: string,
  now: number,
  events: readonly Event[],
): Promise<boolean> {
  const request = await trx
    .updateTable('portal_requests')
    .set({ state: 'allowed' })
    .where('id', '=', id)
    .where('state', '=', 'asked')
    .returning(['delivery', 'colleague'])
    .executeTakeFirst();
  if (request === undefined) return false;
  const lock = database.traits.oneWriter ? sql`` : database.traits.forUpdate;
  // What waits, or was opened, holds the message's bytes; locked, it cannot end before there is another that does.
  await sql`select id from deliveries where id = ${request.delivery} ${lock}`.execute(trx);
  const waits = await trx
    .selectFrom('publications')
    .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
    .selectAll('deliveries')
    .where('deliveries.id', '=', request.delivery)
    .where('publications.expires_at', '>', now)
    .executeTakeFirst();
  if (waits === undefined) return false;
  const step: Step = { method: 'portal', tls: 'verify', keys: [] };
  await trx
    .insertInto('deliveries')
    .values({
      ...waits,
      id: as,
      recipient: request.colleague,
      destination: domainOf(request.colleague),
      because: JSON.stringify([`The sender let them in, as asked by ${waits.recipient}.`]),
      steps: JSON.stringify([step]),
      state: 'queued',
      status: '',
      reason: '',
      remote: null,
      step: 0,
      attempts: 0,
      crashes: 0,
      warned: 0,
      created_at: now,
      next_at: now,
      settled_at: null,
      lease_until: 0,
      needs_bytes: 1,
      turn: now,
    })
    .execute();
  await insertEvents(trx, events, now);
  return true;
}
