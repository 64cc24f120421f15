/**
 * What a policy makes us tell people about a message: its sender, in the words of the rules (`senderNotice`), and those who are to look at what it
 * holds (`reviewNotice`). Like all messages of our own they carry no content; the caller decides whether the Subject may be named, and sends
 * them with the null reverse-path. They speak the tenant's language; what rules say, and their names, stand as the tenant wrote them.
 *
 * Limits: of long lists of recipients the first are named.
 */
import { composeLetter, threadIds } from './compose.ts';
import { formatMoment } from './language.ts';
import type { Letter } from './letter.ts';
import { closing, displayName, noReplies, oneLine, type Voice } from './voice.ts';
import { common } from './words/common.ts';
import { notice as noticeWords } from './words/notice.ts';

type About = {
  /** Our own address, from `serviceAddress`. */
  readonly from: string;
  readonly to: string;
  /** The tenant's own. */
  readonly voice: Voice;
  /** When the message came in, epoch milliseconds. */
  readonly receivedAt: number;
  readonly messageId: string;
  readonly date: number;
};

export type SenderNotice = About & {
  /** Null when it must not be repeated. */
  readonly subject: string | null;
  /** Message-ID of the message, so that the notice joins its thread, or empty. */
  readonly originalMessageId: string;
  readonly says: readonly {
    readonly recipients: readonly string[];
    /** What the rules say. */
    readonly words: readonly string[];
    readonly becomes: keyof (typeof noticeWords)['en']['sender']['becomes'];
  }[];
};

export type ReviewNotice = About & {
  /** Our id of the message. */
  readonly id: string;
  /** Empty for the null sender. */
  readonly sender: string;
  /** Of all recipients, and of those it is held for. */
  readonly recipients: number;
  readonly held: number;
  /** Names of the rules that matched. */
  readonly rules: readonly string[];
};

const mostNamed = 20;

/** Tells the sender of a message what the rules say about it. */
export function senderNotice(notice: SenderNotice): Buffer {
  const { voice, subject, receivedAt } = notice;
  const words = noticeWords[voice.language].sender;
  const parent = threadIds(notice.originalMessageId);
  const thread = parent === '' ? [] : ([['In-Reply-To', parent] as const, ['References', parent] as const] as const);
  return compose(notice, 'auto-replied', thread, {
    title: subject === null ? words.title : words.titleOf(oneLine(subject, 200)),
    opening: [words.opening(displayName(voice.name), formatMoment(receivedAt, voice.language, voice.timeZone))],
    sections: notice.says.map((each) => ({
      heading: words.to(named(each.recipients, voice)),
      paragraphs: [...each.words, words.becomes[each.becomes]],
    })),
    closing: closing(voice, noReplies(voice)),
  });
}

/** Tells a reviewer that a message waits for a person. */
export function reviewNotice(notice: ReviewNotice): Buffer {
  const { id, sender, recipients, held, rules, voice, receivedAt } = notice;
  const { language } = voice;
  const words = noticeWords[language].review;
  const { quoted } = common[language];
  const who = sender === '' ? words.nobody : sender;
  return compose(notice, 'auto-generated', [], {
    title: words.title(who),
    opening: [words.opening(displayName(voice.name))],
    sections: [
      {
        heading: words.message,
        paragraphs: [
          words.came(who, formatMoment(receivedAt, language, voice.timeZone)),
          words.held(held, recipients),
          words.rules(rules.map(quoted).join(', ')),
          words.id(id),
        ],
      },
      {
        heading: words.gateway,
        paragraphs: [
          words.trace,
          `postern trace ${id}`,
          words.release,
          `postern queue release ${id}`,
          words.bounce,
          `postern queue bounce ${id}`,
        ],
      },
    ],
    closing: closing(voice, noReplies(voice)),
  });
}

function compose(
  notice: About,
  autoSubmitted: 'auto-replied' | 'auto-generated',
  thread: readonly (readonly [string, string])[],
  letter: Letter,
): Buffer {
  const { to, voice, messageId, date } = notice;
  const { language } = voice;
  const from = { name: noticeWords[language].from(displayName(voice.name)), address: notice.from };
  const fields = [...thread, ['Content-Language', language] as const];
  return composeLetter({ from, to, messageId, date, autoSubmitted, thread: fields }, letter, voice);
}

function named(recipients: readonly string[], { language }: Voice): string {
  const more = recipients.length - mostNamed;
  const first = recipients.slice(0, mostNamed).join(', ');
  return more > 0 ? `${first} ${noticeWords[language].more(more)}` : first;
}
