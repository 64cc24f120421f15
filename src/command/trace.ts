/**
 * `postern trace ID|MESSAGE-ID`: what became of a message, delivery by delivery, and why (DESIGN section 6). With several messages of the same
 * Message-ID, the newest.
 */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { DeliveryRow, MessageRow } from '../store/store.ts';
import { printable, printFailure, printJson, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function trace(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [id, ...more] = words;
  if (id === undefined || more.length > 0) throw new UsageError('postern trace takes one message id or Message-ID.');
  const { store, close } = await openStorage(config);
  try {
    const [found, ...older] = await store.findMessages(id);
    if (found === undefined) {
      const error = `No message with the id or Message-ID ${printable(id)} is known here.`;
      printFailure(error, json);
      return 1;
    }
    const others = older.map(({ message }) => message.id);
    if (others.length > 0) process.stderr.write(`Others with this Message-ID, older: ${others.join(', ')}\n`);
    const history = await store.listEvents(found.message.id);
    const document = {
      ...traceDocument(found.message, found.deliveries),
      policyVersion: policyVersionIn(history.map(({ event }) => event)),
      events: history.map(eventLine),
    };
    if (json) printJson(document);
    else process.stdout.write(tracePage(document));
    return 0;
  } finally {
    await close();
  }
}

function policyVersionIn(events: readonly Event[]): string | null {
  const versions = events.flatMap((event) => (event.kind === 'message.decided' ? [event.policy] : []));
  return versions.at(-1) || null;
}

function eventLine({ at, event }: { readonly at: number; readonly event: Event }) {
  const { kind, ...detail } = event;
  return { at: new Date(at).toISOString(), kind, ...detail };
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
    deliveries: inEnvelopeOrder(message, deliveries).map((delivery) => ({
      id: delivery.id,
      recipient: delivery.recipient,
      level: delivery.level,
      rules: delivery.rules,
      because: delivery.because,
      method: delivery.state === 'held' ? null : (delivery.steps[delivery.step]?.method ?? null),
      state: delivery.state,
      status: delivery.status,
      reason: delivery.state === 'held' && delivery.reason === '' ? (delivery.because.at(-1) ?? '') : delivery.reason,
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

function inEnvelopeOrder(message: MessageRow, deliveries: readonly DeliveryRow[]): DeliveryRow[] {
  const place = new Map(message.recipients.map((recipient, index) => [recipient, index]));
  return deliveries.toSorted((a, b) => (place.get(a.recipient) ?? 0) - (place.get(b.recipient) ?? 0));
}

type Traced = TraceDocument & {
  /** Of the policy that decided; null before, and for messages of our own. */
  readonly policyVersion: string | null;
  readonly events: readonly ReturnType<typeof eventLine>[];
};

function tracePage(document: Traced): string {
  const { policyVersion } = document;
  const lines = [
    `Message   ${document.id} (${document.state})`,
    `          ${document.messageId === '' ? 'no Message-ID' : document.messageId}`,
    `From      ${document.from === '' ? '<> (null sender)' : document.from}, tenant ${document.tenant}`,
    `Received  ${time(Date.parse(document.receivedAt))} UTC, ${document.size} octets`,
    ...(policyVersion === null ? [] : [`Policy    version ${policyVersion.slice(0, 12)}`]),
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
  lines.push('', 'History', ...document.events.map(({ at, kind }) => `          ${time(Date.parse(at))}  ${kind}`));
  return `${lines.map(printable).join('\n')}\n`;
}
