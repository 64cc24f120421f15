/**
 * What the keyring can do for a recipient, as pure functions over its rows: `capabilityOf` when the plan is made, `materialsOf` when a copy
 * is made, `rowsForImport` when keys arrive.
 *
 * Of several trusted keys of one kind the newest that is valid now is used, and the notes name the others: nobody is encrypted to two
 * keys without being asked, as the second could be somebody else's. Everything that is not used is said in words.
 */
import { randomUUIDv7 } from 'node:crypto';
import { addressKey } from '../mail/address.ts';
import type { Capability } from '../plan/plan.ts';
import type { KeyRow } from '../store/store.ts';

const kinds = { pgp: 'OpenPGP key', x509: 'certificate' } as const;

/** What is known of `address` (normal form) at `now`; `rows` may hold others' rows, which do not count. */
export function capabilityOf(rows: readonly KeyRow[], address: string, now: number, portal: boolean): Capability {
  const own = rows.filter((row) => row.address === addressKey(address));
  const notes: string[] = [];
  const idsOf = (kind: KeyRow['kind']): string[] => {
    const [best, ...others] = own
      .filter((row) => row.kind === kind)
      .filter((row) => {
        const why = whyNot(row, now);
        if (why !== null) notes.push(`${nameOf(row)} for ${address} is not used: ${why}.`);
        return why === null;
      })
      .sort(newestFirst);
    for (const other of others) {
      notes.push(
        `${nameOf(other)} for ${address} is not used: a newer trusted one, ${fingerprintOf(best ?? other)}, is.`,
      );
    }
    return best === undefined ? [] : [best.id];
  };
  const pgpKeys = idsOf('pgp');
  const certificates = idsOf('x509');
  if (own.length === 0) notes.push(`No OpenPGP key and no certificate for ${address} is in the keyring.`);
  return { pgpKeys, certificates, portal, notes };
}

/**
 * The keys to encrypt to, for the ids of a plan. A key that is no longer trusted (rejected since the plan was made) or no longer there is
 * left out, so fewer come back than were asked for; the caller then must not encrypt.
 */
export function materialsOf(rows: readonly KeyRow[], ids: readonly string[]): string[] {
  return ids.flatMap((id) => {
    const row = rows.find((each) => each.id === id);
    return row?.state === 'trusted' ? [row.material] : [];
  });
}

/**
 * The rows that an import writes, given what is in the keyring for the same addresses. The first key of its kind for an address is trusted,
 * because a person imports it; one that differs from what is there waits as pending, since a change of keys needs a person's word
 * (`postern keys trust`), also after the old one has expired. A key that is there already keeps its state; it is in the result only when the
 * file has something newer of it (a prolonged expiry).
 */
export function rowsForImport(
  entries: readonly Imported[],
  existing: readonly KeyRow[],
  from: { readonly source: string; readonly now: number },
): KeyRow[] {
  const rows: KeyRow[] = [];
  for (const { kind, address, fingerprint, material, notBefore, notAfter } of entries) {
    const others = [...existing, ...rows].filter((row) => row.kind === kind && row.address === address);
    const same = others.find((row) => row.fingerprint === fingerprint);
    if (same !== undefined) {
      if (same.material !== material) rows.push({ ...same, material, notBefore, notAfter });
      continue;
    }
    const state = others.some((row) => row.state !== 'rejected') ? 'pending' : 'trusted';
    const key = { kind, address, fingerprint, material, notBefore, notAfter };
    rows.push({ ...key, id: randomUUIDv7(), state, source: from.source, createdAt: from.now });
  }
  return rows;
}

type Imported = Pick<KeyRow, 'kind' | 'address' | 'fingerprint' | 'material' | 'notBefore' | 'notAfter'>;

function whyNot(row: KeyRow, now: number): string | null {
  if (row.state === 'pending') return 'it waits for a person to trust it (postern keys trust)';
  if (row.state === 'rejected') return 'it was rejected';
  if (row.notAfter !== null && row.notAfter <= now) return `it expired on ${day(row.notAfter)}`;
  if (row.notBefore > now) return `it is valid only from ${day(row.notBefore)}`;
  return null;
}

function newestFirst(a: KeyRow, b: KeyRow): number {
  return b.notBefore - a.notBefore || b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Long enough to find it, short enough to read. */
const fingerprintOf = (row: KeyRow): string =>
  row.kind === 'pgp' ? row.fingerprint.slice(-16) : row.fingerprint.slice(0, 16);

const nameOf = (row: KeyRow): string => `The ${kinds[row.kind]} ${fingerprintOf(row)}`;
