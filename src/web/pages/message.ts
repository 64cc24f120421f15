/**
 * The page that shows a message, and the document inside its frame.
 *
 * The sender's HTML never enters our own page: it has a response of its own, cleaned (clean.ts), without an origin, under a policy that
 * allows neither scripts nor anything from elsewhere (reading.ts sets it). The page itself shows text, escaped.
 */
import { html, raw } from 'hono/html';
import type { Part } from '../../mail/structure.ts';
import type { Cleaned } from '../clean.ts';
import { readableSize, safeFileName } from '../download.ts';
import type { MessageView } from '../message.ts';
import type { Words } from '../words/words.ts';
import { icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import { button, facts, form, hint, link, moment, more, notice, type Page, type Piece } from './parts.ts';

export type Shown = {
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly expiresAt: number;
  /** Envelope sender, for a message without From. */
  readonly mailFrom: string;
  readonly view: MessageView;
  readonly text: { readonly text: string; readonly cut: boolean };
  readonly formToken: string;
};

export function messagePage(around: Around, shown: Shown): Page {
  const { reading, frame: common } = around.words;
  const { view, text, formToken } = shown;
  const base = `/d/${shown.deliveryId}`;
  const formatted = view.rich.length > 0;
  const whole = link(reading.whole, `${base}/message.eml`);
  const content = html`<article class="sheet">
<h1 class="subject" dir="auto">${view.subject === '' ? reading.noSubject : view.subject}</h1>
${facts(
  [reading.from, view.from === '' ? shown.mailFrom : view.from],
  view.to === '' ? null : [reading.to, view.to],
  view.cc === '' ? null : [reading.cc, view.cc],
  [reading.date, view.date === '' ? moment(around, shown.receivedAt) : view.date],
)}
${view.incomplete ? notice('bad', html`<p>${reading.incomplete} ${whole}</p>`) : ''}
${view.attachments.length === 0 ? '' : fileList(around.words, reading.attachments, base, view.attachments)}
${formatted ? framed(reading, base) : ''}
${bodyText(reading, text.text, formatted)}
${text.cut ? notice('info', html`<p>${reading.cut} ${whole}</p>`) : ''}
${view.pictures.length === 0 ? '' : more(reading.picturesIn(view.pictures.length), fileList(around.words, reading.pictures, base, view.pictures))}
<div class="actions">${link(reading.whole, `${base}/message.eml`, 'quiet')}${form(`${base}/sign-out`, formToken, button(common.signOut, 'quiet'))}</div>
${hint(reading.until(moment(around, shown.expiresAt)), ' ', reading.shared)}
</article>`;
  return layout(around, reading.title, content, { width: 'wide', corner: link(common.account, '/account') });
}

function framed(reading: Words['reading'], base: string): Page {
  return html`<div class="framed"><iframe src="${base}/html" title="${reading.formatted}" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
${hint(html`<a href="${base}/html" target="_blank" rel="noopener">${reading.ownTab}</a>`)}</div>`;
}

function bodyText(reading: Words['reading'], text: string, formatted: boolean): Page | string {
  if (text.trim() === '') return formatted ? '' : hint(reading.noText);
  const body = html`<div class="text" dir="auto">${linked(text)}</div>`;
  return formatted ? more(reading.plain, body) : body;
}

function fileList(words: Words, heading: string, base: string, parts: readonly Part[]): Page {
  return html`<div class="files"><h2>${heading}</h2><ul>${parts.map(
    (part) =>
      html`<li><a href="${base}/attachment/${part.path === '' ? 'root' : part.path}" download>${icon('file')}<b dir="auto">${nameOf(words, part)}</b> <span>${sizeOf(words, part)}</span></a></li>`,
  )}</ul></div>`;
}

/** The name a part is saved under. */
export function nameOf({ reading: { unnamed } }: Words, part: Part): string {
  return safeFileName(part.fileName, unnamedOf(part.type, unnamed));
}

function unnamedOf(type: string, unnamed: Words['reading']['unnamed']): string {
  if (type === 'text/calendar') return `${unnamed.invitation}.ics`;
  if (type.startsWith('message/')) return `${unnamed.message}.eml`;
  if (type === 'text/plain') return `${unnamed.text}.txt`;
  return unnamed.attachment;
}

/** Base64 is a third larger than what it holds; the true size is known only after decoding. */
function sizeOf({ reading }: Words, { body, encoding }: Part): string {
  const stored = body.end - body.start;
  return encoding === 'base64' ? reading.about(readableSize(Math.floor((stored * 3) / 4.1))) : readableSize(stored);
}

/** Text with its web addresses as links; everything else stays as written. */
function linked(text: string): Piece[] {
  return text.split(/(https?:\/\/[^\s<>"'`]{1,2000})/).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const address = piece.replace(/[.,;:!?)\]]{1,3}$/, '');
    const rest = piece.slice(address.length);
    return html`<a href="${address}" target="_blank" rel="noopener noreferrer nofollow">${address}</a>${rest}`;
  });
}

/** The document inside the frame. `cleaned` is null when the HTML could not be made safe within its limits. */
export function framedPage({ language, words }: Around, cleaned: Cleaned | null, cut: boolean): Page {
  const { frame, formatted } = words.reading;
  const notes = [
    ...(cleaned === null ? [frame.unsafe] : []),
    ...(cleaned !== null && cut ? [frame.cut] : []),
    ...(cleaned !== null && cleaned.remote > 0 ? [frame.remote(cleaned.remote)] : []),
  ];
  // The sender's part is in no language we know.
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${formatted}</title><style>
:root{color-scheme:light}
body{margin:0;padding:16px;background:#fff;color:#1a1c20;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;overflow-wrap:anywhere}
img{max-width:100%;height:auto}
table{max-width:100%}
pre{white-space:pre-wrap}
a{color:#1f4b99}
.postern-note{margin:0 0 16px;padding:10px 14px;border-left:4px solid #b7791f;background:#fdf6e3;color:#3d2c05;font-size:14px}
</style></head><body>${notes.map((note) => html`<p class="postern-note" role="note">${note}</p>`)}<div lang="">${cleaned === null ? '' : raw(cleaned.html)}</div></body></html>`;
}
