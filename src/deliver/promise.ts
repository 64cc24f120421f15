/**
 * REQUIRETLS on the wire: whether the next server promises to hand a message on over TLS only, and what is said where it does not, or where TLS itself
 * was not to be had. What the sender's demand makes of a plan is plan/require-tls.ts.
 */
import type { Outcome } from '../plan/delivery.ts';
import { type Connection, remoteOf } from './connection.ts';
import type { Envelope } from './envelope.ts';
import type { Setback } from './verdict.ts';

/** RFC 8689 section 4.2.1; section 5: a report goes out all the same. */
export function breaksPromise({ extensions }: Connection, { requireTls, mailFrom }: Envelope): boolean {
  return requireTls && mailFrom !== '' && !extensions.has('REQUIRETLS');
}

export function promiseBroken({ target, evidence }: Connection): Omit<Setback, 'host'> {
  const reason = `${target.name} does not promise to hand mail on over TLS only (REQUIRETLS), which the sender demands.`;
  const remote = remoteOf(target, evidence, null);
  return { kind: 'unmet', status: '5.7.30', reason, remote, stage: 'spoken', liftedBy: null };
}

/** RFC 8689 section 4.2.1: 5.7.10 where TLS itself was not to be had. */
export function inTermsOf({ requireTls }: Envelope, outcome: Outcome): Outcome {
  const about = requireTls && outcome.kind === 'failed' && outcome.scope === 'method' && outcome.status !== '5.7.30';
  return about ? { ...outcome, status: '5.7.10' } : outcome;
}
