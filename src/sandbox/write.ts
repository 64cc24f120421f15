/** Messages as a mail program writes them: a header, a text, perhaps attachments. The recipients in Bcc are not in it. */
import { addressOf } from './world.ts';

export type Letter = {
  readonly subject: string;
  /** First names of people of the sandbox. */
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  /** A mailbox; Anna when absent. */
  readonly from?: string;
  /** Header lines to put before the others. */
  readonly fields?: readonly string[];
  readonly text: string;
  readonly attachments?: readonly Attachment[];
};

export type Attachment = { readonly name: string; readonly type: string; readonly content: Buffer };

/** `messageId` with its angle brackets. */
export function write(letter: Letter, messageId: string, now: number): Buffer {
  const people = (names: readonly string[]) => names.map((name) => `${name} <${addressOf(name)}>`).join(', ');
  const header = [
    ...(letter.fields ?? []),
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `From: ${letter.from ?? `Anna <${addressOf('Anna')}>`}`,
    `To: ${people(letter.to)}`,
    ...(letter.cc === undefined ? [] : [`Cc: ${people(letter.cc)}`]),
    `Subject: ${encodedSubject(letter.subject)}`,
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
  ];
  const text = [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64(Buffer.from(`${letter.text.replaceAll('\n', '\r\n')}\r\n`)),
  ];
  if (letter.attachments === undefined) return Buffer.from(`${[...header, ...text].join('\r\n')}\r\n`);
  const boundary = '=_sample';
  const parts = [text, ...letter.attachments.map(attached)].flatMap((part) => [`--${boundary}`, ...part]);
  const body = [`Content-Type: multipart/mixed; boundary="${boundary}"`, '', ...parts, `--${boundary}--`];
  return Buffer.from(`${[...header, ...body].join('\r\n')}\r\n`);
}

function attached(file: Attachment): string[] {
  return [
    `Content-Type: ${file.type}; name="${file.name}"`,
    `Content-Disposition: attachment; filename="${file.name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    base64(file.content),
  ];
}

function base64(bytes: Buffer): string {
  return (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
}

/** The keyword stays readable, the rest is encoded when it must be. */
function encodedSubject(subject: string): string {
  return subject
    .split(' ')
    .map((word) => (/^[\x21-\x7e]+$/.test(word) ? word : `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`))
    .join(' ');
}
