/**
 * The keyring as the other folders see it: recipients' public keys and certificates as rows, one for each address a key is for, and what was
 * looked up. Whether one may be used is keys/. Part of `Store` (store.ts), and its promises hold here too.
 */

import type { KeyTrust } from '../config/config.ts';
import type { Event } from '../event/event.ts';

/** Where a key came from: a person (import, pinned, portal), mail (signed-mail, autocrypt), a look-up, or the tenant's own. */
export const keySources = [
  'import',
  'pinned',
  'portal',
  'signed-mail',
  'autocrypt',
  'wkd',
  'dns',
  'vks',
  'hkp',
  'ldap',
  'own',
] as const;
export type KeySource = (typeof keySources)[number];

export type KeyRow = {
  readonly id: string;
  readonly kind: 'pgp' | 'x509';
  /** addr-spec the key is for, lower-cased local part, A-label domain (`addressKey`): one row per address in the key. */
  readonly address: string;
  readonly fingerprint: string;
  /** Armored public key, or one PEM certificate. Never a private key. */
  readonly material: string;
  /** Certificates that came along with a certificate and may lead to a root, PEM, one after the other; empty for none. */
  readonly issuers: string;
  /** pending: waits for a person; rejected: never used, also when it is found again. */
  readonly state: 'trusted' | 'pending' | 'rejected';
  /** When `state` became what it is. */
  readonly stateSince: number;
  readonly source: KeySource;
  /** Where exactly it was found: a URL, a host, a Message-ID; empty when there is nothing to say. */
  readonly where: string;
  readonly trust: KeyTrust;
  readonly notBefore: number;
  readonly notAfter: number | null;
  readonly createdAt: number;
  /** When path and revocation were last judged; 0 for never. */
  readonly checkedAt: number;
  readonly status: KeyStatus;
  readonly features: KeyFeatures;
  /** When mail encrypted to it was last delivered, to about a minute; null for never. */
  readonly lastUsedAt: number | null;
  /** The id of the trusted key that this one would take the place of, when it came as a change. */
  readonly replaces: string | null;
};

/** What the last check of a certificate showed; empty for an OpenPGP key and before the first check. */
export type KeyStatus = {
  /** Whether it leads to a trusted root: `root` is that root's name, `why` goes on after "the certificate". */
  readonly path?: { readonly ok: boolean; readonly why?: string; readonly root?: string };
  readonly revocation?: 'good' | 'revoked' | 'unknown';
  /** The revocation is unknown, and the settings say that it is not to be used then. */
  readonly refused?: true;
  /** Why it is revoked or why that is not known: a sentence without its end. */
  readonly revocationWhy?: string;
  /** Until when the answer holds. */
  readonly revocationUntil?: number;
};

/** What the recipient's program showed that it can do. */
export type KeyFeatures = {
  /** AES-256-GCM in S/MIME (smimeCapabilities of mail they signed). */
  readonly gcm?: true;
};

/** One look-up for an address in one source, and until when it need not be made again. */
export type KeyLookup = {
  readonly address: string;
  /** A KeySource, or a KeySource with the server it was asked at ("vks https://keys.example"). */
  readonly source: string;
  readonly outcome: 'found' | 'none' | 'failed';
  /** What came of it, as a sentence for people. */
  readonly said: string;
  readonly at: number;
  readonly until: number;
};

export type KeyChange = Partial<
  Pick<
    KeyRow,
    'state' | 'stateSince' | 'trust' | 'source' | 'where' | 'checkedAt' | 'status' | 'features' | 'issuers' | 'replaces'
  >
>;

export type KeyDecision = { readonly id: string; readonly change: KeyChange; readonly events: readonly Event[] };

export type KeyStore = {
  /**
   * Adds keys; one that is there already (same address, kind and fingerprint) gets the new material, issuers and dates, and keeps its id, state and
   * all that is known of it.
   */
  insertKeys(keys: readonly KeyRow[], events: readonly Event[]): Promise<void>;
  keysFor(address: string): Promise<KeyRow[]>;
  findKey(id: string): Promise<KeyRow | null>;
  listKeys(): Promise<KeyRow[]>;
  /**
   * False when there is no such key; then no event is written either. Trust is only raised by it: where the key has more by now, that stays, and
   * where it comes from.
   */
  updateKey(id: string, change: KeyChange, events: readonly Event[]): Promise<boolean>;
  /**
   * Has all keys of the address judged by `decide` and writes what it says, in one transaction: nobody else writes to them in between, and nothing
   * of it is written without the rest. `decide` is pure, and may be asked again. Returns what was written.
   */
  decideKeys<T extends KeyDecision>(address: string, decide: (rows: readonly KeyRow[]) => readonly T[]): Promise<T[]>;
  /** Notes that mail was delivered under these keys. Written a while later, many at a time; a crash may lose it. */
  noteKeysUsed(ids: readonly string[], at: number): void;
  /** What was looked up for the address, newest last; what ended may be among it. */
  lookupsFor(address: string): Promise<KeyLookup[]>;
  noteLookups(lookups: readonly KeyLookup[]): Promise<void>;
  /** Forgets look-ups whose time was over before `before`, at most `limit`; returns how many. */
  forgetLookups(before: number, limit: number): Promise<number>;
};
