/**
 * The measure of the detectors: labelled texts, what was found in them, and precision and recall of each kind.
 *
 * Labels come from Presidio's recogniser tests, from Presidio's context sentences, from the synthetic sentences of presidio-research, and from
 * our own table (cases.ts). Two ways to count the first:
 *
 *   as written  every case as it stands, every label as it is
 *   named       a case that is nothing but a number, of a kind that needs a word near, gets one before it ("Passport number: "), because that test asks
 *               one recogniser about one number; and labels that go against the public rules of a number are left out (`objection`)
 */
import { existsSync, readFileSync } from 'node:fs';
import { type DetectorKind, detectorKinds } from '../../../src/policy/detection.ts';
import type { SimpleKind } from '../../../src/scan/detect/combined.ts';
import { Detection, findAll } from '../../../src/scan/detect/detect.ts';
import { Text } from '../../../src/scan/detect/text.ts';
import { negatives, type OwnCase, positives } from './cases.ts';

export const corpora = new URL('../../../../shared/corpora/', import.meta.url);
export const haveCorpora = existsSync(new URL('presidio/recognizer_cases.jsonl', corpora));

/** `values`: what stands there of this kind. */
export type Labelled = {
  readonly kind: SimpleKind;
  readonly text: string;
  readonly values: readonly string[];
  readonly source: string;
};

export type Score = { right: number; wrong: number; missed: number; readonly failures: string[] };
export type Scores = Map<DetectorKind, Score>;

/** Names of Presidio's entities for our kinds. Korean licences are not claimed. */
const kinds: Readonly<Record<string, SimpleKind>> = {
  US_SSN: 'ssn',
  US_ITIN: 'itin',
  US_NPI: 'npi',
  US_MBI: 'mbi',
  MEDICAL_LICENSE: 'dea',
  ABA_ROUTING_NUMBER: 'aba',
  CREDIT_CARD: 'card',
  IBAN_CODE: 'iban',
  IP_ADDRESS: 'ip',
  UK_NHS: 'ukNhs',
  UK_NINO: 'ukNino',
  DE_TAX_ID: 'deTaxId',
  DE_SOCIAL_SECURITY: 'deSocialSecurity',
  DE_HEALTH_INSURANCE: 'deHealthInsurance',
  ES_NIF: 'esNif',
  ES_NIE: 'esNie',
  IT_FISCAL_CODE: 'itFiscalCode',
  PL_PESEL: 'plPesel',
  FI_PERSONAL_IDENTITY_CODE: 'fiHetu',
  SE_PERSONNUMMER: 'sePersonnummer',
  US_PASSPORT: 'passport',
  UK_PASSPORT: 'passport',
  DE_PASSPORT: 'passport',
  ES_PASSPORT: 'passport',
  IT_PASSPORT: 'passport',
  IN_PASSPORT: 'passport',
  KR_PASSPORT: 'passport',
  US_DRIVER_LICENSE: 'driverLicence',
  UK_DRIVING_LICENCE: 'driverLicence',
  DE_FUEHRERSCHEIN: 'driverLicence',
  IT_DRIVER_LICENSE: 'driverLicence',
};

/** What makes a bare number of the kind what it is. */
const names: Partial<Record<SimpleKind, string>> = {
  passport: 'Passport number: ',
  driverLicence: "Driver's license: ",
  ssn: 'SSN: ',
  itin: 'ITIN: ',
};

type RecogniserCase = {
  readonly entities: readonly string[];
  readonly text?: string;
  readonly iban?: string;
  readonly number?: string;
  readonly pesel?: string;
  readonly expected?: boolean | null;
  readonly expected_len?: number;
  readonly expected_positions?: readonly (readonly [number, number])[];
  readonly expected_res?: readonly (readonly [number, number])[];
};

/** Presidio's recogniser tests: a case asks about one entity. Cases without a label are left out. */
export function recogniserCases(): Labelled[] {
  const lines = readFileSync(new URL('presidio/recognizer_cases.jsonl', corpora), 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    const record = JSON.parse(line) as RecogniserCase;
    const kind = record.entities.length === 1 ? kinds[record.entities[0] ?? ''] : undefined;
    // Two of the tables' texts kept the quotes of a program around them.
    const text = (record.text ?? record.iban ?? record.number ?? record.pesel)?.replace(/^f'(.*)'$/, '$1');
    if (kind === undefined || text === undefined) return [];
    const values = labelledValues(record, text, kind);
    return values === null ? [] : [{ kind, text, values, source: record.entities[0] ?? '' }];
  });
}

function labelledValues(record: RecogniserCase, text: string, kind: SimpleKind): string[] | null {
  const spans = record.expected_positions ?? record.expected_res;
  if (typeof record.expected === 'boolean') return record.expected ? [canonical(kind, text)] : [];
  if (record.expected_len === undefined) return null;
  if (spans !== undefined && spans.length === record.expected_len && !record.text?.startsWith("f'"))
    return spans.map(([start, end]) => canonical(kind, text.slice(start, end)));
  if (record.expected_len === 0) return [];
  // Only the count is labelled: the words with digits in them, or all of it.
  const words = text.split(/\s+/).filter((word) => /\d/.test(word));
  return (record.expected_len === words.length ? words : [text]).map((word) => canonical(kind, word));
}

/** Presidio's sentences with context, each with one entity. */
export function contextSentences(): Labelled[] {
  const path = 'presidio/presidio-analyzer/tests/data/context_sentences_tests.txt';
  const lines = readFileSync(new URL(path, corpora), 'utf8')
    .split('\n')
    .filter((line) => !/^#|^\s*$/.test(line));
  return lines.flatMap((entity, index) => {
    const kind = kinds[entity.trim()];
    const text = lines[index + 1];
    if (kind === undefined || text === undefined) return [];
    const values = text
      .split(/\s+/)
      .filter((word) => /\d.*\d/.test(word))
      .map((word) => canonical(kind, word.replace(/[.:]$/, '')));
    return [{ kind, text, values, source: 'context sentences' }];
  });
}

type Sentence = {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
};
/** Kinds of which a synthetic sentence has every span labelled. */
const spanKinds: readonly SimpleKind[] = ['ssn', 'card', 'iban', 'ip', 'driverLicence', 'birthDate'];

/** The synthetic sentences: all spans are labelled, so whatever else is found is wrong. */
export function syntheticSentences(): Labelled[] {
  return ['presidio-research/data/synth_dataset_v2.json', 'presidio-research/tests/data/generated_small.json'].flatMap(
    (path) => {
      const sentences = JSON.parse(readFileSync(new URL(path, corpora), 'utf8')) as Sentence[];
      return sentences.flatMap(({ full_text: text, spans }) =>
        spanKinds.map((kind) => {
          const values = spans
            .filter(({ entity_type, start_position }) => spanKind(entity_type, text.slice(0, start_position)) === kind)
            .map(({ start_position, end_position }) => canonical(kind, text.slice(start_position, end_position)));
          return { kind, text, values, source: 'synthetic sentences' };
        }),
      );
    },
  );
}

/** Its DATE_TIME is a birth day where the sentence says so. */
function spanKind(entity: string, before: string): SimpleKind | undefined {
  return entity === 'DATE_TIME' && /(?: born on|date of birth. It's) $/.test(before) ? 'birthDate' : kinds[entity];
}

/** One spelling of a labelled value, as the detectors spell what they find. */
export function canonical(kind: SimpleKind, written: string): string {
  if (kind === 'ip') return written.replace(/[/%].*$/, '').toLowerCase();
  if (kind === 'birthDate') {
    const numbers = written.match(/\d+/g) ?? [];
    return numbers
      .map((digits) => digits.padStart(2, '0'))
      .sort()
      .join('');
  }
  return written.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
}

/** Why a label does not count when cases are named, or null. */
export function objection({ kind, text, values }: Labelled): string | null {
  if (kind === 'ssn' && values.includes('078051120'))
    return 'ssn 078-05-1120 was never valid: it was printed on sample cards';
  if (kind === 'ip' && /^\d+(?:\.\d+){4,}$/.test(text))
    return 'ip: five numbers in a row are a version, not an address';
  if (kind === 'ip' && values.includes('::') && !text.includes('::/'))
    return 'ip: the unspecified address "::" alone tells nothing';
  if (kind === 'itFiscalCode' && values.includes('AAAAAA00B11C333N'))
    return 'itFiscalCode: the check letter of AAAAAA00B11C333N is Y';
  if (text.startsWith('mypassport')) return 'passport: glued to the words before';
  return null;
}

/** The case with the word its kind needs, where it is nothing but numbers. */
export function named(labelled: Labelled): Labelled {
  const name = names[labelled.kind];
  const isBare = !/(?<![A-Za-z0-9])[A-Za-z]{3,}(?![A-Za-z0-9])/.test(labelled.text);
  // What is wrong for one country's recogniser may be right for another's: such negatives stay as they are.
  return name === undefined || !isBare || labelled.values.length === 0
    ? labelled
    : { ...labelled, text: name + labelled.text };
}

/** Compares what is found with what is labelled; a value counts once a case. */
export function score(cases: readonly Labelled[]): Scores {
  const scores: Scores = new Map();
  for (const { kind, text, values, source } of cases) {
    const score = scores.get(kind) ?? { right: 0, wrong: 0, missed: 0, failures: [] };
    scores.set(kind, score);
    const wanted = new Set(values);
    const found = new Set(findAll(new Text(text))[kind].map(({ value }) => canonical(kind, spell(kind, value))));
    for (const value of wanted)
      if (found.has(value)) score.right++;
      else {
        score.missed++;
        score.failures.push(`${kind} missed ${value} in ${JSON.stringify(text)} (${source})`);
      }
    for (const value of found)
      if (!wanted.has(value)) {
        score.wrong++;
        score.failures.push(`${kind} wrong ${value} in ${JSON.stringify(text)} (${source})`);
      }
  }
  return scores;
}

/** Our own table, where every finding that is not named is wrong. For `phi` and `pci` a point of the score is a value. */
export function ownScores(): Scores {
  const scores: Scores = new Map();
  const cases: readonly OwnCase[] = [...positives, ...negatives.map((text): OwnCase => [text, {}])];
  for (const [text, counts] of cases) {
    const found = detected(text);
    for (const kind of Object.keys(detectorKinds) as DetectorKind[]) {
      const [wanted, got] = [counts[kind] ?? 0, found[kind] ?? 0];
      const score = scores.get(kind) ?? { right: 0, wrong: 0, missed: 0, failures: [] };
      scores.set(kind, score);
      score.right += Math.min(wanted, got);
      score.missed += Math.max(0, wanted - got);
      score.wrong += Math.max(0, got - wanted);
      if (wanted !== got) score.failures.push(`${kind}: ${wanted} expected, ${got} found in ${JSON.stringify(text)}`);
    }
  }
  return scores;
}

/** Counts by kind, of one text as a body. */
export function detected(text: string): Partial<Record<DetectorKind, number>> {
  const detection = new Detection([]);
  detection.add({ part: '1', place: 'body', text });
  return Object.fromEntries(detection.end().findings.map(({ kind, count }) => [kind, count]));
}

/** A birth day is kept as year, month, day. */
function spell(kind: SimpleKind, value: string): string {
  return kind === 'birthDate' ? `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6)}` : value;
}

export function recall({ right, missed }: Score): number {
  return right + missed === 0 ? 1 : right / (right + missed);
}

export function precision({ right, wrong }: Score): number {
  return right + wrong === 0 ? 1 : right / (right + wrong);
}
