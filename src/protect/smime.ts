/**
 * S/MIME for one recipient: EnvelopedData with AES-256-CBC, made while the octets stream through. Every length is known beforehand, so the
 * DER has definite lengths, nothing is kept in memory, and SMTP can be told the exact size.
 *
 * The certificate's key decides how the content key travels: RSA (PKCS #1 v1.5, which every mail program reads) or an ephemeral ECDH
 * agreement on the NIST curves.
 *
 * Standards: RFC 8551 (S/MIME), RFC 5652 (CMS), RFC 5753 (elliptic curves in CMS), RFC 3394 (AES key wrap).
 * Limits: no signatures of ours; no AuthEnvelopedData, as many mail programs still cannot open it; certificates with RSA-PSS,
 * RSA-OAEP-only, X25519 or brainpool keys are refused in words and the plan goes on.
 */
import type { KeyObject } from 'node:crypto';
import {
  constants,
  createCipheriv,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { Certificate } from 'pkijs';
import * as der from './der.ts';
import type { OpenedSigningKey, Protected, RecipientKey, SignatureForm } from './protected.ts';
import { CannotProtect } from './protected.ts';
import { Recent } from './recent.ts';
import type { CertificateFacts } from './x509.ts';
import { inspectCertificate } from './x509.ts';

const data = '1.2.840.113549.1.7.1';
const envelopedData = '1.2.840.113549.1.7.3';
const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';
const aes256Cbc = '2.16.840.1.101.3.4.1.42';
const aes256Wrap = '2.16.840.1.101.3.4.1.45';

/** Key agreement by curve: dhSinglePass-stdDH with the KDF's hash as strong as the curve. RFC 5753 section 7.1.4. */
const agreements: Readonly<Record<string, { readonly curve: string; readonly scheme: string; readonly hash: string }>> =
  {
    'EC P-256': { curve: 'P-256', scheme: '1.3.132.1.11.1', hash: 'sha256' },
    'EC P-384': { curve: 'P-384', scheme: '1.3.132.1.11.2', hash: 'sha384' },
    'EC P-521': { curve: 'P-521', scheme: '1.3.132.1.11.3', hash: 'sha512' },
  };

/** RFC 8551 section 3.3. */
const headerLines =
  'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name="smime.p7m"\r\n' +
  'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n';

/** One base64 line: 57 octets become 76 characters and CRLF. RFC 2045 section 6.8. */
const octetsPerLine = 57;

export type SmimeJob = {
  readonly recipients: readonly RecipientKey[];
  readonly signer: OpenedSigningKey | null;
  readonly form: SignatureForm;
  readonly entitySize: number;
};

/**
 * The message for whoever holds the key of one of the certificates. `entity` yields the inner entity, exactly `entitySize` octets:
 * the body's iteration rejects when it yields another number. Throws CannotProtect when a certificate cannot be used now.
 */
export function protectSmime(job: SmimeJob, entity: AsyncIterable<Uint8Array>): Protected {
  const { entitySize } = job;
  if (job.signer !== null) throw new CannotProtect('S/MIME messages are not signed here yet.');
  const recipients = job.recipients.map(({ material }) => readRecipient(material));
  if (recipients.length === 0) throw new CannotProtect('There is no certificate to encrypt to.');
  const contentKey = randomBytes(32);
  const iv = randomBytes(16);
  // CBC padding always adds 1 to 16 octets. RFC 5652 section 6.3.
  const prefix = envelope(recipients, contentKey, iv, entitySize + 16 - (entitySize % 16));
  const total = prefix.length + entitySize + 16 - (entitySize % 16);
  const characters = Math.ceil(total / 3) * 4;
  return {
    headerLines,
    size: characters + 2 * Math.ceil(characters / 76),
    body: base64Lines(encrypted(prefix, entity, entitySize, contentKey, iv)),
  };
}

type Recipient = {
  /** IssuerAndSerialNumber. RFC 5652 section 10.2.4. */
  readonly identifier: Buffer;
  readonly facts: CertificateFacts;
  readonly key: KeyObject;
};

const recipientsRead = new Recent<Recipient>(256);

function readRecipient(pem: string): Recipient {
  const now = Date.now();
  const known = recipientsRead.get(pem);
  // Of all that was judged the first time, only the time changes.
  if (known !== undefined && known.facts.notAfter >= now) return known;
  const inspected = inspectCertificate(pem, now);
  if (!inspected.ok) throw new CannotProtect(inspected.why);
  const { usableForEncryption: usable, fingerprint } = inspected.certificate;
  if (!usable.ok) throw new CannotProtect(`The certificate ${fingerprint} cannot be used: ${usable.why}.`);
  const outer = new X509Certificate(pem);
  const parsed = Certificate.fromBER(outer.raw);
  const recipient = {
    identifier: der.sequence(
      new Uint8Array(parsed.issuer.valueBeforeDecode),
      der.integer(parsed.serialNumber.valueBlock.valueHexView),
    ),
    facts: inspected.certificate,
    key: outer.publicKey,
  };
  recipientsRead.set(pem, recipient);
  return recipient;
}

/** Everything of the ContentInfo that comes before the encrypted octets. RFC 5652 sections 3 and 6.1. */
function envelope(recipients: readonly Recipient[], contentKey: Buffer, iv: Buffer, encryptedSize: number): Buffer {
  const agreed = recipients.some((recipient) => recipient.facts.keyType !== 'RSA');
  const infos = recipients.map((recipient) =>
    recipient.facts.keyType === 'RSA' ? keyTransport(recipient, contentKey) : keyAgreement(recipient, contentKey),
  );
  const recipientInfos = der.set(...infos.sort((a, b) => Buffer.compare(a, b)));
  const version = der.integer(agreed ? 2 : 0);
  const algorithm = der.sequence(der.oid(aes256Cbc), der.octetString(iv));
  const contentHead = Buffer.concat([der.oid(data), algorithm, der.header(0x80, encryptedSize)]);
  const contentInfo = Buffer.concat([der.header(0x30, contentHead.length + encryptedSize), contentHead]);
  const body = Buffer.concat([version, recipientInfos, contentInfo]);
  const enveloped = Buffer.concat([der.header(0x30, body.length + encryptedSize), body]);
  const explicit = Buffer.concat([der.header(0xa0, enveloped.length + encryptedSize), enveloped]);
  const type = der.oid(envelopedData);
  return Buffer.concat([der.header(0x30, type.length + explicit.length + encryptedSize), type, explicit]);
}

/** RFC 5652 section 6.2.1, RFC 8551 section 2.3. */
function keyTransport(recipient: Recipient, contentKey: Buffer): Buffer {
  const encryptedKey = publicEncrypt({ key: recipient.key, padding: constants.RSA_PKCS1_PADDING }, contentKey);
  return der.sequence(
    der.integer(0),
    recipient.identifier,
    der.sequence(der.oid(rsaEncryption), der.nothing()),
    der.octetString(encryptedKey),
  );
}

/** RFC 5652 section 6.2.2, RFC 5753 section 3.1. */
function keyAgreement(recipient: Recipient, contentKey: Buffer): Buffer {
  const agreement = agreements[recipient.facts.keyType];
  if (agreement === undefined) {
    throw new CannotProtect(`The certificate ${recipient.facts.fingerprint} has a key that S/MIME here cannot use.`);
  }
  const ephemeral = generateKeyPairSync('ec', { namedCurve: agreement.curve });
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient.key });
  const wrapAlgorithm = der.sequence(der.oid(aes256Wrap));
  // ECC-CMS-SharedInfo with the key's length in bits (RFC 5753 section 7.2), then one block of the X9.63 KDF.
  const info = der.sequence(wrapAlgorithm, der.tagged(2, der.octetString(Buffer.from([0, 0, 1, 0]))));
  const kek = createHash(agreement.hash)
    .update(shared)
    .update(Buffer.from([0, 0, 0, 1]))
    .update(info)
    .digest();
  const wrapper = createCipheriv('id-aes256-wrap', kek.subarray(0, 32), Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([wrapper.update(contentKey), wrapper.final()]);
  const point = ephemeral.publicKey.export({ format: 'jwk' });
  const coordinates = [point.x, point.y].map((text) => Buffer.from(text ?? '', 'base64url'));
  const originator = der.tagged(
    1,
    der.sequence(der.oid(ecPublicKey)),
    der.bitString(Buffer.concat([Buffer.from([4]), ...coordinates])),
  );
  return der.tagged(
    1,
    der.integer(3),
    der.tagged(0, originator),
    der.sequence(der.oid(agreement.scheme), wrapAlgorithm),
    der.sequence(der.sequence(recipient.identifier, der.octetString(wrapped))),
  );
}

async function* encrypted(
  prefix: Buffer,
  entity: AsyncIterable<Uint8Array>,
  entitySize: number,
  contentKey: Buffer,
  iv: Buffer,
): AsyncGenerator<Buffer> {
  const cbc = createCipheriv('aes-256-cbc', contentKey, iv);
  let size = 0;
  yield prefix;
  for await (const chunk of entity) {
    size += chunk.length;
    yield cbc.update(chunk);
  }
  // The lengths are already written: another number of octets would make a broken message, so none is made.
  if (size !== entitySize) throw new Error(`the entity has ${size} octets, ${entitySize} were announced`);
  yield cbc.final();
}

async function* base64Lines(octets: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const piece of octets) {
    waiting.push(piece);
    size += piece.length;
    // Whole lines, and some hundred of them at a time.
    if (size < 512 * octetsPerLine) continue;
    const all = Buffer.concat(waiting);
    const whole = all.length - (all.length % octetsPerLine);
    yield lines(all.subarray(0, whole));
    waiting = [all.subarray(whole)];
    size = all.length - whole;
  }
  if (size > 0) yield lines(Buffer.concat(waiting));
}

function lines(octets: Buffer): Buffer {
  const text = Buffer.from(octets.toString('base64'), 'latin1');
  const out = Buffer.allocUnsafe(text.length + 2 * Math.ceil(text.length / 76));
  let to = 0;
  for (let from = 0; from < text.length; from += 76) {
    to += text.copy(out, to, from, from + 76);
    out[to] = 0x0d;
    out[to + 1] = 0x0a;
    to += 2;
  }
  return out;
}
