/**
 * Near misses: what somebody typed who meant a keyword ("[secrue]" for "[secure]") and would otherwise send in the clear.
 */
import { type Folded, fold, occurrences, type Span } from './keyword.ts';

/** Where the keyword (folded) was nearly typed, or null. What is typed right is no near miss. */
export function nearMiss(folded: Folded, keyword: string): Span | null {
  if (occurrences(folded, keyword).length > 0) return null;
  const name = keyword.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  const tag = /^\s*[[({<][^\])}>]*[\])}>]/u.exec(folded.source);
  if (tag === null || name === '') return null;
  return fold(tag[0]).text.includes(name) ? { start: 0, end: tag[0].length } : null;
}
