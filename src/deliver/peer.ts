/**
 * Who is at the other end: what a TLS handshake proved, and if it did not prove enough, why, in words an administrator can act on.
 *
 * `Trust` holds the roots (those bundled with the runtime plus `delivery.trust`); `judge` looks at a finished handshake. The handshake
 * itself never rejects: a verdict with evidence is worth more than an error code, and nothing is sent before the verdict.
 *
 * Standards: RFC 9525 (service identity: DNS and IP names of the certificate, never its common name).
 * Limits: no revocation check.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import { cleanText } from './reply.ts';

/** What the handshake showed. */
export type Evidence = {
  /** As OpenSSL names it: "TLSv1.3". */
  readonly tls: string;
  readonly cipher: string;
  /** "root <CN>" when chain and name were both good. */
  readonly verifiedBy: string | null;
  /** Of the peer's own certificate; null for a peer without one. */
  readonly certificateSha256: string | null;
};

/** `defect`: a sentence saying why the peer is not verified; null when it is. */
export type Judgement = { readonly evidence: Evidence; readonly defect: string | null };

export class Trust {
  readonly context: SecureContext;
  readonly #roots = new Map<string, X509Certificate[]>();
  readonly #pems: readonly string[];

  /** @param extra PEM texts, each with one or more certificates. Throws when one cannot be read. */
  constructor(extra: readonly string[]) {
    this.#pems = [...rootCertificates, ...extra.flatMap((text) => text.match(pemPattern) ?? [])];
    // RFC 8996: nothing older than TLS 1.2, at any level.
    this.context = createSecureContext({ ca: [...this.#pems], minVersion: 'TLSv1.2' });
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

const pemPattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Looks at a finished handshake with the peer that was reached as `host` (an MX name, or the address of an address literal). */
export function judge(socket: TLSSocket, host: string, trust: Trust): Judgement {
  const leaf = socket.getPeerX509Certificate();
  const defect =
    leaf === undefined ? `${host} showed no certificate.` : (chainDefect(socket, leaf, host) ?? nameDefect(leaf, host));
  const root = leaf !== undefined && defect === null ? trust.rootOf(leaf) : null;
  return {
    evidence: {
      tls: socket.getProtocol() ?? 'unknown',
      cipher: socket.getCipher().name,
      verifiedBy: defect === null ? `root ${root === null ? 'unnamed' : commonName(root.subject)}` : null,
      certificateSha256: leaf === undefined ? null : leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    },
    defect,
  };
}

function chainDefect(socket: TLSSocket, leaf: X509Certificate, host: string): string | null {
  if (socket.authorized) return null;
  // Node keeps OpenSSL's name of the error here, although the types speak of an Error.
  const error: unknown = socket.authorizationError;
  const code = error instanceof Error ? error.message : String(error);
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
      return `The certificate of ${host} cannot be verified (${cleanText(code)}).`;
  }
}

function nameDefect(leaf: X509Certificate, host: string): string | null {
  const matches =
    isIP(host) === 0
      ? leaf.checkHost(host, { subject: 'never', partialWildcards: false, multiLabelWildcards: false })
      : leaf.checkIP(host);
  if (matches !== undefined) return null;
  const names = (leaf.subjectAltName ?? '').split(', ').filter((name) => /^(?:DNS|IP Address):/.test(name));
  const shown = cleanText(
    names
      .slice(0, 3)
      .map((name) => name.replace(/^[^:]+:/, ''))
      .join(', '),
  ).slice(0, 200);
  return names.length === 0
    ? `The certificate of ${host} names no host.`
    : `The certificate of ${host} is made out to ${shown}${names.length > 3 ? ' and others' : ''}.`;
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
