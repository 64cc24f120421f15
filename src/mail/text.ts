/**
 * From transfer encoding to octets (`decodeTransfer`), from octets to text (`decodeCharset`).
 *
 * Both accept what mail holds in practice: line noise in base64, broken escapes in quoted-printable, charsets that are
 * misnamed or unknown. The decoded octets do not depend on how the source was cut into chunks, and time is linear.
 *
 * Standards: RFC 2045, RFC 2152.
 * Limits: over 1,024 blanks at the end of a quoted-printable line are dropped only in part; uuencode is left as it is.
 */
import { isUtf8 } from 'node:buffer';

/** A decoder of one part's octets: feed it every chunk, then call `end` once. */
type OctetDecoder = { push(chunk: Uint8Array): Buffer; end(): Buffer };

/** The octets of a part without their transfer encoding; an encoding that is not base64 or quoted-printable changes nothing. */
export async function* decodeTransfer(source: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = decoderFor(encoding);
  if (decoder === null) {
    yield* source;
    return;
  }
  for await (const chunk of source) {
    const out = decoder.push(chunk);
    if (out.length > 0) yield out;
  }
  const last = decoder.end();
  if (last.length > 0) yield last;
}

/** Whether an encoding is one that `decodeTransfer` undoes, or that leaves octets as they are. */
export function isTransferEncoding(encoding: string): boolean {
  return /^(?:|[78][- ]?bits?|binary|base64|quoted-printable)$/i.test(encoding);
}

function decoderFor(encoding: string): OctetDecoder | null {
  const name = encoding.toLowerCase();
  if (name === 'base64') return base64Decoder();
  return name === 'quoted-printable' ? quotedPrintableDecoder() : null;
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const ignored = 64;
const padding = 65;
const base64Values = new Uint8Array(256).fill(ignored);
for (const [value, octet] of Buffer.from(base64Alphabet).entries()) base64Values[octet] = value;
base64Values[0x3d] = padding;

/** RFC 2045 section 6.8: octets outside the alphabet are ignored; padding ends a quantum, and what follows starts a new one. */
function base64Decoder(): OctetDecoder {
  let bits = 0;
  let held = 0;
  const flush = (out: Buffer, at: number): number => {
    let end = at;
    if (held >= 2) out[end++] = held === 2 ? bits >> 4 : bits >> 10;
    if (held === 3) out[end++] = (bits >> 2) & 0xff;
    bits = 0;
    held = 0;
    return end;
  };
  return {
    push(chunk) {
      const out = Buffer.allocUnsafe(chunk.length + 4);
      let end = 0;
      for (const octet of chunk) {
        const value = base64Values[octet] ?? ignored;
        if (value < ignored) {
          bits = (bits << 6) | value;
          held += 1;
          if (held === 4) {
            out[end] = bits >> 16;
            out[end + 1] = (bits >> 8) & 0xff;
            out[end + 2] = bits & 0xff;
            end += 3;
            bits = 0;
            held = 0;
          }
        } else if (value === padding) {
          end = flush(out, end);
        }
      }
      return out.subarray(0, end);
    },
    end() {
      const out = Buffer.alloc(2);
      return out.subarray(0, flush(out, 0));
    },
  };
}

const mostBlanks = 1024;

/** RFC 2045 section 6.7: escapes and soft line breaks; blanks before a line break go, and a broken escape stays as written. */
function quotedPrintableDecoder(): OctetDecoder {
  /** Undecided octets: an escape begun (`=`, `=4`, `= `, `=\r`) or blanks that a line break would drop. */
  let held: number[] = [];
  let out = Buffer.alloc(0);
  let end = 0;
  const release = () => {
    for (const octet of held) out[end++] = octet;
    held = [];
  };
  const take = (octet: number) => {
    if (held[0] === equals && inEscape(octet)) return;
    if (octet === equals) {
      release();
      held.push(octet);
    } else if (octet === space || octet === tab || octet === carriageReturn) {
      if (held.length >= mostBlanks) release();
      held.push(octet);
    } else if (octet === lineFeed) {
      // Hard line break: the blanks before it go, its own CR stays.
      const crlf = held.at(-1) === carriageReturn;
      held = [];
      if (crlf) out[end++] = carriageReturn;
      out[end++] = lineFeed;
    } else {
      if (held.length > 0) release();
      out[end++] = octet;
    }
  };
  /** Continues an escape; false when the octet must be looked at again as ordinary text. */
  const inEscape = (octet: number): boolean => {
    const second = held[1];
    if (second === undefined || second === space || second === tab || second === carriageReturn) {
      if (octet === lineFeed) {
        held = [];
        return true;
      }
      if (octet === space || octet === tab || octet === carriageReturn) {
        if (held.length >= mostBlanks) release();
        held.push(octet);
        return true;
      }
      if (second === undefined && hexValue(octet) >= 0) {
        held.push(octet);
        return true;
      }
    } else if (hexValue(octet) >= 0) {
      out[end++] = hexValue(second) * 16 + hexValue(octet);
      held = [];
      return true;
    }
    release();
    return false;
  };
  return {
    push(chunk) {
      out = Buffer.allocUnsafe(chunk.length + held.length + 2);
      end = 0;
      for (const octet of chunk) {
        // Most octets are ordinary text with nothing undecided before them.
        if (octet > space && octet !== equals && held.length === 0) out[end++] = octet;
        else take(octet);
      }
      return out.subarray(0, end);
    },
    end() {
      // A soft line break at the very end needs no line feed; blanks there are kept, as there is no line break.
      if (
        held[0] === equals &&
        held.every((octet) => octet !== equals || held.length === 1) &&
        hexValue(held[1] ?? 0) < 0
      )
        held = [];
      out = Buffer.allocUnsafe(held.length);
      end = 0;
      release();
      return out.subarray(0, end);
    },
  };
}

const equals = 0x3d;
const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

function hexValue(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Names seen in mail that the platform's decoder does not know. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['cp932', 'shift_jis'],
  ['ms932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['cp950', 'big5'],
  ['cp50220', 'iso-2022-jp'],
  ['cp50221', 'iso-2022-jp'],
  ['iso-2022-jp-1', 'iso-2022-jp'],
  ['iso-2022-jp-2', 'iso-2022-jp'],
  ['iso-2022-jp-ms', 'iso-2022-jp'],
  ['iso-8859-8-e', 'iso-8859-8'],
  ['utf8mb4', 'utf-8'],
  ['cp65001', 'utf-8'],
  ['windows-949', 'euc-kr'],
  ['windows-936', 'gbk'],
]);
const decoders = new Map<string, TextDecoder>();

/**
 * Octets as text. ASCII and unknown charsets are read as UTF-8 when the octets are valid UTF-8, else as windows-1252;
 * malformed sequences become U+FFFD. Never throws.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const label = charset.trim().toLowerCase().replaceAll(/["']/g, '');
  const name = aliases.get(label) ?? label;
  if (name === 'utf-7' || name === 'unicode-1-1-utf-7') return decodeUtf7(bytes);
  // RFC 2781 section 4.3: the byte order mark decides; without one the platform's little-endian does.
  if (name === 'utf-16' && bytes[0] === 0xfe && bytes[1] === 0xff) return decoderNamed('utf-16be').decode(bytes);
  if (name === '' || name === 'us-ascii' || name === 'ascii' || name === 'unknown-8bit') return decodeGuessing(bytes);
  const decoder = knownDecoder(name);
  if (decoder === null) return decodeGuessing(bytes);
  const text = decoder.decode(bytes);
  // What its own charset cannot read but UTF-8 can is UTF-8: some relays recode bodies and leave the label.
  return text.includes('\ufffd') && isUtf8(bytes) ? decoderNamed('utf-8').decode(bytes) : text;
}

function decodeGuessing(bytes: Uint8Array): string {
  return decoderNamed(isUtf8(bytes) ? 'utf-8' : 'windows-1252').decode(bytes);
}

function decoderNamed(name: string): TextDecoder {
  const decoder = decoders.get(name) ?? new TextDecoder(name);
  decoders.set(name, decoder);
  return decoder;
}

function knownDecoder(name: string): TextDecoder | null {
  try {
    return decoderNamed(name);
  } catch {
    return null; // RangeError: the label names no encoding of the platform.
  }
}

/** RFC 2152: `+` begins base64 of UTF-16BE, `-` or any other character ends it, `+-` is a plus sign. */
function decodeUtf7(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  return text.replaceAll(/\+([A-Za-z0-9+/]*)-?/g, (whole, encoded: string) => {
    if (encoded === '') return whole === '+-' ? '+' : whole;
    const units = Buffer.from(encoded, 'base64');
    return decoderNamed('utf-16be').decode(units.subarray(0, units.length & ~1));
  });
}
