/**
 * The parts of a text where a number or a token can stand, so that some thirty patterns need not each read all of it: ordinary mail is
 * prose, in which digits are rare and words are short. `find` runs a pattern over these parts alone and finds what it would find in the
 * whole text.
 *
 *   numbersOf   the words around digits      for patterns of numbers
 *   tokensOf    the words around long words  for patterns of tokens
 *
 * Why nothing is lost: a part begins and ends beside a word, a run of visible ASCII, and reaches over at least `margin` characters before and
 * behind each digit or long word; parts that meet are one. So whatever a pattern matches lies in one part, with all that it looks at beside it,
 * if it is one word, or if it has a digit (or long word) with fewer characters than the margin before the first, between two, and behind
 * the last. Beside a part stands a line break, where another white space may have been: patterns must take these alike, and not match over
 * line breaks. What needs other patterns looks in the whole text.
 */
export type Written = { readonly written: string; readonly start: number };

type Range = { readonly start: number; readonly end: number };

/** "JONES 710153": no number of several words has as many letters before, between or behind its digits. */
const numberMargin = 8;
/** "secret access key  =  " stands before a token, "ssh-ed25519" behind the first word of a PuTTY key. */
const tokenMargin = 48;
/** The shortest tokens have so many characters (an AWS access key's name). */
const shortestToken = 20;

export class Excerpt {
  /** The parts, one behind the other, each on a line of its own. */
  readonly plain: string;
  /** Where each part stands: in `plain`, and how much further on in the whole text. */
  readonly #parts: readonly { readonly end: number; readonly shift: number }[];

  /** `ranges`: in order of place, apart from each other. */
  constructor(whole: string, ranges: readonly Range[]) {
    let at = 0;
    this.#parts = ranges.map(({ start, end }) => {
      const shift = start - at;
      at += end - start + 1;
      return { end: at, shift };
    });
    this.plain = ranges.map(({ start, end }) => whole.slice(start, end)).join('\n');
  }

  /** All matches of a global pattern, with their places in the whole text. */
  find(pattern: RegExp): readonly Written[] {
    const found: Written[] = [];
    let index = 0;
    // Not matchAll, which costs as much as reading a page does: it copies the expression.
    pattern.lastIndex = 0;
    for (let match = pattern.exec(this.plain); match !== null; match = pattern.exec(this.plain)) {
      while ((this.#parts[index]?.end ?? Number.POSITIVE_INFINITY) <= match.index) index++;
      found.push({ written: match[0], start: match.index + (this.#parts[index]?.shift ?? 0) });
    }
    return found;
  }
}

export function wholeOf(plain: string): Excerpt {
  return new Excerpt(plain, [{ start: 0, end: plain.length }]);
}

export function numbersOf(plain: string): Excerpt {
  return new Excerpt(plain, around(plain, digits(plain), numberMargin));
}

export function tokensOf(plain: string): Excerpt {
  return new Excerpt(plain, around(plain, longWords(plain), tokenMargin));
}

/** With what may stand among them, so that a chain of single digits is one range. */
function* digits(plain: string): Iterable<Range> {
  for (const { 0: row, index } of plain.matchAll(/[0-9][-0-9.:/]*/g)) yield { start: index, end: index + row.length };
}

/** Looks at the place where a long word would end: where a shorter one stands, most of its characters need not be read. */
function* longWords(plain: string): Iterable<Range> {
  let start = 0;
  while (start + shortestToken <= plain.length) {
    const before = wordStart(plain, start + shortestToken, start);
    if (before === start) {
      const end = wordEnd(plain, start + shortestToken);
      yield { start, end };
      start = end + 1;
    } else start = before;
  }
}

/** The ranges with the margin around them, up to where words begin and end. Each character is looked at once or twice. */
function around(plain: string, ranges: Iterable<Range>, margin: number): Range[] {
  const parts: Range[] = [];
  let last = { start: 0, end: -1 };
  for (const { start, end } of ranges) {
    const from = wordStart(plain, Math.max(0, start - margin), last.end);
    if (from > last.end) parts.push((last = { start: from, end: from }));
    if (end + margin > last.end) last.end = wordEnd(plain, end + margin);
  }
  return parts;
}

/** Where the word begins in which `at` is, or `least` if that is behind. */
function wordStart(plain: string, at: number, least: number): number {
  let start = at;
  while (start > least && isVisible(plain.charCodeAt(start - 1))) start--;
  return start;
}

/** Where the word ends in which `at` is, or the text. */
function wordEnd(plain: string, at: number): number {
  let end = Math.min(at, plain.length);
  while (end < plain.length && isVisible(plain.charCodeAt(end))) end++;
  return end;
}

function isVisible(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}
