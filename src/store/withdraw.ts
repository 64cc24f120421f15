/**
 * Taking messages back. It deletes: the publications with the portal's wrapped keys go at once, and a message that no other delivery needs is marked, so
 * that housekeeping forgets its own key and its octets. Rows are locked deliveries first, then messages, as everywhere.
 */
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import { insertEvents } from './events.ts';
import type { Tables } from './schema.ts';
import type { SenderStore, Withdrawn } from './sender-port.ts';
import { freeEnded } from './settle.ts';
import type { Database } from './transaction.ts';

/** What nobody has yet, or could read again; of what was delivered the files that stayed in the portal. */
const recallable: readonly DeliveryState[] = ['waiting', 'opened', 'delivered', 'queued', 'deferred', 'held'];
/** Somebody has it, and the row goes on saying so. */
const kept: readonly DeliveryState[] = ['opened', 'delivered'];
/** Said of a message that was taken back before anybody had it: permanent, by a person's wish. */
const withdrawnStatus = '5.7.1';
export async function withdraw(
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
    .where('state', 'not in', kept)
    .execute();
  await trx
    .updateTable('deliveries')
    .set({ reason, needs_bytes: 0 })
    .where('id', 'in', ids)
    .where('state', 'in', kept)
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

export async function withdrawn(
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
