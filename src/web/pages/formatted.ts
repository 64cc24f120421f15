/**
 * The formatted view of a message: a document of its own for a frame or a tab, cleaned (clean.ts), without an origin, under a policy that allows neither
 * scripts nor anything from elsewhere (reading.ts sets it), but for pictures the reader asked for. Printed, it says whose letter it is.
 */
import { html, raw } from 'hono/html';
import type { Cleaned } from '../clean.ts';
import type { MessageView } from '../message.ts';
import type { Around } from './layout.ts';
import type { Page } from './parts.ts';

export type FormattedView = {
  /** Null when the HTML could not be made safe within its limits. */
  readonly cleaned: Cleaned | null;
  readonly cut: boolean;
  readonly view: Pick<MessageView, 'subject' | 'from' | 'to' | 'date'>;
  readonly mailFrom: string;
};

export function framedPage({ language, words }: Around, { cleaned, cut, view, mailFrom }: FormattedView): Page {
  const { frame, formatted, from, to, date } = words.reading;
  const notes = [
    ...(cleaned === null ? [frame.unsafe] : []),
    ...(cleaned !== null && cut ? [frame.cut] : []),
    ...(cleaned !== null && cleaned.remote > 0 ? [frame.remote(cleaned.remote)] : []),
  ];
  const rows = [
    [from, view.from === '' ? mailFrom : view.from],
    [to, view.to],
    [date, view.date],
  ].filter(([, value]) => value !== '');
  // The sender's part is in no language we know.
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${formatted}</title><style>
:root{color-scheme:light}
body{margin:0;padding:16px;background:#fff;color:#1a1c20;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;overflow-wrap:anywhere}
img{max-width:100%;height:auto}
table{max-width:100%}
pre{white-space:pre-wrap}
a{color:#1f4b99}
.postern-note{margin:0 0 16px;padding:10px 14px;border-left:4px solid #b7791f;background:#fdf6e3;color:#3d2c05;font-size:14px}
.postern-head{display:none}
@media print{body{padding:0}.postern-note{display:none}.postern-head{display:block;margin:0 0 16px;padding:0 0 12px;border-bottom:1px solid #767c86}.postern-head p{margin:0}}
</style></head><body><div class="postern-head"><p><b>${view.subject}</b></p>${rows.map(([term, value]) => html`<p>${term}: ${value}</p>`)}</div>${notes.map((note) => html`<p class="postern-note" role="note">${note}</p>`)}<div lang="">${cleaned === null ? '' : raw(cleaned.html)}</div></body></html>`;
}
