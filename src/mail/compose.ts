/**
 * Messages of our own: `composeMessage` turns fields and texts into octets; `notificationMessage` says that a message waits in the portal;
 * `codeMessage` carries the code that opens it. Their words are in words/, one file a letter; letter.ts gives them their look.
 *
 * Every header value passes `encodeField`, so no string from outside can start a second field. Neither message carries content of the
 * message it is about, pictures or anything remote. Both come from the sender's organisation (an address in its own domain, so that SPF, DKIM
 * and DMARC can align), say so in words a person can check, and are marked as automatic so that no out-of-office answers them.
 *
 * Standards: RFC 3834.
 */
import { createHash } from 'node:crypto';
import { domainOf, formatMailbox, type Mailbox } from './address.ts';
import { encodeField } from './header.ts';
import { formatMoment } from './language.ts';
import { type Letter, type LetterStyle, letterHtml, letterText } from './letter.ts';
import { check, closing, displayName, noReplies, oneLine, phraseIn, type Voice } from './voice.ts';
import { code as codeWords } from './words/code.ts';
import { notification as notificationWords } from './words/notification.ts';

export type OwnText = {
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly replyTo?: Mailbox;
  readonly subject: string;
  readonly text: string;
  /** A complete HTML document that says the same as `text`. */
  readonly html?: string;
  /** With its angle brackets. */
  readonly messageId: string;
  /** Epoch milliseconds. */
  readonly date: number;
  readonly autoSubmitted: 'auto-generated' | 'auto-replied';
  /** Further fields, in order. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
};

export type Notification = {
  /** Our own address in the sender's domain, from `serviceAddress`. */
  readonly from: string;
  readonly to: string;
  /** Who sent the waiting message: the address, and the display name or empty. */
  readonly sender: string;
  readonly senderName: string;
  readonly voice: Voice;
  /** The one link. It carries a token and nothing about the recipient. */
  readonly link: string;
  /** Until when the message waits, epoch milliseconds. */
  readonly expiresAt: number;
  /** Of the waiting message, where policy lets it be told; else null. */
  readonly subject: string | null;
  /** Whether a code by mail is enough to open it. */
  readonly byCode: boolean;
  /** Message-ID and References of the waiting message as it has them, or empty: the notification joins its thread. */
  readonly originalMessageId: string;
  readonly originalReferences: string;
  readonly messageId: string;
  readonly date: number;
};

export type CodeNotice = Pick<Notification, 'from' | 'to' | 'sender' | 'voice' | 'messageId' | 'date'> & {
  readonly code: string;
  /** Whether it is the long one, which is mailed when codes were asked for often. */
  readonly long: boolean;
  /** How long the code is good for. */
  readonly minutes: number;
  /** What we know of who asked: an address on the network. */
  readonly askedFrom: string;
  /** Origin of the portal. */
  readonly portalUrl: string;
};

/**
 * Our own address for messages about mail from `sender`: in the sender's domain when it is one of the tenant's, else in the tenant's first. `local` is
 * the part before the @.
 */
export function serviceAddress(sender: string, tenantDomains: readonly string[], local = 'secure-mail'): string {
  const domain = domainOf(sender);
  const aligned = tenantDomains.includes(domain) ? domain : tenantDomains[0];
  if (aligned === undefined) throw new Error('a tenant without a domain');
  return `${local}@${aligned}`;
}

/** The octets of a complete message: CRLF line ends, lines within 998 octets, ASCII only. */
export function composeMessage(message: OwnText): Buffer {
  const fields = [
    encodeField('Date', new Date(message.date).toUTCString().replace('GMT', '+0000')),
    encodeField('From', formatMailbox(message.from)),
    ...(message.replyTo === undefined ? [] : [encodeField('Reply-To', formatMailbox(message.replyTo))]),
    encodeField('To', formatMailbox(message.to)),
    encodeField('Subject', message.subject),
    encodeField('Message-ID', message.messageId),
    encodeField('Auto-Submitted', message.autoSubmitted), // RFC 3834 section 5
    ...(message.headers ?? []).map(([name, value]) => encodeField(name, value)),
    encodeField('MIME-Version', '1.0'),
  ];
  const plain = textEntity('text/plain', message.text);
  if (message.html === undefined) return Buffer.from(fields.join('') + plain, 'latin1');
  const rich = textEntity('text/html', message.html);
  const boundary = `=_${createHash('sha256').update(plain).update(rich).digest('hex').slice(0, 40)}`;
  const body = [
    `Content-Type: multipart/alternative; boundary="${boundary}"\r\n`,
    `\r\n--${boundary}\r\n${plain}`,
    `\r\n--${boundary}\r\n${rich}`,
    `\r\n--${boundary}--\r\n`,
  ];
  return Buffer.from(fields.join('') + body.join(''), 'latin1');
}

/** The octets of a letter, as a message that no mailbox answers by itself. `thread`: In-Reply-To, References and the like. */
export function composeLetter(
  message: Omit<OwnText, 'to' | 'subject' | 'text' | 'html' | 'headers'> & {
    readonly to: string;
    readonly thread?: readonly (readonly [name: string, value: string])[];
  },
  letter: Letter,
  style: LetterStyle,
): Buffer {
  const { to, thread = [], ...own } = message;
  return composeMessage({
    ...own,
    to: { name: '', address: to },
    subject: letter.title,
    text: letterText(letter),
    html: letterHtml(letter, style),
    headers: [...thread, ['X-Auto-Response-Suppress', 'All']],
  });
}

/** Headers and body of one text part: as it is when ASCII with short lines, else quoted-printable. */
export function textEntity(type: string, text: string): string {
  const lines = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '').split(/\r\n|\r|\n/);
  const asIs = lines.every((line) => line.length <= 900 && /^[\t\x20-\x7e]*$/.test(line));
  const body = (asIs ? lines : lines.map(quotedPrintable)).join('\r\n');
  const encoding = asIs ? '7bit' : 'quoted-printable';
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
}

/** RFC 2045 section 6.7, for one line of text. */
function quotedPrintable(line: string): string {
  const octets = Buffer.from(line, 'utf8');
  const out: string[] = [];
  let width = 0;
  octets.forEach((octet, index) => {
    const last = index === octets.length - 1;
    const literal = octet !== 0x3d && ((octet > 0x20 && octet < 0x7f) || (octet === 0x20 && !last));
    const token = literal ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    // Room is kept for the soft break's own "=".
    if (width + token.length > 75) {
      out.push('=\r\n');
      width = 0;
    }
    out.push(token);
    width += token.length;
  });
  return out.join('');
}

/** Tells the recipient that a message waits: who sent it, one link, until when, how it opens, how to check that this is genuine. No content. */
export function notificationMessage(notice: Notification): Buffer {
  const { sender, voice, link } = notice;
  const { language } = voice;
  const words = notificationWords[language];
  const own = displayName(voice.name);
  const name = sender === '' ? '' : displayName(notice.senderName);
  // The name alone for titles, where there is one; with the address where it can be checked.
  const called = name === '' ? sender || own : name;
  const who = name === '' ? called : `${name} (${sender})`;
  const until = formatMoment(notice.expiresAt, language, voice.timeZone);
  const about = notice.subject === null ? '' : oneLine(notice.subject, 200);
  const letter: Letter = {
    title: words.title(called),
    opening: [words.opening(who, own, until), ...(about === '' ? [] : [words.subject(about)])],
    action: { label: words.read, link },
    sections: [
      { heading: words.how, ...(notice.byCode ? { list: words.byCode } : { paragraphs: words.byMore }) },
      check(voice, sender || own, new URL(link).host),
    ],
    closing: closing(voice, ...(sender === '' ? [] : [words.reply(sender)])),
  };
  const thread = threadIds(`${notice.originalReferences} ${notice.originalMessageId}`);
  const parent = threadIds(notice.originalMessageId);
  const message = {
    from: { name: name === '' ? own : words.from(name, own), address: notice.from },
    to: notice.to,
    ...(sender === '' ? {} : { replyTo: { name, address: sender } }),
    messageId: notice.messageId,
    date: notice.date,
    autoSubmitted: 'auto-generated' as const,
    thread: [
      ...(parent === '' ? [] : [['In-Reply-To', parent] as const]),
      ...(thread === '' ? [] : [['References', thread] as const]),
      ['Content-Language', language] as const,
    ],
  };
  return composeLetter(message, letter, voice);
}

/** The message identifiers in a field of another message, the newest twenty, and nothing else that stood there. */
export function threadIds(text: string): string {
  const ids = text.split(/\s+/).filter((id) => /^<[!-;=?-~]{1,250}>$/.test(id));
  return ids.slice(-20).join(' ');
}

/** Carries the code that opens a waiting message. The code stands in the body only: subjects show on locked screens. */
export function codeMessage(notice: CodeNotice): Buffer {
  const { voice, code, long, minutes } = notice;
  const { language, timeZone } = voice;
  const words = codeWords[language];
  const own = displayName(voice.name);
  const who = notice.sender === '' ? own : notice.sender;
  const asked = formatMoment(notice.date, language, timeZone);
  const letter: Letter = {
    title: words.title(who),
    opening: [words.opening(who)],
    code,
    sections: [
      {
        heading: words.before,
        paragraphs: [
          (long ? words.long : words.valid)(minutes),
          words.only(new URL(notice.portalUrl).host, own),
          ...phraseIn(voice),
        ],
      },
      { heading: words.notYou, paragraphs: [words.asked(asked, notice.askedFrom, who)] },
    ],
    closing: closing(voice, noReplies(voice)),
  };
  const { to, messageId, date } = notice;
  const thread = [['Content-Language', language]] as const;
  const from = { name: own, address: notice.from };
  return composeLetter({ from, to, messageId, date, autoSubmitted: 'auto-generated', thread }, letter, voice);
}
