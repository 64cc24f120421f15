/**
 * The legacy display element of header protection: the hidden Subject once more, at the top of the text, for mail programs that do not restore it.
 * Those that do take it out again, by the parameter `hp-legacy-display` that the part is marked with (header-protection.ts, whose section numbers these
 * are).
 *
 * The text is not decoded and written anew: the lines are put before it, or behind `<body>`, in the part's own charset and transfer encoding.
 *
 * Limits: a part whose charset or encoding cannot hold the Subject (7bit, when it is not ASCII; UTF-16) is left as it is, and so is one whose
 * `<body>` comes after `headSize` octets, of which the element then stands first. Signed content is never touched.
 */
import type { Part } from './structure.ts';

/** Octets of a part's body that are looked at for `<body>`. */
export const headSize = 65_536;
/** Longer ones would not fit a line. */
const longestSubject = 700;

/** `text` takes the place of the first `replaces` octets of a part's body. */
export type BodyEdit = { readonly replaces: number; readonly text: Buffer };

/** The parts a reader sees first: the text, and its alternatives. Section 1.9 calls them Main Body Parts. */
export function mainBodyParts(root: Part): Part[] {
  if (root.type === 'multipart/alternative') return root.children.flatMap(mainBodyParts);
  if (root.type === 'multipart/mixed' || root.type === 'multipart/related')
    return root.children.slice(0, 1).flatMap(mainBodyParts);
  const isText = root.type === 'text/plain' || root.type === 'text/html';
  return isText && root.children.length === 0 && root.disposition !== 'attachment' ? [root] : [];
}

/** The part with the Subject at its top, or null when it cannot have it. `head`: the body's first `headSize` octets, or all of it. */
export function withSubjectInText(
  part: Pick<Part, 'type' | 'encoding' | 'parameters'>,
  head: Buffer,
  subject: string,
): BodyEdit | null {
  const charset = (part.parameters['charset'] ?? 'us-ascii').toLowerCase();
  const html = part.type === 'text/html';
  const element = html ? htmlElement(subject, charset) : plainElement(subject, charset);
  if (element === null || subject.length > longestSubject) return null;
  switch (part.encoding) {
    case '7bit':
      return element.some((octet) => octet > 0x7f) ? null : inserted(head, html, element);
    case '8bit':
    case 'binary':
      return inserted(head, html, element);
    case 'quoted-printable':
      return inserted(head, html, quotedPrintable(element));
    case 'base64':
      return insertedInBase64(head, html, element);
    default:
      return null;
  }
}

/** Section 5.2.2. */
function plainElement(subject: string, charset: string): Buffer | null {
  const lines = `Subject: ${subject}\r\n\r\n`;
  if (/^[\x20-\x7e]*$/.test(subject)) return asciiCompatible(charset) ? Buffer.from(lines) : null;
  if (charset === 'utf-8') return Buffer.from(lines);
  const latin = /^[\x20-\x7e\xa0-\xff]*$/.test(subject) && (charset === 'iso-8859-1' || charset === 'windows-1252');
  return latin ? Buffer.from(lines, 'latin1') : null;
}

/** Section 5.2.3. */
function htmlElement(subject: string, charset: string): Buffer | null {
  const escaped = Array.from(subject, (each) =>
    /^[ !#-%'-;=?-~]$/.test(each) ? each : `&#${each.codePointAt(0) ?? 63};`,
  );
  const element = `\r\n<div class="header-protection-legacy-display">\r\n<pre>Subject: ${folded(escaped)}</pre>\r\n</div>\r\n`;
  return asciiCompatible(charset) ? Buffer.from(element) : null;
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

const asciiCompatible = (charset: string): boolean => !/^(utf-?(7|16|32)|ucs-|unicode|ibm0|ebcdic)/.test(charset);

/** Where the element goes: behind the body tag, if there is one. */
function placeIn(head: string, html: boolean): number {
  const tag = html ? /<body\b[^>]*>/i.exec(head) : null;
  return tag === null ? 0 : tag.index + tag[0].length;
}

function inserted(head: Buffer, html: boolean, element: Buffer): BodyEdit {
  const place = placeIn(head.toString('latin1'), html);
  return { replaces: place, text: Buffer.concat([head.subarray(0, place), element]) };
}

/** Whole groups of four characters are replaced, and the element is made as long as they allow; the rest stays as it is. RFC 2045 section 6.8. */
function insertedInBase64(head: Buffer, html: boolean, element: Buffer): BodyEdit | null {
  const text = head.toString('latin1');
  const decoded = Buffer.from(text, 'base64');
  const place = placeIn(decoded.toString('latin1'), html);
  const kept = Math.min(decoded.length, Math.ceil(place / 3) * 3);
  const replaces = octetsOfCharacters(text, Math.ceil(kept / 3) * 4);
  if (replaces === null) return null;
  const blank = ' '.repeat((3 - ((kept + element.length) % 3)) % 3);
  // Spaces before the last line break show nowhere.
  const padded = Buffer.concat([element.subarray(0, -2), Buffer.from(blank), element.subarray(-2)]);
  const all = Buffer.concat([decoded.subarray(0, place), padded, decoded.subarray(place, kept)]);
  const lines = all.toString('base64').match(/.{1,76}/g) ?? [];
  return { replaces, text: Buffer.from(`${lines.join('\r\n')}\r\n`) };
}

/** How far so many characters of base64 go in a text with line breaks; null when there is something else in it. */
function octetsOfCharacters(text: string, characters: number): number | null {
  let seen = 0;
  let at = 0;
  for (; seen < characters; at += 1) {
    const each = text[at];
    if (each === undefined || !/[A-Za-z0-9+/=\r\n]/.test(each)) return null;
    if (each !== '\r' && each !== '\n') seen += 1;
  }
  return at;
}

/** RFC 2045 section 6.7: lines of at most 76 characters, line breaks kept. */
function quotedPrintable(octets: Buffer): Buffer {
  const lines = octets
    .toString('latin1')
    .split('\r\n')
    .map((line) => {
      const pieces = line.replaceAll(
        /[^!-<>-~ ]| $/g,
        (each) => `=${each.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      );
      return (pieces.match(/(?:=[0-9A-F]{2}|[^=]){1,24}/g) ?? []).join('=\r\n');
    });
  return Buffer.from(lines.join('\r\n'));
}
