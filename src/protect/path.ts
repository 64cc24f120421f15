/**
 * Does a certificate lead to a trusted root, and may it speak for one of these names over TLS? `verifyPath` answers for what a TLS peer showed,
 * where the runtime's own answer is not enough: for the client of a server it demands the purpose clientAuth, which public authorities no longer
 * give, and its error for that hides all others. Pure.
 *
 * A path is looked for from the certificate upwards, through what else the peer sent, to a root (`search`), and then every certificate on it
 * must hold (`defectOf`): its time, strength and purpose; for an issuer that it is one, how many may follow, and for which names.
 *
 * Hostile input: at most `maxCertificates` are looked at and `maxSignatures` verified, whatever was sent.
 *
 * Limits: no revocation check. Of name constraints those for DNS names are understood; a path with one for directory names is refused, and
 * others concern names that are not looked at here.
 */
import type { X509Certificate } from 'node:crypto';
import { BasicConstraints, Certificate, ExtKeyUsage, GeneralNames, NameConstraints } from 'pkijs';
import { extension, findExtension, purposes, readUsage } from './x509.ts';

export type PathQuestion = {
  /** What the peer sent, its own certificate first. */
  readonly chain: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** DNS names, lower-case A-labels; the certificate must carry one of them. */
  readonly names: readonly string[];
  readonly now: Date;
};

/** `why` goes on after "the certificate": "expired on 2026-01-01". */
export type PathAnswer =
  | { readonly ok: true; readonly path: readonly X509Certificate[] }
  | { readonly ok: false; readonly why: string };

const maxCertificates = 12;
const maxSignatures = 40;

/** What a TLS peer sent, from its own certificate (`getPeerX509Certificate`). */
export function chainOf(leaf: X509Certificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let next: X509Certificate | undefined = leaf; next !== undefined && chain.length < maxCertificates; ) {
    const certificate: X509Certificate = next;
    if (chain.some((known) => sameAs(known, certificate))) break;
    chain.push(certificate);
    next = certificate.issuerCertificate;
  }
  return chain;
}

export function verifyPath({ chain, roots, names, now }: PathQuestion): PathAnswer {
  const [leaf, ...others] = chain.slice(0, maxCertificates);
  if (leaf === undefined) return { ok: false, why: 'is missing' };
  // RFC 9525 section 6.3: the common name is not looked at.
  const options = { subject: 'never', partialWildcards: false, multiLabelWildcards: false } as const;
  const named = names.some((name) => leaf.checkHost(name, options) !== undefined);
  try {
    const answer = search([leaf], { others, roots, now, left: maxSignatures });
    return answer.ok && !named ? { ok: false, why: `is not made out to ${names.join(' or ')}` } : answer;
  } catch {
    return { ok: false, why: 'or one it depends on is not well-formed X.509' };
  }
}

type Search = {
  readonly others: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  readonly now: Date;
  /** Signatures that may still be verified. */
  left: number;
};

/** The first good path that begins like this; else why the first complete one is not good. */
function search(path: readonly X509Certificate[], searched: Search): PathAnswer {
  const { others, roots, now } = searched;
  const last = path.at(-1);
  if (last === undefined) return { ok: false, why: 'is missing' };
  let why: string | null = null;
  if (path.length === 1 && roots.some((root) => sameAs(root, last))) return judged(path, now);
  for (const root of roots) {
    if (!issued(last, root, searched)) continue;
    const answer = judged([...path, root], now);
    if (answer.ok) return answer;
    why ??= answer.why;
  }
  for (const issuer of others) {
    if (path.some((known) => sameAs(known, issuer)) || !issued(last, issuer, searched)) continue;
    const answer = search([...path, issuer], searched);
    if (answer.ok) return answer;
    why ??= answer.why;
  }
  return { ok: false, why: why ?? unrooted(path) };
}

function judged(path: readonly X509Certificate[], now: Date): PathAnswer {
  const certificates = path.map((certificate) => read(certificate));
  for (const [depth, each] of certificates.entries()) {
    const defect = defectOf(each, depth, certificates, now);
    if (defect === null) continue;
    return { ok: false, why: depth === 0 ? defect : `depends on "${commonName(each.outer.subject)}", which ${defect}` };
  }
  return { ok: true, path };
}

function unrooted(path: readonly X509Certificate[]): string {
  const last = path.at(-1);
  const selfSigned = last !== undefined && last.subject === last.issuer;
  if (selfSigned && path.length === 1) return 'is self-signed';
  return `was issued by "${commonName(path[0]?.issuer ?? '')}" and leads to no trusted root`;
}

function issued(certificate: X509Certificate, issuer: X509Certificate, searched: Search): boolean {
  if (certificate.issuer !== issuer.subject || !certificate.checkIssued(issuer)) return false;
  if (searched.left === 0) return false;
  searched.left -= 1;
  return certificate.verify(issuer.publicKey);
}

function sameAs(a: X509Certificate, b: X509Certificate): boolean {
  return a.fingerprint256 === b.fingerprint256;
}

type Read = { readonly outer: X509Certificate; readonly parsed: Certificate; readonly dnsNames: readonly string[] };

function read(outer: X509Certificate): Read {
  const parsed = Certificate.fromBER(outer.raw);
  const names = findExtension(parsed, extension.subjectAltName);
  // RFC 5280 section 4.2.1.6: dNSName is choice [2].
  const dns = names === null ? [] : GeneralNames.fromBER(names).names.filter(({ type }) => type === 2);
  return { outer, parsed, dnsNames: dns.map(({ value }) => String(value).toLowerCase()) };
}

/** Purposes that make a certificate one for TLS; which side it was meant for makes no difference to who holds its key. */
const tlsPurposes: ReadonlySet<string> = new Set([
  purposes.clientAuth,
  purposes.serverAuth,
  purposes.anyExtendedKeyUsage,
]);

const understood: ReadonlySet<string> = new Set(Object.values(extension));

/** What is wrong with the certificate at `depth` of a path (0: the peer's own), or null. RFC 5280 section 6.1. */
function defectOf({ outer, parsed }: Read, depth: number, path: readonly Read[], now: Date): string | null {
  if (now > outer.validToDate) return `expired on ${day(outer.validToDate)}`;
  if (now < outer.validFromDate) return `is not valid before ${day(outer.validFromDate)}`;
  const weak = weaknessOf(outer);
  if (weak !== null) return weak.why;
  const unknown = parsed.extensions?.find(({ critical, extnID }) => critical && !understood.has(extnID));
  if (unknown !== undefined) return `has a critical extension (${unknown.extnID}) that is not understood here`;
  const isRoot = depth === path.length - 1 && depth > 0;
  const purposeList = findExtension(parsed, extension.extendedKeyUsage);
  const allowed =
    purposeList === null || ExtKeyUsage.fromBER(purposeList).keyPurposes.some((id) => tlsPurposes.has(id));
  if (!allowed && !isRoot) return 'is not meant for TLS';
  const usageBits = findExtension(parsed, extension.keyUsage);
  const usage = usageBits === null ? null : readUsage(usageBits);
  const constraints = findExtension(parsed, extension.basicConstraints);
  const basic = constraints === null ? null : BasicConstraints.fromBER(constraints);
  if (depth === 0) {
    if (basic?.cA === true) return 'belongs to a certificate authority';
    return usage === null || usage.includes('digitalSignature') ? null : 'is not meant for signing a handshake';
  }
  if (basic?.cA !== true) return 'is no certificate authority';
  if (usage !== null && !usage.includes('keyCertSign')) return 'may not issue certificates';
  // RFC 5280 section 4.2.1.9: how many authorities may come between it and the peer's certificate.
  const between = path.slice(1, depth).filter((each) => each.outer.subject !== each.outer.issuer).length;
  const most = basic.pathLenConstraint;
  if (typeof most === 'number' && between > most) return 'may not have as many authorities below it';
  return constraintDefect(parsed, path.slice(0, depth));
}

/** RFC 5280 section 4.2.1.10. */
function constraintDefect(parsed: Certificate, below: readonly Read[]): string | null {
  const found = findExtension(parsed, extension.nameConstraints);
  if (found === null) return null;
  const { permittedSubtrees = [], excludedSubtrees = [] } = NameConstraints.fromBER(found);
  const [permitted, excluded] = [permittedSubtrees, excludedSubtrees].map((trees) => trees.map(({ base }) => base));
  if (permitted === undefined || excluded === undefined) return null;
  // Choice [4]: a subject is in every certificate, so such a constraint would have to be understood.
  if ([...permitted, ...excluded].some(({ type }) => type === 4))
    return 'is limited in a way that is not understood here';
  const domains = (bases: typeof permitted): string[] =>
    bases.filter(({ type }) => type === 2).map(({ value }) => String(value).toLowerCase());
  const [only, never] = [domains(permitted), domains(excluded)];
  const outside = below
    .flatMap(({ dnsNames }) => dnsNames)
    .some(
      (name) =>
        (only.length > 0 && !only.some((base) => within(name, base))) || never.some((base) => within(name, base)),
    );
  return outside ? 'may not issue for its names' : null;
}

function within(name: string, base: string): boolean {
  const domain = base.replace(/^\./, '');
  return domain === '' || name.endsWith(`.${domain}`) || (name === domain && !base.startsWith('.'));
}

/** What makes a certificate too weak to prove a name, or null. `why` goes on after "the certificate". */
export function weaknessOf(
  certificate: X509Certificate,
): { readonly of: 'key' | 'signature'; readonly why: string } | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength ?? 0;
  if ((type === 'rsa' || type === 'rsa-pss' || type === 'dsa') && bits < 2048)
    return { of: 'key', why: `rests on a key of ${bits} bits, which is too short` };
  // The signature of a root says nothing, so it is not looked at.
  const signature = certificate.subject === certificate.issuer ? '' : (certificate.signatureAlgorithm ?? '');
  if (!/md5|sha-?1(?!\d)/i.test(signature)) return null;
  return {
    of: 'signature',
    why: `rests on a signature with ${printable(signature).slice(0, 40)}, which can be forged`,
  };
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const printable = (text: string): string => text.replace(/[^ -~]/g, '?');

function commonName(subject: string): string {
  const lines = subject.split('\n');
  const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  return printable(value('CN') ?? value('O') ?? 'unnamed').slice(0, 100);
}
