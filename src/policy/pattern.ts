/**
 * Regular expressions of a policy, compiled by RE2: time grows with the text and with the size of the expression, never more. The first
 * is capped where texts are read, the second here, so that a policy cannot be made to stop the mail by a pattern that looks harmless.
 *
 * Limits: an expression may have 1,000 characters and 500 instructions; "[a-z]{1000}" has more.
 */
import { RE2JS, RE2JSException } from 're2js';

export const longestPattern = 1000;
/** Steps a compiled expression may need for one character of text. */
const mostInstructions = 500;

/** The compiled expression, or why there is none, as a clause. */
export function compilePattern(pattern: string): RE2JS | string {
  if (pattern.length > longestPattern) return `it has ${pattern.length} characters, and ${longestPattern} are the most`;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
  const size = compiled.programSize();
  if (size > mostInstructions) return `its repetitions make ${size} instructions, and ${mostInstructions} are the most`;
  return compiled;
}
