/**
 * What opening a protected message takes and gives: the keys and the question, one layer's report, and the verdict on the whole. The way
 * through is message.ts; one layer is opened in a worker thread (worker.ts), by cms.ts or pgp.ts.
 */
import type { CameAlong } from './revocation-info.ts';

/** A private key of the tenant's (keys/own.ts), closed until it is in a worker. */
export type OwnKey = {
  readonly id: string;
  readonly method: 'smime' | 'pgp';
  /** PEM certificates, the key's own first; or the armored public key. */
  readonly material: string;
  /** The private part, sealed under the key of own keys for `context`. */
  readonly sealed: string;
  readonly context: string;
};

/** A key that may have signed: one of the keyring's for the message's author. */
export type SignerKey = {
  readonly kind: 'pgp' | 'x509';
  /** Armored public key or PEM certificate. */
  readonly material: string;
  /** Believed for what the keyring says of it (keys/keyring.ts): a certificate then needs no path to a root. */
  readonly trusted: boolean;
  /** It was revoked, and why: a clause. */
  readonly revoked?: string;
};

/** What a signature is held against. */
export type Signing = {
  /** The message's one author in normal form; null when there is not exactly one, and then no signature can be by them. */
  readonly author: string | null;
  /** When the message says it was written (its Date field), epoch milliseconds; null without a usable one. */
  readonly date: number | null;
  readonly keys: readonly SignerKey[];
  /** When the message arrived, epoch milliseconds: the time at which certificates must hold. */
  readonly now: number;
};

export type SignatureStatus =
  /** By the author, unaltered, and the key leads to trust. */
  | 'valid'
  /** Altered, or made in a way that proves nothing. */
  | 'invalid'
  /** Good, but by somebody else than the author, or of another time. */
  | 'mismatch'
  /** Good, but the certificate was revoked. */
  | 'revoked'
  /** Good, but nobody vouches for the key, or whether it was revoked is not known and the settings want that. */
  | 'untrusted'
  /** The key is not known, so nothing can be said. */
  | 'unknown-key'
  | 'none';

/** `why` is a whole sentence without content of the message. */
export type SignatureVerdict = {
  readonly status: SignatureStatus;
  /** The address the key is for: the author's where it is for theirs. */
  readonly signer: string | null;
  /** Of the certificate (SHA-256) or the OpenPGP key, lower-case hex. */
  readonly fingerprint: string | null;
  readonly why: string;
  /** The signer's certificate, PEM, and those that came along: for who harvests keys. Empty for OpenPGP. */
  readonly certificates: readonly string[];
  /** What came along about whether the signer's certificate, or one above it, was revoked: verified, the newest word on each. */
  readonly revocation: readonly CameAlong[];
  /** Its capabilities name AES-GCM (RFC 8551 section 2.5.2). */
  readonly gcm: boolean;
};

export const noSignature: SignatureVerdict = {
  status: 'none',
  signer: null,
  fingerprint: null,
  why: 'The message is not signed.',
  certificates: [],
  revocation: [],
  gcm: false,
};

/** Why a layer stays closed. */
export type Refusal = {
  /** no-key: it is for others, or no key is held. altered: its integrity check failed. */
  readonly code: 'no-key' | 'altered' | 'damaged' | 'unsupported' | 'too-large';
  /** A whole sentence without content of the message. */
  readonly why: string;
};

/** One layer's octets are given to a worker, which answers with those inside and, at the end, with one of these. */
export type LayerReport =
  | {
      readonly kind: 'decrypted';
      /** The own key that opened it. */
      readonly key: string;
      /** What kept it from being altered; null for CBC without a signature, which nothing protects. */
      readonly integrity: 'gcm' | 'mdc' | 'aead' | null;
      /** There are octets inside that look like those of an altered message. Only said where `integrity` is null. */
      readonly noise: boolean;
      /** Signatures inside the same layer (OpenPGP signs and encrypts in one). */
      readonly signature: SignatureVerdict;
    }
  | { readonly kind: 'signed'; readonly signature: SignatureVerdict }
  | ({ readonly kind: 'refused' } & Refusal);

/** One layer's work. The octets go beside it: the CMS or OpenPGP data, or for a detached signature what it covers. */
export type LayerJob =
  | { readonly kind: 'cms' | 'pgp'; readonly keys: readonly OwnKey[]; readonly signing: Signing }
  | { readonly kind: 'cms-detached' | 'pgp-detached'; readonly signature: Uint8Array; readonly signing: Signing };

/** A layer as it was found, outermost first. */
export type Layer =
  | { readonly method: 'smime' | 'pgp'; readonly kind: 'encrypted'; readonly key: string }
  | { readonly method: 'smime' | 'pgp'; readonly kind: 'signed'; readonly signature: SignatureVerdict }
  | { readonly method: 'smime' | 'pgp'; readonly kind: 'closed'; readonly refusal: Refusal };

/** The octets of an entity, to be read as often as needed. */
export type Blob = {
  readonly size: number;
  read(range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
};

/** A place for octets that must not be believed yet. */
export type TemporaryWriter = {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<Blob>;
  abort(): Promise<void>;
};

/** The octets inside are damaged or hostile: ends the work on a layer with this refusal. */
export class Refused extends Error {
  override name = 'Refused';
  readonly refusal: Refusal;

  constructor(code: Refusal['code'], why: string) {
    super(why);
    this.refusal = { code, why };
  }
}
