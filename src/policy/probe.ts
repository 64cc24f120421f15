/**
 * Counting of probes: the texts a policy asks for, looked for in the text of a message, piece by piece. The scan does it in a worker
 * for real mail, cases.ts for messages that exist only in a case.
 *
 * Terms are found as keywords are (keyword.ts): folded, and apart from other letters. Patterns are RE2 and see the text as it is.
 * A value counts once, however often and in however many pieces it stands.
 *
 * Limits: a pattern whose matches each look ahead to the end of the text ("a(.*z)?") takes time that grows with its matches; the
 * scan's deadline ends that. What is longer than the overlap of two pieces can be missed where they meet. Over `mostValues`
 * distinct values are not told apart.
 */
import type { RE2JS } from 're2js';
import type { Probe } from './detection.ts';
import { fold, standsIn } from './keyword.ts';
import { compilePattern } from './pattern.ts';

/** Text of one place; scan/job.ts Piece is one. */
export type ProbeText = {
  /** Pieces of one part come in order. */
  readonly part: string;
  readonly place: 'subject' | 'fileNames' | 'body' | 'attachment';
  readonly text: string;
};

export type ProbeCounter = {
  look(piece: ProbeText): void;
  /** Count by probe id; every probe has an entry. */
  counts(): Record<string, number>;
};

/** Distinct values of one probe beyond which nobody counts. */
const mostValues = 1000;
/** Characters of a first line; a keyword stands at its beginning or is no first line. */
const longestFirstLine = 1000;

/** Looks for all of the probes in every piece it is shown. Throws when a pattern is no RE2, which the policy has ruled out. */
export function probeCounter(probes: readonly Probe[]): ProbeCounter {
  const all = probes.map((probe) => ({
    ...probe,
    expressions: probe.patterns.map(compiled),
    values: new Set<string>(),
  }));
  const begun = new Set<string>();
  const firstLineOf = ({ part, place, text }: ProbeText): string => {
    if (place !== 'body' || begun.has(part)) return '';
    const line = /[^\s\p{Cf}][^\r\n]*/u.exec(text)?.[0] ?? '';
    if (line !== '') begun.add(part);
    return line.slice(0, longestFirstLine);
  };
  return {
    look(piece) {
      const firstLine = firstLineOf(piece);
      let folded: string | null = null;
      for (const probe of all) {
        if (probe.place === 'firstLine') {
          if (firstLine !== '') collect(probe, firstLine, fold(firstLine).text);
        } else if (sees(probe.place, piece.place)) {
          folded ??= probe.terms.length > 0 ? fold(piece.text).text : null;
          collect(probe, piece.text, folded ?? '');
        }
      }
    },
    counts: () => Object.fromEntries(all.map((probe) => [probe.id, probe.values.size])),
  };
}

function compiled(pattern: string): RE2JS {
  const expression = compilePattern(pattern);
  if (typeof expression === 'string') throw new TypeError('A policy let a pattern through that cannot be used');
  return expression;
}

function sees(place: Probe['place'], of: ProbeText['place']): boolean {
  return (
    place === 'everywhere' || (place === 'body' && of === 'body') || (place === 'attachments' && of === 'attachment')
  );
}

type Collecting = Probe & { readonly expressions: readonly RE2JS[]; readonly values: Set<string> };

function collect({ terms, expressions, values }: Collecting, text: string, folded: string): void {
  for (const term of terms) {
    if (values.size < mostValues && !values.has(`term ${term}`) && standsIn(folded, term)) values.add(`term ${term}`);
  }
  for (const expression of expressions) {
    const matcher = expression.matcher(text);
    while (values.size < mostValues && matcher.find()) {
      const value = matcher.group() ?? '';
      if (value !== '') values.add(`match ${value.slice(0, 200)}`);
    }
  }
}
