/** The letter by which the owner of an address lets somebody in to read there under their own name. */
import { composeLetter } from './compose.ts';
import { formatMoment } from './language.ts';
import { check, closing, displayName, noReplies, strangersName, type Voice } from './voice.ts';
import { invitation as words } from './words/invitation.ts';

export type Invitation = {
  readonly from: string;
  readonly to: string;
  /** Names as people gave them. */
  readonly inviter: string;
  readonly name: string;
  /** What may be read. */
  readonly address: string;
  readonly voice: Voice;
  readonly link: string;
  readonly until: number;
  readonly messageId: string;
  readonly date: number;
};

export function invitationMessage(invitation: Invitation): Buffer {
  const { from, to, address, voice, link, until, messageId, date } = invitation;
  const { title, opening, how, action } = words[voice.language];
  const inviter = strangersName(invitation.inviter);
  const letter = {
    title: title(inviter),
    opening: [
      opening(inviter, strangersName(invitation.name), address),
      how(formatMoment(until, voice.language, voice.timeZone)),
    ],
    action: { label: action, link },
    sections: [check(voice, inviter, new URL(link).host)],
    closing: closing(voice, noReplies(voice)),
  };
  const own = {
    from: { name: displayName(voice.name), address: from },
    to,
    messageId,
    date,
    autoSubmitted: 'auto-generated' as const,
    thread: [['Content-Language', voice.language]] as const,
  };
  return composeLetter(own, letter, voice);
}
