/** An attachment looked at in place. */
import { html } from 'hono/html';
import { icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import { link, notice, type Page } from './parts.ts';

export type PreviewView = {
  readonly name: string;
  /** Where the message is, and where the file is saved from. */
  readonly back: string;
  readonly save: string;
} & (
  | { readonly kind: 'text'; readonly text: string; readonly cut: boolean }
  | { readonly kind: 'picture'; readonly source: string }
  /** It is not what it is said to be, or nothing that is shown here. */
  | { readonly kind: 'none' }
);

export function previewPage(around: Around, view: PreviewView): Page {
  const { reading, frame } = around.words;
  const content = html`<div class="sheet preview"><h1 dir="auto">${icon('file')}<span>${view.name}</span></h1>
${shown(around, view)}
<div class="actions">${link(reading.save, view.save, 'main', { download: '' })}${link(frame.back, view.back, 'quiet')}</div></div>`;
  return layout(around, view.name, content, { width: 'wide' });
}

function shown({ words: { reading } }: Around, view: PreviewView): Page {
  if (view.kind === 'picture') return html`<img src="${view.source}" alt="${view.name}">`;
  if (view.kind === 'none') return notice('info', html`<p>${reading.noPreview}</p>`);
  return html`<pre class="text" dir="auto" tabindex="0">${view.text}</pre>${view.cut ? notice('info', html`<p>${reading.previewCut}</p>`) : ''}`;
}
