/**
 * What the portal asks: who may read which waiting message. Tokens, codes and sessions are here only as hashes.
 *
 * Every count is taken and judged in one step that first takes the delivery's publication row, so of a hundred guesses at once no more are
 * answered than of a hundred in a row. Limits hold for a code (maxTries) and, whatever the session, for a delivery within an hour.
 */
import { timingSafeEqual } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { deliveryColumns, deliveryFromRow, messageColumns, messageFromRow } from './codec.ts';
import { insertEvents } from './events.ts';
import type { Tables } from './schema.ts';
import { freeEnded } from './settle.ts';
import type { DeliveryRow, PortalRow, PortalStore } from './store.ts';
import type { Database } from './transaction.ts';

const hour = 3_600_000;
const triesPerHour = 20;
/** Publications ended in one transaction. */
const expireBatch = 200;
/** RFC 3463 has no word for "nobody came": a message that could not be delivered in the time it had. */
const expiredStatus = '5.4.7';
const expiredReason = 'Nobody opened the message in the portal in the time it waited there.';

type Publication = {
  readonly delivery_id: string;
  readonly expires_at: number;
  readonly codes_sent: number;
  readonly codes_since: number;
};

export function createPortalStore(database: Database): PortalStore {
  return {
    byToken: (tokenHash, now) => byToken(database, tokenHash, now),
    putCode: (code) => database.write((trx) => putCode(trx, code)),
    tryCode: (attempt) => database.write((trx) => tryCode(trx, database, attempt)),
    bySession: (sessionHash, deliveryId, now) => bySession(database, sessionHash, deliveryId, now),
    opened: (deliveryId, now, events) => database.write((trx) => opened(trx, deliveryId, now, events)),
    endSession: async (sessionHash) => {
      await database.write((trx) =>
        trx.deleteFrom('portal_sessions').where('session_hash', '=', sessionHash).execute(),
      );
    },
    expire: (now, events) => expire(database, now, events),
    unfetched: (now) => unfetched(database, now),
  };
}

async function byToken(database: Database, tokenHash: string, now: number): Promise<PortalRow | null> {
  return await database.read(async (db) => {
    const publication = await db
      .selectFrom('publications')
      .selectAll()
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return publication === undefined ? null : await portalRow(db, publication, now);
  });
}

async function bySession(
  database: Database,
  sessionHash: string,
  deliveryId: string,
  now: number,
): Promise<PortalRow | null> {
  return await database.read(async (db) => {
    const publication = await db
      .selectFrom('portal_sessions as session')
      .innerJoin('publications as publication', 'publication.delivery_id', 'session.delivery_id')
      .selectAll('publication')
      .where('session.session_hash', '=', sessionHash)
      .where('session.delivery_id', '=', deliveryId)
      .where('session.expires_at', '>', now)
      .where('publication.expires_at', '>', now)
      .executeTakeFirst();
    return publication === undefined ? null : await portalRow(db, publication, now);
  });
}

async function portalRow(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  publication: Publication,
  now: number,
): Promise<PortalRow | null> {
  const delivery = await db
    .selectFrom('deliveries')
    .select(deliveryColumns)
    .where('id', '=', publication.delivery_id)
    .where('state', 'in', ['waiting', 'opened'])
    .executeTakeFirst();
  if (delivery === undefined) return null;
  const message = await db
    .selectFrom('messages')
    .select(messageColumns)
    .where('id', '=', delivery.message_id)
    .executeTakeFirstOrThrow();
  const current = publication.codes_since > now - hour;
  return {
    delivery: deliveryFromRow(delivery),
    message: messageFromRow(message),
    expiresAt: publication.expires_at,
    codesSent: current ? publication.codes_sent : 0,
    codesSentSince: current ? publication.codes_since : now,
  };
}

async function putCode(trx: Transaction<Tables>, code: Parameters<PortalStore['putCode']>[0]): Promise<boolean> {
  const { deliveryId, sessionHash, codeHash, expiresAt, now, perHour } = code;
  const { numUpdatedRows } = await trx
    .updateTable('publications')
    .set({
      codes_sent: sql`case when codes_since > ${now - hour} then codes_sent + 1 else 1 end`,
      codes_since: sql`case when codes_since > ${now - hour} then codes_since else cast(${now} as bigint) end`,
    })
    .where('delivery_id', '=', deliveryId)
    .where('expires_at', '>', now)
    .where((eb) => eb.or([eb('codes_since', '<=', now - hour), eb('codes_sent', '<', perHour)]))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  const fresh = { code_hash: codeHash, expires_at: expiresAt, tries: 0 };
  await trx
    .insertInto('portal_codes')
    .values({ delivery_id: deliveryId, session_hash: sessionHash, ...fresh })
    .onConflict((conflict) => conflict.columns(['delivery_id', 'session_hash']).doUpdateSet(fresh))
    .execute();
  return true;
}

/** Makes everybody else who counts on this delivery wait; also the order in which rows are locked: publications, then codes. */
async function takePublication(trx: Transaction<Tables>, database: Database, deliveryId: string): Promise<void> {
  if (database.traits.oneWriter) return;
  await sql`select delivery_id from publications where delivery_id = ${deliveryId} ${database.traits.forUpdate}`.execute(
    trx,
  );
}

async function tryCode(
  trx: Transaction<Tables>,
  database: Database,
  attempt: Parameters<PortalStore['tryCode']>[0],
): ReturnType<PortalStore['tryCode']> {
  const { deliveryId, sessionHash, codeHash, now, maxTries, sessionUntil } = attempt;
  const perHour = attempt.triesPerHour ?? triesPerHour;
  await takePublication(trx, database, deliveryId);
  const code = await trx
    .updateTable('portal_codes')
    .set({ tries: sql`tries + 1` })
    .where('delivery_id', '=', deliveryId)
    .where('session_hash', '=', sessionHash)
    .where('expires_at', '>', now)
    .where('tries', '<', maxTries)
    .returning(['code_hash', 'tries'])
    .executeTakeFirst();
  if (code === undefined) return { kind: 'dead' };
  const publication = await trx
    .updateTable('publications')
    .set({
      tries: sql`case when tries_since > ${now - hour} then tries + 1 else 1 end`,
      tries_since: sql`case when tries_since > ${now - hour} then tries_since else cast(${now} as bigint) end`,
    })
    .where('delivery_id', '=', deliveryId)
    .where('expires_at', '>', now)
    .where((eb) => eb.or([eb('tries_since', '<=', now - hour), eb('tries', '<', perHour)]))
    .returning('tries')
    .executeTakeFirst();
  if (publication === undefined) return { kind: 'dead' };
  if (!sameHash(code.code_hash, codeHash))
    return { kind: 'wrong', triesLeft: Math.min(maxTries - code.tries, perHour - publication.tries) };
  await trx
    .deleteFrom('portal_codes')
    .where('delivery_id', '=', deliveryId)
    .where('session_hash', '=', sessionHash)
    .execute();
  await trx
    .insertInto('portal_sessions')
    .values({ session_hash: sessionHash, delivery_id: deliveryId, expires_at: sessionUntil })
    .onConflict((conflict) =>
      conflict.columns(['session_hash', 'delivery_id']).doUpdateSet({ expires_at: sessionUntil }),
    )
    .execute();
  return { kind: 'right' };
}

function sameHash(stored: string, given: string): boolean {
  const [a, b] = [Buffer.from(stored), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function opened(
  trx: Transaction<Tables>,
  deliveryId: string,
  now: number,
  events: readonly Event[],
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('deliveries')
    .set({ state: 'opened', settled_at: now })
    .where('id', '=', deliveryId)
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertEvents(trx, events, now);
  return true;
}

async function expire(database: Database, now: number, events: (delivery: DeliveryRow) => Event): Promise<number> {
  await database.write(async (trx) => {
    await trx.deleteFrom('portal_codes').where('expires_at', '<=', now).execute();
    await trx.deleteFrom('portal_sessions').where('expires_at', '<=', now).execute();
  });
  let expired = 0;
  let ended = expireBatch;
  while (ended === expireBatch) {
    ended = await database.write((trx) => expireSome(trx, database, now, events));
    expired += ended;
  }
  return expired;
}

async function unfetched(database: Database, now: number): Promise<DeliveryRow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('publications')
      .innerJoin('deliveries', 'deliveries.id', 'publications.delivery_id')
      .select(deliveryColumns.map((column) => `deliveries.${column}` as const))
      .where('publications.expires_at', '<=', now)
      .where('deliveries.state', '=', 'waiting')
      .execute(),
  );
  return rows.map((row) => ({ ...deliveryFromRow(row), status: expiredStatus, reason: expiredReason }));
}

async function expireSome(
  trx: Transaction<Tables>,
  database: Database,
  now: number,
  events: (delivery: DeliveryRow) => Event,
): Promise<number> {
  const { rows: due } = await sql<{ delivery_id: string }>`
    select delivery_id from publications where expires_at <= ${now}
    order by expires_at limit ${expireBatch} ${database.traits.skipLocked}`.execute(trx);
  const ids = due.map((row) => row.delivery_id);
  if (ids.length === 0) return 0;
  const unread = await trx
    .updateTable('deliveries')
    .set({
      state: 'failed',
      status: expiredStatus,
      reason: expiredReason,
      settled_at: now,
      needs_bytes: 0,
    })
    .where('id', 'in', ids)
    .where('state', '=', 'waiting')
    .returning(deliveryColumns)
    .execute();
  const read = await trx
    .updateTable('deliveries')
    .set({ needs_bytes: 0 })
    .where('id', 'in', ids)
    .where('state', '=', 'opened')
    .returning('message_id')
    .execute();
  for (const table of ['portal_codes', 'portal_sessions', 'publications'] as const)
    await trx.deleteFrom(table).where('delivery_id', 'in', ids).execute();
  await insertEvents(
    trx,
    unread.map((row) => events(deliveryFromRow(row))),
    now,
  );
  await freeEnded(
    trx,
    database,
    [...unread, ...read].map((row) => row.message_id),
  );
  return ids.length;
}
