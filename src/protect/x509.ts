/**
 * Certificates: what one says and whether mail may be encrypted to it, with the reason in words (`inspectCertificate`). Making them is issue.ts.
 *
 * What is judged here is the certificate itself, its time, its purpose and its strength. Whether it leads to a trusted root is path.ts, whose names
 * it may carry certificate-names.ts, and whether it was revoked crl.ts and ocsp.ts.
 *
 * Standards: RFC 5280, RFC 8550 (certificates for mail), RFC 5480 (elliptic curve keys).
 */
import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { BasicConstraints, Certificate, ExtKeyUsage } from 'pkijs';
import { namesOf } from './certificate-names.ts';
import * as der from './der.ts';
import { DerReader, NotDer, tags } from './der-reader.ts';

/** What a certificate says. Times are epoch milliseconds. */
export type CertificateFacts = {
  readonly pem: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** The mail addresses it is for, canonical (certificate-names.ts). RFC 8550 section 3. */
  readonly addresses: readonly string[];
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** "RSA", "RSA-OAEP", "RSA-PSS", "EC P-256", "X25519", "Ed25519" ...; `bits` is null where the type says it all. */
  readonly keyType: string;
  readonly bits: number | null;
  /** Null when the extension is absent, which allows everything. */
  readonly keyUsage: readonly KeyUsage[] | null;
  /** Object identifiers, by name where it has one. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly ca: boolean;
  readonly usableForEncryption: { readonly ok: true } | { readonly ok: false; readonly why: string };
};

/** Bits of the KeyUsage extension in their order. RFC 5280 section 4.2.1.3. */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof keyUsages)[number];

export const purposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const;
export type Purpose = keyof typeof purposes;

export const extension = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  smimeCapabilities: '1.2.840.113549.1.9.15',
} as const;

/** Signatures made with MD2, MD5 or SHA-1. */
const brokenSignatures = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10045.4.1',
  '1.2.840.10040.4.3',
]);
/** A real certificate has a few kilobytes and some two hundred values; more is an attack on whoever parses it, which takes milliseconds. */
const maximumSize = 65_536;
const maximumValues = 1_000;
const maximumAddresses = 50;

/** Reads one certificate, PEM or DER. `why` is a sentence for the admin. Hostile input gets an answer, never an exception. */
export function inspectCertificate(
  input: Uint8Array | string,
  now: number,
): { readonly ok: true; readonly certificate: CertificateFacts } | { readonly ok: false; readonly why: string } {
  if (input.length > maximumSize) return { ok: false, why: `The certificate is larger than ${maximumSize} octets.` };
  try {
    const outer = new X509Certificate(input);
    if (valuesIn(outer.raw, maximumValues) > maximumValues)
      return { ok: false, why: `The certificate has more than ${maximumValues} parts.` };
    const parsed = Certificate.fromBER(outer.raw);
    return { ok: true, certificate: describe(outer, parsed, now) };
  } catch {
    return { ok: false, why: 'The certificate cannot be read: it is not well-formed X.509.' };
  }
}

/** How many values one is made of, those in extensions included; it stops counting above `most`. */
function valuesIn(octets: Buffer, most: number): number {
  const open = [new DerReader(octets)];
  let values = 0;
  for (let reader = open.pop(); reader !== undefined && values <= most; reader = open.pop()) {
    try {
      while (!reader.atEnd && values <= most) {
        const { tag, content } = reader.next();
        values += 1;
        const holds = (tag & 0x20) !== 0 || (tag === tags.octetString && content[0] === tags.sequence);
        if (holds) open.push(new DerReader(content));
      }
    } catch (error) {
      // Octets that only begin like a structure, a digest for instance.
      if (!(error instanceof NotDer)) throw error;
    }
  }
  return values;
}

function describe(outer: X509Certificate, parsed: Certificate, now: number): CertificateFacts {
  const usageBits = findExtension(parsed, extension.keyUsage);
  const purposeList = findExtension(parsed, extension.extendedKeyUsage);
  const constraints = findExtension(parsed, extension.basicConstraints);
  const facts = {
    pem: outer.toString(),
    fingerprint: createHash('sha256').update(outer.raw).digest('hex'),
    addresses: namesOf(parsed.subject, findExtension(parsed, extension.subjectAltName)).addresses,
    subject: oneLine(outer.subject),
    issuer: oneLine(outer.issuer),
    notBefore: parsed.notBefore.value.getTime(),
    notAfter: parsed.notAfter.value.getTime(),
    ...keyOf(parsed, publicKeyOf(outer, parsed)),
    keyUsage: usageBits === null ? null : readUsage(usageBits),
    extendedKeyUsage: purposeList === null ? null : ExtKeyUsage.fromBER(purposeList).keyPurposes.map(purposeName),
    ca: constraints !== null && BasicConstraints.fromBER(constraints).cA,
  };
  const known: ReadonlySet<string> = new Set(Object.values(extension));
  const unknown = parsed.extensions?.find((each) => each.critical && !known.has(each.extnID));
  const why =
    unknown === undefined
      ? whyNot(facts, parsed.signatureAlgorithm.algorithmId, now)
      : `it has a critical extension (${unknown.extnID}) that is not understood here`;
  return { ...facts, usableForEncryption: why === null ? { ok: true } : { ok: false, why } };
}

/** The first reason against encrypting to a certificate, or null. The caller puts "the certificate cannot be used: " before it. */
function whyNot(facts: Omit<CertificateFacts, 'usableForEncryption'>, signedWith: string, now: number): string | null {
  if (now > facts.notAfter) return `it expired on ${day(facts.notAfter)}`;
  if (now < facts.notBefore) return `it is valid only from ${day(facts.notBefore)}`;
  if (facts.ca) return 'it belongs to a certificate authority, not to a person';
  // RFC 8550 section 4.4.4: with the extension present, mail must be among the purposes.
  const forMail = ['emailProtection', 'anyExtendedKeyUsage'];
  if (facts.extendedKeyUsage !== null && !facts.extendedKeyUsage.some((purpose) => forMail.includes(purpose))) {
    return `it is a certificate for another purpose (${facts.extendedKeyUsage.join(', ')})`;
  }
  const rsa = facts.keyType === 'RSA' || facts.keyType === 'RSA-OAEP';
  const agrees = facts.keyType.startsWith('EC ') || facts.keyType === 'X25519';
  if ((!rsa && !agrees) || facts.keyType === 'EC unnamed')
    return `its key (${facts.keyType}) cannot be used to encrypt mail`;
  const needed = rsa ? 'keyEncipherment' : 'keyAgreement';
  // RFC 8550 section 4.4.2.
  if (facts.keyUsage !== null && !facts.keyUsage.includes(needed)) return `it does not allow encryption (no ${needed})`;
  if (rsa && (facts.bits ?? 0) < 2048) return `its RSA key has only ${facts.bits} bits (2048 is the least)`;
  if (rsa && (facts.bits ?? 0) > 8192) return `its RSA key has ${facts.bits} bits (8192 is the most)`;
  if (brokenSignatures.has(signedWith)) return 'it is signed with MD5 or SHA-1, which can be forged';
  if (facts.addresses.length === 0) return 'it names no mail address';
  if (facts.addresses.length > maximumAddresses)
    return `it names ${facts.addresses.length} addresses (${maximumAddresses} is the most)`;
  return null;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Node gives one attribute a line; escaped newlines keep a hostile name on one. */
const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ').slice(0, 500);

/** RFC 8017 appendix A.2: what a key may be used with, said in the key itself. */
const rsaEncryption = '1.2.840.113549.1.1.1';
const rsaOaep = '1.2.840.113549.1.1.7';

/** The public key. One that is for OAEP only comes as a plain RSA key, as the runtime cannot read it; `RSA-OAEP` is then its `keyType`. */
export function publicKeyOf(outer: X509Certificate, parsed: Certificate): KeyObject {
  const { algorithm, subjectPublicKey } = parsed.subjectPublicKeyInfo;
  if (algorithm.algorithmId !== rsaOaep) return outer.publicKey;
  const spki = der.sequence(
    der.sequence(der.oid(rsaEncryption), der.nothing()),
    der.bitString(subjectPublicKey.valueBlock.valueHexView),
  );
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

/** The same octets for the same public key, however its certificate says it may be used (SubjectPublicKeyInfo, DER); null where none can be read. */
export function publicKeyIn(pem: string): Buffer | null {
  try {
    const outer = new X509Certificate(pem);
    return publicKeyOf(outer, Certificate.fromBER(outer.raw)).export({ type: 'spki', format: 'der' });
  } catch {
    return null;
  }
}

const curveNames: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  brainpoolP256r1: 'brainpoolP256r1',
  brainpoolP384r1: 'brainpoolP384r1',
  brainpoolP512r1: 'brainpoolP512r1',
};

function keyOf(parsed: Certificate, key: KeyObject): { keyType: string; bits: number | null } {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key;
  const bits = details?.modulusLength ?? null;
  const oaep = parsed.subjectPublicKeyInfo.algorithm.algorithmId === rsaOaep;
  if (type === 'rsa') return { keyType: oaep ? 'RSA-OAEP' : 'RSA', bits };
  if (type === 'rsa-pss') return { keyType: 'RSA-PSS', bits };
  if (type === 'ec') return { keyType: `EC ${curveNames[details?.namedCurve ?? ''] ?? 'unnamed'}`, bits: null };
  return { keyType: `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`, bits: null };
}

export function findExtension(parsed: Certificate, id: string): Uint8Array<ArrayBuffer> | null {
  const found = parsed.extensions?.find((each) => each.extnID === id);
  return found === undefined ? null : new Uint8Array(found.extnValue.getValue());
}

/** A BIT STRING, most significant bit first. */
export function readUsage(bits: Uint8Array): KeyUsage[] {
  const octets = bits.subarray(3);
  return keyUsages.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

const purposeName = (id: string): string => Object.entries(purposes).find(([, value]) => value === id)?.[0] ?? id;
