/**
 * What a policy makes us tell people about a message: its sender, in the words of the rules (`senderNotice`), and those who are to look at what it
 * holds (`reviewNotice`). Like all messages of our own they carry no content; the caller decides whether the Subject may be named, and sends
 * them with the null reverse-path.
 *
 * Limits: English only. Of long lists of recipients the first are named.
 */
import { composeLetter, threadIds } from './compose.ts';
import { type Letter, longDate } from './letter.ts';

type About = {
  /** Our own address, from `serviceAddress`. */
  readonly from: string;
  readonly to: string;
  /** As people know it: its domain. */
  readonly organisation: string;
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
    /** What the rules say, and what becomes of the message. */
    readonly words: readonly string[];
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
  const about = notice.subject === null ? '' : ` "${notice.subject.slice(0, 200).toWellFormed()}"`;
  const parent = threadIds(notice.originalMessageId);
  const thread = parent === '' ? [] : ([['In-Reply-To', parent] as const, ['References', parent] as const] as const);
  return compose(notice, 'auto-replied', thread, {
    title: notice.subject === null ? 'About your message' : `About your message${about}`,
    opening: [
      `The mail rules of ${notice.organisation} have something to say about the message${about} you sent on ${longDate(notice.receivedAt)}.`,
    ],
    sections: notice.says.map(({ recipients, words }) => ({ heading: `To ${named(recipients)}`, paragraphs: words })),
    closing: `Written automatically by the mail gateway of ${notice.organisation}. Replies are not read.`,
  });
}

/** Tells a reviewer that a message waits for a person. */
export function reviewNotice(notice: ReviewNotice): Buffer {
  const { id, sender, recipients, held, rules } = notice;
  const who = sender === '' ? 'the mail system (null sender)' : sender;
  return compose(notice, 'auto-generated', [], {
    title: `A message from ${who} waits for you`,
    opening: [
      `The mail rules of ${notice.organisation} hold a message until a person has looked at it, and name you for that.`,
    ],
    sections: [
      {
        heading: 'The message',
        paragraphs: [
          `From ${who}, on ${longDate(notice.receivedAt)}.`,
          `It waits for ${held} of ${recipients} ${recipients === 1 ? 'recipient' : 'recipients'}.`,
          `Rules that matched: ${rules.map((rule) => `"${rule}"`).join(', ')}.`,
          `Its id is ${id}.`,
        ],
      },
      {
        heading: 'On the gateway',
        paragraphs: [
          'See why it waits:',
          `postern trace ${id}`,
          'Let it go, protected:',
          `postern queue release ${id}`,
          'Send it back to its sender:',
          `postern queue bounce ${id}`,
        ],
      },
    ],
    closing: `Written automatically by the mail gateway of ${notice.organisation}. Replies are not read.`,
  });
}

function compose(
  notice: About,
  autoSubmitted: 'auto-replied' | 'auto-generated',
  thread: readonly (readonly [string, string])[],
  letter: Letter,
): Buffer {
  const { to, messageId, date } = notice;
  const from = { name: `${notice.organisation} secure mail`, address: notice.from };
  return composeLetter({ from, to, messageId, date, autoSubmitted, thread }, letter);
}

function named(recipients: readonly string[]): string {
  const more = recipients.length - mostNamed;
  return `${recipients.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
