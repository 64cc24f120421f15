/**
 * Values with parameters: Content-Type, Content-Disposition and their kin. `parseParameters` reads one value with RFC 2231
 * continuations and charsets, and tells which parameters were given twice with different meanings.
 *
 * Standards: RFC 2231, RFC 2183.
 * Limits: 500 parameters in a value; encoded words in parameters are decoded, though RFC 2047 forbids them, as mail programs do.
 */
import { readComment, readQuoted } from './enclosed.ts';
import { decodeWords, octetsToText, withoutControls } from './encoded-word.ts';
import { decodeCharset } from './text.ts';

const mostParameters = 500;
const mostSegments = 500;

export type Parameterised = {
  /** What stands before the first semicolon, lower case, without comments. */
  readonly value: string;
  /** Decoded; names lower case. The RFC 2231 form of a parameter wins over the plain one, the first of equals wins. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Undecoded latin1 octets of the plain parameters. */
  readonly octets: ReadonlyMap<string, string>;
  /** Names of parameters that were given more than once, not all meaning the same. */
  readonly conflicts: readonly string[];
  /** More than 500 parameters; those after are left out. */
  readonly overflow: boolean;
};

type Segment = { readonly octets: string; readonly encoded: boolean };
type Given = { plain: string[]; extended: string[]; segments: Map<number, Segment> };

/** Reads the raw value of a field (latin1 octets). Never throws. */
export function parseParameters(raw: string): Parameterised {
  const text = raw.replaceAll(/\r?\n/g, '');
  const value = readValue(text);
  const given = new Map<string, Given>();
  let count = 0;
  let at = value.end;
  while (at < text.length && count <= mostParameters) {
    const parameter = readParameter(text, at + 1);
    at = parameter.end;
    if (parameter.name === '') continue;
    count += 1;
    if (count <= mostParameters) collect(given, parameter.name, parameter.octets);
  }
  const parameters = new Map<string, string>();
  const octets = new Map<string, string>();
  const conflicts: string[] = [];
  for (const [name, forms] of given) {
    const readings = readingsOf(forms);
    const [first] = readings;
    if (first === undefined) continue;
    parameters.set(name, first);
    if (readings.some((reading) => reading !== first)) conflicts.push(name);
    if (forms.plain[0] !== undefined) octets.set(name, forms.plain[0]);
  }
  const overflow = count > mostParameters;
  return { value: value.text, parameters: Object.fromEntries(parameters), octets, conflicts, overflow };
}

/** Characters of one parameter, with its name: a line of it fits the 78 that RFC 5322 section 2.1.1 prefers. */
const longestParameter = 74;

/**
 * A parameter for a value of any text: quoted where it is short ASCII, else encoded as UTF-8 and in segments where it is long (RFC 2231 section 4.1).
 * To be joined by semicolons and folding white space. Holds no control characters. `name` is a token of at most twenty characters.
 */
export function encodeParameter(name: string, value: string): string[] {
  const text = withoutControls(value.toWellFormed()).trim();
  const quoted = `${name}="${text.replaceAll(/["\\]/g, '\\$&')}"`;
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?') && quoted.length <= longestParameter) return [quoted];
  const whole = `${name}*=utf-8''${encoded(text)}`;
  if (whole.length <= longestParameter) return [whole];
  const segments: string[] = [];
  let segment = `${name}*0*=utf-8''`;
  for (const character of text) {
    const next = encoded(character);
    if (segment.length + next.length > longestParameter) {
      segments.push(segment);
      segment = `${name}*${segments.length}*=`;
    }
    segment += next;
  }
  return [...segments, segment];
}

/** RFC 2231 section 7, `attribute-char`; the rest as octets. */
function encoded(text: string): string {
  return [...Buffer.from(text)]
    .map((octet) => {
      const character = String.fromCharCode(octet);
      return /^[A-Za-z0-9!#$&+.^_`{|}~-]$/.test(character)
        ? character
        : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** Up to the first semicolon outside comments. */
function readValue(text: string): { text: string; end: number } {
  const pieces: string[] = [];
  const stop = /[;(]/g;
  for (let at = 0; ; ) {
    stop.lastIndex = at;
    const found = stop.exec(text)?.index ?? text.length;
    pieces.push(text.slice(at, found));
    if (text[found] !== '(') return { text: pieces.join('').trim().toLowerCase(), end: found };
    at = readComment(text, found + 1).end;
  }
}

/** `name=value` from `from` to the next semicolon; the name is empty when there is no such pair. */
function readParameter(text: string, from: number): { name: string; octets: string; end: number } {
  const stop = /[=;]/g;
  stop.lastIndex = from;
  const found = stop.exec(text)?.index ?? text.length;
  if (text[found] !== '=') return { name: '', octets: '', end: found };
  const name = text.slice(from, found).trim().toLowerCase();
  const start = /[^ \t]|$/g;
  start.lastIndex = found + 1;
  const valueAt = start.exec(text)?.index ?? text.length;
  const quoted = text[valueAt] === '"' ? readQuoted(text, valueAt + 1) : null;
  const semicolon = text.indexOf(';', quoted?.end ?? valueAt);
  const end = semicolon === -1 ? text.length : semicolon;
  return { name, octets: quoted === null ? text.slice(valueAt, end).trim() : quoted.text, end };
}

function collect(given: Map<string, Given>, name: string, octets: string): void {
  const [, base = name, index, star] = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/.exec(name) ?? [];
  const forms = given.get(base) ?? { plain: [], extended: [], segments: new Map<number, Segment>() };
  given.set(base, forms);
  if (index !== undefined) {
    if (!forms.segments.has(Number(index))) forms.segments.set(Number(index), { octets, encoded: star !== undefined });
  } else if (star === undefined) {
    forms.plain.push(octets);
  } else {
    forms.extended.push(octets);
  }
}

/** Every reading of a parameter, the one to take first. */
function readingsOf(forms: Given): string[] {
  const segments: Segment[] = [];
  for (let index = 0; index < mostSegments; index += 1) {
    const segment = forms.segments.get(index);
    if (segment === undefined) break; // RFC 2231 section 3: numbers run from 0 without gaps.
    segments.push(segment);
  }
  return [
    ...forms.extended.map((octets) => decodeSegments([{ octets, encoded: true }])),
    ...(segments.length > 0 ? [decodeSegments(segments)] : []),
    ...forms.plain.map((octets) => withoutControls(decodeWords(octets)).trim()),
  ];
}

/** RFC 2231 section 4: `charset'language'percent-encoded`; the charset stands in the first segment only. */
function decodeSegments(segments: readonly Segment[]): string {
  const label = segments[0]?.encoded ? /^([^']{0,60})'[^']*'/.exec(segments[0].octets) : null;
  const octets = segments.map((segment, index) => {
    const own = index === 0 && label !== null ? segment.octets.slice(label[0].length) : segment.octets;
    return segment.encoded ? percentDecode(own) : own;
  });
  const joined = octets.join('');
  const text = label === null ? octetsToText(joined) : decodeCharset(Buffer.from(joined, 'latin1'), label[1] ?? '');
  return withoutControls(text).trim();
}

function percentDecode(octets: string): string {
  return octets.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
