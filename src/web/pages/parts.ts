/**
 * The parts that pages are made of, so that all of them look and behave alike. style.css dresses them in this order.
 *
 *   sheet(icon, title, ...)   the card a page consists of: a small picture, its one h1, what it says
 *   lead(...)                 the one or two sentences under the title
 *   facts([term, value]...)   who, when, until: quiet rows
 *   notice(kind, ...)         something to be known first: `info`, `good` (done), `bad` (went wrong; read out at once)
 *   form(action, token, ...)  posts; carries the token that says it is ours
 *   button(label, rank)       one `main` a page; `quiet` for what else can be done; `plain` looks like a link; `danger` ends something
 *   link(label, to, rank)     the same looks for what only leads somewhere
 *   field({...})              label, hint, problem and input, tied together for those who hear the page
 *   list(items)               rows with a title, a line below and something to do at the end
 *   more(summary, ...)        what only some need, folded away
 *   hint(...)                 small print under something
 *   moment(around, at)        a point in time, in the reader's language and a named time zone; clock(around, at)
 *                             when it is less than a day away, day(around, at) when the hour does not matter
 *   address(text)             an address or a name that must stand out and stay whole
 *
 * Every value is escaped by `html`; nothing here takes ready-made HTML but from its neighbours. Each control is at least 44 pixels high.
 */
import { html } from 'hono/html';
import { formatClock, formatDay, formatMoment } from '../../mail/language.ts';
import { type Icon, icon } from './icons.ts';
import type { Around } from './layout.ts';

export type Page = ReturnType<typeof html>;
/** What may stand in a page: text, which is escaped, or a part made by `html`. */
export type Piece = Page | string | number | readonly Piece[];

export function sheet(picture: Icon | null, title: Piece, ...content: readonly Piece[]): Page {
  return html`<div class="sheet">
${picture === null ? '' : html`<span class="emblem">${icon(picture)}</span>`}
<h1>${title}</h1>
${content}
</div>`;
}

export function lead(...content: readonly Piece[]): Page {
  return html`<p class="lead">${content}</p>`;
}

export function facts(...rows: readonly (readonly [term: Piece, value: Piece] | null)[]): Page {
  const shown = rows.filter((row) => row !== null);
  return html`<dl class="facts">${shown.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export type NoticeKind = 'info' | 'good' | 'bad';

/** `bad` interrupts a screen reader, `good` is read when it is silent. */
export function notice(kind: NoticeKind, ...content: readonly Piece[]): Page {
  const role = { info: 'note', good: 'status', bad: 'alert' }[kind];
  const picture = { info: 'info', good: 'done', bad: 'warning' } as const;
  return html`<div class="notice ${kind}" role="${role}">${icon(picture[kind])}<div>${content}</div></div>`;
}

/** `extra`: attributes that mark the form for our scripts, such as { 'data-auto': '6' }. */
export function form(
  action: string,
  token: string,
  content: Piece,
  extra: Readonly<Record<string, string>> = {},
): Page {
  return html`<form method="post" action="${action}"${attributes(extra)}><input type="hidden" name="form" value="${token}">${content}</form>`;
}

export type Rank = 'main' | 'quiet' | 'plain' | 'danger';

export function button(label: Piece, rank: Rank = 'main', extra: Readonly<Record<string, string>> = {}): Page {
  return html`<button type="submit" class="${rank}"${attributes(extra)}>${label}</button>`;
}

export function link(
  label: Piece,
  to: string,
  rank: Rank = 'plain',
  extra: Readonly<Record<string, string>> = {},
): Page {
  return html`<a class="${rank === 'plain' ? 'plain' : `button ${rank}`}" href="${to}"${attributes(extra)}>${label}</a>`;
}

export type Field = {
  readonly name: string;
  /** Where the page has several of this name; else the name. */
  readonly id?: string;
  readonly label: Piece;
  readonly hint?: Piece;
  /** What is wrong with what was typed; null or left out when nothing is. */
  readonly problem?: Piece | null;
  readonly type?: 'text' | 'password' | 'email' | 'tel';
  /** What is in it already. Never a secret. */
  readonly value?: string;
  readonly autocomplete: string;
  readonly inputmode?: 'numeric' | 'email' | 'text';
  readonly maxLength: number;
  readonly minLength?: number;
  readonly required?: boolean;
  readonly autofocus?: boolean;
  /** Large spaced digits. */
  readonly look?: 'code';
};

export function field(of: Field): Page {
  const { name, id = name, hint, problem = null } = of;
  const described = [...(hint === undefined ? [] : [`${id}-hint`]), ...(problem === null ? [] : [`${id}-problem`])];
  const given: Record<string, string> = {
    type: of.type ?? 'text',
    autocomplete: of.autocomplete,
    maxlength: String(of.maxLength),
    ...(of.minLength === undefined ? {} : { minlength: String(of.minLength) }),
    ...(of.inputmode === undefined ? {} : { inputmode: of.inputmode }),
    ...(of.value === undefined ? {} : { value: of.value }),
    ...(of.look === undefined ? {} : { class: of.look }),
    ...(described.length === 0 ? {} : { 'aria-describedby': described.join(' ') }),
    ...(problem === null ? {} : { 'aria-invalid': 'true' }),
    // Names, codes and secrets are no words of any language.
    spellcheck: 'false',
    autocapitalize: 'off',
  };
  return html`<div class="field"><label for="${id}">${of.label}</label>
${hint === undefined ? '' : html`<p class="hint" id="${id}-hint">${hint}</p>`}
${problem === null ? '' : html`<p class="problem" id="${id}-problem" role="alert">${icon('warning')}<span>${problem}</span></p>`}
<input id="${id}" name="${name}"${attributes(given)}${of.required === false ? '' : html` required`}${of.autofocus === true ? html` autofocus` : ''}></div>`;
}

export type Row = { readonly title: Piece; readonly line?: Piece; readonly end?: Piece; readonly picture?: Icon };

export function list(rows: readonly Row[]): Page {
  return html`<ul class="list">${rows.map(
    ({ title, line, end, picture }) =>
      html`<li>${picture === undefined ? '' : icon(picture)}<div><b>${title}</b>${line === undefined ? '' : html`<span>${line}</span>`}</div>${end ?? ''}</li>`,
  )}</ul>`;
}

export function more(summary: Piece, ...content: readonly Piece[]): Page {
  return html`<details><summary>${summary}</summary>${content}</details>`;
}

export function hint(...content: readonly Piece[]): Page {
  return html`<p class="hint">${content}</p>`;
}

/** Our script shows it in the time zone of the reader's device. */
export function moment({ language, brand }: Pick<Around, 'language' | 'brand'>, at: number): Page {
  return html`<time datetime="${new Date(at).toISOString()}">${formatMoment(at, language, brand.timeZone)}</time>`;
}

export function clock({ language, brand }: Pick<Around, 'language' | 'brand'>, at: number): Page {
  return html`<time datetime="${new Date(at).toISOString()}" data-clock>${formatClock(at, language, brand.timeZone)}</time>`;
}

export function day({ language, brand }: Pick<Around, 'language' | 'brand'>, at: number): Page {
  return html`<time datetime="${new Date(at).toISOString()}" data-day>${formatDay(at, language, brand.timeZone)}</time>`;
}

/** `dir`: an address reads from left to right, whatever stands in it. */
export function address(text: string): Page {
  return html`<b class="address" dir="ltr">${text}</b>`;
}

function attributes(given: Readonly<Record<string, string>>): Page[] {
  return Object.entries(given).map(([name, value]) => html` ${name}="${value}"`);
}
