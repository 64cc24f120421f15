/** A letter of our own: one text, written once, shown as plain text and as HTML. Everything in it is escaped, so it may hold names from outside. */

export type Letter = {
  readonly title: string;
  readonly opening: readonly string[];
  readonly action?: { readonly label: string; readonly link: string };
  readonly code?: string;
  readonly sections: readonly {
    readonly heading: string;
    readonly paragraphs?: readonly string[];
    readonly list?: readonly string[];
  }[];
  readonly closing: string;
};

/** As plain text, ending in a line break. */
export function letterText(letter: Letter): string {
  const blocks = [
    ...letter.opening,
    ...(letter.action === undefined ? [] : [`${letter.action.label}:\n${letter.action.link}`]),
    ...(letter.code === undefined ? [] : [`    ${letter.code}`]),
    ...letter.sections.flatMap(({ heading, paragraphs = [], list = [] }) => [
      `${heading}\n${'-'.repeat(heading.length)}`,
      ...paragraphs,
      ...(list.length === 0 ? [] : [list.map((item, index) => `${index + 1}. ${item}`).join('\n')]),
    ]),
    `-- \n${letter.closing}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** As a complete HTML document. */
export function letterHtml(letter: Letter): string {
  const p = (text: string): string => `<p style="margin:0 0 14px">${escapeHtml(text)}</p>`;
  const button =
    'display:inline-block;background:#1f4b99;color:#ffffff;padding:12px 22px;border-radius:6px;text-decoration:none';
  return [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(letter.title)}</title></head>`,
    '<body style="margin:0;padding:20px;background:#ffffff;color:#1b1f27;font:16px/1.5 Arial,Helvetica,sans-serif">',
    '<div style="max-width:560px">',
    `<h1 style="font-size:20px;line-height:1.3;margin:0 0 14px">${escapeHtml(letter.title)}</h1>`,
    ...letter.opening.map(p),
    ...(letter.action === undefined
      ? []
      : [
          `<p style="margin:22px 0 10px"><a href="${escapeHtml(letter.action.link)}" style="${button}">${escapeHtml(letter.action.label)}</a></p>`,
          `<p style="margin:0 0 14px;word-break:break-all">${escapeHtml(letter.action.link)}</p>`,
        ]),
    ...(letter.code === undefined
      ? []
      : [
          `<p style="margin:22px 0;font:bold 30px/1.2 Consolas,Menlo,monospace;letter-spacing:4px">${escapeHtml(letter.code)}</p>`,
        ]),
    ...letter.sections.flatMap(({ heading, paragraphs = [], list = [] }) => [
      `<h2 style="font-size:16px;margin:24px 0 8px">${escapeHtml(heading)}</h2>`,
      ...paragraphs.map(p),
      ...(list.length === 0
        ? []
        : [
            '<ol style="margin:0 0 14px;padding-left:24px">',
            ...list.map((item) => `<li style="margin:0 0 6px">${escapeHtml(item)}</li>`),
            '</ol>',
          ]),
    ]),
    `<p style="margin:28px 0 0;padding-top:12px;border-top:1px solid #d5dae3;color:#4a5160;font-size:14px">${escapeHtml(letter.closing)}</p>`,
    '</div></body></html>',
  ].join('\n');
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}

/** "Friday 20 November 2026 at 15:04 UTC": the reader's time zone is not known to us. */
export function longDate(at: number): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(at)} UTC`;
}
