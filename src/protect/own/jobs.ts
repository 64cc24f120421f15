/**
 * What can be asked about the tenant's own private keys, and what comes back: never a private key in the clear. The work is done in a thread of
 * its own (thread.ts starts it, work.ts does it), so that a private key exists only there, sealed before it leaves; there is no
 * question whose answer would be one.
 *
 * Private keys rest sealed under a key of their own below the master key (`ownKeysKey`), each for the context `own key <id>`, so that a sealed key put in
 * another's row does not open.
 */
import { hkdfSync } from 'node:crypto';

/** RFC 5280 section 5.3.1, those that fit a person's key. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessation',
] as const;
export type RevocationReason = (typeof revocationReasons)[number];

/** Keys of certificates: RSA of 3072 bits is understood everywhere, P-256 is quick and small. */
export type CertificateAlgorithm = 'rsa3072' | 'p256';

/** A new key: what is public of it, and the private part sealed for the context `own key <id>`. Times are epoch milliseconds. */
export type SealedKey = {
  readonly id: string;
  readonly kind: 'pgp' | 'x509' | 'ca';
  readonly address: string;
  readonly use: 'both' | 'sign' | 'decrypt';
  readonly fingerprint: string;
  readonly material: string;
  readonly sealed: string;
  readonly serial: string | null;
  readonly notBefore: number;
  readonly notAfter: number | null;
};

/** The part of a stored key that a job needs. */
export type StoredKey = Pick<SealedKey, 'id' | 'material' | 'sealed'>;

export type OwnKeyJob =
  /** A certificate authority for mail addresses in `domains` and no others. */
  | {
      readonly kind: 'authority';
      readonly name: string;
      readonly domains: readonly string[];
      readonly algorithm: CertificateAlgorithm;
      readonly notBefore: number;
      readonly notAfter: number;
    }
  /** A person's certificate, for signing and for decryption. The URLs are where its authority's list and certificate are fetched. */
  | {
      readonly kind: 'certificate';
      readonly authority: StoredKey;
      readonly address: string;
      readonly wholeTenant: boolean;
      readonly name: string;
      readonly algorithm: CertificateAlgorithm;
      readonly notBefore: number;
      readonly notAfter: number;
      readonly crlUrl: string;
      readonly issuerUrl: string;
    }
  | {
      readonly kind: 'pgp';
      readonly address: string;
      readonly wholeTenant: boolean;
      readonly name: string;
      readonly createdAt: number;
      readonly notAfter: number;
    }
  /** The same OpenPGP key with a later end. */
  | {
      readonly kind: 'prolong';
      readonly key: StoredKey;
      readonly mailbox: string | null;
      readonly now: number;
      readonly notAfter: number;
    }
  /** The same OpenPGP key, saying that it is revoked. */
  | {
      readonly kind: 'revokePgp';
      readonly key: StoredKey;
      readonly mailbox: string | null;
      readonly now: number;
      readonly reason: RevocationReason;
    }
  | {
      readonly kind: 'list';
      readonly authority: StoredKey;
      readonly number: number;
      readonly thisUpdate: number;
      readonly nextUpdate: number;
      readonly revoked: readonly {
        readonly serial: string;
        readonly revokedAt: number;
        readonly reason: RevocationReason;
      }[];
    }
  /** Every private key in a file, for the addresses in `domains`. `wholeTenant`: one row for everybody in place of one for each address. */
  | {
      readonly kind: 'import';
      readonly file: Uint8Array;
      readonly passphrase: string | null;
      readonly domains: readonly string[];
      readonly wholeTenant: boolean;
      readonly now: number;
    };

export type OwnKeyAnswer =
  /** `problems`: sentences about what was left out. */
  | { readonly kind: 'keys'; readonly keys: readonly SealedKey[]; readonly problems: readonly string[] }
  | { readonly kind: 'list'; readonly der: Uint8Array }
  /** An OpenPGP public key, armored. */
  | { readonly kind: 'material'; readonly material: string }
  /** A sentence for the admin. */
  | { readonly kind: 'cannot'; readonly why: string };

/** The key under which own private keys are sealed. RFC 5869 section 3.2. */
export function ownKeysKey(masterKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'postern own keys', 32));
}

/** Where a key's sealed private part belongs (seal.ts). */
export const ownKeyContext = (id: string): string => `own key ${id}`;
