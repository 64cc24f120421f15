/**
 * How much of the listener one client may take: connections, time, octets per second, commands that lead nowhere. Pure bookkeeping; sockets
 * are in connection.ts and the clock comes from the caller.
 *
 * Time: a connection is either waiting for its client (for a command, a handshake, octets of a message) or we are at work. While it
 * waits it has a budget. A complete command fills the budget again; octets of a message add to it what they are worth at the minimal
 * data rate, never beyond full. One octet a second therefore buys almost nothing. When more than half of all connections are taken the
 * budget shrinks to `stressBudget`, as Postfix does under stress.
 *
 * Room: when there is none for a new connection, the one that has waited longest for a next command gives way (one that never brought a
 * message first), so that a crowd of idle connections never locks an honest client out. Only when every connection is busy with a message
 * is the new one refused.
 */

import { ticketKeysLive } from '../net/tls.ts';

export type Limits = {
  /** Connections in all, and from one address. */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** Milliseconds a client may take for its next complete command, and to fall behind the data rate. RFC 5321 section 4.5.3.2.7. */
  readonly waitBudget: number;
  readonly handshakeBudget: number;
  readonly stressBudget: number;
  /** Octets per second. */
  readonly minDataRate: number;
  /** How often budgets are looked at, milliseconds. */
  readonly sweepEvery: number;
  /** Milliseconds that a session ticket can be used: then its key is thrown away. */
  readonly ticketKeysLive: number;
  /** Milliseconds that messages in transfer get at shutdown. */
  readonly drain: number;
  /** Octets of the header block, and of one command line. */
  readonly headerOctets: number;
  readonly commandOctets: number;
  readonly hops: number;
  /** Commands other than MAIL, RCPT and DATA between two messages, and errors since the last message accepted. */
  readonly junkCommands: number;
  readonly errors: number;
};

export const defaultLimits: Limits = {
  connections: 2_000,
  connectionsPerClient: 500,
  waitBudget: 300_000,
  handshakeBudget: 30_000,
  stressBudget: 10_000,
  minDataRate: 500,
  sweepEvery: 1_000,
  ticketKeysLive,
  drain: 30_000,
  headerOctets: 1_048_576,
  commandOctets: 2_048,
  hops: 50,
  junkCommands: 100,
  errors: 20,
};

/** One connection's place and clock. */
export class Place {
  readonly clientIp: string;
  /** Messages accepted over this connection. */
  accepted = 0;
  readonly #limits: Limits;
  #phase: 'command' | 'handshake' | 'data' | 'ours' = 'command';
  #since: number;
  #budget: number;

  constructor(clientIp: string, limits: Limits, now: number) {
    this.clientIp = clientIp;
    this.#limits = limits;
    this.#since = now;
    this.#budget = limits.waitBudget;
  }

  /** A full budget for the client's next command. */
  awaitCommand(now: number): void {
    this.#wait('command', this.#limits.waitBudget, now);
  }

  awaitHandshake(now: number): void {
    this.#wait('handshake', this.#limits.handshakeBudget, now);
  }

  awaitData(now: number): void {
    this.#wait('data', this.#limits.waitBudget, now);
  }

  /** Octets of the message came; we are at work on them until awaitMore(). */
  received(octets: number, now: number): void {
    const left = this.#budget - (now - this.#since) + (octets * 1_000) / this.#limits.minDataRate;
    this.#budget = Math.min(left, this.#limits.waitBudget);
    this.atWork();
  }

  awaitMore(now: number): void {
    this.#wait('data', this.#budget, now);
  }

  atWork(): void {
    this.#phase = 'ours';
  }

  isOverdue(now: number, stressed: boolean): boolean {
    if (this.#phase === 'ours') return false;
    const budget = stressed ? Math.min(this.#budget, this.#limits.stressBudget) : this.#budget;
    return now - this.#since > budget;
  }

  /** Since when the connection waits for a command; null when it is in the middle of something. */
  get idleSince(): number | null {
    return this.#phase === 'command' || this.#phase === 'handshake' ? this.#since : null;
  }

  #wait(phase: 'command' | 'handshake' | 'data', budget: number, now: number): void {
    this.#phase = phase;
    this.#budget = budget;
    this.#since = now;
  }
}

/** All connections of a listener, whatever the address they came in by. */
export class Places {
  readonly #limits: Limits;
  readonly #closers = new Map<Place, (reason: 'slow' | 'crowded') => void>();
  readonly #perClient = new Map<string, number>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#closers.size;
  }

  /**
   * A place for a new connection; null when there is none. `close` ends the connection, which must give its place back with leave().
   */
  enter(clientIp: string, now: number, close: (reason: 'slow' | 'crowded') => void): Place | null {
    const ofClient = this.#perClient.get(clientIp) ?? 0;
    if (ofClient >= this.#limits.connectionsPerClient && !this.#makeRoom((place) => place.clientIp === clientIp))
      return null;
    if (this.size >= this.#limits.connections && !this.#makeRoom(() => true)) return null;
    const place = new Place(clientIp, this.#limits, now);
    this.#closers.set(place, close);
    this.#perClient.set(clientIp, (this.#perClient.get(clientIp) ?? 0) + 1);
    return place;
  }

  leave(place: Place): void {
    if (!this.#closers.delete(place)) return;
    const left = (this.#perClient.get(place.clientIp) ?? 1) - 1;
    if (left > 0) this.#perClient.set(place.clientIp, left);
    else this.#perClient.delete(place.clientIp);
  }

  /** Closes the connections whose client took too long. */
  sweep(now: number): void {
    const stressed = this.size > this.#limits.connections / 2;
    for (const [place, close] of this.#closers) {
      if (place.isOverdue(now, stressed)) this.#evict(place, close, 'slow');
    }
  }

  #makeRoom(mayGo: (place: Place) => boolean): boolean {
    let chosen: { place: Place; since: number; close: (reason: 'crowded') => void } | null = null;
    for (const [place, close] of this.#closers) {
      const since = place.idleSince;
      if (since === null || !mayGo(place)) continue;
      const better =
        chosen === null || (place.accepted === 0) !== (chosen.place.accepted === 0)
          ? chosen === null || place.accepted === 0
          : since < chosen.since;
      if (better) chosen = { place, since, close };
    }
    if (chosen === null) return false;
    this.#evict(chosen.place, chosen.close, 'crowded');
    return true;
  }

  #evict<Reason extends 'slow' | 'crowded'>(place: Place, close: (reason: Reason) => void, reason: Reason): void {
    this.leave(place);
    close(reason);
  }
}
