/** When people hear of what waits: the next reminder of a message, and the next digest of a sender. Pure. */

type Waiting = { readonly publishedAt: number; readonly expiresAt: number };

/**
 * The first reminder after `now`, or null when none is left. One that would come in the first third of the time it waits is left out: a message that waits
 * for two days is not announced twice within a minute.
 *
 * @param reminders how long before the end, milliseconds.
 */
export function nextReminder(
  reminders: readonly number[],
  { publishedAt, expiresAt }: Waiting,
  now: number,
): number | null {
  const earliest = publishedAt + (expiresAt - publishedAt) / 3;
  const moments = reminders.map((before) => expiresAt - before).filter((at) => at > now && at >= earliest);
  return moments.length === 0 ? null : Math.min(...moments);
}

const minute = 60_000;
const quarter = 15 * minute;

/**
 * The first moment after `now` at which clocks in the time zone show `hour` o'clock. On a day without that hour (clocks go forward) the day after;
 * where it comes twice, the first.
 */
export function nextDigest(now: number, hour: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  const wanted = `${String(hour).padStart(2, '0')}:00`;
  // Every time zone is a multiple of a quarter of an hour away from UTC.
  let at = Math.floor(now / quarter) * quarter + quarter;
  while (format.format(at) !== wanted) at += quarter;
  return at;
}
