/**
 * Certificate revocation lists: reading one (`readRevocationList`), whether it is the issuer's (`listDefect`), and what it says of a certificate
 * (`wordIn`). Pure; fetching is keys/revocation.ts. The format is that of RFC 5280 section 5, whose sections are named here.
 *
 * A list stays the octets it came as, and a look-up goes through them: a list of many thousand entries costs its octets and no tree of objects.
 *
 * Limits: no delta lists, no lists by somebody else than the issuer (indirect), none for some reasons only: such a list says nothing here.
 */
import type { X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { urlsIn } from './certificate-pointers.ts';
import {
  bitsOf,
  context,
  contextPrimitive,
  DerReader,
  type DerValue,
  NotDer,
  oidText,
  serialText,
  tags,
  timeOf,
} from './der-reader.ts';
import { verifySigned } from './signed-data.ts';
import { extension, findExtension, readUsage } from './x509.ts';

/** Times are epoch milliseconds. */
export type RevocationList = {
  /** The issuer's name, DER. */
  readonly issuer: Buffer;
  readonly thisUpdate: number;
  /** Null where the list does not say, which it must. */
  readonly nextUpdate: number | null;
  /** Why it cannot speak for a person's certificate, going on after "the revocation list"; null when it can. */
  readonly unfit: string | null;
  /** When not null, it is only about certificates that name one of these URLs. */
  readonly onlyAt: readonly string[] | null;
  readonly entries: Buffer;
  readonly signed: { readonly data: Buffer; readonly algorithm: DerValue; readonly signature: Buffer };
};

const issuingDistributionPoint = '2.5.29.28';
const reasonCode = '2.5.29.21';
const knownExtensions: ReadonlySet<string> = new Set([
  issuingDistributionPoint,
  extension.authorityKeyIdentifier,
  '2.5.29.20', // crlNumber
]);

/** From DER, or PEM as some servers send it. Null when it is no revocation list. */
export function readRevocationList(octets: Buffer): RevocationList | null {
  try {
    return readDer(fromPem(octets));
  } catch (error) {
    if (error instanceof NotDer) return null;
    throw error;
  }
}

function fromPem(octets: Buffer): Buffer {
  if (octets[0] !== 0x2d) return octets;
  const match = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/.exec(octets.toString('latin1'));
  return Buffer.from(match?.[1] ?? '', 'base64');
}

/** Section 5.1. */
function readDer(octets: Buffer): RevocationList {
  const outer = new DerReader(octets).enter(tags.sequence);
  const data = outer.next(tags.sequence);
  const algorithm = outer.next(tags.sequence);
  const signature = bitsOf(outer.next(tags.bitString));
  const list = new DerReader(data.content);
  list.optional(tags.integer);
  list.next(tags.sequence);
  const issuer = list.next(tags.sequence).raw;
  const thisUpdate = timeOf(list.next());
  const nextUpdate = list.tag === tags.utcTime || list.tag === tags.generalizedTime ? timeOf(list.next()) : null;
  const entries = list.optional(tags.sequence)?.content ?? Buffer.alloc(0);
  const extensions = list.optional(context(0));
  const scope = extensions === null ? anywhere : scopeOf(new DerReader(extensions.content).enter(tags.sequence));
  return { issuer, thisUpdate, nextUpdate, ...scope, entries, signed: { data: data.raw, algorithm, signature } };
}

type Scope = Pick<RevocationList, 'unfit' | 'onlyAt'>;
const anywhere: Scope = { unfit: null, onlyAt: null };

function scopeOf(extensions: DerReader): Scope {
  let scope = anywhere;
  while (!extensions.atEnd) {
    const { id, critical, content } = extensionIn(extensions);
    if (critical && !knownExtensions.has(id))
      return { unfit: `has a critical extension (${id}) that is not understood here`, onlyAt: null };
    if (id === issuingDistributionPoint) scope = scopeOfPoint(new DerReader(content).enter(tags.sequence));
  }
  return scope;
}

function extensionIn(extensions: DerReader): { id: string; critical: boolean; content: Buffer } {
  const parts = extensions.enter(tags.sequence);
  const id = oidText(parts.next(tags.oid));
  const critical = parts.optional(tags.boolean)?.content[0] === 0xff;
  return { id, critical, content: parts.next(tags.octetString).content };
}

/** Section 5.2.5. */
function scopeOfPoint(point: DerReader): Scope {
  const name = point.optional(context(0));
  const onlyAt = name === null ? null : urlsIn(name.content);
  const is = (n: number): boolean => point.optional(contextPrimitive(n))?.content[0] === 0xff;
  point.optional(contextPrimitive(1));
  if (is(2)) return { unfit: 'is about authorities only', onlyAt };
  if (point.optional(contextPrimitive(3)) !== null) return { unfit: 'is about some reasons only', onlyAt };
  if (is(4)) return { unfit: 'is by somebody else than the issuer', onlyAt };
  if (is(5)) return { unfit: 'is about attribute certificates only', onlyAt };
  return { unfit: null, onlyAt };
}

/** Milliseconds that clocks may differ. */
export const clockSkew = 300_000;

/** Why the list cannot speak now for certificates of this issuer, going on after "the revocation list"; null when it can. Section 6.3.3. */
export function listDefect(list: RevocationList, issuer: Issuer, now: number): string | null {
  if (!list.issuer.equals(issuer.name)) return 'is not by the issuer of the certificate';
  if (list.thisUpdate > now + clockSkew) return 'is from the future';
  if (list.nextUpdate === null) return 'does not say until when it holds';
  if (list.nextUpdate + clockSkew < now) return `is older than it may be (until ${day(list.nextUpdate)})`;
  if (list.unfit !== null) return list.unfit;
  if (issuer.usage !== null && !readUsage(issuer.usage).includes('cRLSign'))
    return 'is by an issuer that may not issue one';
  const { data, algorithm, signature } = list.signed;
  return verifySigned(data, algorithm, signature, issuer.certificate.publicKey)
    ? null
    : 'is not signed by the issuer of the certificate';
}

/** The authority that issued the certificate in question. */
export type Issuer = {
  readonly certificate: X509Certificate;
  /** Its subject, DER. */
  readonly name: Buffer;
  /** Its KeyUsage extension, DER, or null. */
  readonly usage: Uint8Array | null;
};

/** What names a certificate to those who are asked about it: who issued it, and its number. */
export type Named = { readonly issuer: Issuer; readonly serial: Uint8Array };

export function namedBy(certificate: X509Certificate, issuer: X509Certificate): Named {
  const parsed = Certificate.fromBER(certificate.raw);
  const usage = findExtension(Certificate.fromBER(issuer.raw), extension.keyUsage);
  return {
    issuer: { certificate: issuer, name: Buffer.from(parsed.issuer.valueBeforeDecode), usage },
    serial: parsed.serialNumber.valueBlock.valueHexView,
  };
}

/** Section 5.3.1. */
const reasons = [
  'no reason given',
  'its key is compromised',
  'its issuer is compromised',
  'its holder changed',
  'it was replaced',
  'it is not needed any more',
  'it is on hold',
] as const;

/** What the issuer of a certificate says of it. Epoch milliseconds: `since` when it was said, `until` when it holds no more. `why`: a clause. */
export type RevocationWord =
  | { readonly kind: 'good'; readonly since: number; readonly until: number }
  | { readonly kind: 'revoked'; readonly why: string; readonly since: number; readonly until: number };

/** What a list without defect says of a certificate that names these lists; null when it is about other certificates. */
export function wordIn(
  list: RevocationList,
  { serial, lists }: Pick<Named, 'serial'> & { readonly lists: readonly string[] },
): RevocationWord | null {
  if (list.onlyAt !== null && !list.onlyAt.some((each) => lists.includes(each))) return null;
  const entry = entryFor(list, serial);
  const held = { since: list.thisUpdate, until: list.nextUpdate ?? 0 };
  return entry === null ? { kind: 'good', ...held } : { kind: 'revoked', why: entry.why, ...held };
}

/** When and why the certificate with this serial number was revoked, or null. `why` is a clause. */
export function entryFor(
  list: RevocationList,
  serial: Uint8Array,
): { readonly at: number; readonly why: string } | null {
  const wanted = serialText(serial);
  // Most certificates are in no list: their number is nowhere among its octets.
  if (!list.entries.includes(Buffer.from(wanted.padStart(wanted.length + (wanted.length % 2), '0'), 'hex')))
    return null;
  for (const entries = new DerReader(list.entries); !entries.atEnd; ) {
    const entry = entries.enter(tags.sequence);
    if (serialText(entry.next(tags.integer).content) !== wanted) continue;
    const at = timeOf(entry.next());
    const extensions = entry.optional(tags.sequence);
    return { at, why: reasonText(extensions === null ? 0 : reasonIn(new DerReader(extensions.content))) };
  }
  return null;
}

function reasonIn(extensions: DerReader): number {
  while (!extensions.atEnd) {
    const { id, content } = extensionIn(extensions);
    if (id === reasonCode) return new DerReader(content).next(tags.enumerated).content[0] ?? 0;
  }
  return 0;
}

export const reasonText = (code: number): string => reasons[code] ?? `reason ${code}`;

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
