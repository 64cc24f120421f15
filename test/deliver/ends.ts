/** How a message ended, in the words of the tables of cases. */
import type { Outcome } from '../../src/plan/delivery.ts';

/**
 * `plain`, `secret`: delivered without or under TLS; `unmet`: the next method takes over; `lifted`: the domain breaks its own promise, so the
 * message waits where there is no other method; `refused`: the sender is told; `deferred`.
 */
export type End = 'plain' | 'secret' | 'unmet' | 'lifted' | 'refused' | 'deferred';

export function endOf(outcome: Outcome | undefined): End | undefined {
  if (outcome?.kind === 'failed' && outcome.scope === 'recipient') return 'refused';
  if (outcome?.kind === 'failed') return outcome.lifted === true ? 'lifted' : 'unmet';
  if (outcome?.kind === 'deferred') return 'deferred';
  return outcome?.kind === 'delivered' ? (outcome.remote?.tls === null ? 'plain' : 'secret') : undefined;
}
