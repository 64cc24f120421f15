/** The list of a message's files: name, kind and size, to be saved or looked at. */
import { html } from 'hono/html';
import { readableSize } from '../../mail/language.ts';
import { decodedSize, type Part } from '../../mail/structure.ts';
import { safeFileName } from '../download.ts';
import { previewOf } from '../preview.ts';
import type { Words } from '../words/words.ts';
import { icon } from './icons.ts';
import type { Around } from './layout.ts';
import { link, type Page } from './parts.ts';

export function fileList(around: Around, heading: string, base: string, parts: readonly Part[]): Page {
  const { reading } = around.words;
  return html`<div class="files"><h2>${heading}</h2><ul>${parts.map((part) => file(around, base, part))}</ul>
${parts.length > 1 && heading === reading.attachments ? html`<p>${link(reading.all, `${base}/attachments.zip`, 'plain', { download: '' })}</p>` : ''}</div>`;
}

function file(around: Around, base: string, part: Part): Page {
  const { words } = around;
  const name = nameOf(words, part);
  const kind = previewOf(part);
  const path = pathOf(part);
  // A PDF is shown by the browser's own viewer, which has no way back.
  const aside = kind === 'pdf' ? html` target="_blank" rel="noopener"` : '';
  const view =
    kind === null
      ? ''
      : html`<a class="view" href="${base}/preview/${path}"${aside} aria-label="${words.reading.viewNamed(name)}">${words.reading.view}</a>`;
  return html`<li><a href="${base}/attachment/${path}" download>${icon('file')}<b dir="auto">${name}</b> <span>${kindOf(words, part, name)}, ${sizeOf(around, part)}</span></a>${view}</li>`;
}

/** As addresses have it. */
export function pathOf({ path }: Part): string {
  return path === '' ? 'root' : path;
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

/** In a word, by what it is said to be; else by its ending, which is what the reader's machine will go by. */
function kindOf({ reading: { kinds } }: Words, { type }: Part, name: string): string {
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1]?.toUpperCase();
  if (type.startsWith('image/')) return kinds.picture;
  if (type.startsWith('audio/')) return kinds.sound;
  if (type.startsWith('video/')) return kinds.film;
  if (type === 'text/calendar') return kinds.calendar;
  if (type.startsWith('message/')) return kinds.message;
  return ending === undefined ? kinds.file : kinds.ending(ending);
}

/** The true size of base64 is known only after decoding. */
function sizeOf({ words, language }: Around, part: Part): string {
  const size = readableSize(decodedSize(part), language);
  return part.encoding === 'base64' ? words.reading.about(size) : size;
}
