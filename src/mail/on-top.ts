/**
 * Lines put at the top of a text that is in a message already: `mainBodyParts` finds the texts a reader sees first, `onTop` says which octets of one
 * give way to which.
 *
 * The text is not decoded and written anew: the lines are put before it, or behind `<body>`, in the part's own charset and transfer encoding.
 *
 * Limits: a part whose charset or encoding cannot hold the lines (7bit, when they are not ASCII; UTF-16) is left as it is. Where `<body>` comes after
 * `headSize` octets the lines stand first.
 */
import type { Part } from './structure.ts';

/** Octets of a part's body that are looked at for `<body>`. */
export const headSize = 65_536;

/** `text` takes the place of the first `replaces` octets of a part's body. */
export type BodyEdit = { readonly replaces: number; readonly text: Buffer };

/** The parts a reader sees first: the text, and its alternatives. */
export function mainBodyParts(root: Part): Part[] {
  if (root.type === 'multipart/alternative') return root.children.flatMap(mainBodyParts);
  if (root.type === 'multipart/mixed' || root.type === 'multipart/related')
    return root.children.slice(0, 1).flatMap(mainBodyParts);
  const isText = root.type === 'text/plain' || root.type === 'text/html';
  return isText && root.children.length === 0 && root.disposition !== 'attachment' ? [root] : [];
}

/** Lines for a part: text, or ASCII-only HTML. Line breaks are CRLF, and the last line has one. */
export type Lines = { readonly plain: string; readonly html: string };

/** The part with the lines at its top, or null when it cannot have them. `head`: the body's first `headSize` octets, or all of it. */
export function onTop(
  { type, encoding, parameters }: Pick<Part, 'type' | 'encoding' | 'parameters'>,
  head: Buffer,
  lines: Lines,
): BodyEdit | null {
  const html = type === 'text/html';
  const octets = inCharset(html ? lines.html : lines.plain, (parameters['charset'] ?? 'us-ascii').toLowerCase());
  if (octets === null) return null;
  switch (encoding) {
    case '7bit':
      return octets.some((octet) => octet > 0x7f) ? null : inserted(head, html, octets);
    case '8bit':
    case 'binary':
      return inserted(head, html, octets);
    case 'quoted-printable':
      return inserted(head, html, quotedPrintable(octets));
    case 'base64':
      return insertedInBase64(head, html, octets);
    default:
      return null;
  }
}

/** Text as references, so that it can stand in HTML of any charset. */
export function inReferences(text: string): string[] {
  return Array.from(text, (each) => (/^[ !#-%'-;=?-~]$/.test(each) ? each : `&#${each.codePointAt(0) ?? 63};`));
}

function inCharset(text: string, charset: string): Buffer | null {
  if (/^[\r\n\x20-\x7e]*$/.test(text)) return asciiCompatible(charset) ? Buffer.from(text) : null;
  if (charset === 'utf-8') return Buffer.from(text);
  const latin = /^[\r\n\x20-\x7e\xa0-\xff]*$/.test(text) && (charset === 'iso-8859-1' || charset === 'windows-1252');
  return latin ? Buffer.from(text, 'latin1') : null;
}

const asciiCompatible = (charset: string): boolean => !/^(utf-?(7|16|32)|ucs-|unicode|ibm0|ebcdic)/.test(charset);

/** Where the lines go: behind the body tag, if there is one. None has a "<" in it, so that looking for one takes linear time. */
function placeIn(head: string, html: boolean): number {
  const tag = html ? /<body\b[^<>]*>/i.exec(head) : null;
  return tag === null ? 0 : tag.index + tag[0].length;
}

function inserted(head: Buffer, html: boolean, lines: Buffer): BodyEdit {
  const place = placeIn(head.toString('latin1'), html);
  return { replaces: place, text: Buffer.concat([head.subarray(0, place), lines]) };
}

/** Whole groups of four characters are replaced, and the lines are made as long as they allow; the rest stays as it is. RFC 2045 section 6.8. */
function insertedInBase64(head: Buffer, html: boolean, lines: Buffer): BodyEdit | null {
  const text = head.toString('latin1');
  const decoded = Buffer.from(text, 'base64');
  const place = placeIn(decoded.toString('latin1'), html);
  const kept = Math.min(decoded.length, Math.ceil(place / 3) * 3);
  const replaces = octetsOfCharacters(text, Math.ceil(kept / 3) * 4);
  if (replaces === null) return null;
  const blank = ' '.repeat((3 - ((kept + lines.length) % 3)) % 3);
  // Spaces before the last line break show nowhere.
  const padded = Buffer.concat([lines.subarray(0, -2), Buffer.from(blank), lines.subarray(-2)]);
  const all = Buffer.concat([decoded.subarray(0, place), padded, decoded.subarray(place, kept)]);
  const written = all.toString('base64').match(/.{1,76}/g) ?? [];
  return { replaces, text: Buffer.from(`${written.join('\r\n')}\r\n`) };
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
