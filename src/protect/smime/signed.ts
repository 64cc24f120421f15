/**
 * Signatures: a MIME entity beside its signature (multipart/signed, readable by programs that know nothing of S/MIME) or wrapped in it (opaque).
 * The key's kind decides the algorithm (signer.ts); the entity is hashed as it passes by.
 *
 * What is signed with the entity's hash: when, by which certificate, and what the signer's program opens, which is how others learn it.
 *
 * Standards: RFC 1847 (multipart/signed), RFC 5035 (signing certificate attribute).
 * Limits: one signature, no countersignatures, no timestamps. An entity with 8-bit lines stays so: alone and clear it needs 8BITMIME on
 * its whole way, or the signature breaks.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import * as der from '../der.ts';
import type { SignatureForm } from '../protected.ts';
import { CannotProtect } from '../protected.ts';
import { hashOids } from './hashes.ts';
import type { Signer } from './signer.ts';
import { base64Lines, joined, late, type MimeEntity, type Sized } from './stream.ts';

const data = '1.2.840.113549.1.7.1';
const signedData = '1.2.840.113549.1.7.2';

const attribute = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

/** What is opened here, best first: AES-256 and AES-128 in GCM, then in CBC. RFC 8551 section 2.5.2. */
const capabilities = [
  '2.16.840.1.101.3.4.1.46',
  '2.16.840.1.101.3.4.1.6',
  '2.16.840.1.101.3.4.1.42',
  '2.16.840.1.101.3.4.1.2',
];

/** `entity` signed at `now` (epoch milliseconds). Its lines must end in CRLF: the iteration rejects with CannotProtect where one does not. */
export function signed(entity: Sized, signer: Signer, form: SignatureForm, now: number): MimeEntity {
  const hash = createHash(signer.hash);
  const seen: Sized = { size: entity.size, octets: hashed(entity.octets, hash) };
  const noHash = Buffer.alloc(createHash(signer.hash).digest().length);
  const size = closingOf(signer, attributesOf(signer, now, noHash), Buffer.alloc(signer.signatureSize)).length;
  const closing = late(size, () => {
    const attributes = attributesOf(signer, now, hash.digest());
    // RFC 5652 section 5.4: signed as a SET OF, whatever tag it has in the SignerInfo.
    return closingOf(signer, attributes, signer.sign(der.set(attributes)));
  });
  return form === 'clear' ? besides(seen, signer, closing) : within(seen, signer, closing);
}

/** RFC 1847 section 2.1, RFC 8551 section 3.5.3. */
function besides(entity: Sized, signer: Signer, closing: Sized): MimeEntity {
  const boundary = `smime-${randomBytes(18).toString('hex')}`;
  const signatureHead =
    `\r\n--${boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n` +
    'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n';
  return {
    // RFC 8551 section 3.5.3.2 writes the hash's name with a hyphen.
    headerLines:
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
      ` micalg=${signer.hash.replace('sha', 'sha-')}; boundary="${boundary}"\r\n`,
    body: joined(
      Buffer.from(`--${boundary}\r\n`, 'latin1'),
      entity,
      Buffer.from(signatureHead, 'latin1'),
      base64Lines(joined(openingOf(signer, null, closing.size), closing)),
      Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
    ),
  };
}

/** RFC 8551 section 3.5.2. */
function within(entity: Sized, signer: Signer, closing: Sized): MimeEntity {
  return {
    headerLines:
      'Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n name="smime.p7m"\r\n' +
      'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n',
    body: base64Lines(joined(openingOf(signer, entity.size, closing.size), entity, closing)),
  };
}

/** Everything of the ContentInfo before the content, or before what follows it when the content is elsewhere (null). RFC 5652 section 5.1. */
function openingOf(signer: Signer, contentSize: number | null, closingSize: number): Buffer {
  const after = (contentSize ?? 0) + closingSize;
  const begun = (tag: number, inside: Buffer, more: number): Buffer =>
    Buffer.concat([der.header(tag, inside.length + more), inside]);
  const octets = contentSize === null ? Buffer.alloc(0) : der.header(0x04, contentSize);
  const explicit = contentSize === null ? Buffer.alloc(0) : begun(0xa0, octets, contentSize);
  const content = begun(0x30, Buffer.concat([der.oid(data), explicit]), contentSize ?? 0);
  const digests = der.set(der.sequence(der.oid(hashOids[signer.hash])));
  const structure = begun(0x30, Buffer.concat([der.integer(1), digests, content]), after);
  return begun(0x30, Buffer.concat([der.oid(signedData), begun(0xa0, structure, after)]), after);
}

/** The certificates and the SignerInfo. RFC 5652 section 5.3. */
function closingOf(signer: Signer, attributes: Buffer, signature: Buffer): Buffer {
  const info = der.sequence(
    der.integer(1),
    signer.identifier,
    der.sequence(der.oid(hashOids[signer.hash])),
    der.tagged(0, attributes),
    signer.algorithm,
    der.octetString(signature),
  );
  return Buffer.concat([der.tagged(0, inOrder(signer.certificates)), der.set(info)]);
}

/** The elements of the set of signed attributes. RFC 5652 section 11, RFC 8551 section 2.5. */
function attributesOf(signer: Signer, now: number, digest: Buffer): Buffer {
  const one = (type: string, value: Buffer): Buffer => der.sequence(der.oid(type), der.set(value));
  return inOrder([
    one(attribute.contentType, der.oid(data)),
    one(attribute.messageDigest, der.octetString(digest)),
    one(attribute.signingTime, der.time(now)),
    one(attribute.smimeCapabilities, der.sequence(...capabilities.map((oid) => der.sequence(der.oid(oid))))),
    one(attribute.signingCertificateV2, der.sequence(der.sequence(signer.certificateId))),
  ]);
}

/** A SET OF is in the order of its octets. X.690 section 11.6. */
function inOrder(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(elements.toSorted((a, b) => Buffer.compare(a, b)));
}

/** A line end other than CRLF, which would be changed on the way and break the signature. RFC 8551 section 3.1.1. The ends of a chunk are left out. */
const otherLineEnd = /\r(?!\n|$)|(?<!\r|^)\n/;

async function* hashed(octets: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  let afterCr = false;
  for await (const chunk of octets) {
    if (chunk.length === 0) continue;
    // As text, a regular expression looks through it twice as fast as a loop over the octets.
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    if (afterCr !== text.startsWith('\n') || otherLineEnd.test(text)) throw lineEnds();
    afterCr = text.endsWith('\r');
    hash.update(chunk);
    yield chunk;
  }
  if (afterCr) throw lineEnds();
}

const lineEnds = (): CannotProtect =>
  new CannotProtect('The message has line ends other than CRLF, and a signature over them would break on the way.');
