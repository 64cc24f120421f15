/**
 * How keys get into the keyring and how far each is trusted: `judgeFound` for what a look-up, a harvest or an upload brought (findings.ts
 * calls it), `rowsForImport` for what a person imports. Both decide and write nothing.
 *
 * Trust comes from the source (`trustOf`): what anybody can publish (HKP, Autocrypt) is `found`; what the address's own domain, a CA, a server
 * that verifies mail or a directory the admin listed says is `vouched`; what a person said is `confirmed`. A certificate that nobody confirmed
 * is worth its path to a root, whatever showed it; in signed DNS it needs none.
 *
 * The first key of its kind for an address is taken. Another one later is a change, and waits as pending until a person says which
 * (`postern keys trust`), also after the old one has expired. With three exceptions, none of which lets a stranger in:
 * - Where there is only what anybody could have published, a better source is believed at once: else a key put on a key server would keep a
 *   recipient's real one out.
 * - What an admin imports is a person's word: it waits only where it contradicts another person's word.
 * - A certificate for the same public key with a good path is the same key in new paper (a renewal): it is trusted as the old one is. A new key
 *   by the same CA for the same name is not enough: whoever reads a mailbox can get one.
 * A rejected key stays rejected however often it is found, and nothing found comes before what was pinned. Where a key that was given in the portal was
 * taken back or rejected, the next one given there waits too: else who only reads a mailbox could swap its keys.
 *
 * Hostile input: of keys that anybody can publish at most `mostPending` wait for one address.
 */
import { randomUUIDv7 } from 'node:crypto';
import { type KeyTrust, keyTrusts } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { publicKeyIn } from '../protect/x509.ts';
import type { KeyChange, KeyFeatures, KeyRow, KeySource, KeyStatus } from '../store/key-port.ts';

/** A key or certificate for one address, as keys/import.ts reads it. */
export type KeyCandidate = Pick<KeyRow, 'kind' | 'address' | 'fingerprint' | 'material' | 'notBefore' | 'notAfter'> & {
  /** PEM certificates that came along. */
  readonly issuers?: string;
  readonly features?: KeyFeatures;
  /** Its publisher wants it to count only with a path to a root: findings.ts sees to it. */
  readonly rooted?: true;
  /** What check.ts made of a certificate; without it, it is not used before it was checked. */
  readonly status?: KeyStatus;
};

export type FoundAt = {
  readonly source: KeySource;
  readonly where: string;
  readonly now: number;
  /** Where the way there was less sure than this source's usually is (a directory asked in the clear): trust goes no further. */
  readonly atMost?: KeyTrust;
};

/** What is to be written. */
export type Judged = {
  /** For `insertKeys`: new ones, and newer copies of ones that are there. */
  readonly rows: readonly KeyRow[];
  /** For `updateKey`. */
  readonly changes: readonly { readonly id: string; readonly change: KeyChange }[];
  readonly events: readonly Event[];
};

const mostPending = 3;

const trustOfSource: Readonly<Record<KeySource, KeyTrust>> = {
  import: 'confirmed',
  pinned: 'pinned',
  portal: 'confirmed',
  own: 'confirmed',
  'signed-mail': 'found',
  autocrypt: 'found',
  wkd: 'vouched',
  dns: 'vouched',
  vks: 'vouched',
  hkp: 'found',
  ldap: 'vouched',
};

/** How far what this source says is trusted; `status` is what the check of a certificate showed. */
export function trustOf(
  source: KeySource,
  kind: KeyRow['kind'],
  status: KeyStatus = {},
  atMost: KeyTrust = 'pinned',
): KeyTrust {
  const trust = rank(atMost) < rank(trustOfSource[source]) ? atMost : trustOfSource[source];
  if (kind === 'pgp' || source === 'dns' || rank(trust) >= rank('confirmed')) return trust;
  return status.path?.ok === true ? 'vouched' : 'found';
}

/** What becomes of candidates, the preferred one first, given what is in the keyring for the same addresses. Pure but for the new ids. */
export function judgeFound(candidates: readonly KeyCandidate[], existing: readonly KeyRow[], from: FoundAt): Judged {
  const rows: KeyRow[] = [];
  const changes: Judged['changes'][number][] = [];
  const events: Event[] = [];
  for (const candidate of candidates) {
    const others = [...existing, ...rows].filter(
      ({ kind, address }) => kind === candidate.kind && address === candidate.address,
    );
    const same = others.find(({ fingerprint }) => fingerprint === candidate.fingerprint);
    if (same === undefined) {
      const row = newRow(candidate, others, from);
      if (row === null) continue;
      rows.push(row);
      events.push(eventOf(row));
      continue;
    }
    const refreshed = refresh(same, candidate, from);
    if (refreshed !== null) rows.push(refreshed);
    const change = changeOf(same, candidate, from);
    if (change !== null) changes.push({ id: same.id, change });
  }
  return { rows, changes, events };
}

/** Null when too many wait already. */
function newRow(candidate: KeyCandidate, others: readonly KeyRow[], from: FoundAt): KeyRow | null {
  const { source, where, now, atMost } = from;
  const { kind, address, fingerprint, material, notBefore, notAfter, issuers = '', features = {} } = candidate;
  const status = candidate.status ?? {};
  const key = { kind, address, fingerprint, material, issuers, notBefore, notAfter, features, status };
  const row: KeyRow = {
    ...key,
    id: randomUUIDv7(),
    state: 'trusted',
    stateSince: now,
    source,
    where,
    trust: trustOf(source, kind, status, atMost),
    createdAt: now,
    checkedAt: candidate.status === undefined ? 0 : now,
    lastUsedAt: null,
    replaces: null,
  };
  const standing = others.filter(({ state }) => state !== 'rejected');
  const trusted = standing.filter(({ state }) => state === 'trusted').sort((a, b) => rank(b.trust) - rank(a.trust));
  const renewed = trusted.find((other) => isRenewal(row, other));
  if (renewed !== undefined) return { ...row, trust: higher(row.trust, renewed.trust), replaces: renewed.id };
  const takenBack =
    source === 'portal' && others.some((other) => other.source === 'portal' && !standing.includes(other));
  if (!takenBack && standing.every((other) => yields(other, row))) return row;
  const waiting = standing.filter(({ state, trust }) => state === 'pending' && rank(trust) >= rank(row.trust));
  if (rank(row.trust) < rank('confirmed') && waiting.length >= mostPending) return null;
  return { ...row, state: 'pending', replaces: trusted[0]?.id ?? null };
}

/** Whether a new key may be taken although this one is there. */
function yields(there: KeyRow, row: KeyRow): boolean {
  if (there.trust === 'found') return row.trust !== 'found';
  return row.source === 'import' && rank(there.trust) < rank('confirmed');
}

/** The same public key in a certificate with a good path. A pin is for one certificate, so it is not handed on. */
function isRenewal(row: KeyRow, there: KeyRow): boolean {
  if (row.kind !== 'x509' || row.status.path?.ok !== true || there.trust === 'pinned') return false;
  const [a, b] = [publicKeyIn(row.material), publicKeyIn(there.material)];
  return a !== null && b !== null && a.equals(b);
}

/** A newer copy of a key that is there (a prolonged expiry, another subkey). A weaker source could show an older one, so it is not asked. */
function refresh(same: KeyRow, candidate: KeyCandidate, { source, atMost }: FoundAt): KeyRow | null {
  const { material, notBefore, notAfter, issuers = '' } = candidate;
  if (same.state === 'rejected' || rank(trustOf(source, 'pgp', {}, atMost)) < rank(capped(same.trust))) return null;
  if (same.material === material && (issuers === '' || same.issuers === issuers)) return null;
  return { ...same, material, notBefore, notAfter, issuers: issuers === '' ? same.issuers : issuers };
}

/** Who publishes a key for its owner goes on doing so after a person confirmed it. */
const capped = (trust: KeyTrust): KeyTrust => (rank(trust) > rank('vouched') ? 'vouched' : trust);

/** What a second source adds to a key that is there: trust, and what its owner's program can do. */
function changeOf(same: KeyRow, candidate: KeyCandidate, { source, where, atMost }: FoundAt): KeyChange | null {
  if (same.state === 'rejected') return null;
  const status = candidate.status ?? same.status;
  const trust = trustOf(source, same.kind, status, atMost);
  const features = { ...same.features, ...candidate.features };
  const learned = Object.keys(features).length > Object.keys(same.features).length;
  if (rank(trust) <= rank(same.trust)) return learned ? { features } : null;
  return { trust, source, where, ...(learned ? { features } : {}) };
}

function eventOf(row: KeyRow): Event {
  const { id, address, fingerprint, source, trust, state, replaces } = row;
  const key = { key: id, address, fingerprint, source };
  if (source === 'import') return { kind: 'key.imported', ...key };
  return state === 'pending' ? { kind: 'key.changed', ...key, replaces } : { kind: 'key.found', ...key, trust };
}

/**
 * The rows that an import writes, given what is in the keyring for the same addresses. A key that is there already keeps its state; it is in the
 * result only when the file has something newer of it.
 */
export function rowsForImport(
  entries: readonly KeyCandidate[],
  existing: readonly KeyRow[],
  from: { readonly where: string; readonly now: number },
): KeyRow[] {
  return [...judgeFound(entries, existing, { source: 'import', ...from }).rows];
}

const rank = (trust: KeyTrust): number => keyTrusts.indexOf(trust);

const higher = (a: KeyTrust, b: KeyTrust): KeyTrust => (rank(a) >= rank(b) ? a : b);
