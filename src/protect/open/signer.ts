/**
 * What a signature that fits its certificate is worth: does the certificate lead to a trusted root for signing mail, is it the author's, and was it
 * made when the message says it was written? Whether it was revoked since is asked outside (keys/signers.ts), as that may take the network. The address is what counts, never a name that is shown.
 *
 * The time at which certificates must hold is the message's arrival, as the time in a signature is only what the signer says.
 */
import { X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { sameAddress } from '../../mail/address.ts';
import { type PathAnswer, verifyMailCertificate } from '../path.ts';
import { extension, findExtension, inspectCertificate } from '../x509.ts';
import { octetsOf, parseValue, type Value } from './ber.ts';
import { noSignature, type SignatureVerdict, type SignerKey, type Signing } from './opened.ts';
import { type RevocationInfo, wordsOn } from './revocation-info.ts';

/** Mail may wait for a person before it is signed, and clocks differ; an old signature under a new date is a replay. */
const dateTolerance = 7 * 86_400_000;

/** The certificate that a SignerInfo names, among those that came along and those known of the author; null without one. */
export function findSigner(sid: Value, sent: readonly Buffer[], known: readonly SignerKey[]): X509Certificate | null {
  const candidates = [...sent, ...known.flatMap(({ kind, material }) => (kind === 'x509' ? [material] : []))];
  for (const candidate of candidates) {
    try {
      const certificate = new X509Certificate(candidate);
      if (isNamedBy(sid, certificate)) return certificate;
    } catch {
      // One that cannot be read signs nothing.
    }
  }
  return null;
}

/** RFC 5652 section 5.3: issuer and serial number, or [0] the subject's key identifier. */
function isNamedBy(sid: Value, certificate: X509Certificate): boolean {
  if (sid.tag === 0x30) {
    const [issuer, serial] = sid.children;
    const fields = parseValue(certificate.raw).children[0]?.children ?? [];
    const [number, , name] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
    if (issuer === undefined || serial === undefined) return false;
    return name?.raw.equals(issuer.raw) === true && number?.content.equals(serial.content) === true;
  }
  if ((sid.tag & 0xdf) !== 0x80) return false;
  const identifier = findExtension(Certificate.fromBER(certificate.raw), extension.subjectKeyIdentifier);
  return identifier !== null && octetsOf(parseValue(identifier)).equals(octetsOf(sid));
}

/** The verdict on a signature that was computed to be by `certificate`'s key. `signedAt`: when it says it was made, epoch milliseconds. */
export function judgeSigner(
  certificate: X509Certificate,
  signature: { readonly signedAt: number | null; readonly gcm: boolean },
  sent: { readonly certificates: readonly Buffer[]; readonly revocation: RevocationInfo },
  signing: Signing,
  roots: readonly X509Certificate[],
): SignatureVerdict {
  const read = inspectCertificate(certificate.raw, signing.now);
  if (!read.ok) return { ...noSignature, status: 'invalid', why: read.why };
  const { addresses, fingerprint, pem } = read.certificate;
  const isAuthor = addresses.some((address) => signing.author !== null && sameAddress(address, signing.author));
  const signer = (isAuthor ? signing.author : addresses[0]) ?? null;
  const issuers = others(certificate, sent.certificates);
  const certificates = [pem, ...issuers.map(String)];
  const trusted = pathFor(certificate, issuers, signer, signing, roots);
  const revocation = trusted.ok ? wordsOn(trusted.path, sent.revocation, signing.now) : [];
  const common = { signer, fingerprint, certificates, revocation, gcm: signature.gcm };
  if (!trusted.ok) return { ...common, status: 'untrusted', why: trusted.why };
  const mismatch = mismatchOf({ isAuthor, signer, signedAt: signature.signedAt }, signing);
  if (mismatch !== null) return { ...common, status: 'mismatch', why: mismatch };
  return { ...common, status: 'valid', why: `Signed by ${signer ?? ''}.` };
}

function others(signer: X509Certificate, sent: readonly Buffer[]): X509Certificate[] {
  return sent.flatMap((raw) => {
    try {
      const certificate = new X509Certificate(raw);
      return certificate.fingerprint256 === signer.fingerprint256 ? [] : [certificate];
    } catch {
      return [];
    }
  });
}

/** A certificate that a person trusts needs no path, and has an empty one then. `why`: a sentence. */
function pathFor(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  signer: string | null,
  { keys, now }: Signing,
  roots: readonly X509Certificate[],
): PathAnswer {
  if (signer === null) return { ok: false, why: 'The certificate of the S/MIME signature names no mail address.' };
  const inKeyring = keys.some(
    ({ kind, material, trusted }) =>
      kind === 'x509' && trusted && new X509Certificate(material).fingerprint256 === leaf.fingerprint256,
  );
  const answer = verifyMailCertificate({
    leaf,
    others: issuers,
    roots,
    address: null,
    now: new Date(now),
    purpose: 'sign',
  });
  if (answer.ok) return answer;
  return inKeyring
    ? { ok: true, path: [] }
    : { ok: false, why: `The certificate of the S/MIME signature ${answer.why}.` };
}

/** Why a good signature does not fit the message it is on, or null. Shared with OpenPGP (pgp.ts). */
export function mismatchOf(
  signature: { readonly isAuthor: boolean; readonly signer: string | null; readonly signedAt: number | null },
  { author, date }: Signing,
): string | null {
  const { isAuthor, signer, signedAt } = signature;
  if (author === null) return 'The message is signed, but it does not have exactly one author.';
  if (!isAuthor)
    return `The message is signed by ${signer ?? 'somebody without an address'}, not by its author ${author}.`;
  if (date !== null && signedAt !== null && Math.abs(signedAt - date) > dateTolerance)
    return 'The message is signed, but at another time than it says it was written: it may be an old signature on a new message.';
  return null;
}
