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
  readonly #hits: ReadonlyMap<Topic, readonly Hit[]>;

  constructor(source: string) {
    this.plain = joined(fold(source));
    this.lower = this.plain.toLowerCase();
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
  return source.replace(/[^\t\n\r\x20-\x7e]/gu, foldCharacter);
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

const folded = new Map<string, string>();

function foldCharacter(character: string): string {
  let form = folded.get(character);
  if (form === undefined) {
    form = foldOnce(character);
    // Most mail uses few characters; hostile mail may use all of them.
    if (folded.size < 4096) folded.set(character, form);
  }
  return form;
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

type Word = { readonly start: number; readonly end: number; readonly word: string };

function findWords(lower: string): Map<Topic, Hit[]> {
  const hits = new Map<Topic, Hit[]>();
  const words = wordsOf(lower);
  words.forEach(({ word, start }, index) => {
    for (const { rest, topic, phrase } of phrases.get(word) ?? []) {
      const end = follow(words, index, rest);
      if (end === null) continue;
      const found = hits.get(topic);
      if (found === undefined) hits.set(topic, [{ start, end, phrase }]);
      // Phrases come longest first: of those that begin inside another only the outer counts.
      else if ((found.at(-1)?.end ?? 0) <= start) found.push({ start, end, phrase });
    }
  });
  return hits;
}

/** Where the phrase ends whose first word has this index, or null when other words follow. */
function follow(words: readonly Word[], index: number, rest: readonly string[]): number | null {
  let last = words[index];
  for (const [offset, expected] of rest.entries()) {
    const next = words[index + 1 + offset];
    if (last === undefined || next === undefined || next.word !== expected || next.start - last.end > 3) return null;
    last = next;
  }
  return last?.end ?? null;
}

/** Runs of letters that begin a known phrase or may go on with one; a word longer than any known is passed over. */
function wordsOf(lower: string): Word[] {
  const words: Word[] = [];
  let start = -1;
  for (let at = 0; at <= lower.length; at++) {
    const code = at < lower.length ? lower.charCodeAt(at) : 0x20;
    if ((code >= 0x61 && code <= 0x7a) || (code >= 0x80 && isLetter(lower.charAt(at)))) {
      if (start === -1) start = at;
    } else if (start !== -1) {
      words.push({ start, end: at, word: at - start <= 40 ? lower.slice(start, at) : '' });
      start = -1;
    }
  }
  return words;
}

function isLetter(character: string): boolean {
  return /\p{L}/u.test(character);
}
