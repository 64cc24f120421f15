/**
 * Codes by mail, and counts of failures. Every count is taken and judged in one step that first takes the delivery's publication row, so of a hundred
 * guesses at once no more are answered than of a hundred in a row.
 *
 * A code belongs to the session that asked for it. A session that holds no code of its own may type another's (it was asked for on another device): such
 * tries are counted apart, for the delivery and the hour, so nobody can use up what the asking session has. A long code cannot be guessed, so it belongs
 * to no session and its tries are not counted: whoever reads the mailbox can use it, whatever others did.
 */
import { timingSafeEqual } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import type { CodeAnswer, CodeMail, MailState, PortalAddress, PortalStore, Proving } from './portal-port.ts';
import { prove } from './portal-sessions.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

const hour = 3_600_000;

export async function countCode(
  trx: Transaction<Tables>,
  delivery: string,
  now: number,
  perHour: number,
): Promise<number | null> {
  const counted = await trx
    .updateTable('publications')
    .set({
      codes_sent: sql`case when codes_since > ${now - hour} then codes_sent + 1 else 1 end`,
      codes_since: sql`case when codes_since > ${now - hour} then codes_since else cast(${now} as bigint) end`,
    })
    .where('delivery_id', '=', delivery)
    .where('expires_at', '>', now)
    .where((eb) => eb.or([eb('codes_since', '<=', now - hour), eb('codes_sent', '<', perHour)]))
    .returning('codes_sent')
    .executeTakeFirst();
  return counted?.codes_sent ?? null;
}

export async function uncountCode(trx: Transaction<Tables>, delivery: string): Promise<void> {
  await trx
    .updateTable('publications')
    .set({ codes_sent: sql`codes_sent - 1` })
    .where('delivery_id', '=', delivery)
    .where('codes_sent', '>', 0)
    .execute();
}

export async function putCode(
  trx: Transaction<Tables>,
  { delivery, session, codeHash, mail, expiresAt, now }: Parameters<PortalStore['putCode']>[0],
): Promise<void> {
  const fresh = { code_hash: codeHash, mail, sent_at: now, expires_at: expiresAt, tries: 0 };
  await trx
    .insertInto('portal_codes')
    .values({ delivery, session, ...fresh })
    .onConflict((conflict) => conflict.columns(['session', 'delivery']).doUpdateSet(fresh))
    .execute();
}

export async function dropCode(trx: Transaction<Tables>, delivery: string, session: string): Promise<void> {
  await trx.deleteFrom('portal_codes').where('delivery', '=', delivery).where('session', '=', session).execute();
}

export async function putLongCode(
  trx: Transaction<Tables>,
  { tenant, address, codeHash, mail, expiresAt, now }: Parameters<PortalStore['putLongCode']>[0],
): Promise<void> {
  const fresh = { code_hash: codeHash, mail, sent_at: now, expires_at: expiresAt };
  await trx
    .insertInto('portal_long_codes')
    .values({ tenant, address, ...fresh })
    .onConflict((conflict) => conflict.columns(['tenant', 'address']).doUpdateSet(fresh))
    .execute();
}

export async function dropLongCode(trx: Transaction<Tables>, { tenant, address }: PortalAddress): Promise<void> {
  await trx.deleteFrom('portal_long_codes').where('tenant', '=', tenant).where('address', '=', address).execute();
}

export async function longCodeOf(
  database: Database,
  { tenant, address }: PortalAddress,
  now: number,
): Promise<CodeMail | null> {
  return await database.read(async (db) => {
    const code = await db
      .selectFrom('portal_long_codes')
      .select(['mail', 'sent_at', 'expires_at'])
      .where('tenant', '=', tenant)
      .where('address', '=', address)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return code === undefined ? null : await codeMail(db, code);
  });
}

export async function isLongCode(
  database: Database,
  { tenant, address, codeHash }: Parameters<PortalStore['isLongCode']>[0],
  now: number,
): Promise<boolean> {
  const found = await database.read((db) =>
    db
      .selectFrom('portal_long_codes')
      .select('address')
      .where('tenant', '=', tenant)
      .where('address', '=', address)
      .where('code_hash', '=', codeHash)
      .where('expires_at', '>', now)
      .executeTakeFirst(),
  );
  return found !== undefined;
}

export async function tryLongCode(
  trx: Transaction<Tables>,
  { tenant, address, delivery, codeHash }: Parameters<PortalStore['tryLongCode']>[0],
  proving: Proving,
  events: readonly Event[],
): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('portal_long_codes')
    .where('tenant', '=', tenant)
    .where('address', '=', address)
    .where('code_hash', '=', codeHash)
    .where('expires_at', '>', proving.now)
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) return false;
  if (delivery !== null) await uncountCode(trx, delivery);
  return await prove(trx, { method: 'code', tenant, address }, proving, events);
}

export async function codeOf(
  database: Database,
  delivery: string,
  session: string,
  now: number,
): Promise<CodeMail | null> {
  return await database.read(async (db) => {
    const code = await db
      .selectFrom('portal_codes')
      .select(['mail', 'sent_at', 'expires_at'])
      .where('delivery', '=', delivery)
      .where('session', '=', session)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return code === undefined ? null : await codeMail(db, code);
  });
}

async function codeMail(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  { mail, sent_at: sentAt, expires_at: expiresAt }: { mail: string; sent_at: number; expires_at: number },
): Promise<CodeMail> {
  return { sentAt, expiresAt, mail: await mailState(db, mail) };
}

/** Of a message that the portal submitted: its one delivery, once there is one. */
export async function mailState(db: Pick<Transaction<Tables>, 'selectFrom'>, id: string): Promise<MailState> {
  const carried = await db.selectFrom('deliveries').select('state').where('message_id', '=', id).executeTakeFirst();
  if (carried !== undefined) return carried.state;
  const kept =
    (await db.selectFrom('portal_outbox').select('id').where('id', '=', id).executeTakeFirst()) ??
    (await db.selectFrom('messages').select('id').where('id', '=', id).executeTakeFirst());
  return kept === undefined ? null : 'received';
}

/** Makes everybody else who counts on this delivery wait; also the order in which rows are locked: publications, then codes. */
async function takePublication(
  trx: Transaction<Tables>,
  database: Database,
  delivery: string,
): Promise<{ readonly tenant: string; readonly address: string } | null> {
  const lock = database.traits.oneWriter ? sql`` : database.traits.forUpdate;
  const { rows } = await sql<{ tenant: string; address: string }>`
    select tenant, address from publications where delivery_id = ${delivery} ${lock}`.execute(trx);
  return rows[0] ?? null;
}

export async function tryCode(
  trx: Transaction<Tables>,
  database: Database,
  attempt: Parameters<PortalStore['tryCode']>[0],
  proving: Proving,
  events: readonly Event[],
): Promise<CodeAnswer> {
  const { delivery, codeHash } = attempt;
  const taken = await takePublication(trx, database, delivery);
  if (taken === null) return { kind: 'dead' };
  const answer = (await tryOwn(trx, attempt, proving)) ?? (await tryForeign(trx, attempt, proving.now));
  if (answer.kind !== 'right') return answer;
  await trx.deleteFrom('portal_codes').where('delivery', '=', delivery).where('code_hash', '=', codeHash).execute();
  const proved = await prove(trx, { method: 'code', ...taken }, proving, events);
  return proved ? answer : { kind: 'dead' };
}

/** The code that this session asked for; null when it has none that lives. */
async function tryOwn(
  trx: Transaction<Tables>,
  { delivery, codeHash, maxTries }: Parameters<PortalStore['tryCode']>[0],
  { session, now }: Proving,
): Promise<CodeAnswer | null> {
  const code = await trx
    .updateTable('portal_codes')
    .set({ tries: sql`tries + 1` })
    .where('delivery', '=', delivery)
    .where('session', '=', session)
    .where('expires_at', '>', now)
    .where('tries', '<', maxTries)
    .returning(['code_hash', 'tries'])
    .executeTakeFirst();
  if (code === undefined) return null;
  return sameHash(code.code_hash, codeHash) ? { kind: 'right' } : { kind: 'wrong', triesLeft: maxTries - code.tries };
}

async function tryForeign(
  trx: Transaction<Tables>,
  { delivery, codeHash, maxTries, foreignPerHour }: Parameters<PortalStore['tryCode']>[0],
  now: number,
): Promise<CodeAnswer> {
  const codes = await trx
    .selectFrom('portal_codes')
    .select('code_hash')
    .where('delivery', '=', delivery)
    .where('expires_at', '>', now)
    .where('tries', '<', maxTries)
    .execute();
  if (codes.length === 0) return { kind: 'dead' };
  const counted = await trx
    .updateTable('publications')
    .set({
      tries: sql`case when tries_since > ${now - hour} then tries + 1 else 1 end`,
      tries_since: sql`case when tries_since > ${now - hour} then tries_since else cast(${now} as bigint) end`,
    })
    .where('delivery_id', '=', delivery)
    .where('expires_at', '>', now)
    .where((eb) => eb.or([eb('tries_since', '<=', now - hour), eb('tries', '<', foreignPerHour)]))
    .returning('tries')
    .executeTakeFirst();
  if (counted === undefined) return { kind: 'dead' };
  const right = codes.map((code) => sameHash(code.code_hash, codeHash)).includes(true);
  return right ? { kind: 'right' } : { kind: 'wrong', triesLeft: foreignPerHour - counted.tries };
}

function sameHash(stored: string, given: string): boolean {
  const [a, b] = [Buffer.from(stored), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export async function countFailure(
  trx: Transaction<Tables>,
  what: string,
  now: number,
  within: 'hour' | 'day' = 'hour',
): Promise<number> {
  const current = sql<boolean>`portal_failures.since > ${now - (within === 'day' ? 24 * hour : hour)}`;
  const { times } = await trx
    .insertInto('portal_failures')
    .values({ what, since: now, times: 1 })
    .onConflict((conflict) =>
      conflict.column('what').doUpdateSet({
        times: sql`case when ${current} then portal_failures.times + 1 else 1 end`,
        since: sql`case when ${current} then portal_failures.since else cast(${now} as bigint) end`,
      }),
    )
    .returning('times')
    .executeTakeFirstOrThrow();
  return times;
}

export async function failures(database: Database, what: string, now: number): Promise<number> {
  const row = await database.read((db) =>
    db
      .selectFrom('portal_failures')
      .select('times')
      .where('what', '=', what)
      .where('since', '>', now - hour)
      .executeTakeFirst(),
  );
  return row?.times ?? 0;
}
