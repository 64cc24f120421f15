/** Everything we say to people, by the rules of writing of each language: what a compiler cannot see, and a reader sees at once. */
import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Language, languages } from '../../src/mail/language.ts';
import { wordsIn } from '../../src/web/words/words.ts';

const letters = new URL('../../src/mail/words/', import.meta.url);
const narrow = '\u202f';
const wide = '\u00a0';

/** What must not stand in a text. Quotation marks are the language's own; French has its spaces, which do not break, before signs and in « ». */
const wrong: Readonly<Record<Language, RegExp>> = {
  en: /["„«»]|\w'/,
  de: /["'«»]|(?<!„[^“”]*)“|”/,
  fr: new RegExp(`["'“”„]|(?<![${narrow}])[;?!]|(?<![${wide}])[:»](?!//)|«(?!${wide})`),
  es: /["'“”„]|(?<!¿[^?]*)\?/,
  nl: /["'„«»‘]/,
};

/** Exclamation marks, gaps, signs after a space, and what a template left behind. */
const nowhere = /!|^\s|\s$| {2}|\s[,.](?!\w)|\.{2}|undefined|\[object/;

/** Every text, with numbers and a name put in where something is. */
function* textsOf(words: unknown, path: string): Generator<readonly [path: string, text: string]> {
  if (typeof words === 'string') yield [path, words];
  else if (typeof words === 'function') {
    for (const given of [0, 1, 2, 'X']) {
      const said: unknown = words(...Array(Math.max(1, words.length)).fill(given));
      yield* textsOf(Array.isArray(said) ? said.flat(9).join('') : said, `${path}(${given})`);
    }
  } else if (typeof words === 'object' && words !== null) {
    for (const [key, value] of Object.entries(words)) yield* textsOf(value, `${path}.${key}`);
  }
}

describe.each(languages)('%s', (language) => {
  const texts: (readonly [path: string, text: string])[] = [...textsOf(wordsIn[language], 'web')];
  beforeAll(async () => {
    for (const file of await readdir(letters)) {
      const words = (await import(new URL(file, letters).href)) as Record<string, Record<Language, unknown>>;
      for (const [name, each] of Object.entries(words)) texts.push(...textsOf(each[language], name));
    }
  });

  test('is written as the language is', () => {
    expect(texts.length).toBeGreaterThan(500);
    // Straight on purpose: an English report is ASCII.
    const judged = texts.filter(([path]) => !(language === 'en' && path.startsWith('common.quoted')));
    expect(judged.filter(([, text]) => wrong[language].test(text) || nowhere.test(text))).toEqual([]);
  });

  test('is not left in English', () => {
    const english = new Set([...textsOf(wordsIn.en, 'web')].map(([path, text]) => `${path} ${text}`));
    const sentences = texts.filter(([, text]) => text.split(' ').length > 3);
    const left = sentences.filter(([path, text]) => english.has(`${path} ${text}`));
    expect(left).toHaveLength(language === 'en' ? sentences.filter(([path]) => path.startsWith('web')).length : 0);
  });
});
