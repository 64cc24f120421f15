/**
 * Sessions and what they have proved. A session is found by the hash of its secret alone; every proof gives it a new one. What a member's proof reaches is
 * looked up each time, so that who is taken off an address reads nothing more of it.
 */
import type { Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import type { Proof } from '../policy/verdict.ts';
import { insertEvents } from './events.ts';
import type { NewProof, PortalSession, PortalStore, Proving, Reach, SessionLine } from './portal-port.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

/** Milliseconds within which being seen again is not worth a write. */
const seenEvery = 60_000;

export async function beginSession(
  trx: Transaction<Tables>,
  fresh: Parameters<PortalStore['beginSession']>[0],
): Promise<void> {
  const { id, secretHash, now, endsAt, agent } = fresh;
  const row = { id, secret_hash: secretHash, agent, created_at: now, seen_at: now, ends_at: endsAt };
  await trx.insertInto('portal_sessions').values(row).execute();
}

export async function session(
  database: Database,
  secretHash: string,
  now: number,
  idle: number,
): Promise<PortalSession | null> {
  const found = await database.read(async (db) => {
    const row = await db
      .selectFrom('portal_sessions')
      .select(['id', 'created_at', 'seen_at', 'ends_at'])
      .where('secret_hash', '=', secretHash)
      .where('ends_at', '>', now)
      .where('seen_at', '>', now - idle)
      .executeTakeFirst();
    return row === undefined ? null : { row, ...(await shown(db, row.id)) };
  });
  if (found === null) return null;
  const { row, reach, passphrases } = found;
  if (row.seen_at <= now - seenEvery)
    await database.writeLazily((trx) =>
      trx.updateTable('portal_sessions').set({ seen_at: now }).where('id', '=', row.id).execute(),
    );
  return { id: row.id, createdAt: row.created_at, seenAt: now, endsAt: row.ends_at, reach, passphrases };
}

async function shown(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  id: string,
): Promise<Pick<PortalSession, 'reach' | 'passphrases'>> {
  const proofs = await db.selectFrom('portal_proofs').selectAll().where('session', '=', id).execute();
  const members = [...new Set(proofs.flatMap((proof) => (proof.member === '' ? [] : [proof.member])))];
  const joined =
    members.length === 0
      ? []
      : await db
          .selectFrom('portal_member_addresses as at')
          .innerJoin('portal_members as member', 'member.id', 'at.member')
          .select(['at.tenant', 'at.address', 'at.role', 'member.id', 'member.name'])
          .where('at.member', 'in', members)
          .execute();
  const reach = proofs.flatMap((proof): Reach[] => {
    const { method, at } = proof;
    if (proof.address !== '') return [{ tenant: proof.tenant, address: proof.address, method, at, member: null }];
    return joined
      .filter((row) => row.id === proof.member)
      .map(({ tenant, address, role, id: member, name }) => ({
        tenant,
        address,
        method,
        at,
        member: { id: member, name, role },
      }));
  });
  return { reach, passphrases: proofs.flatMap((proof) => (proof.delivery === '' ? [] : [proof.delivery])) };
}

export async function prove(
  trx: Transaction<Tables>,
  proof: NewProof,
  { session: id, newSecretHash, now }: Proving,
  events: readonly Event[],
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('portal_sessions')
    .set({ secret_hash: newSecretHash, seen_at: now })
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await trx
    .insertInto('portal_proofs')
    .values({
      session: id,
      method: proof.method,
      tenant: proof.tenant,
      address: 'address' in proof ? proof.address : '',
      member: 'member' in proof ? proof.member : '',
      delivery: 'delivery' in proof ? proof.delivery : '',
      at: now,
    })
    .onConflict((conflict) =>
      conflict.columns(['session', 'method', 'tenant', 'address', 'member', 'delivery']).doUpdateSet({ at: now }),
    )
    .execute();
  await insertEvents(trx, events, now);
  return true;
}

export async function sessionsOf(
  database: Database,
  { tenant, address, member }: Parameters<PortalStore['sessionsOf']>[0],
  now: number,
): Promise<SessionLine[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('portal_sessions as session')
      .innerJoin('portal_proofs as proof', 'proof.session', 'session.id')
      .select(['session.id', 'created_at', 'seen_at', 'ends_at', 'agent', 'method'])
      .where('ends_at', '>', now)
      .where((eb) =>
        member === null
          ? eb.and([eb('proof.tenant', '=', tenant), eb('proof.address', '=', address)])
          : eb('proof.member', '=', member),
      )
      .orderBy('session.id', 'desc')
      .execute(),
  );
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap((proofs) => {
    const [row] = proofs;
    if (row === undefined) return [];
    const methods = [...new Set(proofs.map((proof): Proof => proof.method))];
    const { id, agent } = row;
    return [{ id, createdAt: row.created_at, seenAt: row.seen_at, endsAt: row.ends_at, agent, methods }];
  });
}

export async function endSession(trx: Transaction<Tables>, id: string): Promise<void> {
  await trx.deleteFrom('portal_codes').where('session', '=', id).execute();
  await trx.deleteFrom('portal_proofs').where('session', '=', id).execute();
  await trx.deleteFrom('portal_sessions').where('id', '=', id).execute();
}

/** Those whose time is over, and what was counted more than a day ago. */
export async function forgetEnded(trx: Transaction<Tables>, now: number): Promise<void> {
  const ended = trx.selectFrom('portal_sessions').select('id').where('ends_at', '<=', now);
  await trx.deleteFrom('portal_proofs').where('session', 'in', ended).execute();
  await trx.deleteFrom('portal_codes').where('session', 'in', ended).execute();
  await trx.deleteFrom('portal_sessions').where('ends_at', '<=', now).execute();
  for (const codes of ['portal_codes', 'portal_long_codes'] as const)
    await trx.deleteFrom(codes).where('expires_at', '<=', now).execute();
  await trx.deleteFrom('portal_invitations').where('until', '<=', now).execute();
  await trx
    .deleteFrom('portal_failures')
    .where('since', '<=', now - 86_400_000)
    .execute();
}
