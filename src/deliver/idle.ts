/**
 * Connections between two messages: kept a few seconds by the address and the host name they were opened for, and given out again only
 * where what their handshake showed meets what the next message demands. Whatever arrives on an idle connection ends it.
 */
import { type Connection, serves, type Target } from './connection.ts';
import type { Demand } from './demand.ts';

type Waiting = { readonly connection: Connection; readonly timer: NodeJS.Timeout };

/** Milliseconds that a connection waits for the next message. */
const idleFor = 5_000;
/** Messages over one connection; servers dislike clients that never leave. */
const maxUses = 100;

export class IdleConnections {
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #leaving = new Set<Promise<void>>();
  #closed = false;

  has(target: Target, demand: Demand): boolean {
    return this.#find(target, demand) !== undefined;
  }

  /** The connection that was used last, so that those not needed grow old; null when there is none. */
  take(target: Target, demand: Demand): Connection | null {
    const found = this.#find(target, demand);
    if (found === undefined) return null;
    this.#remove(found);
    return found.connection;
  }

  /** Takes a connection back, or sees it off. */
  put(connection: Connection): void {
    const { wire } = connection;
    if (wire.trouble !== null || wire.unread) return wire.destroy();
    if (this.#closed || connection.uses >= maxUses) return this.#quit(connection);
    const waiting: Waiting = {
      connection,
      timer: setTimeout(() => {
        this.#remove(waiting);
        this.#quit(connection);
      }, idleFor),
    };
    wire.onUnexpected = () => {
      this.#remove(waiting);
      wire.destroy();
    };
    const key = keyOf(connection.target);
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiting]);
  }

  /** Says QUIT on all of them and waits for the answers. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of [...this.#waiting.values()].flat()) {
      this.#remove(waiting);
      this.#quit(waiting.connection);
    }
    await Promise.all(this.#leaving);
  }

  #find(target: Target, demand: Demand): Waiting | undefined {
    return this.#waiting.get(keyOf(target))?.findLast(({ connection }) => serves(connection, demand));
  }

  #remove(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.connection.wire.onUnexpected = null;
    const key = keyOf(waiting.connection.target);
    const rest = (this.#waiting.get(key) ?? []).filter((other) => other !== waiting);
    if (rest.length > 0) this.#waiting.set(key, rest);
    else this.#waiting.delete(key);
  }

  #quit(connection: Connection): void {
    const leaving = connection.wire.quit().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

/** The name belongs to the key: a certificate that is good for one name proves nothing for another at the same address. */
function keyOf(target: Target): string {
  return `${target.name} ${target.ip} ${target.port}`;
}
