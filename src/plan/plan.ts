/**
 * Verdict x capability -> plan: the methods to try for one recipient, in order, and what happens when none is left.
 * Pure. The next step after each attempt is plan/delivery.ts; the waiting times are plan/retry.ts.
 */
import type { TlsLevel } from '../config/config.ts';
import type { Method, Otherwise } from '../policy/verdict.ts';

/** What is known of a recipient at the moment of planning. */
export type Capability = {
  /** Ids of usable keys in the keyring: trusted, valid now, meant for encryption, for exactly this address. */
  readonly pgpKeys: readonly string[];
  readonly certificates: readonly string[];
  /** Whether this gateway has a portal to wait in. */
  readonly portal: boolean;
  /** Sentences about what was looked up and why it can or cannot be used ("the OpenPGP key 0x… expired on …"). */
  readonly notes: readonly string[];
};

/** One thing to try. `none` leaves as sent with opportunistic TLS; the others are the methods of the design. */
export type Step = { readonly method: 'none' | Method; readonly tls: TlsLevel; readonly keys: readonly string[] };

export type Plan = {
  readonly kind: 'deliver';
  readonly steps: readonly Step[];
  /** What happens when no step is left: `portal` is then already the last step, so here it reads as bounce. */
  readonly otherwise: Otherwise;
  readonly because: readonly string[];
} | { readonly kind: 'hold' | 'refuse'; readonly because: readonly string[] };
