/**
 * The key that signs: `readSigner` takes a certificate and its private key, judges them, and settles with which algorithm and hash they sign.
 *
 *   RSA        PKCS #1 v1.5 with SHA-256, which every mail program checks
 *   RSA-PSS    as the key's own parameters say, SHA-256 unless they do
 *   EC         ECDSA with a hash as long as the curve
 *   Ed25519    with SHA-512
 *
 * A signature has a size known beforehand, so that what it stands in has one. ECDSA's is two numbers of any length: it is made again until
 * their sum has the most likely one, a few times at most. Who sees only such signatures learns nothing that every signature does not show.
 *
 * Standards: RFC 4056 (RSA-PSS in CMS), RFC 8419 (EdDSA in CMS).
 * Limits: no Ed448, no DSA, no RSA-PSS with SHA-1 or with two different hashes.
 */
import { constants, createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import * as der from '../der.ts';
import type { OpenedSigningKey } from '../protected.ts';
import { CannotProtect } from '../protected.ts';
import { Recent } from '../recent.ts';
import { type CertificateFacts, inspectCertificate } from '../x509.ts';
import { type HashName, hashOids } from './hashes.ts';
import { issuerAndSerial, mgf1 } from './recipients.ts';

type SigningHash = Exclude<HashName, 'sha1'>;

type Algorithm = {
  readonly hash: SigningHash;
  /** AlgorithmIdentifier of the signature. */
  readonly algorithm: Buffer;
  readonly signatureSize: number;
  readonly sign: (octets: Buffer) => Buffer;
};

export type Signer = Algorithm & {
  /** DER, the signer's own first. */
  readonly certificates: readonly Buffer[];
  /** IssuerAndSerialNumber. */
  readonly identifier: Buffer;
  /** ESSCertIDv2 with SHA-256, its default. RFC 5035 section 4. */
  readonly certificateId: Buffer;
  readonly notAfter: number;
};

const signersRead = new Recent<Signer>(64);
/** A chain has two or three. */
const maximumCertificates = 10;

/** Throws CannotProtect when the key cannot sign mail at `now` (epoch milliseconds). */
export function readSigner({ certificates, privateKey }: OpenedSigningKey, now: number): Signer {
  const id = createHash('sha256').update(certificates.join('\n')).update('\0').update(privateKey).digest('hex');
  const known = signersRead.get(id);
  if (known !== undefined && known.notAfter >= now) return known;
  const [own, ...issuers] = certificates.slice(0, maximumCertificates);
  if (own === undefined) throw new CannotProtect('There is no certificate to sign with.');
  const inspected = inspectCertificate(own, now);
  if (!inspected.ok) throw new CannotProtect(inspected.why);
  const facts = inspected.certificate;
  const refused = (why: string): CannotProtect =>
    new CannotProtect(`The certificate ${facts.fingerprint} cannot sign: ${why}.`);
  const why = whyNot(facts, now);
  if (why !== null) throw refused(why);
  const key = readKey(privateKey);
  const outer = new X509Certificate(own);
  if (key === null || !outer.checkPrivateKey(key)) throw refused('its private key is not the one that is kept with it');
  const algorithm = algorithmOf(key, facts.keyType);
  if (algorithm === null) throw refused(`nothing here signs mail with its kind of key (${facts.keyType})`);
  const parsed = Certificate.fromBER(outer.raw);
  const identifier = issuerAndSerial(parsed);
  const signer = {
    ...algorithm,
    certificates: [outer.raw, ...issuers.map(derOf)],
    identifier,
    certificateId: certificateIdOf(outer, parsed),
    notAfter: facts.notAfter,
  };
  signersRead.set(id, signer);
  return signer;
}

function readKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

function derOf(pem: string): Buffer {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    throw new CannotProtect('A certificate that belongs to the one to sign with cannot be read.');
  }
}

/** What makes others refuse the signature, or null. RFC 8550 sections 4.3 and 4.4. */
function whyNot(facts: CertificateFacts, now: number): string | null {
  const { notBefore, notAfter, keyUsage, extendedKeyUsage: purposes, keyType, bits } = facts;
  if (now > notAfter) return `it expired on ${day(notAfter)}`;
  if (now < notBefore) return `it is valid only from ${day(notBefore)}`;
  const signs = keyUsage === null || keyUsage.includes('digitalSignature') || keyUsage.includes('nonRepudiation');
  if (!signs) return 'it is not meant for signatures (no digitalSignature)';
  const forMail = purposes?.some((purpose) => purpose === 'emailProtection' || purpose === 'anyExtendedKeyUsage');
  if (forMail === false) return `it is a certificate for another purpose (${purposes?.join(', ')})`;
  return bits !== null && bits < 2048 ? `its ${keyType} key has only ${bits} bits (2048 is the least)` : null;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** RFC 5035 section 4: the certificate's hash, its issuer as GeneralNames, its serial number. */
function certificateIdOf(outer: X509Certificate, { issuer, serialNumber }: Certificate): Buffer {
  const names = der.sequence(der.tagged(4, new Uint8Array(issuer.valueBeforeDecode)));
  return der.sequence(
    der.octetString(createHash('sha256').update(outer.raw).digest()),
    der.sequence(names, der.integer(serialNumber.valueBlock.valueHexView)),
  );
}

/** Octets of a curve's numbers, its hash, and the signature algorithm with it. RFC 5754 section 3.3. */
const curves: Readonly<Record<string, { readonly size: number; readonly hash: SigningHash }>> = {
  'EC P-256': { size: 32, hash: 'sha256' },
  'EC P-384': { size: 48, hash: 'sha384' },
  'EC P-521': { size: 66, hash: 'sha512' },
  'EC brainpoolP256r1': { size: 32, hash: 'sha256' },
  'EC brainpoolP384r1': { size: 48, hash: 'sha384' },
  'EC brainpoolP512r1': { size: 64, hash: 'sha512' },
};
const ecdsaWith = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' };

function algorithmOf(key: KeyObject, keyType: string): Algorithm | null {
  if (keyType === 'RSA' || keyType === 'RSA-PSS') return rsa(key, keyType === 'RSA-PSS');
  if (keyType === 'Ed25519') {
    // RFC 8419 sections 2.3 and 3.1: SHA-512 for the attribute, and the signature over the attributes themselves.
    const algorithm = der.sequence(der.oid('1.3.101.112'));
    return { hash: 'sha512', algorithm, signatureSize: 64, sign: (octets) => sign(null, octets, key) };
  }
  const curve = curves[keyType];
  if (curve === undefined) return null;
  const { size, hash } = curve;
  const signatureSize = likelySize(size);
  return {
    hash,
    algorithm: der.sequence(der.oid(ecdsaWith[hash])),
    signatureSize,
    sign: (octets) => ecdsa(key, hash, octets, signatureSize),
  };
}

function rsa(key: KeyObject, pss: boolean): Algorithm | null {
  const { modulusLength = 0, hashAlgorithm = 'sha256', mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  const signatureSize = Math.ceil(modulusLength / 8);
  if (!pss) {
    // RFC 5754 section 3.2: named by the key alone, which is what old programs look for.
    const algorithm = der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nothing());
    return { hash: 'sha256', algorithm, signatureSize, sign: (octets) => sign('sha256', octets, key) };
  }
  if (hashAlgorithm !== 'sha256' && hashAlgorithm !== 'sha384' && hashAlgorithm !== 'sha512') return null;
  if (mgf1HashAlgorithm !== undefined && mgf1HashAlgorithm !== hashAlgorithm) return null;
  const hash: SigningHash = hashAlgorithm;
  // A key's own length is the least it takes. RFC 4056 section 2.2 wants the hash's.
  const salt = Math.max(saltLength ?? 0, createHash(hash).digest().length);
  const hashId = der.sequence(der.oid(hashOids[hash]));
  const parameters = der.sequence(
    der.tagged(0, hashId),
    der.tagged(1, der.sequence(der.oid(mgf1), hashId)),
    der.tagged(2, der.integer(salt)),
  );
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt };
  return {
    hash,
    algorithm: der.sequence(der.oid('1.2.840.113549.1.1.10'), parameters),
    signatureSize,
    sign: (octets) => sign(hash, octets, options),
  };
}

/** A SEQUENCE of two INTEGERs of `size` octets, one of which needs a zero octet before it, as half of all signatures are. */
function likelySize(size: number): number {
  const inside = 2 * (2 + size) + (size === 66 ? 0 : 1);
  return der.header(0x30, inside).length + inside;
}

function ecdsa(key: KeyObject, hash: SigningHash, octets: Buffer, size: number): Buffer {
  for (let tries = 0; tries < 500; tries += 1) {
    const signature = sign(hash, octets, key);
    if (signature.length === size) return signature;
  }
  throw new Error('no signature had the likely size');
}
