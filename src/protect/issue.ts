/**
 * Making certificates, key and certificate in one step (`issueCertificate`), and the lists of those taken back (`issueRevocationList`): for the tenant's own
 * authority, for development and for tests. What a certificate says and whether it can be used is x509.ts, whose section numbers of RFC 5280
 * hold here, too.
 *
 * Limits: mail addresses beyond ASCII (RFC 9598) cannot be put into a certificate.
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
import { Certificate, PublicKeyInfo } from 'pkijs';
import * as der from './der.ts';
import { extension, type KeyUsage, keyUsages, type Purpose, purposes } from './x509.ts';

const commonName = '2.5.4.3';
const crlDistributionPoints = '2.5.29.31';
const authorityInfoAccess = '1.3.6.1.5.5.7.1.1';
const crlNumber = '2.5.29.20';
const reasonCode = '2.5.29.21';

/** A certificate and its private key (PKCS #8), both PEM. */
export type Issued = { readonly certPem: string; readonly keyPem: string };

/**
 * Kinds of keys. `rsa1024` is too weak on purpose; `rsaPss2048` and `rsaOaep2048` are bound to their scheme by the certificate; X25519 and
 * Ed25519, which cannot do both, and RSA-PSS need an issuer of another kind.
 */
type KeyType =
  | 'p256'
  | 'p384'
  | 'p521'
  | 'brainpoolP256r1'
  | 'brainpoolP384r1'
  | 'brainpoolP512r1'
  | 'x25519'
  | 'ed25519'
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'rsa4096'
  | 'rsaPss2048'
  | 'rsaOaep2048';

/** What to put in a certificate. */
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
  /** Of an authority: the only mail domains it may issue for, and no authority below it. */
  readonly mailDomains?: readonly string[];
  /** Where the issuer's revocation list and its certificate are fetched. */
  readonly crlUrl?: string;
  readonly issuerUrl?: string;
  /** Epoch milliseconds; from an hour ago and for `days` (90) unless given. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly days?: number;
  /** Unless given: what an authority, a server or a mail user needs, by `ca` and `san`. */
  readonly keyUsage?: readonly KeyUsage[];
  readonly eku?: readonly Purpose[];
  readonly keyType?: KeyType;
  /** Says in the certificate that its holder's program opens AES-GCM. RFC 4262. */
  readonly aesGcm?: boolean;
};

/** Makes a key and a certificate for it. An RSA key takes a second of this thread. RFC 5280 section 4.1. */
export function issueCertificate(request: IssueRequest): Issued {
  const key = newKey(request.keyType ?? 'p256');
  const signer = request.issuer === undefined ? key : createPrivateKey(request.issuer.keyPem);
  const plainSpki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const spki = request.keyType === 'rsaOaep2048' ? forOaep(plainSpki) : plainSpki;
  const name = der.sequence(der.set(der.sequence(der.oid(commonName), der.utf8String(request.subject))));
  const issuerName = request.issuer === undefined ? name : subjectOf(request.issuer.certPem);
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

/** The DER of the subject, as an issuer is named. */
function subjectOf(certPem: string): Buffer {
  return Buffer.from(Certificate.fromBER(new X509Certificate(certPem).raw).subject.valueBeforeDecode);
}

function newKey(type: NonNullable<IssueRequest['keyType']>): KeyObject {
  if (type === 'x25519') return generateKeyPairSync('x25519').privateKey;
  if (type === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (type === 'rsaPss2048') return generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
  const bits = /^rsa(?:Oaep)?(\d+)$/.exec(type)?.[1];
  if (bits !== undefined) return generateKeyPairSync('rsa', { modulusLength: Number(bits) }).privateKey;
  const namedCurve = type.startsWith('p') ? type.replace('p', 'P-') : type;
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

/** The same RSA key, to be used with OAEP and its defaults only. RFC 8017 appendix A.2.1. */
function forOaep(spki: Buffer): Buffer {
  const { subjectPublicKey } = PublicKeyInfo.fromBER(spki);
  return der.sequence(
    der.sequence(der.oid('1.2.840.113549.1.1.7'), der.sequence()),
    der.bitString(subjectPublicKey.valueBlock.valueHexView),
  );
}

/** SHA-256 with the signer's kind of key. RFC 5280 section 4.1.1.2. */
function signatureAlgorithm(signer: KeyObject): Buffer {
  if (signer.asymmetricKeyType !== 'rsa') return der.sequence(der.oid('1.2.840.10045.4.3.2'));
  return der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nothing());
}

function extensionsFor(request: IssueRequest, spki: Buffer, signer: KeyObject): Buffer[] {
  const ca = request.ca ?? false;
  const forMail = (request.san?.email ?? []).length > 0;
  const usage = request.keyUsage ?? (ca ? ['keyCertSign', 'cRLSign'] : usageOf(request.keyType ?? 'p256'));
  const eku = request.eku ?? (ca ? [] : forMail ? ['emailProtection' as const] : ['serverAuth' as const]);
  const names = alternativeNames(request.san ?? {});
  const entry = (id: string, critical: boolean, content: Buffer): Buffer =>
    der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(content));
  const issuerId = keyIdentifier(signer.export({ type: 'spki', format: 'der' }));
  const { mailDomains = [], crlUrl, issuerUrl } = request;
  const basic = ca ? [der.boolean(true), ...(mailDomains.length > 0 ? [der.integer(0)] : [])] : [];
  return [
    entry(extension.basicConstraints, true, der.sequence(...basic)),
    entry(extension.keyUsage, true, der.namedBits(usage.map((each) => keyUsages.indexOf(each)))),
    ...(eku.length > 0
      ? [entry(extension.extendedKeyUsage, false, der.sequence(...eku.map((each) => der.oid(purposes[each]))))]
      : []),
    ...(names.length > 0 ? [entry(extension.subjectAltName, false, der.sequence(...names))] : []),
    ...(mailDomains.length > 0 ? [entry(extension.nameConstraints, false, onlyFor(mailDomains))] : []),
    ...(request.aesGcm === true ? [entry(extension.smimeCapabilities, false, der.sequence(aesGcmCapability))] : []),
    ...(crlUrl === undefined ? [] : [entry(crlDistributionPoints, false, distributionPoint(crlUrl))]),
    ...(issuerUrl === undefined ? [] : [entry(authorityInfoAccess, false, caIssuers(issuerUrl))]),
    entry(extension.subjectKeyIdentifier, false, der.octetString(keyIdentifier(spki))),
    entry(extension.authorityKeyIdentifier, false, der.sequence(der.taggedPrimitive(0, issuerId))),
  ];
}

function usageOf(type: KeyType): KeyUsage[] {
  if (type === 'x25519') return ['keyAgreement'];
  if (type === 'rsaOaep2048') return ['keyEncipherment'];
  if (type === 'ed25519' || type === 'rsaPss2048') return ['digitalSignature'];
  return ['digitalSignature', type.startsWith('rsa') ? 'keyEncipherment' : 'keyAgreement'];
}

/**
 * Mailboxes at these domains, and not critical against RFC 5280's word: GnuPG would refuse the authority, and who knows the extension heeds it anyway. For an rfc822Name a bare domain means its host, not
 * those below. RFC 5280 section 4.2.1.10.
 */
function onlyFor(domains: readonly string[]): Buffer {
  const subtrees = domains.map((domain) => der.sequence(ia5Name(1, domain)));
  return der.sequence(der.tagged(0, ...subtrees));
}

/** RFC 8551 section 2.5.2. */
const aesGcmCapability = der.sequence(der.oid('2.16.840.1.101.3.4.1.46'));

/** RFC 5280 section 4.2.1.13. */
const distributionPoint = (url: string): Buffer =>
  der.sequence(der.sequence(der.tagged(0, der.tagged(0, ia5Name(6, url)))));

/** RFC 5280 section 4.2.2.1. */
const caIssuers = (url: string): Buffer => der.sequence(der.sequence(der.oid('1.3.6.1.5.5.7.48.2'), ia5Name(6, url)));

/** A GeneralName that is an IA5String: 1 is a mail name, 6 a URI. */
const ia5Name = (choice: number, text: string): Buffer => der.taggedPrimitive(choice, Buffer.from(text, 'latin1'));

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

/** One certificate taken back: `serial` in hexadecimal, `reason` a number of RFC 5280 section 5.3.1. */
type RevokedEntry = { readonly serial: string; readonly at: number; readonly reason: number };

/** The DER of a list signed by `issuer`. Times are epoch milliseconds; `number` grows with every list. RFC 5280 section 5. */
export function issueRevocationList(
  issuer: Issued,
  list: {
    readonly number: number;
    readonly thisUpdate: number;
    readonly nextUpdate: number;
    readonly revoked: readonly RevokedEntry[];
  },
): Buffer {
  const signer = createPrivateKey(issuer.keyPem);
  const algorithm = signatureAlgorithm(signer);
  const issuerId = keyIdentifier(createPublicKey(signer).export({ type: 'spki', format: 'der' }));
  const entries = list.revoked.map(({ serial, at, reason }) => {
    const why = der.sequence(der.oid(reasonCode), der.octetString(der.enumerated(reason)));
    // RFC 5280 section 5.3.1: "unspecified" is said by saying nothing.
    const extensions = reason === 0 ? [] : [der.sequence(why)];
    return der.sequence(der.integer(Buffer.from(serial, 'hex')), der.time(at), ...extensions);
  });
  const toBeSigned = der.sequence(
    der.integer(1),
    algorithm,
    subjectOf(issuer.certPem),
    der.time(list.thisUpdate),
    der.time(list.nextUpdate),
    // RFC 5280 section 5.1.2.6: absent when there is none.
    // Joined first: a call does not take a hundred thousand arguments.
    ...(entries.length === 0 ? [] : [der.sequence(Buffer.concat(entries))]),
    der.tagged(
      0,
      der.sequence(
        der.sequence(
          der.oid(extension.authorityKeyIdentifier),
          der.octetString(der.sequence(der.taggedPrimitive(0, issuerId))),
        ),
        der.sequence(der.oid(crlNumber), der.octetString(der.integer(natural(list.number)))),
      ),
    ),
  );
  return der.sequence(toBeSigned, algorithm, der.bitString(sign('sha256', toBeSigned, signer)));
}

/** The content octets of an INTEGER. */
function natural(value: number): Buffer {
  const hex = value.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (octets[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), octets]) : octets;
}
