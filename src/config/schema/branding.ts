/** Settings of how a tenant looks and speaks to the people its mail waits for: in the portal and in the letters about it. */
import * as z from 'zod';
import { languages } from '../../mail/language.ts';
import { type Accent, contrast, nearestReadable, readable, readColour, surfaces, type Theme } from '../colour.ts';
import type { Texts } from '../config.ts';
import * as kinds from '../kinds.ts';
import { says, section } from '../yaml.ts';
import { setting } from './setting.ts';

const inColour = 'Write # and six digits, such as "#1f4b99", in quotes.';

/** A colour that text can have on the pages of this theme. */
function colourFor(theme: Theme) {
  return z.string({ error: says('a colour', inColour) }).transform((text, context) => {
    const colour = readColour(text.trim());
    if (colour !== null && contrast(colour, surfaces[theme]) >= readable) return colour;
    const found = colour === null ? 0 : Math.floor(contrast(colour, surfaces[theme]) * 100) / 100;
    const message =
      colour === null
        ? says('a colour', inColour)
        : says(
            `a colour that can be read on ${theme} pages (contrast ${readable} to 1; this one has ${found})`,
            `The nearest that can is "${nearestReadable(colour, theme)}".`,
          );
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** One colour, from which the one for dark pages is made, or both. */
function accent() {
  const both = section({ light: colourFor('light'), dark: colourFor('dark') });
  const one = colourFor('light').transform((light): Accent => ({ light, dark: nearestReadable(light, 'dark') }));
  return z.union([one, both], { error: says('a colour, or one for light and one for dark', inColour) });
}

/** One text, kept under `any`, or one for each of some languages. */
function texts(expected: string, remedy: string, longest: number) {
  const error = says(expected, `${remedy} At most ${longest} characters.`);
  const text = kinds.text(expected, remedy).refine((value) => value.length <= longest, { error });
  const each = section({
    en: text.optional(),
    de: text.optional(),
    fr: text.optional(),
    es: text.optional(),
    nl: text.optional(),
  });
  return z.union([text.transform((any): Texts => ({ any })), each.transform((found): Texts => found)], { error });
}

function timeZone() {
  return kinds.readBy('the name of a time zone', 'Write it like Europe/Berlin or America/New_York.', (value) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
    } catch {
      return null;
    }
  });
}

function httpsPage() {
  return kinds.readBy('the address of a web page', 'Write it like https://www.corp.example/help.', (value) => {
    const url = URL.parse(value);
    return url?.protocol === 'https:' && url.username === '' && url.password === '' && value.length <= 200
      ? url.href
      : null;
  });
}

const support = section({
  phone: setting(
    kinds
      .text('a telephone number', 'Write it as people dial it from abroad, like +49 30 1234567.')
      .refine((number) => /^\+?[\d ()./-]{3,30}$/.test(number), {
        error: 'a telephone number\nWrite it as people dial it from abroad, like +49 30 1234567.',
      })
      .optional(),
    'Telephone number.',
    { example: '+49 30 1234567' },
  ),
  mail: setting(kinds.mailAddress().optional(), 'Mail address.', { example: 'help@corp.example' }),
  url: setting(httpsPage().optional(), 'Web page.', { example: 'https://www.corp.example/secure-mail' }),
});

export const branding = section({
  name: setting(
    kinds
      .text('a name', 'Write the name people know the organisation by.')
      .refine((name) => name.length <= 60 && !/[<>@"]/.test(name), {
        error: 'a name\nUse at most 60 characters, without < > @ and double quotes.',
      })
      .optional(),
    'Name of the organisation. Without it, its first domain.',
    { example: 'Corp Clinic' },
  ),
  logo: setting(
    kinds.file('a picture').optional(),
    'Its logo, shown at the top of every page: SVG, PNG, JPEG or WebP, at most 24 kB. Shown on white in dark pages, too. Letters carry no pictures.',
    { example: './branding/corp.svg' },
  ),
  accent: setting(
    accent().prefault('#1f4b99'),
    'Colour of buttons and links. Text in it must be readable (contrast 4.5 to 1). One colour is for light pages, and dark ones get the nearest that\n' +
      'can be read there; { light: "#1f4b99", dark: "#9dbdf7" } sets both.',
  ),
  text: setting(
    texts('a line of text', 'Write it, or one for each language: { en: "...", de: "..." }.', 300).optional(),
    'A line on the first page a recipient sees: one text, or one for each language, such as { en: "...", de: "..." }.',
    { example: 'Your clinic uses this page for everything that is nobody else’s business.' },
  ),
  phrase: setting(
    kinds
      .text('a short phrase', 'Write a few words.')
      .refine((phrase) => phrase.length <= 80, { error: 'a short phrase\nUse at most 80 characters.' })
      .optional(),
    'A phrase your recipients know from you, such as one on your letters. Every notification and the page behind its link repeat it, so that people can\n' +
      'tell them from forgeries. Recipients may choose one of their own.',
    { example: 'The heron stands by the river' },
  ),
  support: setting(support.optional(), 'Whom recipients may ask for help. One or more of the three.'),
  language: setting(
    kinds.choice(languages).prefault('en'),
    'Language of letters to staff and to people whose own we do not know, and of pages for browsers that ask for none we have: en, de, fr, es or nl.',
  ),
  timeZone: setting(
    timeZone().prefault('UTC'),
    'Time zone of the times in letters and pages. Pages with JavaScript show the reader’s own.',
    { example: 'Europe/Berlin' },
  ),
  from: setting(
    kinds
      .text('the part before the @', 'Write it like secure-mail.')
      .refine((local) => /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/i.test(local) && !local.includes('..'), {
        error: 'the part before the @\nUse letters, digits, dots and hyphens, like secure-mail.',
      })
      .prefault('secure-mail'),
    'Sender of notifications, codes and answers from the portal: this, in the domain of the sender of the message, so that SPF, DKIM and DMARC align.\n' +
      'Make it a mailbox, or an alias of one, that somebody reads: it gets what people reply to a notification, and the report when your own mail ' +
      'server has accepted an answer from the portal and cannot deliver it after all. Codes and notices are sent so that nothing comes back.',
  ),
});
