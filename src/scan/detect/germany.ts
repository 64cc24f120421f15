/**
 * German numbers: the tax identification number (eleven digits, one of the first ten may come two or three times, ISO 7064 mod 11,10), the
 * pension insurance number (area, birth day, letter, serial, check digit) and the unchanging part of the health insurance number.
 */
import { type Detector, isDay, shaped, standing } from './detector.ts';

export const deTaxId: Detector = shaped({
  pattern: standing(String.raw`[1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}|[1-9]\d/\d{3}/\d{3}/\d{3}`),
  valid: isTaxId,
  topic: 'germanTax',
  plain: () => true,
  unless: ['phone', 'reference'],
});

/** Numbers with no digit twice are accepted too: documentation uses them, and they are rare. */
function isTaxId(digits: string): boolean {
  const first = digits.slice(0, 10);
  const counts = '0123456789'.split('').map((digit) => first.split(digit).length - 1);
  const repeated = counts.filter((count) => count > 1);
  if (repeated.length > 1 || repeated.some((count) => count > 3) || /(\d)\1\1/.test(first)) return false;
  let product = 10;
  for (const digit of first) product = (((Number(digit) + product) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === Number(digits.at(-1));
}

export const deSocialSecurity: Detector = shaped({
  pattern: standing(String.raw`\d\d[ ]?\d{6}[ ]?[a-z][ ]?\d{3}`, 'any case'),
  valid: isInsuranceNumber,
});

function isInsuranceNumber(value: string): boolean {
  const [day, month, year] = [value.slice(2, 4), value.slice(4, 6), value.slice(6, 8)].map(Number);
  // A leap year of either century; where a day had no number left, 50 was added.
  if (!isDay(2000 + (year ?? 0), month ?? 0, (day ?? 0) > 50 ? (day ?? 0) - 50 : (day ?? 0))) return false;
  const digits = value.slice(0, 8) + letterAsDigits(value.charAt(8)) + value.slice(9);
  return crossSums(digits.slice(0, 12), [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 === Number(value.at(-1));
}

export const deHealthInsurance: Detector = shaped({
  pattern: standing(String.raw`[A-Za-z]\d{9}`),
  valid: (value) =>
    crossSums(letterAsDigits(value.charAt(0)) + value.slice(1, 9), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 ===
    Number(value.at(-1)),
  topic: 'germanHealth',
  plain: (written, value) => written === value,
  unless: ['reference', 'passport', 'phone', 'driving'],
});

/** A is 01, B is 02, and so on. */
function letterAsDigits(letter: string): string {
  return String(letter.charCodeAt(0) - 64).padStart(2, '0');
}

/** The sum of the digit sums of each digit times its weight. */
function crossSums(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => {
    const product = weight * (digits.charCodeAt(index) - 48);
    return sum + Math.floor(product / 10) + (product % 10);
  }, 0);
}
