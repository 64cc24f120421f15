/**
 * Notes that are gathered in memory and written together, because a busy gateway would otherwise pay a transaction for each connection to say
 * the same thing again. A crash loses those that wait; so this is for counts, never for evidence.
 */
import type { Transaction } from 'kysely';
import type { Tables } from './schema.ts';
import type { Database } from './transaction.ts';

export type Gathering<Note> = {
  /** Notes of one key become one. */
  readonly keyOf: (note: Note) => string;
  readonly merge: (earlier: Note, later: Note) => Note;
  readonly write: (trx: Transaction<Tables>, note: Note) => Promise<void>;
  /** Milliseconds that a note waits for company. */
  readonly every: number;
};

export class Gathered<Note> {
  readonly #database: Database;
  readonly #how: Gathering<Note>;
  #waiting = new Map<string, Note>();
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database, how: Gathering<Note>) {
    this.#database = database;
    this.#how = how;
  }

  add(note: Note): void {
    const key = this.#how.keyOf(note);
    const before = this.#waiting.get(key);
    this.#waiting.set(key, before === undefined ? note : this.#how.merge(before, note));
    this.#timer ??= setTimeout(() => void this.#writeOrWait(), this.#how.every).unref();
  }

  /** Writes what waits. What could not be written waits on. */
  async write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const notes = this.#waiting;
    if (notes.size === 0) return;
    this.#waiting = new Map();
    // In one order, so that two processes that write the same rows wait for each other and no more.
    const sorted = [...notes].sort(([a], [b]) => (a < b ? -1 : 1));
    try {
      await this.#database.writeLazily(async (trx) => {
        for (const [, note] of sorted) await this.#how.write(trx, note);
      });
    } catch (error) {
      for (const [key, note] of sorted) {
        const newer = this.#waiting.get(key);
        this.#waiting.set(key, newer === undefined ? note : this.#how.merge(note, newer));
      }
      throw error;
    }
  }

  async #writeOrWait(): Promise<void> {
    try {
      await this.write();
    } catch {
      // Whatever it was, those who ask for something hear of it; notes just wait on.
      this.#timer ??= setTimeout(() => void this.#writeOrWait(), this.#how.every).unref();
    }
  }
}
