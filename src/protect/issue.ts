/**
 * Making certificates: `issueCertificate` for development and tests, key and certificate in one step. What a certificate says and
 * whether it can be used is x509.ts, whose section numbers of RFC 5280 hold here, too.
 */
import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { Certificate } from 'pkijs';
import * as der from './der.ts';
import { extension, type KeyUsage, keyUsages, type Purpose, purposes } from './x509.ts';

const commonName = '2.5.4.3';

/** A certificate and its private key (PKCS #8), both PEM. */
export type Issued = { readonly certPem: string; readonly keyPem: string };

/** What to put in a certificate for development or tests. */
export type IssueRequest = {
  /** Common name. */
  readonly subject: string;
  /** Signs it; without one it signs itself. */
  readonly issuer?: Issued;
  readonly san?: {
    readonly dns?: readonly string[];
    readonly ip?: readonly string[];
    readonly email?: readonly string[];
  };
  readonly ca?: boolean;
  /** Epoch milliseconds; from an hour ago and for `days` (90) unless given. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly days?: number;
  /** Unless given: what an authority, a server or a mail user needs, by `ca` and `san`. */
  readonly keyUsage?: readonly KeyUsage[];
  readonly eku?: readonly Purpose[];
  /** `rsa1024` is too weak on purpose: a certificate to be refused. */
  readonly keyType?: 'p256' | 'p384' | 'rsa1024' | 'rsa2048' | 'rsa3072';
};

/**
 * Makes a key and a certificate for it. RSA keys take a few hundred milliseconds of this thread: for development and tests only.
 * RFC 5280 section 4.1.
 */
export function issueCertificate(request: IssueRequest): Issued {
  const key = newKey(request.keyType ?? 'p256');
  const signer = request.issuer === undefined ? key : createPrivateKey(request.issuer.keyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = der.sequence(der.set(der.sequence(der.oid(commonName), der.utf8String(request.subject))));
  const issuerName =
    request.issuer === undefined
      ? name
      : Buffer.from(Certificate.fromBER(new X509Certificate(request.issuer.certPem).raw).subject.valueBeforeDecode);
  const notBefore = request.notBefore ?? Date.now() - 3_600_000;
  const notAfter = request.notAfter ?? notBefore + (request.days ?? 90) * 86_400_000;
  // A positive INTEGER without leading zero octet. RFC 5280 section 4.1.2.2.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const algorithm = signatureAlgorithm(signer);
  const toBeSigned = der.sequence(
    der.tagged(0, der.integer(2)),
    der.integer(serial),
    algorithm,
    issuerName,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    name,
    spki,
    der.tagged(3, der.sequence(...extensionsFor(request, spki, createPublicKey(signer)))),
  );
  const certificate = der.sequence(toBeSigned, algorithm, der.bitString(sign('sha256', toBeSigned, signer)));
  return {
    certPem: new X509Certificate(certificate).toString(),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }),
  };
}

function newKey(type: NonNullable<IssueRequest['keyType']>): KeyObject {
  if (type === 'p256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  if (type === 'p384') return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(3)) }).privateKey;
}

/** SHA-256 with the signer's kind of key. RFC 5280 section 4.1.1.2. */
function signatureAlgorithm(signer: KeyObject): Buffer {
  if (signer.asymmetricKeyType !== 'rsa') return der.sequence(der.oid('1.2.840.10045.4.3.2'));
  return der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nothing());
}

function extensionsFor(request: IssueRequest, spki: Buffer, signer: KeyObject): Buffer[] {
  const ca = request.ca ?? false;
  const forMail = (request.san?.email ?? []).length > 0;
  const encrypts = (request.keyType ?? 'p256').startsWith('rsa') ? 'keyEncipherment' : 'keyAgreement';
  const usage = request.keyUsage ?? (ca ? ['keyCertSign', 'cRLSign'] : ['digitalSignature', encrypts]);
  const eku = request.eku ?? (ca ? [] : forMail ? ['emailProtection' as const] : ['serverAuth' as const]);
  const names = alternativeNames(request.san ?? {});
  const entry = (id: string, critical: boolean, content: Buffer): Buffer =>
    der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(content));
  const issuerId = keyIdentifier(signer.export({ type: 'spki', format: 'der' }));
  return [
    entry(extension.basicConstraints, true, der.sequence(...(ca ? [der.boolean(true)] : []))),
    entry(extension.keyUsage, true, der.namedBits(usage.map((each) => keyUsages.indexOf(each)))),
    ...(eku.length > 0
      ? [entry(extension.extendedKeyUsage, false, der.sequence(...eku.map((each) => der.oid(purposes[each]))))]
      : []),
    ...(names.length > 0 ? [entry(extension.subjectAltName, false, der.sequence(...names))] : []),
    entry(extension.subjectKeyIdentifier, false, der.octetString(keyIdentifier(spki))),
    entry(extension.authorityKeyIdentifier, false, der.sequence(der.taggedPrimitive(0, issuerId))),
  ];
}

/** Any stable name of the key will do; it names, it does not protect. RFC 5280 section 4.2.1.2. */
function keyIdentifier(spki: Buffer): Buffer {
  return createHash('sha256').update(spki).digest().subarray(0, 20);
}

function alternativeNames(san: NonNullable<IssueRequest['san']>): Buffer[] {
  return [
    ...(san.email ?? []).map((each) => der.taggedPrimitive(1, Buffer.from(each, 'latin1'))),
    ...(san.dns ?? []).map((each) => der.taggedPrimitive(2, Buffer.from(each, 'latin1'))),
    ...(san.ip ?? []).map((each) => der.taggedPrimitive(7, ipOctets(each))),
  ];
}

/** 4 or 16 octets of an IP address in text. RFC 5280 section 4.2.1.6. */
function ipOctets(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [before = [], after = []] = text
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))));
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}
