/**
 * How many transmissions may run at once to one destination: `take` a slot before, `release` it after. Who comes when all are taken
 * waits in line.
 */

type Line = { active: number; readonly waiting: ((granted: boolean) => void)[] };

export class Slots {
  readonly #limit: number;
  readonly #lines = new Map<string, Line>();
  #active = 0;
  #emptied: (() => void) | null = null;
  #closed = false;

  constructor(limit: number) {
    this.#limit = Math.max(1, limit);
  }

  /** How many could be taken now without waiting. */
  free(destination: string): number {
    const line = this.#lines.get(destination);
    return line === undefined ? this.#limit : Math.max(0, this.#limit - line.active - line.waiting.length);
  }

  /** Waits for a slot; false when the house closed in the meantime. */
  take(destination: string): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    const line = this.#lines.get(destination) ?? { active: 0, waiting: [] };
    this.#lines.set(destination, line);
    if (line.active >= this.#limit) return new Promise((resolve) => line.waiting.push(resolve));
    line.active += 1;
    this.#active += 1;
    return Promise.resolve(true);
  }

  release(destination: string): void {
    const line = this.#lines.get(destination);
    if (line === undefined) return;
    const next = line.waiting.shift();
    // A slot is handed over as it is, so nobody can slip in between.
    if (next !== undefined) return next(true);
    line.active -= 1;
    this.#active -= 1;
    if (line.active === 0) this.#lines.delete(destination);
    if (this.#active === 0) this.#emptied?.();
  }

  /** Sends those away who wait, and resolves when the last slot in use is free. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const line of this.#lines.values()) for (const turnAway of line.waiting.splice(0)) turnAway(false);
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }
}
