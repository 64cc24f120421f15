/**
 * What would happen to a message, as data (`postern explain --json`) and as a page for people. The command assembles the data from
 * facts, verdicts and plans; here is only its shape and its rendering.
 *
 * The page keeps to what matters: facts that are out of the ordinary, then for each recipient the level, the methods and the sentences
 * that decided, and of the rules that did not match only why not, those with the same reason on one line. Everything is in the data.
 */
import type { TlsLevel } from '../config/config.ts';
import type { AttachmentFact, Facts } from './facts.ts';
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

/** Controls, and what changes the line or the direction of writing. */
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const longestLine = 500;
/** At most so many of one sort are listed; the page says how many more there are. */
const mostShown = 8;

/** The same as a page a person reads, ending in a line break. What could draw on a terminal is shown as U+FFFD, and no line is endless. */
export function explainText(explanation: Explanation): string {
  const { facts, policy, deliveries } = explanation;
  const lines = [
    ...aboutMessage(facts),
    row('Policy', `${policy.file} (version ${policy.version.slice(0, 12)})`),
    ...deliveries.flatMap((delivery) => ['', ...aboutDelivery(delivery, facts)]),
  ];
  const shown = lines.map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
  return `${shown.map((line) => line.replaceAll(unseen, '\ufffd')).join('\n')}\n`;
}

function row(name: string, text: string, indent = ''): string {
  return `${indent}${name.padEnd(9)} ${text}`;
}

function aboutMessage(facts: Facts): string[] {
  const { envelope, labels, attachments, unscannable, doubts, thread } = facts;
  const labelNames = labels.map(({ id, name }) => (name === '' ? id : name));
  const lines = [
    row('From', envelope.from === '' ? '<> (null sender)' : envelope.from),
    row('Subject', facts.subject),
    row('Size', `${facts.size} octets`),
    row('Seen', seen(facts)),
  ];
  if (labels.length > 0) lines.push(row('Labels', listed(labelNames)));
  if (thread !== null) lines.push(row('Thread', `an earlier message left at level ${thread}`));
  lines.push(...rows('Groups', groupLines(facts)), ...rows('Files', attachments.map(attachmentText)));
  lines.push(...rows('Found', foundLines(facts)));
  if (unscannable !== null) lines.push(row('Doubt', `${unscannable} (${doubts.join(', ')})`));
  return lines;
}

/** The first line with the name, the others below it. */
function rows(name: string, texts: readonly string[], indent = ''): string[] {
  const more = texts.length - mostShown;
  const shown = more > 0 ? [...texts.slice(0, mostShown), `and ${more} more (--json shows all)`] : texts;
  return shown.map((text, index) => row(index === 0 ? name : '', text, indent));
}

function listed(texts: readonly string[]): string {
  const more = texts.length - mostShown;
  return more > 0 ? `${texts.slice(0, mostShown).join(', ')} and ${more} more` : texts.join(', ');
}

function seen(facts: Facts): string {
  const flags = ['forwarded', 'autoSubmitted', 'calendar', 'signed', 'encrypted', 'rightsProtected', 'tnef'] as const;
  const words: string[] = flags.filter((flag) => facts[flag]);
  if (facts.report !== null) words.push(`report (${facts.report})`);
  if (facts.sensitivity !== 'normal') words.push(`marked ${facts.sensitivity}`);
  if (facts.importance !== 'normal') words.push(`of ${facts.importance} importance`);
  return words.length === 0 ? 'nothing special' : words.join(', ');
}

function groupLines({ groups }: Facts): string[] {
  return Object.entries(groups.of).map(([address, names]) => `${address} is in ${listed(names)}`);
}

function attachmentText({ name, type, detected, size, encrypted, member }: AttachmentFact): string {
  const kind = detected ?? type;
  const words = [
    name === '' ? 'no name' : JSON.stringify(name),
    kind,
    detected !== null && type !== '' && detected !== type ? `declared as ${type}` : '',
    `${size} octets`,
    encrypted ? 'needs a password' : '',
    member ? 'in an archive' : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}

/** Findings by kind: how many, where, and one masked sample. */
function foundLines({ findings }: Facts): string[] {
  if (findings === null) return ['nobody knows: the content was not looked through'];
  const kinds = new Map<string, { count: number; places: string[]; sample: string }>();
  for (const { kind, count, part, sample } of findings) {
    const known = kinds.get(kind) ?? { count: 0, places: [], sample };
    kinds.set(kind, { ...known, count: known.count + count, places: [...known.places, part] });
  }
  return [...kinds].map(([kind, { count, places, sample }]) => {
    const where = places.map((place) => (/^\d/.test(place) ? `part ${place}` : place));
    return `${kind} ${count}: ${listed(where)}${sample === '' ? '' : ` (such as ${sample})`}`;
  });
}

type Delivery = Explanation['deliveries'][number];

function aboutDelivery(delivery: Delivery, facts: Facts): string[] {
  const { recipient, level, because, subject } = delivery;
  const lines = [recipient, row('Level', level, '  '), row('Methods', methodsText(delivery), '  ')];
  if (subject !== facts.subject) lines.push(row('Subject', subject, '  '));
  const misses = because.flatMap((sentence) => missOf(sentence) ?? []);
  const matched = because.filter((sentence) => sentence.startsWith('Rule "') && missOf(sentence) === null);
  const decided = because.filter((sentence) => !sentence.startsWith('Rule "'));
  lines.push(...rows('Because', decided, '  '), ...rows('Matched', matched.map(withoutPrefix), '  '));
  const names = new Map<string, string[]>();
  for (const { name, reason } of misses) names.set(reason, [...(names.get(reason) ?? []), `"${name}"`]);
  const grouped = [...names].map(([reason, of]) => `${reason}: ${listed(of)}`);
  return [...lines, ...rows('Not', grouped, '  ')];
}

const missed = '" did not match: ';

/** The rule and its reason, of a sentence about a rule that did not match. */
function missOf(sentence: string): { readonly name: string; readonly reason: string } | null {
  const at = sentence.startsWith('Rule "') ? sentence.indexOf(missed) : -1;
  return at === -1 ? null : { name: sentence.slice(6, at), reason: sentence.slice(at + missed.length, -1) };
}

function withoutPrefix(sentence: string): string {
  return sentence.slice('Rule '.length).replace('" matched: ', '": ');
}

function methodsText(delivery: Delivery): string {
  if (delivery.level === 'hold') return 'waits for a person';
  if (delivery.level === 'refuse') return 'goes back to the sender';
  const tls = delivery.tls === null ? '' : ` (TLS ${delivery.tls})`;
  const named = delivery.methods.map((method) => (method === 'none' ? 'as sent' : method));
  const otherwise = delivery.otherwise === null ? '' : `; otherwise ${delivery.otherwise}`;
  return `${named.length === 0 ? 'nothing can be tried' : named.join(', then ')}${tls}${otherwise}`;
}
