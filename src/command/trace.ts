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
    else process.stdout.write(tracePage(document, history));
    return 0;
  } finally {
    await close();
  }
}

function policyVersionIn(events: readonly Event[]): string | null {
  const versions = events.flatMap((event) => (event.kind === 'message.decided' ? [event.policy] : []));
  return versions.at(-1) || null;
}

type Happened = { readonly at: number; readonly event: Event };

function eventLine({ at, event }: Happened) {
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
      remote: evidenceOf(delivery),
    })),
  };
}

/** Of the last connection, whether it carried the message or failed to; every value null before there was one. */
function evidenceOf({ remote }: DeliveryRow) {
  const nothing = { mx: null, ip: null, tls: null, cipher: null, level: null, verifiedBy: null };
  if (remote === null) return { ...nothing, certificateSha256: null, certificateNames: [], at: null, reply: null };
  return { ...remote, at: remote.at === 0 ? null : new Date(remote.at).toISOString() };
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

function tracePage(document: Traced, history: readonly Happened[]): string {
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
    lines.push(...evidenceLines(remote));
    lines.push(...delivery.because.map((reason) => `          - ${reason}`));
  }
  const happened = history.map(({ at, event }) => `          ${time(at)}  ${event.kind}${detailOf(event)}`);
  lines.push('', 'History', ...happened);
  return `${lines.map(printable).join('\n')}\n`;
}

/** What the history adds of an event that says something nowhere else. */
function detailOf(event: Event): string {
  if (event.kind === 'delivery.opened' || event.kind === 'delivery.read')
    return `  by ${event.reader ?? 'a reader of the mailbox'} (${event.proof}), from ${event.client}`;
  if (event.kind !== 'delivery.protected') return '';
  return `  ${event.method} to ${event.fingerprint}, ${event.trust} (${event.source})`;
}

/** What the connection has shown, for people. */
function evidenceLines(remote: ReturnType<typeof evidenceOf>): string[] {
  if (remote.mx === null) return [];
  const at = remote.at === null ? '' : `, ${time(Date.parse(remote.at))} UTC`;
  const backup = 'backup' in remote ? ' (a backup)' : '';
  const shown = [`server       ${remote.mx} [${remote.ip ?? '?'}]${backup}${at}`];
  if (remote.tls === null) shown.push('connection   no TLS');
  else shown.push(`connection   ${remote.tls} ${remote.cipher ?? ''}, level ${remote.level ?? '?'}`);
  if (remote.verifiedBy !== null) shown.push(`proved by    ${remote.verifiedBy}`);
  if (remote.certificateSha256 !== null) {
    const names = remote.certificateNames.length === 0 ? 'no name' : remote.certificateNames.join(', ');
    shown.push(`certificate  of ${names}`, `             SHA-256 ${remote.certificateSha256}`);
  }
  if (remote.reply !== null) shown.push(`it said      ${remote.reply}`);
  return shown.map((line) => `          ${line}`);
}
