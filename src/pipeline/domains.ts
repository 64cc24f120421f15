/**
 * What each domain has shown of its TLS so far, at hand without asking the database: `floor` is the level below which a domain is not served again
 * (deliver/demand.ts says what that means for a server). Only a delivery teaches it, and only one that the domain's preferred mail servers took: a
 * backup that is better than they are would make promises for them. Several of one preference make the floor together: the domain is served
 * by the best of them.
 *
 * Notes go to the database, and what other processes noted comes back from it once a minute. A floor is never lowered here, neither by a rule or a tenant
 * that asks for less nor by time, a move to another provider, or records that the domain has withdrawn. A domain that no longer reaches it waits
 * or gets its mail by the next method, and is an event, once a day: somebody should look at it, and may say `postern domains forget`.
 */
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { Store } from '../store/store.ts';

/** What an attempt saw of a domain. */
export type DomainSeen = Parameters<Store['noteDomain']>[1] & {
  /** A server answered and did not prove what was asked, or what its domain has published or shown before. */
  readonly unmet: boolean;
  /** What is missing is demanded by the domain itself. */
  readonly lifted: boolean;
};

export type DomainMemory = {
  /** Loads what is known: at the start all of it, later what is new. */
  load(): Promise<void>;
  /** The strongest level the domain has shown, or null. */
  floor(domain: string): TlsLevel | null;
  note(domain: string, seen: DomainSeen): Promise<void>;
};

const day = 86_400_000;
/** Milliseconds by which clocks may differ, and notes may be late. */
const overlap = 300_000;

export function createDomainMemory(ports: {
  readonly store: Pick<Store, 'noteDomain' | 'domainLevels' | 'domainDowngraded'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
}): DomainMemory {
  const levels = new Map<string, TlsLevel>();
  /** Learned while the database is read, which may not have it yet. */
  const meanwhile = new Map<string, TlsLevel>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  return {
    async load() {
      const at = ports.now();
      meanwhile.clear();
      const noted = await ports.store.domainLevels(Math.max(0, loadedAt - overlap));
      for (const [domain, level] of noted) {
        if (level === null) levels.delete(domain);
        else levels.set(domain, level);
      }
      for (const [domain, level] of meanwhile) raise(levels, domain, level);
      loadedAt = at;
    },
    floor: (domain) => levels.get(domain) ?? null,
    async note(domain, seen) {
      const known = levels.get(domain) ?? null;
      if (seen.proved !== null) for (const map of [levels, meanwhile]) raise(map, domain, seen.proved);
      await ports.store.noteDomain(domain, seen);
      if (!seen.lifted && !(seen.unmet && isBelow(seen.tls, known))) return;
      const event: Event = { kind: 'domain.downgraded', domain, known, seen: seen.tls, reason: seen.failure ?? '' };
      const now = ports.now();
      if (await ports.store.domainDowngraded(domain, { now, unlessSince: now - day }, [event])) ports.emit(event);
    },
  };
}

function raise(levels: Map<string, TlsLevel>, domain: string, level: TlsLevel): void {
  const known = levels.get(domain);
  if (known === undefined || rank(level) > rank(known)) levels.set(domain, level);
}

/** Whether less was shown than what can be asked of a domain again: records and policies may be gone, a good certificate may not. */
function isBelow(shown: string | null, known: TlsLevel | null): boolean {
  const due = Math.min(rank(known ?? 'may'), rank('verify'));
  return rank(tlsLevels.find((level) => level === shown) ?? 'may') < due;
}

function rank(level: TlsLevel): number {
  return tlsLevels.indexOf(level);
}
