/**
 * Encoded words: text beyond ASCII inside header values. `decodeWords` reads them, `encodeWords` writes them.
 *
 * Octets of a header travel as a latin1 string (one character per octet); text is Unicode. Both directions are linear
 * in their input, and neither lets a line break through: what was written `=0D=0A` comes out as spaces.
 *
 * Standards: RFC 2047.
 * Limits: encoded words are decoded wherever they stand, quoted strings included, as mail programs do; a charset label
 * over 60 characters is not one.
 */
import { decodeCharset } from './text.ts';

const longestLabel = 60;
/** `=?utf-8?B?` and `?=` take 12 of the 75 characters that RFC 2047 section 2 allows. */
const longestPayload = 63;

type Word = { readonly charset: string; readonly bytes: Buffer; readonly end: number };

/** Octets as text: UTF-8 when they are valid UTF-8 (RFC 6532), else windows-1252. */
export function octetsToText(octets: string): string {
  return /[\x80-\xff]/.test(octets) ? decodeCharset(Buffer.from(octets, 'latin1'), '') : octets;
}

/** The text with every control character and line separator replaced by a space; unpaired surrogates become U+FFFD. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\0-\x1f\x7f-\x9f\u2028\u2029]/g, ' ').toWellFormed();
}

/** Decodes the encoded words in header octets; everything else is read as UTF-8 or windows-1252. Never throws. */
export function decodeWords(octets: string): string {
  const out: string[] = [];
  // Words of one charset are joined before decoding: careless writers split a character over two words.
  let run: Buffer[] = [];
  let runCharset = '';
  let plainFrom = 0;
  const flushRun = () => {
    if (run.length > 0) out.push(decodeCharset(run.length === 1 && run[0] ? run[0] : Buffer.concat(run), runCharset));
    run = [];
  };
  for (let at = octets.indexOf('=?'); at !== -1; ) {
    const word = wordAt(octets, at);
    if (word === null) {
      at = octets.indexOf('=?', at + 1);
      continue;
    }
    const between = octets.slice(plainFrom, at);
    // RFC 2047 section 6.2: white space between two encoded words is not shown.
    const adjacent = run.length > 0 && /^[ \t\r\n]*$/.test(between);
    if (!adjacent || word.charset !== runCharset) flushRun();
    if (!adjacent) out.push(octetsToText(between));
    run.push(word.bytes);
    runCharset = word.charset;
    plainFrom = word.end;
    at = octets.indexOf('=?', word.end);
  }
  flushRun();
  out.push(octetsToText(octets.slice(plainFrom)));
  return out.join('');
}

function wordAt(octets: string, at: number): Word | null {
  const labelEnd = octets.slice(at + 2, at + 3 + longestLabel).indexOf('?');
  if (labelEnd <= 0) return null;
  const encodingAt = at + 2 + labelEnd + 1;
  const encoding = octets[encodingAt]?.toLowerCase();
  if ((encoding !== 'q' && encoding !== 'b') || octets[encodingAt + 1] !== '?') return null;
  const end = octets.indexOf('?', encodingAt + 2);
  if (end === -1 || octets[end + 1] !== '=') return null;
  // RFC 2231 section 5 appends the language to the charset: `utf-8*de`.
  const charset = octets
    .slice(at + 2, at + 2 + labelEnd)
    .replace(/\*.*$/s, '')
    .toLowerCase();
  const payload = octets.slice(encodingAt + 2, end);
  return { charset, bytes: encoding === 'b' ? Buffer.from(payload, 'base64') : decodeQ(payload), end: end + 2 };
}

function decodeQ(payload: string): Buffer {
  const text = payload.replaceAll(/_|=([0-9A-Fa-f]{2})/g, (_, hex: string | undefined) =>
    hex === undefined ? ' ' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(text, 'latin1');
}

/**
 * The text as encoded words, each at most 75 characters long, none splitting a character; to be joined by folding white space.
 * Safe in every place RFC 2047 section 5 allows, phrases included.
 */
export function encodeWords(text: string): string[] {
  const clean = withoutControls(text);
  const bytes = Buffer.byteLength(clean);
  const quotable = clean.replaceAll(/[^ A-Za-z0-9!*+/-]/g, '').length;
  // Each octet that Q must escape takes three characters, base64 takes four for three octets.
  return (bytes - quotable) * 3 + quotable <= Math.ceil(bytes / 3) * 4
    ? inWords(clean, longestPayload, 'Q', quoteCharacter)
    : inWords(clean, Math.floor(longestPayload / 4) * 3, 'B', (character) => character);
}

function quoteCharacter(character: string): string {
  if (character === ' ') return '_';
  if (/^[A-Za-z0-9!*+/-]$/.test(character)) return character;
  return [...Buffer.from(character)].map((octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function inWords(text: string, room: number, encoding: 'Q' | 'B', encode: (character: string) => string): string[] {
  const words: string[] = [];
  let payload: string[] = [];
  let used = 0;
  const flush = () => {
    const joined = payload.join('');
    words.push(`=?utf-8?${encoding}?${encoding === 'B' ? Buffer.from(joined).toString('base64') : joined}?=`);
    payload = [];
    used = 0;
  };
  for (const character of text) {
    const piece = encode(character);
    const length = Buffer.byteLength(piece);
    if (used + length > room) flush();
    payload.push(piece);
    used += length;
  }
  if (payload.length > 0) flush();
  return words;
}
