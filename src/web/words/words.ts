/**
 * Everything the portal says, by topic, each topic in one file with all languages, so that they can be read side by side.
 *
 * English is the master: its record gives the type, and a language that lacks a key, or has one too many, does not compile. People are addressed
 * formally (Sie, vous, usted, u). Words never hold HTML. What stands in them (addresses, moments) comes in as pieces, so that each language
 * puts it where it belongs; a number comes in as a number, so that each forms its own plural.
 */
import type { InEachLanguage, Language } from '../../mail/language.ts';
import { account } from './account.ts';
import { answer } from './answer.ts';
import { arriving } from './arriving.ts';
import { calendar } from './calendar.ts';
import { code } from './code.ts';
import { enrol } from './enrol.ts';
import { frame } from './frame.ts';
import { inbox } from './inbox.ts';
import { keys } from './keys.ts';
import { people } from './people.ts';
import { proving } from './proving.ts';
import { reading } from './reading.ts';
import { sent } from './sent.ts';
import { troubles } from './troubles.ts';

const wordsOf = (language: Language) => ({
  account: account[language],
  answer: answer[language],
  arriving: arriving[language],
  calendar: calendar[language],
  code: code[language],
  enrol: enrol[language],
  frame: frame[language],
  inbox: inbox[language],
  keys: keys[language],
  people: people[language],
  proving: proving[language],
  reading: reading[language],
  sent: sent[language],
  troubles: troubles[language],
});

export type Words = ReturnType<typeof wordsOf>;

export const wordsIn: InEachLanguage<Words> = {
  en: wordsOf('en'),
  de: wordsOf('de'),
  fr: wordsOf('fr'),
  es: wordsOf('es'),
  nl: wordsOf('nl'),
};
