/** The other messages of a conversation, above and below the one that is open: each a link to its own page, where it is opened. */
import { html } from 'hono/html';
import { icon } from './icons.ts';
import type { Around } from './layout.ts';
import { moment, type Page } from './parts.ts';

export type ConversationRow = {
  readonly href: string;
  /** Who wrote it: a name, or an address; null for what was written here. */
  readonly from: string | null;
  readonly at: number;
  /** Null when this session may not know it yet; empty for none. */
  readonly subject: string | null;
  readonly unread: boolean;
  readonly open: boolean;
};

/** The rows before or after the open message; nothing when there are none. */
export function otherMessages(around: Around, rows: readonly ConversationRow[], place: 'earlier' | 'later'): Page | '' {
  const at = rows.findIndex((row) => row.open);
  const shown = place === 'earlier' ? rows.slice(0, at) : rows.slice(at + 1);
  if (shown.length === 0) return '';
  const { reading } = around.words;
  const name = place === 'earlier' ? reading.earlier(shown.length) : reading.later(shown.length);
  return html`<nav class="conversation ${place}" aria-label="${name}"><p class="hint">${name}</p><ol class="inbox">${shown.map((row) => otherMessage(around, row))}</ol></nav>`;
}

function otherMessage(around: Around, { href, from, at, subject, unread }: ConversationRow): Page {
  const { answer, inbox, reading } = around.words;
  const title = subject === null ? inbox.hidden : subject === '' ? reading.noSubject : subject;
  return html`<li${unread ? html` class="unread"` : ''}><a href="${href}">${icon(from === null ? 'speech' : 'letter')}<span class="what"><b dir="auto">${from ?? answer.sent.you}</b><span dir="auto">${title}</span></span><span class="when">${moment(around, at)}${unread ? html`<span>${inbox.unread(1)}</span>` : ''}</span></a></li>`;
}
