/** Codes that prove who sent a message: as portal-codes.ts, for one message and the session that asked. */
import { timingSafeEqual } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { mailState } from './portal-codes.ts';
import type { CodeAnswer, CodeMail, PortalAddress, Proving } from './portal-port.ts';
import { prove } from './portal-sessions.ts';
import type { Tables } from './schema.ts';
import type { SenderStore } from './sender-port.ts';
import type { Database } from './transaction.ts';

export async function putCode(trx: Transaction<Tables>, code: Parameters<SenderStore['putCode']>[0]): Promise<void> {
  const { message, session, codeHash, mail, expiresAt, now } = code;
  await trx.deleteFrom('portal_sender_codes').where('expires_at', '<=', now).execute();
  const fresh = { code_hash: codeHash, mail, sent_at: now, expires_at: expiresAt, tries: 0 };
  await trx
    .insertInto('portal_sender_codes')
    .values({ message, session, ...fresh })
    .onConflict((conflict) => conflict.columns(['session', 'message']).doUpdateSet(fresh))
    .execute();
}

export async function codeOf(
  database: Database,
  message: string,
  session: string,
  now: number,
): Promise<CodeMail | null> {
  return await database.read(async (db) => {
    const code = await db
      .selectFrom('portal_sender_codes')
      .select(['mail', 'sent_at', 'expires_at'])
      .where('message', '=', message)
      .where('session', '=', session)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (code === undefined) return null;
    return { sentAt: code.sent_at, expiresAt: code.expires_at, mail: await mailState(db, code.mail) };
  });
}

export async function tryCode(
  trx: Transaction<Tables>,
  { message, codeHash, maxTries }: Parameters<SenderStore['tryCode']>[0],
  sender: PortalAddress,
  proving: Proving,
  events: readonly Event[],
): Promise<CodeAnswer> {
  const code = await trx
    .updateTable('portal_sender_codes')
    .set({ tries: sql`tries + 1` })
    .where('session', '=', proving.session)
    .where('message', '=', message)
    .where('expires_at', '>', proving.now)
    .where('tries', '<', maxTries)
    .returning(['code_hash', 'tries'])
    .executeTakeFirst();
  if (code === undefined) return { kind: 'dead' };
  const [known, given] = [Buffer.from(code.code_hash), Buffer.from(codeHash)];
  if (known.length !== given.length || !timingSafeEqual(known, given))
    return { kind: 'wrong', triesLeft: maxTries - code.tries };
  await trx
    .deleteFrom('portal_sender_codes')
    .where('session', '=', proving.session)
    .where('message', '=', message)
    .execute();
  return (await prove(trx, { method: 'code', ...sender }, proving, events)) ? { kind: 'right' } : { kind: 'dead' };
}
