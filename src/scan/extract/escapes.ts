/**
 * Text of formats that write a long value over several lines and its line breaks as escapes: calendar entries and address cards, whose
 * lines end anywhere and go on after white space (RFC 5545 section 3.1, RFC 6350 section 3.2), and JSON. `unescaped` gives a value as
 * its reader sees it: "SSN 536-22-18" and " 47" on the next line are one number, and what follows "\n" begins a word.
 *
 * Limits: other escapes of JSON than those of one letter and \u stay as they are.
 */
import type { TextWriter } from './pieces.ts';
import type { Declared } from './site.ts';

const types = /^(?:text\/(?:calendar|vcard|x-vcard|directory|x-vcalendar)|application\/(?:ics|(?:.{1,100}\+)?json))$/;
const names = /\.(?:ics|vcf|vcs|json)$/i;

/** Whether such a file is declared. */
export function hasEscapes({ type, fileName }: Declared): boolean {
  return types.test(type) || names.test(fileName ?? '');
}

/** Characters of the longest escape. */
const longest = 6;
const escape = /\r?\n[ \t]|\\(?:u([0-9A-Fa-f]{4})|([^]))/g;

/** Writes what it is given to `writer`, as a reader sees it; ends it. */
export function unescaped(writer: TextWriter): TextWriter {
  let waiting = '';
  /** Up to the first escape that begins at `limit` or after it, and at least to `limit`; the rest waits. */
  const writeTo = (limit: number): void => {
    const pieces: string[] = [];
    let at = 0;
    for (const match of waiting.matchAll(escape)) {
      if (match.index >= limit) break;
      pieces.push(waiting.slice(at, match.index), meaning(match[1], match[2]));
      at = match.index + match[0].length;
    }
    const end = Math.max(at, limit);
    pieces.push(waiting.slice(at, end));
    waiting = waiting.slice(end);
    writer.write(pieces.join(''));
  };
  return {
    write: (text) => {
      waiting += text;
      if (waiting.length > longest) writeTo(waiting.length - longest);
    },
    end: () => {
      writeTo(waiting.length);
      writer.end();
    },
  };
}

/** Neither a code nor a letter: a line that goes on. */
function meaning(code: string | undefined, letter: string | undefined): string {
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  if (letter === undefined) return '';
  return 'nrtN'.includes(letter) ? '\n' : letter;
}
