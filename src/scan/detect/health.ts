/**
 * What marks a person's health record: record numbers and birth days behind a word that names them, diagnosis codes (ICD-10) and procedure
 * codes (CPT, HCPCS level II) near a word of their trade. A code that follows another within a list needs no word of its own.
 *
 * Limits: years before 1900 are no birth days; of the code systems the blocks are checked, not each code; diagnosis codes without a dot have
 * three characters.
 */
import { bare, type Detector, isDay, type Match, standing } from './detector.ts';
import type { Hit, Text } from './text.ts';
import type { Topic } from './vocabulary.ts';

/** Up to three words may stand between the name and the value: "MRN of the patient is". */
const between = String.raw`^[^A-Za-z0-9]{0,6}(?:[A-Za-z']{1,14}[^A-Za-z0-9]{1,4}){0,3}?`;

/** Looks right behind each word of the topic. `read` gives the value of what the pattern's group "value" matched, or null. */
function behind(topic: Topic, pattern: string, read: (written: string, hit: Hit) => string | null): Detector {
  const expression = new RegExp(`${between}(?<value>${pattern})(?![A-Za-z0-9]|[-./][0-9])`, 'd');
  return function* find(text) {
    let last = 0;
    for (const hit of text.hits(topic)) {
      const place = expression.exec(text.plain.slice(hit.end, hit.end + 100))?.indices?.groups?.['value'];
      if (place === undefined) continue;
      const [start, end] = [hit.end + place[0], hit.end + place[1]];
      const value = start < last ? null : read(text.plain.slice(start, end), hit);
      if (value === null || (hit.end !== start && text.distance('phone', start) < start - hit.end)) continue;
      last = end;
      yield { start, end, value };
    }
  };
}

export const mrn: Detector = behind('mrn', String.raw`[A-Za-z]{0,4}-?\d[\d-]{2,14}(?:\d|[A-Za-z])`, (written) => {
  const digits = written.replace(/\D/g, '');
  const isSomethingElse = /^(?:19|20)\d\d$|^\d{3}-\d{3}-\d{4}$/.test(written) || readDate(written) !== null;
  return digits.length < 4 || isSomethingElse ? null : bare(written);
});

/** The first three letters of the months' names, by month, as far as the languages of the vocabulary use them. */
const months =
  `jan ene gen sty tam, feb fev lut hel, mar, apr avr abr kwi huh, may mai mag maj mei tou, jun giu cze kes,
  jul lug lip hei, aug aou ago sie elo, sep set wrz syy, oct okt ott out paz lok, nov lis, dec dez dic gru jou des`
    .split(/,\s+/)
    .map((names) => names.split(' '));
const monthName = '[A-Za-z]{3,10}';
const dateForms = [
  String.raw`\d{1,4}(?:[-/]\d{1,2}[-/]|\. ?\d{1,2}\. ?| \d{1,2} )\d{1,4}`,
  String.raw`\d{1,2}(?:st|nd|rd|th|er|\.)?[ -](?:of |de )?${monthName}\.?,?[ -](?:de )?\d{2,4}`,
  String.raw`${monthName}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}`,
].join('|');

export const birthDate: Detector = behind('birth', dateForms, (written, hit) => {
  const date = readDate(written);
  // "Birthday party on 12 May 2026" is no birth day.
  const isParty = /birthday|geburtstag|b day/.test(hit.phrase) && date !== null && date.year >= thisYear;
  return date === null || isParty
    ? null
    : [date.year, date.month, date.day].map((n) => String(n).padStart(2, '0')).join('');
});

const thisYear = new Date().getUTCFullYear();

type Day = { readonly year: number; readonly month: number; readonly day: number };

function readDate(written: string): Day | null {
  const numbers = [...written.matchAll(/\d+/g)].map(([digits]) => digits);
  const name = /[A-Za-z]{3,}/g;
  const month = [...written.matchAll(name)].map(([word]) => monthOf(word)).find((found) => found > 0);
  const [first = '', second = '', third = ''] = numbers;
  if (numbers.length === 2) return month === undefined ? null : day(second, month, Number(first));
  if (numbers.length !== 3) return null;
  if (first.length === 4) return day(first, Number(second), Number(third));
  // Day before month or month before day: whichever is in the calendar.
  return day(third, Number(second), Number(first)) ?? day(third, Number(first), Number(second));
}

function monthOf(word: string): number {
  return months.findIndex((names) => names.includes(word.slice(0, 3).toLowerCase())) + 1;
}

function day(yearDigits: string, month: number, dayOfMonth: number): Day | null {
  if (yearDigits.length !== 4 && yearDigits.length !== 2) return null;
  const short = Number(yearDigits);
  const year = yearDigits.length === 4 ? short : short + (short + 2000 > thisYear ? 1900 : 2000);
  return year >= 1900 && year <= thisYear && isDay(year, month, dayOfMonth) ? { year, month, day: dayOfMonth } : null;
}

/** First and last category of each block that ICD-10 uses, WHO's and the clinical modifications together. */
const blocks =
  `A00A09 A15A28 A30A99 B00B09 B15B99 C00C97 C7AC7B D00D89 E00E46 E50E90 F00F99 G00G99 H00H95 I00I16 I20I52 I60I99 J00J22 J30J47 J60J99 K00K31 K35K95 L00L99 M00M99
  N00N99 O00O99 P00P96 Q00Q99 R00R99 S00S99 T00T98 U07U12 V00V99 W00W99 X00X99 Y00Y99 Z00Z99`
    .split(/\s+/)
    .map((block) => [block.slice(0, 3), block.slice(3)] as const);
const diagnosisPattern = standing(String.raw`[A-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?|[a-z]\d[0-9ab]\.[0-9a-z]{1,4}`);

export function* icd10(text: Text): Iterable<Match> {
  let last = Number.NEGATIVE_INFINITY;
  for (const { written, start } of text.numbers.find(diagnosisPattern)) {
    const [end, value] = [start + written.length, bare(written)];
    const category = value.slice(0, 3);
    if (!blocks.some(([from, to]) => from <= category && category <= to)) continue;
    const dotted = written.includes('.');
    const named = text.near('icd', start, end, dotted ? { before: 100, after: 40 } : { before: 40, after: 20 });
    const beside =
      dotted && written === written.toUpperCase() && text.near('health', start, end, { before: 60, after: 60 });
    if (!named && !beside && start - last > 40) continue;
    last = end;
    yield { start, end, value };
  }
}

/** Hyphens may stand around it: a range has one, and so has a modifier ("99214-25"), which makes no other procedure. */
const procedurePattern = /(?<![A-Za-z0-9]|[0-9][./])(?:\d{5}|\d{4}[FTU]|[AEGJKLQ]\d{4})(?![A-Za-z0-9]|[./][0-9])/g;

export function* cpt(text: Text): Iterable<Match> {
  let last = Number.NEGATIVE_INFINITY;
  for (const { written, start } of text.numbers.find(procedurePattern)) {
    const end = start + written.length;
    if (/^\d{5}/.test(written) && written < '00100') continue;
    if (!text.near('cpt', start, end, { before: 40, after: 12 }) && start - last > 30) continue;
    last = end;
    yield { start, end, value: written };
  }
}
