/**
 * Subject keywords: what people type to ask for protection, found however they typed it, and taken out again.
 *
 * `fold` makes one form of all spellings: any case, fullwidth and other compatibility forms (NFKD), invisible characters left out,
 * white space as one space, and no space beside punctuation, so that "[ Ｓecure ]" is "[secure]". It remembers where each character
 * came from; `occurrences` finds a keyword in the folded text and `without` removes those places from the text as written.
 *
 * A keyword that begins or ends with a letter or digit must stand apart from other letters and digits: "secure" is not in
 * "insecure". One that begins with punctuation is found anywhere, also glued to other text and after "RE:" or "AW:".
 *
 * Limits: look-alikes from other scripts stay different characters; a misspelt keyword is not found.
 */

/** `text` is folded; its character at index i came from `source.slice(starts[i], ends[i])`. */
export type Folded = {
  readonly source: string;
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
};

export type Span = { readonly start: number; readonly end: number };

export function fold(source: string): Folded {
  const characters: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const push = (character: string, start: number, end: number): void => {
    const previous = characters.at(-1);
    if (character === ' ' && (previous === undefined || previous === ' ' || !isWord(previous))) return;
    if (previous === ' ' && !isWord(character)) {
      characters.pop();
      starts.pop();
      ends.pop();
    }
    characters.push(character);
    starts.push(start);
    ends.push(end);
  };
  let at = 0;
  for (const point of source) {
    const end = at + point.length;
    // Upper case first: it joins ß with ss and the two forms of sigma.
    const spelled = point.normalize('NFKD').toUpperCase().toLowerCase();
    for (const character of spelled) {
      if (/\s/u.test(character)) push(' ', at, end);
      else if (!/\p{Cf}/u.test(character)) push(character, at, end);
    }
    at = end;
  }
  if (characters.at(-1) === ' ') characters.pop();
  // A character beyond the basic plane has two units, and every unit needs its place.
  const units = (places: readonly number[]) =>
    characters.flatMap((character, index) => Array(character.length).fill(places[index] ?? 0));
  const simple = characters.every((character) => character.length === 1);
  return {
    source,
    text: characters.join(''),
    starts: simple ? starts : units(starts),
    ends: simple ? ends : units(ends),
  };
}

/** Where the keyword (folded text) stands in the source, left to right, without overlap. */
export function occurrences(folded: Folded, keyword: string): Span[] {
  const spans: Span[] = [];
  if (keyword === '') return spans;
  const { text } = folded;
  for (let at = text.indexOf(keyword); at !== -1; ) {
    const end = at + keyword.length;
    const found = standsApart(text[at - 1], keyword.at(0)) && standsApart(keyword.at(-1), text[end]);
    if (found) spans.push({ start: folded.starts[at] ?? 0, end: folded.ends[end - 1] ?? 0 });
    at = text.indexOf(keyword, found ? end : at + 1);
  }
  return spans;
}

/** The text without the spans; where one was taken out, one space stays between words. */
export function without(text: string, spans: readonly Span[]): string {
  let result = '';
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) {
      at = Math.max(at, end);
      continue;
    }
    result = joined(result, text.slice(at, start));
    at = end;
  }
  return joined(result, text.slice(at)).trim();
}

function joined(left: string, right: string): string {
  if (left === '') return right;
  const apart = /\s$/u.test(left) || /^\s/u.test(right) || !standsApart(left.at(-1), right.at(0));
  return apart ? `${left.trimEnd()} ${right.trimStart()}` : left + right;
}

function standsApart(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || !isWord(left) || !isWord(right);
}

function isWord(character: string): boolean {
  return /[\p{L}\p{N}\p{M}]/u.test(character);
}
