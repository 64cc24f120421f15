import { readFileSync } from 'node:fs';
import { fold, occurrences } from '../../src/policy/keyword.ts';
import { nearMiss } from '../../src/policy/near-miss.ts';

/** The labelled subjects of near-misses.txt, and how well they are told apart. */

export type Labelled = { readonly subject: string; readonly meant: boolean };
export type Half = 'tuning' | 'measuring';
export type Score = {
  readonly precision: number;
  readonly recall: number;
  readonly missed: readonly string[];
  readonly alarmed: readonly string[];
};

const text = readFileSync(new URL('near-misses.txt', import.meta.url), 'utf8');
const lines = text.split('\n');
const named = lines.find((line) => line.startsWith('# keywords: ')) ?? '';
const keywords = named
  .slice(12)
  .split(' ')
  .map((keyword) => fold(keyword).text);

export function labelled(half: Half): Labelled[] {
  return ['+ ', '- '].flatMap((sign) =>
    lines
      .filter((line) => line.startsWith(sign))
      .filter((_, index) => index % 2 === (half === 'tuning' ? 0 : 1))
      .map((line) => ({ subject: line.slice(2), meant: sign === '+ ' })),
  );
}

/** As a rule judges that asks for near misses of all the keywords: one that is there needs no guessing. */
export function isNearMiss(subject: string): boolean {
  const folded = fold(subject);
  if (keywords.some((keyword) => occurrences(folded, keyword).length > 0)) return false;
  return keywords.some((keyword) => nearMiss(folded, keyword) !== null);
}

export function score(table: readonly Labelled[]): Score {
  const missed = table.filter(({ subject, meant }) => meant && !isNearMiss(subject)).map(({ subject }) => subject);
  const alarmed = table.filter(({ subject, meant }) => !meant && isNearMiss(subject)).map(({ subject }) => subject);
  const meant = table.filter((each) => each.meant).length;
  const found = meant - missed.length;
  return { precision: found / (found + alarmed.length), recall: found / meant, missed, alarmed };
}
