/**
 * The table of what happened: one line per recipient, and whether it is what the sample was meant to show.
 */
import type { Remote } from '../plan/delivery.ts';
import type { DeliveryRow } from '../store/store.ts';
import type { SmtpReply } from './client.ts';
import type { Expectation, Sample } from './messages.ts';

/** What became of one sample. */
export type Result = {
  readonly sample: Sample;
  readonly reply: SmtpReply;
  readonly deliveries: readonly DeliveryRow[];
  /** Whether a report came back to the sender. */
  readonly bounced: boolean;
  /** Addresses of those who got a notice about it. */
  readonly told: readonly string[];
};

const heads = ['recipient', 'level', 'method', 'what proved it', 'state'] as const;

/** The table as lines of text. `keys` names the keys of the keyring by their ids. */
export function formatTable(results: readonly Result[], keys: ReadonlyMap<string, string>): string[] {
  const blocks = results.map((result) => {
    return { title: titleOf(result), deliveries: result.deliveries };
  });
  const rows = [[...heads], ...blocks.flatMap(({ deliveries }) => deliveries.map((each) => rowOf(each, keys)))];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  return [
    line(heads),
    line(widths.map((width) => '─'.repeat(width))),
    ...blocks.flatMap(({ title, deliveries }) => [
      title,
      ...deliveries.flatMap((each) => [line(rowOf(each, keys)), ...whyItWaits(each)]),
      '',
    ]),
  ];
}

function whyItWaits({ state, reason }: DeliveryRow): string[] {
  return state === 'deferred' ? [`    ${reason}`] : [];
}

function titleOf({ sample, reply, bounced, told }: Result): string {
  if (reply.code !== 250) return `${sample.title}\n  refused: ${reply.code} ${reply.text}`;
  const notes = [
    ...(bounced ? ['a report came back to the sender'] : []),
    ...told.map((address) => `${address} was told`),
  ];
  return `${sample.title}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

function rowOf(delivery: DeliveryRow, keys: ReadonlyMap<string, string>): string[] {
  return [delivery.recipient, delivery.level, methodOf(delivery), proofOf(delivery, keys), stateOf(delivery)];
}

function methodOf(delivery: DeliveryRow): string {
  return delivery.state === 'held' ? '-' : (delivery.steps[delivery.step]?.method ?? '-');
}

/** What makes sure that nobody but the recipient reads it, in words. */
function proofOf(delivery: DeliveryRow, keys: ReadonlyMap<string, string>): string {
  const step = delivery.steps[delivery.step];
  if (delivery.state === 'failed') return shortened(delivery.reason);
  if (delivery.state === 'deferred') return 'nothing was sent';
  if (delivery.state === 'held') return 'a person decides';
  if (step?.method === 'pgp' || step?.method === 'smime') return step.keys.map((id) => keys.get(id) ?? id).join(', ');
  if (step?.method === 'portal') return 'link and code, both by mail';
  return delivery.remote === null ? '-' : tlsOf(delivery.remote);
}

function tlsOf(remote: Remote): string {
  if (remote.tls === null) return 'nothing: no TLS';
  return remote.verifiedBy === null ? `${remote.tls}, not verified` : `${remote.tls}, ${remote.verifiedBy}`;
}

function stateOf(delivery: DeliveryRow): string {
  return delivery.attempts > 1 && delivery.state === 'delivered'
    ? `delivered at try ${delivery.attempts}`
    : delivery.state;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** What is other than expected, in sentences; empty when all is well. */
export function differences(results: readonly Result[]): string[] {
  return results.flatMap(({ sample, reply, deliveries, bounced, told }) => {
    if (reply.code !== sample.reply) return [`"${sample.title}": answered ${reply.code} instead of ${sample.reply}`];
    const found = sample.expected.flatMap((expected) => compare(sample, expected, deliveries));
    const strangers = deliveries.filter(
      ({ recipient }) => !sample.expected.some((expected) => expected.recipient === recipient),
    );
    return [
      ...found,
      ...strangers.map(({ recipient }) => `"${sample.title}": went to ${recipient}, who is no recipient`),
      ...(told.toSorted().join() === sample.told.toSorted().join()
        ? []
        : [
            `"${sample.title}": told was ${told.join(' and ') || 'nobody'} instead of ${sample.told.join(' and ') || 'nobody'}`,
          ]),
      ...(bounced === sample.bounces
        ? []
        : [`"${sample.title}": ${bounced ? 'came back' : 'no report came back'} to the sender`]),
    ];
  });
}

function compare(sample: Sample, expected: Expectation, deliveries: readonly DeliveryRow[]): string[] {
  const delivery = deliveries.find(({ recipient }) => recipient === expected.recipient);
  if (delivery === undefined) return [`"${sample.title}": nothing is known of ${expected.recipient}`];
  const got = `${delivery.level}, ${methodOf(delivery)}, ${delivery.state}`;
  const wanted = `${expected.level}, ${expected.method ?? '-'}, ${expected.state}`;
  return got === wanted
    ? []
    : [`"${sample.title}": ${expected.recipient} is ${got} instead of ${wanted} (${delivery.reason})`];
}
