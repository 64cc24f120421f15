/** The letter with the code by which the sender of a message shows who they are. As every code, it stands in the body only. */
import { composeLetter } from './compose.ts';
import { closing, displayName, noReplies, phraseIn, type Voice } from './voice.ts';
import { code as codeWords } from './words/code.ts';
import { senderCode } from './words/sender-code.ts';

export type SenderCode = {
  readonly from: string;
  readonly to: string;
  readonly voice: Voice;
  readonly code: string;
  /** Whether it is the long one, which is mailed when codes were asked for often. */
  readonly long: boolean;
  readonly minutes: number;
  /** Origin of the portal. */
  readonly portalUrl: string;
  readonly messageId: string;
  readonly date: number;
};

export function senderCodeMessage(notice: SenderCode): Buffer {
  const { from, to, voice, code, long, minutes, portalUrl, messageId, date } = notice;
  const { title, opening, notYou } = senderCode[voice.language];
  const words = codeWords[voice.language];
  const own = displayName(voice.name);
  const { host } = new URL(portalUrl);
  const letter = {
    title,
    opening: [opening],
    code,
    sections: [
      {
        heading: words.before,
        paragraphs: [(long ? words.long : words.valid)(minutes), words.only(host, own), ...phraseIn(voice)],
      },
      { heading: words.notYou, paragraphs: [notYou] },
    ],
    closing: closing(voice, noReplies(voice)),
  };
  const thread = [['Content-Language', voice.language]] as const;
  const message = { from: { name: own, address: from }, to, messageId, date, thread };
  return composeLetter({ ...message, autoSubmitted: 'auto-generated' }, letter, voice);
}
