/**
 * The schema, step by step. A step that was released never changes: what comes later is a new step at the end. Each runs in one
 * transaction together with the row that says it ran, and a second process that starts at the same time waits and finds it done. What
 * all steps make together is written down in schema.sqlite.sql and schema.postgres.sql, which a test compares.
 *
 * Partial indexes hold only rows that somebody looks for: what ended costs no index anything.
 */
import { sql, type Transaction } from 'kysely';
import { portalAnswers } from './answer-tables.ts';
import type { Traits } from './dialect.ts';
import { portalGreetings } from './greetings.ts';
import { ownKeyTables } from './own-key-tables.ts';
import { portalSeals } from './portal-seal.ts';
import { portalCalendar, portalIdentity, portalInvitations } from './portal-tables.ts';
import type { Tables } from './schema.ts';
import { portalSenders } from './sender-tables.ts';
import { columns, type Table } from './table.ts';
import type { Database } from './transaction.ts';

type Step = { readonly name: string; readonly up: (trx: Transaction<Tables>, traits: Traits) => Promise<void> };

const steps: readonly Step[] = [
  { name: '001 messages, deliveries and events', up: mailTables },
  { name: '002 portal', up: portalTables },
  { name: '003 keys and domains', up: knowledgeTables },
  { name: '004 chunks of the spool', up: spoolTables },
  { name: '005 actions, priority, threads and kept facts', up: policyMemory },
  { name: '006 the queue by turn', up: queueByTurn },
  { name: '007 what ended, by state', up: endedByState },
  { name: '008 MTA-STS policies, checks of domains and results for TLS reports', up: tlsMemory },
  { name: '009 keys', up: keyTrust },
  { name: '010 own keys', up: ownKeyTables },
  { name: '011 portal: people, sessions and proofs', up: portalIdentity },
  { name: '012 portal: answers to invitations', up: portalCalendar },
  { name: '013 portal: drafts, uploads and sent answers', up: portalAnswers },
  { name: '014 portal: news for senders, reminders and what was taken back', up: portalSenders },
  { name: '015 portal: how people like to be written to', up: portalGreetings },
  { name: '016 portal: the check of its key', up: portalSeals },
  { name: '017 portal: long codes, and invitations that can be withdrawn', up: portalInvitations },
];

/** Brings the schema up to date. Throws when the database was made by a newer version of the program. */
export async function migrate(database: Database): Promise<void> {
  for (const step of steps) await database.writeAlone((trx) => runOnce(trx, database.traits, step));
}

async function runOnce(trx: Transaction<Tables>, traits: Traits, step: Step): Promise<void> {
  await traits.lockMigrations(trx);
  await trx.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('name', traits.textType, (column) => column.notNull().primaryKey())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
  const applied = await trx.selectFrom('migrations').select('name').orderBy('name').execute();
  const unknown = applied.find((row) => !steps.some((known) => known.name === row.name));
  if (unknown !== undefined) throw new Error(`the database is newer than this program: it has step "${unknown.name}"`);
  if (applied.some((row) => row.name === step.name)) return;
  await step.up(trx, traits);
  await trx.insertInto('migrations').values({ name: step.name, applied_at: Date.now() }).execute();
}

async function mailTables(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  let messages: Table = trx.schema
    .createTable('messages')
    .addColumn('id', textType, (column) => column.notNull().primaryKey());
  messages = columns(
    messages,
    textType,
    'tenant kind mail_from recipients message_id spool_id spool_key smtp state bytes',
  );
  messages = columns(messages, 'bigint', 'size header_size received_at spool_size lease_until');
  messages = columns(messages, 'integer', 'attempts');
  await columns(messages, textType, 'reason policy_version sealed_facts about?').execute();

  let deliveries: Table = trx.schema
    .createTable('deliveries')
    .addColumn('id', textType, (column) => column.notNull().primaryKey())
    .addColumn('message_id', textType, (column) => column.notNull().references('messages.id'));
  deliveries = columns(deliveries, textType, 'recipient destination level rules because steps otherwise subject?');
  deliveries = columns(deliveries, textType, 'state status reason remote?');
  deliveries = columns(deliveries, 'integer', 'step attempts crashes warned needs_bytes');
  await columns(deliveries, 'bigint', 'created_at next_at lease_until settled_at?').execute();

  let events: Table = trx.schema
    .createTable('events')
    .addColumn('id', textType, (column) => column.notNull().primaryKey());
  events = columns(events, 'bigint', 'at');
  await columns(events, textType, 'kind message? delivery? tenant? detail').execute();

  await sql`create index messages_received on messages (id) where state = 'received'`.execute(trx);
  await sql`create index messages_leased on messages (lease_until) where state = 'deciding'`.execute(trx);
  await sql`create index messages_held on messages (id) where state = 'held'`.execute(trx);
  await sql`create index messages_free on messages (id) where bytes = 'free'`.execute(trx);
  await sql`create index messages_by_message_id on messages (message_id)`.execute(trx);
  await sql`create index messages_by_spool_id on messages (spool_id) where bytes <> 'gone'`.execute(trx);
  await sql`create index deliveries_ready on deliveries (destination, message_id, id) where state = 'queued'`.execute(
    trx,
  );
  await sql`create index deliveries_due on deliveries (next_at) where state = 'deferred'`.execute(trx);
  await sql`create index deliveries_leased on deliveries (lease_until) where state = 'sending'`.execute(trx);
  await sql`create index deliveries_by_message on deliveries (message_id)`.execute(trx);
  await sql`create index deliveries_open on deliveries (message_id, id) where needs_bytes = 1`.execute(trx);
  await sql`create index events_by_message on events (message) where message is not null`.execute(trx);
}

async function portalTables(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  let publications: Table = trx.schema
    .createTable('publications')
    .addColumn('delivery_id', textType, (column) => column.notNull().primaryKey().references('deliveries.id'));
  publications = columns(publications, textType, 'token_hash');
  publications = columns(publications, 'bigint', 'expires_at codes_since tries_since');
  await columns(publications, 'integer', 'codes_sent tries').execute();

  let codes: Table = trx.schema.createTable('portal_codes');
  codes = columns(codes, textType, 'delivery_id session_hash code_hash');
  codes = columns(codes, 'bigint', 'expires_at');
  await columns(codes, 'integer', 'tries')
    .addPrimaryKeyConstraint('portal_codes_key', ['delivery_id', 'session_hash'])
    .execute();

  let sessions: Table = trx.schema.createTable('portal_sessions');
  sessions = columns(sessions, textType, 'session_hash delivery_id');
  await columns(sessions, 'bigint', 'expires_at')
    .addPrimaryKeyConstraint('portal_sessions_key', ['session_hash', 'delivery_id'])
    .execute();

  await sql`create unique index publications_by_token on publications (token_hash)`.execute(trx);
  await sql`create index publications_by_expiry on publications (expires_at)`.execute(trx);
  await sql`create index portal_codes_by_expiry on portal_codes (expires_at)`.execute(trx);
  await sql`create index portal_sessions_by_expiry on portal_sessions (expires_at)`.execute(trx);
}

async function knowledgeTables(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  let keys: Table = trx.schema.createTable('keys').addColumn('id', textType, (column) => column.notNull().primaryKey());
  keys = columns(keys, textType, 'kind address fingerprint material state source');
  await columns(keys, 'bigint', 'not_before not_after? created_at').execute();

  let domains: Table = trx.schema
    .createTable('domains')
    .addColumn('domain', textType, (column) => column.notNull().primaryKey());
  domains = columns(domains, textType, 'best_tls? last_tls? last_mx? last_failure?');
  await columns(domains, 'bigint', 'last_delivered_at? delivered failed').execute();

  await sql`create unique index keys_by_address on keys (address, kind, fingerprint)`.execute(trx);
}

async function spoolTables(trx: Transaction<Tables>, { textType, bytesType }: Traits): Promise<void> {
  let chunks: Table = trx.schema.createTable('chunks');
  chunks = columns(chunks, textType, 'blob_id');
  chunks = columns(chunks, 'integer', 'frame');
  await chunks
    .addColumn('sealed', sql.raw(bytesType), (column) => column.notNull())
    .addPrimaryKeyConstraint('chunks_key', ['blob_id', 'frame'])
    .execute();

  await sql`create index chunks_first on chunks (blob_id) where frame = 0`.execute(trx);
}

async function policyMemory(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  const deliveries = trx.schema.alterTable('deliveries');
  await deliveries.addColumn('actions', textType, (column) => column.notNull().defaultTo('{}')).execute();
  await deliveries.addColumn('priority', 'integer', (column) => column.notNull().defaultTo(4)).execute();

  let threads: Table = trx.schema.createTable('threads');
  threads = columns(threads, textType, 'tenant hash');
  threads = columns(threads, 'integer', 'strictness');
  await columns(threads, 'bigint', 'seen_at').addPrimaryKeyConstraint('threads_key', ['tenant', 'hash']).execute();

  await sql`create index threads_by_age on threads (seen_at)`.execute(trx);
  await sql`create index messages_kept on messages (tenant, id, received_at) where sealed_facts <> ''`.execute(trx);
  await sql`create index messages_kept_by_age on messages (received_at) where sealed_facts <> ''`.execute(trx);
}

/** Rows from before there was a turn have 0 and go first. `priority < 4` is `usualPriority` as claim.ts says it. */
async function queueByTurn(trx: Transaction<Tables>): Promise<void> {
  const deliveries = trx.schema.alterTable('deliveries');
  await deliveries.addColumn('turn', 'bigint', (column) => column.notNull().defaultTo(0)).execute();
  await sql`drop index deliveries_ready`.execute(trx);
  await sql`create index deliveries_ready on deliveries (destination, turn, message_id, id) where state = 'queued'`.execute(
    trx,
  );
  await sql`create index deliveries_urgent on deliveries (destination, turn, message_id, id)
    where state = 'queued' and priority < 4`.execute(trx);
}

async function endedByState(trx: Transaction<Tables>): Promise<void> {
  await sql`create index deliveries_ended on deliveries (state) where needs_bytes = 0`.execute(trx);
}

async function tlsMemory(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  let policies: Table = trx.schema
    .createTable('sts_policies')
    .addColumn('domain', textType, (column) => column.notNull().primaryKey());
  policies = columns(policies, textType, 'id mode mx');
  await columns(policies, 'bigint', 'max_age fetched_at expires_at').execute();

  const domains = trx.schema.alterTable('domains');
  for (const time of ['mailed_at', 'checked_at', 'downgraded_at'])
    await domains.addColumn(time, 'bigint', (column) => column.notNull().defaultTo(0)).execute();
  await domains.addColumn('check_at', 'bigint').execute();
  await domains.addColumn('checked', textType).execute();
  await sql`create index domains_to_check on domains (check_at) where check_at is not null`.execute(trx);
  await sql`create index domains_by_mail on domains (mailed_at)`.execute(trx);

  let results: Table = trx.schema.createTable('tls_results');
  results = columns(results, textType, 'day domain policy result detail');
  await columns(results, 'bigint', 'sessions')
    .addPrimaryKeyConstraint('tls_results_key', ['day', 'domain', 'policy', 'result', 'detail'])
    .execute();

  let reports: Table = trx.schema.createTable('tls_reports');
  reports = columns(reports, textType, 'day domain');
  await columns(reports, 'bigint', 'sent_at').addPrimaryKeyConstraint('tls_reports_key', ['day', 'domain']).execute();
}

/** Keys from before were imported by a person. */
async function keyTrust(trx: Transaction<Tables>, { textType }: Traits): Promise<void> {
  const keys = trx.schema.alterTable('keys');
  const text = { issuers: '', found_where: '', trust: 'confirmed', status: '{}', features: '{}' };
  for (const [name, value] of Object.entries(text))
    await keys.addColumn(name, textType, (column) => column.notNull().defaultTo(value)).execute();
  for (const name of ['state_since', 'checked_at'])
    await keys.addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0)).execute();
  await keys.addColumn('last_used_at', 'bigint').execute();
  await keys.addColumn('replaces', textType).execute();
  await sql`update keys set state_since = created_at, source = 'import'`.execute(trx);
  await sql`create index keys_pending on keys (id) where state = 'pending'`.execute(trx);

  let lookups: Table = trx.schema.createTable('key_lookups');
  lookups = columns(lookups, textType, 'address source outcome said');
  await columns(lookups, 'bigint', 'at until')
    .addPrimaryKeyConstraint('key_lookups_key', ['address', 'source'])
    .execute();
  await sql`create index key_lookups_by_end on key_lookups (until)`.execute(trx);
}
