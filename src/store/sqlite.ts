/**
 * SQLite by way of node:sqlite, as Kysely wants it: one connection, its statements kept prepared, every transaction BEGIN IMMEDIATE so that
 * a commit can never find out too late that another process writes. WAL with synchronous=FULL: what committed survives a power cut.
 *
 * The connection is opened when it is first needed and again after an error that may have broken it, so a disk that was full, read-only
 * or gone is used again as soon as it is back.
 *
 * Limits: SQLite runs on the caller's thread; a commit blocks it for the length of one fsync, and another process that holds the lock for
 * at most `busyTimeout`. Deleted rows are overwritten (secure_delete), but the write-ahead log keeps old pages until its next reset.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { sqliteTraits } from './dialect.ts';

/** Milliseconds SQLite itself waits for a lock; transaction.ts goes on waiting without blocking the event loop. */
const busyTimeout = 20;
/** Prepared statements kept; batches of different sizes are different statements. */
const maxStatements = 500;

/** A Kysely dialect on the database file `file`, which is made if it does not exist. */
export function sqliteDialect(file: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;

  constructor(file: string) {
    this.#connection = new SqliteConnection(file);
  }

  async init(): Promise<void> {}

  /** Never fails, as Kysely would then wait forever for the connection to be released: the file is opened by the first statement. */
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    this.#connection.begin();
  }

  async commitTransaction(): Promise<void> {
    this.#connection.commit();
  }

  async rollbackTransaction(): Promise<void> {
    this.#connection.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #file: string;
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly reads: boolean }>();
  #database: DatabaseSync | null = null;
  /** True from `begin` to `commit` or `rollback`, whatever has become of the file. */
  #inTransaction = false;

  constructor(file: string) {
    this.#file = file;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#guarded((database) => {
      const { statement, reads } = this.#prepare(database, query.sql);
      const parameters = query.parameters as SQLInputValue[];
      if (reads) return { rows: statement.all(...parameters) as R[] };
      return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
    });
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  begin(): void {
    this.#guarded((database) => database.exec('begin immediate'));
    this.#inTransaction = true;
  }

  commit(): void {
    this.#guarded((database) => database.exec('commit'));
    this.#inTransaction = false;
  }

  rollback(): void {
    this.#inTransaction = false;
    try {
      // Some errors have already rolled back by themselves.
      if (this.#database?.isTransaction) this.#database.exec('rollback');
    } catch {
      this.close();
    }
  }

  close(): void {
    const database = this.#database;
    this.#database = null;
    this.#statements.clear();
    try {
      database?.close();
    } catch {
      // A broken file may not close cleanly (the checkpoint fails); the handle is given up either way.
    }
  }

  /** Runs `work` on the open file. After an error that says nothing good about file or disk it is closed, to be opened anew. */
  #guarded<T>(work: (database: DatabaseSync) => T): T {
    if (this.#database === null && this.#inTransaction) throw new Error('the transaction ended with the connection');
    try {
      this.#database ??= openFile(this.#file);
      return work(this.#database);
    } catch (error) {
      const trouble = sqliteTraits.trouble(error);
      if (trouble === 'down' || trouble === 'full') this.close();
      throw error;
    }
  }

  #prepare(database: DatabaseSync, text: string): { readonly statement: StatementSync; readonly reads: boolean } {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = database.prepare(text);
    const made = { statement, reads: statement.columns().length > 0 };
    if (this.#statements.size >= maxStatements) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(text, made);
    return made;
  }
}

function openFile(file: string): DatabaseSync {
  // SQLite would make it readable for everybody; its companions (-wal, -shm) take over the mode of the file.
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: busyTimeout, enableForeignKeyConstraints: true });
  try {
    database.exec(
      `pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on; pragma temp_store = memory;
       pragma cache_size = -16384; pragma wal_autocheckpoint = 4000;`,
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
