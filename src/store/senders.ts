/**
 * What senders may do about what they sent to the portal: see how it fares, take it back, keep it longer, let somebody in. Who may ask for it is judged
 * by web/sender.ts; taking back is withdraw.ts, the codes that prove a sender are sender-codes.ts.
 */
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { domainOf } from '../mail/address.ts';
import type { Step } from '../plan/plan.ts';
import { eventFromColumns } from './codec.ts';
import { insertEvents } from './events.ts';
import { accessById } from './portal-members.ts';
import type { Tables } from './schema.ts';
import { codeOf, putCode, tryCode } from './sender-codes.ts';
import type { SenderStore, SentDelivery, SentMessage } from './sender-port.ts';
import type { Database } from './transaction.ts';
import { withdraw, withdrawn } from './withdraw.ts';

type Reading = Pick<Transaction<Tables>, 'selectFrom'>;

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
  const sentOf = (row: (typeof deliveries)[number]): SentDelivery => ({
    id: row.id,
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
  });
  return messages.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    sender: row.mail_from,
    messageId: row.message_id,
    receivedAt: row.received_at,
    deliveries: deliveries.filter((delivery) => delivery.message_id === row.id).map(sentOf),
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
  // What was answered to it can be read as long.
  await trx
    .updateTable('portal_answers')
    .set({ expires_at: expiresAt })
    .where('delivery', '=', delivery)
    .where('state', '=', 'sent')
    .execute();
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
