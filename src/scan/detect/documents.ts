/**
 * Passports and driving licences. Their numbers have forms that much else has too, so a word must name them; only the British licence, with
 * its coded birth day, speaks for itself.
 *
 * Limits: the forms are those of the countries below and generic ones for the rest; seven-character passport numbers, numbers written in
 * groups, and numbers glued to the word before them are not found.
 */
import { anyOf, type Detector, isDay, monotone, shaped, standing } from './detector.ts';

/** Of a passport's number, by countries that use it. */
const passportForms: readonly RegExp[] = [
  /^\d{8,9}$/, // United States, United Kingdom, Norway, Russia, Denmark
  /^[A-Z]\d{7,8}$/, // United States, India, Switzerland, Austria, Korea, Mexico
  /^[A-Z]{2}\d{6,7}$/, // Italy, Poland, Finland, Japan, Canada, Belgium, Brazil
  /^[A-Z]{3}\d{6}$/, // Spain
  /^\d\d[A-Z]{2}\d{5}$/, // France
  /^[A-Z]\d{3}[A-Z]\d{4}$/, // Korea
  /^[A-NP-Z]{2}[A-NP-Z0-9]{6}\d$/, // Netherlands
];

export const passport: Detector = shaped({
  pattern: standing('[A-Za-z0-9]{8,9}'),
  valid: (value) =>
    /\d.*\d.*\d/.test(value) &&
    !isCompactDate(value) &&
    !monotone(value) &&
    (passportForms.some((form) => form.test(value)) || isGermanPassport(value)),
  topic: 'passport',
  reach: { before: 45, after: 30 },
  unless: ['phone', 'reference', 'driving'],
});

/** Letters without vowels and some look-alikes; the last digit is the check digit of ICAO Doc 9303. */
function isGermanPassport(value: string): boolean {
  if (!/^[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d$/.test(value)) return false;
  const weights = [7, 3, 1];
  const sum = value
    .slice(0, 8)
    .split('')
    .reduce((total, character, index) => {
      return total + Number.parseInt(character, 36) * (weights[index % 3] ?? 0);
    }, 0);
  return sum % 10 === Number(value.at(-1));
}

/** "20270301": the day it was issued or ends, not its number. */
function isCompactDate(value: string): boolean {
  const [year, month, day] = [value.slice(0, 4), value.slice(4, 6), value.slice(6, 8)].map(Number);
  return /^(?:19|20)\d{6}$/.test(value) && isDay(year ?? 0, month ?? 0, day ?? 0);
}

/** Five characters of the name filled up with nines, birth year, month (fifty more for women) and day, initials, check characters. */
const britishLicence = String.raw`[a-z][a-z9]{4} ?\d(?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12]\d|3[01])\d ?[a-z9]{2}[a-z0-9][a-z0-9]{2}`;

export const driverLicence: Detector = anyOf(
  shaped({ pattern: standing(britishLicence, 'any case'), valid: (value) => /^[A-Z]+9*$/.test(value.slice(0, 5)) }),
  shaped({
    pattern: standing('[A-Za-z0-9][-A-Za-z0-9*]{4,20}[A-Za-z0-9]'),
    valid: isLicence,
    topic: 'driving',
    unless: ['phone', 'reference', 'passport', 'ssn'],
  }),
  shaped({
    // The Italian form of today.
    pattern: standing('u1[a-z0-9]{7}[a-z]', 'any case'),
    valid: (value) => /\d{3}|\d.*\d.*\d/.test(value.slice(2)),
    topic: 'licence',
  }),
);

function isLicence(value: string): boolean {
  const digits = value.match(/\d/g)?.length ?? 0;
  if (value.length < 7 || value.length > 16 || digits < 4) return false;
  return !isCompactDate(value) && !monotone(value) && (digits >= 5 || /^[A-Z]{2}.*\d$/.test(value));
}
