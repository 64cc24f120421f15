/**
 * Encryption: a MIME entity inside EnvelopedData (AES-256-CBC), or inside AuthEnvelopedData (AES-256-GCM) when every recipient's program is known
 * to open it. CBC says nothing when it was tampered with, but there are programs that open nothing else, and a message that nobody can open
 * protects nobody.
 *
 * Every length is known beforehand, so the DER has definite lengths and the octets stream through.
 *
 * Standards: RFC 5652 (CMS), RFC 5083 (AuthEnvelopedData), RFC 5084 (AES-GCM in CMS), RFC 3565 (AES in CMS).
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import * as der from '../der.ts';
import { aes256Gcm, type Recipient, recipientInfo } from './recipients.ts';
import { base64Lines, type MimeEntity, type Sized } from './stream.ts';

const data = '1.2.840.113549.1.7.1';
const envelopedData = '1.2.840.113549.1.7.3';
const authEnvelopedData = '1.2.840.113549.1.9.16.1.23';
const aes256Cbc = '2.16.840.1.101.3.4.1.42';
const tagSize = 16;

/** What differs between the two forms. */
type Form = {
  /** RFC 8551 section 3.2.2. */
  readonly smimeType: string;
  readonly contentType: string;
  /** RFC 5652 section 6.1, RFC 5083 section 2.1. */
  readonly version: number;
  readonly algorithm: Buffer;
  readonly encryptedSize: number;
  /** Octets of the structure after the encrypted ones. */
  readonly closingSize: number;
  readonly cipher: { update(octets: Uint8Array): Buffer; final(): Buffer };
  /** What comes after the encrypted octets, once they are all made. */
  readonly closing: () => Buffer;
};

/** `entity` for the holders of the recipients' certificates. Throws CannotProtect when a key turns out to be none. */
export function enveloped(entity: Sized, recipients: readonly Recipient[], gcm: boolean): MimeEntity {
  const contentKey = randomBytes(32);
  const infos = recipients.map((recipient) => recipientInfo(recipient, contentKey));
  const agreed = recipients.some((recipient) => recipient.agreement !== null);
  const form = gcm ? authenticated(entity.size, contentKey) : unauthenticated(entity.size, contentKey, agreed);
  const opening = openingOf(form, infos);
  return {
    headerLines:
      `Content-Type: application/pkcs7-mime; smime-type=${form.smimeType};\r\n name="smime.p7m"\r\n` +
      'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n',
    body: base64Lines({
      size: opening.length + form.encryptedSize + form.closingSize,
      octets: encrypted(opening, entity, form),
    }),
  };
}

function unauthenticated(size: number, contentKey: Buffer, agreed: boolean): Form {
  const iv = randomBytes(16);
  return {
    smimeType: 'enveloped-data',
    contentType: envelopedData,
    version: agreed ? 2 : 0,
    algorithm: der.sequence(der.oid(aes256Cbc), der.octetString(iv)),
    // Padding always adds 1 to 16 octets. RFC 5652 section 6.3.
    encryptedSize: size + 16 - (size % 16),
    closingSize: 0,
    cipher: createCipheriv('aes-256-cbc', contentKey, iv),
    closing: () => Buffer.alloc(0),
  };
}

function authenticated(size: number, contentKey: Buffer): Form {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', contentKey, nonce);
  return {
    smimeType: 'authEnveloped-data',
    contentType: authEnvelopedData,
    version: 0,
    // GCMParameters; the tag's length must be said, 12 is the default. RFC 5084 section 3.2.
    algorithm: der.sequence(der.oid(aes256Gcm), der.sequence(der.octetString(nonce), der.integer(tagSize))),
    encryptedSize: size,
    closingSize: der.header(0x04, tagSize).length + tagSize,
    cipher,
    // Without authenticated attributes the tag covers the content alone. RFC 5083 section 2.2.
    closing: () => der.octetString(cipher.getAuthTag()),
  };
}

/** Everything of the ContentInfo that comes before the encrypted octets. RFC 5652 sections 3 and 6.1. */
function openingOf({ contentType, version, algorithm, encryptedSize, closingSize }: Form, infos: Buffer[]): Buffer {
  // A SET OF is in the order of its octets. X.690 section 11.6.
  const recipientInfos = der.set(...infos.sort((a, b) => Buffer.compare(a, b)));
  const contentHead = Buffer.concat([der.oid(data), algorithm, der.header(0x80, encryptedSize)]);
  const contentInfo = Buffer.concat([der.header(0x30, contentHead.length + encryptedSize), contentHead]);
  const body = Buffer.concat([der.integer(version), recipientInfos, contentInfo]);
  const after = encryptedSize + closingSize;
  const structure = Buffer.concat([der.header(0x30, body.length + after), body]);
  const explicit = Buffer.concat([der.header(0xa0, structure.length + after), structure]);
  const type = der.oid(contentType);
  return Buffer.concat([der.header(0x30, type.length + explicit.length + after), type, explicit]);
}

async function* encrypted(opening: Buffer, entity: Sized, form: Form): AsyncGenerator<Uint8Array> {
  yield opening;
  for await (const chunk of entity.octets) yield form.cipher.update(chunk);
  yield Buffer.concat([form.cipher.final(), form.closing()]);
}
