/**
 * Delivery status notifications: the report a sender gets when a message failed, is late, or, if asked for, went out.
 * `buildReport` writes one in three parts: words for a tired person, the machine's account of each recipient, and a few fields
 * of the original's header. Nothing of the body goes back, and of the envelope nobody is named but the recipients passed in. The person is spoken to in
 * the tenant's language; reasons and what servers said are in English, as everywhere else they are told.
 *
 * The caller sends it with the null reverse-path.
 *
 * Standards: RFC 3464, RFC 6522, RFC 6533.
 * Limits: the report is ASCII unless an address has a local part beyond ASCII; then its header needs SMTPUTF8.
 */

import { textEntity } from './compose.ts';
import { withoutControls } from './encoded-word.ts';
import { decodeValue, encodeField, type Field, parseHeader } from './header.ts';
import { formatMoment, type Language } from './language.ts';
import { common } from './words/common.ts';
import { report as reportWords } from './words/report.ts';

export type ReportRecipient = {
  /** In normal form. */
  readonly address: string;
  /** ORCPT as the sender gave it (`rfc822;ann@corp.example`, xtext), or null. */
  readonly orcpt: string | null;
  /** RFC 3463 status. */
  readonly status: string;
  readonly remoteMx: string | null;
  /** What the remote server said last, with its reply code. */
  readonly remoteReply: string | null;
  /** What happened, in plain words, without the final full stop. */
  readonly reason: string;
  /** Names of the rules that asked for protection. */
  readonly rules: readonly string[];
  /** Epoch ms. */
  readonly lastAttemptAt: number | null;
  /** For delays: when we give up, epoch ms. */
  readonly retryUntil?: number;
};

export type Report = {
  /** `delivered`: handed over to a server that sends no report of its own. */
  readonly kind: 'failed' | 'delayed' | 'delivered';
  /** Our name, for the reporting MTA, the sender and the Message-ID. */
  readonly hostname: string;
  /** The original sender, in normal form. */
  readonly to: string;
  /** The tenant's, as its time zone is. */
  readonly language: Language;
  readonly timeZone: string;
  readonly original: {
    /** With its angle brackets, as written. */
    readonly messageId: string | null;
    /** Decoded. */
    /** Left out when it must not be repeated. */
    readonly subject?: string;
    /** Only From, To, Cc, Date, Message-ID, Subject, In-Reply-To and References of it go back. */
    readonly header: Buffer;
    /** ENVID as given (xtext), or null. */
    readonly envid: string | null;
    /** Epoch ms. */
    readonly receivedAt: number;
  };
  readonly recipients: readonly ReportRecipient[];
  /** Epoch ms. */
  readonly now: number;
  /** Letters, digits, dots and hyphens; unique: becomes the Message-ID and the boundary. */
  readonly id: string;
};

const returnedFields = new Set(['from', 'to', 'cc', 'date', 'message-id', 'subject', 'in-reply-to', 'references']);
const longestReturned = 65_536;
const textWidth = 76;

/** The report as a complete message. Throws on an id that could not stand in a header. */
export function buildReport(report: Report): Buffer {
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(report.id)) throw new TypeError('Not a report id');
  const { kind, hostname, original, language } = report;
  const words = reportWords[language];
  const boundary = `=_report_${report.id}`;
  const answers =
    original.messageId !== null && /^<[!-;=?-~]{1,250}>$/.test(original.messageId) ? original.messageId : '';
  const header = [
    encodeField('From', `Mail Delivery System <postmaster@${hostname}>`),
    encodeField('To', report.to),
    encodeField(
      'Subject',
      words.title[kind](original.subject === undefined ? words.yourMessage : original.subject || words.noSubject),
    ),
    encodeField('Date', mailDate(report.now)),
    encodeField('Message-ID', `<${report.id}@${hostname}>`),
    answers && encodeField('In-Reply-To', answers),
    answers && encodeField('References', answers),
    encodeField('Auto-Submitted', 'auto-replied'),
    encodeField('MIME-Version', '1.0'),
    // RFC 6522 section 3
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n`,
  ].join('');
  const parts = [
    `Content-Description: Notification\r\nContent-Language: ${language}\r\n${textEntity('text/plain', letter(report))}`,
    // RFC 3464 section 2.1
    plainPart(
      'message/delivery-status',
      'Delivery report',
      [messageStatus(report), ...report.recipients.map((r) => status(report, r))].join('\r\n'),
    ),
    plainPart('text/rfc822-headers', 'Header of the message', returnedHeader(original.header)),
  ];
  return Buffer.from(
    `${header}\r\n${parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n')}\r\n--${boundary}--\r\n`,
  );
}

// RFC 3464 section 2.3.3: we hand over to another server; whether it reached the mailbox only that one knows.
const actions = { failed: 'failed', delayed: 'delayed', delivered: 'relayed' } as const;

/** RFC 2046 section 5.2 lets no part of type message be encoded; what is not ASCII there is an address (RFC 6532). */
function plainPart(type: string, description: string, text: string): string {
  const encoding = /[^\0-\x7f]/.test(text) ? '8bit' : '7bit';
  return `Content-Type: ${type}\r\nContent-Description: ${description}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${text}`;
}

function letter(report: Report): string {
  const { kind, original, recipients, language, timeZone } = report;
  const words = reportWords[language];
  const lines = [
    ...wrapped(words.opening[kind], ''),
    '',
    ...(original.subject === undefined ? [] : wrapped(words.subject(plain(original.subject)), '')),
    words.sent(formatMoment(original.receivedAt, language, timeZone)),
    '',
  ];
  for (const recipient of recipients) {
    lines.push(plain(recipient.address));
    for (const sentence of account(report, recipient)) lines.push(...wrapped(sentence, '    '));
    lines.push('');
  }
  const advice = kind === 'failed' ? [...new Set(recipients.map(({ status }) => words.advice[adviceFor(status)]))] : [];
  if (advice.length > 0) lines.push(words.what, ...advice.flatMap((sentence) => wrapped(sentence, '    ')), '');
  lines.push(...wrapped(words.closing(report.hostname), ''), '');
  return lines.join('\r\n');
}

function account({ kind, language, timeZone }: Report, recipient: ReportRecipient): string[] {
  const words = reportWords[language];
  const { quoted } = common[language];
  const { rules, remoteReply, remoteMx, retryUntil } = recipient;
  const sentences: string[] = [];
  const reason = plain(recipient.reason);
  if (reason !== '') sentences.push(words.reason(/[.!?]$/.test(reason) ? reason : `${reason}.`));
  if (rules.length > 0) {
    sentences.push(words.rules(rules.length, rules.map((rule) => quoted(plain(rule))).join(', ')));
  }
  // Most reasons quote it already.
  if (remoteReply && !recipient.reason.includes(remoteReply)) {
    sentences.push(words.said(plain(remoteMx ?? ''), plain(remoteReply)));
  }
  if (kind === 'delayed' && retryUntil !== undefined) {
    sentences.push(words.until(formatMoment(retryUntil, language, timeZone)));
  }
  return sentences;
}

type Advice = keyof (typeof reportWords)['en']['advice'];

/** RFC 3463 sections 3.2 to 3.8, from the particular to the general. */
const advices: readonly (readonly [RegExp, Advice])[] = [
  [/^\d\.1\.[1236]$/, 'address'],
  [/^\d\.(1\.10|4\.4)$/, 'domain'],
  [/^\d\.2\.[12]$/, 'mailbox'],
  [/^\d\.(2\.3|3\.4)$/, 'size'],
  [/^\d\.6\.7$/, 'letters'],
  [/^\d\.7\./, 'protection'],
  [/^\d\.4\./, 'reach'],
];

function adviceFor(status: string): Advice {
  const [, advice] = advices.find(([pattern]) => pattern.test(status)) ?? [];
  return advice ?? 'other';
}

/** RFC 3464 section 2.2 */
function messageStatus({ hostname, original }: Report): string {
  return [
    original.envid === null ? '' : statusField('Original-Envelope-Id', xtextDecoded(original.envid)),
    statusField('Reporting-MTA', `dns; ${hostname}`),
    statusField('Arrival-Date', mailDate(original.receivedAt)),
  ].join('');
}

/** RFC 3464 section 2.3 */
function status({ kind }: Report, recipient: ReportRecipient): string {
  const { orcpt, remoteMx, remoteReply, lastAttemptAt, retryUntil } = recipient;
  const [, type = '', original = ''] = /^([A-Za-z0-9-]{1,30});(.*)$/s.exec(orcpt ?? '') ?? [];
  return [
    type === '' ? '' : statusField('Original-Recipient', `${type.toLowerCase()}; ${xtextDecoded(original)}`),
    statusField('Final-Recipient', finalRecipient(recipient.address)),
    statusField('Action', actions[kind]),
    statusField('Status', /^[245]\.\d{1,3}\.\d{1,3}$/.test(recipient.status) ? recipient.status : fallbackStatus[kind]),
    remoteMx === null ? '' : statusField('Remote-MTA', `dns; ${remoteMx}`),
    remoteReply === null ? '' : statusField('Diagnostic-Code', `smtp; ${remoteReply}`),
    lastAttemptAt === null ? '' : statusField('Last-Attempt-Date', mailDate(lastAttemptAt)),
    kind !== 'delayed' || retryUntil === undefined ? '' : statusField('Will-Retry-Until', mailDate(retryUntil)),
  ].join('');
}

const fallbackStatus = { failed: '5.0.0', delayed: '4.0.0', delivered: '2.0.0' } as const;

/** Fields here are ASCII and have no encoded words; other characters become question marks. */
function statusField(name: string, value: string): string {
  return encodeField(
    name,
    withoutControls(value)
      .replaceAll(/[^\x20-\x7e]/gu, '?')
      .replaceAll('=?', '= ?')
      .slice(0, 800),
  );
}

/** RFC 6533 section 3: an address beyond ASCII is of type utf-8 and written with `\x{...}`. */
function finalRecipient(address: string): string {
  if (!/[^\0-\x7f]/.test(address)) return `rfc822; ${address}`;
  return `utf-8; ${address.replaceAll(/[^!-*,-<>-[\]-~]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)}`;
}

/** RFC 3461 section 4: `+` and two hexadecimal digits stand for an octet. */
function xtextDecoded(xtext: string): string {
  return xtext
    .slice(0, 1000)
    .replaceAll(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function returnedHeader(block: Buffer): string {
  const lines: string[] = [];
  let room = longestReturned;
  for (const field of parseHeader(block)) {
    if (!returnedFields.has(field.name.toLowerCase())) continue;
    const text = returnedField(field);
    room -= text.length;
    if (room < 0) break;
    lines.push(text);
  }
  return lines.join('');
}

/** The field as it was when it is clean ASCII in lines of a legal length, else written anew. */
function returnedField(field: Field): string {
  const lines = field.raw.split('\r\n');
  const clean = lines.every(
    (line, at) => /^[\t\x20-\x7e]{1,900}$/.test(line) && (at === 0 || /^[ \t]+[^ \t]/.test(line)),
  );
  return clean ? `${field.name}:${field.raw}\r\n` : encodeField(field.name, decodeValue(field.raw));
}

/** RFC 5322 section 3.3, in universal time. */
function mailDate(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}

function plain(text: string): string {
  return withoutControls(text).trim().slice(0, 1000).toWellFormed();
}

/** Lines of at most 76 characters, each after the indent; a longer word stands alone. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > textWidth && line.trim() !== '') {
      lines.push(line);
      line = indent;
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
