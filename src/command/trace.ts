/**
 * `postern trace ID|MESSAGE-ID`: what became of a message, delivery by delivery, and why (DESIGN section 6). With several messages of the same
 * Message-ID, the newest.
 */
import type { Config } from '../config/config.ts';
import type { DeliveryRow, MessageRow } from '../store/store.ts';
import { printable, printJson, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function trace(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [id, ...more] = words;
  if (id === undefined || more.length > 0) throw new UsageError('postern trace takes one message id or Message-ID.');
  const { store, close } = await openStorage(config);
  try {
    const [found] = await store.findMessages(id);
    if (found === undefined) {
      process.stderr.write(`No message with the id or Message-ID ${printable(id)} is known here.\n`);
      return 1;
    }
    const document = traceDocument(found.message, found.deliveries);
    if (json) printJson(document);
    else process.stdout.write(tracePage(document));
    return 0;
  } finally {
    await close();
  }
}

export type TraceDocument = ReturnType<typeof traceDocument>;

export function traceDocument(message: MessageRow, deliveries: readonly DeliveryRow[]) {
  return {
    id: message.id,
    messageId: message.messageId,
    tenant: message.tenant,
    from: message.mailFrom,
    receivedAt: new Date(message.receivedAt).toISOString(),
    size: message.size,
    state: message.state,
    deliveries: deliveries.map((delivery) => ({
      id: delivery.id,
      recipient: delivery.recipient,
      level: delivery.level,
      rules: delivery.rules,
      because: delivery.because,
      method: delivery.steps[delivery.step]?.method ?? null,
      state: delivery.state,
      status: delivery.status,
      reason: delivery.reason,
      attempts: delivery.attempts,
      remote: delivery.remote ?? {
        mx: null,
        ip: null,
        tls: null,
        cipher: null,
        verifiedBy: null,
        certificateSha256: null,
        reply: null,
      },
    })),
  };
}

function tracePage(document: TraceDocument): string {
  const lines = [
    `Message   ${document.id} (${document.state})`,
    `          ${document.messageId === '' ? 'no Message-ID' : document.messageId}`,
    `From      ${document.from === '' ? '<> (null sender)' : document.from}, tenant ${document.tenant}`,
    `Received  ${time(Date.parse(document.receivedAt))} UTC, ${document.size} octets`,
  ];
  for (const delivery of document.deliveries) {
    const { remote } = delivery;
    lines.push(
      '',
      `To        ${delivery.recipient}: ${delivery.state}${delivery.status === '' ? '' : ` (${delivery.status})`}`,
      `          level ${delivery.level}, method ${delivery.method ?? '-'}, attempts ${delivery.attempts}`,
    );
    if (delivery.reason !== '') lines.push(`          ${delivery.reason}`);
    if (remote.mx !== null)
      lines.push(
        `          server ${remote.mx} [${remote.ip ?? '?'}], ${remote.tls ?? 'no TLS'} ${remote.cipher ?? ''}`,
      );
    if (remote.verifiedBy !== null)
      lines.push(`          proved by ${remote.verifiedBy}, certificate ${remote.certificateSha256 ?? ''}`);
    if (remote.reply !== null) lines.push(`          it said: ${remote.reply}`);
    lines.push(...delivery.because.map((reason) => `          - ${reason}`));
  }
  return `${lines.map(printable).join('\n')}\n`;
}
