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
 * Limits: look-alikes from other scripts stay different characters, and a misspelt keyword is not found (near-miss.ts finds both);
 * letters beyond the basic plane count as punctuation.
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
  const codes: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let space = -1;
  const push = (code: number, start: number, end: number): void => {
    codes.push(code);
    starts.push(start);
    ends.push(end);
  };
  const take = (code: number, start: number, end: number): void => {
    const kind = kindOf(code);
    if (kind === kinds.space) {
      if (space === -1) space = start;
      return;
    }
    // White space counts only between words.
    if (space !== -1 && kind === kinds.word && kindOf(codes.at(-1) ?? 0) === kinds.word) push(0x20, space, start);
    space = -1;
    push(code, start, end);
  };
  for (let at = 0; at < source.length; ) {
    const point = source.codePointAt(at) ?? 0;
    const end = at + (point > 0xffff ? 2 : 1);
    if (point < 0x80) take(point > 0x40 && point < 0x5b ? point + 0x20 : point, at, end);
    else for (const code of formOf(point)) take(code, at, end);
    at = end;
  }
  return { source, text: textOf(codes), starts, ends };
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

/** Whether the keyword stands in a text; both are folded. */
export function standsIn(text: string, keyword: string): boolean {
  if (keyword === '') return false;
  for (let at = text.indexOf(keyword); at !== -1; at = text.indexOf(keyword, at + 1)) {
    if (standsApart(text[at - 1], keyword.at(0)) && standsApart(keyword.at(-1), text[at + keyword.length])) return true;
  }
  return false;
}

/**
 * The text without the spans. Where one was taken out, one space stays between words, and a dash, colon or bar that set it off goes
 * with it: "RE: [secure] - Results" becomes "RE: Results".
 */
export function without(text: string, spans: readonly Span[]): string {
  const pieces: string[] = [];
  let apart = false;
  const keep = (piece: string): void => {
    const trimmed = piece.trim();
    apart ||= /^\s/u.test(piece);
    if (trimmed !== '') {
      if (pieces.length > 0 && (apart || !standsApart(pieces.at(-1)?.at(-1), trimmed.at(0)))) pieces.push(' ');
      pieces.push(trimmed);
      apart = isSpace(piece.at(-1) ?? '');
    }
  };
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (start >= at) keep(between(text.slice(at, start), at > 0, pieces.at(-1)));
    at = Math.max(at, end);
  }
  const rest = between(text.slice(at), at > 0, pieces.at(-1));
  keep(rest);
  const left = pieces.join('');
  return at > 0 && rest.trim() === '' ? left.replace(/\s[|–—-]+$/u, '') : left;
}

/** What stands between two spans, without the mark that set the first one off, unless words before it need the mark. */
function between(text: string, behindSpan: boolean, before: string | undefined): string {
  if (!behindSpan || !(before === undefined || /[:|–—-]$/u.test(before))) return text;
  return text.replace(/^\s*[:|–—-]+(?=\s|$)/u, '');
}

function standsApart(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || !isWord(left) || !isWord(right);
}

/** Code units of the forms of code points beyond ASCII, as far as they were needed; their number is limited. */
const forms = new Map<number, readonly number[]>();
const mostForms = 20_000;

function formOf(point: number): readonly number[] {
  const known = forms.get(point);
  if (known !== undefined) return known;
  const form: number[] = [];
  for (const character of caseless(String.fromCodePoint(point))) {
    if (/\p{Cf}/u.test(character)) continue;
    for (let index = 0; index < character.length; index++) form.push(character.charCodeAt(index));
  }
  if (forms.size < mostForms) forms.set(point, form);
  return form;
}

/** Compatibility forms undone; then by way of upper case, which joins ß with ss and both forms of sigma, and of lower for ẞ. */
function caseless(point: string): string {
  return point.normalize('NFKD').toLowerCase().toUpperCase().toLowerCase();
}

const kinds = { other: 0, word: 1, space: 2 } as const;
/** By code unit: one more than its kind, or 0 when it was not asked for yet. */
const known = new Uint8Array(0x10000);

function kindOf(code: number): number {
  const stored = known[code] ?? 0;
  if (stored !== 0) return stored - 1;
  const character = String.fromCharCode(code);
  const kind = /\s/u.test(character) ? kinds.space : /[\p{L}\p{N}\p{M}]/u.test(character) ? kinds.word : kinds.other;
  known[code] = kind + 1;
  return kind;
}

function isSpace(character: string): boolean {
  return kindOf(character.charCodeAt(0)) === kinds.space;
}

function isWord(character: string): boolean {
  return kindOf(character.charCodeAt(0)) === kinds.word;
}

function textOf(codes: readonly number[]): string {
  const pieces: string[] = [];
  for (let at = 0; at < codes.length; at += 8192) pieces.push(String.fromCharCode(...codes.slice(at, at + 8192)));
  return pieces.join('');
}
