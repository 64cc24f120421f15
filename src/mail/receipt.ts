/**
 * Letters to those whose messages wait in the portal: `receiptMessage` tells what happened to one message, or to several (a digest). They carry no content:
 * addresses of people the sender wrote to, times, and a Subject only where the caller says that it may be read outside.
 *
 * Limits: of a long digest the first two hundred lines are told; the pages of the messages have the rest.
 */
import { composeLetter, threadIds } from './compose.ts';
import { formatDay, formatMoment } from './language.ts';
import type { Letter } from './letter.ts';
import { check, closing, displayName, noReplies, oneLine, strangersName, type Voice } from './voice.ts';
import { receipt as receiptWords } from './words/receipt.ts';

export type Line = { readonly to: string } & (
  | { readonly kind: 'waiting'; readonly at: number }
  /** `reader`: a name that a stranger chose, or null where only the mailbox was proved. */
  | { readonly kind: 'opened' | 'answered'; readonly at: number; readonly reader: string | null }
  | { readonly kind: 'expiring' | 'timeAsked'; readonly until: number }
  | { readonly kind: 'withdrawn'; readonly before: 'stopped' | 'unread' | 'read' | 'linked' }
  | { readonly kind: 'accessAsked'; readonly reader: string | null; readonly colleague: string }
);

export type Receipt = {
  readonly from: string;
  readonly to: string;
  readonly voice: Voice;
  /** Never empty. */
  readonly about: readonly {
    readonly sentAt: number;
    /** Null where it must not be told. */
    readonly subject: string | null;
    readonly originalMessageId: string;
    readonly lines: readonly Line[];
    /** Where the sender sees the message, or decides what is asked. */
    readonly link: string;
  }[];
  readonly messageId: string;
  readonly date: number;
};

const mostLines = 200;

export function receiptMessage(receipt: Receipt): Buffer {
  const { from, to, voice, about, messageId, date } = receipt;
  const [first] = about;
  if (first === undefined) throw new Error('a receipt about nothing');
  const letter = about.length === 1 ? letterAbout(first, voice) : digest(receipt);
  const parent = about.length === 1 ? threadIds(first.originalMessageId) : '';
  const thread = [
    ...(parent === '' ? [] : ([['In-Reply-To', parent] as const, ['References', parent] as const] as const)),
    ['Content-Language', voice.language] as const,
  ];
  const own = { name: displayName(voice.name), address: from };
  return composeLetter({ from: own, to, messageId, date, autoSubmitted: 'auto-generated', thread }, letter, voice);
}

function letterAbout({ sentAt, subject, lines, link }: Receipt['about'][number], voice: Voice): Letter {
  const words = receiptWords[voice.language];
  const [first] = lines;
  if (first === undefined) throw new Error('a receipt about nothing');
  const same = lines.every((line) => line.kind === first.kind && line.to === first.to);
  const asked = first.kind === 'accessAsked';
  return {
    title: same ? words.title[first.kind](first.to) : words.message(formatDay(sentAt, voice.language, voice.timeZone)),
    opening: [
      words.message(formatMoment(sentAt, voice.language, voice.timeZone)),
      ...(subject === null ? [] : [words.subject(oneLine(subject, 200))]),
      ...lines.slice(0, mostLines).map((line) => sentence(line, voice)),
      ...(lines.some((line) => line.kind === 'withdrawn') ? [words.truth] : []),
    ],
    action: { label: asked ? words.decide : words.see, link },
    sections: [{ ...check(voice, displayName(voice.name), new URL(link).host) }],
    closing: closing(voice, ...(asked ? [] : [words.code]), noReplies(voice)),
  };
}

function digest({ about, voice }: Receipt): Letter {
  const words = receiptWords[voice.language];
  let room = mostLines;
  const sections = about.flatMap(({ sentAt, subject, lines, link }) => {
    const told = lines.slice(0, Math.max(0, room));
    room -= told.length;
    if (told.length === 0) return [];
    const heading = words.message(formatMoment(sentAt, voice.language, voice.timeZone));
    const named = subject === null ? [] : [words.subject(oneLine(subject, 200))];
    const paragraphs = [...named, ...told.map((line) => sentence(line, voice))];
    return [{ heading, paragraphs, more: { label: words.page, link } }];
  });
  return {
    title: words.title.several,
    opening: [words.code],
    sections,
    closing: closing(voice, noReplies(voice)),
  };
}

function sentence(line: Line, { language, timeZone }: Voice): string {
  const words = receiptWords[language];
  const moment = (at: number): string => formatMoment(at, language, timeZone);
  const { to } = line;
  switch (line.kind) {
    case 'waiting':
      return words.waiting(to, moment(line.at));
    case 'opened':
    case 'answered':
      return words[line.kind](to, line.reader === null ? to : strangersName(line.reader), moment(line.at));
    case 'expiring':
    case 'timeAsked':
      return words[line.kind](to, moment(line.until));
    case 'withdrawn':
      return words[line.before](to);
    default:
      return words.accessAsked(line.reader === null ? to : `${strangersName(line.reader)} (${to})`, line.colleague);
  }
}
