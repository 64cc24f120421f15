/**
 * Large files that stay behind: which files of a message they are (`largeFiles`), and what stands in the copy that leaves without them. At the top of the
 * text a box says what waits where and until when (`linkBox`), and in the place of each file there is a small text that says it once more (`standIn`), for
 * programs that show files apart from the text, and for whoever is sent the copy later.
 *
 * Limits: a message that is one file, or one message, and nothing else leaves as it is, and so does what is signed or encrypted as a whole. Pictures that
 * belong to a text stay in it, however large.
 */
import { formatDay, formatMoment, readableSize } from './language.ts';
import { inReferences, type Lines } from './on-top.ts';
import { encodeParameter } from './parameters.ts';
import { decodedSize, type Part } from './structure.ts';
import { oneLine, phraseIn, type Voice } from './voice.ts';
import { linkedFiles as wordsOf } from './words/linked-files.ts';

/** Names in a box: who needs more of them sees them in the portal. */
const mostNames = 20;
const longestName = 120;

/** The files of more than `over` octets, in order; none when the message is not to be touched. */
export function largeFiles(root: Part, over: number): Part[] {
  return untouchable(root) || !root.type.startsWith('multipart/')
    ? []
    : root.children.flatMap((part) => filesIn(part, root.type, over));
}

function filesIn(part: Part, inside: string, over: number): Part[] {
  if (part.type.startsWith('multipart/'))
    return untouchable(part) ? [] : part.children.flatMap((child) => filesIn(child, part.type, over));
  return isFile(part, inside) && decodedSize(part) > over ? [part] : [];
}

function untouchable({ type }: Part): boolean {
  return type === 'multipart/signed' || type === 'multipart/encrypted' || type.endsWith('pkcs7-mime');
}

/** An attached message is one file. What a formatted text refers to is no file, and neither is another form of the text. */
function isFile({ disposition, fileName, contentId, type }: Part, inside: string): boolean {
  if (disposition === 'attachment') return true;
  const oneOfOne = inside === 'multipart/related' || inside === 'multipart/alternative';
  const shown = oneOfOne || (disposition === 'inline' && contentId !== null);
  return !shown && (fileName !== null || !/^(text|multipart)\//.test(type));
}

/** What the copy says of the files that stayed behind. */
export type LinkedFiles = {
  readonly files: readonly Part[];
  /** The one link to the message in the portal. It carries a token and nothing about the recipient. */
  readonly link: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly voice: Voice;
};

/** The box, for the top of a text; also in ASCII, for texts that can hold nothing else. */
export function linkBox(linked: LinkedFiles): { readonly full: Lines; readonly ascii: Lines } {
  const full = sentences(linked);
  const html = htmlBox(full, linked);
  const english = sentences({ ...linked, voice: { ...linked.voice, language: 'en', phrase: null } }).map(asciiOf);
  return { full: { plain: plainBox(full), html }, ascii: { plain: plainBox(english), html } };
}

/** Lines of text: the heading, the files, the link, and what to expect. */
function sentences({ files, link, expiresAt, voice }: LinkedFiles): string[] {
  const words = wordsOf[voice.language];
  const named = files.slice(0, mostNames).map((part) => `${nameOf(part, words.unnamed)} (${sizeOf(part, voice)})`);
  const more = files.length - named.length;
  return [
    words.heading(files.length),
    ...named.map((name) => `- ${name}`),
    ...(more > 0 ? [`- ${words.more(more)}`] : []),
    words.open(files.length),
    link,
    `${words.until(formatMoment(expiresAt, voice.language, voice.timeZone))} ${words.proof}`,
    ...phraseIn(voice),
  ];
}

/** Of underscores: no boundary of a multipart is looked for in them. */
const rule = '_'.repeat(60);

function plainBox(lines: readonly string[]): string {
  return [rule, ...lines, rule, '', ''].join('\r\n');
}

/** Short lines; no style sheet, since the text it stands in may have one. */
function htmlBox(lines: readonly string[], { link, voice }: LinkedFiles): string {
  const [heading = '', ...rest] = lines;
  const accent = voice.accent.light;
  const shown = rest.map((line) => {
    const text = folded(inReferences(line.replace(/^- /, '• ')));
    return line === link
      ? `<a href="${text}" style="color:${accent};word-break:break-all">\r\n${text}</a>\r\n<br>`
      : `${text}<br>`;
  });
  return [
    '',
    `<div style="margin:0 0 16px;padding:12px 16px;border:1px solid #c5cad3;border-left:4px solid ${accent};`,
    'font:15px/1.5 Arial,Helvetica,sans-serif;color:#1a1c20;background:#ffffff">',
    `<b>${folded(inReferences(heading))}</b><br>`,
    ...shown,
    '</div>',
    '',
  ].join('\r\n');
}

/** References make long lines; a line break between words shows as the blank it stands for. No line begins as a delimiter does. */
function folded(pieces: readonly string[]): string {
  let width = 0;
  return pieces
    .map((piece, index) => {
      width += piece.length;
      if (piece !== ' ' || width < 400 || pieces[index + 1] === '-') return piece;
      width = 0;
      return '\r\n';
    })
    .join('');
}

/** A part in the place of a file, header and all: a text file that says where the file is. */
export function standIn(part: Part, { link, expiresAt, voice }: LinkedFiles): Buffer {
  const words = wordsOf[voice.language];
  const name = nameOf(part, words.unnamed);
  const until = formatDay(expiresAt, voice.language, voice.timeZone);
  const text = words.instead(name, sizeOf(part, voice), until);
  const encoded = Buffer.from(`${text}\r\n\r\n${link}\r\n`).toString('base64');
  const field = (value: string, parameter: string): string =>
    `${[value, ...encodeParameter(parameter, `${name}.txt`)].join(';\r\n ')}\r\n`;
  return Buffer.from(
    [
      `Content-Type: ${field('text/plain; charset=utf-8', 'name')}`,
      `Content-Disposition: ${field('attachment', 'filename')}`,
      'Content-Transfer-Encoding: base64\r\n\r\n',
      (encoded.match(/.{1,76}/g) ?? []).join('\r\n'),
    ].join(''),
  );
}

function nameOf({ fileName }: Part, unnamed: string): string {
  return oneLine(fileName ?? '', longestName) || unnamed;
}

function sizeOf(part: Part, { language }: Voice): string {
  return readableSize(decodedSize(part), language).replaceAll('\u00a0', ' ');
}

function asciiOf(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e]/gu, '?');
}
