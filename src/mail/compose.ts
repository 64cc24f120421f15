/**
 * Messages of our own: `composeMessage` turns fields and texts into octets; `notificationMessage` says that a message waits in the portal;
 * `codeMessage` carries the six digits that open it.
 *
 * Every header value passes `encodeField`, so no string from outside can start a second field. Neither message carries content of the
 * message it is about, pictures or anything remote. Both come from the sender's organisation (an address in its own domain, so that SPF, DKIM
 * and DMARC can align), say so in words a person can check, and are marked as automatic so that no out-of-office answers them.
 *
 * Limits: English only.
 *
 * Standards: RFC 3834.
 */
import { createHash } from 'node:crypto';
import { domainOf, formatMailbox, type Mailbox } from './address.ts';
import { encodeField } from './header.ts';
import { type Letter, letterHtml, letterText, longDate } from './letter.ts';

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
  /** The organisation as people know it: its domain. */
  readonly organisation: string;
  /** The one link. It carries a token and nothing about the recipient. */
  readonly link: string;
  /** Until when the message waits, epoch milliseconds. */
  readonly expiresAt: number;
  /** Message-ID and References of the waiting message as it has them, or empty: the notification joins its thread. */
  readonly originalMessageId: string;
  readonly originalReferences: string;
  readonly messageId: string;
  readonly date: number;
};

export type CodeNotice = Pick<Notification, 'from' | 'to' | 'sender' | 'organisation' | 'messageId' | 'date'> & {
  readonly code: string;
  /** How long the code is good for. */
  readonly minutes: number;
  /** What we know of who asked: an address on the network. */
  readonly askedFrom: string;
  /** Origin of the portal. */
  readonly portalUrl: string;
};

/** Our own address for messages about mail from `sender`: in the sender's domain when it is one of the tenant's, else in the tenant's first. */
export function serviceAddress(sender: string, tenantDomains: readonly string[]): string {
  const domain = domainOf(sender);
  const aligned = tenantDomains.includes(domain) ? domain : tenantDomains[0];
  if (aligned === undefined) throw new Error('a tenant without a domain');
  return `secure-mail@${aligned}`;
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
  const plain = entity('text/plain', message.text);
  if (message.html === undefined) return Buffer.from(fields.join('') + plain, 'latin1');
  const rich = entity('text/html', message.html);
  const boundary = `=_${createHash('sha256').update(plain).update(rich).digest('hex').slice(0, 40)}`;
  const body = [
    `Content-Type: multipart/alternative; boundary="${boundary}"\r\n`,
    `\r\n--${boundary}\r\n${plain}`,
    `\r\n--${boundary}\r\n${rich}`,
    `\r\n--${boundary}--\r\n`,
  ];
  return Buffer.from(fields.join('') + body.join(''), 'latin1');
}

/** The octets of a letter, as a message that no mailbox answers by itself. `thread`: In-Reply-To and References. */
export function composeLetter(
  message: Omit<OwnText, 'to' | 'subject' | 'text' | 'html' | 'headers'> & {
    readonly to: string;
    readonly thread?: readonly (readonly [name: string, value: string])[];
  },
  letter: Letter,
): Buffer {
  const { to, thread = [], ...own } = message;
  return composeMessage({
    ...own,
    to: { name: '', address: to },
    subject: letter.title,
    text: letterText(letter),
    html: letterHtml(letter),
    headers: [...thread, ['X-Auto-Response-Suppress', 'All']],
  });
}

/** A name from outside as we repeat it: one line, no quotes, brackets or at-signs that could pass for an address, at most 60 characters. */
function displayName(name: string): string {
  const line = name.replace(/[\p{C}\p{Z}"\\<>@]+/gu, ' ').trim();
  return line.slice(0, 60).toWellFormed().trim();
}

/** Headers and body of one text part: as it is when ASCII with short lines, else quoted-printable. */
function entity(type: string, text: string): string {
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
  const { sender, organisation, link } = notice;
  const name = displayName(notice.senderName);
  const who = sender === '' ? organisation : sender;
  const until = longDate(notice.expiresAt);
  const origin = new URL(link).origin;
  const thread = threadIds(`${notice.originalReferences} ${notice.originalMessageId}`);
  const parent = threadIds(notice.originalMessageId);
  const letter: Letter = {
    title: `${who} sent you a protected message`,
    opening: [
      `${name === '' || sender === '' ? who : `${name} (${sender})`} sent you a message through the secure mail of ${organisation}. Its content is not in this e-mail: it waits for you, encrypted, until ${until}.`,
    ],
    action: { label: 'Read the message', link },
    sections: [
      {
        heading: 'How it opens',
        list: [
          'Open the link. The page shows who wrote and when; nothing else happens yet.',
          'Press the button there. A six-digit code is mailed to this address.',
          'Type the code. The message and its attachments open. There is nothing to install and no account to make.',
        ],
      },
      {
        heading: 'How to check that this is genuine',
        paragraphs: [
          `The link leads to ${origin} and nowhere else. You are never asked for a password or a payment.`,
          `If you did not expect this, do not open the link. Ask ${who} in a way you already know, such as a telephone number you have used before.`,
        ],
      },
    ],
    closing: `Written automatically by the mail gateway of ${organisation}.${sender === '' ? '' : ` A reply to this e-mail goes to ${sender} as ordinary mail, without this protection.`}`,
  };
  const own = {
    from: { name: `${name === '' ? organisation : name} via secure mail`, address: notice.from },
    to: notice.to,
    ...(sender === '' ? {} : { replyTo: { name, address: sender } }),
    messageId: notice.messageId,
    date: notice.date,
    autoSubmitted: 'auto-generated' as const,
    thread: [
      ...(parent === '' ? [] : [['In-Reply-To', parent] as const]),
      ...(thread === '' ? [] : [['References', thread] as const]),
    ],
  };
  return composeLetter(own, letter);
}

/** The message identifiers in a field of another message, the newest twenty, and nothing else that stood there. */
export function threadIds(text: string): string {
  const ids = text.split(/\s+/).filter((id) => /^<[!-;=?-~]{1,250}>$/.test(id));
  return ids.slice(-20).join(' ');
}

/** Carries the code that opens a waiting message. The code stands in the body only: subjects show on locked screens. */
export function codeMessage(notice: CodeNotice): Buffer {
  const { sender, organisation, code, minutes } = notice;
  const who = sender === '' ? organisation : sender;
  const letter: Letter = {
    title: `Your code for the message from ${who}`,
    opening: [`Type this code on the page where you asked for it. It opens the protected message from ${who}.`],
    code,
    sections: [
      {
        heading: 'Before you type it',
        paragraphs: [
          `The code is good for ${minutes} minutes, once, in the browser that asked for it. A newer code replaces it.`,
          `Type it only on a page whose address begins with ${notice.portalUrl}/. Nobody from ${organisation} will ask you to tell it to them.`,
        ],
      },
      {
        heading: 'You did not ask for a code?',
        paragraphs: [
          `It was asked for on ${longDate(notice.date)} from the network address ${notice.askedFrom}, by someone who has the link we mailed to you. Without the code the link opens nothing, so you need do nothing. Do not pass the code on. If this happens again, tell ${who}.`,
        ],
      },
    ],
    closing: `Written automatically by the mail gateway of ${organisation}. Replies are not read.`,
  };
  const { to, messageId, date } = notice;
  const from = { name: `${organisation} secure mail`, address: notice.from };
  return composeLetter({ from, to, messageId, date, autoSubmitted: 'auto-generated' }, letter);
}
