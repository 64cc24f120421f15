/**
 * Near misses: what somebody typed who meant a keyword and missed it, so that the message would leave in the clear.
 *
 * A near miss has two signs at once: the keyword's word, exact or with a slip, and a mark that it was meant as a keyword. The word
 * alone is ordinary language ("How secure is our mail?"), and so is a marked other word ("[security] update"). Marks are:
 *
 *   a tag               {secure}  <secure>  [secure)  [ secure!]  [se cure]  [secure mail]  [encrypted], anywhere; (secure) at an edge
 *   half a tag          [secure Results   secure] Results, at an edge
 *   symbols             *secure*  =secure=  #secure  +secure  !secure, anywhere; secure+ and 8secure9 (brackets without AltGr) at an edge
 *   a label             secure: Results   SECURE - Results   Results - secure
 *
 * An edge is the beginning of the subject, after "RE:" and the tags of mail systems, or its end. A slip is one letter too many, too
 * few, wrong or swapped in words of five to seven letters, two such in longer ones, none in shorter ones. In short words a last
 * letter that is changed or added is no slip but another word ("[Cifras]" is not "[cifrar]"), unless it was typed twice. Accents and
 * letters of other scripts that look the same do not count as different.
 *
 * Keywords that are also names of things ("[portal]") have near misses in daily business ("Portal: new login"): rules should not ask
 * for those. How well this does is measured by test/bench/near-miss.ts.
 *
 * Limits: the first `longest` characters of a subject are looked at. Missed on purpose, because ordinary subjects look the same:
 * capitals alone ("SECURE results"), quotation marks, and a misspelt word without a mark.
 */
import { type Folded, occurrences, type Span } from './keyword.ts';

/** Where the keyword (folded) was nearly typed, or null. A subject that has the keyword itself has no near miss of it. */
export function nearMiss(folded: Folded, keyword: string): Span | null {
  const name = wordOf(keyword);
  if (name === '' || occurrences(folded, keyword).length > 0) return null;
  const subject = plainOf(folded);
  const found = tagged(subject, name) ?? decorated(subject, name) ?? labelled(subject, name);
  if (found === null) return null;
  return { start: subject.starts[found.start] ?? 0, end: subject.ends[found.end - 1] ?? folded.source.length };
}

const longest = 1000;

/** The subject as it is compared: folded, without accents and look-alikes, with its white space. */
type Plain = {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Where the sender's own words begin: after reply prefixes and tags. */
  readonly begin: number;
};

const plains = new WeakMap<Folded, Plain>();

function plainOf(folded: Folded): Plain {
  const known = plains.get(folded);
  if (known !== undefined) return known;
  const units: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let before = 0;
  for (let index = 0; index < folded.text.length && units.length < longest; index++) {
    const start = folded.starts[index] ?? 0;
    const end = folded.ends[index] ?? start;
    const unit = plainLetter(folded.text.charAt(index));
    if (unit !== ' ' && start > before && /\s/u.test(folded.source.slice(before, start))) {
      units.push(' ');
      starts.push(before);
      ends.push(start);
    }
    before = end;
    if (unit === '') continue;
    units.push(unit);
    starts.push(start);
    ends.push(end);
  }
  const text = units.join('');
  const plain = { text, starts, ends, begin: prefixes.exec(text)?.[0].length ?? 0 };
  plains.set(folded, plain);
  return plain;
}

const prefixes =
  /^(?: |(?:re|aw|fw|fwd|wg|sv|vs|vl|rv|tr|r|i|antw|odp|pd|ref|enc|ynt)(?:\[\d{1,3}\])? ?:|[[{<【][^\]}>】]{0,60}[\]}>】])*/u;

function plainLetter(letter: string): string {
  if (letter < '\x80') return letter;
  return /\p{M}/u.test(letter) ? '' : (lookAlikes.get(letter) ?? letter);
}

/** Cyrillic and Greek letters (small, as `fold` leaves them) that look like Latin ones, and the pairs of brackets beside ours. */
const lookAlikes: ReadonlyMap<string, string> = new Map(
  ['аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwкkмmтtвb', 'αaεeοoρpυuνvιiκkτtχx', 'ıiɡgɑa', '«<»>【[】]〈<〉>‹<›>'].flatMap((pairs) =>
    Array.from({ length: pairs.length / 2 }, (_, at) => [pairs.charAt(at * 2), pairs.charAt(at * 2 + 1)] as const),
  ),
);

/** The letters and digits of a keyword or a tag. */
function wordOf(text: string): string {
  return Array.from(text, plainLetter)
    .join('')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');
}

const openers = '[({<';
const closers = '])}>';

/** Tags and halves of tags. The brackets cut the text into pieces; each piece is judged by the brackets beside it. */
function tagged(subject: Plain, name: string): Span | null {
  const { text } = subject;
  let start = 0;
  let left = '';
  for (const run of [...text.matchAll(/[[\](){}<>]+/g), null]) {
    const end = run === null ? text.length : run.index;
    const right = run === null ? '' : run[0].charAt(0);
    const found = judgePiece(subject, { start, end }, { left, right }, name);
    if (found !== null) return found;
    if (run === null) break;
    start = run.index + run[0].length;
    left = run[0].charAt(run[0].length - 1);
  }
  return null;
}

function judgePiece(
  subject: Plain,
  { start, end }: Span,
  { left, right }: { readonly left: string; readonly right: string },
  name: string,
): Span | null {
  const piece = subject.text.slice(start, end);
  const opens = left !== '' && openers.includes(left);
  const closes = right !== '' && closers.includes(right);
  if (opens && closes) {
    const span = { start: start - 1, end: end + 1 };
    const round = left === '(' && right === ')';
    return isTag(piece, name) && (!round || atEdge(subject, span)) ? span : null;
  }
  if (opens) {
    const word = /^[\p{L}\p{N}]+/u.exec(piece)?.[0] ?? '';
    const span = { start: start - 1, end: start + word.length };
    if (isWord(word, name) && atEdge(subject, span)) return span;
  }
  if (closes && right !== ')') {
    const word = /[\p{L}\p{N}]+$/u.exec(piece.slice(-100))?.[0] ?? '';
    const span = { start: end - word.length, end: end + 1 };
    if (isWord(word, name) && atEdge(subject, span)) return span;
  }
  return null;
}

/** Words that people put beside the keyword in its tag. */
const companions = new Set(
  'mail email e message msg send please pls this nachricht bitte senden versenden mensaje correo por favor enviar courriel svp'.split(
    ' ',
  ),
);

function isTag(content: string, name: string): boolean {
  if (content.length > 100) return false;
  const words = content.split(/[^\p{L}\p{N}]+/u);
  const whole = words.join('');
  if (isWord(whole, name) || ['d', 'ed', 'ly'].some((ending) => whole === name + ending)) return true;
  const rest = words.filter((word) => !companions.has(word));
  return rest.length < words.length && isWord(rest.join(''), name);
}

/** Symbols around, before or behind the word. */
function decorated(subject: Plain, name: string): Span | null {
  for (const token of subject.text.matchAll(/\S+/g)) {
    const [, left, word, right] = /^([^\p{L}\p{N}]*)([\p{L}\p{N}]+)([^\p{L}\p{N}]*)$/u.exec(token[0]) ?? [];
    if (left === undefined || word === undefined || right === undefined) continue;
    const span = { start: token.index, end: token.index + token[0].length };
    if (left === '' && right === '') {
      if (word === `8${name}9` && atEdge(subject, span)) return span;
    } else if (isDecoration(subject, span, left, right) && isWord(word, name)) return span;
  }
  // "** secure ** Results": the same symbols, set apart.
  const apart = /^([*+=~_|!#-]+) ([\p{L}\p{N}]+) ?\1/u.exec(subject.text.slice(subject.begin));
  if (apart === null || !isWord(apart[2] ?? '', name)) return null;
  return { start: subject.begin, end: subject.begin + apart[0].length };
}

function isDecoration(subject: Plain, span: Span, left: string, right: string): boolean {
  if (left !== '' && left.at(-1) === right.at(0)) return /^[*+=~_|/\\!#%^&:-]+$/.test(left);
  if (left !== '') return /^[#+!*=~_^]+$/.test(left) && /^[,.:;-]*$/.test(right);
  return /^[*+#=~_^]+$/.test(right) && atEdge(subject, span);
}

/** "secure: Results", "SECURE - Results", "Results - secure". */
function labelled({ text, begin }: Plain, name: string): Span | null {
  const first = /^([\p{L}\p{N}][^:>–—-]{0,99}?) ?(?:[:>–—]|--|-(?= |$)|(?<= )-)/u.exec(text.slice(begin));
  if (first !== null && isWord(wordOf(first[1] ?? ''), name)) return { start: begin, end: begin + first[0].length };
  const last = /(?: -+|--|[–—]) ?([^–—-]{1,100})$/u.exec(text);
  if (last !== null && isWord(wordOf(last[1] ?? ''), name)) return { start: last.index, end: text.length };
  return null;
}

function atEdge({ text, begin }: Plain, { start, end }: Span): boolean {
  return start <= begin || !/[\p{L}\p{N}]/u.test(text.slice(end));
}

/** Whether the word is the name, or the name with the slips the head comment allows. */
function isWord(word: string, name: string): boolean {
  if (word === name) return true;
  if (name.length < 5) return false;
  const allowed = name.length < 8 ? 1 : 2;
  if (Math.abs(word.length - name.length) > allowed) return false;
  const ending = word.length >= name.length && word.startsWith(name.slice(0, -1)) && word.at(-1) !== name.at(-1);
  if (allowed === 1 && ending) return false;
  return slips(word, name) <= allowed;
}

/** Edit distance where swapping two neighbours is one edit (optimal string alignment). */
function slips(a: string, b: string): number {
  let older: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((row[j - 1] ?? 0) + (same ? 0 : 1), (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (older[j - 2] ?? least) + 1);
      next.push(least);
    }
    older = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
