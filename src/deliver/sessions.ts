/**
 * TLS sessions to take up again: a second connection to a host within a while needs no second proof, half the work and, under TLS 1.2, one
 * round trip less. What the first handshake showed is kept beside the ticket, because a resumed one shows no certificate; it holds for an hour after
 * that handshake, however often the session is taken up, and only while every certificate in it is within its dates.
 *
 * Limits: each ticket is used once (RFC 8446 appendix C.4); kept in memory only.
 */
import type { TLSSocket } from 'node:tls';
import type { Shown } from './peer.ts';

type Kept = { readonly session: Buffer; readonly shown: Shown; readonly until: number };

/** Milliseconds. RFC 8446 section 4.6.1 allows a week; trust in roots and clocks is fresher within the hour. */
const keptFor = 3_600_000;
const maxKept = 5_000;

export class Sessions {
  readonly #kept = new Map<string, Kept>();

  /** The ticket for a host, which is then gone; null where what its handshake showed is not `enough`, for the host may show better by now. */
  take(key: string, enough: (shown: Shown) => boolean): Kept | null {
    const kept = this.#kept.get(key) ?? null;
    this.#kept.delete(key);
    return kept !== null && kept.until > Date.now() && enough(kept.shown) ? kept : null;
  }

  /** Keeps the tickets that the peer sends from now on. `resumed`: what the handshake took up, null for a full one. */
  gather(key: string, socket: TLSSocket, shown: Shown, resumed: Kept | null): void {
    const ends = shown.chain.map((certificate) => certificate.validToDate.getTime());
    const until = resumed?.until ?? Math.min(Date.now() + keptFor, ...ends);
    const keep = (session: Buffer): void => {
      this.#kept.delete(key);
      const [oldest] = this.#kept.size >= maxKept ? this.#kept.keys() : [];
      if (oldest !== undefined) this.#kept.delete(oldest);
      this.#kept.set(key, { session, shown, until });
    };
    // TLS 1.2 hands out its ticket within the handshake, TLS 1.3 whenever it likes after it.
    const now = socket.getProtocol() === 'TLSv1.2' ? socket.getSession() : undefined;
    if (now !== undefined) keep(now);
    else socket.on('session', keep);
  }
}

/** What a resumed handshake rests on: only the peer of the first one can have taken it up, which is why no certificate is shown again. Null for a full handshake. */
export function shownBefore(socket: TLSSocket, kept: Kept | null): Shown | null {
  if (kept === null || !socket.isSessionReused()) return null;
  return { ...kept.shown, tls: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().name };
}
