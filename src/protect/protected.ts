/**
 * What protection of a message takes and gives, whichever method makes it (smime.ts, openpgp.ts) and whether in this thread or in a worker
 * (pool.ts).
 */

/** A key or certificate to encrypt to. */
export type RecipientKey = {
  /** PEM certificate or armored public key. */
  readonly material: string;
  /** Its holder's program has said, in signed mail, that it opens AES-GCM. */
  readonly gcm?: boolean;
};

/** A private key of the tenant's, closed until it is in a worker thread. */
export type SigningKey = {
  readonly method: 'smime' | 'pgp';
  /** PEM, the signer's own first, then its issuers; empty for OpenPGP. */
  readonly certificates: readonly string[];
  /** PKCS #8 PEM or armored private key, sealed (seal.ts) under the pool's `ownKeys` for `context`. */
  readonly sealed: string;
  readonly context: string;
};

/** A SigningKey inside the worker: `privateKey` is the text that was sealed. It never leaves the thread. */
export type OpenedSigningKey = {
  readonly certificates: readonly string[];
  readonly privateKey: string;
};

/** How a signature and what it covers travel: side by side in multipart/signed, or the content wrapped in the signature. */
export type SignatureForm = 'clear' | 'opaque';

/** One copy to make. */
export type ProtectJob = {
  readonly method: 'smime' | 'pgp';
  /** Octets of the inner entity (entity.ts), known before its first octet is read. */
  readonly entitySize: number;
  /** Whom this copy is for, and nobody else; empty for a copy that is signed only. */
  readonly recipients: readonly RecipientKey[];
  /** Signs inside the encryption, or null for no signature. */
  readonly signer: SigningKey | null;
  /** Of the signature; `clear` unless given. */
  readonly form?: SignatureForm;
};

/** The protected form. */
export type Protected = {
  /** Complete MIME-Version and Content-* lines with CRLF, to follow the outer header fields; the blank line is not included. */
  readonly headerLines: string;
  /** Octets of `body`, or null when known only at its end. */
  readonly size: number | null;
  /**
   * Lines ending in CRLF, 7-bit when encrypted or opaque; a copy that is only signed clear has the entity's own lines in it. To be read
   * once; leaving early releases everything behind it.
   */
  readonly body: AsyncIterable<Uint8Array>;
};

/** These keys cannot protect this copy, now or ever: the next method's turn. The message is a sentence for the admin, without content. */
export class CannotProtect extends Error {
  override name = 'CannotProtect';
}
