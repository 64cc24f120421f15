/**
 * How statements reach the database: `read` for looking, `write` for a transaction. Both try again for a moment when another process is
 * in the way and then reject with StoreBusy; a database that cannot be used rejects with StoreDown, and works again by itself later.
 *
 * Group commit: where only one transaction can write at a time (SQLite), everything that is asked for in the same turn of the event loop
 * shares one transaction, hence one fsync. Each piece of work has a savepoint of its own, so that one that fails takes nobody with it,
 * and nobody hears of success before the commit. Where many can write (PostgreSQL), the server does the same by itself.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Traits } from './dialect.ts';
import type { Tables } from './schema.ts';
import { StoreBusy, StoreDown } from './store.ts';

/** Milliseconds until somebody who waits for a lock is told StoreBusy, and between two tries. */
const patience = 1_000;
const pause = 25;
/** Pieces of work in one shared transaction: a commit stays a matter of milliseconds. */
const maxShared = 64;

type Work<T> = (trx: Transaction<Tables>) => Promise<T>;
type Job = {
  readonly work: Work<unknown>;
  readonly durable: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};
type Done = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

export class Database {
  readonly traits: Traits;
  readonly #kysely: Kysely<Tables>;
  #jobs: Job[] = [];
  /** What the one writer's connection was last told. */
  #durable = true;
  #draining: Promise<void> | null = null;
  readonly #running = new Set<Promise<unknown>>();

  constructor(kysely: Kysely<Tables>, traits: Traits) {
    this.#kysely = kysely;
    this.traits = traits;
  }

  /** Runs statements outside a transaction. Rejects with StoreBusy, StoreDown, or whatever `work` throws. */
  async read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return await this.#counted(this.#patiently(() => work(this.#kysely)));
  }

  /** Runs `work` in a transaction and resolves once it is committed, on stable storage. `work` may run again after a conflict. */
  async write<T>(work: Work<T>): Promise<T> {
    return await this.#share(work, true);
  }

  /**
   * As `write`, but without waiting for stable storage: for what is merely done again when a power cut takes it back (claims, leases,
   * decisions nobody has acted on durably). A later `write` makes all that came before it durable too.
   */
  async writeLazily<T>(work: Work<T>): Promise<T> {
    return await this.#share(work, false);
  }

  async #share<T>(work: Work<T>, durable: boolean): Promise<T> {
    if (!this.traits.oneWriter) {
      return await this.writeAlone(async (trx) => {
        await this.traits.setDurable(trx, durable);
        return await work(trx);
      });
    }
    return await new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, durable, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** As `write`, in a transaction of its own. */
  async writeAlone<T>(work: Work<T>): Promise<T> {
    return await this.#counted(this.#patiently(() => this.#kysely.transaction().execute(work)));
  }

  /** Waits for what was asked for, then lets go of the database. */
  async close(): Promise<void> {
    while (this.#draining !== null || this.#running.size > 0) {
      await this.#draining;
      await Promise.allSettled(this.#running);
    }
    await this.#kysely.destroy();
  }

  async #drain(): Promise<void> {
    while (this.#jobs.length > 0) {
      await nextTurn();
      const jobs = this.#jobs.splice(0, maxShared);
      try {
        await this.#beDurable(jobs.some((job) => job.durable));
        const done = await this.writeAlone((trx) => this.#together(trx, jobs));
        jobs.forEach((job, index) => settleJob(job, done[index]));
      } catch (error) {
        for (const job of jobs) job.reject(error);
        // When it is not a job's own mistake, those who queued up behind have waited as long for the same answer.
        const shared = error instanceof StoreBusy || error instanceof StoreDown;
        if (shared) for (const job of this.#jobs.splice(0)) job.reject(error);
      }
    }
    this.#draining = null;
  }

  async #beDurable(durable: boolean): Promise<void> {
    if (durable === this.#durable) return;
    await this.#patiently(() => this.traits.setDurable(this.#kysely, durable));
    this.#durable = durable;
  }

  async #together(trx: Transaction<Tables>, jobs: readonly Job[]): Promise<Done[]> {
    const [only] = jobs;
    if (jobs.length === 1 && only !== undefined) return [{ ok: true, value: await only.work(trx) }];
    const done: Done[] = [];
    for (const job of jobs) done.push(await this.#apart(trx, job));
    return done;
  }

  async #apart(trx: Transaction<Tables>, job: Job): Promise<Done> {
    await sql`savepoint job`.execute(trx);
    try {
      const value = await job.work(trx);
      await sql`release job`.execute(trx);
      return { ok: true, value };
    } catch (error) {
      // Trouble with the database is everybody's, a bug is the job's own.
      if (this.traits.trouble(error) !== 'bug') throw error;
      await sql`rollback to job`.execute(trx);
      await sql`release job`.execute(trx);
      return { ok: false, error };
    }
  }

  /** So that close can wait for it. */
  async #counted<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #patiently<T>(run: () => Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + patience;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        const trouble = this.traits.trouble(error);
        if (trouble === 'bug') throw error;
        if (trouble !== 'busy') throw new StoreDown(`database trouble: ${codeOf(error)}`, { cause: error });
        if (performance.now() > giveUpAt) throw new StoreBusy(`database busy: ${codeOf(error)}`, { cause: error });
        await sleep(pause);
      }
    }
  }
}

function settleJob(job: Job, done: Done | undefined): void {
  if (done === undefined) job.reject(new Error('a transaction ended without its jobs'));
  else if (done.ok) job.resolve(done.value);
  else job.reject(done.error);
}

/** The driver's code; its message may quote values, so it stays in `cause`. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, errstr } = error as { code?: unknown; errstr?: unknown };
  return [code, errstr].filter((part) => typeof part === 'string').join(' ') || 'unknown';
}
