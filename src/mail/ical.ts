/**
 * iCalendar as components, properties and values: `readCalendar`. What they mean for a meeting is meeting.ts, when its times are ical-zone.ts, and how it is
 * answered itip.ts.
 *
 * The text comes from strangers. Lines are sorted here, so that one that cannot be read costs itself alone; the library sees only lines of the properties
 * we know, each for itself and none of them long. Nothing is ever expanded.
 *
 * Standards: RFC 5545.
 * Limits: `mostText`, `mostLines`, `mostKept`, `longestLine`. To-dos, journals, alarms and free or busy times are left out.
 */
import ICAL from 'ical.js';

/** jCal (RFC 7265 section 3.4): name and type in lower case. */
export type Property = readonly [name: string, parameters: Parameters, type: string, ...values: unknown[]];
type Parameters = Readonly<Record<string, unknown>>;
export type Component = {
  readonly name: string;
  readonly properties: Property[];
  readonly components: Component[];
};

/** Characters, lines of properties we know, and characters of an unfolded line. What is beyond is left out, or is no invitation at all. */
const mostText = 1_000_000;
const mostLines = 2_000;
const mostKept = 200_000;
const longestLine = 4_000;

const inside: Readonly<Record<string, readonly string[]>> = {
  '': ['vcalendar'],
  vcalendar: ['vevent', 'vtimezone'],
  vtimezone: ['standard', 'daylight'],
};
const known = new Set(
  'method uid sequence dtstamp dtstart dtend duration summary location organizer attendee recurrence-id rrule rdate exdate status tzid tzoffsetfrom tzoffsetto'.split(
    ' ',
  ),
);

/** The first VCALENDAR of a text, with what we know of it; null without one, or when it is too long. */
export function readCalendar(text: string): Component | null {
  if (text.length > mostText) return null;
  const root: Component = { name: '', properties: [], components: [] };
  // Null stands for a component that is skipped.
  const open: (Component | null)[] = [root];
  let lines = 0;
  let kept = 0;
  for (const line of unfolded(text)) {
    const [, edge = '', name = ''] = /^(BEGIN|END):([A-Za-z-]{1,40})[ \t]*$/i.exec(line) ?? [];
    const current = open.at(-1);
    if (edge !== '') {
      if (!step(open, edge.toLowerCase(), name.toLowerCase())) return null;
      if (open.length === 1) break;
    } else if (current !== null && current !== undefined && line.length <= longestLine) {
      const property = propertyIn(line);
      if (property === null) continue;
      lines += 1;
      kept += line.length;
      if (lines > mostLines || kept > mostKept) return null;
      current.properties.push(property);
    }
  }
  return root.components[0] ?? null;
}

/** RFC 5545 section 3.1. Control characters have no business in any value. */
function unfolded(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\r?\n[ \t]/g, '')
    .replace(/[\0-\x08\x0b-\x0c\x0e-\x1f\x7f]/g, '')
    .split(/\r\n|\r|\n/);
}

/** Enters or leaves a component; false when they are nested deeper than any of ours. */
function step(open: (Component | null)[], edge: string, name: string): boolean {
  if (edge === 'end') {
    if (open.length > 1) open.pop();
    return true;
  }
  if (open.length > 8) return false;
  const current = open.at(-1) ?? null;
  const next: Component | null =
    current !== null && (inside[current.name] ?? []).includes(name) ? { name, properties: [], components: [] } : null;
  if (next !== null) current?.components.push(next);
  open.push(next);
  return true;
}

function propertyIn(line: string): Property | null {
  const name = /^[A-Za-z-]{1,20}(?=[;:])/.exec(line)?.[0].toLowerCase() ?? '';
  if (!known.has(name)) return null;
  try {
    const parsed: unknown = ICAL.parse.property(line);
    return isProperty(parsed) ? parsed : null;
  } catch {
    return null; // Not a line of iCalendar.
  }
}

function isProperty(value: unknown): value is Property {
  return (
    Array.isArray(value) &&
    value.length >= 4 &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'object' &&
    value[1] !== null &&
    typeof value[2] === 'string'
  );
}

export function first(properties: readonly Property[], name: string): Property | null {
  return properties.find(([found]) => found === name) ?? null;
}

/** The first value where it is text, else empty. */
export function textOf(property: Property | null): string {
  const value = property?.[3];
  return typeof value === 'string' ? value : '';
}

export function parameterOf([, parameters]: Property, name: string): string {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : '';
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : '';
}
