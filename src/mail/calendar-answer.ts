/**
 * The answer to an invitation as mail to its organizer: the reply (itip.ts) as a part that calendars find by themselves, in words for people, and once more as a
 * file for programs that know calendars as files only. From, Reply-To and thread are those of every answer from the portal (answer.ts).
 *
 * Standards: RFC 6047.
 */
import { createHash } from 'node:crypto';
import { type AnswerMail, answerFields } from './answer.ts';
import { textEntity } from './compose.ts';
import type { Coming } from './itip.ts';
import { formatMoment } from './language.ts';
import type { Meeting } from './meeting.ts';
import { calendarAnswer } from './words/calendar-answer.ts';

export type CalendarAnswer = Omit<AnswerMail, 'text' | 'quote' | 'files' | 'subject' | 'cc'> & {
  readonly coming: Coming;
  readonly meeting: Pick<Meeting, 'summary' | 'start' | 'occurrence'>;
  /** The iCalendar text from replyTo. */
  readonly reply: string;
};

/** The octets of the message: CRLF line ends, ASCII only. */
export function calendarAnswerMessage(answer: CalendarAnswer): Buffer {
  const { coming, meeting, reply, language, timeZone, person, messageId } = answer;
  const words = calendarAnswer[language];
  const summary = meeting.summary === '' ? words.untitled : meeting.summary;
  const subject = `${words.subject[coming]}: ${summary}`;
  const when = meeting.occurrence ?? meeting.start;
  const at = when?.at == null ? (when?.day ?? '') : formatMoment(when.at, language, timeZone);
  const text = words.text[coming](person.name === '' ? person.address : person.name, summary, at);
  const boundary = (name: string): string =>
    `=_${createHash('sha256').update(`${name} ${messageId}`).digest('hex').slice(0, 40)}`;
  const outer = boundary('calendar');
  const inner = boundary('alternatives');
  // RFC 6047 section 2.4: the method stands on the part, too, so that a program knows before it looks.
  const calendar = base64('text/calendar; method=REPLY; charset=utf-8', reply);
  const file = base64('application/ics; name="reply.ics"', reply, 'attachment; filename="reply.ics"');
  return Buffer.from(
    `${answerFields({ ...answer, subject, cc: [] })}Content-Type: multipart/mixed; boundary="${outer}"\r\n` +
      `\r\n--${outer}\r\nContent-Type: multipart/alternative; boundary="${inner}"\r\n` +
      `\r\n--${inner}\r\n${textEntity('text/plain', text)}` +
      `\r\n--${inner}\r\n${calendar}` +
      `\r\n--${inner}--\r\n` +
      `\r\n--${outer}\r\n${file}` +
      `\r\n--${outer}--\r\n`,
    'latin1',
  );
}

function base64(type: string, text: string, disposition = ''): string {
  const lines = Buffer.from(text, 'utf8')
    .toString('base64')
    .replaceAll(/.{1,76}/g, '$&\r\n');
  const placed = disposition === '' ? '' : `Content-Disposition: ${disposition}\r\n`;
  return `Content-Type: ${type}\r\n${placed}Content-Transfer-Encoding: base64\r\n\r\n${lines}`;
}
