/**
 * A look, once a day, at the mail servers of every domain that had mail within 30 days: what TLS they show, without a message. What is new is told
 * (domain-changes.ts), what is known is kept for `postern domains`; nothing here lifts or lowers what a domain is served at (domains.ts).
 *
 * The looks are spread over the day by their number: 10,000 domains make one every 8.6 seconds, never more than two at once, each with one
 * connection at a time. Which domain is next, and that no other process looks at it, is the database's to say. Where there is more to do
 * than that allows (slow servers, many domains), the day becomes longer and nothing else.
 */
import type { DomainProbe } from '../deliver/probe.ts';
import type { Event } from '../event/event.ts';
import type { Store } from '../store/store.ts';
import { describe } from './accept.ts';
import { changesIn, checkOf } from './domain-changes.ts';

export type DomainCheckPorts = {
  readonly store: Pick<Store, 'countChecks' | 'claimCheck' | 'keepCheck'>;
  readonly probe: (domain: string) => Promise<DomainProbe | string>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
  /** Milliseconds within which each domain is looked at once. */
  readonly every: number;
};

const mailedWithin = 30 * 86_400_000;
const atOnce = 2;
/** Milliseconds: between two turns, until the domains are counted again, and after a fault. */
const turnEvery = 1_000;
const countEvery = 600_000;
const pauseAfterFault = 60_000;

export type DomainChecks = {
  /** Looks at the next domain if it is time; for about once a second. Never rejects. */
  turn(): Promise<void>;
  /** From now on nothing more is looked at, and what is under way is not waited for. */
  stop(): void;
};

export function createDomainChecks(ports: DomainCheckPorts): DomainChecks {
  const { store, every, now, emit } = ports;
  let domains = 0;
  let countAt = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = 0;
  let running = 0;
  let stopped = false;

  const claim = async (at: number) => {
    if (at >= countAt) {
      domains = await store.countChecks();
      countAt = at + Math.min(countEvery, every);
    }
    if (domains === 0 || at - lookedAt < every / domains) return null;
    lookedAt = at;
    return await store.claimCheck({ now: at, nextAt: at + every, mailedSince: at - mailedWithin });
  };

  const look = async (due: NonNullable<Awaited<ReturnType<typeof claim>>>): Promise<void> => {
    const found = await ports.probe(due.domain);
    if (stopped) return;
    const at = now();
    const checked = checkOf(found, due.checked);
    const events = changesIn(due.domain, { check: due.checked, at: due.checkedAt }, checked, at);
    await store.keepCheck(due.domain, at, checked, events);
    for (const event of events) emit(event);
  };

  return {
    async turn() {
      if (stopped || running >= atOnce || now() < pausedUntil) return;
      running += 1;
      try {
        const due = await claim(now());
        if (due !== null) await look(due);
      } catch (error) {
        pausedUntil = now() + pauseAfterFault;
        if (!stopped) emit({ kind: 'service.failed', component: 'checks of domains', error: describe(error) });
      } finally {
        running -= 1;
      }
    },
    stop() {
      stopped = true;
    },
  };
}

/** Begins at once; the result ends it. */
export function startDomainChecks(ports: DomainCheckPorts): () => void {
  const checks = createDomainChecks(ports);
  const timer = setInterval(() => void checks.turn(), turnEvery);
  return () => {
    clearInterval(timer);
    checks.stop();
  };
}
