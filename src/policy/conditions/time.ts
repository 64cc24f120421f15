/**
 * `time`: when the message was received, by the clock of a place: days of the week, hours, or both.
 *
 *     time: { days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00", zone: Europe/Berlin }
 *
 * `from` is in the window, `to` is not. A window over midnight ("22:00" to "06:00") belongs to the day it begins on. Clocks go by the time
 * zones of the runtime, so a summer time that begins or ends moves the window with the clocks of the place.
 */
import * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { type Path, says, section } from '../../config/yaml.ts';
import { type Condition, messageTest, unknown } from '../conditions.ts';
import type { Report } from '../lists.ts';
import { oneOrMore } from './values.ts';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Day = (typeof days)[number];

const timeOfDay = z
  .string({ error: says('a time of day', 'Write it like "08:00", in quotes.') })
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: says('a time of day', 'Write it like "08:00", in quotes.') })
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));
const zone = z
  .string({ error: says('a time zone', 'Write it like Europe/Berlin.') })
  .refine((text) => clockOf(text) !== null, { error: says('a time zone', 'Write it like Europe/Berlin or UTC.') });

export const timeSchema = section({
  days: oneOrMore(kinds.choice(days), 'a day of the week').optional(),
  from: timeOfDay.optional(),
  to: timeOfDay.optional(),
  zone,
});

export function compileTime(text: z.output<typeof timeSchema>, at: Path, report: Report): Condition {
  const { from = 0, to = 24 * 60, zone } = text;
  if (text.days === undefined && text.from === undefined && text.to === undefined)
    report(at, 'no time to compare with', 'Write days, or from and to.');
  if (from === to) report(at, 'no time lies between the two', 'Leave both out for the whole day.');
  const clock = clockOf(zone);
  const wanted: readonly Day[] = text.days ?? days;
  const inside = ({ day, minute }: Moment): boolean => {
    if (from < to) return wanted.includes(day) && minute >= from && minute < to;
    const begun = minute >= from ? day : minute < to ? dayBefore(day) : null;
    return begun !== null && wanted.includes(begun);
  };
  return messageTest((facts, reading) => {
    const moment = clock === null ? null : momentAt(clock, facts.receivedAt);
    if (moment === null) return unknown(reading, 'the message was received at the times of the rule');
    const holds = inside(moment);
    const when = `${moment.day} ${twoDigits(Math.floor(moment.minute / 60))}:${twoDigits(moment.minute % 60)}`;
    return { holds, reason: `${when} (${zone}) is ${holds ? 'within' : 'outside'} the times of the rule` };
  });
}

type Moment = { readonly day: Day; readonly minute: number };

type Clock = {
  readonly formatter: Intl.DateTimeFormat;
  latest: { readonly time: number; readonly moment: Moment } | null;
};
const clocks = new Map<string, Clock>();

/** Making a formatter takes long, and there are few zones. Null for a zone nobody knows. */
function clockOf(zone: string): Clock | null {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  try {
    const formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const clock = { formatter, latest: null };
    clocks.set(zone, clock);
    return clock;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Keeps the latest answer: all rules ask about the same message. */
function momentAt(clock: Clock, time: number): Moment | null {
  if (clock.latest?.time === time) return clock.latest.moment;
  // The dates JavaScript knows (ECMA-262: 8.64e15 ms about 1970).
  if (!(Math.abs(time) <= 8.64e15)) return null;
  const parts = new Map(clock.formatter.formatToParts(time).map(({ type, value }) => [type, value]));
  const day = days.find((each) => each === parts.get('weekday')?.toLowerCase());
  if (day === undefined) return null;
  const moment = { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
  clock.latest = { time, moment };
  return moment;
}

function dayBefore(day: Day): Day {
  return days[(days.indexOf(day) + 6) % 7] ?? day;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
