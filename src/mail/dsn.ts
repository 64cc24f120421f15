/**
 * Delivery status notifications: the report a sender gets when a message failed, is late, or, if asked for, went out.
 * `buildReport` writes one in three parts: words for a tired person, the machine's account of each recipient, and a few fields
 * of the original's header. Nothing of the body goes back, and of the envelope nobody is named but the recipients passed in.
 *
 * The caller sends it with the null reverse-path.
 *
 * Standards: RFC 3464, RFC 6522, RFC 6533.
 * Limits: the report is ASCII unless an address has a local part beyond ASCII; then its header needs SMTPUTF8.
 */

import { withoutControls } from './encoded-word.ts';
import { decodeValue, encodeField, type Field, parseHeader } from './header.ts';

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
  const { kind, hostname, original } = report;
  const boundary = `=_report_${report.id}`;
  const answers =
    original.messageId !== null && /^<[!-;=?-~]{1,250}>$/.test(original.messageId) ? original.messageId : '';
  const header = [
    encodeField('From', `Mail Delivery System <postmaster@${hostname}>`),
    encodeField('To', report.to),
    encodeField(
      'Subject',
      `${headlines[kind]}: ${original.subject === undefined ? 'your message' : original.subject || 'message without subject'}`,
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
    textPart('text/plain', 'Notification', letter(report)),
    // RFC 3464 section 2.1
    textPart(
      'message/delivery-status',
      'Delivery report',
      [messageStatus(report), ...report.recipients.map((r) => status(report, r))].join('\r\n'),
    ),
    textPart('text/rfc822-headers', 'Header of the message', returnedHeader(original.header)),
  ];
  return Buffer.from(
    `${header}\r\n${parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n')}\r\n--${boundary}--\r\n`,
  );
}

const headlines = { failed: 'Not delivered', delayed: 'Delayed', delivered: 'Sent on' } as const;
// RFC 3464 section 2.3.3: we hand over to another server; whether it reached the mailbox only that one knows.
const actions = { failed: 'failed', delayed: 'delayed', delivered: 'relayed' } as const;

function textPart(type: string, description: string, text: string): string {
  const ascii = !/[^\0-\x7f]/.test(text);
  // RFC 2046 section 5.2 lets no part of type message be encoded; what is not ASCII there is an address (RFC 6532).
  const encoding = ascii ? '7bit' : type === 'text/plain' ? 'base64' : '8bit';
  const charset = type === 'text/plain' ? `; charset=${ascii ? 'us-ascii' : 'utf-8'}` : '';
  const body =
    encoding === 'base64'
      ? Buffer.from(text)
          .toString('base64')
          .replaceAll(/.{76}(?=.)/g, '$&\r\n')
      : text;
  return `Content-Type: ${type}${charset}\r\nContent-Description: ${description}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
}

function letter(report: Report): string {
  const { kind, original, recipients } = report;
  const lines = [
    ...wrapped(openings[kind], ''),
    '',
    ...(original.subject === undefined ? [] : wrapped(`Subject: ${plain(original.subject)}`, '')),
    `Sent: ${mailDate(original.receivedAt)}`,
    '',
  ];
  for (const recipient of recipients) {
    lines.push(plain(recipient.address));
    for (const sentence of account(kind, recipient)) lines.push(...wrapped(sentence, '    '));
    lines.push('');
  }
  const advice = kind === 'failed' ? [...new Set(recipients.map((recipient) => adviceFor(recipient.status)))] : [];
  if (advice.length > 0) lines.push('What you can do:', ...advice.flatMap((sentence) => wrapped(sentence, '    ')), '');
  lines.push(
    ...wrapped(
      `This was written by the mail gateway ${report.hostname}. The details below are for your administrator.`,
      '',
    ),
    '',
  );
  return lines.join('\r\n');
}

const openings = {
  failed: 'Your message did not reach the people named below. We will not try again.',
  delayed: 'Your message has not reached the people named below yet. You need not do anything: we keep trying.',
  delivered: 'Your message was sent on to the people named below. You asked to be told.',
} as const;

function account(kind: Report['kind'], recipient: ReportRecipient): string[] {
  const sentences: string[] = [];
  const reason = plain(recipient.reason);
  if (reason !== '') sentences.push(/[.!?]$/.test(reason) ? reason : `${reason}.`);
  if (recipient.rules.length > 0) {
    const [one, many] = ['The rule that asked for protection', 'The rules that asked for protection'];
    sentences.push(
      `${recipient.rules.length === 1 ? one : many}: ${recipient.rules.map((rule) => `"${plain(rule)}"`).join(', ')}.`,
    );
  }
  // Most reasons quote it already.
  if (recipient.remoteReply && !recipient.reason.includes(recipient.remoteReply)) {
    const server = recipient.remoteMx ? `The mail server ${plain(recipient.remoteMx)}` : 'Their mail server';
    sentences.push(`${server} said: ${plain(recipient.remoteReply)}`);
  }
  if (kind === 'delayed' && recipient.retryUntil !== undefined) {
    sentences.push(
      `We keep trying until ${mailDate(recipient.retryUntil)}. If it has not gone out by then, we will tell you.`,
    );
  }
  return sentences;
}

/** RFC 3463 sections 3.2 to 3.8, from the particular to the general. */
const advices: readonly (readonly [RegExp, string])[] = [
  [
    /^\d\.1\.[1236]$/,
    'Look at the address again: a letter may be wrong, or the person may have left. Then send the message anew.',
  ],
  [
    /^\d\.(1\.10|4\.4)$/,
    'The domain takes no mail. Look at the part after the @ again, or ask the person for another address.',
  ],
  [
    /^\d\.2\.[12]$/,
    'The mailbox is full or closed. Reach the person in another way, or send the message again in some days.',
  ],
  [
    /^\d\.(2\.3|3\.4)$/,
    'The message is too large for them. Send smaller attachments, or share the files in another way.',
  ],
  [
    /^\d\.6\.7$/,
    'Their server cannot take addresses with such letters. Ask the person for an address in plain letters.',
  ],
  [
    /^\d\.7\./,
    'The message could not be sent with the protection it needs, or was not accepted. Ask your administrator which way is open.',
  ],
  [
    /^\d\.4\./,
    'Their server could not be reached for too long. Send the message again later, or reach the person in another way.',
  ],
];

function adviceFor(status: string): string {
  const [, advice] = advices.find(([pattern]) => pattern.test(status)) ?? [];
  return advice ?? 'Send the message again later. If it happens again, pass this report to your administrator.';
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
