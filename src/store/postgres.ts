/**
 * PostgreSQL by way of pg. The pool makes new connections by itself after a restart of the server; a server that does not answer is
 * given up after seconds, not minutes, so that a sender hears 451 while it still listens.
 *
 * Limits: `synchronous_commit` is left as the server has it: its default (on) keeps the promise, and off in postgresql.conf breaks it.
 */
import { CompiledQuery, type Dialect, PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';

/** Milliseconds. */
const connectTimeout = 5_000;
const lockTimeout = 1_000;
const statementTimeout = 30_000;

/** A Kysely dialect on the server at `url` (postgres://user@host:port/database). */
export function postgresDialect(url: string): Dialect {
  const pool = new Pool({
    connectionString: url,
    application_name: 'postern',
    max: 10,
    connectionTimeoutMillis: connectTimeout,
    lock_timeout: lockTimeout,
    statement_timeout: statementTimeout,
    // The server may be gone without a word: then nothing but our own clock ends the wait.
    query_timeout: statementTimeout + 5_000,
    idle_in_transaction_session_timeout: statementTimeout,
    keepAlive: true,
    types: {
      // Our big integers are epoch milliseconds, sizes and counts: all far below 2^53.
      getTypeParser: (type, format) => (type === types.builtins.INT8 ? Number : types.getTypeParser(type, format)),
    },
  });
  // A connection that breaks while nobody waits for an answer says so by an event, which would end the process if nobody listened.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({
    pool,
    // Every statement of ours that runs often is a few look-ups in an index made for it. The planner goes by statistics from a moment
    // when the queue was short, and would read and sort a queue that has grown since.
    onCreateConnection: async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('set enable_seqscan = off'));
      await connection.executeQuery(CompiledQuery.raw('set enable_bitmapscan = off'));
    },
  });
}
