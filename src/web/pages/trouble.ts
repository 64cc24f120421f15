/** The page that says what went wrong and what to do. */
import { html } from 'hono/html';
import type { TroubleName } from '../words/troubles.ts';
import { type Around, layout } from './layout.ts';
import { link, type Page, sheet } from './parts.ts';

/** `signedIn`: the reader has messages to go back to. */
export function troublePage(around: Around, name: TroubleName, signedIn = false): Page {
  const { troubles, inbox } = around.words;
  const { title, advice } = troubles[name];
  const corner = signedIn ? link(inbox.messages, '/inbox') : '';
  return layout(around, title, sheet('info', title, html`<p>${advice}</p>`), { corner });
}
