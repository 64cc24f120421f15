/**
 * The languages we speak: which one a reader gets, and how moments are written in it.
 *
 * `chooseLanguage` reads what a browser says it likes and takes the best of ours: "de-CH" is served German. A reader's own choice, kept by the
 * caller, comes before it and the tenant's language after it. A moment always names its time zone, since we rarely know where a reader is.
 *
 * Standards: RFC 4647.
 */
export const languages = ['en', 'de', 'fr', 'es', 'nl'] as const;
export type Language = (typeof languages)[number];

/** What each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  nl: 'Nederlands',
};

/** One record of words for each language; a language left out does not compile. */
export type InEachLanguage<T> = Readonly<Record<Language, T>>;

export function isLanguage(text: string): text is Language {
  return (languages as readonly string[]).includes(text);
}

/** The best of our languages for an Accept-Language field (RFC 9110 section 12.5.4), or `fallback`. Reads the first 500 characters. */
export function chooseLanguage(accepted: string, fallback: Language): Language {
  const wishes = accepted
    .slice(0, 500)
    .split(',')
    .map((item, place) => {
      const [range = '', ...parameters] = item.trim().split(/\s*;\s*/);
      const quality = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2) ?? '1';
      return {
        range: range.toLowerCase(),
        weight: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality) ? Number(quality) : 0,
        place,
      };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.place - b.place);
  for (const { range } of wishes) {
    if (range === '*') return fallback;
    // RFC 4647 section 3.4: what is left of the range is tried without its last subtag; ours have one only.
    const primary = range.split('-', 1)[0] ?? '';
    if (isLanguage(primary)) return primary;
  }
  return fallback;
}

/** Names of the locales that write numbers, dates and lists. English is British: days come before months. */
export const locales: InEachLanguage<string> = { en: 'en-GB', de: 'de', fr: 'fr', es: 'es', nl: 'nl' };

/** "20 November 2026 at 15:04 UTC", "20. November 2026 um 16:04 MEZ". `timeZone` is a name such as Europe/Berlin. */
export function formatMoment(at: number, language: Language, timeZone: string): string {
  return formatFor(language, timeZone, { day: 'numeric', month: 'long', year: 'numeric' }).format(at);
}

/** "20 November 2026". */
export function formatDay(at: number, language: Language, timeZone: string): string {
  return formatFor(language, timeZone, { day: 'numeric', month: 'long', year: 'numeric' }, false).format(at);
}

/** "Friday 20 November 2026 at 15:04 – 16:04 CET"; from one day to the next it says both. */
export function formatSpan(from: number, to: number, language: Language, timeZone: string): string {
  const date = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return formatFor(language, timeZone, date).formatRange(from, Math.max(from, to));
}

/** Whole days, the last one included: "Friday 20 November 2026", "Friday 20 – Sunday 22 November 2026". */
export function formatDays(from: number, to: number, language: Language): string {
  const date = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return formatFor(language, 'UTC', date, false).formatRange(from, Math.max(from, to));
}

/** "15:04 UTC": for what is less than a day away. */
export function formatClock(at: number, language: Language, timeZone: string): string {
  return formatFor(language, timeZone, {}).format(at);
}

/** Making a format takes far longer than using it. At most five for each language and each time zone of the settings. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(
  language: Language,
  timeZone: string,
  date: Intl.DateTimeFormatOptions,
  withClock = true,
): Intl.DateTimeFormat {
  const key = `${language} ${timeZone} ${date.day ?? ''} ${date.weekday ?? ''} ${withClock}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const clock = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const;
  const format = new Intl.DateTimeFormat(locales[language], { ...date, ...(withClock ? clock : {}), timeZone });
  formats.set(key, format);
  return format;
}

/** "1.4 MB", "1,4 MB", for people. */
export function readableSize(octets: number, language: Language): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let value = octets;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: units[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}
