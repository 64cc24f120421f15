/**
 * What a detector is, and how most are made: a shape (a pattern that fits a number), a check (its check digits and issuing rules),
 * and the words around it. `shaped` finds what has the shape, passes the check, stands by itself, and has the words it needs near it.
 *
 * Patterns must take linear time on any input: bounded counts, nothing nested, begun by what cannot stand before them.
 */
import type { Reach, Text } from './text.ts';
import type { Topic } from './vocabulary.ts';

/** `value` is the one spelling of what was found, without separators and in upper case, so that it counts once however written. */
export type Match = { readonly start: number; readonly end: number; readonly value: string };

/** Finds all of one kind in a text, in order of their place. */
export type Detector = (text: Text) => Iterable<Match>;

export type Shape = {
  /** Global. Made by `standing`, as a rule. Such as excerpt.ts asks for. */
  readonly pattern: RegExp;
  /** Where to look for it: among the numbers, if not told otherwise. */
  readonly in?: 'whole';
  /** Check digits and issuing rules, on the value without separators. */
  readonly valid: (value: string) => boolean;
  /** Words one of which must be near. Absent: the value speaks for itself. */
  readonly topic?: Topic;
  readonly reach?: Reach;
  /** What needs no such word, given as written. */
  readonly plain?: (written: string, value: string) => boolean;
  /** Words that, right before the value and nearer than any of the topic, say that it is something else. */
  readonly unless?: readonly Topic[];
};

const usualReach: Reach = { before: 60, after: 30 };
/** How far before a value a word may stand that says it is something else. */
const rightBefore = 24;

/**
 * A pattern that matches where it stands by itself: neither inside a longer number or word, nor as a member of a chain of numbers
 * joined by hyphens, dots or slashes.
 */
export function standing(body: string, anyCase: 'any case' | null = null): RegExp {
  const flags = anyCase === null ? 'g' : 'gi';
  return new RegExp(`(?<![A-Za-z0-9]|[0-9][-./])(?:${body})(?![A-Za-z0-9]|[-./][0-9])`, flags);
}

/** A value without its separators, in upper case. */
export function bare(written: string): string {
  return written.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
}

export function shaped(shape: Shape): Detector {
  return (text) => {
    const { topic, plain } = shape;
    const found: Match[] = [];
    if (topic !== undefined && plain === undefined && text.hits(topic).length === 0) return found;
    for (const { written, start } of text[shape.in ?? 'numbers'].find(shape.pattern)) {
      const match = { start, end: start + written.length, value: bare(written) };
      if (shape.valid(match.value) && hasItsWords(text, match, written, shape)) found.push(match);
    }
    return found;
  };
}

/** Several shapes of one kind; a place counts once, for the first shape that finds it. */
export function anyOf(...detectors: readonly Detector[]): Detector {
  return (text) => {
    const found = new Map<number, Match>();
    for (const detector of detectors)
      for (const match of detector(text)) if (!found.has(match.start)) found.set(match.start, match);
    return [...found.values()].sort((a, b) => a.start - b.start);
  };
}

function hasItsWords(text: Text, { start, end, value }: Match, written: string, shape: Shape): boolean {
  const { topic, plain, unless = [], reach = usualReach } = shape;
  const named = topic !== undefined && text.near(topic, start, end, reach);
  if (!named && topic !== undefined && plain?.(written, value) !== true) return false;
  // The nearer word has it: in "patient's phone" it is the phone.
  const distance = Math.min(rightBefore, named ? text.distance(topic, start) : rightBefore);
  return !unless.some((other) => text.distance(other, start) < distance);
}

/** ISO/IEC 7812-1, Luhn's formula: every second digit from the right, beside the check digit, counts double. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = digits.length - 1, double = false; index >= 0; index--, double = !double) {
    const digit = digits.charCodeAt(index) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** The sum of the digits, each times the weight at its place; digits beyond the weights do not count. */
export function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (digits.charCodeAt(index) - 48), 0);
}

/** Whether such a day is in the calendar. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(2000, month, 0)).getUTCDate() && (month !== 2 || day < 29 || isLeap(year));
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Whether all its characters are the same. */
export function monotone(value: string): boolean {
  return value === value.charAt(0).repeat(value.length);
}
