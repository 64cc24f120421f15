/**
 * The end of attempts, in batches: what became of each delivery, what that caused (reports, notifications, a wait in the portal) and the
 * events, in one transaction. A message of which no delivery needs the bytes any more is marked on the way.
 *
 * Rows are always locked deliveries first, then messages in the order of their ids, so that two workers never wait for each other.
 */
import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import { messageToRow } from './codec.ts';
import { insertEvents } from './events.ts';
import { insertRows, textOnce } from './insert.ts';
import { freeBytes } from './messages.ts';
import type { Tables } from './schema.ts';
import type { NewMessage, Settlement } from './store.ts';
import type { Database } from './transaction.ts';

/** Rows in one statement. */
const maxRows = 50;

/** States that nothing leaves by an attempt. */
const endedStates: readonly DeliveryState[] = ['delivered', 'opened', 'failed', 'dropped'];

export async function settle(
  database: Database,
  settlements: readonly Settlement[],
  messages: readonly NewMessage[],
  events: readonly Event[],
): Promise<void> {
  const rows = messages.map(messageToRow);
  await database.write(async (trx) => {
    const now = Date.now();
    const ended: string[] = [];
    const changed = new Set<string>();
    for (let from = 0; from < settlements.length; from += maxRows) {
      for (const row of await update(trx, settlements.slice(from, from + maxRows), now)) {
        changed.add(row.id);
        if (row.needs_bytes === 0) ended.push(row.message_id);
      }
    }
    await publish(trx, settlements, changed);
    await freeEnded(trx, database, ended);
    await insertRows(trx, 'messages', rows);
    await insertEvents(trx, events, now);
  });
}

/** Marks the messages among `ids` whose last delivery ended. */
export async function freeEnded(trx: Transaction<Tables>, database: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const unique = [...new Set(ids)];
  // Without the lock two transactions that each end one of the last two deliveries would both see the other's as still open.
  if (!database.traits.oneWriter)
    await sql`select id from messages where id in (${sql.join(unique)}) order by id ${database.traits.forUpdate}`.execute(
      trx,
    );
  await freeBytes(trx, unique);
}

/** A delivery that was attempted twice (its lease ran out) has the link that was made last. */
async function publish(
  trx: Transaction<Tables>,
  settlements: readonly Settlement[],
  changed: ReadonlySet<string>,
): Promise<void> {
  for (const { id, portal } of settlements) {
    if (portal === undefined || !changed.has(id)) continue;
    const { tenant, address, card, thread, demand, passphrase } = portal;
    const row = {
      tenant,
      address,
      card,
      thread,
      demand,
      token_hash: portal.tokenHash,
      expires_at: portal.expiresAt,
      published_at: portal.publishedAt,
      item_key: portal.itemKey,
      link: portal.link,
      remind_at: portal.remindAt,
      passphrase: passphrase === null ? null : JSON.stringify(passphrase),
    };
    await trx
      .insertInto('publications')
      .values({ delivery_id: id, codes_sent: 0, codes_since: 0, tries: 0, tries_since: 0, ...row })
      .onConflict((conflict) => conflict.column('delivery_id').doUpdateSet(row))
      .execute();
  }
}

type Changed = { readonly id: string; readonly message_id: string; readonly needs_bytes: number };

async function update(trx: Transaction<Tables>, settlements: readonly Settlement[], now: number): Promise<Changed[]> {
  const text = textOnce(trx, `settle ${settlements.length}`, () => updateText(trx, settlements.length));
  const values = settlements.flatMap((settlement) => valuesOf(settlement, now));
  return (await trx.executeQuery<Changed>(CompiledQuery.raw(text, values))).rows;
}

/** One row of `change` in updateText. */
function valuesOf(settlement: Settlement, now: number): unknown[] {
  const ended = endedStates.includes(settlement.state);
  return [
    settlement.id,
    settlement.state,
    settlement.status,
    settlement.reason,
    settlement.remote === null ? null : JSON.stringify(settlement.remote),
    settlement.because === undefined ? null : JSON.stringify(settlement.because),
    settlement.step,
    settlement.attempts,
    settlement.nextAt,
    settlement.warned ? 1 : 0,
    ended ? now : null,
    // What was opened in the portal can be opened again until its time there is over, and files that stayed there, too.
    ended && settlement.state !== 'opened' && settlement.portal === undefined ? 0 : 1,
  ];
}

function updateText(db: Kysely<Tables>, rows: number): string {
  const text = sql`cast(${''} as text)`;
  const integer = sql`cast(${0} as bigint)`;
  const row = sql`(${sql.join([text, text, text, text, text, text, ...Array.from({ length: 6 }, () => integer)])})`;
  const ended = sql.join(endedStates.map((state) => sql.lit(state)));
  return sql`
    with change (id, state, status, reason, remote, because, step, attempts, next_at, warned, settled_at, needs_bytes) as
      (values ${sql.join(Array.from({ length: rows }, () => row))})
    update deliveries set
      state = change.state, status = change.status, reason = change.reason, remote = change.remote,
      because = coalesce(change.because, deliveries.because), step = cast(change.step as integer),
      attempts = cast(change.attempts as integer), next_at = change.next_at, warned = cast(change.warned as integer),
      settled_at = change.settled_at, needs_bytes = cast(change.needs_bytes as integer), lease_until = 0, crashes = 0
    from change
    where deliveries.id = change.id and (deliveries.state not in (${ended})
      or (change.state = 'delivered' and deliveries.state in ('failed', 'dropped')))
    returning deliveries.id as id, deliveries.message_id as message_id, deliveries.needs_bytes as needs_bytes`.compile(
    db,
  ).sql;
}
