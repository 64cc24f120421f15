/**
 * How a tenant speaks in its letters to recipients: its name and look, the recipient's language, and what every such letter says about telling it from a
 * forgery. Names from outside are made harmless here before they are repeated: they reach a stranger under the tenant's own domain.
 */
import type { LetterStyle } from './letter.ts';
import { common } from './words/common.ts';

export type Voice = LetterStyle & {
  readonly timeZone: string;
  /** By which the recipient tells our letters from forgeries; null for none. */
  readonly phrase: string | null;
  /** Whom to ask; null where not given. */
  readonly support: { readonly phone: string | null; readonly mail: string | null; readonly url: string | null };
};

type Section = { readonly heading: string; readonly paragraphs: readonly string[] };

/** How to tell a letter from a forgery: the phrase, where its one link leads (`host`), and whom to ask instead of trusting it. */
export function check(voice: Voice, who: string, host: string): Section {
  const words = common[voice.language];
  return {
    heading: words.check,
    paragraphs: [...phraseIn(voice), `${words.leadsTo(host)} ${words.never}`, words.unexpected(who)],
  };
}

/** The sentence with the tenant's phrase, where it has one. */
export function phraseIn({ language, phrase }: Voice): string[] {
  return phrase === null ? [] : [common[language].phrase(phrase)];
}

export function noReplies({ language }: Voice): string {
  return common[language].noReplies;
}

/** Who wrote, what else there is to say, and whom to call. */
export function closing({ language, name, support }: Voice, ...more: readonly string[]): string {
  const words = common[language];
  const ways = [support.phone, support.mail, support.url].filter((way) => way !== null);
  const help = ways.length === 0 ? [] : [words.help(ways.join(', '))];
  return [words.automatic(displayName(name)), ...more, ...help].join(' ');
}

/** A name from outside as we repeat it: one line, no quotes, brackets or at-signs that could pass for an address, at most 60 characters. */
export function displayName(name: string): string {
  return oneLine(name.replace(/["\\<>@]+/g, ' '), 60);
}

/** Without what ends lines, hides or turns round what follows. */
export function oneLine(text: string, longest: number): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.slice(0, longest).toWellFormed().trim();
}

/** A name that a stranger typed: besides, nothing in it can be taken for the address of a web page. At most 60 characters. */
export function strangersName(name: string): string {
  return displayName(
    displayName(name)
      .replace(/[:/]+/g, ' ')
      .replace(/\.(?=\S)/g, '. '),
  );
}
