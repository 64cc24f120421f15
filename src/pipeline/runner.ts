/**
 * Runner: keeps decide and attempt supplied with work until told to stop.
 *
 * Work is claimed under a lease, so a process that dies loses nothing: its leases run out and another takes over. A look for work happens when
 * something was accepted or settled here (`wake`), and once a second for what came due or was left by others. What one look claims is
 * bounded by free slots, in all and per destination, so a slow destination never holds up another. Finished attempts are settled
 * in group commits, like accepts. A fault (database away, disk trouble) is an event and a pause, never an end. What grows old is
 * housekeeping.ts's.
 */
import type { Event } from '../event/event.ts';
import { type Spool, SpoolFull } from '../spool/spool.ts';
import { type ClaimedDelivery, type MessageRow, type Store, StoreBusy, StoreDown } from '../store/store.ts';
import { describe } from './accept.ts';
import { type AttemptPorts, attempt, type Conclusion, groupDeliveries } from './attempt.ts';
import { createBatch } from './batch.ts';
import { type Decided, type DecidePorts, decide } from './decide.ts';
import type { DomainMemory } from './domains.ts';
import { createHousekeeping } from './housekeeping.ts';
import type { TlsReporter } from './tls-reports.ts';

export type RunnerPorts = {
  readonly store: Store;
  readonly spool: Spool;
  readonly decide: DecidePorts;
  readonly attempt: AttemptPorts;
  readonly domains: DomainMemory;
  /** Null where none are sent. */
  readonly reports: TlsReporter | null;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

/** A message that was begun this often without an end kills its worker: it waits for a person (threat T-29). */
const maxDecideAttempts = 3;
const decideSlots = 32;
const attemptSlots = 256;
/**
 * Milliseconds after which others may take over what this process began. Renewed while it goes on: attempts can be long, and a message may wait for
 * a scan worker behind others that use up their deadlines.
 */
const attemptLease = 10 * 60_000;
const decideLease = 2 * 60_000;
const lookEvery = 1_000;
/** Between two looks, so that under load each claims many at once; at low load a look follows a wake at once. Milliseconds. */
const lookGap = 5;
const pauseAfterFault = 1_000;
const sayFaultEvery = 900;
const housekeepEvery = 10_000;
const sweepEvery = 60 * 60_000;
const loadDomainsEvery = 60_000;

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
  #extendedAt = 0;
  readonly #faultedAt = new Map<string, number>();
  #stopping = false;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#settle = createBatch((items) => this.#settleBatch(items), { mayBeOnes: isBug });
    // Scans end one by one; a transaction for each decision would cost more than the decision.
    this.#decided = createBatch((items) => this.#decidedBatch(items), { gatherFor: 10, mayBeOnes: isBug });
  }

  /** Rejects when the database cannot be read. */
  async start(): Promise<void> {
    await this.#ports.domains.load();
    this.#timers.push(setInterval(() => this.#background(this.#promote()), lookEvery));
    const housekeeping = createHousekeeping(this.#ports);
    this.#timers.push(setInterval(() => this.#background(housekeeping.turn()), housekeepEvery));
    this.#timers.push(setInterval(() => this.#background(housekeeping.sweep()), sweepEvery));
    const { reports } = this.#ports;
    if (reports !== null) this.#timers.push(setInterval(() => this.#background(reports.turn()), housekeepEvery));
    this.#timers.push(setInterval(() => this.#background(this.#ports.domains.load()), loadDomainsEvery));
    this.#background(housekeeping.sweep());
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
        // After a pause of the whole machine our own leases may have run out under us.
        for (const message of messages) if (!this.#deciding.has(message.id)) this.#run(this.#decideOne(message));
        if (messages.length === free) this.#lookAgain = true;
      }
      const slots = attemptSlots - this.#attempting.size;
      if (slots > 0) {
        const claimed = await store.claimDeliveries(slots, now() + attemptLease, (destination) =>
          this.#room(destination),
        );
        const fresh = claimed.filter((delivery) => !this.#attempting.has(delivery.id));
        for (const delivery of fresh) this.#attempting.set(delivery.id, delivery);
        for (const group of groupDeliveries(fresh)) this.#run(this.#attemptOne(group));
      }
    } catch (error) {
      await this.#fault('runner', error);
    }
  }

  /** What came due, what a vanished worker had, and what another process accepted. */
  async #promote(): Promise<void> {
    // Own leases first: a clock that jumped must not take from us what we still hold.
    const now = this.#ports.now();
    if (now - this.#extendedAt > decideLease / 3) {
      await this.#extendLeases();
      this.#extendedAt = now;
    }
    await this.#ports.store.promote(now);
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
      if (seen !== null) this.#background(this.#ports.domains.note(seen.domain, seen));
      const conclusion = await this.#surely(conclude);
      await this.#surely(() => this.#settle(conclusion));
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
    const { store, now } = this.#ports;
    await store.extendLease([...this.#attempting.keys()], now() + attemptLease);
    await store.extendLease([...this.#deciding], now() + decideLease);
  }

  /** Waits while the database is away or the disk is full: a delivery made whose result were thrown away would be made twice. */
  async #surely<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (isBug(error)) throw error;
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
    // A hundred attempts that wait for one database are one fault.
    const now = performance.now();
    if (now - (this.#faultedAt.get(component) ?? -Infinity) > sayFaultEvery) {
      this.#faultedAt.set(component, now);
      this.#ports.emit({ kind: 'service.failed', component, error: describe(error) });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseAfterFault));
  }
}

/** Not one of the troubles that pass by themselves. */
function isBug(error: unknown): boolean {
  return !(error instanceof StoreBusy || error instanceof StoreDown || error instanceof SpoolFull);
}
