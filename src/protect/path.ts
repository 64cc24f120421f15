/**
 * Does a certificate lead to a trusted root, and may it speak for somebody? `verifyPath` answers for what a TLS peer showed, where the runtime's
 * own answer is not enough: for the client of a server it demands the purpose clientAuth, which public authorities no longer give, and its error
 * for that hides all others. `verifyMailCertificate` answers for mail: to encrypt to an address, or to believe a signature. Pure.
 *
 * A path is looked for from the certificate upwards, through what else came along, to a root (`search`), and then every certificate on it
 * must hold (path-rules.ts).
 *
 * Hostile input: at most `maxCertificates` are looked at and `maxSignatures` verified, whatever was sent.
 *
 * Limits: revocation is asked for elsewhere (crl.ts, ocsp.ts), and only of certificates for mail.
 */
import type { X509Certificate } from 'node:crypto';
import { sameAddress } from '../mail/address.ts';
import { commonName, defectOf, type Purpose, purposeOf, type Read, read } from './path-rules.ts';

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

export type MailQuestion = {
  readonly leaf: X509Certificate;
  /** What may lie between it and a root. */
  readonly others: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** In normal form; the certificate must be for it. Null when it makes no difference whose it is. */
  readonly address: string | null;
  readonly now: Date;
  readonly purpose: 'encrypt' | 'sign';
};

/** `path` from the certificate to the root, `root` the root's name for people; `why` as in PathAnswer. */
export type MailAnswer =
  | { readonly ok: true; readonly path: readonly X509Certificate[]; readonly root: string }
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
  const answer = pathOf(leaf, { others, roots, now, purpose: purposeOf.tls });
  return answer.ok && !named ? { ok: false, why: `is not made out to ${names.join(' or ')}` } : answer;
}

/** RFC 8550 section 4: a path for mail, from a certificate for this very address. Never throws. */
export function verifyMailCertificate(question: MailQuestion): MailAnswer {
  const { leaf, roots, address, now, purpose } = question;
  const others = question.others.slice(0, maxCertificates - 1);
  const answer = pathOf(leaf, { others, roots, now, purpose: purposeOf[purpose] });
  if (!answer.ok) return answer;
  const { path } = answer;
  const own = read(leaf).names.addresses;
  if (address !== null && !own.some((name) => sameAddress(name, address)))
    return { ok: false, why: `is not made out to ${address}` };
  return { ok: true, path, root: commonName(path.at(-1)?.subject ?? '') };
}

type Search = {
  readonly others: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  readonly now: Date;
  readonly purpose: Purpose;
};

function pathOf(leaf: X509Certificate, searched: Search): PathAnswer {
  try {
    return search([leaf], searched, { left: maxSignatures });
  } catch {
    return { ok: false, why: 'or one it depends on is not well-formed X.509' };
  }
}

/** Signatures that may still be verified. */
type Budget = { left: number };

/** The first good path that begins like this; else why the first complete one is not good. */
function search(path: readonly X509Certificate[], searched: Search, budget: Budget): PathAnswer {
  const { others, roots } = searched;
  const last = path.at(-1);
  if (last === undefined) return { ok: false, why: 'is missing' };
  let why: string | null = null;
  if (path.length === 1 && roots.some((root) => sameAs(root, last))) return judged(path, searched);
  for (const root of roots) {
    if (!issued(last, root, budget)) continue;
    const answer = judged([...path, root], searched);
    if (answer.ok) return answer;
    why ??= answer.why;
  }
  for (const issuer of others) {
    if (path.some((known) => sameAs(known, issuer)) || !issued(last, issuer, budget)) continue;
    const answer = search([...path, issuer], searched, budget);
    if (answer.ok) return answer;
    why ??= answer.why;
  }
  return { ok: false, why: why ?? unrooted(path) };
}

function judged(path: readonly X509Certificate[], { now, purpose }: Search): PathAnswer {
  const certificates: Read[] = path.map((certificate) => read(certificate));
  for (const [depth, each] of certificates.entries()) {
    const defect = defectOf(each, depth, certificates, now, purpose);
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

function issued(certificate: X509Certificate, issuer: X509Certificate, budget: Budget): boolean {
  if (certificate.issuer !== issuer.subject || !certificate.checkIssued(issuer)) return false;
  if (budget.left === 0) return false;
  budget.left -= 1;
  return certificate.verify(issuer.publicKey);
}

function sameAs(a: X509Certificate, b: X509Certificate): boolean {
  return a.fingerprint256 === b.fingerprint256;
}
