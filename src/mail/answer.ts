/**
 * What a person wrote in the portal, as mail to the tenant's people: `composeAnswer`. And the two letters to who wrote it: `receiptMessage` says that it
 * was taken, `undeliveredMessage` that it could not be delivered; neither holds anything of it.
 *
 * From is the tenant's own portal address, so that SPF and DMARC align, with the person's name and the words "via secure mail"; Reply-To is the person,
 * so that the answer to it takes the way of all mail, through the gateway. It continues the thread of what it answers. Files stream through as base64:
 * a message is never whole in memory.
 *
 * Nothing that was typed or named can start a field or a part of its own: values go through encodeField and encodeParameter, and the boundary comes from
 * the message identifier, which nobody knows before.
 */
import { createHash } from 'node:crypto';
import { formatMailbox, type Mailbox } from './address.ts';
import { composeLetter, textEntity } from './compose.ts';
import { escapeHtml, formattedHtml } from './formatted.ts';
import { encodeField } from './header.ts';
import { formatMoment, type Language } from './language.ts';
import type { Letter } from './letter.ts';
import { encodeParameter } from './parameters.ts';
import { closing, displayName, noReplies, phraseIn, strangersName, type Voice } from './voice.ts';
import { answer as answerWords } from './words/answer.ts';

export type AnswerFile = {
  readonly name: string;
  /** As the browser says; anything odd becomes application/octet-stream. */
  readonly type: string;
  readonly octets: AsyncIterable<Uint8Array>;
};

export type AnswerMail = {
  /** Our own address in the tenant's domain. */
  readonly from: string;
  /** Who wrote it; the name is empty when none is known. */
  readonly person: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly subject: string;
  readonly text: string;
  /** What it answers, to stand below the text; null to leave it out. */
  readonly quote: { readonly who: string; readonly at: number; readonly text: string } | null;
  /** With its angle brackets. */
  readonly messageId: string;
  /** The Message-IDs of what it answers and of what that referred to, oldest first; empty for a new message. */
  readonly thread: readonly string[];
  /** Epoch milliseconds. */
  readonly date: number;
  /** The tenant's. */
  readonly language: Language;
  readonly timeZone: string;
  readonly files: readonly AnswerFile[];
};

/** `header` includes the blank line. All of it is ASCII with CRLF line ends and lines within 998 octets. */
export function composeAnswer(mail: AnswerMail): { readonly header: Buffer; readonly body: AsyncIterable<Uint8Array> } {
  const boundary = (name: string): string =>
    `=_${createHash('sha256').update(`${name} ${mail.messageId}`).digest('hex').slice(0, 40)}`;
  const texts = boundary('texts');
  const parts = boundary('parts');
  const mixed = mail.files.length > 0;
  const type = mixed ? `multipart/mixed; boundary="${parts}"` : `multipart/alternative; boundary="${texts}"`;
  const header = Buffer.from(`${answerFields(mail)}Content-Type: ${type}\r\n\r\n`, 'latin1');
  const written = alternatives(mail, texts);
  return { header, body: mixed ? withFiles(written, texts, parts, mail.files) : pieces(written) };
}

/** All fields but those of its content. */
export function answerFields(mail: Omit<AnswerMail, 'text' | 'quote' | 'files' | 'timeZone'>): string {
  const { person, from } = mail;
  const list = (mailboxes: readonly Mailbox[]): string =>
    mailboxes.map(({ name, address }) => formatMailbox({ name: strangersName(name), address })).join(', ');
  const thread = chain(mail.thread);
  const fields: (readonly [name: string, value: string])[] = [
    ['Date', new Date(mail.date).toUTCString().replace('GMT', '+0000')],
    ['From', formatMailbox({ name: answerWords[mail.language].from(called(person)), address: from })],
    ['Reply-To', list([person])],
    ...(mail.to.length === 0 ? [] : [['To', list(mail.to)] as const]),
    ...(mail.cc.length === 0 ? [] : [['Cc', list(mail.cc)] as const]),
    ['Subject', mail.subject],
    ['Message-ID', mail.messageId],
    ...(thread.length === 0 ? [] : [['In-Reply-To', thread.at(-1) ?? ''] as const]),
    ...(thread.length === 0 ? [] : [['References', thread.join(' ')] as const]),
    ['Auto-Submitted', 'no'],
    ['MIME-Version', '1.0'],
  ];
  return fields.map(([name, value]) => encodeField(name, value)).join('');
}

/** By their name; else by their address, with the at-sign in words, as a name that holds an address looks like a forgery. */
function called({ name, address }: Mailbox): string {
  const own = strangersName(name);
  if (own !== '') return own;
  const at = address.lastIndexOf('@');
  return displayName(`${address.slice(0, at)} (${address.slice(at + 1)})`);
}

/** RFC 5322 section 3.6.4: what is too long loses its middle, so that the first message of the thread is still named. */
function chain(ids: readonly string[]): string[] {
  const known = [...new Set(ids.filter((id) => /^<[!-;=?-~]{1,250}>$/.test(id)))];
  return known.length <= 21 ? known : [...known.slice(0, 1), ...known.slice(-20)];
}

/** The Subject of an answer. RFC 5322 section 3.6.5. */
export function replySubject(subject: string): string {
  return /^re:/i.test(subject.trim()) ? subject.trim() : `Re: ${subject.trim()}`;
}

/** The body of a multipart/alternative: what was typed, and the same as HTML. */
function alternatives(mail: AnswerMail, boundary: string): string {
  const { quote, language, timeZone, person } = mail;
  const words = answerWords[language];
  const text = mail.text.trimEnd();
  const footer = words.footer(person.address);
  const wrote = quote === null ? '' : words.wrote(quote.who, formatMoment(quote.at, language, timeZone));
  const quoted = quote === null ? '' : quote.text.trimEnd();
  const plain = [
    text,
    `-- \n${footer}`,
    ...(quote === null
      ? []
      : [
          `${wrote}\n${quoted
            .split(/\r\n|\r|\n/)
            .map(quotedLine)
            .join('\n')}`,
        ]),
  ].join('\n\n');
  const html = [
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>',
    formattedHtml(text),
    `<p style="color:#565b64;font-size:smaller">${escapeHtml(footer)}</p>`,
    ...(quote === null
      ? []
      : [
          `<p>${escapeHtml(wrote)}</p>`,
          `<blockquote style="margin:0 0 0 8px;padding-left:12px;border-left:2px solid #c5c9d0">${formattedHtml(quoted)}</blockquote>`,
        ]),
    '</body></html>',
  ].join('\n');
  return `--${boundary}\r\n${textEntity('text/plain', plain)}\r\n--${boundary}\r\n${textEntity('text/html', html)}\r\n--${boundary}--\r\n`;
}

function quotedLine(line: string): string {
  return line.startsWith('>') ? `>${line}` : `> ${line}`;
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'latin1');
}

async function* withFiles(
  written: string,
  texts: string,
  parts: string,
  files: readonly AnswerFile[],
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(
    `--${parts}\r\nContent-Type: multipart/alternative; boundary="${texts}"\r\n\r\n${written}`,
    'latin1',
  );
  for (const file of files) {
    yield Buffer.from(`\r\n--${parts}\r\n${fileFields(file)}\r\n`, 'latin1');
    yield* base64Lines(file.octets);
  }
  yield Buffer.from(`\r\n--${parts}--\r\n`, 'latin1');
}

function fileFields({ name, type }: AnswerFile): string {
  const disposition = ['Content-Disposition: attachment', ...encodeParameter('filename', name)].join(';\r\n ');
  return `Content-Type: ${plainType(type)}\r\nContent-Transfer-Encoding: base64\r\n${disposition}\r\n`;
}

/** RFC 2046 sections 5.1 and 5.2: what is itself a message or has parts may not be encoded, so such a file is sent as octets. */
function plainType(type: string): string {
  const known = type.toLowerCase().split(';', 1)[0]?.trim() ?? '';
  const fine = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}$/.test(known);
  return fine && !/^(?:multipart|message)\//.test(known) ? known : 'application/octet-stream';
}

/** Octets in one line of base64. RFC 2045 section 6.8. */
const lineOctets = 57;

async function* base64Lines(octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of octets) {
    const held = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = held.length - (held.length % lineOctets);
    if (whole > 0) yield linesOf(held.subarray(0, whole));
    rest = held.subarray(whole);
  }
  if (rest.length > 0) yield linesOf(rest);
}

function linesOf(octets: Uint8Array): Buffer {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64');
  return Buffer.from(text.replaceAll(/.{1,76}/g, '$&\r\n'), 'latin1');
}

/** What both letters say of an answer. */
type AnswerLetter = {
  /** Our own address in the tenant's domain. */
  readonly from: string;
  readonly to: string;
  /** Whom it was written to. */
  readonly whom: readonly string[];
  readonly sentAt: number;
  readonly voice: Voice;
  readonly messageId: string;
  readonly date: number;
};

/** Tells the person that their answer was taken. */
export function receiptMessage(letter: AnswerLetter & { readonly files: number; readonly expiresAt: number }): Buffer {
  const { language, timeZone } = letter.voice;
  const words = answerWords[language];
  const whom = listed(letter.whom, language);
  return letterOf(letter, {
    title: words.receiptTitle(whom),
    opening: [
      words.receipt(whom, formatMoment(letter.sentAt, language, timeZone), letter.files),
      words.receiptWhere(formatMoment(letter.expiresAt, language, timeZone)),
      words.receiptTrouble,
    ],
    sections: [],
  });
}

/** Tells the person that their answer could not be delivered. */
export function undeliveredMessage(letter: AnswerLetter): Buffer {
  const { language, timeZone } = letter.voice;
  const words = answerWords[language];
  const whom = listed(letter.whom, language);
  return letterOf(letter, {
    title: words.failedTitle(whom),
    opening: [words.failed(whom, formatMoment(letter.sentAt, language, timeZone))],
    sections: [{ heading: words.what, paragraphs: [words.failedDo(whom), words.failedWhere] }],
  });
}

function listed(whom: readonly string[], language: Language): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(whom);
}

function letterOf({ from, to, voice, messageId, date }: AnswerLetter, said: Omit<Letter, 'closing'>): Buffer {
  const { opening, ...rest } = said;
  const letter: Letter = {
    ...rest,
    opening: [...opening, ...phraseIn(voice)],
    closing: closing(voice, noReplies(voice)),
  };
  const thread = [['Content-Language', voice.language]] as const;
  const own = { name: displayName(voice.name), address: from };
  return composeLetter({ from: own, to, messageId, date, autoSubmitted: 'auto-generated', thread }, letter, voice);
}
