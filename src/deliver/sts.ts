/**
 * The MTA-STS policies of the domains we write to: remembered for as long as each says, over restarts, and asked for again when the domain
 * says that there is a new one. RFC 8461 section 5.1.
 *
 *   TXT record            | policy remembered        | then
 *   ----------------------+--------------------------+-----------------------------------------------------------
 *   the same id           | yes                      | it holds; in the second half of its life it is fetched again, without waiting
 *   another id, or any    | yes, or no               | fetched first; when that fails, what is remembered holds
 *   none, or no answer    | yes                      | it holds until its time is over: an attacker can hide the record
 *   none, or no answer    | no                       | the domain has none
 *
 * A fetch that failed is not repeated for five minutes: a queue of messages must not knock at a broken web server.
 */
import type { Resolver } from '../net/resolver.ts';
import type { Sts } from './demand.ts';
import type { Fetched, FetchFailed } from './sts-fetch.ts';
import { readRecord } from './sts-policy.ts';

/** A policy as the database keeps it. Times are epoch milliseconds. */
export type KeptSts = Sts & { readonly domain: string; readonly fetchedAt: number; readonly expiresAt: number };

export type StsStore = {
  findSts(domain: string): Promise<KeptSts | null>;
  keepSts(kept: KeptSts): Promise<void>;
};

export type StsPorts = {
  readonly resolver: Pick<Resolver, 'txt'>;
  readonly store: StsStore;
  readonly fetch: (domain: string) => Promise<Fetched>;
  readonly now: () => number;
};

export type StsPolicies = {
  /** The policy in force, or null. Rejects only for trouble of the database. */
  of(domain: string): Promise<Sts | null>;
  /** Why the last fetch for the domain failed, while it is not repeated; else null. */
  trouble(domain: string): FetchFailed | null;
};

const quietFor = 300_000;
const maxRemembered = 20_000;

export function createStsPolicies(ports: StsPorts): StsPolicies {
  const remembered = new Map<string, KeptSts | null>();
  const failures = new Map<string, { readonly until: number; readonly failed: FetchFailed }>();
  const underWay = new Map<string, Promise<KeptSts | null>>();

  const remember = (domain: string, kept: KeptSts | null): void => {
    remembered.delete(domain);
    const [oldest] = remembered.size >= maxRemembered ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
    remembered.set(domain, kept);
  };

  const known = async (domain: string): Promise<KeptSts | null> => {
    let kept = remembered.get(domain);
    if (kept === undefined) {
      kept = await ports.store.findSts(domain);
      remember(domain, kept);
    }
    return kept !== null && kept.expiresAt > ports.now() ? kept : null;
  };

  const trouble = (domain: string): FetchFailed | null => {
    const failure = failures.get(domain);
    return failure !== undefined && failure.until > ports.now() ? failure.failed : null;
  };

  const fetch = async (domain: string, id: string): Promise<KeptSts | null> => {
    const fetched = await ports.fetch(domain);
    const now = ports.now();
    if (fetched.kind === 'failed') {
      if (failures.size >= maxRemembered) failures.clear();
      failures.set(domain, { until: now + quietFor, failed: fetched });
      return null;
    }
    failures.delete(domain);
    const { policy } = fetched;
    const kept = { domain, id, policy, fetchedAt: now, expiresAt: now + policy.maxAge * 1_000 };
    remember(domain, kept);
    await ports.store.keepSts(kept);
    return kept;
  };

  /** One fetch at a time for a domain, whoever asks. */
  const fetchOnce = (domain: string, id: string): Promise<KeptSts | null> => {
    const before = underWay.get(domain);
    if (before !== undefined) return before;
    const begun = fetch(domain, id).finally(() => underWay.delete(domain));
    underWay.set(domain, begun);
    return begun;
  };

  return {
    trouble,
    async of(domain) {
      const kept = await known(domain);
      const record = await ports.resolver.txt(`_mta-sts.${domain}`);
      const id = record.kind === 'found' ? readRecord(record.records) : null;
      if (id === null || trouble(domain) !== null) return inForce(kept);
      if (kept?.id !== id) return inForce((await fetchOnce(domain, id)) ?? kept);
      // RFC 8461 section 10.2: fetched again well before it ends, so that an attacker would have to block the host for half of its life.
      // The answer is not waited for; trouble of the database meets whoever asks next.
      if (ports.now() > (kept.fetchedAt + kept.expiresAt) / 2) void fetchOnce(domain, id).catch(() => {});
      return inForce(kept);
    },
  };
}

function inForce(kept: KeptSts | null): Sts | null {
  return kept === null || kept.policy.mode === 'none' ? null : { id: kept.id, policy: kept.policy };
}
