/**
 * What the keyring can do for a recipient, as pure functions over its rows: `capabilityOf` when the plan is made, `materialsOf` when a copy
 * is made. How keys come in and how far each is trusted is trust.ts; how certificates are judged is check.ts.
 *
 * A pin is for the address: while one stands, only what is pinned is used, of either kind, and where that cannot be used, nothing is. Otherwise, of
 * several trusted keys of one kind one is used: the one trusted most, else the newest that is valid now. The notes name the others: nobody is encrypted to two keys without being asked, as the second could be somebody else's. Everything that is not used is
 * said in words. Whether the trust is enough for this message is the plan's business (plan/plan.ts).
 */

import { type KeyTrust, keyTrusts } from '../config/config.ts';
import { addressKey } from '../mail/address.ts';
import type { Capability } from '../plan/plan.ts';
import type { RecipientKey } from '../protect/protected.ts';
import type { KeyRow } from '../store/key-port.ts';

const kinds = { pgp: 'OpenPGP key', x509: 'certificate' } as const;

/** What is known of `address` (normal form) at `now`; `rows` may hold others' rows, which do not count. */
export function capabilityOf(rows: readonly KeyRow[], address: string, now: number, portal: boolean): Capability {
  const own = rows.filter((row) => row.address === addressKey(address));
  const notes: string[] = [];
  const trust: Record<string, KeyTrust> = {};
  const idsOf = (kind: KeyRow['kind']): string[] => {
    const [best, ...others] = own
      .filter((row) => row.kind === kind)
      .filter((row) => {
        const why = whyNotAmong(own, row, now);
        if (why !== null) notes.push(`${nameOf(row)} for ${address} is not used: ${why}.`);
        return why === null;
      })
      .sort(preferredFirst);
    for (const other of others) {
      const better = best !== undefined && rankOf(best) > rankOf(other) ? 'one trusted more' : 'a newer trusted one';
      notes.push(`${nameOf(other)} for ${address} is not used: ${better}, ${fingerprintOf(best ?? other)}, is.`);
    }
    if (best === undefined) return [];
    trust[best.id] = best.trust;
    return [best.id];
  };
  const pgpKeys = idsOf('pgp');
  const certificates = idsOf('x509');
  if (own.length === 0) notes.push(`No OpenPGP key and no certificate for ${address} is in the keyring.`);
  return { pgpKeys, certificates, trust, portal, notes };
}

/**
 * The keys to encrypt to at `now`, for the ids of a plan, which may be days old. A key that could not be planned with any more (rejected, revoked or
 * expired since then, or another one was pinned) or is no longer there is left out, so fewer come back than were asked for; the caller then must not
 * encrypt.
 */
export function materialsOf(rows: readonly KeyRow[], ids: readonly string[], now: number): RecipientKey[] {
  return ids.flatMap((id) => {
    const row = rows.find((each) => each.id === id);
    if (row === undefined || whyNotAmong(rows, row, now) !== null) return [];
    return [{ material: row.material, gcm: row.features.gcm === true }];
  });
}

/**
 * Whether a signature by it is believed, given the others of its address: not where anybody could have brought it, as an Autocrypt field does. An
 * OpenPGP key may have expired since it signed; a certificate that leads to a root is believed for that (protect/open/signer.ts), not for this.
 */
export function isBelieved(rows: readonly KeyRow[], row: KeyRow, now: number): boolean {
  if (row.state !== 'trusted' || row.trust === 'found') return false;
  return row.kind === 'pgp' ? pinAgainst(rows, row) === null : whyNotAmong(rows, row, now) === null;
}

/** As `whyNot`, and what the others of its address, which are among `rows`, say to it: a pin of either kind lets no other key be used. */
export function whyNotAmong(rows: readonly KeyRow[], row: KeyRow, now: number): string | null {
  const pin = pinAgainst(rows, row);
  return whyNot(row, now) ?? (pin === null ? null : `the ${kinds[pin.kind]} ${fingerprintOf(pin)} is pinned`);
}

function pinAgainst(rows: readonly KeyRow[], row: KeyRow): KeyRow | null {
  if (row.trust === 'pinned') return null;
  const isPin = ({ address, state, trust }: KeyRow) =>
    address === row.address && state === 'trusted' && trust === 'pinned';
  return rows.find(isPin) ?? null;
}

/** Why a key by itself is not used, going on after its name and "is not used: "; null when it can be. */
export function whyNot(row: KeyRow, now: number): string | null {
  if (row.state === 'pending') return 'it waits for a person to trust it (postern keys trust)';
  if (row.state === 'rejected') return 'it was rejected';
  if (row.notAfter !== null && row.notAfter <= now) return `it expired on ${day(row.notAfter)}`;
  if (row.notBefore > now) return `it is valid only from ${day(row.notBefore)}`;
  return row.kind === 'x509' ? certificateDefect(row) : null;
}

/** A person's word stands in for a path to a root, and so does a record in signed DNS; nothing stands in for a revocation. */
function certificateDefect({ status, trust, source }: KeyRow): string | null {
  const { path, revocation, revocationWhy } = status;
  if (revocation === 'revoked') return `it is revoked${revocationWhy === undefined ? '' : ` (${revocationWhy})`}`;
  if (status.refused === true)
    return `whether it is revoked is not known${revocationWhy === undefined ? '' : ` (${revocationWhy})`}`;
  const needsPath = keyTrusts.indexOf(trust) < keyTrusts.indexOf('confirmed') && source !== 'dns';
  if (!needsPath || path?.ok === true) return null;
  return path?.why === undefined ? 'its issuer was not checked yet' : `it ${path.why}`;
}

const rankOf = ({ trust }: KeyRow): number => keyTrusts.indexOf(trust);

function preferredFirst(a: KeyRow, b: KeyRow): number {
  return rankOf(b) - rankOf(a) || b.notBefore - a.notBefore || b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Long enough to find it, short enough to read. */
const fingerprintOf = (row: KeyRow): string =>
  row.kind === 'pgp' ? row.fingerprint.slice(-16) : row.fingerprint.slice(0, 16);

const nameOf = (row: KeyRow): string => `The ${kinds[row.kind]} ${fingerprintOf(row)}`;
