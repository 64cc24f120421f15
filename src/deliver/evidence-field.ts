/**
 * The header field that tells the recipient how a message came to their server (setting `delivery.evidenceHeader`): what the handshake of the
 * connection that carries it has proved. It is known only then, so it is put before the octets as they are sent, and counts in SIZE.
 *
 * Limits: anybody can write such a field; the one that a recipient's server can rely on is the topmost, above our Received field.
 */
import { encodeField } from '../mail/header.ts';
import type { Evidence } from './peer.ts';
import type { Body } from './transaction.ts';

/** The message with the field before it. `from` is our name, `to` the server's. */
export function withEvidence<Message extends { readonly size: number | null; readonly body: Body }>(
  message: Message,
  evidence: Evidence,
  between: { readonly from: string; readonly to: string },
): Message {
  const field = Buffer.from(evidenceField(evidence, between));
  return {
    ...message,
    size: message.size === null ? null : message.size + field.length,
    body: async function* () {
      yield field;
      yield* message.body();
    },
  };
}

/** `X-Postern-TLS: from gw.example to mx.b.example with TLSv1.3 TLS_AES_256_GCM_SHA384; level=verify; proved-by="root Example CA"` */
function evidenceField(
  { tls, cipher, level, verifiedBy }: Evidence,
  { from, to }: { readonly from: string; readonly to: string },
): string {
  const proof = verifiedBy === null ? '' : `; proved-by="${verifiedBy.replaceAll(/["\\]|[^ -~]/g, '?')}"`;
  return encodeField('X-Postern-TLS', `from ${from} to ${to} with ${tls} ${cipher}; level=${level}${proof}`);
}
