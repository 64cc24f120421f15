/** Texts made to slow detection down: each fills a size with what many candidates begin with, or what goes on for ever. */
const fill =
  (unit: string) =>
  (length: number): string =>
    unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

export const hostileTexts: Readonly<Record<string, (length: number) => string>> = {
  'ordinary prose': fill(
    'The quick brown fox, order 4711, called on 12.03.2024 about the report; please answer Mr. Smith before Friday.\n',
  ),
  'one digit': fill('1'),
  'all digits': fill('0123456789'),
  'digits and spaces': fill('4 '),
  'card groups': fill('4444 '),
  'nine digits': fill('536228726 '),
  'one letter': fill('a'),
  capitals: fill('A'),
  'letter, hyphen': fill('a-'),
  'letter, digit': fill('A1 '),
  hyphens: fill('-'),
  spaces: fill(' '),
  colons: fill(':'),
  'digit, colon': fill('1:'),
  'digit, dot': fill('1.'),
  'context words': fill('ssn mrn dob iban card passport '),
  'record numbers': fill('mrn 1-'),
  'birth days': fill('dob 1/'),
  passports: fill('passport 531284490 '),
  'IBAN heads': fill('DE89 '),
  'IBAN with spaces': fill('DE89 A A A A '),
  'diagnoses and numbers': fill('diabetes SSN 536-22-8726 icd E11.9 '),
  patients: fill('patient: Jane Doe '),
  'phrases begun': fill('driver s '),
  'key heads': fill('-----BEGIN RSA PRIVATE KEY-----'),
  'key heads begun': fill('-----BEGIN '),
  'token heads': fill('AKIAghp_xoxb-'),
  'web tokens begun': fill('Bearer eyJ'),
  'JSON keys': fill('"d":"'),
  tracks: fill('%B4539865797543236^'),
  'combining marks': fill(`a${'\u0301\u0323'.repeat(500)}`),
  ligatures: fill('\uFDFA'),
  ideographs: fill('診断'),
};
