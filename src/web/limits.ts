/**
 * How often one key (a network address, a delivery) may do one thing: a count per fixed window, in memory, in a map that cannot grow without end.
 * These limits blunt floods; the limits that guard the codes themselves are counted in the database (PortalStore), once for all processes.
 *
 * Limits: each process counts for itself; beyond `capacity` keys the oldest are forgotten.
 */

export type Limiter = {
  /** Milliseconds until the key may try again; 0 while it still may. Counts nothing. */
  waitFor(key: string): number;
  /** Counts one. */
  count(key: string): void;
};

/** Allows `max` counts per key within `window` milliseconds. */
export function createLimiter(max: number, window: number, now: () => number, capacity = 10_000): Limiter {
  const windows = new Map<string, { since: number; used: number }>();
  const current = (key: string): { since: number; used: number } | null => {
    const found = windows.get(key);
    return found !== undefined && now() - found.since < window ? found : null;
  };
  return {
    waitFor: (key) => {
      const found = current(key);
      return found === null || found.used < max ? 0 : found.since + window - now();
    },
    count: (key) => {
      const found = current(key);
      if (found !== null) {
        found.used += 1;
        return;
      }
      windows.delete(key);
      for (const oldest of windows.keys()) {
        if (windows.size < capacity) break;
        windows.delete(oldest);
      }
      windows.set(key, { since: now(), used: 1 });
    },
  };
}

/** What a client is counted by: an IPv4 address, or the /64 of an IPv6 address, since one host has many of those. */
export function networkKey(ip: string): string {
  if (!ip.includes(':')) return ip;
  const mapped = ip.slice(ip.lastIndexOf(':') + 1);
  if (mapped.includes('.')) return mapped;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return groups.slice(0, 4).join(':');
}
