/**
 * The keyring in words, for people who are no cryptographers: what a key is for them now (`standingOf`), and why it is trusted (`originOf`). Used by
 * `postern keys`, and by whatever else shows a key to a person.
 */
import type { KeyRow } from '../store/key-port.ts';
import { capabilityOf, whyNotAmong } from './keyring.ts';

export type Standing = {
  /**
   * used: mail to the address is encrypted to it. spare: it could be used, but another one is. useless: trusted, but something is in the way.
   * waiting: for a person's decision. rejected.
   */
  readonly kind: 'used' | 'spare' | 'useless' | 'waiting' | 'rejected';
  /** A clause that goes on after "it is": what is in the way; null where nothing is. */
  readonly why: string | null;
};

/** What each of the rows of one address stands for, in their order. */
export function standingsOf(rows: readonly KeyRow[], now: number): Standing[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { pgpKeys, certificates } = capabilityOf(rows, first.address, now, false);
  const used = new Set([...pgpKeys, ...certificates]);
  return rows.map((row): Standing => {
    if (row.state === 'pending') return { kind: 'waiting', why: null };
    if (row.state === 'rejected') return { kind: 'rejected', why: row.status.revocationWhy ?? null };
    const why = whyNotAmong(rows, row, now);
    if (why !== null) return { kind: 'useless', why };
    return { kind: used.has(row.id) ? 'used' : 'spare', why: null };
  });
}

/** "OpenPGP key 5A3F 91C2 ..." */
export function titleOf(key: Pick<KeyRow, 'kind' | 'fingerprint'>): string {
  return `${key.kind === 'pgp' ? 'OpenPGP key' : 'certificate'} ${shortFingerprint(key)}`;
}

/** As people compare it: the end of an OpenPGP fingerprint, the beginning of a certificate's. */
export function shortFingerprint({ kind, fingerprint }: Pick<KeyRow, 'kind' | 'fingerprint'>): string {
  const short = (kind === 'pgp' ? fingerprint.slice(-16) : fingerprint.slice(0, 16)).toUpperCase();
  return short.replace(/(.{4})(?=.)/g, '$1 ');
}

const origins: Readonly<Record<KeyRow['source'], string>> = {
  import: 'imported by an administrator',
  pinned: 'pinned by an administrator',
  portal: 'uploaded by the recipient in the portal',
  'signed-mail': 'seen in mail the recipient signed',
  autocrypt: "seen in the header of the recipient's mail (Autocrypt)",
  wkd: "published by the web server of the recipient's own domain (WKD)",
  dns: "published in the signed DNS of the recipient's own domain",
  vks: 'from a key server that makes sure by mail whose an address is',
  hkp: 'from a key server where anybody may put any key',
  ldap: 'from a directory that an administrator listed',
  own: "one of the tenant's own keys",
};

/** Where it is from and, for a certificate, who vouches for it: a clause. */
export function originOf({ kind, source, where, status, trust, state }: KeyRow): string {
  const place = where === '' ? '' : `, ${where}`;
  const issued =
    kind === 'x509' && status.path?.ok === true ? `; issued under "${status.path.root ?? 'a trusted root'}"` : '';
  const by = trust === 'pinned' && state !== 'trusted' ? '' : bySomebody[trust];
  return `${origins[source]}${place}${issued}${by}`;
}

/** What is said only where it says more than the origin. */
const bySomebody: Readonly<Record<KeyRow['trust'], string>> = {
  found: '; nobody vouches for it',
  vouched: '',
  confirmed: '',
  pinned: '; this one and no other',
};

/** What is known of a certificate's revocation, as a clause; null where nothing is to be said. */
export function revocationOf({ kind, status }: KeyRow): string | null {
  if (kind === 'pgp') return null;
  const { revocation, revocationWhy: why } = status;
  if (revocation === 'good') return 'not revoked, says its issuer';
  if (revocation === 'revoked') return `REVOKED${why === undefined ? '' : `: ${why}`}`;
  return revocation === 'unknown' ? `whether it was revoked is not known${why === undefined ? '' : `: ${why}`}` : null;
}
