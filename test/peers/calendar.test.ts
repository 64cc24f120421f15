/** Answers to invitations as another program reads them: the Python library icalendar, which knows nothing of ours. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { replyTo } from '../../src/mail/itip.ts';
import { google, outlook, request } from '../mail/invitations.ts';

/** Debian's own, which has Debian's packages. */
const python = '/usr/bin/python3';
const script = `
import json, sys
from icalendar import Calendar
calendar = Calendar.from_ical(sys.stdin.buffer.read())
(event,) = [part for part in calendar.walk('VEVENT')]
attendee = event['ATTENDEE']
start = event['DTSTART'].dt
occurrence = event.get('RECURRENCE-ID')
print(json.dumps({
  'method': str(calendar['METHOD']), 'version': str(calendar['VERSION']),
  'uid': str(event['UID']), 'sequence': int(event['SEQUENCE']),
  'attendee': str(attendee), 'partstat': attendee.params['PARTSTAT'], 'name': attendee.params.get('CN'),
  'organizer': str(event['ORGANIZER']), 'summary': str(event.get('SUMMARY', '')),
  'start': start.timestamp(), 'occurrence': None if occurrence is None else occurrence.dt.timestamp(),
  'errors': [str(error) for part in calendar.walk() for error in part.errors],
}))`;

const present = spawnSync(python, ['-c', 'import icalendar']).status === 0;

function judge(text: string): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

test.skipIf(!present && !process.env['CI']).each([
  [
    'Outlook',
    outlook,
    {
      uid: '040000008200E00074C5B7101A82E00800000000D0F0B1A1',
      sequence: 2,
      name: 'Doe, Robin',
      summary: 'Besprechung, Befund & Fragen',
      start: Date.UTC(2026, 6, 14, 13) / 1000,
      occurrence: null,
    },
  ],
  [
    'Google',
    google,
    {
      uid: '7kukuqrfedlm2f9t0m3a@google.com',
      sequence: 0,
      name: 'robin@clinic.example',
      summary: 'Visit',
      start: Date.UTC(2026, 10, 20, 14, 30) / 1000,
      occurrence: Date.UTC(2026, 10, 19, 14, 30) / 1000,
    },
  ],
  [
    'somebody who passed it on, in long words',
    request(`DTSTART:20261120T093000Z\nSUMMARY:${'Über 😀\\, größer\\; '.repeat(20)}`).replace(
      'robin@clinic',
      'kim@clinic',
    ),
    {
      uid: 'meeting@corp.example',
      sequence: 0,
      name: 'Robin "R" Doe',
      summary: 'Über 😀, größer; '.repeat(20),
      start: Date.UTC(2026, 10, 20, 9, 30) / 1000,
      occurrence: null,
    },
  ],
])('an answer to an invitation from %s', (_, text, told) => {
  for (const coming of ['accepted', 'tentative', 'declined'] as const) {
    const attendee = { name: 'Robin "R" Doe', address: 'robin@clinic.example' };
    const reply = replyTo(text, { attendee, coming, now: Date.UTC(2026, 10, 20) });
    const { name, summary, ...exact } = told;
    const read = judge(reply ?? '');
    expect(read).toMatchObject({
      ...exact,
      method: 'REPLY',
      version: '2.0',
      attendee: 'mailto:robin@clinic.example',
      organizer: 'mailto:anna@corp.example',
      partstat: coming.toUpperCase(),
      errors: [],
    });
    const { name: readName, summary: readSummary } = read as { name: string; summary: string };
    // That program leaves RFC 6868's marks for quotes as they are.
    expect(readName.replaceAll("^'", '"')).toBe(name);
    expect(readSummary.trim()).toBe(summary.trim());
  }
});
