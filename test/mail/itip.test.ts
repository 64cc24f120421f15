/** Answers to invitations: what RFC 5546 wants in them, what RFC 5545 wants of every line, and the mail around them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarAnswerMessage } from '../../src/mail/calendar-answer.ts';
import { replyTo } from '../../src/mail/itip.ts';
import { parseMeeting } from '../../src/mail/meeting.ts';
import { leaves, StructureParser } from '../../src/mail/structure.ts';
import { google, outlook, request } from './invitations.ts';

const now = Date.UTC(2026, 10, 20, 9, 30, 15);
const robin = { name: 'Robin Doe', address: 'robin@clinic.example' };

function answer(text: string, coming: 'accepted' | 'tentative' | 'declined' = 'accepted', attendee = robin): string {
  const reply = replyTo(text, { attendee, coming, now });
  if (reply === null) throw new Error('no answer was made');
  return reply;
}

/** The unfolded lines of the meeting in a text. */
function linesOf(text: string): string[] {
  const lines = text
    .replaceAll('\r\n ', '')
    .replace(/BEGIN:VALARM[\s\S]*END:VALARM\r\n/, '')
    .split('\r\n');
  return lines.slice(lines.indexOf('BEGIN:VEVENT') + 1, lines.lastIndexOf('END:VEVENT'));
}

const named = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => line.split(/[;:]/, 1)[0] === name);

/** RFC 5545 section 3.1 and RFC 5546 section 3.2.3, by a reading of their own. */
function expectReply(text: string): void {
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true);
  for (const line of text.slice(0, -2).split('\r\n')) {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(line).toMatch(/^(?: [^\r\n]|[A-Z-]+[;:])/);
  }
  expect(text).toMatch(/^BEGIN:VCALENDAR\r\nPRODID:.+\r\nVERSION:2\.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:REPLY\r\n/);
  const lines = linesOf(text);
  for (const once of ['UID', 'DTSTAMP', 'ORGANIZER', 'ATTENDEE', 'SEQUENCE'])
    expect([once, named(lines, once)]).toEqual([once, [expect.anything()]]);
  expect(named(lines, 'DTSTAMP')).toEqual(['DTSTAMP:20261120T093015Z']);
  for (const never of ['BEGIN', 'RSVP', 'STATUS', 'ATTACH', 'DESCRIPTION']) expect(named(lines, never)).toEqual([]);
  const zones = [...text.matchAll(/;TZID=([^:;\r]+)/g)].map((match) => match[1]);
  const described = [...text.matchAll(/\r\nTZID:(.+)/g)].map((match) => match[1]);
  for (const zone of zones) if (!/^[A-Z][A-Za-z]+\//.test(zone ?? '')) expect(described).toContain(zone);
}

describe.each([
  ['Outlook', outlook],
  ['Google', google],
  ['the least', request('DTSTART:20261120T093000Z')],
  ['long words', request(`DTSTART:20261120T093000Z\nSUMMARY:${'Übergröße 😀 '.repeat(30)}`)],
])('of an invitation from %s', (_, text) => {
  test.each(['accepted', 'tentative', 'declined'] as const)('%s', (coming) => {
    const reply = answer(text, coming);
    expectReply(reply);
    const asked = linesOf(text);
    const said = linesOf(reply);
    expect(named(said, 'UID')).toEqual(named(asked, 'UID'));
    expect(named(said, 'RECURRENCE-ID')).toEqual(named(asked, 'RECURRENCE-ID'));
    expect(named(said, 'DTSTART')).toEqual(named(asked, 'DTSTART'));
    expect(named(said, 'SEQUENCE')[0]).toBe(named(asked, 'SEQUENCE')[0] ?? 'SEQUENCE:0');
    const [attendee = ''] = named(said, 'ATTENDEE');
    expect(attendee).toContain(`;PARTSTAT=${coming.toUpperCase()}`);
    expect(attendee.endsWith(':mailto:robin@clinic.example')).toBe(true);
    // What we wrote we read the same.
    const told = parseMeeting(reply);
    expect(told).toMatchObject({ method: 'reply', summary: parseMeeting(text)?.summary });
    expect(told?.attendees).toEqual([{ ...robin, name: expect.anything(), status: coming }]);
  });
});

test('somebody it was passed on to answers for themselves', () => {
  const [attendee] = named(
    linesOf(answer(outlook, 'accepted', { name: 'Billing; "A:B"', address: 'billing@clinic.example' })),
    'ATTENDEE',
  );
  expect(attendee).toBe(`ATTENDEE;CN="Billing; ^'A:B^'";PARTSTAT=ACCEPTED:mailto:billing@clinic.example`);
});

test('an address in other letters is the same person', () => {
  const [attendee] = named(
    linesOf(answer(outlook, 'accepted', { name: '', address: 'Robin@Clinic.Example' })),
    'ATTENDEE',
  );
  expect(attendee).toBe('ATTENDEE;ROLE=REQ-PARTICIPANT;CN="Doe, Robin";PARTSTAT=ACCEPTED:mailto:robin@clinic.example');
});

test.each([
  ['a cancellation', request('', 'CANCEL')],
  ['an answer', request('', 'REPLY')],
  ['a publication', request('', 'PUBLISH')],
  ['nobody who asks', request('').replace(/ORGANIZER.*\r\n/, '')],
  ['somebody without address', request('').replace(/ORGANIZER.*\r\n/, 'ORGANIZER:https://x.example\r\n')],
  ['no text of a calendar', 'hello'],
])('%s is not answered', (_, text) => {
  expect(replyTo(text, { attendee: robin, coming: 'accepted', now })).toBeNull();
});

test('no value of an invitation starts a line of its own in the answer', () => {
  const value = fc.string({ unit: 'binary', maxLength: 60 });
  const named = fc.constantFrom(
    'SUMMARY',
    'LOCATION',
    'ORGANIZER;CN=x',
    'ATTENDEE;CN=x',
    'RECURRENCE-ID',
    'SEQUENCE',
    'UID',
  );
  fc.assert(
    fc.property(named, value, value, (name, before, after) => {
      const line = `${name}:${before}\\nMETHOD:CANCEL\\r\\nATTENDEE:x${after.replaceAll(/[\r\n]/g, '')}`.replaceAll(
        /[\r\n]/g,
        '',
      );
      const text = request(line).replace('UID:meeting', 'X-UID:').replace('DTSTAMP', `UID:m\r\nDTSTAMP`);
      const reply = replyTo(text, { attendee: robin, coming: 'accepted', now });
      if (reply === null) return;
      expect(reply.match(/\r\n(?:METHOD|ATTENDEE)[;:]/g)).toHaveLength(2);
      expect(reply.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
    }),
    { numRuns: 300 },
  );
});

test('the mail: threaded, aligned, the reply in its own part and as a file', () => {
  const meeting = parseMeeting(outlook);
  if (meeting === null) throw new Error('no meeting');
  const reply = answer(outlook);
  const bytes = calendarAnswerMessage({
    from: 'secure-mail@corp.example',
    person: robin,
    to: [{ name: 'Anna Müller', address: 'anna@corp.example' }],
    coming: 'accepted',
    meeting: { ...meeting, summary: 'Besprechung\r\nBcc: eve@evil.example' },
    reply,
    messageId: '<1@portal.example>',
    thread: ['<0@corp.example>', '<invite@corp.example>'],
    date: now,
    language: 'de',
    timeZone: 'Europe/Berlin',
  });
  expect(bytes.toString('latin1')).toMatch(/^[\r\n\t\x20-\x7e]*$/);
  const parser = new StructureParser();
  parser.push(bytes);
  const structure = parser.end();
  expect(structure.problems).toEqual([]);
  const header = bytes.toString('latin1', 0, structure.root.header.end).replaceAll('\r\n ', ' ');
  expect(header).not.toMatch(/^Bcc/m);
  expect(header).toMatch(/^From: .*<secure-mail@corp\.example>\r$/m);
  expect(header).toMatch(/^Reply-To: Robin Doe <robin@clinic\.example>\r$/m);
  expect(header).toMatch(/^In-Reply-To: <invite@corp\.example>\r$/m);
  const parts = leaves(structure);
  expect(parts.map(({ path, type, disposition, fileName }) => [path, type, disposition, fileName])).toEqual([
    ['1.1', 'text/plain', null, null],
    ['1.2', 'text/calendar', null, null],
    ['2', 'application/ics', 'attachment', 'reply.ics'],
  ]);
  expect(parts[1]?.parameters).toEqual({ method: 'REPLY', charset: 'utf-8' });
  const texts = parts
    .slice(1)
    .map(({ body }) => Buffer.from(bytes.toString('latin1', body.start, body.end), 'base64').toString());
  expect(texts).toEqual([reply, reply]);
});
