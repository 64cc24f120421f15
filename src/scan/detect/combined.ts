/**
 * The two scored kinds. Each has two sides that mean little alone and much together:
 *
 *   phi   identifiers of a person (record, insurance and social security numbers, national numbers, passport, licence, birth day, provider and
 *         prescriber numbers, a name behind "Patient:")  beside  health terms and codes (health-terms.ts, ICD-10, CPT)
 *   pci   card numbers  beside  what belongs to a card: an expiry date, a security code, a cardholder, magnetic track data
 *
 * A value counts when one of the other side stands within `reach` characters of it; the score is the number of distinct values that count, and
 * so zero when either side is missing. "MRN 483920, diagnosed with diabetes" scores 3, an appointment reminder 0, and so does a newsletter
 * about diabetes. The subject stands beside everything in the message: what it names counts with the other side in body or attachments.
 *
 * Limits: a name alone, an address or a telephone number is no identifier here; who works with health terms and signs with a birth day or a
 * provider number scores.
 */
import type { DetectorKind } from '../../policy/detection.ts';
import type { Match } from './detector.ts';
import { firstEndingAfter, type Text } from './text.ts';

export type Sides = { readonly identifiers: readonly Match[]; readonly companions: readonly Match[] };
export type SimpleKind = Exclude<DetectorKind, 'phi' | 'pci'>;
export type Found = Readonly<Record<SimpleKind, readonly Match[]>>;

export const noSides: Sides = { identifiers: [], companions: [] };

/** Half a paragraph. */
const reach = 300;

const personal: readonly SimpleKind[] = [
  'ssn',
  'itin',
  'mrn',
  'mbi',
  'npi',
  'dea',
  'birthDate',
  'passport',
  'driverLicence',
  'ukNhs',
  'ukNino',
  'deTaxId',
  'deSocialSecurity',
  'deHealthInsurance',
  'esNif',
  'esNie',
  'itFiscalCode',
  'frNir',
  'nlBsn',
  'plPesel',
  'fiHetu',
  'sePersonnummer',
];

/** The sides of `phi` in a text. */
export function healthSides(text: Text, found: Found): Sides {
  const terms = text.hits('health').map(({ start, end, phrase }) => ({ start, end, value: phrase }));
  return {
    identifiers: inOrder([...personal.flatMap((kind) => found[kind]), ...namedPatients(text)]),
    companions: inOrder([...terms, ...found.icd10, ...found.cpt]),
  };
}

/** The sides of `pci` in a text. */
export function paymentSides(text: Text, found: Found): Sides {
  if (found.card.length === 0) return { identifiers: [], companions: inOrder([...securityCodes(text)]) };
  return {
    identifiers: found.card,
    companions: inOrder([...expiries(text), ...securityCodes(text), ...holders(text), ...tracks(text)]),
  };
}

/** What counts: each value that has one of the other side near it, or in the subject. */
export function together({ identifiers, companions }: Sides, subject: Sides): Match[] {
  const counting = [
    ...identifiers.filter((match) => subject.companions.length > 0 || isNear(companions, match)),
    ...companions.filter((match) => subject.identifiers.length > 0 || isNear(identifiers, match)),
  ];
  if (identifiers.length > 0) counting.push(...subject.companions);
  if (companions.length > 0) counting.push(...subject.identifiers);
  return counting;
}

function isNear(others: readonly Match[], { start, end }: Match): boolean {
  const next = others[firstEndingAfter(others, start - reach)];
  return next !== undefined && next.start < end + reach;
}

/** In order of place, as look-up needs it. */
function inOrder(matches: readonly Match[]): readonly Match[] {
  return matches.toSorted((a, b) => a.end - b.end);
}

const name = String.raw`[A-Z][A-Za-z'-]{1,24}`;
const titledName = `,? (?:Mr|Mrs|Ms|Miss|Herr|Frau|Mme|Monsieur|Madame|Sr|Sra|Sig|Dhr|Mevr|Pan|Pani)\\.? (${name}(?: ${name})?)`;
const patientName = new RegExp(`^(?:'?s)?(?: [Nn]ame)?(?: ?[:=] {0,3}(${name},? ${name})|${titledName})`);

/** "Patient: Jane Doe", "patient Mr. Smith". */
function* namedPatients(text: Text): Iterable<Match> {
  for (const hit of text.hits('patient')) {
    const match = patientName.exec(text.plain.slice(hit.end, hit.end + 90));
    const value = match?.[1] ?? match?.[2];
    if (value !== undefined) yield { start: hit.start, end: hit.end + (match?.[0].length ?? 0), value };
  }
}

function* expiries({ plain }: Text): Iterable<Match> {
  const pattern = /(?<![0-9/.-])(?:0[1-9]|1[0-2]) ?[/-] ?(?:20)?[2-4]\d(?![0-9/-])/g;
  for (const { 0: value, index: start } of plain.matchAll(pattern)) yield { start, end: start + value.length, value };
}

function* securityCodes(text: Text): Iterable<Match> {
  for (const { start, end } of text.hits('cvv')) {
    const match = /^[^A-Za-z0-9]{0,4}(?:(?:code|no|nr|number|is) {0,2}[:#]? {0,2}){0,2}(\d{3,4})(?!\d)/i.exec(
      text.plain.slice(end, end + 40),
    );
    if (match !== null) yield { start, end: end + match[0].length, value: `code ${match[1] ?? ''}` };
  }
}

function holders(text: Text): Match[] {
  return text.hits('cardholder').map(({ start, end }) => ({ start, end, value: 'cardholder' }));
}

/** ISO/IEC 7813, tracks 1 and 2. */
function* tracks({ plain }: Text): Iterable<Match> {
  const pattern = /%B\d{12,19}\^[^^\n]{2,26}\^\d{4}|;\d{12,19}=\d{4}/g;
  for (const { 0: value, index: start } of plain.matchAll(pattern)) yield { start, end: start + value.length, value };
}
