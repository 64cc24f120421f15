/**
 * Who is at the other end: what a TLS handshake proved, and if it did not prove enough, why, in words an administrator can act on.
 *
 * `Trust` holds the roots (those bundled with the runtime plus `delivery.trust`); `judge` looks at a finished handshake. The handshake
 * itself never rejects: a verdict with evidence is worth more than an error code, and nothing is sent before the verdict.
 *
 * At every level TLS is 1.2 or newer with a forward-secret AEAD suite of at least 128 bits (RFC 9325 section 4.2). Small keys and SHA-1 may
 * still encrypt, since the alternative at those levels is plain text; they prove nobody's name.
 *
 * Standards: RFC 9525 (service identity: DNS and IP names of the certificate, never its common name).
 * Limits: no revocation check.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import type { TlsLevel } from '../config/config.ts';
import type { TlsFault } from '../mail/tls-report.ts';
import { suites } from '../net/tls.ts';
import { chainOf } from '../protect/path.ts';
import { weaknessOf } from '../protect/path-rules.ts';
import { recordName, verifyDane } from './dane.ts';
import type { Demand } from './demand.ts';
import { cleanText } from './reply.ts';

/** What the handshake showed. */
export type Evidence = {
  /** As OpenSSL names it: "TLSv1.3". */
  readonly tls: string;
  readonly cipher: string;
  /** The level that this connection proved, and by what: "root <CN>", with "MTA-STS policy …" and the like, or "TLSA 3 1 1"; null for `encrypt`. */
  readonly level: TlsLevel;
  readonly verifiedBy: string | null;
  /** Of the peer's own certificate; null for a peer without one. */
  readonly certificateSha256: string | null;
  /** The DNS names and addresses it carries, cleaned, the first few. */
  readonly certificateNames: readonly string[];
};

/** What is wrong with a certificate: a sentence for people, and the words of reports. */
export type Defect = TlsFault & { readonly reason: string };

/** What the handshake showed, before anything is asked of it. */
export type Shown = {
  readonly tls: string;
  readonly cipher: string;
  /** As the peer sent it, its own certificate first; empty for a peer without one. */
  readonly chain: readonly X509Certificate[];
  /** Why chain or name is not good; null when both are. */
  readonly defect: Defect | null;
  /** Common name of the root the chain leads to; null with a defect. */
  readonly root: string | null;
};

/** PEM texts of every root to trust: those bundled with the runtime, and `extra`. */
export function rootsOf(extra: readonly string[]): string[] {
  return [...rootCertificates, ...extra.flatMap((text) => text.match(pemPattern) ?? [])];
}

export class Trust {
  readonly context: SecureContext;
  readonly #roots = new Map<string, X509Certificate[]>();
  readonly #pems: readonly string[];

  /** @param extra PEM texts, each with one or more certificates. Throws when one cannot be read. */
  constructor(extra: readonly string[]) {
    this.#pems = rootsOf(extra);
    // RFC 8996: nothing older than TLS 1.2, at any level.
    this.context = createSecureContext({ ca: [...this.#pems], minVersion: 'TLSv1.2', ciphers });
  }

  /** The trusted root that the verified chain of `leaf` ends in. */
  rootOf(leaf: X509Certificate): X509Certificate | null {
    let certificate: X509Certificate | undefined = leaf;
    for (let depth = 0; certificate !== undefined && depth < 12; depth++) {
      const { fingerprint256, issuer } = certificate;
      const named = this.#bySubject(certificate.subject).find((root) => root.fingerprint256 === fingerprint256);
      if (named !== undefined) return named;
      const signed: X509Certificate = certificate;
      const root = this.#bySubject(issuer).find(
        (candidate) => signed.checkIssued(candidate) && signed.verify(candidate.publicKey),
      );
      if (root !== undefined) return root;
      certificate = certificate.issuerCertificate;
    }
    return null;
  }

  #bySubject(subject: string): readonly X509Certificate[] {
    // Parsed on first use: the bundle holds some 150 certificates, and many processes never verify one.
    if (this.#roots.size === 0) {
      for (const pem of this.#pems) {
        const root = new X509Certificate(pem);
        this.#roots.set(root.subject, [...(this.#roots.get(root.subject) ?? []), root]);
      }
    }
    return this.#roots.get(subject) ?? [];
  }
}

/** Level 0, because `judge` says of a small key what OpenSSL would only refuse. */
const ciphers = `${suites}:@SECLEVEL=0`;

const pemPattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Looks at a finished handshake with the peer that was reached as `host` (an MX name, or the address of an address literal). */
export function look(socket: TLSSocket, host: string, trust: Trust): Shown {
  const leaf = socket.getPeerX509Certificate();
  const chain = leaf === undefined ? [] : chainOf(leaf);
  const defect =
    leaf === undefined
      ? untrusted(`${host} showed no certificate.`, 'NO_CERTIFICATE')
      : (chainDefect(socket, leaf, host) ?? nameDefect(leaf, host) ?? weakness(chain, host));
  const root = leaf !== undefined && defect === null ? trust.rootOf(leaf) : null;
  return {
    tls: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    chain,
    defect,
    root: defect === null ? (root === null ? 'unnamed' : commonName(root.subject)) : null,
  };
}

export type Judgement =
  | { readonly kind: 'met'; readonly evidence: Evidence }
  | { readonly kind: 'unmet'; readonly evidence: Evidence; readonly defect: Defect };

/** Whether what was shown meets what is demanded of this host. */
export function judge(shown: Shown, host: string, demand: Demand, now: Date): Judgement {
  const { defect } = shown;
  if (demand.level === 'dane') {
    const finding = verifyDane(demand.tlsa, shown.chain, demand.names, now);
    if (finding.kind === 'matched') {
      return { kind: 'met', evidence: evidenceOf(shown, 'dane', `TLSA ${recordName(finding.record)}`) };
    }
    const reason = `The certificate of ${host} ${finding.reason}.`;
    const fault: TlsFault = finding.named
      ? { result: 'certificate-host-mismatch', code: null }
      : { result: 'certificate-not-trusted', code: 'X509_V_ERR_DANE_NO_MATCH' };
    return { kind: 'unmet', evidence: evidenceOf(shown, 'encrypt', null), defect: { ...fault, reason } };
  }
  if (defect !== null) {
    const evidence = evidenceOf(shown, 'encrypt', null);
    return demand.level === 'may' || demand.level === 'encrypt'
      ? { kind: 'met', evidence }
      : { kind: 'unmet', evidence, defect };
  }
  const by = demand.vouchedBy === null ? '' : `, ${demand.vouchedBy}`;
  const level = demand.vouchedBy === null ? 'verify' : 'secure';
  return { kind: 'met', evidence: evidenceOf(shown, level, `root ${shown.root ?? 'unnamed'}${by}`) };
}

function evidenceOf(shown: Shown, level: TlsLevel, verifiedBy: string | null): Evidence {
  const [leaf] = shown.chain;
  return {
    tls: shown.tls,
    cipher: shown.cipher,
    level,
    verifiedBy,
    certificateSha256: leaf === undefined ? null : leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificateNames: leaf === undefined ? [] : namesOf(leaf).slice(0, 10),
  };
}

/** Keys and signatures too weak to prove a name. */
function weakness(chain: readonly X509Certificate[], host: string): Defect | null {
  const weak = chain.map((certificate) => weaknessOf(certificate)).find((found) => found !== null);
  if (weak === undefined) return null;
  const code = weak.of === 'key' ? 'X509_V_ERR_EE_KEY_TOO_SMALL' : 'X509_V_ERR_CA_MD_TOO_WEAK';
  return untrusted(`The certificate of ${host} ${weak.why}.`, code);
}

/** RFC 8460 section 4.3.1: one label for whatever is wrong with a chain; the code tells what. */
function untrusted(reason: string, code: string): Defect {
  return { result: 'certificate-not-trusted', code, reason };
}

function chainDefect(socket: TLSSocket, leaf: X509Certificate, host: string): Defect | null {
  if (socket.authorized) return null;
  // Node keeps OpenSSL's name of the error here, although the types speak of an Error.
  const error: unknown = socket.authorizationError;
  const code = cleanText(error instanceof Error ? error.message : String(error));
  const reason = chainReason(code, leaf, host);
  if (code === 'CERT_HAS_EXPIRED') return { result: 'certificate-expired', code: null, reason };
  return untrusted(reason, `X509_V_ERR_${code}`);
}

function chainReason(code: string, leaf: X509Certificate, host: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return leaf.validToDate < new Date()
        ? `The certificate of ${host} expired on ${day(leaf.validToDate)}.`
        : `A certificate that the one of ${host} depends on has expired.`;
    case 'CERT_NOT_YET_VALID':
      return `The certificate of ${host} is not valid before ${day(leaf.validFromDate)}.`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `The certificate of ${host} is self-signed.`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `The certificate of ${host} was issued by "${commonName(leaf.issuer)}" and leads to no trusted root.`;
    case 'INVALID_PURPOSE':
      return `The certificate of ${host} is not meant for a server.`;
    default:
      return `The certificate of ${host} cannot be verified (${code}).`;
  }
}

function nameDefect(leaf: X509Certificate, host: string): Defect | null {
  const matches =
    isIP(host) === 0
      ? leaf.checkHost(host, { subject: 'never', partialWildcards: false, multiLabelWildcards: false })
      : leaf.checkIP(host);
  if (matches !== undefined) return null;
  const names = namesOf(leaf);
  const shown = names.slice(0, 3).join(', ').slice(0, 200);
  const reason =
    names.length === 0
      ? `The certificate of ${host} names no host.`
      : `The certificate of ${host} is made out to ${shown}${names.length > 3 ? ' and others' : ''}.`;
  return { result: 'certificate-host-mismatch', code: null, reason };
}

/** DNS names and addresses of a certificate, cleaned. */
function namesOf(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => /^(?:DNS|IP Address):/.test(name))
    .map((name) => cleanText(name.replace(/^[^:]+:/, '')).slice(0, 253));
}

/** The common name of a subject, or its organisation, cleaned. */
function commonName(subject: string): string {
  const value = (key: string) =>
    subject
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1);
  return cleanText(value('CN') ?? value('O') ?? 'unnamed').slice(0, 100);
}

const day = (date: Date) => date.toISOString().slice(0, 10);
