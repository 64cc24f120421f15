/**
 * Text as a person typed it, also as HTML: paragraphs, line breaks, lists ("- milk"), *strong words* and web addresses. Everything else stays as typed
 * and is escaped, so nothing in the text can become markup of its own. The text itself goes beside it unchanged.
 */

const address = /(https?:\/\/[^\s<>"'`]{1,2000})/;
const strong = /(?<![\p{L}\p{N}*])\*([^\s*](?:[^*\n]{0,200}[^\s*])?)\*(?![\p{L}\p{N}*])/gu;
const item = /^[-*•] +/;

/** A fragment of HTML. */
export function formattedHtml(text: string): string {
  const blocks = text.replaceAll(/\r\n?/g, '\n').split(/\n[ \t]*\n\s*/);
  return blocks
    .filter((block) => block.trim() !== '')
    .map(blockHtml)
    .join('\n');
}

function blockHtml(block: string): string {
  const out: string[] = [];
  const lines = block.split('\n');
  for (let at = 0; at < lines.length; ) {
    const listed = item.test(lines[at] ?? '');
    const run: string[] = [];
    while (at < lines.length && item.test(lines[at] ?? '') === listed) run.push(lines[at++] ?? '');
    out.push(
      listed
        ? `<ul>${run.map((line) => `<li>${inline(line.replace(item, ''))}</li>`).join('')}</ul>`
        : `<p>${run.map(inline).join('<br>\n')}</p>`,
    );
  }
  return out.join('\n');
}

/** One line. Web addresses at odd places. */
function inline(line: string): string {
  return line
    .split(address)
    .map((piece, index) => {
      if (index % 2 === 0) return escapeHtml(piece).replace(strong, '<strong>$1</strong>');
      const link = piece.replace(/[.,;:!?)\]]{1,3}$/, '');
      return `<a href="${escapeHtml(link)}">${escapeHtml(link)}</a>${escapeHtml(piece.slice(link.length))}`;
    })
    .join('');
}

export function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}
