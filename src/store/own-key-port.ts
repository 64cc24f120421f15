/**
 * The tenant's own keys as the other folders see them: private keys sealed (protect/own/jobs.ts says under what), what is public of them in the
 * clear. `OwnKeyStore` is for those who sign, open and administer; `PublishedStore` is all that the web may ask, and nothing sealed is in its
 * answers. Times are epoch milliseconds. Part of `Store` (store.ts), whose promises hold here too.
 */
import type { Event } from '../event/event.ts';
import type { RevocationReason } from '../protect/own/jobs.ts';

export type OwnKeyRow = {
  readonly id: string;
  readonly tenant: string;
  /** ca: the tenant's own certificate authority, whose key signs certificates and revocation lists and nothing else. */
  readonly kind: 'pgp' | 'x509' | 'ca';
  /** Whose key it is, in the keyring's form (`addressKey`); empty for the whole tenant, and for an authority. */
  readonly address: string;
  /** What it may be used for: a certificate may be for one of the two only. */
  readonly use: 'both' | 'sign' | 'decrypt';
  readonly origin: 'generated' | 'imported';
  /** SHA-256 of the certificate, or the OpenPGP fingerprint; lower-case hex. */
  readonly fingerprint: string;
  /** Armored public key with the user id of `address` alone; or PEM certificates, its own first, then those that lead to its root. */
  readonly material: string;
  /** The private key, sealed for the context `own key <id>`. */
  readonly sealed: string;
  /** active: signs and opens; retired: only opens what was encrypted to it before; revoked: the same, and others are told. */
  readonly state: 'active' | 'retired' | 'revoked';
  /** Of a certificate, lower-case hex; null for OpenPGP. */
  readonly serial: string | null;
  /** The id of the authority (a row of kind ca) that issued it; null for all others. */
  readonly issuerId: string | null;
  readonly createdAt: number;
  readonly notBefore: number;
  readonly notAfter: number | null;
  readonly revokedAt: number | null;
  readonly reason: RevocationReason | null;
};

/** A certificate that an authority took back. */
export type RevokedCertificate = {
  readonly serial: string;
  readonly revokedAt: number;
  readonly reason: RevocationReason;
};

/** A certificate revocation list as it is served, and when to sign the next one. */
export type RevocationList = {
  readonly authorityId: string;
  /** Grows with every list of the authority. */
  readonly number: number;
  readonly der: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly renewAt: number;
};

export type OwnKeyStore = PublishedStore & {
  /**
   * Adds a key, and the active one of the same tenant, kind, address and use retires. False, and nothing is changed, when this key is there already, or
   * with `unlessActive` when there is an active one.
   */
  add(row: OwnKeyRow, options: { readonly unlessActive?: boolean }, events: readonly Event[]): Promise<boolean>;
  /** All keys of a tenant for these addresses and for the whole tenant, newest first; no authorities. */
  of(tenant: string, addresses: readonly string[]): Promise<OwnKeyRow[]>;
  /** By tenant, address and kind, newest first; of all tenants for null. */
  list(tenant: string | null): Promise<OwnKeyRow[]>;
  find(id: string): Promise<OwnKeyRow | null>;
  /** The active authority of a tenant. */
  authorityOf(tenant: string): Promise<OwnKeyRow | null>;
  /** Active generated keys and certificates that end before `before`, the first ones first. */
  ending(before: number, limit: number): Promise<OwnKeyRow[]>;
  /** Puts a prolonged OpenPGP key in the place of what it was; false when it is not active any more. */
  prolong(
    id: string,
    key: Pick<OwnKeyRow, 'material' | 'sealed' | 'notAfter'>,
    events: readonly Event[],
  ): Promise<boolean>;
  /**
   * Marks a key revoked, with what others are to see of it from now on; the list of its authority comes due at once. False when it is revoked already
   * or not there.
   */
  revoke(
    id: string,
    revoked: { readonly at: number; readonly reason: RevocationReason; readonly material: string },
    events: readonly Event[],
  ): Promise<boolean>;
  /** What an authority took back and has not ended before `endingAfter`. */
  revokedBy(authorityId: string, endingAfter: number): Promise<RevokedCertificate[]>;
  /** Authorities whose list is to be signed again, with the number to be counted up. */
  listsDue(now: number): Promise<{ readonly authority: OwnKeyRow; readonly number: number }[]>;
  /** Keeps a list that follows the number `after`; false when somebody else was quicker or another certificate was taken back meanwhile. */
  keepList(list: RevocationList, after: number): Promise<boolean>;
};

/** What anybody may fetch. */
export type PublishedStore = {
  /** The armored public keys under a Web Key Directory hash of a domain: the active one first, then those revoked. */
  published(domain: string, hash: string): Promise<string[]>;
  revocationList(authorityId: string): Promise<RevocationList | null>;
  /** The PEM certificate of an authority. */
  authorityCertificate(authorityId: string): Promise<string | null>;
};
