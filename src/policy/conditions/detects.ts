/**
 * `detects`: what the detectors of the scan found, and the policy's own, named under `detectors:`, which are probes over the whole message.
 *
 *     detects: any                        # anything a detector knows, or a detector of this policy
 *     detects: [ssn, project-names]       # one of these
 *     detects: { phi: 3, card: 1 }        # at least so many of each; for phi and pci the score
 *
 * Counts are of distinct values, summed over the parts of the message.
 */
import * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { nearest, type Path, says, section } from '../../config/yaml.ts';
import { all, type Condition, messageTest, unknown } from '../conditions.ts';
import { detectorKinds, type Probe } from '../detection.ts';
import type { Doubt, Facts } from '../facts.ts';
import type { Report } from '../lists.ts';
import { countOf, patterns, probeFor, readPatterns, readTerms } from './text.ts';
import { oneOrMore, words } from './values.ts';

export const detectorSchema = section({ terms: words('a text').optional(), patterns: patterns.optional() });

const name = kinds.text('the name of a detector', 'Write it as the documentation or detectors: names it.');
const least = z.record(z.string(), kinds.wholeNumber(1, 1_000_000));
export const detectsSchema = z.union([oneOrMore(name, 'the name of a detector'), least], {
  error: says('any, names of detectors, or names with minimum counts', 'Write any, [phi, pci] or { phi: 3 }.'),
});

/** The policy's own detectors by name. */
export type Detectors = ReadonlyMap<string, Probe>;

const restsOn: readonly Doubt[] = ['structure', 'content', 'password'];

export function compileDetector(text: z.output<typeof detectorSchema>, at: Path, report: Report): Probe {
  if (text.terms === undefined && text.patterns === undefined)
    report(at, 'nothing to look for', 'Write terms or patterns.');
  const terms = readTerms(text.terms ?? [], [...at, 'terms'], report);
  readPatterns(text.patterns ?? [], [...at, 'patterns'], report);
  return probeFor('everywhere', terms, (text.patterns ?? []).toSorted());
}

export function compileDetects(
  text: z.output<typeof detectsSchema>,
  at: Path,
  report: Report,
  own: Detectors,
): Condition {
  if (Array.isArray(text)) {
    if (text.includes('any')) return anyTest([...own.values()]);
    const asked = text.map((each, index) => counterOf(each, text.length === 1 ? at : [...at, index], report, own));
    return countTest(asked, 1);
  }
  const asked = Object.entries(text);
  if (asked.length === 0) report(at, 'nothing to look for', 'Write { phi: 3 }.');
  return all(asked.map(([each, count]) => countTest([counterOf(each, [...at, each], report, own, 'key')], count)));
}

type Counter = { readonly name: string; readonly probe: Probe | null; readonly count: (facts: Facts) => number | null };

function counterOf(name: string, at: Path, report: Report, own: Detectors, part: 'key' | 'value' = 'value'): Counter {
  const probe = own.get(name) ?? null;
  if (probe !== null) return { name, probe, count: (facts) => countOf(facts, probe) };
  if (!Object.hasOwn(detectorKinds, name)) {
    const near = nearest(name, [...Object.keys(detectorKinds), ...own.keys()]);
    const hint = near === null ? '' : `Did you mean "${near}"? `;
    const remedy = `${hint}Known are ${Object.keys(detectorKinds).join(', ')} and those under detectors.`;
    report(at, `there is no detector ${JSON.stringify(name)}`, remedy, part);
  }
  return { name, probe, count: (facts) => countsOf(facts)?.get(name) ?? (facts.findings === null ? null : 0) };
}

/** Holds when one of them was found at least so often. */
function countTest(counters: readonly Counter[], least: number): Condition {
  const names = counters.map(({ name }) => name).join(' or ');
  const asked = least === 1 ? names : `${names} ${least}`;
  return messageTest(
    (facts, reading) => {
      const found = counters.map((counter) => ({ name: counter.name, count: counter.count(facts) }));
      const enough = found.find(({ count }) => count !== null && count >= least);
      if (enough !== undefined) return { holds: true, reason: `the message holds ${enough.name} (${enough.count})` };
      if (found.some(({ count }) => count === null)) return unknown(reading, `the message holds ${asked}`);
      const few = found.find(({ count }) => count !== 0);
      const reason =
        few === undefined
          ? `the message holds no ${names}`
          : `the message holds ${few.name} (${few.count}), fewer than ${least}`;
      return { holds: false, reason };
    },
    { restsOn, probes: counters.flatMap(({ probe }) => probe ?? []) },
  );
}

function anyTest(probes: readonly Probe[]): Condition {
  return messageTest(
    (facts, reading) => {
      const kinds = countsOf(facts);
      const counts = probes.map((probe) => countOf(facts, probe));
      if (kinds !== null && kinds.size > 0)
        return {
          holds: true,
          reason: `the message holds ${[...kinds].map(([kind, count]) => `${kind} (${count})`).join(', ')}`,
        };
      if (counts.some((count) => count !== null && count > 0))
        return { holds: true, reason: 'a detector of the policy found something in the message' };
      if (kinds === null || counts.includes(null)) return unknown(reading, 'a detector finds something in the message');
      return { holds: false, reason: 'no detector found anything in the message' };
    },
    { restsOn, probes },
  );
}

const sums = new WeakMap<readonly object[], ReadonlyMap<string, number>>();

/** Counts by kind over all parts, of those that were found; null when nobody looked. */
function countsOf({ findings }: Facts): ReadonlyMap<string, number> | null {
  if (findings === null) return null;
  const known = sums.get(findings);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  for (const { kind, count } of findings) if (count > 0) counts.set(kind, (counts.get(kind) ?? 0) + count);
  sums.set(findings, counts);
  return counts;
}
