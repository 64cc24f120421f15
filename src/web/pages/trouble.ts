/** The page that says what went wrong and what to do. */
import { html } from 'hono/html';
import type { TroubleName } from '../words/troubles.ts';
import { type Around, layout } from './layout.ts';
import { type Page, sheet } from './parts.ts';

export function troublePage(around: Around, name: TroubleName): Page {
  const { title, advice } = around.words.troubles[name];
  return layout(around, title, sheet('info', title, html`<p>${advice}</p>`));
}
