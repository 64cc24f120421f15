/** Who people are in the portal: members of addresses, what they sign in with, and requests to let somebody in. */
import type { Transaction } from 'kysely';
import type { Event } from '../event/event.ts';
import { insertEvents } from './events.ts';
import type {
  AccessRequest,
  Credential,
  CredentialKind,
  Invitation,
  Member,
  MemberOfAddress,
  MemberRole,
  PortalAddress,
} from './portal-port.ts';
import type { PortalTables } from './portal-tables.ts';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

type Joining = PortalAddress & { readonly role: MemberRole };

export async function membersOf(database: Database, { tenant, address }: PortalAddress): Promise<MemberOfAddress[]> {
  return await database.read(async (db) => {
    const rows = await db
      .selectFrom('portal_member_addresses as at')
      .innerJoin('portal_members as member', 'member.id', 'at.member')
      .select(['member.id', 'member.name', 'member.created_at', 'at.role', 'at.joined_at'])
      .where('at.tenant', '=', tenant)
      .where('at.address', '=', address)
      .orderBy('member.id')
      .execute();
    const ids = rows.map((row) => row.id);
    const credentials =
      ids.length === 0
        ? []
        : await db.selectFrom('portal_credentials').select(['member', 'kind']).where('member', 'in', ids).execute();
    return rows.map((row) => ({
      id: row.id,
      tenant,
      name: row.name,
      createdAt: row.created_at,
      role: row.role,
      joinedAt: row.joined_at,
      methods: [...new Set(credentials.filter(({ member }) => member === row.id).map(({ kind }) => kind))],
    }));
  });
}

export async function enrol(
  trx: Transaction<Tables>,
  { id, tenant, name, createdAt }: Member,
  at: Joining,
  credential: Credential,
  events: readonly Event[],
): Promise<void> {
  await trx.insertInto('portal_members').values({ id, tenant, name, created_at: createdAt }).execute();
  await joinRow(trx, id, at, createdAt);
  await addCredential(trx, credential, events);
}

export async function invite(
  trx: Transaction<Tables>,
  { member, tenant, address, owner, name, until }: Invitation,
  events: readonly Event[],
  now: number,
): Promise<void> {
  await trx.insertInto('portal_invitations').values({ member, tenant, address, owner, name, until }).execute();
  await insertEvents(trx, events, now);
}

export async function invitationsTo(
  database: Database,
  { tenant, address }: PortalAddress,
  now: number,
): Promise<Invitation[]> {
  return await database.read((db) =>
    db
      .selectFrom('portal_invitations')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('address', '=', address)
      .where('until', '>', now)
      .orderBy('member')
      .execute(),
  );
}

export async function invitation(database: Database, member: string, now: number): Promise<Invitation | null> {
  const found = await database.read((db) =>
    db
      .selectFrom('portal_invitations')
      .selectAll()
      .where('member', '=', member)
      .where('until', '>', now)
      .executeTakeFirst(),
  );
  return found ?? null;
}

export async function withdrawInvitation(
  trx: Transaction<Tables>,
  member: string,
  at: PortalAddress,
  events: readonly Event[],
  now: number,
): Promise<boolean> {
  if (!(await takeInvitation(trx, member, at))) return false;
  await insertEvents(trx, events, now);
  return true;
}

export async function enrolInvited(
  trx: Transaction<Tables>,
  member: Member,
  at: PortalAddress,
  credential: Credential,
  events: readonly Event[],
): Promise<boolean> {
  if (!(await takeInvitation(trx, member.id, at))) return false;
  await enrol(trx, member, { ...at, role: 'member' }, credential, events);
  return true;
}

/** Of several at once only one gets it. */
async function takeInvitation(
  trx: Transaction<Tables>,
  member: string,
  { tenant, address }: PortalAddress,
): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('portal_invitations')
    .where('member', '=', member)
    .where('tenant', '=', tenant)
    .where('address', '=', address)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

async function joinRow(trx: Transaction<Tables>, member: string, at: Joining, now: number): Promise<void> {
  const { tenant, address, role } = at;
  await trx
    .insertInto('portal_member_addresses')
    .values({ tenant, address, member, role, joined_at: now })
    .onConflict((conflict) => conflict.columns(['tenant', 'address', 'member']).doNothing())
    .execute();
}

export async function join(
  trx: Transaction<Tables>,
  member: string,
  at: Joining,
  now: number,
  events: readonly Event[],
): Promise<void> {
  await joinRow(trx, member, at, now);
  await insertEvents(trx, events, now);
}

/** A member that belongs to no address any more is forgotten with all they signed in with. */
export async function leave(
  trx: Transaction<Tables>,
  member: string,
  { tenant, address }: PortalAddress,
  events: readonly Event[],
): Promise<void> {
  await trx
    .deleteFrom('portal_member_addresses')
    .where('tenant', '=', tenant)
    .where('address', '=', address)
    .where('member', '=', member)
    .execute();
  await trx
    .deleteFrom('portal_invitations')
    .where('tenant', '=', tenant)
    .where('address', '=', address)
    .where('owner', '=', member)
    .execute();
  const left = await trx
    .selectFrom('portal_member_addresses')
    .select('member')
    .where('member', '=', member)
    .executeTakeFirst();
  if (left === undefined) {
    await trx.deleteFrom('portal_credentials').where('member', '=', member).execute();
    await trx.deleteFrom('portal_proofs').where('member', '=', member).execute();
    await trx.deleteFrom('portal_members').where('id', '=', member).execute();
  }
  await insertEvents(trx, events, Date.now());
}

export async function rename(trx: Transaction<Tables>, member: string, name: string): Promise<void> {
  await trx.updateTable('portal_members').set({ name }).where('id', '=', member).execute();
}

export async function addCredential(
  trx: Transaction<Tables>,
  credential: Credential,
  events: readonly Event[],
): Promise<void> {
  const { id, member, tenant, kind, lookup, secret, label, counter, createdAt, lastUsedAt } = credential;
  const row = { id, member, tenant, kind, lookup, secret, label, counter };
  await trx
    .insertInto('portal_credentials')
    .values({ ...row, created_at: createdAt, last_used_at: lastUsedAt })
    .execute();
  await insertEvents(trx, events, createdAt);
}

export async function replaceCredential(
  trx: Transaction<Tables>,
  credential: Credential,
  events: readonly Event[],
): Promise<void> {
  const { member, kind } = credential;
  await trx.deleteFrom('portal_credentials').where('member', '=', member).where('kind', '=', kind).execute();
  await endProofs(trx, member, kind);
  await addCredential(trx, credential, events);
}

export async function removeCredential(
  trx: Transaction<Tables>,
  id: string,
  member: string,
  events: readonly Event[],
): Promise<boolean> {
  const removed = await trx
    .deleteFrom('portal_credentials')
    .where('id', '=', id)
    .where('member', '=', member)
    .returning('kind')
    .executeTakeFirst();
  if (removed === undefined) return false;
  await endProofs(trx, member, removed.kind);
  await insertEvents(trx, events, Date.now());
  return true;
}

/** What was proved with a credential that is gone is proved no more. */
async function endProofs(trx: Transaction<Tables>, member: string, kind: CredentialKind): Promise<void> {
  await trx.deleteFrom('portal_proofs').where('member', '=', member).where('method', '=', kind).execute();
}

type CredentialColumns = PortalTables['portal_credentials'];

function credentialFromRow(row: CredentialColumns): Credential {
  const { id, member, tenant, kind, lookup, secret, label, counter } = row;
  return {
    id,
    member,
    tenant,
    kind,
    lookup,
    secret,
    label,
    counter,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}

export async function credentialsOf(database: Database, member: string): Promise<Credential[]> {
  const rows = await database.read((db) =>
    db.selectFrom('portal_credentials').selectAll().where('member', '=', member).orderBy('id').execute(),
  );
  return rows.map(credentialFromRow);
}

export async function credentialBy(
  database: Database,
  kind: CredentialKind,
  lookup: string,
): Promise<(Credential & { readonly name: string }) | null> {
  const row = await database.read((db) =>
    db
      .selectFrom('portal_credentials as credential')
      .innerJoin('portal_members as person', 'person.id', 'credential.member')
      .selectAll('credential')
      .select('person.name')
      .where('credential.kind', '=', kind)
      .where('credential.lookup', '=', lookup)
      .where('credential.lookup', '<>', '')
      .executeTakeFirst(),
  );
  return row === undefined ? null : { ...credentialFromRow(row), name: row.name };
}

export async function useCredential(
  trx: Transaction<Tables>,
  id: string,
  counter: number,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('portal_credentials')
    .set({ counter, last_used_at: now })
    .where('id', '=', id)
    .where((eb) => (counter === 0 ? eb('counter', '=', 0) : eb('counter', '<', counter)))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function askAccess(
  trx: Transaction<Tables>,
  request: AccessRequest,
  events: readonly Event[],
): Promise<void> {
  const { id, tenant, address, delivery, colleague, askedBy, askedAt, state, tokenHash } = request;
  const fresh = { id, asked_by: askedBy, asked_at: askedAt, state, token_hash: tokenHash };
  await trx
    .insertInto('portal_requests')
    .values({ tenant, address, delivery, colleague, ...fresh })
    .onConflict((conflict) => conflict.columns(['delivery', 'colleague']).doUpdateSet(fresh))
    .execute();
  await insertEvents(trx, events, askedAt);
}

function requestFromRow(row: PortalTables['portal_requests']): AccessRequest {
  const { id, tenant, address, delivery, colleague, state } = row;
  return {
    id,
    tenant,
    address,
    delivery,
    colleague,
    state,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    tokenHash: row.token_hash,
  };
}

export async function accessByToken(database: Database, tokenHash: string): Promise<AccessRequest | null> {
  const row = await database.read((db) =>
    db.selectFrom('portal_requests').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst(),
  );
  return row === undefined ? null : requestFromRow(row);
}

export async function accessById(database: Database, id: string): Promise<AccessRequest | null> {
  const row = await database.read((db) =>
    db.selectFrom('portal_requests').selectAll().where('id', '=', id).executeTakeFirst(),
  );
  return row === undefined ? null : requestFromRow(row);
}

export async function accessOf(database: Database, delivery: string): Promise<AccessRequest[]> {
  const rows = await database.read((db) =>
    db.selectFrom('portal_requests').selectAll().where('delivery', '=', delivery).orderBy('asked_at').execute(),
  );
  return rows.map(requestFromRow);
}

export async function decideAccess(
  trx: Transaction<Tables>,
  id: string,
  state: 'allowed' | 'refused',
  events: readonly Event[],
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('portal_requests')
    .set({ state })
    .where('id', '=', id)
    .where('state', '=', 'asked')
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertEvents(trx, events, Date.now());
  return true;
}
