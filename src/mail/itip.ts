/**
 * The answer to an invitation, as its organizer's calendar reads it: `replyTo`.
 *
 * It says of one attendee whether they come, and repeats of the meeting only what tells which one it is: its identifier, its sequence, for one date of a
 * series which date. Times, rule, title and place are repeated as they were written, for programs that show an answer by what stands in it.
 *
 * Standards: RFC 5546.
 * Limits: a text that changes some dates of a series along with the series is answered for the series as a whole.
 */
import ICAL from 'ical.js';
import { type Mailbox, sameAddress } from './address.ts';
import { type Component, first, type Property, parameterOf, readCalendar, textOf } from './ical.ts';
import { meetingIn, personOf } from './meeting.ts';

export type Coming = 'accepted' | 'tentative' | 'declined';

export type Reply = {
  /** Who answers: their address as the invitation has it, or as it reached them. */
  readonly attendee: Mailbox;
  readonly coming: Coming;
  /** Epoch milliseconds. */
  readonly now: number;
};

/** Of an answer, in this order (RFC 5546 section 3.2.3). */
const repeated = ['recurrence-id', 'dtstart', 'dtend', 'duration', 'rrule', 'exdate', 'summary', 'location'];
/** Parameters that say what a value is; everything else an invitation may have beside them stays there. */
const kept = new Set(['tzid', 'value', 'range', 'cn', 'cutype', 'role', 'sent-by', 'language']);

/** The iCalendar text of a reply, with CRLF line ends and lines within 75 octets; null when the text holds no request that can be answered. */
export function replyTo(text: string, { attendee, coming, now }: Reply): string | null {
  const calendar = readCalendar(text);
  const event = calendar === null ? null : meetingIn(calendar);
  if (calendar === null || event === null || !isRequest(calendar)) return null;
  const { properties } = event;
  const organizer = first(properties, 'organizer');
  if (personOf(organizer) === null || organizer === null) return null;
  const sequence = first(properties, 'sequence');
  const lines = [
    plain(first(properties, 'uid')),
    sequence === null ? (['sequence', {}, 'integer', 0] as const) : plain(sequence),
    ['dtstamp', {}, 'date-time', new Date(now).toISOString().replace(/\.\d+/, '')] as const,
    plain(organizer),
    answerOf(properties, attendee, coming),
    ...repeated.flatMap((name) => properties.filter(([found]) => found === name).map(plain)),
  ].filter((line) => line !== null);
  const jcal = [
    'vcalendar',
    [
      ['prodid', {}, 'text', '-//Postern//Portal//EN'],
      ['version', {}, 'text', '2.0'],
      ['calscale', {}, 'text', 'GREGORIAN'],
      ['method', {}, 'text', 'REPLY'],
    ],
    [...zonesOf(calendar, lines), ['vevent', lines, []]],
  ];
  return written(jcal);
}

function isRequest({ properties }: Component): boolean {
  return textOf(first(properties, 'method')).trim().toUpperCase() === 'REQUEST';
}

function plain(property: Property): Property;
function plain(property: Property | null): Property | null;
function plain(property: Property | null): Property | null {
  if (property === null) return null;
  const [name, parameters, type, ...values] = property;
  return [
    name,
    Object.fromEntries(Object.entries(parameters).filter(([parameter]) => kept.has(parameter))),
    type,
    ...values,
  ];
}

/** RFC 5546 section 2.1.2: exactly one ATTENDEE. Their own line, where the invitation names them; else one of their own, as somebody it was passed on to. */
function answerOf(properties: readonly Property[], { name, address }: Mailbox, coming: Coming): Property {
  const own = properties.find(
    (property) => property[0] === 'attendee' && sameAddress(personOf(property)?.address ?? '', address),
  );
  const partstat = coming.toUpperCase();
  if (own !== undefined) {
    const [, parameters, type, value] = plain(own);
    return ['attendee', { ...parameters, partstat }, type, value];
  }
  return ['attendee', { ...(name === '' ? {} : { cn: name }), partstat }, 'cal-address', `mailto:${address}`];
}

/** RFC 5545 section 3.2.19: a zone that is named is described. Without its description the name would be a riddle, so it goes as it came. */
function zonesOf({ components }: Component, lines: readonly Property[]): unknown[] {
  const named = new Set(lines.map((line) => parameterOf(line, 'tzid')));
  return components
    .filter(({ name, properties }) => name === 'vtimezone' && named.has(textOf(first(properties, 'tzid'))))
    .slice(0, 5)
    .map(({ properties, components: observances }) => [
      'vtimezone',
      properties.filter(([name]) => name === 'tzid'),
      observances.slice(0, 20).map((observance) => [observance.name, observance.properties.map(plain), []]),
    ]);
}

function written(jcal: unknown[]): string | null {
  // RFC 5545 section 3.1: 75 octets; the library does not count the space that begins a continued line.
  ICAL.foldLength = 74;
  ICAL.newLineChar = '\r\n';
  try {
    return `${ICAL.stringify(jcal).trimEnd()}\r\n`;
  } catch {
    return null; // A value that the library can read and not write.
  }
}
