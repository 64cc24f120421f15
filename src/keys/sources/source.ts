/**
 * A place that is asked for the keys of an address, as keys/discover.ts knows it. A source fetches and says in words what happened; it judges
 * nothing: whether what it gives is a key for the address at all is keys/candidates.ts, how far it is trusted keys/trust.ts.
 */
import type { KeySource } from '../../store/key-port.ts';

/** An address in normal form, and its parts: `local` without quotes, `domain` as A-labels. */
export type Asked = { readonly address: string; readonly local: string; readonly domain: string };

/** Octets that ought to hold OpenPGP keys (binary or armored, one after the other) or one certificate (DER). */
export type Published = {
  readonly kind: 'pgp' | 'x509';
  readonly octets: Uint8Array;
  /** Its publisher wants it to count only where it leads to a trusted root, whatever the source. */
  readonly rooted?: true;
};

/** `why` goes on after the source's title: "WKD of partner.example" + " " + "has no key for this address". */
export type Answer =
  | {
      readonly kind: 'found';
      readonly keys: readonly Published[];
      /** Where exactly: a URL, a name in the DNS. */
      readonly where: string;
    }
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'failed';
      readonly why: string;
      /** The trouble is with the server, so it is not asked about others either for a while. */
      readonly everybody: boolean;
    };

export type Source = {
  readonly source: Extract<KeySource, 'wkd' | 'dns' | 'vks' | 'hkp' | 'ldap'>;
  /** Tells it from others of its kind, and in the database what it was asked: "wkd", "vks https://keys.example". */
  readonly id: string;
  asks(asked: Asked): boolean;
  /** Begins a sentence. */
  title(asked: Asked): string;
  /** Whose trouble is whose: the server that would be asked. */
  server(asked: Asked): string;
  /** Milliseconds are what it may take. Never rejects. */
  find(asked: Asked, milliseconds: number): Promise<Answer>;
};

/** Octets of an answer that are read: more is no key, or a poisoned one. */
export const mostOctets = 65_536;
