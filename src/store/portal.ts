/**
 * What the portal shows: the message behind a link, a delivery's message, an address's conversations. Who may see them is judged by web/; who has proved
 * what is portal-sessions.ts and portal-codes.ts, who people are portal-members.ts, and what the work role does here publications.ts.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { inPortal, unopened } from '../plan/delivery.ts';
import { deliveryColumns, deliveryFromRow, messageColumns, messageFromRow } from './codec.ts';
import { insertEvents } from './events.ts';
import * as codes from './portal-codes.ts';
import * as members from './portal-members.ts';
import type { Conversation, Passphrase, PortalAddress, PortalRow, PortalStore } from './portal-port.ts';
import { beginSession, endSession, prove, session, sessionsOf } from './portal-sessions.ts';
import type { PublicationTable } from './portal-tables.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

const hour = 3_600_000;

type Reading = Pick<Transaction<Tables>, 'selectFrom'>;

export function createPortalStore(database: Database): PortalStore {
  const write = <T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> => database.write(work);
  // A page waits for no disk: a power cut may take back the last seconds of who looked again, and of a session that proved nothing yet.
  const lazily = <T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> => database.writeLazily(work);
  return {
    byToken: (hash, now) => one(database, 'token_hash', hash, now),
    byDelivery: (id, now) => one(database, 'delivery_id', id, now),
    conversations: (addresses, page) => conversations(database, addresses, page),
    conversation: (of, now, limit) => conversation(database, of, now, limit),
    opened: (deliveryId, now, events) => write((trx) => opened(trx, deliveryId, now, events)),
    answeredInvitation: (id, sealed, events, now) =>
      write(async (trx) => {
        await trx.updateTable('publications').set({ calendar: sealed }).where('delivery_id', '=', id).execute();
        await insertEvents(trx, events, now);
      }),
    mailState: (id) => database.read((db) => codes.mailState(db, id)),
    note: (events, now) => lazily((trx) => insertEvents(trx, events, now)),

    beginSession: (fresh) => lazily((trx) => beginSession(trx, fresh)),
    session: (secretHash, now, idle) => session(database, secretHash, now, idle),
    prove: (proof, proving, events) => write((trx) => prove(trx, proof, proving, events)),
    sessionsOf: (who, now) => sessionsOf(database, who, now),
    endSession: (id) => write((trx) => endSession(trx, id)),

    // What mails the code is on stable storage before it goes, and this with it.
    countCode: (delivery, now, perHour) => lazily((trx) => codes.countCode(trx, delivery, now, perHour)),
    uncountCode: (delivery) => write((trx) => codes.uncountCode(trx, delivery)),
    putCode: (code) => lazily((trx) => codes.putCode(trx, code)),
    dropCode: (delivery, of) => write((trx) => codes.dropCode(trx, delivery, of)),
    codeOf: (delivery, of, now) => codes.codeOf(database, delivery, of, now),
    putLongCode: (code) => lazily((trx) => codes.putLongCode(trx, code)),
    dropLongCode: (of) => write((trx) => codes.dropLongCode(trx, of)),
    longCodeOf: (of, now) => codes.longCodeOf(database, of, now),
    isLongCode: (attempt, now) => codes.isLongCode(database, attempt, now),
    tryLongCode: (attempt, proving, events) => write((trx) => codes.tryLongCode(trx, attempt, proving, events)),
    tryCode: (attempt, proving, events) => write((trx) => codes.tryCode(trx, database, attempt, proving, events)),
    countFailure: (what, now, within) => write((trx) => codes.countFailure(trx, what, now, within)),
    failures: (what, now) => codes.failures(database, what, now),

    members: (of) => members.membersOf(database, of),
    enrol: (member, at, credential, events) => write((trx) => members.enrol(trx, member, at, credential, events)),
    invite: (invitation, events, now) => write((trx) => members.invite(trx, invitation, events, now)),
    invitationsTo: (at, now) => members.invitationsTo(database, at, now),
    invitation: (member, now) => members.invitation(database, member, now),
    withdrawInvitation: (member, at, events, now) =>
      write((trx) => members.withdrawInvitation(trx, member, at, events, now)),
    enrolInvited: (member, at, credential, events) =>
      write((trx) => members.enrolInvited(trx, member, at, credential, events)),
    addCredential: (credential, events) => write((trx) => members.addCredential(trx, credential, events)),
    replaceCredential: (credential, events) => write((trx) => members.replaceCredential(trx, credential, events)),
    removeCredential: (id, member, events) => write((trx) => members.removeCredential(trx, id, member, events)),
    credentials: (member) => members.credentialsOf(database, member),
    credentialBy: (kind, lookup) => members.credentialBy(database, kind, lookup),
    useCredential: (id, counter, now) => write((trx) => members.useCredential(trx, id, counter, now)),
    join: (member, at, now, events) => write((trx) => members.join(trx, member, at, now, events)),
    leave: (member, at, events) => write((trx) => members.leave(trx, member, at, events)),
    renameMember: (member, name) => write((trx) => members.rename(trx, member, name)),

    askAccess: (request, events) => write((trx) => members.askAccess(trx, request, events)),
    accessByToken: (hash) => members.accessByToken(database, hash),
    accessOf: (delivery) => members.accessOf(database, delivery),
    decideAccess: (id, state, events) => write((trx) => members.decideAccess(trx, id, state, events)),

    submit: (message, now) =>
      write(async (trx) => {
        const row = { id: message.id, created_at: now, spool_id: message.spool.id, message: JSON.stringify(message) };
        await trx.insertInto('portal_outbox').values(row).execute();
      }),
  };
}

async function one(
  database: Database,
  by: 'token_hash' | 'delivery_id',
  value: string,
  now: number,
): Promise<PortalRow | null> {
  return await database.read(async (db) => {
    const found = await db
      .selectFrom('publications')
      .selectAll()
      .where(by, '=', value)
      .where('expires_at', '>', now)
      .execute();
    const [row] = await portalRows(db, found, now);
    return row ?? null;
  });
}

/** In the order of the publications; those that are not waiting any more are left out. */
async function portalRows(db: Reading, found: readonly PublicationTable[], now: number): Promise<PortalRow[]> {
  if (found.length === 0) return [];
  const ids = found.map((publication) => publication.delivery_id);
  const deliveryRows = await db
    .selectFrom('deliveries')
    .select(deliveryColumns)
    .where('id', 'in', ids)
    .where('state', 'in', inPortal)
    .execute();
  const deliveries = new Map(deliveryRows.map((row) => [row.id, deliveryFromRow(row)]));
  const messageIds = [...new Set([...deliveries.values()].map((delivery) => delivery.messageId))];
  if (messageIds.length === 0) return [];
  const messageRows = await db.selectFrom('messages').select(messageColumns).where('id', 'in', messageIds).execute();
  const messages = new Map(messageRows.map((row) => [row.id, messageFromRow(row)]));
  return found.flatMap((publication) => {
    const delivery = deliveries.get(publication.delivery_id);
    const message = messages.get(delivery?.messageId ?? '');
    if (delivery === undefined || message === undefined) return [];
    const current = publication.codes_since > now - hour;
    return [
      {
        tenant: publication.tenant,
        address: publication.address,
        delivery,
        message: { ...message, spool: { ...message.spool, wrappedKey: publication.item_key } },
        publishedAt: publication.published_at,
        expiresAt: publication.expires_at,
        tokenHash: publication.token_hash,
        card: publication.card,
        thread: publication.thread,
        demand: publication.demand,
        passphrase: publication.passphrase === null ? null : (JSON.parse(publication.passphrase) as Passphrase),
        calendar: publication.calendar,
        codesSent: current ? publication.codes_sent : 0,
        codesSentSince: current ? publication.codes_since : now,
      },
    ];
  });
}

type Newest = { delivery_id: string; published_at: number; messages: number; unread: number };

/** The newest message of each conversation of an address, newest first: reads no more of them than it returns, however many wait. */
export function newestStatement(
  { tenant, address }: PortalAddress,
  { now, before, limit }: Parameters<PortalStore['conversations']>[1],
): RawBuilder<Newest> {
  const there = sql.join(inPortal.map((state) => sql.lit(state)));
  const shown = sql`one.expires_at > ${now} and its.state in (${there})`;
  const together = sql`publications as one inner join deliveries as its on its.id = one.delivery_id
    where one.thread = item.thread and one.tenant = item.tenant and one.address = item.address and ${shown}`;
  const until =
    before === null ? sql`` : sql`and (item.published_at, item.delivery_id) < (${before.latestAt}, ${before.delivery})`;
  return sql`
    select item.delivery_id, item.published_at, (select count(*) from ${together}) as messages,
      (select count(*) from ${together} and its.state = 'waiting') as unread
    from publications as item inner join deliveries as delivery on delivery.id = item.delivery_id
    where item.tenant = ${tenant} and item.address = ${address} ${until}
      and item.expires_at > ${now} and delivery.state in (${there})
      and not exists (select 1 from ${together} and one.published_at >= item.published_at
        and (one.published_at > item.published_at or one.delivery_id > item.delivery_id))
    order by item.published_at desc, item.delivery_id desc limit ${limit}`;
}

async function conversations(
  database: Database,
  addresses: readonly PortalAddress[],
  page: Parameters<PortalStore['conversations']>[1],
): Promise<Conversation[]> {
  return await database.read(async (db) => {
    const found = await Promise.all(addresses.map((address) => newestStatement(address, page).execute(db)));
    const rows = found
      .flatMap((one) => one.rows)
      .toSorted((a, b) => b.published_at - a.published_at || (a.delivery_id < b.delivery_id ? 1 : -1))
      .slice(0, page.limit);
    const counts = new Map(rows.map((row) => [row.delivery_id, row]));
    const newest = await rowsOf(db, [...counts.keys()], page.now);
    return newest.flatMap((row) => {
      const count = counts.get(row.delivery.id);
      if (count === undefined) return [];
      const { tenant, address, thread, publishedAt: latestAt } = row;
      const { messages, unread } = count;
      return [{ tenant, address, thread, messages, unread, latestAt, newest: row }];
    });
  });
}

/** In the order of the ids. */
async function rowsOf(db: Reading, ids: readonly string[], now: number): Promise<PortalRow[]> {
  if (ids.length === 0) return [];
  const found = await db.selectFrom('publications').selectAll().where('delivery_id', 'in', ids).execute();
  const byId = new Map(found.map((publication) => [publication.delivery_id, publication]));
  return await portalRows(
    db,
    ids.flatMap((id) => byId.get(id) ?? []),
    now,
  );
}

async function conversation(
  database: Database,
  { tenant, address, thread }: PortalAddress & { readonly thread: string },
  now: number,
  limit: number,
): Promise<PortalRow[]> {
  return await database.read(async (db) => {
    const found = await db
      .selectFrom('publications')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('address', '=', address)
      .where('thread', '=', thread)
      .where('expires_at', '>', now)
      .orderBy('published_at', 'desc')
      .orderBy('delivery_id', 'desc')
      .limit(limit)
      .execute();
    return await portalRows(db, found.toReversed(), now);
  });
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
    .where('state', 'in', unopened)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertEvents(trx, events, now);
  return true;
}
