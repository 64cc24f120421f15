/**
 * What strangers publish -> candidates for the keyring. Only what is a key for the very address counts: an OpenPGP key with a user id of that
 * address which the key itself has signed, or a certificate that names it. All that is not taken is said in words, and a key that turns out to be
 * withdrawn by its owner is told by its fingerprint, since the keyring may still hold it.
 */
import { addressKey } from '../mail/address.ts';
import { inspectKeys } from '../protect/openpgp.ts';
import { inspectCertificate } from '../protect/x509.ts';
import type { Published } from './sources/source.ts';
import type { KeyCandidate } from './trust.ts';

export type Candidates = {
  /** Newest first. */
  readonly candidates: readonly KeyCandidate[];
  /** Fingerprints of OpenPGP keys that carry their owner's revocation. */
  readonly revoked: readonly string[];
  /** Clauses that go on after "gave". */
  readonly problems: readonly string[];
};

/** Keys in one answer beyond which nobody means one person. */
const mostKeys = 10;

/** Reads hostile octets; never throws. `address` in any spelling. Certificates of authorities are what came along with the others. */
export async function candidatesFor(
  published: readonly Published[],
  address: string,
  now: number,
): Promise<Candidates> {
  const candidates = new Map<string, KeyCandidate>();
  const revoked: string[] = [];
  const problems: string[] = [];
  const authorities: string[] = [];
  for (const { kind, octets, rooted } of published.slice(0, 2 * mostKeys)) {
    const read = kind === 'pgp' ? await pgpKeys(octets, address, now) : certificate(octets, address, now);
    if (typeof read === 'string') {
      authorities.push(read);
      continue;
    }
    for (const each of read.candidates) {
      const id = `${each.kind} ${each.fingerprint}`;
      // Published in both ways, it counts in the one that asks for less.
      if (rooted !== true) candidates.set(id, each);
      else if (!candidates.has(id)) candidates.set(id, { ...each, rooted });
    }
    revoked.push(...read.revoked);
    problems.push(...read.problems);
  }
  const issuers = authorities.join('');
  const newestFirst = [...candidates.values()]
    .map((each) => (each.kind === 'x509' && issuers !== '' ? { ...each, issuers } : each))
    .sort((a, b) => b.notBefore - a.notBefore);
  return { candidates: newestFirst, revoked, problems: [...new Set(problems)] };
}

async function pgpKeys(octets: Uint8Array, address: string, now: number): Promise<Candidates> {
  const { keys, problems: said } = await inspectKeys(octets, now);
  if (keys.length > mostKeys) return none(`${keys.length} OpenPGP keys at once, which is no one person's`);
  if (keys.length === 0)
    return none(
      said[0] === undefined
        ? 'something that is no OpenPGP key'
        : `something that is no OpenPGP key: ${clause(said[0])}`,
    );
  const candidates: KeyCandidate[] = [];
  const revoked: string[] = [];
  const problems: string[] = [];
  for (const key of keys) {
    const { fingerprint, armored: material, createdAt: notBefore, expiresAt: notAfter } = key;
    const named = `the OpenPGP key ${shortOf({ kind: 'pgp', fingerprint })}`;
    if (key.revoked) {
      revoked.push(fingerprint);
      problems.push(`${named}, which its owner revoked`);
    } else if (!key.addresses.some((each) => addressKey(each) === addressKey(address)))
      problems.push(`${named}, which has no signed user id with this address`);
    else if (!key.usableForEncryption.ok)
      problems.push(`${named}, which cannot be used: ${key.usableForEncryption.why}`);
    else candidates.push({ kind: 'pgp', address: addressKey(address), fingerprint, material, notBefore, notAfter });
  }
  return { candidates, revoked, problems };
}

/** The certificate of an authority is its PEM text. */
function certificate(octets: Uint8Array, address: string, now: number): Candidates | string {
  const read = inspectCertificate(octets, now);
  if (!read.ok) return none(`something that is no certificate: ${clause(read.why)}`);
  const { fingerprint, pem: material, notBefore, notAfter, addresses, usableForEncryption: usable } = read.certificate;
  if (read.certificate.ca) return read.certificate.pem;
  const named = `the certificate ${shortOf({ kind: 'x509', fingerprint })}`;
  if (!addresses.some((each) => addressKey(each) === addressKey(address)))
    return none(`${named}, which does not name this address`);
  if (!usable.ok) return none(`${named}, which cannot be used: ${usable.why}`);
  const found: KeyCandidate = {
    kind: 'x509',
    address: addressKey(address),
    fingerprint,
    material,
    notBefore,
    notAfter,
  };
  return { candidates: [found], revoked: [], problems: [] };
}

/** What others say as a sentence, within one of ours. */
const clause = (sentence: string): string => sentence.replace(/\.$/, '');

const none = (problem: string): Candidates => ({ candidates: [], revoked: [], problems: [problem] });

/** Long enough to find it, short enough to read; as the keyring says it. */
export function shortOf({ kind, fingerprint }: Pick<KeyCandidate, 'kind' | 'fingerprint'>): string {
  return kind === 'pgp' ? fingerprint.slice(-16) : fingerprint.slice(0, 16);
}
