/**
 * What a new password must be, for those who want one (how it is kept is protect/password.ts): long, and something that is left when all that
 * common passwords are made of is taken out: words, years, runs along the keyboard, repetition, and what is known of the person. No rules about capitals
 * and signs, which make passwords hard for people and easy for programs (NIST SP 800-63B-4 section 3.1.1.2).
 */
import { common, standIns } from './common-passwords.ts';

export const minPassword = 12;
const maxPassword = 200;
/** Characters that must be left of a password when what is common in it is gone. */
const own = 5;

export type PasswordProblem = 'short' | 'long' | 'common' | 'personal' | 'different';

/** What is wrong with a new password, or null. `personal`: what somebody who knows the person tries first, such as name, address and organisation. */
export function judgePassword(password: string, again: string, personal: readonly string[]): PasswordProblem | null {
  if (password !== again) return 'different';
  const { length } = Array.from(password);
  if (length < minPassword) return 'short';
  if (length > maxPassword) return 'long';
  const lower = password.normalize('NFKC').toLowerCase();
  const spellings = [lower, lower.replaceAll(/./gu, (character) => standIns[character] ?? character)];
  if (spellings.some((spelling) => distinctLeft(without(spelling, common)) < own)) return 'common';
  const words = personal
    .flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length > 2);
  if (spellings.some((spelling) => distinctLeft(without(without(spelling, words), common)) < own)) return 'personal';
  return null;
}

/** Words, runs and numbers at the ends taken out, and signs, which most often only stand between. */
function without(text: string, words: readonly string[]): string {
  let rest = text;
  for (const word of words) rest = rest.replaceAll(word, ' ');
  return withoutRuns(rest.replaceAll(/[^\p{L}\p{N}]+/gu, ' '));
}

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik',
];
const lines = rows.flatMap((row) => [row, row.split('').toReversed().join('')]);

/** Takes out what is three characters or more in a row of the keyboard or the alphabet, up or down, and years and other numbers. */
function withoutRuns(text: string): string {
  let rest = '';
  for (let at = 0; at < text.length; ) {
    const length = longestRun(text, at);
    if (length < 3) rest += text[at] ?? '';
    at += length < 3 ? 1 : length;
  }
  return rest.replaceAll(/\d{2,}/g, '');
}

function longestRun(text: string, from: number): number {
  let longest = 0;
  for (const line of lines) {
    let length = 1;
    while (length <= line.length && from + length <= text.length && line.includes(text.slice(from, from + length)))
      length += 1;
    longest = Math.max(longest, length - 1);
  }
  return longest;
}

/** Different characters: "aaaaaaaaaaaa" is one, a word said twice is one word. */
function distinctLeft(text: string): number {
  return new Set(text.replaceAll(/\s/g, '')).size;
}
