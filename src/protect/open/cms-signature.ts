/**
 * One signature of a CMS structure: what its SignerInfo says (`readSigner`), and whether it is a signature by a certificate's key over the content whose
 * digests are at hand (`checkSignature`). What is not exactly as it must be is Invalid, with the reason.
 *
 * Limits: a signature without attributes counts only with RSA PKCS #1 v1.5, as only the digest of its content is left.
 */
import { constants, type Hash, type KeyObject, publicDecrypt, verify, type X509Certificate } from 'node:crypto';
import * as der from '../der.ts';
import type { Value } from './ber.ts';
import { algorithmOf, contentTypes, digests, oidOf } from './identifiers.ts';

const attributes = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  capabilities: '1.2.840.113549.1.9.15',
} as const;
const aes256Gcm = '2.16.840.1.101.3.4.1.46';
const ed25519 = '1.3.101.112';
const rsaPss = '1.2.840.113549.1.1.10';
/** Signature algorithms that name their digest. */
const signsWith: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly hash: string | null }>> = {
  '1.2.840.113549.1.1.1': { key: 'rsa', hash: null },
  '1.2.840.113549.1.1.4': { key: 'rsa', hash: 'md5' },
  '1.2.840.113549.1.1.5': { key: 'rsa', hash: 'sha1' },
  '1.2.840.113549.1.1.14': { key: 'rsa', hash: 'sha224' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.2.1': { key: 'ec', hash: null },
  '1.2.840.10045.4.1': { key: 'ec', hash: 'sha1' },
  '1.2.840.10045.4.3.1': { key: 'ec', hash: 'sha224' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
};
/** Digests that can be forged. */
export const broken: ReadonlySet<string> = new Set(['md5', 'sha1']);
/** A signature proves nothing: a sentence for the verdict. */
export class Invalid extends Error {}

/** What a signature is held against. */
export type SignedContent = {
  /** The object identifier of the content's type. */
  readonly contentType: string;
  readonly hashes: ReadonlyMap<string, Hash>;
  /** Its first octet. */
  readonly first: number | null;
};

export type SignerInfo = {
  readonly sid: Value;
  readonly hash: string;
  readonly algorithm: { readonly id: string; readonly parameters: Value | null };
  readonly signature: Buffer;
  /** The signed attributes as they are signed (a DER SET), or null without any. */
  readonly signedOctets: Buffer | null;
  readonly contentType: string | null;
  readonly digest: Buffer | null;
  readonly signedAt: number | null;
  readonly gcm: boolean;
};

/** RFC 5652 section 5.3. */
export function readSigner(info: Value): SignerInfo {
  const [, sid, digest, ...rest] = info.children;
  const attrs = rest[0]?.tag === 0xa0 ? rest[0] : null;
  const [algorithm, signature] = attrs === null ? rest : rest.slice(1);
  if (sid === undefined || algorithm === undefined || signature === undefined || signature.tag !== 0x04)
    throw new Invalid('The S/MIME signature is damaged.');
  const valueOf = (id: string): Value | null => {
    const found = (attrs?.children ?? []).filter((each) => oidOf(each.children[0]) === id);
    const values = found[0]?.children[1]?.children ?? [];
    if (found.length > 1 || values.length > 1)
      throw new Invalid('The S/MIME signature has an attribute twice that may be there once.');
    return values[0] ?? null;
  };
  const contentType = valueOf(attributes.contentType);
  const messageDigest = valueOf(attributes.messageDigest);
  const time = valueOf(attributes.signingTime);
  const capabilities = valueOf(attributes.capabilities);
  return {
    sid,
    hash: digests[algorithmOf(digest).id] ?? '',
    algorithm: algorithmOf(algorithm),
    signature: signature.content,
    // RFC 5652 section 5.4: what is signed has the tag of a SET, and DER's definite length.
    signedOctets: attrs === null ? null : Buffer.concat([der.header(0x31, attrs.content.length), attrs.content]),
    contentType: contentType === null ? null : oidOf(contentType),
    digest: messageDigest?.tag === 0x04 ? messageDigest.content : null,
    signedAt: time === null ? null : timeOf(time),
    gcm: capabilities?.children.some((each) => oidOf(each.children[0]) === aes256Gcm) === true,
  };
}

/** UTCTime or GeneralizedTime in UTC, as RFC 5652 section 11.3 wants it; null for anything else. */
function timeOf({ tag, content }: Value): number | null {
  const text = content.toString('latin1');
  const parts = (
    tag === 0x17 ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  ).exec(text);
  if (parts === null) return null;
  const [year = 0, month = 0, day, hour, minute, second] = parts.slice(1).map(Number);
  const century = tag === 0x17 ? (year < 50 ? 2000 : 1900) : 0;
  return Date.UTC(century + year, month - 1, day, hour, minute, second);
}

/** Throws Invalid unless the signature is one by the certificate's key over this content. */
export function checkSignature(info: SignerInfo, certificate: X509Certificate, content: SignedContent): void {
  if (content.contentType !== contentTypes.data)
    throw new Invalid('The S/MIME signature covers something else than mail.');
  if (broken.has(info.hash))
    throw new Invalid(`The S/MIME signature uses ${info.hash === 'md5' ? 'MD5' : 'SHA-1'}, which can be forged.`);
  const digest = content.hashes.get(info.hash)?.copy().digest();
  if (digest === undefined)
    throw new Invalid('The S/MIME signature uses a digest that is not read here, or that it does not announce.');
  const key = strongKey(certificate);
  if (info.signedOctets === null) {
    // A SET in the place of the content could be the attributes of another signature, to be taken for a message.
    if (content.first === 0x31) throw new Invalid('The S/MIME signature covers no mail.');
    if (!verifyDigest(info, key, digest)) throw new Invalid(altered);
    return;
  }
  if (info.contentType !== content.contentType) throw new Invalid('The S/MIME signature does not say what it covers.');
  if (info.digest === null || !info.digest.equals(digest)) throw new Invalid(altered);
  if (!verifyAttributes(info, key, info.signedOctets))
    throw new Invalid('The S/MIME signature does not fit its certificate.');
}

const altered = 'The message was altered after it was signed.';

function strongKey(certificate: X509Certificate): KeyObject {
  const key = certificate.publicKey;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < 2048)
    throw new Invalid(`The S/MIME signature rests on a key of ${bits} bits, which is too short.`);
  if (bits !== undefined && bits > 8192)
    throw new Invalid(`The S/MIME signature rests on a key of ${bits} bits, more than is read.`);
  return key;
}

function verifyAttributes({ algorithm, hash, signature }: SignerInfo, key: KeyObject, octets: Buffer): boolean {
  const type = key.asymmetricKeyType;
  if (algorithm.id === ed25519) return type === 'ed25519' && verify(null, octets, key, signature);
  if (algorithm.id === rsaPss)
    return (type === 'rsa' || type === 'rsa-pss') && verifyPss(algorithm.parameters, hash, key, octets, signature);
  const known = signsWith[algorithm.id];
  if (known === undefined || known.key !== type)
    throw new Invalid('The S/MIME signature is made in a way that is not read here.');
  if (known.hash !== null && known.hash !== hash)
    throw new Invalid('The S/MIME signature names two different digests.');
  return verify(hash, octets, key, signature);
}

/** RFC 4056 section 3: the digest of the message, of the mask and of the signature are one. */
function verifyPss(parameters: Value | null, hash: string, key: KeyObject, octets: Buffer, signature: Buffer): boolean {
  const part = (tag: number): Value | undefined => parameters?.children.find((each) => each.tag === tag)?.children[0];
  const named = digests[algorithmOf(part(0xa0)).id] ?? 'sha1';
  const mask = digests[algorithmOf(algorithmOf(part(0xa1)).parameters ?? undefined).id] ?? 'sha1';
  if (named !== hash || mask !== hash) throw new Invalid('The S/MIME signature names two different digests.');
  const salt = part(0xa2);
  const size = salt?.content.length ?? 0;
  const saltLength = salt === undefined ? 20 : size === 1 || size === 2 ? salt.content.readUIntBE(0, size) : -1;
  if (saltLength < 0) throw new Invalid('The S/MIME signature is damaged.');
  return verify(hash, octets, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

/** Without attributes the signature is over the content itself, of which only the digest is left. RFC 8017 section 9.2. */
function verifyDigest({ algorithm, hash, signature }: SignerInfo, key: KeyObject, digest: Buffer): boolean {
  const known = signsWith[algorithm.id];
  if (known?.key !== 'rsa' || key.asymmetricKeyType !== 'rsa' || (known.hash !== null && known.hash !== hash))
    throw new Invalid('The S/MIME signature is made in a way that is not read here.');
  const id = Object.entries(digests).find(([, name]) => name === hash)?.[0] ?? '';
  const expected = der.sequence(der.sequence(der.oid(id), der.nothing()), der.octetString(digest));
  return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(expected);
}
