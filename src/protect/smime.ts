/**
 * S/MIME: one copy of a message, encrypted for its recipients, signed for its sender, or signed and then encrypted. The entity streams through,
 * and every length is known beforehand: nothing is whole in memory, and SMTP can be told the exact size.
 *
 *   entity - signed (smime/signed.ts) - enveloped (smime/enveloped.ts) - body
 *
 * What can be used is decided before the first octet is read: whom it is for (smime/recipients.ts), who signs (smime/signer.ts).
 *
 * Standards: RFC 8551 (S/MIME).
 */
import type { OpenedSigningKey, Protected, RecipientKey, SignatureForm } from './protected.ts';
import { CannotProtect } from './protected.ts';
import { enveloped } from './smime/enveloped.ts';
import { readRecipient } from './smime/recipients.ts';
import { signed } from './smime/signed.ts';
import { readSigner } from './smime/signer.ts';
import { asOctets, counted } from './smime/stream.ts';

export type SmimeJob = {
  /** Empty: signed only. */
  readonly recipients: readonly RecipientKey[];
  readonly signer: OpenedSigningKey | null;
  readonly form: SignatureForm;
  readonly entitySize: number;
};

/**
 * The message for whoever holds the key of one of the certificates. `entity` yields the inner entity, exactly `entitySize` octets: the body's
 * iteration rejects when it yields another number. Throws CannotProtect when a certificate or the signer cannot be used now; so does
 * the iteration when the entity is to be signed and has line ends other than CRLF.
 */
export function protectSmime(job: SmimeJob, entity: AsyncIterable<Uint8Array>): Protected {
  const now = Date.now();
  const recipients = job.recipients.map((key) => readRecipient(key, now));
  const signer = job.signer === null ? null : readSigner(job.signer, now);
  const content = counted(entity, job.entitySize);
  const signature = signer === null ? null : signed(content, signer, job.form, now);
  // One program among several that cannot open GCM would leave its owner without the message. RFC 8551 section 2.7.1.
  const gcm = recipients.every((recipient, index) => recipient.gcm || job.recipients[index]?.gcm === true);
  const made =
    recipients.length === 0
      ? signature
      : enveloped(signature === null ? content : asOctets(signature), recipients, gcm);
  if (made === null) throw new CannotProtect('There is no certificate to encrypt to.');
  return {
    headerLines: `MIME-Version: 1.0\r\n${made.headerLines}`,
    size: made.body.size,
    body: made.body.octets,
  };
}
