/** The small pictures of the pages: lines of one weight on a grid of 24, in the colour of the text around. They say nothing that words do not. */
import { html, raw } from 'hono/html';
import type { Page } from './parts.ts';

const shapes = {
  letter: '<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m3.5 7.5 8.5 6 8.5-6"/>',
  code: '<rect x="3" y="6" width="18" height="12" rx="2.5"/><path d="M7.5 12h.01M12 12h.01M16.5 12h.01" stroke-width="2.6"/>',
  key: '<circle cx="8" cy="15" r="4.5"/><path d="m11.2 11.8 8.3-8.3M16 7l3 3"/>',
  phone: '<rect x="6.5" y="2.5" width="11" height="19" rx="2.5"/><path d="M11 18.5h2"/>',
  lock: '<rect x="4.5" y="10.5" width="15" height="10.5" rx="2.5"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>',
  speech: '<path d="M4 5.5h16v11h-8.5L7 20v-3.5H4z"/>',
  people:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.800a3.5 3.5 0 0 1 0 6.400M18 14.200a6.5 6.5 0 0 1 3.5 5.8"/>',
  person: '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>',
  screen: '<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M9 20.5h6M12 16.5v4"/>',
  file: '<path d="M6 2.5h8l4.5 4.5v14.5H6z"/><path d="M13.5 3v4.5H18"/>',
  calendar: '<rect x="3.5" y="5" width="17" height="15.5" rx="2.5"/><path d="M3.5 10h17M8 2.5v4M16 2.5v4"/>',
  clock: '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.5l3.5 2"/>',
  info: '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.5h.01"/>',
  done: '<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.800L16 9.5"/>',
  warning: '<path d="M12 3.5 22 20.5H2z"/><path d="M12 10v4.5M12 17.5h.01"/>',
  door: '<path d="M13.5 3.5H5v17h8.5M10 12h10.5M17 8l4 4-4 4"/>',
} as const;

export type Icon = keyof typeof shapes;

export function icon(name: Icon): Page {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${raw(shapes[name])}</svg>`;
}
