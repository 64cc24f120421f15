/**
 * Which delivery is next: round robin over the destinations that have work, so that a destination with a long queue, or one that takes no
 * more at the moment, keeps nobody else waiting.
 *
 * The index `deliveries_ready` holds the queued deliveries by destination and turn. A claim jumps through it from one destination to the
 * next (never over the rows in between), asks the caller how many each may have, and takes that many from the front of each. So the cost
 * is a few index look-ups per destination looked at, whether one row waits there or a million. At most `maxDestinations` are looked at in
 * one call; the next call goes on behind the last one.
 *
 * Priority, without starving anybody. Within a destination a step of priority counts as much as an hour of waiting (the column `turn`), so mail
 * of priority 9 goes after younger mail for nine hours at most. And deliveries of a priority below the usual are urgent: in three claims
 * of four they go first, whatever waits at their destination or at others, by a round of their own through `deliveries_urgent`. The fourth claim
 * knows turns only, so a stream of urgent mail leaves the others a quarter.
 *
 * Way through: claimDeliveries; then promote, recover and extendLease, the life of a lease.
 */
import { CompiledQuery, type RawBuilder, sql, type Transaction } from 'kysely';
import { usualPriority } from '../policy/verdict.ts';
import { deliveryColumns, deliveryFromRow, messageColumns, messageFromRow } from './codec.ts';
import { textOnce } from './insert.ts';
import type { DeliveryTable, Tables } from './schema.ts';
import type { ClaimedDelivery, DeliveryRow, MessageRow } from './store.ts';
import type { Database } from './transaction.ts';

/** Destinations asked for with one statement, and looked at in one call; of those with urgent mail, besides. */
const pageSize = 32;
const maxDestinations = 2_048;
const maxUrgent = 256;
/** Of so many claims one gives urgent mail no precedence. */
const evenEvery = 4;
/** Rows that change state in one transaction of `promote`. */
const promoteBatch = 1_000;

/**
 * Where the rounds stand: the last destination that was looked at, '' before the first, among all and among those with urgent mail; and how
 * many claims there were. Each process goes its own rounds.
 */
export type Round = { after: string; urgentAfter: string; claims: number };
export const newRound = (): Round => ({ after: '', urgentAfter: '', claims: 0 });

/** Which queued deliveries: all, or those with a priority below the usual. Each lane has an index of its own. */
export type Lane = 'all' | 'urgent';
const inLane = { all: sql``, urgent: sql`and priority < ${sql.lit(usualPriority)}` } as const;

export async function claimDeliveries(
  database: Database,
  round: Round,
  limit: number,
  leaseUntil: number,
  perDestination: (destination: string) => number,
): Promise<ClaimedDelivery[]> {
  return await database.writeLazily(async (trx) => {
    const claim = { trx, database, leaseUntil, room: new Rooms(perDestination) };
    const even = round.claims % evenEvery === evenEvery - 1;
    const urgent = await goRound(claim, 'urgent', round.urgentAfter, even ? 0 : maxUrgent, limit);
    const rest = await goRound(claim, 'all', round.after, maxDestinations, limit - urgent.rows.length);
    round.claims += 1;
    round.urgentAfter = urgent.after;
    round.after = rest.after;
    return await withMessages(trx, [...urgent.rows, ...rest.rows]);
  });
}

/** How many more each destination may have; asked for once. */
class Rooms {
  readonly #ask: (destination: string) => number;
  readonly #left = new Map<string, number>();

  constructor(ask: (destination: string) => number) {
    this.#ask = ask;
  }

  at(destination: string): number {
    const left = this.#left.get(destination) ?? this.#ask(destination);
    this.#left.set(destination, left);
    return left;
  }

  fill(rows: readonly DeliveryRow[]): void {
    for (const { destination } of rows) this.#left.set(destination, this.at(destination) - 1);
  }
}

type Claim = {
  readonly trx: Transaction<Tables>;
  readonly database: Database;
  readonly leaseUntil: number;
  readonly room: Rooms;
};

/** Leases up to `limit` rows of a lane, going on behind `start`; returns them and where it came to. */
async function goRound(
  { trx, database, leaseUntil, room }: Claim,
  lane: Lane,
  start: string,
  most: number,
  limit: number,
): Promise<{ rows: DeliveryRow[]; after: string }> {
  const claimed: DeliveryRow[] = [];
  let after = start;
  let wrapped = false;
  for (let seen = 0; seen < most && claimed.length < limit; ) {
    const page = await nextPage(trx, lane, after);
    // After starting over, up to where this call began.
    const fresh = wrapped ? page.filter((destination) => destination <= start) : page;
    seen += page.length;
    const wanted = fresh.map((destination) => ({ destination, count: room.at(destination) }));
    const open = wanted.filter((want) => want.count > 0);
    const rows = await take(trx, database, lane, open, limit - claimed.length, leaseUntil);
    room.fill(rows);
    claimed.push(...rows);
    // With the limit reached the round goes on behind the destination that got the last row.
    after = (claimed.length === limit ? rows.at(-1)?.destination : fresh.at(-1)) ?? after;
    if (fresh.length === pageSize || claimed.length === limit) continue;
    if (wrapped || start === '') break;
    wrapped = true;
    after = '';
  }
  return { rows: claimed, after };
}

async function nextPage(trx: Transaction<Tables>, lane: Lane, after: string): Promise<string[]> {
  const text = textOnce(trx, `destinations ${lane}`, () => nextDestinations(lane, after, pageSize).compile(trx).sql);
  const { rows } = await trx.executeQuery<{ destination: string }>(CompiledQuery.raw(text, [after, pageSize]));
  return rows.map((row) => row.destination);
}

/** The next `count` destinations behind `after` that have queued deliveries, each found by one look-up behind the one before. */
export function nextDestinations(lane: Lane, after: string, count: number): RawBuilder<{ destination: string }> {
  return sql<{ destination: string }>`
    with recursive ready (destination) as (
      select min(destination) from deliveries where state = 'queued' ${inLane[lane]} and destination > ${after}
      union all
      select (
        select min(d.destination) from deliveries as d
        where d.state = 'queued' ${inLane[lane]} and d.destination > ready.destination)
      from ready where ready.destination is not null
    )
    select destination from ready where destination is not null limit ${count}`;
}

type Want = { readonly destination: string; readonly count: number };

/** Leases up to `limit` rows, from each destination those whose turn is first, and returns them in that order. */
async function take(
  trx: Transaction<Tables>,
  database: Database,
  lane: Lane,
  wanted: readonly Want[],
  limit: number,
  leaseUntil: number,
): Promise<DeliveryRow[]> {
  if (wanted.length === 0) return [];
  const { rows } = await takeStatement(database, lane, wanted, limit, leaseUntil).execute(trx);
  return rows.sort(byTurn).map(deliveryFromRow);
}

/** The statement of `take`. */
export function takeStatement(
  database: Database,
  lane: Lane,
  wanted: readonly Want[],
  limit: number,
  leaseUntil: number,
): RawBuilder<DeliveryTable> {
  const fronts = wanted.map(
    ({ destination, count }) => sql`select id from (
      select id from deliveries where state = 'queued' ${inLane[lane]} and destination = ${destination}
      order by turn, message_id, id limit ${Math.min(count, limit)} ${database.traits.skipLocked}) as front`,
  );
  return sql<DeliveryTable>`
    with picked as materialized (select id from (${sql.join(fronts, sql` union all `)}) as fronts limit ${limit})
    update deliveries set state = 'sending', lease_until = ${leaseUntil}
    where id in (select id from picked)
    returning ${sql.join([...deliveryColumns, 'turn'].map((name) => sql.ref(name)))}`;
}

function byTurn(a: DeliveryTable, b: DeliveryTable): number {
  if (a.destination !== b.destination) return a.destination < b.destination ? -1 : 1;
  if (a.turn !== b.turn) return a.turn - b.turn;
  if (a.message_id !== b.message_id) return a.message_id < b.message_id ? -1 : 1;
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
