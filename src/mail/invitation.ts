/**
 * The letter by which the owner of an address lets somebody in to read there under their own name.
 *
 * Limits: English only.
 */
import { composeLetter, type Voice } from './compose.ts';
import { formatMoment } from './language.ts';

export type Invitation = {
  readonly from: string;
  readonly to: string;
  /** Names as people gave them, one line each. */
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
  const { from, to, inviter, name, address, voice, link, until, messageId, date } = invitation;
  const by = formatMoment(until, 'en', voice.timeZone);
  const letter = {
    title: `${inviter} invites you to read the protected mail of ${address}`,
    opening: [
      `${inviter} has added you, ${name}, to the people who read the protected messages sent to ${address}.`,
      `Open the link on the device you will read on, and set up a passkey there. The link works once, until ${by}.`,
    ],
    action: { label: 'Set up your access', link },
    sections: [
      {
        heading: 'How to check that this is genuine',
        paragraphs: [
          `The link leads to ${new URL(link).host} and nowhere else. You are never asked for a password or a payment. If you do not expect this, ask ${inviter} in a way you already know.`,
        ],
      },
    ],
    closing: `Written automatically for ${voice.name}. Replies are not read.`,
  };
  const own = {
    from: { name: voice.name, address: from },
    to,
    messageId,
    date,
    autoSubmitted: 'auto-generated' as const,
  };
  return composeLetter(own, letter, { ...voice, language: 'en' });
}
