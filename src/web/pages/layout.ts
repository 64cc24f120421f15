/**
 * The frame of every page: whose mail this is at the top, one thing to do in the middle, help and languages at the bottom.
 *
 * `Around` is what a page knows besides its own matter: language, words, the tenant's look. branding.ts makes it from a request. A page is a
 * function of Around and its data that ends in `layout`; what it is made of stands in parts.ts. No page has an inline script or style, and all of
 * them work without scripts: page.js adds the reader's own time zone, counts down, and sends a code once its digits are typed.
 */
import { html } from 'hono/html';
import { type Language, languageNames, languages, locales } from '../../mail/language.ts';
import type { Words } from '../words/words.ts';
import { icon } from './icons.ts';
import type { Page, Piece } from './parts.ts';

/** What pages show of a tenant. */
export type Brand = {
  /** Null where it is not known whose mail this is about. */
  readonly name: string | null;
  /** Null without one. */
  readonly logo: { readonly url: string; readonly width: number; readonly height: number } | null;
  /** Address of the style sheet with the tenant's colours; null for ours. */
  readonly style: string | null;
  /** The line on the first page, and the language it is in. */
  readonly text: { readonly text: string; readonly language: Language } | null;
  readonly phrase: string | null;
  readonly support: { readonly phone: string | null; readonly mail: string | null; readonly url: string | null };
  readonly language: Language;
  readonly timeZone: string;
};

export type Around = {
  readonly language: Language;
  readonly words: Words;
  readonly brand: Brand;
  /** Address of this page for who comes back to it by GET after choosing another language: a path of ours. */
  readonly here: string;
  /** Addresses of our style sheet and scripts; `passkey` is for pages with a passkey form, `upload` for those with files. */
  readonly assets: Readonly<Record<'style' | 'script' | 'passkey' | 'upload', string>>;
};

export type PageOptions = {
  /** `wide` for reading, `narrow` (usual) for doing one thing. */
  readonly width?: 'narrow' | 'wide';
  /** Further scripts of ours, by address. */
  readonly scripts?: readonly string[];
  /** Something to do that belongs to the whole page, at its top right: sign out, account. */
  readonly corner?: Piece;
  /** The title begins with what went wrong, so that it is heard first. */
  readonly problem?: boolean;
};

export function layout(around: Around, title: string, content: Piece, options: PageOptions = {}): Page {
  const { language, words, brand, assets } = around;
  const { width = 'narrow', scripts = [], corner = '', problem = false } = options;
  const heading = problem ? words.frame.problemTitle(title) : title;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${heading} – ${brand.name ?? words.frame.secureMail}</title>
<link rel="stylesheet" href="${assets.style}">
${brand.style === null ? '' : html`<link rel="stylesheet" href="${brand.style}">`}
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="${assets.script}" defer></script>
${scripts.map((script) => html`<script src="${script}" defer></script>`)}
</head>
<body class="${width}">
<a class="skip" href="#content">${words.frame.skip}</a>
<header><div class="inner">${sign(around)}${corner === '' ? '' : html`<div class="corner">${corner}</div>`}</div></header>
<main id="content" tabindex="-1" class="inner">${content}</main>
<footer><div class="inner">${help(around)}${languageSwitch(around)}<p class="privacy">${words.frame.privacy}</p></div></footer>
</body>
</html>`;
}

function sign({ brand, words }: Around): Page {
  const { logo, name } = brand;
  const mark =
    logo === null
      ? html`<span class="mark">${icon('lock')}</span>`
      : html`<span class="logo"><img src="${logo.url}" width="${logo.width}" height="${logo.height}" alt=""></span>`;
  return html`<p class="sign">${mark}<span>${name === null ? '' : html`<b>${name}</b> `}<span class="what">${words.frame.secureMail}</span></span></p>`;
}

/** Whom to ask, as the tenant says; nothing when it says nothing. */
function help({ brand, words, language }: Around): Page | string {
  const { phone, mail, url } = brand.support;
  const ways: Page[] = [
    ...(phone === null ? [] : [html`<a href="tel:${phone.replace(/[^+\d]/g, '')}">${phone}</a>`]),
    ...(mail === null ? [] : [html`<a href="mailto:${mail}">${mail}</a>`]),
    ...(url === null
      ? []
      : [html`<a href="${url}" rel="noopener noreferrer" target="_blank">${new URL(url).host}</a>`]),
  ];
  if (ways.length === 0) return '';
  return html`<p class="help">${words.frame.helpBy(orList(ways, language))}</p>`;
}

/** "A, B or C", as the language has it. */
function orList(items: readonly Page[], language: Language): Piece[] {
  const names = items.map((_, index) => String(index));
  const parts = new Intl.ListFormat(locales[language], { type: 'disjunction' }).formatToParts(names);
  return parts.map(({ type, value }) => (type === 'element' ? (items[Number(value)] ?? '') : value));
}

/** A form of buttons, so that it works without scripts and no visit by GET can change anything. */
function languageSwitch({ language, words, here }: Around): Page {
  return html`<form class="languages" method="post" action="/language"><fieldset><legend>${words.frame.language}</legend><input type="hidden" name="back" value="${here}">${languages.map(
    (other) =>
      html`<button type="submit" name="language" value="${other}" lang="${other}"${other === language ? html` aria-current="true"` : ''}>${languageNames[other]}</button>`,
  )}</fieldset></form>`;
}
