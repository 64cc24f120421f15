/**
 * What becomes of recipients that no mail server of their domain took or refused: the setbacks at each of them in, one outcome out. Pure.
 *
 * When is a TLS level unmet for good? The hosts of the best preference speak for the domain. If each of them was reached and could not
 * do it, the method has failed and the next one takes over; if one of them was merely unreachable, the delivery is deferred, because
 * it might have done better. Backup hosts may carry the message, but their word or their silence decides nothing. An address family
 * that this machine has no route to counts as not tried.
 *
 * Where only that is missing which the domain itself has published or shown before, the outcome says so (`lifted`), since nobody here asked for it.
 */
import type { Outcome, Remote } from '../plan/delivery.ts';
import type { Refused } from './connection.ts';
import type { Host } from './route.ts';

/** What happened at one address, or before it: it did not take us, or the conversation ended before the message was complete. */
export type Setback = { readonly host: Host } & Pick<Refused, 'kind' | 'status' | 'reason' | 'stage' | 'liftedBy'> & {
    readonly remote: Remote | null;
  };

/** Of the hosts that speak for the domain. */
export const preferenceOf = (hosts: readonly Host[]): number => Math.min(...hosts.map(({ preference }) => preference));

export function verdict(hosts: readonly Host[], setbacks: readonly Setback[]): Outcome {
  const preference = preferenceOf(hosts);
  const best = hosts.filter((host) => host.preference === preference);
  const heard = setbacks.filter(({ stage }) => stage !== 'local');
  const unmet = best.map((host) => heard.find((setback) => setback.host === host && setback.kind === 'unmet'));
  const first = unmet[0];
  if (first !== undefined && unmet.every((setback) => setback !== undefined)) {
    const { status, remote, liftedBy } = first;
    const failed = { kind: 'failed', scope: 'method', status, reason: demandedBy(first), remote } as const;
    return liftedBy === null ? failed : { ...failed, lifted: true };
  }
  const missed =
    heard.find(({ kind, host }) => kind === 'unreachable' && best.includes(host)) ?? heard[0] ?? setbacks[0];
  if (missed !== undefined && missed.kind === 'unreachable') {
    const { status, reason, remote } = missed;
    const broken = unmet.find((setback) => setback !== undefined && setback.liftedBy !== null);
    if (broken === undefined) return { kind: 'deferred', status, reason, remote };
    return { kind: 'deferred', status, reason: `${reason} ${demandedBy(broken)}`, remote, lifted: true };
  }
  const reason = best.find((host) => host.trouble !== null)?.trouble ?? 'No mail server could be reached.';
  return { kind: 'deferred', status: '4.4.1', reason, remote: null };
}

function demandedBy({ reason, liftedBy }: Setback): string {
  return liftedBy === null ? reason : `${reason} It is demanded by ${liftedBy}.`;
}
