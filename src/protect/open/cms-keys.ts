/**
 * The content key of a CMS envelope: finds among its recipients one that is ours, and opens the key that was encrypted to it, by RSA
 * (PKCS #1 v1.5 or OAEP) or by key agreement (NIST curves, X25519).
 *
 * Nobody may learn from what we do whether an RSA padding was right: with v1.5 a wrong one gives a random key (OpenSSL's implicit rejection),
 * a key of the wrong length is replaced by a random one, and the failure shows later, as any other would.
 *
 * Limits: OAEP with two different hashes, 3DES key wrap, key encryption keys, passwords and Diffie-Hellman over numbers are not read.
 */
import {
  constants,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { Certificate } from 'pkijs';
import * as der from '../der.ts';
import { extension, findExtension } from '../x509.ts';
import { octetsOf, parseValue, type Value } from './ber.ts';
import { agreements, algorithmOf, digests, keyWraps } from './identifiers.ts';
import { Refused } from './opened.ts';

/** A key of ours, opened inside the worker. */
export type Holder = {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** The certificate's issuer and serial number as DER, and its key identifier; by these a sender names it. */
  readonly issuer: Buffer;
  readonly serial: Buffer;
  readonly keyIdentifier: Buffer | null;
};

const rsaEncryption = '1.2.840.113549.1.1.1';
const rsaOaep = '1.2.840.113549.1.1.7';
const x25519 = '1.3.101.110';
/** Said of every failure alike, wherever it shows. */
export const doesNotOpen = 'The message does not open with the key it names: it was altered or damaged on its way.';

/** Recipients that are looked at. */
const mostRecipients = 2_000;
/** Keys of ours that are tried, as each costs an RSA operation. */
const mostTries = 8;

/** Who holds `privateKey`, by what the certificate says of itself. Throws when the certificate cannot be read. */
export function holderOf(id: string, pem: string, privateKey: KeyObject): Holder {
  const parsed = Certificate.fromBER(new X509Certificate(pem).raw);
  const identifier = findExtension(parsed, extension.subjectKeyIdentifier);
  return {
    id,
    privateKey,
    issuer: Buffer.from(parsed.issuer.valueBeforeDecode),
    serial: Buffer.from(parsed.serialNumber.valueBlock.valueHexView),
    keyIdentifier: identifier === null ? null : octetsOf(parseValue(identifier)),
  };
}

/** The content key, of `size` octets, and whose key opened it. Throws Refused. */
export function contentKey(
  recipientInfos: Value,
  holders: readonly Holder[],
  size: number,
): { readonly key: Buffer; readonly holder: string } {
  const infos = recipientInfos.children;
  if (infos.length > mostRecipients) throw new Refused('too-large', 'The message names more recipients than are read.');
  let tries = 0;
  let unsupported: Refused | null = null;
  for (const info of infos) {
    for (const { holder, open } of ours(info, holders)) {
      tries += 1;
      if (tries > mostTries) throw new Refused('too-large', 'The message names the same recipient too often.');
      try {
        const key = open();
        return { key: key.length === size ? key : randomBytes(size), holder: holder.id };
      } catch (error) {
        if (error instanceof Refused) unsupported = error;
      }
    }
  }
  if (unsupported !== null) throw unsupported;
  if (tries > 0) throw new Refused('altered', doesNotOpen);
  throw new Refused('no-key', 'The message is not encrypted to a key that this gateway holds.');
}

/** Of one RecipientInfo, the holders it names, and how each would open the key. RFC 5652 section 6.2. */
function ours(info: Value, holders: readonly Holder[]): { holder: Holder; open: () => Buffer }[] {
  if (info.tag === 0x30) {
    const [, rid, algorithm, encrypted] = info.children;
    if (rid === undefined || encrypted === undefined) return [];
    return holders
      .filter((holder) => names(rid, holder))
      .map((holder) => ({ holder, open: () => transported(holder, algorithm, octetsOf(encrypted)) }));
  }
  if (info.tag !== 0xa1) return [];
  const entries = info.children.at(-1)?.children ?? [];
  return entries.flatMap((entry) => {
    const [rid, encrypted] = entry.children;
    if (rid === undefined || encrypted === undefined) return [];
    return holders
      .filter((holder) => names(rid, holder))
      .map((holder) => ({ holder, open: () => agreed(holder, info, octetsOf(encrypted)) }));
  });
}

/** Issuer and serial number, or [0] a key identifier (for agreement inside a RecipientKeyIdentifier). */
function names(rid: Value, { issuer, serial, keyIdentifier }: Holder): boolean {
  if (rid.tag === 0x30) {
    const [name, number] = rid.children;
    return name !== undefined && number !== undefined && name.raw.equals(issuer) && number.content.equals(serial);
  }
  const identifier = rid.tag === 0xa0 ? rid.children[0] : rid;
  return (rid.tag & 0xdf) === 0x80 && identifier !== undefined && keyIdentifier?.equals(octetsOf(identifier)) === true;
}

/** RFC 5652 section 6.2.1; OAEP by RFC 3560. */
function transported(holder: Holder, algorithm: Value | undefined, encrypted: Buffer): Buffer {
  const { id, parameters } = algorithmOf(algorithm);
  if (holder.privateKey.asymmetricKeyType !== 'rsa')
    throw new Refused('damaged', 'The message names a key of another kind.');
  if (id === rsaEncryption)
    return privateDecrypt({ key: holder.privateKey, padding: constants.RSA_PKCS1_PADDING }, encrypted);
  if (id !== rsaOaep) throw new Refused('unsupported', 'The message key is encrypted in a way that is not read here.');
  const part = (tag: number): Value | undefined => parameters?.children.find((each) => each.tag === tag)?.children[0];
  const hashOf = (value: Value | undefined): string | undefined =>
    value === undefined ? 'sha1' : digests[algorithmOf(value).id];
  const hash = hashOf(part(0xa0));
  const mask = hashOf(algorithmOf(part(0xa1)).parameters ?? undefined);
  if (hash === undefined || hash !== mask)
    throw new Refused(
      'unsupported',
      'The message key is encrypted with two different hashes (OAEP), which is not read here.',
    );
  const source = algorithmOf(part(0xa2)).parameters;
  return privateDecrypt(
    {
      key: holder.privateKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: hash,
      ...(source === null ? {} : { oaepLabel: octetsOf(source) }),
    },
    encrypted,
  );
}

/** RFC 5652 section 6.2.2, RFC 5753 section 3.1, RFC 8418. */
function agreed(holder: Holder, info: Value, wrapped: Buffer): Buffer {
  const originator = info.children.find(({ tag }) => tag === 0xa0)?.children[0];
  const material = info.children.find(({ tag }) => tag === 0xa1)?.children[0] ?? null;
  const scheme = algorithmOf(info.children.filter(({ tag }) => tag === 0x30)[0]);
  const agreement = agreements[scheme.id];
  const wrap = keyWraps[algorithmOf(scheme.parameters ?? undefined).id];
  if (originator?.tag !== 0xa1 || agreement === undefined || wrap === undefined || scheme.parameters === null)
    throw new Refused('unsupported', 'The message key is agreed upon in a way that is not read here.');
  const point = originator.children[1]?.content.subarray(1) ?? Buffer.alloc(0);
  const shared = diffieHellman({ privateKey: holder.privateKey, publicKey: publicKeyAt(point, holder.privateKey) });
  const wrapKey = keyFrom(shared, agreement, wrap.key, scheme.parameters.raw, material);
  const unwrap = createDecipheriv(wrap.name, wrapKey, Buffer.alloc(8, 0xa6));
  return Buffer.concat([unwrap.update(wrapped), unwrap.final()]);
}

/** The sender's one-time key, on our own key's curve: OpenSSL refuses a point that is not on it. */
function publicKeyAt(point: Buffer, own: KeyObject): KeyObject {
  if (own.asymmetricKeyType === 'x25519')
    return createPublicKey({
      key: der.sequence(der.sequence(der.oid(x25519)), der.bitString(point)),
      format: 'der',
      type: 'spki',
    });
  const spki = createPublicKey(own).export({ type: 'spki', format: 'der' });
  const algorithm = parseValue(spki).children[0];
  if (own.asymmetricKeyType !== 'ec' || algorithm === undefined)
    throw new Refused('damaged', 'The message names a key of another kind.');
  return createPublicKey({ key: der.sequence(algorithm.raw, der.bitString(point)), format: 'der', type: 'spki' });
}

/** ECC-CMS-SharedInfo (RFC 5753 section 7.2) through the X9.63 KDF or HKDF (RFC 8418 section 2.2). */
function keyFrom(
  shared: Buffer,
  { hash, hkdf }: { readonly hash: string; readonly hkdf: boolean },
  size: number,
  wrapAlgorithm: Buffer,
  material: Value | null,
): Buffer {
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE(size * 8);
  const info = der.sequence(
    wrapAlgorithm,
    ...(material === null ? [] : [der.tagged(0, der.octetString(octetsOf(material)))]),
    der.tagged(2, der.octetString(bits)),
  );
  if (hkdf) return Buffer.from(hkdfSync(hash, shared, Buffer.alloc(0), info, size));
  const blocks: Buffer[] = [];
  for (let counter = 1, made = 0; made < size; counter += 1) {
    const count = Buffer.from([0, 0, 0, counter]);
    const block = createHash(hash).update(shared).update(count).update(info).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, size);
}
