/** The letter that says once more that a message waits in the portal: as the notification, with the same link, and how long there is. */
import { composeLetter, type Notification } from './compose.ts';
import { formatDay, formatMoment } from './language.ts';
import { check, closing, displayName } from './voice.ts';
import { notification } from './words/notification.ts';
import { reminder } from './words/reminder.ts';

export type ReminderNotice = Pick<
  Notification,
  'from' | 'to' | 'sender' | 'senderName' | 'voice' | 'link' | 'expiresAt' | 'byCode' | 'messageId' | 'date'
> & {
  /** The message itself was delivered; its large files wait. */
  readonly filesOnly: boolean;
};

export function reminderMessage(notice: ReminderNotice): Buffer {
  const { from, to, sender, voice, link, expiresAt, messageId, date } = notice;
  const { language, timeZone } = voice;
  const words = notification[language];
  const said = reminder[language][notice.filesOnly ? 'files' : 'message'];
  const own = displayName(voice.name);
  const name = displayName(notice.senderName);
  const called = name || sender || own;
  const who = name === '' || sender === '' ? called : `${name} (${sender})`;
  const letter = {
    title: said.title(called, formatDay(expiresAt, language, timeZone)),
    opening: [said.opening(who, own, formatMoment(expiresAt, language, timeZone))],
    action: { label: notice.filesOnly ? reminder[language].open : words.read, link },
    sections: [
      { heading: words.how, ...(notice.byCode ? { list: words.byCode } : { paragraphs: words.byMore }) },
      check(voice, sender || own, new URL(link).host),
    ],
    closing: closing(voice, ...(sender === '' ? [] : [words.reply(sender)])),
  };
  const message = {
    from: { name: name === '' ? own : words.from(name, own), address: from },
    to,
    ...(sender === '' ? {} : { replyTo: { name, address: sender } }),
    messageId,
    date,
    autoSubmitted: 'auto-generated' as const,
    thread: [['Content-Language', language]] as const,
  };
  return composeLetter(message, letter, voice);
}
