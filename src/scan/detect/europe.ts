/**
 * National numbers of Europe outside Germany (germany.ts): United Kingdom, Spain, Italy, France, Netherlands, Poland, Finland, Sweden. Each is
 * checked by its country's own check digits, and where a birth day is part of it, that day is in the calendar.
 *
 * An NHS number in groups of 3-3-4 that could as well be a North American telephone number, or without groups, needs a word near; so do
 * digits that may be a time. A BSN is bare digits and always needs one.
 */
import { type Detector, isDay, luhn, monotone, shaped, standing, weighted } from './detector.ts';

const thisYear = new Date().getUTCFullYear();

export const ukNhs: Detector = shaped({
  pattern: standing(String.raw`\d{3}([- ]?)\d{3}\1\d{4}`),
  valid: (digits) => weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 && !monotone(digits),
  topic: 'nhs',
  plain: (written) => written.length > 10 && !/^[2-9]\d\d.[2-9]/.test(written),
  unless: ['phone', 'reference'],
});

export const ukNino: Detector = shaped({
  pattern: standing(
    String.raw`(?!bg|gb|kn|nk|nt|tn|zz)[abceghj-prstw-z][abceghj-nprstw-z]([- ]?)\d\d[- ]?\d\d[- ]?\d\d\1[a-d]`,
    'any case',
  ),
  valid: (value) => !monotone(value.slice(2, 8)),
});

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';

export const esNif: Detector = shaped({
  pattern: standing(
    String.raw`\d{7,8}[- ]?[A-HJ-NP-TV-Z]|\d{7,8}-?[a-hj-np-tv-z]|\d{1,2}\.\d{3}\.\d{3}[- ]?[A-HJ-NP-TV-Z]`,
  ),
  valid: (value) => nifLetters[Number(value.slice(0, -1)) % 23] === value.at(-1),
  topic: 'spanish',
  plain: (written, value) => written.at(-1) === value.at(-1) && !written.includes(' '),
  unless: ['reference'],
});

export const esNie: Detector = shaped({
  pattern: standing(String.raw`[xyz][- ]?\d{7}[- ]?[a-hj-np-tv-z]`, 'any case'),
  valid: (value) => nifLetters[Number('XYZ'.indexOf(value.charAt(0)) + value.slice(1, -1)) % 23] === value.at(-1),
});

export const itFiscalCode: Detector = shaped({
  pattern: standing(
    String.raw`[a-z]{3}[ ]?[a-z]{3}[ ]?[0-9l-np-v]{2}[abcdehlmprst][0-9l-np-v]{2}[ ]?[a-z][0-9l-np-v]{3}[a-z]`,
    'any case',
  ),
  // Letters may stand for each of its digits.
  in: 'whole',
  valid: isFiscalCode,
});

/** Values of characters at odd places, for 0 to 9 and A to Z; at even places a digit or letter counts its place in the row. */
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
const oddLetters = [...oddValues, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isFiscalCode(value: string): boolean {
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const character = value.charCodeAt(index);
    const place = character < 58 ? character - 48 : character - 65;
    sum += index % 2 === 1 ? place : (oddLetters[place] ?? 0);
  }
  return value.charCodeAt(15) - 65 === sum % 26;
}

export const frNir: Detector = shaped({
  pattern: standing(
    String.raw`[1-478][ .]?\d\d[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d\d|2[ABab])[ .]?\d{3}[ .]?\d{3}[ .-]?\d\d`,
  ),
  valid: (value) => {
    // The two departments of Corsica count as 19 and 18.
    const number = Number(value.slice(0, 13).replace('2A', '19').replace('2B', '18'));
    return 97 - (number % 97) === Number(value.slice(13));
  },
  unless: ['phone', 'reference'],
});

export const nlBsn: Detector = shaped({
  pattern: standing(String.raw`\d{8,9}|\d{3}[- .]\d{3}[- .]\d{3}|\d{4}[- .]\d{2}[- .]\d{3}`),
  valid: (value) => weighted(value.padStart(9, '0'), [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !monotone(value),
  topic: 'bsn',
  unless: ['phone', 'reference'],
});

export const plPesel: Detector = shaped({
  pattern: standing(String.raw`\d{11}`),
  valid: isPesel,
  topic: 'pesel',
  // Without its name only people who live: born from 1900 to this year.
  plain: (_written, value) => Number(value.slice(2, 4)) < 40 && peselYear(value) <= thisYear,
  unless: ['phone', 'reference', 'germanTax'],
});

function isPesel(digits: string): boolean {
  if (!isDay(peselYear(digits), Number(digits.slice(2, 4)) % 20, Number(digits.slice(4, 6)))) return false;
  return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

/** The century stands in the tens of the month: none for 1900, 20 for 2000, 40, 60, and 80 for 1800. */
function peselYear(digits: string): number {
  const century = Math.floor(Number(digits.slice(2, 4)) / 20);
  return (century === 4 ? 1800 : 1900 + century * 100) + Number(digits.slice(0, 2));
}

const hetuCheck = '0123456789ABCDEFHJKLMNPRSTUVWXY';

export const fiHetu: Detector = shaped({
  pattern: standing(String.raw`\d{6}[-+a-fu-y]\d{3}[0-9a-fhj-npr-y]`, 'any case'),
  valid: isHetu,
});

/** "-" and "+" are gone from the value, which leaves it one shorter; letters tell the century as they do. */
function isHetu(value: string): boolean {
  const [day, month, year] = [value.slice(0, 2), value.slice(2, 4), value.slice(4, 6)].map(Number);
  const century = /^.{6}[A-F]/.test(value) && value.length === 11 ? 2000 : 1900;
  if (!isDay(century + (year ?? 0), month ?? 0, day ?? 0)) return false;
  const serial = value.slice(-4, -1);
  return Number(serial) >= 2 && hetuCheck[Number(value.slice(0, 6) + serial) % 31] === value.at(-1);
}

export const sePersonnummer: Detector = shaped({
  pattern: standing(String.raw`(?:1[89]|20)?\d{2}[01]\d[0-9]\d[-+]?\d{4}`),
  valid: isPersonnummer,
  topic: 'personnummer',
  plain: (_written, value) => !isTime(value),
  unless: ['phone', 'reference'],
});

/**
 * Digits that may be a time: ten as seconds of the Unix clock, twelve as day and time of day, or a day of late with a running number, as
 * file names and invoices have.
 */
function isTime(value: string): boolean {
  if (value.length === 10) return /^(?:1|2[01])/.test(value);
  return /^(?:199|20\d)\d{5}(?:[01]\d|2[0-3])[0-5]\d$/.test(value) || Number(value.slice(0, 4)) > thisYear - 15;
}

/** Luhn over the last ten digits; 60 more on the day makes a coordination number. */
function isPersonnummer(digits: string): boolean {
  const ten = digits.slice(-10);
  const century = digits.length === 12 ? Number(digits.slice(0, 2)) * 100 : 2000;
  const year = century + Number(ten.slice(0, 2));
  const day = Number(ten.slice(4, 6));
  if (digits.length === 12 && year > thisYear) return false;
  return isDay(year, Number(ten.slice(2, 4)), day > 60 ? day - 60 : day) && luhn(ten);
}
