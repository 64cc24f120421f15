/**
 * Invitations: an iCalendar text -> what a person wants to know of the meeting in it. How it repeats is told as one sentence could, never as a list of dates.
 *
 * Limits: of several meetings in one text the first is told; of its attendees the first 500.
 */
import { canonicalAddress, type Mailbox } from './address.ts';
import { withoutControls } from './encoded-word.ts';
import { type Component, first, type Property, parameterOf, readCalendar, textOf } from './ical.ts';
import { addDuration, readWhen, type When, zoneReader } from './ical-zone.ts';

/** What its sender wants done with it (RFC 5546 section 1.4); `other` for what a reader can do nothing about. */
export type Method = 'request' | 'cancel' | 'reply' | 'publish' | 'other';

const mostAttendees = 500;

export type Meeting = {
  readonly method: Method;
  readonly uid: string;
  /** Grows with each change of the meeting. */
  readonly sequence: number;
  readonly cancelled: boolean;
  /** One line; empty when there is none, like `location`. */
  readonly summary: string;
  readonly location: string;
  readonly start: When | null;
  /** Exclusive for days, as iCalendar has it. */
  readonly end: When | null;
  readonly organizer: Mailbox | null;
  readonly attendees: readonly Attendee[];
  /** For one date of a series: which. */
  readonly occurrence: When | null;
  readonly repeats: Repeats | null;
  /** Dates of the series that this text changes or leaves out. */
  readonly exceptions: number;
};

export type Attendee = Mailbox & { readonly status: 'accepted' | 'tentative' | 'declined' | 'unknown' };

/** 1 is Monday. */
type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** How a meeting repeats, as far as one sentence can tell; `irregular` otherwise. */
export type Repeats =
  | 'irregular'
  | {
      readonly every: 'day' | 'week' | 'month' | 'year';
      readonly interval: number;
      /** For weeks; for months the one day that `nth` is about. */
      readonly weekdays: readonly Weekday[];
      /** Of a month: 2 for the second of its `weekdays`, -1 for the last. */
      readonly nth: number | null;
      /** Of a month: the 15th. */
      readonly monthDay: number | null;
      /** The last day it can be on. */
      readonly until: When | null;
      readonly count: number | null;
    };

/** The meeting in a text; null when there is none that can be read. Never throws. */
export function parseMeeting(text: string): Meeting | null {
  const calendar = readCalendar(text);
  const event = calendar === null ? null : meetingIn(calendar);
  return calendar === null || event === null ? null : meetingOf(calendar, event);
}

/** The meeting itself rather than one changed date of it, where the text has both. */
export function meetingIn(calendar: Component): Component | null {
  const events = calendar.components.filter(({ name, properties }) => name === 'vevent' && first(properties, 'uid'));
  return events.find(({ properties }) => first(properties, 'recurrence-id') === null) ?? events[0] ?? null;
}

const methods: Readonly<Record<string, Method>> = {
  REQUEST: 'request',
  CANCEL: 'cancel',
  REPLY: 'reply',
  PUBLISH: 'publish',
};

function meetingOf(calendar: Component, event: Component): Meeting {
  const { properties } = event;
  const zones = zoneReader(calendar);
  const whenOf = (name: string): When | null => readWhen(first(properties, name), zones);
  const textIn = (name: string): string => shortLine(textOf(first(properties, name)));
  const method = methods[textOf(first(calendar.properties, 'method')).trim().toUpperCase()] ?? 'other';
  const start = whenOf('dtstart');
  const uid = textOf(first(properties, 'uid'));
  const others = calendar.components.filter(
    (other) => other !== event && other.name === 'vevent' && textOf(first(other.properties, 'uid')) === uid,
  );
  const left = properties.filter(([name]) => name === 'exdate').reduce((sum, line) => sum + line.length - 3, 0);
  return {
    method,
    uid,
    sequence: numberOf(first(properties, 'sequence')),
    cancelled: method === 'cancel' || textIn('status').toUpperCase() === 'CANCELLED',
    summary: textIn('summary'),
    location: textIn('location'),
    start,
    end: whenOf('dtend') ?? addDuration(start, textOf(first(properties, 'duration'))),
    organizer: personOf(first(properties, 'organizer')),
    attendees: properties
      .filter(([name]) => name === 'attendee')
      .flatMap(attendeeOf)
      .slice(0, mostAttendees),
    occurrence: whenOf('recurrence-id'),
    repeats: repeatsOf(properties, start, (value) => readWhen(['until', {}, 'date-time', value], zones)),
    exceptions: others.length + left,
  };
}

function numberOf(property: Property | null): number {
  const value = property?.[3];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** One line without what would turn round the text around it. */
function shortLine(text: string): string {
  return withoutControls(text)
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 500)
    .toWellFormed();
}

/** The address of a "mailto:" URI, with the name that stands beside it. */
export function personOf(property: Property | null): Mailbox | null {
  if (property === null) return null;
  const address = canonicalAddress(/^mailto:(.{1,320})$/i.exec(textOf(property).trim())?.[1] ?? '');
  return address === null ? null : { name: shortLine(parameterOf(property, 'cn')).slice(0, 100), address };
}

function attendeeOf(property: Property): Attendee[] {
  const person = personOf(property);
  const said = parameterOf(property, 'partstat').toLowerCase();
  const status = said === 'accepted' || said === 'tentative' || said === 'declined' ? said : 'unknown';
  return person === null ? [] : [{ ...person, status }];
}

type Rule = Readonly<Record<string, unknown>>;

const units: Readonly<Record<string, 'day' | 'week' | 'month' | 'year'>> = {
  DAILY: 'day',
  WEEKLY: 'week',
  MONTHLY: 'month',
  YEARLY: 'year',
};
const weekdayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
/** What a rule may say so that one of our sentences says the same. */
const parts = new Set(['freq', 'interval', 'byday', 'bymonthday', 'bymonth', 'bysetpos', 'until', 'count', 'wkst']);

/** RFC 5545 section 3.3.10. */
function repeatsOf(
  properties: readonly Property[],
  start: When | null,
  momentOf: (value: string) => When | null,
): Repeats | null {
  const rules = properties.filter(([name]) => name === 'rrule');
  if (first(properties, 'rdate') !== null || rules.length > 1) return 'irregular';
  const [property] = rules;
  if (property === undefined) return null;
  const rule = property[3];
  if (typeof rule !== 'object' || rule === null) return 'irregular';
  return readRule(rule as Rule, start, momentOf) ?? 'irregular';
}

function readRule(rule: Rule, start: When | null, momentOf: (value: string) => When | null): Repeats | null {
  const every = units[String(rule['freq'])];
  const { interval = 1, count = null, until = null } = rule;
  if (every === undefined || start === null || Object.keys(rule).some((name) => !parts.has(name))) return null;
  if (!isCount(interval) || (count !== null && !isCount(count))) return null;
  const last = typeof until === 'string' ? momentOf(until) : null;
  if (until !== null && last === null) return null;
  const days = daysOf(rule, every, start);
  return days === null ? null : { every, interval, ...days, until: last, count };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10_000;
}

type Days = Pick<Exclude<Repeats, 'irregular'>, 'weekdays' | 'nth' | 'monthDay'>;

/** Which days of the unit; null for what no sentence of ours says. */
function daysOf(rule: Rule, every: 'day' | 'week' | 'month' | 'year', start: When): Days | null {
  const list = (name: string): string[] => [rule[name] ?? []].flat().map(String);
  const [byDay, byMonthDay, byMonth, position] = ['byday', 'bymonthday', 'bymonth', 'bysetpos'].map(list);
  if (byDay === undefined || byMonthDay === undefined || byMonth === undefined || position === undefined) return null;
  const none: Days = { weekdays: [], nth: null, monthDay: null };
  const [, month, day] = start.day.split('-').map(Number);
  const onItsDay = byMonthDay.length === 0 || (byMonthDay.length === 1 && Number(byMonthDay[0]) === day);
  const plain = byDay.length === 0 && position.length === 0;
  if (every === 'day') return plain && byMonthDay.length + byMonth.length === 0 ? none : null;
  if (every === 'year') {
    const inItsMonth = byMonth.length === 0 || (byMonth.length === 1 && Number(byMonth[0]) === month);
    return plain && onItsDay && inItsMonth ? none : null;
  }
  if (byMonth.length > 0) return null;
  const weekdays = byDay.map(weekdayOf);
  if (every === 'week') {
    const simple = position.length === 0 && byMonthDay.length === 0 && weekdays.every(({ nth }) => nth === null);
    return simple ? { ...none, weekdays: weekdays.map((one) => one.weekday).toSorted((a, b) => a - b) } : null;
  }
  if (plain) return byMonthDay.length > 1 ? null : { ...none, monthDay: Number(byMonthDay[0] ?? day) };
  const [one] = weekdays;
  const nth = one?.nth ?? (position.length === 1 ? Number(position[0]) : null);
  const told = nth !== null && [-1, 1, 2, 3, 4].includes(nth) && !(one?.nth != null && position.length > 0);
  if (one === undefined || weekdays.length > 1 || byMonthDay.length > 0 || !told) return null;
  return { ...none, weekdays: [one.weekday], nth };
}

function weekdayOf(text: string): { readonly nth: number | null; readonly weekday: Weekday } {
  const [, nth = '', name = ''] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(text) ?? [];
  const weekday = (weekdayNames.indexOf(name) + 1) as Weekday;
  return { nth: nth === '' ? null : Number(nth), weekday };
}
