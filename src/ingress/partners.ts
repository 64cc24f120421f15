/**
 * Partners: networks, and domains of senders, whose mail may come in only over TLS, or only with a client certificate. They are held to it at MAIL,
 * by the client's address and by the sender's, each to the first partner that has it; what proves a tenant is asked for as well, of everybody.
 *
 * A certificate fits when the partner's setting names its SHA-256, or that of its public key; the handshake has shown that the client holds the
 * key, so neither date nor issuer matters. Or it carries one of the partner's names and leads to a root (protect/path.ts).
 */
import { createHash, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { Partner } from '../config/config.ts';
import { domainOf } from '../mail/address.ts';
import { verifyPath } from '../protect/path.ts';
import type { Reply } from './admit.ts';
import { isInside } from './proof.ts';

/** The partner a client is held to, whatever it sends. */
export function partnerOf(clientIp: string, partners: readonly Partner[]): Partner | null {
  return partners.find(({ networks }) => isInside(clientIp, networks)) ?? null;
}

/** The partner a sender's address, in normal form, is held to, wherever it comes from; the null sender ('') is nobody's. */
export function partnerOfSender(address: string, partners: readonly Partner[]): Partner | null {
  if (address === '') return null;
  const domain = domainOf(address);
  const isOf = (entry: string) => (entry.startsWith('*.') ? domain.endsWith(entry.slice(1)) : domain === entry);
  return partners.find(({ domains }) => domains.some(isOf)) ?? null;
}

/**
 * Whether a client of `partner` (null: of none) is asked for a certificate in the handshake: when its network must show one, or when any
 * sender must, since nobody has named one yet.
 */
export function isAsked(partner: Partner | null, partners: readonly Partner[]): boolean {
  return (
    partner?.tls === 'certificate' || partners.some(({ tls, domains }) => tls === 'certificate' && domains.length > 0)
  );
}

/**
 * Why mail of the partner's may not begin, or null when it may. `chain`: what the client showed in the TLS handshake, its own certificate
 * first; null without TLS.
 */
export function lockOut(partner: Partner, chain: readonly X509Certificate[] | null, now: Date): Reply | null {
  // RFC 3207 section 4
  if (chain === null)
    return { code: 530, status: '5.7.0', text: 'Your mail may come in only over TLS: STARTTLS first' };
  if (partner.tls === 'required') return null;
  const [leaf] = chain;
  if (leaf === undefined) return refused('and your server showed none');
  if (fingerprintsOf(leaf).some((fingerprint) => partner.certificateSha256.includes(fingerprint))) return null;
  if (partner.certificateNames.length === 0) return refused('and yours is another');
  const { certificateNames: names } = partner;
  const answer = verifyPath({ chain, roots: rootsOf(partner), names, now });
  return answer.ok ? null : refused(`and yours ${answer.why}`);
}

function refused(why: string): Reply {
  const text = `Your mail may come in only with a client certificate agreed with this server, ${why}`;
  return { code: 550, status: '5.7.1', text };
}

/** Of the certificate and of its public key. */
function fingerprintsOf(leaf: X509Certificate): string[] {
  const spki = leaf.publicKey.export({ type: 'spki', format: 'der' });
  return [leaf.raw, spki].map((octets) => createHash('sha256').update(octets).digest('hex'));
}

/** Parsed once: the bundle holds some 150. */
const parsedRoots = new WeakMap<readonly string[], X509Certificate[]>();

function rootsOf({ trust }: Partner): readonly X509Certificate[] {
  const pems = trust.length > 0 ? trust : rootCertificates;
  const roots = parsedRoots.get(pems) ?? pems.map((pem) => new X509Certificate(pem));
  parsedRoots.set(pems, roots);
  return roots;
}
