/**
 * A piece of text made ready for the detectors, once for all of them: one spelling of digits, spaces and dashes, and the words that give
 * a number its meaning.
 *
 * `fold` works character by character, so its time grows linearly whatever stands there: fullwidth and other compatibility forms become
 * plain, digits of other scripts become ASCII, accents go ("número" is "numero", "Führerschein" is "fuhrerschein"), every space is a
 * space, every dash a hyphen, and what is invisible (zero-width characters, soft hyphens, direction marks) is left out.
 *
 * `Text.hits` tells where the words of a topic (vocabulary.ts) stand; one pass over the words finds those of all topics. Words of a phrase
 * stand in order with at most three characters between them: "date of birth", "date-of-birth", "DATE_OF_BIRTH:".
 *
 * A number that goes on in the next line, as mail programs break long lines, is joined; a column of numbers is not, as its lines are short.
 *
 * Limits: words of scripts that write no spaces are not told apart.
 */
import { type Excerpt, numbersOf, tokensOf, wholeOf } from './excerpt.ts';
import { phrases, type Topic } from './vocabulary.ts';

/** Where a word or phrase stands in the folded text. */
export type Hit = { readonly start: number; readonly end: number; readonly phrase: string };

/** How far around a match its context may stand, in characters. */
export type Reach = { readonly before: number; readonly after: number };

export class Text {
  /** Folded, case as written. */
  readonly plain: string;
  /** The same in lower case, character for character. */
  readonly lower: string;
  /** All of `plain`. */
  readonly whole: Excerpt;
  /** The parts of `plain` with digits. */
  readonly numbers: Excerpt;
  /** The parts of `plain` with long words. */
  readonly tokens: Excerpt;
  readonly #hits: ReadonlyMap<Topic, readonly Hit[]>;

  constructor(source: string) {
    this.plain = joined(fold(source));
    this.lower = this.plain.toLowerCase();
    this.whole = wholeOf(this.plain);
    this.numbers = numbersOf(this.plain);
    this.tokens = tokensOf(this.plain);
    this.#hits = findWords(this.lower);
  }

  /** In order of their place. */
  hits(topic: Topic): readonly Hit[] {
    return this.#hits.get(topic) ?? [];
  }

  /** Whether a word of the topic stands within reach of the range, not in it. */
  near(topic: Topic, start: number, end: number, reach: Reach): boolean {
    const hits = this.hits(topic);
    for (let index = firstEndingAfter(hits, start - reach.before); index < hits.length; index++) {
      const hit = hits[index];
      if (hit === undefined || hit.start >= end + reach.after) return false;
      if (hit.end <= start || hit.start >= end) return true;
    }
    return false;
  }

  /** How many characters before `position` the nearest word of the topic ends; infinitely many without one. */
  distance(topic: Topic, position: number): number {
    const hits = this.hits(topic);
    const nearest = hits[firstEndingAfter(hits, position) - 1];
    return nearest === undefined ? Number.POSITIVE_INFINITY : position - nearest.end;
  }
}

/** The index of the first range that ends after `position`. Ranges are in order of place and do not overlap. */
export function firstEndingAfter(ranges: readonly { readonly end: number }[], position: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One spelling of `source`; see above. */
export function fold(source: string): string {
  // oxlint-disable-next-line no-control-regex -- everything but ASCII, and the control characters that are not white space
  return source.replace(/[^\t\n\r\x20-\x7e]+/gu, foldRun);
}

/** The shortest line that a program breaks, as it has no room for more. */
const fullLine = 50;

/** A number that was broken at the end of a full line in one piece again, also in a quoted reply. Takes folded text. */
function joined(text: string): string {
  return text.replace(/(?<=[0-9]-?) ?\r?\n(?:> ?){0,5}(?=[0-9])/g, (lineEnd: string, at: number) => {
    if (at - text.lastIndexOf('\n', at - 1) <= fullLine) return lineEnd;
    return text[at - 1] === '-' ? '' : ' ';
  });
}

/** By code point. */
const folded = new Map<number, string>();

function foldRun(run: string): string {
  let forms = '';
  for (const character of run) {
    const point = character.codePointAt(0) ?? 0;
    let form = folded.get(point);
    if (form === undefined) {
      form = foldOnce(character);
      // Most mail uses few characters; hostile mail may use all of them.
      if (folded.size < 4096) folded.set(point, form);
    }
    forms += form;
  }
  return forms;
}

function foldOnce(character: string): string {
  if (/[\p{Zs}\v\f\u0085]/u.test(character)) return ' ';
  if (/[\p{Zl}\p{Zp}]/u.test(character)) return '\n';
  if (/[\p{Pd}\u2212\u2043]/u.test(character)) return '-';
  if (/[\p{Cf}\p{Cc}\p{Mn}\p{Me}]/u.test(character)) return '';
  if (/\p{Nd}/u.test(character)) return digitOf(character);
  if (character === 'ß') return 'ss';
  if (character === '\u2019' || character === '\u2018') return "'";
  const form = character
    .normalize('NFKD')
    .replace(/[\p{Mn}\p{Cf}]/gu, '')
    .replace(/\p{Zs}/gu, ' ');
  // A few ligatures stand for whole sentences and would blow up the text.
  return form.length > 4 ? character : form;
}

/** Decimal digits stand in rows of ten; a row begins after a multiple of ten of them. */
function digitOf(character: string): string {
  const plain = character.normalize('NFKD');
  if (/^\d$/.test(plain)) return plain;
  const point = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value++;
  return String(value);
}

/** Words are runs of letters. Most begin no phrase, which a sum over their letters tells without a copy of the word. */
function findWords(lower: string): Map<Topic, Hit[]> {
  const hits = new Map<Topic, Hit[]>();
  let start = -1;
  let sum = 0;
  for (let at = 0; at <= lower.length; at++) {
    const code = at < lower.length ? lower.charCodeAt(at) : 0x20;
    if (isLetter(code)) {
      if (start === -1) start = at;
      sum = nextSum(sum, code);
    } else if (start !== -1) {
      if (firstWordSums[placeOf(sum)] === 1) findPhrases(lower, start, at, hits);
      start = -1;
      sum = 0;
    }
  }
  return hits;
}

/** Marks the sums of all words that begin a phrase; a few other words have such a sum too. */
const firstWordSums = new Uint8Array(1 << 15);
for (const word of phrases.keys()) {
  let sum = 0;
  for (let at = 0; at < word.length; at++) sum = nextSum(sum, word.charCodeAt(at));
  firstWordSums[placeOf(sum)] = 1;
}

function nextSum(sum: number, code: number): number {
  return (Math.imul(sum, 31) + code) | 0;
}

function placeOf(sum: number): number {
  return (sum ^ (sum >>> 15)) & (firstWordSums.length - 1);
}

/** Adds the phrases that begin with the word between `start` and `wordEnd`. */
function findPhrases(lower: string, start: number, wordEnd: number, hits: Map<Topic, Hit[]>): void {
  for (const { rest, topic, phrase } of phrases.get(lower.slice(start, wordEnd)) ?? []) {
    const end = follow(lower, wordEnd, rest);
    if (end === null) continue;
    const found = hits.get(topic);
    if (found === undefined) hits.set(topic, [{ start, end, phrase }]);
    // Phrases come longest first: of those that begin inside another only the outer counts.
    else if ((found.at(-1)?.end ?? 0) <= start) found.push({ start, end, phrase });
  }
}

/** Where the phrase ends whose first word ends at `wordEnd`, or null when other words follow. */
function follow(lower: string, wordEnd: number, rest: readonly string[]): number | null {
  let end = wordEnd;
  for (const word of rest) {
    let start = end + 1;
    while (start < end + 3 && !isLetter(lower.charCodeAt(start))) start++;
    end = start + word.length;
    if (!lower.startsWith(word, start) || isLetter(lower.charCodeAt(end))) return null;
  }
  return end;
}

/** Of each UTF-16 code unit beyond ASCII that was met: 1 for a letter, 2 for none. */
const letters = new Uint8Array(0x10000);

function isLetter(code: number): boolean {
  if (code < 0x80) return code >= 0x61 && code <= 0x7a;
  if (letters[code] === 0) letters[code] = /\p{L}/u.test(String.fromCharCode(code)) ? 1 : 2;
  return letters[code] === 1;
}
