/** Which language a reader gets, and how moments are written in it. */
import { assert, constantFrom, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import {
  chooseLanguage,
  formatClock,
  formatDay,
  formatMoment,
  isLanguage,
  languages,
} from '../../src/mail/language.ts';

test.each([
  ['de-CH,de;q=0.9,en;q=0.8', 'de'],
  ['fr', 'fr'],
  ['FR-ca', 'fr'],
  ['pt-BR,pt;q=0.9,es;q=0.7,en;q=0.5', 'es'],
  ['en;q=0.2,nl;q=0.7', 'nl'],
  ['de;q=0,nl', 'nl'],
  ['es;q=0.5,fr;q=0.5', 'es'],
  ['ja,*;q=0.5', 'en'],
  ['*', 'en'],
  ['ja', 'en'],
  ['', 'en'],
  ['de;q=bad,fr;q=0.1', 'fr'],
  ['de;q=2,fr;q=0.1', 'fr'],
  [`${'x-very-long,'.repeat(100)}de`, 'en'],
])('%j is served %s where the tenant speaks English', (accepted, language) => {
  expect(chooseLanguage(accepted, 'en')).toBe(language);
});

test('whatever a browser says, the answer is a language of ours', () => {
  assert(
    property(string({ unit: 'binary', maxLength: 600 }), constantFrom(...languages), (accepted, fallback) =>
      isLanguage(chooseLanguage(accepted, fallback)),
    ),
  );
});

const at = Date.UTC(2026, 6, 1, 22, 5);

test.each([
  ['en', '1 July 2026 at 22:05 UTC', '2 July 2026 at 00:05 CEST'],
  ['de', '1. Juli 2026 um 22:05 UTC', '2. Juli 2026 um 00:05 MESZ'],
  ['fr', '1 juillet 2026 à 22:05 UTC', '2 juillet 2026 à 00:05 UTC+2'],
  ['es', '1 de julio de 2026 a las 22:05 UTC', '2 de julio de 2026 a las 00:05 CEST'],
  ['nl', '1 juli 2026 om 22:05 UTC', '2 juli 2026 om 00:05 CEST'],
] as const)('a moment in %s names its time zone', (language, inUtc, inBerlin) => {
  expect(formatMoment(at, language, 'UTC')).toBe(inUtc);
  expect(formatMoment(at, language, 'Europe/Berlin')).toBe(inBerlin);
});

test('a day is that of the time zone, and a clock names it', () => {
  expect([formatDay(at, 'nl', 'UTC'), formatDay(at, 'nl', 'Europe/Amsterdam')]).toEqual(['1 juli 2026', '2 juli 2026']);
  expect(formatClock(at, 'de', 'Europe/Berlin')).toBe('00:05 MESZ');
});
