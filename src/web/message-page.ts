/**
 * The page that shows a message, and the document inside its frame.
 *
 * The sender's HTML never enters our own page: it has a response of its own, cleaned (clean.ts), without an origin, under a policy that
 * allows neither scripts nor anything from elsewhere (reading.ts sets it). The page itself shows text, escaped.
 */
import { html, raw } from 'hono/html';
import type { Part } from '../mail/structure.ts';
import type { Cleaned } from './clean.ts';
import { readableSize, safeFileName } from './download.ts';
import type { MessageView } from './message.ts';
import { type Around, layout, moment, type Page } from './pages.ts';

export type Shown = {
  readonly view: MessageView;
  readonly text: { readonly text: string; readonly cut: boolean };
  readonly formToken: string;
};

export function messagePage({ organisation, row }: Around, { view, text, formToken }: Shown): Page {
  const base = `/d/${row.delivery.id}`;
  const formatted = view.rich.length > 0;
  const hasText = text.text.trim() !== '';
  return layout(
    'Protected message',
    organisation,
    html`<article>
    <h1 class="subject">${view.subject === '' ? '(no subject)' : view.subject}</h1>
    <dl class="facts">
      <div><dt>From</dt><dd>${view.from === '' ? row.message.mailFrom : view.from}</dd></div>
      ${view.to === '' ? '' : html`<div><dt>To</dt><dd>${view.to}</dd></div>`}
      ${view.cc === '' ? '' : html`<div><dt>Cc</dt><dd>${view.cc}</dd></div>`}
      <div><dt>Date</dt><dd>${view.date === '' ? moment(row.message.receivedAt) : view.date}</dd></div>
    </dl>
    ${view.incomplete ? incompleteNote(base) : ''}
    ${view.attachments.length === 0 ? '' : fileList('Attachments', base, view.attachments)}
    ${formatted ? frame(base) : ''}
    ${bodyText(text, formatted, hasText)}
    ${text.cut ? html`<p class="note">The text is longer than a page can show. <a href="${base}/message.eml">Download the whole message</a> to read the rest.</p>` : ''}
    ${view.pictures.length === 0 ? '' : html`<details><summary>Pictures shown in the message (${view.pictures.length})</summary>${fileList('Pictures', base, view.pictures)}</details>`}
    </article>
    <div class="actions">
      <a class="button quiet" href="${base}/message.eml">Download the whole message</a>
      <form method="post" action="${base}/sign-out"><input type="hidden" name="form" value="${formToken}"><button class="quiet" type="submit">Sign out</button></form>
    </div>
    <p class="hint">Waits here until ${moment(row.expiresAt)}. On a shared computer, sign out when you are done; downloads stay on it.</p>`,
  );
}

function incompleteNote(base: string): Page {
  return html`<p class="note bad">This message is built in an unusual way, so something may be missing from this page. <a href="${base}/message.eml">Download the whole message</a> to have all of it.</p>`;
}

function frame(base: string): Page {
  return html`<section aria-label="Formatted message">
      <iframe src="${base}/html" title="Formatted message" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
      <p class="hint"><a href="${base}/html" target="_blank" rel="noopener">Open the formatted message in its own tab</a></p>
    </section>`;
}

function bodyText(text: Shown['text'], formatted: boolean, hasText: boolean): Page | string {
  if (!hasText) return formatted ? '' : html`<p class="hint">The message has no text.</p>`;
  const body = html`<div class="text" dir="auto">${linked(text.text)}</div>`;
  return formatted ? html`<details><summary>Show it as plain text</summary>${body}</details>` : body;
}

function fileList(heading: string, base: string, parts: readonly Part[]): Page {
  return html`<section class="files"><h2>${heading}</h2><ul>${parts.map(
    (part) =>
      html`<li><a href="${base}/attachment/${part.path === '' ? 'root' : part.path}" download><b>${nameOf(part)}</b> <span>${sizeOf(part)}</span></a></li>`,
  )}</ul></section>`;
}

/** The name a part is saved under. */
export function nameOf(part: Part): string {
  return safeFileName(part.fileName, unnamed(part.type));
}

function unnamed(type: string): string {
  if (type === 'text/calendar') return 'invitation.ics';
  if (type.startsWith('message/')) return 'attached message.eml';
  if (type === 'text/plain') return 'text.txt';
  return 'attachment';
}

/** Base64 is a third larger than what it holds; the true size is known only after decoding. */
function sizeOf({ body, encoding }: Part): string {
  const stored = body.end - body.start;
  return encoding === 'base64' ? `about ${readableSize(Math.floor((stored * 3) / 4.1))}` : readableSize(stored);
}

/** Text with its web addresses as links; everything else stays as written. */
function linked(text: string): (Page | string)[] {
  return text.split(/(https?:\/\/[^\s<>"'`]{1,2000})/).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const address = piece.replace(/[.,;:!?)\]]{1,3}$/, '');
    const rest = piece.slice(address.length);
    return html`<a href="${address}" target="_blank" rel="noopener noreferrer nofollow">${address}</a>${rest}`;
  });
}

/** The document inside the frame. `cleaned` is null when the HTML could not be made safe within its limits. */
export function framedPage(cleaned: Cleaned | null, cut: boolean): Page {
  const notes: string[] = [];
  if (cleaned === null) {
    notes.push(
      'The formatted view of this message is too large or too complicated to be shown safely. Read it as plain text, or download the whole message.',
    );
  }
  if (cleaned !== null && cut)
    notes.push(
      'This message is longer than can be shown here: the end is missing. Download the whole message to read the rest.',
    );
  if (cleaned !== null && cleaned.remote > 0) {
    const pictures = cleaned.remote === 1 ? 'One picture was' : `${cleaned.remote} pictures were`;
    notes.push(`${pictures} left out: loading from elsewhere would tell others that you opened this message.`);
  }
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Formatted message</title><style>
:root{color-scheme:light}
body{margin:0;padding:16px;background:#fff;color:#1b1f27;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;overflow-wrap:anywhere}
img{max-width:100%;height:auto}
table{max-width:100%}
pre{white-space:pre-wrap}
a{color:#1f4b99}
.postern-note{margin:0 0 16px;padding:10px 14px;border-left:4px solid #b7791f;background:#fdf6e3;color:#3d2c05;font-size:14px}
</style></head><body>${notes.map((note) => html`<p class="postern-note" role="note">${note}</p>`)}${cleaned === null ? '' : raw(cleaned.html)}</body></html>`;
}
