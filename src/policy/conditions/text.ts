/**
 * Conditions on texts: keywords of the subject, words and patterns in the subject, in header fields, in the body and everywhere.
 *
 * Words are compared folded and stand apart from other letters, as keywords do (keyword.ts): "contains: merger" is in "The MERGER!",
 * not in "mergers". Patterns are RE2 and see the text as it is. Facts hold no body text, so what is asked of the body or the attachments
 * becomes a probe, which the scan counts; its id is a hash of what it asks, so that facts answer for every policy that asks the same.
 *
 * Limits: only subject keywords are taken out by `stripKeyword`, not one that stands in the first line of the body. Content that could not
 * be read is no doubt about a keyword: who types one sees it.
 */
import { createHash } from 'node:crypto';
import type { RE2JS } from 're2js';
import * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { type Path, says, section } from '../../config/yaml.ts';
import { all, any, type Condition, type Judgement, judgementOf, messageTest, unknown } from '../conditions.ts';
import type { Probe, ProbePlace } from '../detection.ts';
import type { Doubt, Facts } from '../facts.ts';
import { type Folded, fold, standsIn } from '../keyword.ts';
import type { Report } from '../lists.ts';
import { nearMiss } from '../near-miss.ts';
import { compilePattern, longestPattern } from '../pattern.ts';
import { oneOrMore, words } from './values.ts';

const longestKeyword = 100;

/** A regular expression as text; what is longer than any may be is not shown. */
export const pattern = z
  .string({ error: says('a regular expression', 'Write it in single quotes.') })
  .refine((text) => text !== '' && text.length <= longestPattern, {
    error: says(
      `a regular expression of at most ${longestPattern} characters`,
      'Split it, or write words as contains.',
    ),
  });
export const patterns = oneOrMore(pattern, 'a regular expression');
export const keywordSchema = words('a keyword');
/** What is looked for in a text. */
export const textShape = { contains: words('a text').optional(), matches: patterns.optional() };
export const textSchema = section(textShape);
export const subjectSchema = section({
  keyword: keywordSchema.optional(),
  nearMiss: keywordSchema.optional(),
  ...textShape,
});
export const headerSchema = section({
  name: kinds.text('the name of a header field', 'Write it like X-Label, without a colon.'),
  is: words('a text').optional(),
  ...textShape,
});

export type Texts = z.output<typeof textSchema>;

export function compileSubject(text: z.output<typeof subjectSchema>, at: Path, report: Report): Condition {
  const of: Condition[] = [];
  if (text.keyword !== undefined) of.push(keywordTest(readKeywords(text.keyword, [...at, 'keyword'], report)));
  if (text.nearMiss !== undefined) of.push(nearMissTest(readKeywords(text.nearMiss, [...at, 'nearMiss'], report)));
  const sought = readTexts(text, at, report);
  if (sought.terms.length > 0) of.push(subjectHas(({ text: folded }) => has(sought.terms, folded)));
  if (sought.compiled.length > 0) of.push(subjectHas(({ source }) => matches(sought.compiled, source)));
  if (Object.keys(text).length === 0)
    report(at, 'nothing to look for', 'Write keyword, nearMiss, contains or matches.');
  return all(of);
}

/** `keyword`: in the subject or in the first line of the body. */
export function compileKeyword(texts: readonly string[], at: Path, report: Report): Condition {
  const keywords = readKeywords(texts, at, report);
  const probe = probeFor('firstLine', keywords.map(({ folded }) => folded).toSorted(), []);
  return any([
    keywordTest(keywords),
    probeTest(probe, [], `the first line of the body has the keyword ${named(keywords)}`),
  ]);
}

export function compileHeader(text: z.output<typeof headerSchema>, at: Path, report: Report): Condition {
  if (!/^[!-9;-~]{1,100}$/.test(text.name))
    report([...at, 'name'], 'not the name of a header field', 'Write it like X-Label.');
  const name = text.name.toLowerCase();
  const is = text.is?.map((each) => fold(each).text);
  const { terms, compiled } = readTexts(text, at, report);
  const asAsked = ({ source, text: folded }: Folded): boolean =>
    (is === undefined || is.includes(folded)) &&
    (terms.length === 0 || has(terms, folded)) &&
    (compiled.length === 0 || matches(compiled, source));
  const none: Judgement = { holds: false, reason: `there is no header ${name}` };
  const judgement = judgementOf(
    `the header ${name} is as the rule describes`,
    `the header ${name} is not as the rule describes`,
  );
  return messageTest(
    (facts) => {
      const fields = foldedOf(facts).header(name);
      if (fields.length === 0) return none;
      return judgement(fields.some(asAsked));
    },
    { restsOn: name === 'subject' ? ['subject'] : name === 'from' ? ['from'] : [] },
  );
}

/** `body`, `content` and the text in attachments: all of what is asked must be in the place. */
export function compileTexts(place: ProbePlace, text: Texts, at: Path, report: Report): Condition {
  const { terms, sources } = readTexts(text, at, report);
  const { restsOn, words } = places[place];
  const of: Condition[] = [];
  if (terms.length > 0) of.push(probeTest(probeFor(place, terms, []), restsOn, `${words} a text the rule asks for`));
  if (sources.length > 0)
    of.push(probeTest(probeFor(place, [], sources), restsOn, `${words} what matches a pattern of the rule`));
  if (of.length === 0) report(at, 'nothing to look for', 'Write contains or matches.');
  return all(of);
}

const places: Readonly<Record<ProbePlace, { readonly restsOn: readonly Doubt[]; readonly words: string }>> = {
  firstLine: { restsOn: [], words: 'the first line of the body has' },
  body: { restsOn: ['structure', 'content'], words: 'the body has' },
  attachments: { restsOn: ['structure', 'content', 'password'], words: 'an attachment has' },
  everywhere: { restsOn: ['structure', 'content', 'password', 'subject'], words: 'the message has somewhere' },
};

/** Terms and patterns of a condition or a detector. `compiled` and `sources` are the same patterns. */
export function readTexts(text: Texts, at: Path, report: Report) {
  const terms = readTerms(text.contains ?? [], [...at, 'contains'], report);
  const compiled = readPatterns(text.matches ?? [], [...at, 'matches'], report);
  return { terms, compiled, sources: (text.matches ?? []).toSorted() };
}

export function readTerms(texts: readonly string[], at: Path, report: Report): string[] {
  const folded = texts.map((text) => fold(text).text);
  const invisible = folded.indexOf('');
  if (invisible !== -1)
    report(
      texts.length === 1 ? at : [...at, invisible],
      'nothing visible to look for',
      'Write a text, or leave it out.',
    );
  return [...new Set(folded)].toSorted();
}

export function readPatterns(texts: readonly string[], at: Path, report: Report): RE2JS[] {
  return texts.flatMap((text, index) => {
    const compiled = compilePattern(text);
    if (typeof compiled !== 'string') return [compiled];
    const remedy = 'Write it as RE2 knows it, without look-around, back-references and long repetitions.';
    report(texts.length === 1 ? at : [...at, index], `the regular expression cannot be used: ${compiled}`, remedy);
    return [];
  });
}

/** The probe for texts in their order: sort them first, so that the same question has the same id. */
export function probeFor(place: ProbePlace, terms: readonly string[], patterns: readonly string[]): Probe {
  const id = createHash('sha256')
    .update(JSON.stringify([place, terms, patterns]))
    .digest('hex')
    .slice(0, 32);
  return { id, place, terms, patterns };
}

/** The count of a probe in the facts, or null when nobody looked for it. */
export function countOf(facts: Facts, probe: Probe): number | null {
  return Object.hasOwn(facts.probes, probe.id) ? (facts.probes[probe.id] ?? null) : null;
}

/** `found` is the clause when it is there, with " has " in it, which becomes " does not have ". */
function probeTest(probe: Probe, restsOn: readonly Doubt[], found: string): Condition {
  const judgement = judgementOf(found, found.replace(' has ', ' does not have '));
  return messageTest(
    (facts, reading) => {
      const count = countOf(facts, probe);
      return count === null ? unknown(reading, found) : judgement(count > 0);
    },
    { restsOn, probes: [probe] },
  );
}

type Keyword = { readonly text: string; readonly folded: string };

function readKeywords(texts: readonly string[], at: Path, report: Report): Keyword[] {
  const keywords = texts.map((text) => ({ text, folded: fold(text).text }));
  if (keywords.some((keyword) => keyword.folded === '' || keyword.text.length > longestKeyword))
    report(at, `a keyword must be visible and have at most ${longestKeyword} characters`, 'Write it like "[secure]".');
  return keywords;
}

function named(keywords: readonly Keyword[]): string {
  return keywords.map(({ text }) => `"${text}"`).join(' or ');
}

function keywordTest(keywords: readonly Keyword[]): Condition {
  const missing: Judgement = { holds: false, reason: `the subject does not have the keyword ${named(keywords)}` };
  return messageTest(
    (facts) => {
      const { text } = foldedOf(facts).subject;
      const found = keywords.find(({ folded }) => standsIn(text, folded));
      if (found === undefined) return missing;
      return { holds: true, reason: `the subject has the keyword "${found.text}"` };
    },
    { restsOn: ['subject'], keywords: keywords.map(({ folded }) => folded) },
  );
}

function nearMissTest(keywords: readonly Keyword[]): Condition {
  const missing: Judgement = {
    holds: false,
    reason: `the subject has nothing that is nearly the keyword ${named(keywords)}`,
  };
  return messageTest(
    (facts) => {
      const { subject } = foldedOf(facts);
      // Who typed one of them right did not miss another.
      const right = keywords.some(({ folded }) => standsIn(subject.text, folded));
      const found = right ? undefined : keywords.find(({ folded }) => nearMiss(subject, folded) !== null);
      if (found === undefined) return missing;
      return { holds: true, reason: `the subject has nearly the keyword "${found.text}"` };
    },
    { restsOn: ['subject'] },
  );
}

function subjectHas(test: (subject: Folded) => boolean): Condition {
  const judgement = judgementOf(
    'the subject has what the rule asks for',
    'the subject does not have what the rule asks for',
  );
  return messageTest((facts) => judgement(test(foldedOf(facts).subject)), { restsOn: ['subject'] });
}

function has(terms: readonly string[], folded: string): boolean {
  return terms.some((term) => standsIn(folded, term));
}

function matches(compiled: readonly RE2JS[], text: string): boolean {
  return compiled.some((expression) => expression.test(text));
}

type FoldedTexts = { readonly subject: Folded; readonly header: (name: string) => readonly Folded[] };
const texts = new WeakMap<Facts, FoldedTexts>();

/** Subject and header fields, each folded once for all rules. */
export function foldedOf(facts: Facts): FoldedTexts {
  const known = texts.get(facts);
  if (known !== undefined) return known;
  const byName = new Map<string, readonly Folded[]>();
  const header = (name: string): readonly Folded[] => {
    let fields = byName.get(name);
    if (fields === undefined) {
      fields = facts.headers.filter((field) => field.name === name).map((field) => fold(field.value));
      byName.set(name, fields);
    }
    return fields;
  };
  const folded = { subject: fold(facts.subject), header };
  texts.set(facts, folded);
  return folded;
}
