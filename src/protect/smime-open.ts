/**
 * What a recipient's mail program does with an S/MIME message, for the sandbox and tests: opens it with the certificate's private key.
 *
 * Limits: RSA keys and AES-CBC only, one copy in memory; the gateway itself opens nothing.
 */
import { constants, createDecipheriv, privateDecrypt, X509Certificate } from 'node:crypto';
import { ContentInfo, EnvelopedData, IssuerAndSerialNumber, KeyTransRecipientInfo } from 'pkijs';
import type { Issued } from './issue.ts';

/** AES-CBC by object identifier. RFC 3565 section 4.1. */
const ciphers: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.1.2': 'aes-128-cbc',
  '2.16.840.1.101.3.4.1.42': 'aes-256-cbc',
};

/** The entity inside `cms` (DER). Throws when it is not for this certificate or not in a form read here. */
export function decryptSmime(holder: Issued, cms: Buffer): Buffer {
  const enveloped = new EnvelopedData({ schema: ContentInfo.fromBER(cms).content });
  const content = enveloped.encryptedContentInfo;
  const algorithm = content.contentEncryptionAlgorithm;
  const cipher = ciphers[algorithm.algorithmId];
  if (cipher === undefined) throw new Error('this kind of encryption is not read here');
  const serial = new X509Certificate(holder.certPem).serialNumber.toLowerCase();
  const key = enveloped.recipientInfos
    .map((info) => info.value)
    .filter((value) => value instanceof KeyTransRecipientInfo)
    .find(
      ({ rid }) => rid instanceof IssuerAndSerialNumber && hex(rid.serialNumber.valueBlock.valueHexView) === serial,
    );
  if (key === undefined) throw new Error('it is not encrypted to this certificate');
  const contentKey = privateDecrypt(
    { key: holder.keyPem, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from(key.encryptedKey.valueBlock.valueHexView),
  );
  const decipher = createDecipheriv(cipher, contentKey, Buffer.from(algorithm.algorithmParams.valueBlock.valueHexView));
  return Buffer.concat([decipher.update(Buffer.from(content.getEncryptedContent())), decipher.final()]);
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
