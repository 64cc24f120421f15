/**
 * Numbers of the United States: Social Security and individual taxpayer numbers, the identifiers of providers, beneficiaries and prescribers.
 * What is written with its usual hyphens speaks for itself; bare digits need a word that says what they are.
 *
 * Rules: SSA's numbering (no area 000, 666 or 9xx, no group 00, no serial 0000, not the numbers that were printed in advertisements); IRS's groups
 * for ITIN; the NPI standard of CMS (Luhn with the prefix 80840); CMS's position grammar of the MBI; DEA's check digit.
 */
import { type Detector, luhn, monotone, shaped, standing, weighted } from './detector.ts';

const advertised = new Set(['078051120', '219099999', '123456789', '457555462']);

export const ssn: Detector = shaped({
  pattern: standing(String.raw`[0-8]\d\d([-. ])\d\d\1\d{4}|[0-8]\d\d[- ]?\d\d[- ]?\d{4}`),
  valid: isSocialSecurityNumber,
  topic: 'ssn',
  plain: (written) => /^\d{3}([-. ])\d\d\1\d{4}$/.test(written),
  unless: ['phone', 'reference'],
});

function isSocialSecurityNumber(digits: string): boolean {
  if (/^(?:000|666|9)|^...00|0000$/.test(digits)) return false;
  return !advertised.has(digits) && !monotone(digits);
}

export const itin: Detector = shaped({
  pattern: standing(String.raw`9\d\d[- ]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]?\d{4}`),
  valid: (digits) => digits.length === 9 && !monotone(digits),
  topic: 'itin',
  plain: (written) => /^\d{3}([- ])\d\d\1\d{4}$/.test(written),
  unless: ['phone', 'reference'],
});

export const npi: Detector = shaped({
  pattern: standing(String.raw`[12]\d{3}([- ]?)\d{3}\1\d{3}`),
  valid: (digits) => luhn(`80840${digits}`) && !monotone(digits.slice(1)),
  topic: 'npi',
  plain: (written) => written.includes('-'),
  unless: ['phone', 'reference'],
});

/** Letters without S, L, O, I, B and Z. */
const mbiLetter = '[AC-HJKMNP-RT-Yac-hjkmnp-rt-y]';
const mbiAny = '[0-9AC-HJKMNP-RT-Yac-hjkmnp-rt-y]';

export const mbi: Detector = shaped({
  pattern: standing(
    `[1-9]${mbiLetter}${mbiAny}[0-9]([- ]?)${mbiLetter}${mbiAny}[0-9]\\1${mbiLetter}${mbiLetter}[0-9][0-9]`,
  ),
  valid: () => true,
  topic: 'mbi',
  plain: (written, value) => written.includes('-') || written === value,
  unless: ['reference'],
});

export const dea: Detector = shaped({
  pattern: standing(String.raw`[A-HJ-MPRSTUXa-hj-mprstux][A-Za-z9][- ]?\d{7}`),
  valid: (value) =>
    weighted(value.slice(2), [1, 2, 1, 2, 1, 2]) % 10 === Number(value.at(-1)) && !monotone(value.slice(2)),
  topic: 'dea',
  plain: (written) => /^[A-Z][A-Z9]\d{7}$/.test(written),
  unless: ['reference', 'passport', 'driving', 'phone'],
});
