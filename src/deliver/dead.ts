/** Addresses that took no connection a moment ago: a queue must not wait for one of them message by message. */
import type { Connection, Refused, Target } from './connection.ts';

/** Milliseconds. */
const deadFor = 5_000;
const maxDead = 10_000;

export class DeadAddresses {
  readonly #dead = new Map<string, { readonly until: number; readonly refused: Refused }>();

  /** Why the address took no connection, while it is not to be tried again; else null. */
  find(target: Target): Refused | null {
    const dead = this.#dead.get(keyOf(target));
    return dead !== undefined && dead.until > Date.now() ? dead.refused : null;
  }

  /** What became of a try. */
  note(target: Target, result: Connection | Refused): void {
    if (result.kind === 'open' || result.stage === 'spoken') {
      this.#dead.delete(keyOf(target));
      return;
    }
    if (this.#dead.size >= maxDead) this.#dead.clear();
    this.#dead.set(keyOf(target), { until: Date.now() + deadFor, refused: result });
  }
}

const keyOf = ({ name, ip, port }: Target): string => `${name} ${ip} ${port}`;
