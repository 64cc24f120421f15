/**
 * How often a secret may be guessed, counted in the database for all processes and before the guess is judged, so that a hundred at once get no more
 * answers than a hundred in a row.
 *
 * What is guarded (a member's password, a message's passphrase) is counted per network, so nobody's tries lock out anybody elsewhere, and as a whole, so
 * that many networks together do not get far either. Who is locked out by the whole still has the code by mail and their passkey.
 */
import type { PortalStore } from '../../store/portal-port.ts';

const hour = 3_600_000;

/** Tries an hour, from one network and from all. A code of six digits can be guessed in fewer than a password. */
const limits = {
  passphrase: { network: 10, all: 50 },
  password: { network: 10, all: 100 },
  authenticator: { network: 5, all: 20 },
} as const;

/** Counts a try at the secret `of` somebody; null when it may be made, else until when none is taken. */
export async function countTry(
  store: Pick<PortalStore, 'countFailure'>,
  proof: keyof typeof limits,
  of: string,
  network: string,
  now: number,
): Promise<number | null> {
  const { network: here, all } = limits[proof];
  if ((await store.countFailure(`${proof} ${of} from ${network}`, now)) > here) return now + hour;
  return (await store.countFailure(`${proof} ${of}`, now)) > all ? now + hour : null;
}
