/**
 * The legacy display element of header protection: the hidden Subject once more, at the top of the text, for mail programs that do not restore it.
 * Those that do take it out again, by the parameter `hp-legacy-display` that the part is marked with (header-protection.ts, whose section numbers these
 * are). How it gets into the text is on-top.ts. Signed content is never touched.
 */
import { inReferences, type Lines } from './on-top.ts';

/** Longer ones would not fit a line. */
const longestSubject = 700;

/** Null for a Subject that is too long. */
export function legacyDisplay(subject: string): Lines | null {
  return subject.length > longestSubject ? null : { plain: plainElement(subject), html: htmlElement(subject) };
}

/** Section 5.2.2. */
function plainElement(subject: string): string {
  return `Subject: ${subject}\r\n\r\n`;
}

/** Section 5.2.3. */
function htmlElement(subject: string): string {
  const shown = folded(inReferences(subject));
  return `\r\n<div class="header-protection-legacy-display">\r\n<pre>Subject: ${shown}</pre>\r\n</div>\r\n`;
}

/** References make a short subject a long line. Inside pre a line break shows, which harms nobody. */
function folded(pieces: readonly string[]): string {
  const lines: string[] = [''];
  for (const piece of pieces) {
    const line = `${lines.at(-1) ?? ''}${piece}`;
    if (line.length <= longestSubject) lines[lines.length - 1] = line;
    else lines.push(piece);
  }
  return lines.join('\r\n');
}
