/**
 * OCSP: the question to a responder (`ocspRequest`) and what its answer is worth (`readOcspResponse`). Pure; asking is keys/revocation.ts.
 *
 * The question has no nonce, so that a responder can answer from what it signed before. An answer counts when it is about this very certificate,
 * is fresh, and was signed by its issuer, or by a responder the issuer made out for this (OCSPSigning) and whose certificate came along.
 *
 * Standards: RFC 6960.
 * Limits: whether a delegated responder's own certificate was revoked is not asked for; they live for days.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { Certificate, ExtKeyUsage } from 'pkijs';
import { clockSkew, type Issuer, type Named, type RevocationWord, reasonText } from './crl.ts';
import * as der from './der.ts';
import { bitsOf, context, contextPrimitive, DerReader, oidText, serialText, tags, timeOf } from './der-reader.ts';
import { weaknessOf } from './path-rules.ts';
import { verifySigned } from './signed-data.ts';
import { extension, findExtension, purposes } from './x509.ts';

/** What a responder says of a certificate; of an unknown one `why` goes on after "the responder". */
export type OcspAnswer = RevocationWord | { readonly kind: 'unknown'; readonly why: string };

const sha1 = '1.3.14.3.2.26';
const basicResponse = '1.3.6.1.5.5.7.48.1.1';
/** How long an answer holds that does not say. */
const unsaidLifetime = 3_600_000;
/** Certificates of responders that are looked at. */
const mostResponders = 4;

/** DER, to be posted as application/ocsp-request. Section 4.1.1; SHA-1 only names the issuer here, and is what every responder knows. */
export function ocspRequest({ issuer, serial }: Named): Buffer {
  const certId = der.sequence(
    der.sequence(der.oid(sha1), der.nothing()),
    der.octetString(digest('sha1', issuer.name)),
    der.octetString(digest('sha1', keyOctets(issuer.certificate))),
    der.integer(serial),
  );
  return der.sequence(der.sequence(der.sequence(der.sequence(certId))));
}

/** The octets of the key itself, without what says its kind. Section 4.1.1, issuerKeyHash. */
function keyOctets(certificate: X509Certificate): Buffer {
  const { subjectPublicKey } = Certificate.fromBER(certificate.raw).subjectPublicKeyInfo;
  return Buffer.from(subjectPublicKey.valueBlock.valueHexView);
}

const digest = (hash: string, octets: Uint8Array): Buffer => createHash(hash).update(octets).digest();

/** Section 4.2. Hostile input gets `unknown`, never an exception. */
export function readOcspResponse(octets: Buffer, asked: Named, now: number): OcspAnswer {
  try {
    return readResponse(octets, asked, now);
  } catch {
    return unknown('gave an answer that cannot be read');
  }
}

const unknown = (why: string): OcspAnswer => ({ kind: 'unknown', why });

function readResponse(octets: Buffer, asked: Named, now: number): OcspAnswer {
  const response = new DerReader(octets).enter(tags.sequence);
  const status = response.next(tags.enumerated).content[0] ?? -1;
  // Section 4.2.1: 0 is successful, 3 try later, 6 unauthorized.
  if (status !== 0) return unknown(status === 3 ? 'asks to try later' : `refuses to answer (${status})`);
  const bytes = response.enter(context(0)).enter(tags.sequence);
  if (oidText(bytes.next(tags.oid)) !== basicResponse) return unknown('answers in a form that is not known here');
  const basic = new DerReader(bytes.next(tags.octetString).content).enter(tags.sequence);
  const data = basic.next(tags.sequence);
  const algorithm = basic.next(tags.sequence);
  const signature = bitsOf(basic.next(tags.bitString));
  const certificates = basic.optional(context(0));
  const keys = signersFor(asked.issuer, certificates?.content ?? null, now);
  if (!keys.some((key) => verifySigned(data.raw, algorithm, signature, key.publicKey)))
    return unknown('gave an answer that is not signed by the issuer or in its name');
  return answerIn(new DerReader(data.content), asked, now);
}

/** Who may answer for the issuer: itself, and whom it made out for this. Section 4.2.2.2. */
function signersFor(issuer: Issuer, certificates: Buffer | null, now: number): X509Certificate[] {
  const signers = [issuer.certificate];
  if (certificates === null) return signers;
  for (
    const list = new DerReader(certificates).enter(tags.sequence);
    !list.atEnd && signers.length <= mostResponders;
  ) {
    const responder = new X509Certificate(list.next(tags.sequence).raw);
    if (maySignFor(issuer, responder, now)) signers.push(responder);
  }
  return signers;
}

function maySignFor({ certificate }: Issuer, responder: X509Certificate, now: number): boolean {
  const purposeList = findExtension(Certificate.fromBER(responder.raw), extension.extendedKeyUsage);
  return (
    purposeList !== null &&
    // Section 4.2.2.2: it must be named; a certificate for any purpose is not enough.
    ExtKeyUsage.fromBER(purposeList).keyPurposes.includes(purposes.OCSPSigning) &&
    responder.validFromDate.getTime() <= now &&
    now <= responder.validToDate.getTime() &&
    weaknessOf(responder) === null &&
    responder.checkIssued(certificate) &&
    responder.verify(certificate.publicKey)
  );
}

/** Section 4.2.1, ResponseData. */
function answerIn(data: DerReader, asked: Named, now: number): OcspAnswer {
  data.optional(context(0));
  data.next();
  data.next(tags.generalizedTime);
  const responses = data.enter(tags.sequence);
  let answer = unknown('says nothing of this certificate');
  while (!responses.atEnd) {
    const single = responses.enter(tags.sequence);
    if (!isAbout(single.enter(tags.sequence), asked)) continue;
    answer = singleAnswer(single, now);
    // Revoked stands, whatever else is said.
    if (answer.kind === 'revoked') return answer;
  }
  return answer;
}

function isAbout(certId: DerReader, { issuer, serial }: Named): boolean {
  const id = oidText(certId.enter(tags.sequence).next(tags.oid));
  const hash = { [sha1]: 'sha1', '2.16.840.1.101.3.4.2.1': 'sha256' }[id];
  if (hash === undefined) return false;
  const name = certId.next(tags.octetString).content;
  const key = certId.next(tags.octetString).content;
  return (
    name.equals(digest(hash, issuer.name)) &&
    key.equals(digest(hash, keyOctets(issuer.certificate))) &&
    serialText(certId.next(tags.integer).content) === serialText(serial)
  );
}

function singleAnswer(single: DerReader, now: number): OcspAnswer {
  const status = single.next();
  const thisUpdate = timeOf(single.next(tags.generalizedTime));
  const next = single.optional(context(0));
  const nextUpdate = next === null ? null : timeOf(new DerReader(next.content).next(tags.generalizedTime));
  const until = nextUpdate ?? thisUpdate + unsaidLifetime;
  if (thisUpdate > now + clockSkew) return unknown('gave an answer from the future');
  // Section 4.2.2.1; an old "revoked" counts all the same, to be on the safe side.
  if (until + clockSkew < now && status.tag !== context(1)) return unknown('gave an answer that is too old');
  if (status.tag === contextPrimitive(0)) return { kind: 'good', since: thisUpdate, until };
  if (status.tag !== context(1)) return unknown('does not know this certificate');
  const revoked = new DerReader(status.content);
  revoked.next(tags.generalizedTime);
  const reason = revoked.optional(context(0));
  const code = reason === null ? 0 : (new DerReader(reason.content).next(tags.enumerated).content[0] ?? 0);
  return { kind: 'revoked', why: reasonText(code), since: thisUpdate, until };
}
