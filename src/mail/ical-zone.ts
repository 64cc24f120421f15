/**
 * When a date or time of an iCalendar text is. A name of the time zone database is looked up there; any other name (Outlook's "W. Europe Standard Time")
 * goes by the VTIMEZONE that comes with it, as far as that is built the usual way: two observances that each begin once a year.
 *
 * Limits: a time in a zone that nobody describes stays without a moment, as one without zone does: it is shown as it was written. A VTIMEZONE has at
 * most 20 observances, whose rules are yearly; after 2035 the last one goes on.
 */
import ICAL from 'ical.js';
import { type Component, first, type Property, parameterOf, textOf } from './ical.ts';

/** A day, or a time on it. */
export type When = {
  /** Where it was written: "2026-11-20". */
  readonly day: string;
  /** "09:30"; null for whole days. */
  readonly clock: string | null;
  /** Epoch milliseconds; null for days, and for times that are the same wherever one is. */
  readonly at: number | null;
  /** As it was named; "UTC", or empty for a time without one. */
  readonly zone: string;
};

/** Milliseconds since the epoch of a time on the clocks of a zone; null when nobody knows the zone. */
export type ZoneReader = (zone: string, local: Temporal.PlainDateTime) => number | null;

export function zoneReader(calendar: Component): ZoneReader {
  const described = new Map<string, ICAL.Timezone | null>();
  const describedAs = (zone: string): ICAL.Timezone | null => {
    const component = calendar.components.find(
      ({ name, properties }) => name === 'vtimezone' && textOf(first(properties, 'tzid')) === zone,
    );
    return component === undefined ? null : timezoneOf(component);
  };
  return (zone, local) => {
    const name = databaseName(zone);
    if (name !== null) return local.toZonedDateTime(name).epochMilliseconds;
    const own = described.get(zone) ?? describedAs(zone);
    described.set(zone, own);
    return own === null ? null : momentBy(own, local);
  };
}

/** RFC 5545 section 3.2.19. Some programs put a prefix with slashes of their own before the name. */
export function databaseName(zone: string): string | null {
  const segments = zone.split('/');
  for (const name of [zone, segments.slice(-2).join('/'), segments.slice(-3).join('/')]) {
    if (!/^[A-Za-z][A-Za-z0-9_+-]{1,40}(?:\/[A-Za-z0-9_+-]{1,40}){0,2}$/.test(name)) continue;
    try {
      return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    } catch {
      // RangeError: not in the database under this name.
    }
  }
  return null;
}

export function readWhen(property: Property | null, zones: ZoneReader): When | null {
  const written = property === null ? '' : textOf(property);
  const [, day = '', , time = '', utc = ''] = /^(\d{4}-\d\d-\d\d)(T(\d\d:\d\d:\d\d)(Z?))?$/.exec(written) ?? [];
  if (property === null || day === '') return null;
  try {
    if (time === '') return { day: Temporal.PlainDate.from(day).toString(), clock: null, at: null, zone: '' };
    const local = Temporal.PlainDateTime.from(`${day}T${time}`);
    const zone = utc === 'Z' ? 'UTC' : parameterOf(property, 'tzid').slice(0, 100);
    return whenAt(local, zone, zone === '' ? null : zones(zone, local));
  } catch {
    return null; // RangeError: no such date.
  }
}

function whenAt(local: Temporal.PlainDateTime, zone: string, at: number | null): When {
  return {
    day: local.toPlainDate().toString(),
    clock: local.toPlainTime().toString({ smallestUnit: 'minute' }),
    at,
    zone,
  };
}

/** `text`: "PT1H30M". Null without start, or for what is no duration forward. */
export function addDuration(start: When | null, text: string): When | null {
  if (start === null || !/^\+?P[0-9DTHMSW]{2,30}$/.test(text)) return null;
  try {
    const duration = Temporal.Duration.from(text);
    const local = Temporal.PlainDateTime.from(start.clock === null ? start.day : `${start.day}T${start.clock}`);
    const end = local.add(duration);
    if (start.clock === null) return { ...start, day: end.toPlainDate().toString() };
    // RFC 5545 section 3.3.6: days are those of the calendar, hours those of the clock; over a change of offset this is off by that.
    const moved = end.toZonedDateTime('UTC').epochMilliseconds - local.toZonedDateTime('UTC').epochMilliseconds;
    return whenAt(end, start.zone, start.at === null ? null : start.at + moved);
  } catch {
    return null; // RangeError: longer than time.
  }
}

const usual = new Set(['freq', 'interval', 'bymonth', 'byday', 'bymonthday', 'until', 'count', 'wkst']);

/** Null when it is built in a way that would take long to follow. */
function timezoneOf({ properties, components }: Component): ICAL.Timezone | null {
  if (components.length === 0 || components.length > 20) return null;
  if (!components.every((observance) => observance.properties.every(isSimple))) return null;
  const jcal = [
    'vtimezone',
    properties.filter(([name]) => name === 'tzid'),
    components.map(({ name, properties: own }) => [name, own.map(sinceLately), []]),
  ];
  try {
    return new ICAL.Timezone(new ICAL.Component(jcal));
  } catch {
    return null; // The library cannot follow it.
  }
}

/** Outlook's rules begin in 1601; four centuries of changes of the clock would be found one by one. */
function sinceLately(property: Property): Property {
  const [name, parameters, type, value] = property;
  if (name !== 'dtstart' || typeof value !== 'string' || value >= '1970') return property;
  return [name, parameters, type, `1970${value.slice(4).replace('-02-29', '-03-01')}`];
}

function momentBy(zone: ICAL.Timezone, local: Temporal.PlainDateTime): number | null {
  const { year, month, day, hour, minute, second } = local;
  const time = { year, month, day, hour, minute, second, isDate: false };
  try {
    const offset = zone.utcOffset(new ICAL.Time(time, ICAL.Timezone.localTimezone));
    const utc = local.toZonedDateTime('UTC').epochMilliseconds;
    return Number.isFinite(offset) && Math.abs(offset) < 86_400 ? utc - offset * 1000 : null;
  } catch {
    return null; // The library cannot follow it.
  }
}

function isSimple(property: Property): boolean {
  const [name, , , value] = property;
  if (name === 'rdate') return property.length < 60;
  if (name === 'dtstart') return /^(?:1[6-9]|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(textOf(property));
  if (name !== 'rrule') return true;
  if (typeof value !== 'object' || value === null) return false;
  const rule = value as Readonly<Record<string, unknown>>;
  const { freq, interval = 1, bymonth = 1, byday = '1SU', bymonthday = 1 } = rule;
  const single = [bymonth, byday].every((part) => typeof part === 'string' || typeof part === 'number');
  const fewDays = [bymonthday].flat().length <= 7;
  return freq === 'YEARLY' && interval === 1 && single && fewDays && Object.keys(rule).every((part) => usual.has(part));
}
