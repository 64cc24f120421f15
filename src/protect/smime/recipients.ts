/**
 * How the content key travels to the holder of a certificate: `readRecipient` judges the certificate, `recipientInfo` encrypts the key to it.
 *
 * The certificate's own key decides: RSA with PKCS #1 v1.5, which every mail program reads; OAEP where the key says that it is for OAEP only;
 * an ephemeral Diffie-Hellman agreement and AES key wrap for elliptic curves.
 *
 * Standards: RFC 5753 (elliptic curves in CMS), RFC 8418 (X25519), RFC 3394 (AES key wrap), RFC 3560 (OAEP in CMS), RFC 4262 (capabilities in a
 * certificate).
 * Limits: OAEP with two different hashes is refused in words, as the runtime has no way to say it; so are X448, DH and keys for signing only.
 */
import type { KeyObject } from 'node:crypto';
import {
  constants,
  createCipheriv,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  publicEncrypt,
  X509Certificate,
} from 'node:crypto';
import { fromBER, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { type AlgorithmIdentifier, Certificate, RSAESOAEPParams } from 'pkijs';
import * as der from '../der.ts';
import type { RecipientKey } from '../protected.ts';
import { CannotProtect } from '../protected.ts';
import { Recent } from '../recent.ts';
import { extension, findExtension, inspectCertificate, publicKeyOf } from '../x509.ts';
import { type HashName, hashName, hashOids } from './hashes.ts';

const rsaEncryption = '1.2.840.113549.1.1.1';
const rsaesOaep = '1.2.840.113549.1.1.7';
const ecPublicKey = '1.2.840.10045.2.1';
const aes256Wrap = '2.16.840.1.101.3.4.1.45';
export const aes256Gcm = '2.16.840.1.101.3.4.1.46';

type Agreement = {
  /** The ephemeral key: its algorithm, and octets of its public half at the end of the SubjectPublicKeyInfo. */
  readonly algorithm: string;
  readonly publicSize: number;
  readonly generate: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly scheme: string;
  /** 32 octets for AES-256 key wrap. */
  readonly derive: (shared: Buffer, info: Buffer) => Buffer;
};

/** One block of the X9.63 function is enough for 32 octets. RFC 5753 section 7.1.4, SEC 1 section 3.6.1. */
const x963 =
  (hash: HashName) =>
  (shared: Buffer, info: Buffer): Buffer =>
    createHash(hash)
      .update(shared)
      .update(Buffer.from([0, 0, 0, 1]))
      .update(info)
      .digest()
      .subarray(0, 32);

/** dhSinglePass-stdDH with a hash as strong as the curve. RFC 5753 section 7.1.4. */
function onCurve(namedCurve: string, publicSize: number, scheme: string, hash: HashName): Agreement {
  const generate = () => generateKeyPairSync('ec', { namedCurve });
  return { algorithm: ecPublicKey, publicSize, generate, scheme, derive: x963(hash) };
}

const [sha256Kdf, sha384Kdf, sha512Kdf] = ['1.3.132.1.11.1', '1.3.132.1.11.2', '1.3.132.1.11.3'];

/** By the kind of the certificate's key (x509.ts). */
const agreements: Readonly<Record<string, Agreement>> = {
  'EC P-256': onCurve('P-256', 65, sha256Kdf, 'sha256'),
  'EC P-384': onCurve('P-384', 97, sha384Kdf, 'sha384'),
  'EC P-521': onCurve('P-521', 133, sha512Kdf, 'sha512'),
  'EC brainpoolP256r1': onCurve('brainpoolP256r1', 65, sha256Kdf, 'sha256'),
  'EC brainpoolP384r1': onCurve('brainpoolP384r1', 97, sha384Kdf, 'sha384'),
  'EC brainpoolP512r1': onCurve('brainpoolP512r1', 129, sha512Kdf, 'sha512'),
  // RFC 8551 section 2.3 asks for HKDF with SHA-256; it has no salt. RFC 8418 section 2.2.
  X25519: {
    algorithm: '1.3.101.110',
    publicSize: 32,
    generate: () => generateKeyPairSync('x25519'),
    scheme: '1.2.840.113549.1.9.16.3.19',
    derive: (shared, info) => Buffer.from(hkdfSync('sha256', shared, '', info, 32)),
  },
};

export type Recipient = {
  readonly fingerprint: string;
  readonly notAfter: number;
  /** IssuerAndSerialNumber. RFC 5652 section 10.2.4. */
  readonly identifier: Buffer;
  readonly key: KeyObject;
  /** Null: by key transport (RSA). */
  readonly agreement: Agreement | null;
  /** Null: PKCS #1 v1.5. */
  readonly oaep: Oaep | null;
  /** The certificate itself says that its holder's program opens AES-256-GCM. */
  readonly gcm: boolean;
};

type Oaep = { readonly algorithm: Buffer; readonly hash: HashName; readonly label: Buffer };

const recipientsRead = new Recent<Recipient>(256);

/** Throws CannotProtect when the certificate cannot be used at `now` (epoch milliseconds). */
export function readRecipient({ material }: RecipientKey, now: number): Recipient {
  const known = recipientsRead.get(material);
  // Of all that was judged the first time, only the time changes.
  if (known !== undefined && known.notAfter >= now) return known;
  const inspected = inspectCertificate(material, now);
  if (!inspected.ok) throw new CannotProtect(inspected.why);
  const { usableForEncryption: usable, fingerprint, notAfter, keyType } = inspected.certificate;
  const refused = (why: string): CannotProtect =>
    new CannotProtect(`The certificate ${fingerprint} cannot be used: ${why}.`);
  if (!usable.ok) throw refused(usable.why);
  const outer = new X509Certificate(material);
  const parsed = Certificate.fromBER(outer.raw);
  const key = publicKeyOf(outer, parsed);
  const agreement = agreements[keyType] ?? null;
  const exponent = key.asymmetricKeyDetails?.publicExponent;
  if (agreement === null && exponent === undefined) throw refused(`its key (${keyType}) is of a kind unknown here`);
  // With the exponent 1 "encrypted" is the same as plain.
  if (exponent !== undefined && (exponent < 3n || exponent % 2n === 0n)) throw refused('its RSA key is no real one');
  const oaep = keyType === 'RSA-OAEP' ? readOaep(parsed.subjectPublicKeyInfo.algorithm) : null;
  if (oaep === 'unknown') throw refused('its key asks for a form of OAEP that is not known here');
  const recipient = {
    fingerprint,
    notAfter,
    identifier: issuerAndSerial(parsed),
    key,
    agreement,
    oaep,
    gcm: capabilitiesOf(parsed).includes(aes256Gcm),
  };
  recipientsRead.set(material, recipient);
  return recipient;
}

/** RFC 5652 section 10.2.4. */
export function issuerAndSerial(certificate: Certificate): Buffer {
  return der.sequence(
    new Uint8Array(certificate.issuer.valueBeforeDecode),
    der.integer(certificate.serialNumber.valueBlock.valueHexView),
  );
}

/** What the key's own parameters ask for; a key without any may be used with every hash. RFC 4055 section 4.1. */
function readOaep({ algorithmParams: parameters }: AlgorithmIdentifier): Oaep | 'unknown' {
  if (!(parameters instanceof Sequence)) {
    const sha256 = der.sequence(der.oid(hashOids.sha256));
    const mask = der.sequence(der.oid(mgf1), sha256);
    const asked = der.sequence(der.tagged(0, sha256), der.tagged(1, mask));
    return { algorithm: der.sequence(der.oid(rsaesOaep), asked), hash: 'sha256', label: Buffer.alloc(0) };
  }
  const { hashAlgorithm, maskGenAlgorithm, pSourceAlgorithm } = new RSAESOAEPParams({ schema: parameters });
  const hash = hashName(hashAlgorithm.algorithmId);
  const maskParameters: unknown = maskGenAlgorithm.algorithmParams;
  const maskHash = maskParameters instanceof Sequence ? maskParameters.valueBlock.value[0] : null;
  const sameHash = maskHash instanceof ObjectIdentifier && maskHash.valueBlock.toString() === hashAlgorithm.algorithmId;
  // Absent it means an empty label; pkijs has another in its place.
  const labelled = parameters.valueBlock.value.some(({ idBlock }) => idBlock.tagNumber === 2);
  const label: unknown = labelled ? pSourceAlgorithm.algorithmParams : new OctetString();
  if (hash === null || !sameHash || maskGenAlgorithm.algorithmId !== mgf1 || !(label instanceof OctetString))
    return 'unknown';
  const algorithm = der.sequence(der.oid(rsaesOaep), new Uint8Array(parameters.toBER()));
  return { algorithm, hash, label: Buffer.from(label.getValue()) };
}

export const mgf1 = '1.2.840.113549.1.1.8';

/** Object identifiers of the SMIMECapabilities extension. RFC 4262, RFC 8551 section 2.5.2. */
function capabilitiesOf(certificate: Certificate): string[] {
  const found = findExtension(certificate, extension.smimeCapabilities);
  if (found === null) return [];
  const list = fromBER(found).result;
  if (!(list instanceof Sequence)) return [];
  return list.valueBlock.value.flatMap((each) => {
    const oid = each instanceof Sequence ? each.valueBlock.value[0] : null;
    return oid instanceof ObjectIdentifier ? [oid.valueBlock.toString()] : [];
  });
}

/** The RecipientInfo that carries `contentKey` (32 octets). RFC 5652 section 6.2. */
export function recipientInfo(recipient: Recipient, contentKey: Buffer): Buffer {
  try {
    return recipient.agreement === null
      ? keyTransport(recipient, contentKey)
      : keyAgreement(recipient, recipient.agreement, contentKey);
  } catch {
    // A key can be well-formed and yet be none: a point of small order, a modulus that is even.
    throw new CannotProtect(`The certificate ${recipient.fingerprint} has a key that encrypts nothing.`);
  }
}

/** RFC 5652 section 6.2.1, RFC 8551 section 2.3. */
function keyTransport({ key, identifier, oaep }: Recipient, contentKey: Buffer): Buffer {
  const encryptedKey =
    oaep === null
      ? publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey)
      : publicEncrypt(
          { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaep.hash, oaepLabel: oaep.label },
          contentKey,
        );
  const algorithm = oaep?.algorithm ?? der.sequence(der.oid(rsaEncryption), der.nothing());
  return der.sequence(der.integer(0), identifier, algorithm, der.octetString(encryptedKey));
}

/** RFC 5652 section 6.2.2, RFC 5753 section 3.1, RFC 8418 section 3.1. */
function keyAgreement({ key, identifier }: Recipient, agreement: Agreement, contentKey: Buffer): Buffer {
  const ephemeral = agreement.generate();
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: key });
  const wrapAlgorithm = der.sequence(der.oid(aes256Wrap));
  // ECC-CMS-SharedInfo with the key's length in bits. RFC 5753 section 7.2.
  const info = der.sequence(wrapAlgorithm, der.tagged(2, der.octetString(Buffer.from([0, 0, 1, 0]))));
  const wrapper = createCipheriv('id-aes256-wrap', agreement.derive(shared, info), Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([wrapper.update(contentKey), wrapper.final()]);
  const publicOctets = ephemeral.publicKey.export({ type: 'spki', format: 'der' }).subarray(-agreement.publicSize);
  const originator = der.tagged(1, der.sequence(der.oid(agreement.algorithm)), der.bitString(publicOctets));
  return der.tagged(
    1,
    der.integer(3),
    der.tagged(0, originator),
    der.sequence(der.oid(agreement.scheme), wrapAlgorithm),
    der.sequence(der.sequence(identifier, der.octetString(wrapped))),
  );
}
