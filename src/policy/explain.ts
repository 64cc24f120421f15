/**
 * What would happen to a message, as data (`postern explain --json`) and as a page for people. The command assembles the data from
 * facts, verdicts and plans; here is only its shape and its rendering.
 */
import type { TlsLevel } from '../config/config.ts';
import type { Facts } from './facts.ts';
import type { Level, Method, Otherwise } from './verdict.ts';

/** The JSON document of `postern explain --json`. */
export type Explanation = {
  readonly facts: Facts;
  readonly policy: { readonly file: string; readonly version: string };
  readonly deliveries: readonly {
    readonly recipient: string;
    readonly level: Level;
    readonly rules: readonly string[];
    readonly because: readonly string[];
    /** What would be tried, in order, with what is known of this recipient now; `none` is leaving as sent. */
    readonly methods: readonly ('none' | Method)[];
    readonly otherwise: Otherwise | null;
    readonly tls: TlsLevel | null;
    /** As it would leave. */
    readonly subject: string;
  }[];
};

/** The same as a page a person reads, ending in a line break. Control characters from the message are shown as U+FFFD. */
export function explainText(explanation: Explanation): string {
  const { facts, policy, deliveries } = explanation;
  const lines = [
    `From      ${facts.envelope.from === '' ? '<> (null sender)' : facts.envelope.from}`,
    `Subject   ${facts.subject}`,
    `Size      ${facts.size} octets`,
    `Seen      ${seen(facts)}`,
    `Policy    ${policy.file} (version ${policy.version.slice(0, 12)})`,
  ];
  for (const delivery of deliveries) {
    lines.push('', delivery.recipient, `  Level     ${delivery.level}`, `  Methods   ${methodsText(delivery)}`);
    if (delivery.subject !== facts.subject) lines.push(`  Subject   ${delivery.subject}`);
    lines.push(...delivery.because.map((reason) => `  - ${reason}`));
  }
  return `${lines.map((line) => line.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\ufffd')).join('\n')}\n`;
}

function methodsText(delivery: Explanation['deliveries'][number]): string {
  if (delivery.level === 'hold') return 'waits for a person';
  if (delivery.level === 'refuse') return 'goes back to the sender';
  const tls = delivery.tls === null ? '' : ` (TLS ${delivery.tls})`;
  const named = delivery.methods.map((method) => (method === 'none' ? 'as sent' : method));
  const otherwise = delivery.otherwise === null ? '' : `; otherwise ${delivery.otherwise}`;
  return `${named.length === 0 ? 'nothing can be tried' : named.join(', then ')}${tls}${otherwise}`;
}

function seen(facts: Facts): string {
  const flags = ['forwarded', 'autoSubmitted', 'calendar', 'signed', 'encrypted', 'rightsProtected', 'tnef'] as const;
  const words: string[] = flags.filter((flag) => facts[flag]);
  if (facts.report !== null) words.push(`report (${facts.report})`);
  if (facts.attachments.length > 0) words.push(`${facts.attachments.length} attachments`);
  if (facts.unscannable !== null) words.push(`cannot be looked through: ${facts.unscannable}`);
  return words.length === 0 ? 'nothing special' : words.join(', ');
}
