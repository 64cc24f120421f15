/**
 * What each domain has shown of its TLS so far, at hand without asking the database: `floor` is the level below which a domain is not served again
 * (deliver/demand.ts says what that means for a server). Notes go to the database, and what other processes noted comes back from it once a
 * minute. A domain that fails what it has shown before is an event, once a day: somebody should look at it, and may say
 * `postern domains forget`.
 */
import type { TlsLevel } from '../config/config.ts';
import { tlsLevels } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { Store } from '../store/store.ts';

type Seen = Parameters<Store['noteDomain']>[1];

export type DomainMemory = {
  /** Loads what is known; called at the start and again from time to time. */
  load(): Promise<void>;
  /** The strongest level the domain has shown, or null. */
  floor(domain: string): TlsLevel | null;
  /** What an attempt saw; `lifted`: it failed for want of what the domain had promised or shown. */
  note(domain: string, seen: Seen, lifted: boolean): Promise<void>;
};

const day = 86_400_000;

export function createDomainMemory(ports: {
  readonly store: Pick<Store, 'noteDomain' | 'domainLevels'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
}): DomainMemory {
  let levels = new Map<string, TlsLevel>();
  const alarmed = new Map<string, number>();
  return {
    async load() {
      levels = new Map(await ports.store.domainLevels());
    },
    floor: (domain) => levels.get(domain) ?? null,
    async note(domain, seen, lifted) {
      const shown = tlsLevels.find((level) => level === seen.tls);
      const before = levels.get(domain);
      if (shown !== undefined && seen.failure === null && rank(shown) > rank(before ?? 'may'))
        levels.set(domain, shown);
      if (lifted && ports.now() - (alarmed.get(domain) ?? 0) > day) {
        alarmed.set(domain, ports.now());
        const reason = seen.failure ?? '';
        ports.emit({ kind: 'domain.downgraded', domain, known: before ?? null, seen: seen.tls, reason });
      }
      await ports.store.noteDomain(domain, seen);
    },
  };
}

function rank(level: TlsLevel): number {
  return tlsLevels.indexOf(level);
}
