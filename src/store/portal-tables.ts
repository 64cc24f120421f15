/** The portal's tables: who its people are, what a browser has proved, and what it asks of the work role. Ids are UUIDv7, hashes SHA-256 or HMAC in hexadecimal. */
import { sql, type Transaction } from 'kysely';
import type { Proof } from '../policy/verdict.ts';
import type { Traits } from './dialect.ts';
import type { AccessRequest, CredentialKind, MemberRole } from './portal-port.ts';
import type { Tables } from './schema.ts';
import { columns, type Table } from './table.ts';

/** A delivery that waits in the portal, or waited and was opened, until its time is over. */
export type PublicationTable = {
  delivery_id: string;
  token_hash: string;
  expires_at: number;
  /** Codes mailed since `codes_since`; tries of sessions that asked for none since `tries_since`: windows of one hour. */
  codes_sent: number;
  codes_since: number;
  tries: number;
  tries_since: number;
  tenant: string;
  address: string;
  published_at: number;
  /** The data key of the message, wrapped for the portal. */
  item_key: string;
  card: string;
  thread: string;
  demand: Proof;
  /** A Passphrase as JSON. */
  passphrase: string | null;
  /** What was answered to its invitation, sealed for the portal. */
  calendar: string | null;
  /** The link's token, sealed by the work role, for reminders; empty for none. */
  link: string;
  /** When to remind the reader; null for not any more. */
  remind_at: number | null;
};

export type PortalTables = {
  publications: PublicationTable;
  portal_sessions: {
    id: string;
    secret_hash: string;
    created_at: number;
    seen_at: number;
    ends_at: number;
    agent: string;
  };
  /** `address` for code and oidc, `member` for what is a member's own, `delivery` for a passphrase; the others are empty. */
  portal_proofs: {
    session: string;
    method: Proof;
    tenant: string;
    address: string;
    member: string;
    delivery: string;
    at: number;
  };
  portal_codes: {
    session: string;
    delivery: string;
    code_hash: string;
    /** The message that carries it. */
    mail: string;
    sent_at: number;
    expires_at: number;
    tries: number;
  };
  /** What may be typed at every message of an address, by any browser; the newest one. */
  portal_long_codes: {
    tenant: string;
    address: string;
    code_hash: string;
    mail: string;
    sent_at: number;
    expires_at: number;
  };
  /** Failures of one thing (a member, a delivery and a network) since `since`, for an hour or a day. */
  portal_failures: { what: string; since: number; times: number };
  portal_members: { id: string; tenant: string; name: string; created_at: number };
  portal_member_addresses: { tenant: string; address: string; member: string; role: MemberRole; joined_at: number };
  /** Those that nobody came by yet: `member` is the id they will have, `owner` who asked them in. */
  portal_invitations: {
    member: string;
    tenant: string;
    address: string;
    owner: string;
    name: string;
    until: number;
  };
  portal_credentials: {
    id: string;
    member: string;
    tenant: string;
    kind: CredentialKind;
    lookup: string;
    secret: string;
    label: string;
    counter: number;
    created_at: number;
    last_used_at: number | null;
  };
  portal_requests: {
    id: string;
    tenant: string;
    address: string;
    delivery: string;
    colleague: string;
    asked_by: string;
    asked_at: number;
    state: AccessRequest['state'];
    token_hash: string;
  };
  /** Messages of the portal's making that the work role has not taken yet: a NewMessage as JSON. */
  portal_outbox: { id: string; created_at: number; spool_id: string; message: string };
};

/** Codes and sessions from before end with it; who reads asks for a new code. */
export async function portalIdentity(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  for (const table of ['portal_codes', 'portal_sessions']) await trx.schema.dropTable(table).execute();

  const publications = trx.schema.alterTable('publications');
  const texts = { tenant: '', address: '', item_key: '', card: '', thread: '', demand: 'code' };
  for (const [name, value] of Object.entries(texts))
    await publications.addColumn(name, textType, (column) => column.notNull().defaultTo(value)).execute();
  await publications.addColumn('published_at', 'bigint', (column) => column.notNull().defaultTo(0)).execute();
  await publications.addColumn('passphrase', textType).execute();
  await sql`create index publications_by_address on publications (tenant, address, published_at)`.execute(trx);

  const keyed = (name: string): Table =>
    trx.schema.createTable(name).addColumn('id', textType, (column) => column.notNull().primaryKey());
  await columns(
    columns(keyed('portal_sessions'), textType, 'secret_hash agent'),
    'bigint',
    'created_at seen_at ends_at',
  ).execute();
  const proofs = 'session method tenant address member delivery';
  await columns(columns(trx.schema.createTable('portal_proofs'), textType, proofs), 'bigint', 'at')
    .addPrimaryKeyConstraint('portal_proofs_key', ['session', 'method', 'tenant', 'address', 'member', 'delivery'])
    .execute();
  let codes: Table = columns(trx.schema.createTable('portal_codes'), textType, 'session delivery code_hash mail');
  codes = columns(codes, 'bigint', 'sent_at expires_at');
  await columns(codes, 'integer', 'tries')
    .addPrimaryKeyConstraint('portal_codes_key', ['session', 'delivery'])
    .execute();
  const failures: Table = trx.schema
    .createTable('portal_failures')
    .addColumn('what', textType, (column) => column.notNull().primaryKey());
  await columns(columns(failures, 'bigint', 'since'), 'integer', 'times').execute();

  await columns(columns(keyed('portal_members'), textType, 'tenant name'), 'bigint', 'created_at').execute();
  const joined: Table = columns(
    trx.schema.createTable('portal_member_addresses'),
    textType,
    'tenant address member role',
  );
  await columns(joined, 'bigint', 'joined_at')
    .addPrimaryKeyConstraint('portal_member_addresses_key', ['tenant', 'address', 'member'])
    .execute();
  const credentials = columns(keyed('portal_credentials'), textType, 'member tenant kind lookup secret label');
  await columns(credentials, 'bigint', 'counter created_at last_used_at?').execute();
  const requests = columns(
    keyed('portal_requests'),
    textType,
    'tenant address delivery colleague asked_by state token_hash',
  );
  await columns(requests, 'bigint', 'asked_at').execute();
  await columns(columns(keyed('portal_outbox'), textType, 'spool_id message'), 'bigint', 'created_at').execute();

  await sql`create unique index portal_sessions_by_secret on portal_sessions (secret_hash)`.execute(trx);
  await sql`create index portal_sessions_by_end on portal_sessions (ends_at)`.execute(trx);
  await sql`create index portal_proofs_by_member on portal_proofs (member) where member <> ''`.execute(trx);
  await sql`create index portal_proofs_by_address on portal_proofs (tenant, address) where address <> ''`.execute(trx);
  await sql`create index portal_codes_by_delivery on portal_codes (delivery)`.execute(trx);
  await sql`create index portal_codes_by_end on portal_codes (expires_at)`.execute(trx);
  await sql`create index portal_failures_by_age on portal_failures (since)`.execute(trx);
  await sql`create index portal_member_addresses_by_member on portal_member_addresses (member)`.execute(trx);
  await sql`create index portal_credentials_by_member on portal_credentials (member)`.execute(trx);
  await sql`create unique index portal_credentials_by_lookup on portal_credentials (kind, lookup) where lookup <> ''`.execute(
    trx,
  );
  await sql`create unique index portal_requests_by_token on portal_requests (token_hash)`.execute(trx);
  await sql`create unique index portal_requests_once on portal_requests (delivery, colleague)`.execute(trx);
  await sql`create index portal_outbox_by_blob on portal_outbox (spool_id)`.execute(trx);
}

export async function portalCalendar(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  await trx.schema.alterTable('publications').addColumn('calendar', textType).execute();
}

/** Invitations from before cannot be found again, so they end with it. */
export async function portalInvitations(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  const codes = columns(trx.schema.createTable('portal_long_codes'), textType, 'tenant address code_hash mail');
  await columns(codes, 'bigint', 'sent_at expires_at')
    .addPrimaryKeyConstraint('portal_long_codes_key', ['tenant', 'address'])
    .execute();
  const invitations: Table = trx.schema
    .createTable('portal_invitations')
    .addColumn('member', textType, (column) => column.notNull().primaryKey());
  await columns(columns(invitations, textType, 'tenant address owner name'), 'bigint', 'until').execute();
  await sql`create index portal_invitations_by_address on portal_invitations (tenant, address)`.execute(trx);
}
