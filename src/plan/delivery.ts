/**
 * The life of a delivery, as values: (delivery, outcome, now) -> what it becomes. Pure and tested by tables.
 *
 *   outcome                          | becomes
 *   ---------------------------------+---------------------------------------------------------------------------
 *   delivered                        | delivered
 *   waiting                          | waiting, in the portal
 *   deferred, time left              | deferred until plan/retry.ts says; the sender is told once, after `warnAfter`
 *   deferred, time over, 4.7.x       | as "failed, method": what could not be had for so long is the protection, so the next one may
 *   deferred, time over, other       | failed 4.4.7 and a report; a server that cannot be reached cannot be reached by a notification either
 *   failed, method, a step is left   | queued at once for the next step
 *   failed, method, none is left     | otherwise drop: dropped without a report; else failed and a report
 *   the same, `lifted`               | as deferred: a domain that fails its own promise may mend it (RFC 8461 section 5)
 *   failed, recipient                | failed and a report, also under `drop`: no method would have helped
 *
 * After the time is over each remaining step gets one attempt. The entry is settle(); `noMethod` is the outcome of a delivery that
 * has no step to try.
 */
import type { TlsLevel } from '../config/config.ts';
import type { Otherwise } from '../policy/verdict.ts';
import type { Step } from './plan.ts';
import { nextAttempt, type RetrySettings } from './retry.ts';

/** The states of the contract (DESIGN section 6). Terminal: delivered, opened, failed, dropped. */
export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'delivered'
  | 'waiting'
  | 'opened'
  | 'held'
  | 'deferred'
  | 'failed'
  | 'dropped';

/** While its publication lasts, a delivery in one of these has something in the portal: `delivered` its large files, the others all of it. */
export const inPortal: readonly DeliveryState[] = ['delivered', 'waiting', 'opened'];
/** Of those, nobody opened these there yet. */
export const unopened: readonly DeliveryState[] = ['delivered', 'waiting'];

/** Evidence of the connection that carried, or refused, the message. Null where it never came so far. */
export type Remote = {
  readonly mx: string | null;
  /** It is not among the preferred mail servers of the domain. */
  readonly backup?: true;
  readonly ip: string | null;
  /** Protocol as OpenSSL names it ("TLSv1.3"), null for plain text. */
  readonly tls: string | null;
  readonly cipher: string | null;
  /** The TLS level that the connection proved; `may` for plain text. */
  readonly level: TlsLevel;
  /** What proved the peer: "root <CN of the trusted root>", what vouched for its name, or "TLSA 3 1 1"; null when nothing was proved. */
  readonly verifiedBy: string | null;
  readonly certificateSha256: string | null;
  /** DNS names and addresses in the peer's certificate, the first few. */
  readonly certificateNames: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
  /** The remote's last reply, capped at 500 characters, control characters removed. */
  readonly reply: string | null;
};

/**
 * The result of one attempt: a value, never an exception, always with an RFC 3463 status.
 * `failed` with scope `method` means this method cannot work for good (no STARTTLS, bad certificate, encryption refused)
 * and the next one is tried at once; scope `recipient` means the recipient's server said no (550) and no method helps.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly status: string; readonly remote: Remote | null }
  | { readonly kind: 'waiting'; readonly status: string }
  | {
      readonly kind: 'deferred';
      readonly status: string;
      readonly reason: string;
      readonly remote: Remote | null;
      /** A server that answered lacks what the recipient's domain demands; others could not be asked. */
      readonly lifted?: true;
    }
  | {
      readonly kind: 'failed';
      readonly scope: 'method' | 'recipient';
      readonly status: string;
      readonly reason: string;
      readonly remote: Remote | null;
      /** What is missing was demanded by the recipient's domain (its policy, or what it has shown before), not by us. */
      readonly lifted?: true;
    };

/** What settle() must know of a delivery: its row before the attempt that just ended. */
export type Settled = {
  readonly steps: readonly Step[];
  /** Index into `steps` of the step that was tried. */
  readonly step: number;
  /** Attempts before the one that just ended. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly otherwise: Otherwise;
  readonly warned: boolean;
};

/** What the delivery becomes. `nextAt` matters for queued and deferred; for the other states it is `now`. */
export type Next = {
  readonly state: 'delivered' | 'waiting' | 'deferred' | 'queued' | 'failed' | 'dropped';
  readonly step: number;
  readonly attempts: number;
  readonly nextAt: number;
  readonly status: string;
  readonly reason: string;
  readonly warned: boolean;
  /** The report the sender gets, as far as DSN NOTIFY and the null reverse-path allow: the caller's business. */
  readonly notify: 'failure' | 'delay' | null;
  /** The method that takes over from one that could not work. */
  readonly fellBackTo: Step['method'] | null;
};

/** The outcome of a delivery whose plan has no step: settle() then does what `otherwise` says. RFC 3463 section 3.8. */
export const noMethod: Outcome = {
  kind: 'failed',
  scope: 'method',
  status: '5.7.4',
  reason: 'no permitted way to protect the message is available for this recipient',
  remote: null,
};

/** What `delivery` becomes after an attempt that ended at `now` with `outcome`. `random` in [0, 1) is the jitter of the retry. */
export function settle(delivery: Settled, outcome: Outcome, now: number, retry: RetrySettings, random: number): Next {
  const same = {
    step: delivery.step,
    attempts: delivery.attempts + 1,
    nextAt: now,
    status: outcome.status,
    reason: '',
    warned: delivery.warned,
    notify: null,
    fellBackTo: null,
  } as const;
  switch (outcome.kind) {
    case 'delivered':
    case 'waiting':
      return { ...same, state: outcome.kind };
    case 'failed': {
      const { reason } = outcome;
      if (outcome.lifted === true && delivery.step + 1 >= delivery.steps.length) break;
      if (outcome.scope === 'recipient') return { ...same, state: 'failed', reason, notify: 'failure' };
      return nextMethod(delivery, { ...same, reason });
    }
    case 'deferred':
      break;
  }
  const { reason } = outcome;
  // RFC 3463: a class 4 status for what is tried again.
  const status = outcome.status.replace(/^5/, '4');
  const nextAt = nextAttempt({ createdAt: delivery.createdAt, attempts: same.attempts }, now, retry, random);
  if (nextAt === null) return outOfTime(delivery, { ...same, status, reason });
  const warn = !delivery.warned && now >= delivery.createdAt + retry.warnAfter;
  const warned = delivery.warned || warn;
  return { ...same, status, state: 'deferred', nextAt, reason, warned, notify: warn ? 'delay' : null };
}

function outOfTime(delivery: Settled, ended: Omit<Next, 'state'>): Next {
  const protectionMissing = ended.status.startsWith('4.7.');
  if (protectionMissing && (delivery.step + 1 < delivery.steps.length || delivery.otherwise === 'drop'))
    return nextMethod(delivery, ended);
  // RFC 3463 section 3.5: X.4.7, delivery time expired
  const reason = `the delivery time expired; the last try ended with: ${ended.reason}`;
  return { ...ended, state: 'failed', status: '4.4.7', reason, notify: 'failure' };
}

function nextMethod(delivery: Settled, ended: Omit<Next, 'state'>): Next {
  const next = delivery.steps[delivery.step + 1];
  if (next === undefined) {
    return delivery.otherwise === 'drop'
      ? { ...ended, state: 'dropped' }
      : { ...ended, state: 'failed', notify: 'failure' };
  }
  return { ...ended, state: 'queued', step: delivery.step + 1, fellBackTo: next.method };
}
