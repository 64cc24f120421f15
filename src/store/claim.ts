/**
 * Which delivery is next: round robin over the destinations that have work, so that a destination with a long queue, or one that takes no
 * more at the moment, keeps nobody else waiting.
 *
 * The index `deliveries_ready` holds the queued deliveries by destination. A claim jumps through it from one destination to the next
 * (never over the rows in between), asks the caller how many each may have, and takes that many from the front of each. So the cost is a
 * few index look-ups per destination looked at, whether one row waits there or a million. At most `maxDestinations` are looked at in
 * one call; the next call goes on behind the last one.
 *
 * Way through: claimDeliveries; then promote, recover and extendLease, the life of a lease.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { deliveryColumns, deliveryFromRow, messageColumns, messageFromRow } from './codec.ts';
import type { DeliveryTable, Tables } from './schema.ts';
import type { ClaimedDelivery, DeliveryRow, MessageRow } from './store.ts';
import type { Database } from './transaction.ts';

/** Destinations asked for with one statement, and looked at in one call. */
const pageSize = 32;
const maxDestinations = 2_048;
/** Rows that change state in one transaction of `promote`. */
const promoteBatch = 1_000;

/** Where the round stands: the last destination that was looked at, '' before the first. Each process goes its own round. */
export type Round = { after: string };

export async function claimDeliveries(
  database: Database,
  round: Round,
  limit: number,
  leaseUntil: number,
  perDestination: (destination: string) => number,
): Promise<ClaimedDelivery[]> {
  return await database.writeLazily(async (trx) => {
    const claimed: DeliveryRow[] = [];
    let { after } = round;
    let wrapped = false;
    for (let seen = 0; seen < maxDestinations && claimed.length < limit; ) {
      const page = (await nextDestinations(after, pageSize).execute(trx)).rows.map((row) => row.destination);
      // After starting over, up to where this call began: nobody is asked twice.
      const fresh = wrapped ? page.filter((destination) => destination <= round.after) : page;
      seen += page.length;
      const wanted = fresh.map((destination) => ({ destination, count: perDestination(destination) }));
      const open = wanted.filter((want) => want.count > 0);
      const rows = await take(trx, database, open, limit - claimed.length, leaseUntil);
      claimed.push(...rows);
      // With the limit reached the round goes on behind the destination that got the last row.
      after = (claimed.length === limit ? rows.at(-1)?.destination : fresh.at(-1)) ?? after;
      if (fresh.length === pageSize || claimed.length === limit) continue;
      if (wrapped || round.after === '') break;
      wrapped = true;
      after = '';
    }
    round.after = after;
    return await withMessages(trx, claimed);
  });
}

/** The next `count` destinations behind `after` that have queued deliveries, each found by one look-up behind the one before. */
export function nextDestinations(after: string, count: number): RawBuilder<{ destination: string }> {
  return sql<{ destination: string }>`
    with recursive ready (destination) as (
      select min(destination) from deliveries where state = 'queued' and destination > ${after}
      union all
      select (select min(d.destination) from deliveries as d where d.state = 'queued' and d.destination > ready.destination)
      from ready where ready.destination is not null
    )
    select destination from ready where destination is not null limit ${count}`;
}

/** Leases up to `limit` rows, from each destination its oldest messages first, and returns them in that order. */
async function take(
  trx: Transaction<Tables>,
  database: Database,
  wanted: readonly { readonly destination: string; readonly count: number }[],
  limit: number,
  leaseUntil: number,
): Promise<DeliveryRow[]> {
  if (wanted.length === 0) return [];
  const { rows } = await takeStatement(database, wanted, limit, leaseUntil).execute(trx);
  return rows.map(deliveryFromRow).sort(byDestination);
}

/** The statement of `take`. */
export function takeStatement(
  database: Database,
  wanted: readonly { readonly destination: string; readonly count: number }[],
  limit: number,
  leaseUntil: number,
): RawBuilder<DeliveryTable> {
  const fronts = wanted.map(
    ({ destination, count }) => sql`select id from (
      select id from deliveries where state = 'queued' and destination = ${destination}
      order by message_id, id limit ${Math.min(count, limit)} ${database.traits.skipLocked}) as front`,
  );
  return sql<DeliveryTable>`
    with picked as materialized (select id from (${sql.join(fronts, sql` union all `)}) as fronts limit ${limit})
    update deliveries set state = 'sending', lease_until = ${leaseUntil}
    where id in (select id from picked)
    returning ${sql.join(deliveryColumns.map((name) => sql.ref(name)))}`;
}

function byDestination(a: DeliveryRow, b: DeliveryRow): number {
  if (a.destination !== b.destination) return a.destination < b.destination ? -1 : 1;
  if (a.messageId !== b.messageId) return a.messageId < b.messageId ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

async function withMessages(trx: Transaction<Tables>, deliveries: readonly DeliveryRow[]): Promise<ClaimedDelivery[]> {
  if (deliveries.length === 0) return [];
  const ids = [...new Set(deliveries.map((delivery) => delivery.messageId))];
  const rows = await trx.selectFrom('messages').select(messageColumns).where('id', 'in', ids).execute();
  const messages = new Map<string, MessageRow>(rows.map((row) => [row.id, messageFromRow(row)]));
  return deliveries.flatMap((delivery) => {
    const message = messages.get(delivery.messageId);
    return message === undefined ? [] : [{ ...delivery, message }];
  });
}

/** Deferred deliveries that are due, and whatever a vanished worker had, can be claimed again. Returns how many rows that were. */
export async function promote(database: Database, now: number): Promise<number> {
  const { skipLocked } = database.traits;
  const statements = [
    sql`with due as materialized (
        select id from deliveries where state = 'deferred' and next_at <= ${now} order by next_at limit ${promoteBatch} ${skipLocked})
      update deliveries set state = 'queued' where id in (select id from due)`,
    sql`with lost as materialized (
        select id from deliveries where state = 'sending' and lease_until < ${now} order by lease_until limit ${promoteBatch} ${skipLocked})
      update deliveries set state = 'queued', crashes = crashes + 1, lease_until = 0 where id in (select id from lost)`,
    sql`with lost as materialized (
        select id from messages where state = 'deciding' and lease_until < ${now} order by lease_until limit ${promoteBatch} ${skipLocked})
      update messages set state = 'received', lease_until = 0 where id in (select id from lost)`,
  ];
  let promoted = 0;
  for (const statement of statements) {
    let changed = promoteBatch;
    while (changed === promoteBatch) {
      changed = Number((await database.writeLazily((trx) => statement.execute(trx))).numAffectedRows ?? 0n);
      promoted += changed;
    }
  }
  return promoted;
}

/** All leases end: for a process that knows it is alone on its database. */
export async function recover(database: Database): Promise<void> {
  await database.writeLazily(async (trx) => {
    await sql`update deliveries set state = 'queued', crashes = crashes + 1, lease_until = 0 where state = 'sending'`.execute(
      trx,
    );
    await sql`update messages set state = 'received', lease_until = 0 where state = 'deciding'`.execute(trx);
  });
}

/** An id is a delivery's or a message's; what is neither being sent nor being decided any more stays as it is. */
export async function extendLease(database: Database, ids: readonly string[], leaseUntil: number): Promise<void> {
  if (ids.length === 0) return;
  await database.writeLazily(async (trx) => {
    const lease = { lease_until: leaseUntil };
    await trx.updateTable('deliveries').set(lease).where('id', 'in', ids).where('state', '=', 'sending').execute();
    await trx.updateTable('messages').set(lease).where('id', 'in', ids).where('state', '=', 'deciding').execute();
  });
}
