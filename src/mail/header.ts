/**
 * The header block as byte ranges: read fields (`parseHeader`), decode values (`decodeValue`, `valuesOf`), write fields
 * (`encodeField`), and edit without touching any other octet (`editHeader`).
 *
 * A block may be malformed: lines without a colon, folded lines with nothing to continue, 8-bit octets, no blank line at
 * its end. Such lines are not fields; they stay where they are. The block ends at its first empty line.
 *
 * Standards: RFC 5322.
 */
import { formatMailbox, type Mailboxes, parseMailboxes } from './address.ts';
import { decodeWords, encodeWords, withoutControls } from './encoded-word.ts';

/** One header field. `start`..`end` covers name, value and the final CRLF, folded lines included. */
export type Field = {
  /** As written. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The raw value after the colon, still folded and encoded, without the final CRLF, as latin1. */
  readonly raw: string;
};

/** `text` holds complete field lines, each ending in CRLF; it is written as UTF-8. */
export type HeaderEdit =
  | { readonly kind: 'remove'; readonly field: Field }
  | { readonly kind: 'replace'; readonly field: Field; readonly text: string }
  | { readonly kind: 'prepend'; readonly text: string };

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const colonOctet = 0x3a;
/** Octets looked at for a name whose colon is on another line. */
const longestName = 256;
/** RFC 5322 section 2.1.1: lines should stay within 78 characters and must stay within 998. */
const preferredLine = 78;
const longestWord = 900;
const addressFields = new Set(['from', 'sender', 'reply-to', 'to', 'cc', 'bcc']);

/** A field whose end has not been seen; without a colon yet, it may still turn out to be none. */
type OpenField = { readonly start: number; readonly name: string; readonly colon: number | null };

/** The fields of a header block, in order. */
export function parseHeader(block: Buffer): Field[] {
  const fields: Field[] = [];
  let open: OpenField | null = null;
  let at = 0;
  while (at < block.length) {
    const feed = block.indexOf(lineFeed, at);
    const end = feed === -1 ? block.length : feed + 1;
    const first = block[at];
    if (first === lineFeed || (first === carriageReturn && feed === at + 1)) break;
    const line = block.subarray(at, end);
    // RFC 5322 section 2.2.3: a line that begins with white space continues the one before.
    if (first === space || first === tab) {
      open = open === null ? null : continued(open, line, at);
    } else {
      finish(fields, block, open, at);
      open = openedBy(line, at);
    }
    at = end;
  }
  finish(fields, block, open, at);
  return fields;
}

function openedBy(line: Buffer, at: number): OpenField | null {
  const colon = line.indexOf(colonOctet);
  const name = line.toString('latin1', 0, colon === -1 ? Math.min(line.length, longestName) : colon).trimEnd();
  if (name === '' || /[\0-\x20\x7f]/.test(name)) return null;
  return { start: at, name, colon: colon === -1 ? null : at + colon };
}

/** `From`, then ` : x` on the next line: unfolded it is a field, and some programs take it for one. */
function continued(open: OpenField, line: Buffer, at: number): OpenField | null {
  if (open.colon !== null) return open;
  const folded = /^[ \t]+:/.exec(line.toString('latin1', 0, longestName))?.[0];
  return folded === undefined ? null : { ...open, colon: at + folded.length - 1 };
}

function finish(fields: Field[], block: Buffer, open: OpenField | null, end: number): void {
  if (open === null || open.colon === null) return;
  const withoutFeed = block[end - 1] === lineFeed ? end - 1 : end;
  const valueEnd = withoutFeed < end && block[withoutFeed - 1] === carriageReturn ? withoutFeed - 1 : withoutFeed;
  const raw = block.toString('latin1', open.colon + 1, Math.max(open.colon + 1, valueEnd));
  fields.push({ name: open.name, start: open.start, end, raw });
}

/**
 * A raw value as text: unfolded to single spaces, encoded words decoded, other octets read as UTF-8 or windows-1252, trimmed.
 * It holds no control characters, whatever the encoded words held.
 */
export function decodeValue(raw: string): string {
  return withoutControls(decodeWords(raw.replaceAll(/\r?\n[ \t]*/g, ' '))).trim();
}

/** The decoded values of every field of that name (any case), in order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fieldsNamed(fields, name).map((field) => decodeValue(field.raw));
}

/** The fields of that name (any case), in order. */
export function fieldsNamed(fields: readonly Field[], name: string): Field[] {
  const wanted = name.toLowerCase();
  return fields.filter((field) => field.name.length === wanted.length && field.name.toLowerCase() === wanted);
}

/**
 * Who wrote the message, by its From fields. Ambiguous unless there is exactly one field with exactly one clear address, and
 * nothing between its name and the colon that would keep some program from seeing it.
 */
export function authorsOf(fields: readonly Field[]): Mailboxes {
  const found = fieldsNamed(fields, 'from');
  const values = found.map((field) => parseMailboxes(field.raw));
  const mailboxes = values.flatMap((value) => value.mailboxes);
  const spaced = found.some(({ name, start, end, raw }) => end - start > name.length + 1 + raw.length + 2);
  const single = mailboxes.length === 1 && values.length === 1;
  return { mailboxes, ambiguous: !single || spaced || values.some((value) => value.ambiguous) };
}

/**
 * A complete field, `Name: value` with CRLF at its end, folded at 78 characters where it can be and never over 998.
 * Text beyond ASCII becomes encoded words; in address fields only the names do. Line breaks and other control characters in
 * the value become spaces, so nothing can be injected. Throws on a name that is no field name.
 */
export function encodeField(name: string, value: string): string {
  if (!/^[!-9;-~]{1,76}$/.test(name)) throw new TypeError('Not a header field name');
  const text = withoutControls(value).trim();
  if (text === '') return `${name}:\r\n`;
  return addressFields.has(name.toLowerCase()) ? addressField(name, text) : textField(name, text);
}

function addressField(name: string, text: string): string {
  const { mailboxes, ambiguous } = parseMailboxes(Buffer.from(text).toString('latin1'));
  if (ambiguous || mailboxes.length === 0) return textField(name, text);
  return `${name}: ${mailboxes.map(formatMailbox).join(',\r\n ')}\r\n`;
}

function textField(name: string, text: string): string {
  const words = foldable(text.split(' '));
  const short = words.every((word) => word.length <= longestWord);
  const plain = short && /^[\x20-\x7e]*$/.test(text) && !text.includes('=?');
  return foldWords(name, plain ? words : encodeWords(text));
}

/** Words between which a line may break. A run of spaces stays whole, as unfolding would shorten it. */
function foldable(words: readonly string[]): string[] {
  const out: string[] = [];
  let run: string[] = [];
  for (const [at, word] of words.entries()) {
    run.push(word);
    if (word === '' || words[at + 1] === '') continue;
    out.push(run.join(' '));
    run = [];
  }
  return run.length > 0 ? [...out, run.join(' ')] : out;
}

function foldWords(name: string, words: readonly string[]): string {
  const out: string[] = [`${name}:`];
  let column = name.length + 1;
  for (const word of words) {
    const breaks = column + 1 + word.length > preferredLine && column > 1;
    out.push(breaks ? '\r\n ' : ' ', word);
    column = (breaks ? 1 : column + 1) + word.length;
  }
  return `${out.join('')}\r\n`;
}

/**
 * The block with the edits made: every octet outside the named fields stays as it was. Prepended text comes first, in the
 * order given. Fields must come from `parseHeader` of the same block, each edited once; anything else throws.
 */
export function editHeader(block: Buffer, edits: readonly HeaderEdit[]): Buffer {
  const pieces: Buffer[] = [];
  const inPlace = edits.filter((edit) => edit.kind !== 'prepend').sort((a, b) => a.field.start - b.field.start);
  for (const edit of edits) if (edit.kind === 'prepend') pieces.push(fieldLines(edit.text));
  let at = 0;
  for (const edit of inPlace) {
    if (edit.field.start < at || edit.field.end > block.length)
      throw new RangeError('Header edits overlap or lie outside the block');
    pieces.push(block.subarray(at, edit.field.start));
    if (edit.kind === 'replace') pieces.push(fieldLines(edit.text));
    at = edit.field.end;
  }
  pieces.push(block.subarray(at));
  return Buffer.concat(pieces);
}

/** Refuses what would end the header or leave a line open: that would be our bug, and a header injection. */
function fieldLines(text: string): Buffer {
  if (!/^([^\s:][^\r\n\0]*\r\n([ \t][^\r\n\0]*\r\n)*)*$/.test(text))
    throw new TypeError('Not complete header field lines');
  return Buffer.from(text);
}
