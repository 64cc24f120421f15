/**
 * When a deferred delivery is tried again. The pause doubles from `first` up to `max`; jitter spreads deliveries that were deferred
 * together, so that a server coming back is not met by all of them in one second. Pure: the caller brings the clock and the random number.
 */

/** Milliseconds, as in the settings (delivery.retry). */
export type RetrySettings = {
  readonly first: number;
  readonly max: number;
  /** Counted from the delivery's creation: the last attempt happens no later than this. */
  readonly giveUpAfter: number;
  /** Counted from the delivery's creation: the sender is told once that the message is late. */
  readonly warnAfter: number;
};

/** How far a pause may be shortened by jitter; it is never lengthened, so `max` is a true bound. */
const jitter = 0.2;

/** The longest pause after this many attempts (1 or more): first, 2 x first, 4 x first ... max. Monotone in `attempts`. */
export function longestPause(attempts: number, retry: RetrySettings): number {
  // 2 ** 1023 is the last finite power; far before that `max` has won
  const doublings = Math.min(Math.max(attempts - 1, 0), 64);
  return Math.max(0, Math.min(retry.max, retry.first * 2 ** doublings));
}

/**
 * Epoch milliseconds of the next attempt after `attempts` attempts, the last of which ended at `now`; null when the delivery's time is
 * over. A pause that would end after the deadline ends at it, so the last attempt happens as late as promised.
 * `random` is uniform in [0, 1).
 */
export function nextAttempt(
  delivery: { readonly createdAt: number; readonly attempts: number },
  now: number,
  retry: RetrySettings,
  random: number,
): number | null {
  const deadline = delivery.createdAt + retry.giveUpAfter;
  if (now >= deadline) return null;
  const pause = Math.round(longestPause(delivery.attempts, retry) * (1 - jitter * random));
  return Math.min(now + pause, deadline);
}
