/**
 * DANE: whether the certificates a mail server showed are those its domain published in signed DNS. Pure: records and certificates in, a
 * finding out. Where the records come from, and what a server without usable ones means, is demand.ts.
 *
 * - `usable`: RFC 7672 section 3.1 leaves usages 2 (DANE-TA: an authority of the domain's choice) and 3 (DANE-EE: this very key). The others, and
 *   what cannot be read, are passed over.
 * - Usage 3: the server's own certificate matches; its name and dates say nothing (RFC 7671 section 5.1).
 * - Usage 2: the chain leads from the server's certificate to one that matches, each signed by the next and within its dates, and the server's
 *   certificate names one of the reference identifiers (RFC 7672 section 3.2.2).
 *
 * At this level, too, keys under 2,048 bits (RSA) and signatures with SHA-1 or MD5 prove nothing.
 *
 * Standards: RFC 6698, RFC 7671, RFC 7672.
 * Limits: name constraints and policies of authorities under usage 2 are not looked at; no revocation check.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { TlsaRecord } from '../net/resolver.ts';
import { weaknessOf } from '../protect/path-rules.ts';

/** Authorities between the server's certificate and the one that matches, at most. */
const maxChain = 10;

/** The records that can be used, in the order in which they are tried: an exact key before an authority. */
export function usable(records: readonly TlsaRecord[]): TlsaRecord[] {
  return records.filter(isUsable).sort((a, b) => b.usage - a.usage);
}

function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if ((usage !== 2 && usage !== 3) || (selector !== 0 && selector !== 1)) return false;
  if (matching === 1) return data.length === 32;
  if (matching === 2) return data.length === 64;
  return matching === 0 && contentOf(selector, data) !== null;
}

export type DaneFinding =
  | { readonly kind: 'matched'; readonly record: TlsaRecord }
  /** `reason` continues "the certificate of HOST ". `named`: it is only the name that does not match. */
  | { readonly kind: 'mismatch'; readonly reason: string; readonly named: boolean };

/**
 * @param records what `usable` gave, at least one.
 * @param chain as the server showed it, its own certificate first.
 * @param names reference identifiers: lower-case A-labels.
 */
export function verifyDane(
  records: readonly TlsaRecord[],
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: Date,
): DaneFinding {
  const [leaf] = chain;
  if (leaf === undefined) return mismatch('is missing');
  const exact = records.find((record) => record.usage === 3 && matches(record, leaf));
  if (exact !== undefined) {
    // Who signed the certificate says nothing here, how long its key is does.
    const weak = weaknessOf(leaf);
    return weak?.of === 'key' ? mismatch(weak.why) : { kind: 'matched', record: exact };
  }
  let named = false;
  for (const record of records) {
    const path = record.usage === 2 ? pathTo(record, chain, now) : null;
    if (path === null) continue;
    const weak = path.map((certificate) => weaknessOf(certificate)).find((found) => found !== null);
    if (weak !== undefined) return mismatch(weak.why);
    if (names.some((name) => leaf.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined)) {
      return { kind: 'matched', record };
    }
    named = true;
  }
  const reason = named
    ? `leads to the authority its domain published, but does not name ${names[0] ?? 'the server'}`
    : 'matches none of the TLSA records its domain published';
  return { kind: 'mismatch', reason, named };
}

function mismatch(reason: string): DaneFinding {
  return { kind: 'mismatch', reason, named: false };
}

/** The record of a certificate's key, 3 1 1: the certificate may be renewed with the same key. RFC 7671 section 5.1. @param certificate PEM or DER. */
export function keyRecord(certificate: string | Uint8Array): TlsaRecord {
  const data = createHash('sha256')
    .update(spkiOf(new X509Certificate(certificate).publicKey))
    .digest();
  return { usage: 3, selector: 1, matching: 1, data };
}

/** As a zone file has it: "3 1 1 ab12…". */
export function recordText(record: TlsaRecord): string {
  return `${recordName(record)} ${Buffer.from(record.data).toString('hex')}`;
}

/** As people write a record: "3 1 1". */
export function recordName({ usage, selector, matching }: TlsaRecord): string {
  return `${usage} ${selector} ${matching}`;
}

function matches({ selector, matching, data }: TlsaRecord, certificate: X509Certificate): boolean {
  const content = selector === 0 ? certificate.raw : spkiOf(certificate.publicKey);
  const digest =
    matching === 0
      ? content
      : createHash(matching === 1 ? 'sha256' : 'sha512')
          .update(content)
          .digest();
  return digest.equals(data);
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** The certificate or key that a record of matching type 0 holds in full. */
function contentOf(selector: number, data: Uint8Array): X509Certificate | KeyObject | null {
  try {
    return selector === 0
      ? new X509Certificate(data)
      : createPublicKey({ key: Buffer.from(data), type: 'spki', format: 'der' });
  } catch {
    return null;
  }
}

/**
 * Walks from the server's certificate upwards until a certificate matches the record, and returns those passed; null when none does. The
 * server's own may be the authority (self-signed).
 */
function pathTo(record: TlsaRecord, chain: readonly X509Certificate[], now: Date): readonly X509Certificate[] | null {
  const path: X509Certificate[] = [];
  const published = record.matching === 0 ? contentOf(record.selector, record.data) : null;
  let current = chain[0];
  const others = chain.slice(1, maxChain + 1);
  for (let step = 0; current !== undefined && step <= maxChain; step++) {
    if (!isCurrent(current, now)) return null;
    path.push(current);
    if (matches(record, current)) return step === 0 || current.ca ? path : null;
    // RFC 7671 section 5.2.2: an authority published in full need not be sent by the server.
    if (published !== null && signedBy(current, published, now)) return path;
    const signed: X509Certificate = current;
    current = others.find((issuer) => issuer.ca && signed.checkIssued(issuer) && signed.verify(issuer.publicKey));
    others.splice(current === undefined ? 0 : others.indexOf(current), current === undefined ? 0 : 1);
  }
  return null;
}

function signedBy(certificate: X509Certificate, authority: X509Certificate | KeyObject, now: Date): boolean {
  if (!(authority instanceof X509Certificate)) return certificate.verify(authority);
  return (
    authority.ca &&
    isCurrent(authority, now) &&
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey)
  );
}

function isCurrent(certificate: X509Certificate, now: Date): boolean {
  return certificate.validFromDate <= now && now <= certificate.validToDate;
}
