/**
 * Payment: card numbers, IBANs and US routing numbers.
 *
 * A card number passes Luhn and has an issuer's prefix with a length that issuer uses. It stands unbroken or in an issuer's usual groups, so a
 * stretch of a longer number is none. Prefixes and lengths that other numbers share (12 and 13 digits, Maestro's wide ranges, UATP) need a
 * word like "card" near. An IBAN has its country's length and structure and passes ISO 13616's mod 97; its groups are no card number.
 *
 * Limits: a card number split over table cells is not put together. Issuer ranges change; the table names the large ones.
 */
import { anyOf, type Detector, luhn, type Match, monotone, shaped, standing, weighted } from './detector.ts';
import { firstEndingAfter, type Text } from './text.ts';

/** Prefixes that say enough by themselves, with the lengths that go with them. */
const issuers: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^3(?:0[0-5]|095|[689])/, [14, 16, 19]], // Diners Club
  [/^6(?:011|4[4-9]|5)/, [16, 19]], // Discover
  [/^35(?:2[89]|[3-8])/, [16, 19]], // JCB
  [/^62/, [16, 17, 18, 19]], // UnionPay
  [/^(?:50(?:18|19|20|38)|5893|6304|6759|676[1-3])/, [16, 19]], // Maestro, Dankort
  [/^220[0-4]/, [16, 19]], // Mir
  [/^(?:60|81|82|508)/, [16]], // RuPay
  [/^9792/, [16]], // Troy
];
/** What counts beside a word like "card": any issuer of the payment industry, as ranges change faster than tables. */
const issuersNamed: typeof issuers = [
  [/^[2-6]/, [13, 14, 15, 16, 17, 18, 19]],
  [/^1/, [15]], // UATP
  [/^(?:5[06-9]|6|0604)/, [12]], // Maestro
  ...issuers,
];

const isOf = (list: typeof issuers, digits: string): boolean =>
  list.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits));

/** The separator of the first two groups is that of all. */
const cardDigits = [
  String.raw`\d{12,19}`,
  String.raw`\d{4}( ?[-. ] ?)\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?`,
  String.raw`\d{4}( ?[-. ] ?)\d{6}\2\d{4,5}`,
].join('|');
/** "/12/26" or "-123": people write the expiry date and the security code behind the number. */
const behindCard = String.raw`[-/](?:(?:0[1-9]|1[0-2])[-/]?(?:20)?[2-4]\d|\d{3})(?![0-9A-Za-z])`;
const cardPattern = new RegExp(
  `(?<![A-Za-z0-9]|[0-9][-./])(?:${cardDigits})(?:(?=${behindCard})|(?![A-Za-z0-9]|[-./][0-9]))`,
  'g',
);

const isCard = (digits: string): boolean => luhn(digits) && isOf(issuersNamed, digits) && !monotone(digits);

const cardNumber: Detector = anyOf(
  shaped({
    pattern: cardPattern,
    valid: isCard,
    topic: 'card',
    reach: { before: 80, after: 40 },
    plain: (_written, digits) => isOf(issuers, digits),
    unless: ['phone'],
  }),
  // On a magnetic track a "B" stands before it.
  shaped({ pattern: /(?<=%B)\d{12,19}(?=\^)/g, valid: isCard }),
);

/** Card numbers outside IBANs. */
export function* card(text: Text): Iterable<Match> {
  let ibans: readonly Match[] | null = null;
  for (const match of cardNumber(text)) {
    ibans ??= [...iban(text)];
    const beside = ibans[firstEndingAfter(ibans, match.start)];
    if (beside === undefined || beside.start >= match.end) yield match;
  }
}

/**
 * The account part of each country's IBAN as the registry of ISO 13616 gives it: n digits, a upper-case letters, c letters or digits.
 */
const structures = `AD 8n12c AE 19n AL 8n16c AT 16n AZ 4a20c BA 16n BE 12n BG 4a6n8c BH 4a14c BI 23n BR 23n1a1c BY 4c4n16c CH 5n12c CR 18n CY 8n16c CZ 20n DE 18n
  DJ 23n DK 14n DO 4c20n EE 16n EG 25n ES 20n FI 14n FK 2a12n FO 14n FR 10n11c2n GB 4a14n GE 2a16n GI 4a15c GL 14n GR 7n16c GT 4c20c HN 4a20n HR 17n HU 24n IE 4a14n IL 19n IQ 4a15n
  IS 22n IT 1a10n12c JO 4a4n18c KW 4a22c KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 16n LU 3n13c LV 4a13c LY 21n MC 10n11c2n MD 2c18c ME 18n MK 3n10c2n MN 16n MR 23n MT 4a5n18c
  MU 4a19n3a NI 4a20n NL 4a10n NO 11n OM 3n16c PK 4a16c PL 24n PS 4a21c PT 21n QA 4a21c RO 4a16c RS 18n RU 14n15c SA 2n18c SC 4a20n3a SD 14n SE 20n SI 15n SK 20n SM 1a10n12c SO 19n
  ST 21n SV 4a20n TL 19n TN 20n TR 5n1n16c UA 6n19c VA 18n VG 4a16n XK 16n YE 4a4n18c`;
const classes: Readonly<Record<string, string>> = { n: '[0-9]', a: '[A-Z]', c: '[A-Z0-9]' };
const accounts: ReadonlyMap<string, RegExp> = new Map(
  [...structures.matchAll(/([A-Z]{2}) (\w+)/g)].map(([, country = '', structure = '']) => [
    country,
    new RegExp(`^${structure.replace(/(\d+)([nac])/g, (_, count, kind) => `${classes[kind] ?? ''}{${count}}`)}$`),
  ]),
);

/** Country and check digits; what follows is read by `readIban`. */
const ibanStart = /(?<![A-Za-z0-9])(?:[A-Z]{2}|[a-z]{2})\d\d(?=[- ]?[A-Za-z0-9])/g;
const longestIban = 34;

export function* iban(text: Text): Iterable<Match> {
  let behind = 0;
  for (const { written: head, start } of text.numbers.find(ibanStart)) {
    const account = accounts.get(head.slice(0, 2).toUpperCase());
    if (account === undefined || start < behind) continue;
    const match = readIban(text.plain, start, account);
    if (match === null) continue;
    behind = match.end;
    yield match;
  }
}

/** Reads on over single spaces and hyphens until the country's length is full and a word ends there. */
function readIban(plain: string, start: number, account: RegExp): Match | null {
  let end = start;
  let value = '';
  while (value.length < longestIban) {
    const group = /^[- ]?[A-Za-z0-9]+/.exec(plain.slice(end, end + longestIban + 2))?.[0];
    if (group === undefined) return null;
    end += group.length;
    value += group.replace(/[- ]/g, '');
    if (/[a-z]/.test(value) && /[A-Z]/.test(value)) return null;
    const upper = value.toUpperCase();
    if (account.test(upper.slice(4))) return passesMod97(upper) ? { start, end, value: upper } : null;
  }
  return null;
}

/** ISO 13616 with ISO 7064 mod 97-10: the head behind, letters as numbers from ten. */
function passesMod97(value: string): boolean {
  let remainder = 0;
  for (const character of value.slice(4) + value.slice(0, 4)) {
    const number = Number.parseInt(character, 36);
    remainder = (remainder * (number > 9 ? 100 : 10) + number) % 97;
  }
  return remainder === 1;
}

/** Federal Reserve districts, thrifts, electronic, government and traveller's cheques; weights 3, 7, 1. */
const routing = (digits: string): boolean =>
  /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(digits) &&
  weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 &&
  !monotone(digits);

export const aba: Detector = shaped({
  pattern: standing(String.raw`\d{9}|\d{4}[- ]\d{4}[- ]\d`),
  valid: routing,
  topic: 'aba',
  plain: (written) => written.includes('-'),
});
