/**
 * Where SQLite and PostgreSQL differ, as named traits: this file is the only one that knows both. Everything else in store/ is written
 * once, asks for a trait by its name, and never for the engine's. How each engine is reached is sqlite.ts and postgres.ts.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Tables } from './schema.ts';

/** busy: try again in a moment; down: broken until somebody or time mends it; full: no room; bug: our statement is wrong. */
type Trouble = 'busy' | 'down' | 'full' | 'bug';

export type Traits = {
  readonly name: 'sqlite' | 'postgres';
  /** Column type for text that is compared octet by octet, so that both engines sort alike. */
  readonly textType: RawBuilder<unknown>;
  readonly bytesType: 'blob' | 'bytea';
  /** At the end of a SELECT: takes the rows for this transaction and passes over those another one has. */
  readonly skipLocked: RawBuilder<unknown>;
  /** At the end of a SELECT: takes the rows for this transaction and waits for another one that has them. */
  readonly forUpdate: RawBuilder<unknown>;
  /** True when only one transaction can write at a time, so that callers better share one (transaction.ts). */
  readonly oneWriter: boolean;
  /** Makes a second process that migrates wait until this transaction ends. */
  readonly lockMigrations: (trx: Transaction<Tables>) => Promise<void>;
  /**
   * Before the transactions that follow (one writer), or within one (many): whether its commit waits for stable storage. One that does not is
   * still all or nothing, and never outlives one that came before it.
   */
  readonly setDurable: (db: Kysely<Tables>, durable: boolean) => Promise<void>;
  /** What kind of trouble an error of the driver means. */
  readonly trouble: (error: unknown) => Trouble;
};

const nothing = sql``;

export const sqliteTraits: Traits = {
  name: 'sqlite',
  textType: sql`text`,
  bytesType: 'blob',
  // A write transaction has the whole database (BEGIN IMMEDIATE).
  skipLocked: nothing,
  forUpdate: nothing,
  oneWriter: true,
  lockMigrations: async () => {},
  setDurable: async (db, durable) => {
    await (durable ? sql`pragma synchronous = full` : sql`pragma synchronous = normal`).execute(db);
  },
  trouble: sqliteTrouble,
};

export const postgresTraits: Traits = {
  name: 'postgres',
  textType: sql`text collate "C"`,
  bytesType: 'bytea',
  skipLocked: sql`for update skip locked`,
  forUpdate: sql`for no key update`,
  oneWriter: false,
  lockMigrations: async (trx) => {
    // Who migrates before us may take longer than any other lock is worth waiting for. Other schemas of the database are not our business.
    await sql`set local lock_timeout = 0`.execute(trx);
    await sql`select pg_advisory_xact_lock(${migrationLock}::int, hashtext(current_schema()))`.execute(trx);
    await sql`set local lock_timeout to default`.execute(trx);
  },
  setDurable: async (trx, durable) => {
    if (!durable) await sql`set local synchronous_commit = off`.execute(trx);
  },
  trouble: postgresTrouble,
};

/** Any number that nobody else is likely to lock: "post" in ASCII. */
const migrationLock = 0x706f7374;

/** https://www.sqlite.org/rescode.html: the primary result code is the low octet. */
function sqliteTrouble(error: unknown): Trouble {
  const code = property(error, 'errcode');
  // Opening the file again failed in the file system: gone, read-only, out of descriptors.
  if (typeof code !== 'number') return property(error, 'syscall') === undefined ? 'bug' : 'down';
  switch (code & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
    case 15: // SQLITE_PROTOCOL: lost the race for the WAL's locks again and again
      return 'busy';
    case 13: // SQLITE_FULL
      return 'full';
    case 3: // SQLITE_PERM
    case 7: // SQLITE_NOMEM
    case 8: // SQLITE_READONLY
    case 10: // SQLITE_IOERR
    case 11: // SQLITE_CORRUPT
    case 14: // SQLITE_CANTOPEN
    case 26: // SQLITE_NOTADB
      return 'down';
    default:
      return 'bug';
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; an error without an SQLSTATE comes from the connection. */
function postgresTrouble(error: unknown): Trouble {
  const code = property(error, 'code');
  if (property(error, 'severity') === undefined) return isConnectionError(error, code) ? 'down' : 'bug';
  if (typeof code !== 'string') return 'bug';
  // serialization_failure, deadlock_detected, lock_not_available, query_canceled (statement_timeout), too_many_connections
  if (['40001', '40P01', '55P03', '57014', '53300'].includes(code)) return 'busy';
  if (code === '53100') return 'full';
  // connection, resources, operator intervention, system, corruption, wrong password, read-only (a standby), no such database
  if (/^(?:08|53|57|58|XX|28)/.test(code) || code === '25P03' || code === '25006' || code === '3D000') return 'down';
  return 'bug';
}

function isConnectionError(error: unknown, code: unknown): boolean {
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code) && !code.startsWith('ERR_')) return true;
  // A certificate that expired, or is not trusted, breaks the connection and not our statement.
  if (typeof code === 'string' && /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)) return true;
  const text = error instanceof Error ? error.message : '';
  return /^(?:Connection terminated|timeout e|Client has encountered a connection error|Query read timeout|Client was closed|The server does not support SSL)/.test(
    text,
  );
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
