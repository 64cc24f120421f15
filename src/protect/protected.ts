/**
 * What protection of a message for one recipient takes and gives, whichever method makes it (smime.ts, openpgp.ts) and whether in this
 * thread or in a worker (pool.ts).
 */

/** One copy to make. */
export type ProtectJob = {
  readonly method: 'smime' | 'pgp';
  /** Octets of the inner entity (entity.ts), known before its first octet is read. */
  readonly entitySize: number;
  /** PEM certificates or armored public keys of this copy's recipient, and of nobody else. */
  readonly materials: readonly string[];
};

/** The protected form. */
export type Protected = {
  /** Complete MIME-Version and Content-* lines with CRLF, to follow the outer header fields; the blank line is not included. */
  readonly headerLines: string;
  /** Octets of `body`, or null when known only at its end. */
  readonly size: number | null;
  /** 7-bit lines ending in CRLF. To be read once; leaving early releases everything behind it. */
  readonly body: AsyncIterable<Uint8Array>;
};

/** These keys cannot protect this copy, now or ever: the next method's turn. The message is a sentence for the admin, without content. */
export class CannotProtect extends Error {
  override name = 'CannotProtect';
}
