/**
 * How often a secret may be guessed, counted in the database for all processes and before the guess is judged, so that a hundred at once get no more
 * answers than a hundred in a row.
 *
 * What is guarded (a member's password, a message's passphrase) is counted per network, so nobody's tries lock out anybody elsewhere, and as a whole, by the
 * hour and by the day, so that many networks together do not get far either, however patient. Who is locked out by the whole still has the code by mail
 * and their passkey.
 *
 * Limits: an app's code is one of a million and three of them are good at a time, so forty tries a day leave who holds the link (256 bits) about one chance
 * in 8,000 a day for each person who has an app; without a link nobody gets to try (secrets.ts).
 */
import type { PortalStore } from '../../store/portal-port.ts';

const hour = 3_600_000;

/** Tries an hour, from one network and from all, and a day. What people agree on is a word or two, and a code has six digits: fewer than for a password. */
const limits = {
  passphrase: { network: 10, all: 50, day: 150 },
  password: { network: 10, all: 100, day: 500 },
  authenticator: { network: 5, all: 20, day: 40 },
} as const;

/** Counts a try at the secret `of` somebody; null when it may be made, else until when none is taken. */
export async function countTry(
  store: Pick<PortalStore, 'countFailure'>,
  proof: keyof typeof limits,
  of: string,
  network: string,
  now: number,
): Promise<number | null> {
  const { network: here, all, day } = limits[proof];
  if ((await store.countFailure(`${proof} ${of} from ${network}`, now)) > here) return now + hour;
  if ((await store.countFailure(`${proof} ${of}`, now)) > all) return now + hour;
  return (await store.countFailure(`${proof} ${of} today`, now, 'day')) > day ? now + 24 * hour : null;
}
