/**
 * A letter of our own: one text, written once, shown as plain text and as HTML. Everything in it is escaped, so it may hold names from outside.
 *
 * The HTML is headings and paragraphs with styles of their own, without tables, pictures or anything from elsewhere, since mail programs differ:
 * Outlook for Windows knows neither padding of links nor rounded corners and shows a plain button; those that know dark mode get dark colours.
 */
import type { Language } from './language.ts';

export type Letter = {
  readonly title: string;
  readonly opening: readonly string[];
  readonly action?: { readonly label: string; readonly link: string };
  readonly code?: string;
  readonly sections: readonly {
    readonly heading: string;
    readonly paragraphs?: readonly string[];
    readonly list?: readonly string[];
    /** Where more of it is, and the words before the address. */
    readonly more?: { readonly label: string; readonly link: string };
  }[];
  readonly closing: string;
};

/** In which language a letter is, and how it looks. */
export type LetterStyle = {
  readonly language: Language;
  /** The organisation's name at the top; empty for none. */
  readonly name: string;
  /** As #rrggbb; can be read on light and dark ground. */
  readonly accent: { readonly light: string; readonly dark: string };
};

/** As plain text, ending in a line break. */
export function letterText(letter: Letter): string {
  const blocks = [
    ...letter.opening,
    ...(letter.action === undefined ? [] : [`${letter.action.label}:\n${letter.action.link}`]),
    ...(letter.code === undefined ? [] : [`    ${letter.code}`]),
    ...letter.sections.flatMap(({ heading, paragraphs = [], list = [], more }) => [
      `${heading}\n${'-'.repeat(heading.length)}`,
      ...paragraphs,
      ...(list.length === 0 ? [] : [list.map((item, index) => `${index + 1}. ${item}`).join('\n')]),
      ...(more === undefined ? [] : [`${more.label} ${more.link}`]),
    ]),
    `-- \n${letter.closing}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** As a complete HTML document. */
export function letterHtml(letter: Letter, style: LetterStyle): string {
  const p = (text: string): string => `<p style="margin:0 0 14px">${escapeHtml(text)}</p>`;
  return [
    '<!DOCTYPE html>',
    head(letter.title, style),
    '<body class="page" style="margin:0;padding:24px 20px;background:#ffffff;color:#1a1c20;font:16px/1.5 Arial,Helvetica,sans-serif">',
    // Long addresses break, or a phone would show the whole letter smaller.
    '<div style="max-width:560px;overflow-wrap:break-word;word-break:break-word">',
    ...(style.name === ''
      ? []
      : [
          `<p class="sign" style="margin:0 0 24px;padding:2px 0 2px 12px;border-left:4px solid ${style.accent.light};font-weight:bold">${escapeHtml(style.name)}</p>`,
        ]),
    `<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${escapeHtml(letter.title)}</h1>`,
    ...letter.opening.map(p),
    ...(letter.action === undefined ? [] : button(letter.action, style)),
    ...(letter.code === undefined
      ? []
      : [
          `<p style="margin:24px 0;font:bold 32px/1.2 Consolas,Menlo,monospace;letter-spacing:6px">${escapeHtml(letter.code)}</p>`,
        ]),
    ...letter.sections.flatMap(({ heading, paragraphs = [], list = [], more }) => [
      `<h2 style="margin:28px 0 8px;font-size:17px;line-height:1.3">${escapeHtml(heading)}</h2>`,
      ...paragraphs.map(p),
      ...(list.length === 0
        ? []
        : [
            '<ol style="margin:0 0 14px;padding-left:24px">',
            ...list.map((item) => `<li style="margin:0 0 6px">${escapeHtml(item)}</li>`),
            '</ol>',
          ]),
      ...(more === undefined
        ? []
        : [
            `<p style="margin:0 0 14px">${escapeHtml(more.label)} <a class="more" href="${escapeHtml(more.link)}" style="color:${style.accent.light}">${escapeHtml(more.link)}</a></p>`,
          ]),
    ]),
    `<p class="soft" style="margin:32px 0 0;padding-top:14px;border-top:1px solid #dddfe4;color:#565b64;font-size:14px">${escapeHtml(letter.closing)}</p>`,
    '</div></body></html>',
  ].join('\n');
}

function head(title: string, { language, accent }: LetterStyle): string {
  const dark = [
    '.page{background:#1b1e24!important;color:#eef0f3!important}',
    '.soft{color:#b0b6c0!important;border-color:#363c47!important}',
    `.sign{border-color:${accent.dark}!important}`,
    `.more{color:${accent.dark}!important}`,
    `.button{background:${accent.dark}!important;border-color:${accent.dark}!important;color:#14161a!important}`,
  ];
  return `<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>${escapeHtml(title)}</title><style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){${dark.join('')}}</style></head>`;
}

/** The border is the button's size where padding of links is not known. Below it stands the address, for who wants to read it first. */
function button({ label, link }: NonNullable<Letter['action']>, { accent: { light } }: LetterStyle): string[] {
  const look = `display:inline-block;background:${light};color:#ffffff;border:solid ${light};border-width:13px 24px;border-radius:10px;font-weight:bold;text-decoration:none`;
  return [
    `<p style="margin:24px 0 12px"><a class="button" href="${escapeHtml(link)}" style="${look}">${escapeHtml(label)}</a></p>`,
    `<p class="soft" style="margin:0 0 14px;color:#565b64;font-size:14px;word-break:break-all">${escapeHtml(link)}</p>`,
  ];
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}
