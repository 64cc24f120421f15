import type { Resolver } from './resolver.ts';

export type ResolverOptions = {
  /** "address:port"; asked in turn. */
  readonly servers: readonly string[];
  /** Believe the AD bit: only for a validating resolver on this host. */
  readonly trustAd: boolean;
  /** Milliseconds to wait for one server. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. */
  readonly attempts?: number;
  /** Milliseconds since the epoch, for tests. */
  readonly now?: () => number;
};

export type OwnResolver = Resolver & { close(): void };

export function createResolver(_options: ResolverOptions): OwnResolver {
  throw new Error('under construction');
}
