/**
 * Runner: keeps decide and attempt supplied with work until told to stop.
 *
 * Work is claimed under a lease, so a process that dies loses nothing: its leases run out and another takes over. A look for work happens when
 * something was accepted or settled here (`wake`), and once a second for what came due or was left by others. What one look claims is
 * bounded by free slots, in all and per destination, so a slow destination never holds up another. Finished attempts are settled
 * in group commits, like accepts. A fault (database away, disk trouble) is an event and a pause, never an end.
 */
import type { Event } from '../event/event.ts';
import { type Spool, SpoolFull } from '../spool/spool.ts';
import {
  type ClaimedDelivery,
  type DeliveryRow,
  type MessageRow,
  type Store,
  StoreBusy,
  StoreDown,
} from '../store/store.ts';
import { describe } from './accept.ts';
import { type AttemptPorts, attempt, type Conclusion, groupDeliveries } from './attempt.ts';
import { createBatch } from './batch.ts';
import { type Decided, type DecidePorts, decide } from './decide.ts';
import { failureNotices } from './notices.ts';

export type RunnerPorts = {
  readonly store: Store;
  readonly spool: Spool;
  readonly decide: DecidePorts;
  readonly attempt: AttemptPorts;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

/** A message that was begun this often without an end kills its worker: it waits for a person (threat T-29). */
const maxDecideAttempts = 3;
const decideSlots = 32;
const attemptSlots = 256;
/** Milliseconds after which others may take over what this process began. Attempts can be long, so theirs is renewed. */
const attemptLease = 10 * 60_000;
const decideLease = 2 * 60_000;
const lookEvery = 1_000;
/** Between two looks, so that under load each claims many at once; at low load a look follows a wake at once. Milliseconds. */
const lookGap = 5;
const pauseAfterFault = 1_000;
const sweepEvery = 60 * 60_000;

export class Runner {
  readonly #ports: RunnerPorts;
  readonly #deciding = new Set<string>();
  readonly #attempting = new Map<string, ClaimedDelivery>();
  readonly #running = new Set<Promise<void>>();
  readonly #settle: (item: Conclusion) => Promise<void>;
  readonly #decided: (item: Extract<Decided, { kind: 'decided' }>) => Promise<void>;
  readonly #timers: NodeJS.Timeout[] = [];
  #looking: Promise<void> | null = null;
  #nextLook: NodeJS.Timeout | null = null;
  #lookAgain = false;
  #stopping = false;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#settle = createBatch((items) => this.#settleBatch(items));
    this.#decided = createBatch((items) => this.#decidedBatch(items));
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#background(this.#promote()), lookEvery));
    this.#timers.push(setInterval(() => this.#background(this.#extendLeases()), attemptLease / 3));
    this.#timers.push(setInterval(() => this.#background(this.#housekeep()), 10 * lookEvery));
    this.#timers.push(setInterval(() => this.#background(this.#sweep()), sweepEvery));
    this.#background(this.#sweep());
    this.wake();
  }

  /** Looks for work now; during a look, or too soon after one, once more a little later. */
  wake(): void {
    if (this.#stopping) return;
    if (this.#looking !== null || this.#nextLook !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#lookAgain = false;
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
      this.#nextLook = setTimeout(() => {
        this.#nextLook = null;
        if (this.#lookAgain) this.wake();
      }, lookGap);
    });
  }

  /** Takes no new work and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#nextLook !== null) clearTimeout(this.#nextLook);
    await this.#looking;
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #look(): Promise<void> {
    const { store, now } = this.#ports;
    try {
      const free = decideSlots - this.#deciding.size;
      if (free > 0) {
        const messages = await store.claimMessages(free, now() + decideLease);
        for (const message of messages) this.#run(this.#decideOne(message));
        if (messages.length === free) this.#lookAgain = true;
      }
      const slots = attemptSlots - this.#attempting.size;
      if (slots > 0) {
        const claimed = await store.claimDeliveries(slots, now() + attemptLease, (destination) =>
          this.#room(destination),
        );
        for (const delivery of claimed) this.#attempting.set(delivery.id, delivery);
        for (const group of groupDeliveries(claimed)) this.#run(this.#attemptOne(group));
      }
    } catch (error) {
      await this.#fault('runner', error);
    }
  }

  /** What came due, what a vanished worker had, and what another process accepted. */
  async #promote(): Promise<void> {
    await this.#ports.store.promote(this.#ports.now());
    this.wake();
  }

  /** How many more deliveries may be under way to a destination: its free connections, and as many again ready to follow. */
  #room(destination: string): number {
    let waiting = 0;
    for (const delivery of this.#attempting.values()) if (delivery.destination === destination) waiting += 1;
    return Math.max(0, 2 * this.#ports.attempt.config.delivery.perDestination - waiting);
  }

  async #decideOne(message: MessageRow): Promise<void> {
    this.#deciding.add(message.id);
    try {
      const decided: Decided =
        message.attempts > maxDecideAttempts
          ? {
              kind: 'held',
              reason: `Deciding about this message failed ${maxDecideAttempts} times; it may be damaged or hostile.`,
            }
          : await this.#surely(() => decide(message, this.#ports.decide));
      await this.#surely(() =>
        decided.kind === 'decided' ? this.#decided(decided) : this.#hold(message, decided.reason),
      );
    } catch (error) {
      // A bug, or bytes that cannot be read. The lease runs out and it is tried again; after a few times it is held.
      await this.#fault('decide', error);
    } finally {
      this.#deciding.delete(message.id);
      this.wake();
    }
  }

  async #hold(message: MessageRow, reason: string): Promise<void> {
    const event: Event = { kind: 'message.held', tenant: message.tenant, message: message.id, reason };
    await this.#ports.store.holdMessage(message.id, reason, [event]);
    this.#ports.emit(event);
  }

  async #attemptOne(group: readonly ClaimedDelivery[]): Promise<void> {
    try {
      // Nothing in it throws once the network was asked.
      const { seen, conclude } = await this.#surely(() => attempt(group, this.#ports.attempt));
      if (seen !== null) this.#background(this.#ports.store.noteDomain(seen.domain, seen));
      await this.#surely(async () => this.#settle(await conclude()));
    } catch (error) {
      await this.#fault('attempt', error);
    } finally {
      for (const delivery of group) this.#attempting.delete(delivery.id);
      this.wake();
    }
  }

  async #decidedBatch(items: readonly Extract<Decided, { kind: 'decided' }>[]): Promise<void> {
    const decisions = items.map((item) => item.decision);
    await this.#ports.store.decided(decisions);
    for (const decision of decisions) for (const event of decision.events) this.#ports.emit(event);
    this.wake();
  }

  async #settleBatch(items: readonly Conclusion[]): Promise<void> {
    const events = items.flatMap((item) => item.events);
    await this.#ports.store.settle(
      items.flatMap((item) => item.settlements),
      items.flatMap((item) => item.messages),
      events,
    );
    for (const event of events) this.#ports.emit(event);
  }

  async #extendLeases(): Promise<void> {
    if (this.#attempting.size > 0) {
      await this.#ports.store.extendLease([...this.#attempting.keys()], this.#ports.now() + attemptLease);
    }
  }

  /** Bytes whose deliveries all ended are deleted; what waited in the portal too long ends. */
  async #housekeep(): Promise<void> {
    const { store, spool, now } = this.#ports;
    const expired = new Map<string, DeliveryRow>();
    const eventOf = ({ id, messageId, recipient }: DeliveryRow): Event => {
      return { kind: 'delivery.expired', message: messageId, delivery: id, recipient };
    };
    await store.portal.expire(now(), (delivery) => {
      expired.set(delivery.id, delivery);
      return eventOf(delivery);
    });
    for (const delivery of expired.values()) this.#ports.emit(eventOf(delivery));
    const notices = await failureNotices([...expired.values()], this.#ports.attempt);
    if (notices.length > 0) await store.insertMessages(notices, []);
    for (;;) {
      const finished = await store.finishedMessages(500);
      if (finished.length === 0) return;
      // Forgetting the key first: from then on the bytes are noise, whatever becomes of the file.
      await store.forgetBytes(finished.map((message) => message.id));
      for (const message of finished) await spool.remove(message.spool.id);
    }
  }

  async #sweep(): Promise<void> {
    const { store, spool, now } = this.#ports;
    await spool.sweep((ids) => store.knownSpoolIds(ids), now() - sweepEvery);
  }

  /** Waits while the database is away or the disk is full: a delivery made whose result were thrown away would be made twice. */
  async #surely<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const passing = error instanceof StoreBusy || error instanceof StoreDown || error instanceof SpoolFull;
        if (!passing || this.#stopping) throw error;
        await this.#fault('store', error);
      }
    }
  }

  #run(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #background(work: Promise<void>): void {
    this.#run(work.catch((error: unknown) => this.#fault('housekeeping', error)));
  }

  async #fault(component: string, error: unknown): Promise<void> {
    this.#ports.emit({ kind: 'service.failed', component, error: describe(error) });
    await new Promise((resolve) => setTimeout(resolve, pauseAfterFault));
  }
}
