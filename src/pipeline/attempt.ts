/**
 * Attempt: claimed deliveries -> protect -> deliver -> outcome -> settlement.
 *
 * A group is what the network can share: deliveries of one message, to one destination, by the same step, with the same octets. Protected
 * copies are made for one recipient and never grouped, so no copy can tell of another recipient. `attempt` tries the group's
 * current step once and returns what follows from it, as values: what becomes of each delivery (plan/delivery.ts decides), the messages of our own
 * (notices.ts, portal.ts) and the events; the runner writes all of them in one transaction.
 */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { type Next, noMethod, type Outcome, settle } from '../plan/delivery.ts';
import type { Verdict } from '../protect/open/verdict.ts';
import type { ClaimedDelivery, NewMessage, Settlement, Store } from '../store/store.ts';
import type { Accept } from './accept.ts';
import type { DomainSeen } from './domains.ts';
import { keyUses } from './key-use.ts';
import { isLinked, type Linked, linkedEvent, linkedFor } from './linked.ts';
import { type Ended, noticesFor } from './notices.ts';
import { notAgreed, publish, withdraw } from './portal.ts';
import { type Found, type TransmitPorts, transmit } from './transmit.ts';

export type AttemptPorts = TransmitPorts & {
  readonly store: Pick<Store, 'noteKeysUsed' | 'greetings'>;
  readonly config: Config;
  readonly own: Accept['own'];
  readonly now: () => number;
  readonly random: () => number;
};

export type Attempted = {
  /** What the connection, if there was one, showed of the destination. */
  readonly seen: (DomainSeen & { readonly domain: string }) | null;
  /**
   * What follows from the attempt. It stores messages of our own, so it may fail for lack of room or of the database; then it can be called again, and
   * the network is not asked twice.
   */
  readonly conclude: () => Promise<Conclusion>;
};

/** To be written in one transaction. */
export type Conclusion = {
  readonly settlements: readonly Settlement[];
  readonly messages: readonly NewMessage[];
  readonly events: readonly Event[];
};

/** Splits claimed deliveries into groups that one `attempt` serves. */
export function groupDeliveries(claimed: readonly ClaimedDelivery[]): ClaimedDelivery[][] {
  const groups = new Map<string, ClaimedDelivery[]>();
  for (const delivery of claimed) {
    const step = delivery.steps[delivery.step];
    const asSent = (step?.method === 'none' || step?.method === 'tls') && step.opens !== true;
    const shared = asSent && !isLinked(delivery, step);
    const { headers, sign } = delivery.actions;
    const key = shared
      ? JSON.stringify([
          delivery.messageId,
          delivery.destination,
          step.method,
          step.tls,
          delivery.subject,
          headers,
          sign,
        ])
      : delivery.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [delivery]);
    else group.push(delivery);
  }
  return [...groups.values()];
}

export async function attempt(group: readonly ClaimedDelivery[], ports: AttemptPorts): Promise<Attempted> {
  const [first] = group;
  if (first === undefined) throw new Error('a group without deliveries');
  if (first.crashes > maxCrashes) return { seen: null, conclude: async () => quarantine(group) };
  const step = first.steps[first.step];
  if (step?.method === 'portal') return { seen: null, conclude: () => publish(first, ports) };
  const linked = isLinked(first, step) ? await linkedFor(first, ports) : null;
  const { outcomes, found } =
    step === undefined
      ? { outcomes: group.map(() => nothingToTry(first)), found: null }
      : linked === 'not agreed'
        ? { outcomes: group.map(() => notAgreed), found: null }
        : await transmit(group, step, linked?.wanted ?? null, ports);

  const now = ports.now();
  const ended = group.map((delivery, index) => {
    const outcome = outcomes[index] ?? noOutcome;
    return { delivery, outcome, next: settle(delivery, outcome, now, ports.config.delivery.retry, ports.random()) };
  });
  const about = { found, linked: linked === 'not agreed' ? null : linked };
  const conclude = (): Promise<Conclusion> => concludeAll(first, ended, about, ports);
  return { seen: seenOf(first.destination, outcomes, now), conclude };
}

async function concludeAll(
  first: ClaimedDelivery,
  ended: readonly Ended[],
  { found, linked }: { readonly found: Found | null; readonly linked: Linked | null },
  ports: AttemptPorts,
): Promise<Conclusion> {
  const withdrawn = await withdraw(ended, ports);
  const uses = await keyUses(ended, ports);
  return {
    settlements: [
      ...ended.map((each) => ({
        ...settlementOf(each.delivery, each.outcome, each.next, found?.found ?? []),
        ...(linked !== null && each.next.state === 'delivered' ? { portal: linked.publication.row } : {}),
      })),
      ...(withdrawn?.settlements ?? []),
    ],
    messages: withdrawn?.messages ?? (await noticesFor(first.message, ended, ports)),
    events: [
      ...uses,
      ...ended.map(({ delivery, outcome, next }) => eventOf(delivery, outcome, next)),
      ...(linked === null
        ? []
        : ended.flatMap(({ delivery, next }) => (next.state === 'delivered' ? [linkedEvent(delivery, linked)] : []))),
      ...(found === null ? [] : ended.flatMap(({ delivery, next }) => verdictEvent(delivery, next, found.verdict))),
      ...(withdrawn?.events ?? []),
    ],
  };
}

/** Lost leases in a row after which a delivery is taken for one that kills its worker (threat T-29). */
const maxCrashes = 10;

function quarantine(group: readonly ClaimedDelivery[]): Conclusion {
  const reason = `The gateway stopped ${maxCrashes} times while it was sending this; a person should look at it.`;
  return {
    settlements: group.map(({ id, step, attempts, warned, remote }) => {
      return { id, state: 'held', step, attempts, nextAt: 0, status: '4.3.0', reason, remote, warned };
    }),
    messages: [],
    events: group.map(({ id, messageId, recipient }) => {
      return { kind: 'delivery.held', message: messageId, delivery: id, recipient, reason };
    }),
  };
}

/** What the connection showed, whatever the step asked for; null when it says nothing of the domain. A delivery says most. */
function seenOf(domain: string, outcomes: readonly Outcome[], at: number): Attempted['seen'] {
  // A server that refuses a recipient says nothing of its domain.
  const telling = outcomes.filter((each) => each.kind !== 'failed' || each.scope !== 'recipient');
  const outcome = telling.find(({ kind }) => kind === 'delivered') ?? telling[0];
  if (outcome === undefined || outcome.kind === 'waiting') return null;
  const { remote } = outcome;
  const lifted = outcome.kind !== 'delivered' && outcome.lifted === true;
  if (remote === null && !lifted) return null;
  const mx = remote?.mx ?? null;
  if (outcome.kind === 'delivered') {
    const tls = remote?.level ?? null;
    const proved = remote?.backup === true ? null : tls;
    return { domain, at, tls, proved, mx, failure: null, unmet: false, lifted };
  }
  const tls = remote === null || remote.tls === null ? null : remote.level;
  const unmet = outcome.kind === 'failed' && remote !== null;
  return { domain, at, tls, proved: null, mx, failure: outcome.reason, unmet, lifted };
}

const noOutcome: Outcome = {
  kind: 'deferred',
  status: '4.3.0',
  reason: 'The attempt ended without a result.',
  remote: null,
};

/** A plan without steps: policy refused the message, or nothing the level allows is possible for this recipient. */
function nothingToTry(delivery: ClaimedDelivery): Outcome {
  if (delivery.level !== 'refuse') return noMethod;
  const reason = 'The policy of your organisation refuses this message.';
  return { kind: 'failed', scope: 'method', status: '5.7.1', reason, remote: null };
}

function settlementOf(delivery: ClaimedDelivery, outcome: Outcome, next: Next, found: readonly string[]): Settlement {
  const fellBack = next.fellBackTo === null ? [] : [`${next.reason} So ${next.fellBackTo} was next.`];
  const because = [...delivery.because, ...found.filter((each) => !delivery.because.includes(each)), ...fellBack];
  return {
    id: delivery.id,
    state: next.state,
    step: next.step,
    attempts: next.attempts,
    nextAt: next.nextAt,
    status: next.status,
    reason: next.reason,
    remote: outcome.kind === 'waiting' ? null : (outcome.remote ?? delivery.remote),
    ...(because.length === delivery.because.length ? {} : { because }),
    warned: next.warned,
  };
}

/** Said with the delivery, so once. */
function verdictEvent(delivery: ClaimedDelivery, next: Next, { encryption, signature }: Verdict): Event[] {
  if (next.state !== 'delivered') return [];
  const { messageId: message, id, recipient } = delivery;
  const { status, signer, fingerprint } = signature;
  return [
    { kind: 'delivery.verdict', message, delivery: id, recipient, encryption, signature: status, signer, fingerprint },
  ];
}

function eventOf(delivery: ClaimedDelivery, outcome: Outcome, next: Next): Event {
  const subject = { message: delivery.messageId, delivery: delivery.id, recipient: delivery.recipient };
  const method = delivery.steps[delivery.step]?.method ?? 'none';
  const { status, reason } = next;
  if (next.fellBackTo !== null)
    return { ...subject, kind: 'delivery.fellback', method, next: next.fellBackTo, status, reason };
  switch (next.state) {
    case 'delivered': {
      const remote = outcome.kind === 'delivered' ? outcome.remote : null;
      return {
        ...subject,
        kind: 'delivery.delivered',
        method,
        status,
        mx: remote?.mx ?? null,
        tls: remote?.tls ?? null,
      };
    }
    case 'dropped':
      return { ...subject, kind: 'delivery.dropped', status, reason };
    case 'failed':
      return { ...subject, kind: 'delivery.failed', method, status, reason };
    default:
      return {
        ...subject,
        kind: 'delivery.deferred',
        method,
        status,
        reason,
        attempts: next.attempts,
        nextAt: next.nextAt,
      };
  }
}
