/** Invitations as mail programs write them, and as nobody should: what is told of them, and how long it takes to refuse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Meeting, parseMeeting, type Repeats } from '../../src/mail/meeting.ts';
import { google, outlook, request } from './invitations.ts';

function meeting(text: string): Meeting {
  const found = parseMeeting(text);
  if (found === null) throw new Error('no meeting was found');
  return found;
}

test('a series from Outlook', () => {
  expect(parseMeeting(outlook)).toEqual({
    method: 'request',
    uid: '040000008200E00074C5B7101A82E00800000000D0F0B1A1',
    sequence: 2,
    cancelled: false,
    summary: 'Besprechung, Befund & Fragen',
    location: 'Raum 5; zweiter Stock',
    start: { day: '2026-07-14', clock: '15:00', at: Date.UTC(2026, 6, 14, 13), zone: 'W. Europe Standard Time' },
    end: { day: '2026-07-14', clock: '16:00', at: Date.UTC(2026, 6, 14, 14), zone: 'W. Europe Standard Time' },
    organizer: { name: 'Anna Müller', address: 'anna@corp.example' },
    attendees: [
      { name: 'Doe, Robin', address: 'robin@clinic.example', status: 'unknown' },
      { name: 'Kim', address: 'kim@partner.example', status: 'accepted' },
    ],
    occurrence: null,
    repeats: {
      every: 'week',
      interval: 2,
      weekdays: [2, 4],
      nth: null,
      monthDay: null,
      until: { day: '2026-12-31', clock: '14:00', at: Date.UTC(2026, 11, 31, 14), zone: 'UTC' },
      count: null,
    },
    exceptions: 1,
  });
});

test('one date of a series from Google', () => {
  const { start, occurrence, repeats, exceptions } = meeting(google);
  expect([start?.at, occurrence?.at, repeats, exceptions]).toEqual([
    Date.UTC(2026, 10, 20, 14, 30),
    Date.UTC(2026, 10, 19, 14, 30),
    null,
    0,
  ]);
});

describe('times', () => {
  test.each<[lines: string, start: object | null, end: object | null]>([
    ['DTSTART:20261120T093000Z', { clock: '09:30', at: Date.UTC(2026, 10, 20, 9, 30), zone: 'UTC' }, null],
    ['DTSTART;VALUE=DATE:20261120', { day: '2026-11-20', clock: null, at: null, zone: '' }, null],
    [
      'DTSTART;VALUE=DATE:20261120\nDTEND;VALUE=DATE:20261122',
      { day: '2026-11-20', clock: null },
      { day: '2026-11-22', clock: null },
    ],
    ['DTSTART;VALUE=DATE:20261230\nDURATION:P3D', { day: '2026-12-30' }, { day: '2027-01-02', clock: null }],
    ['DTSTART:20261120T093000', { clock: '09:30', at: null, zone: '' }, null],
    [
      'DTSTART:20261120T093000Z\nDURATION:PT1H30M',
      { clock: '09:30' },
      { clock: '11:00', at: Date.UTC(2026, 10, 20, 11) },
    ],
    ['DTSTART:20261120T093000Z\nDURATION:-PT1H', { clock: '09:30' }, null],
    ['DTSTART:20261120T093000Z\nDURATION:P99999999999999W', { clock: '09:30' }, null],
    [
      'DTSTART;TZID=/softwarestudio.org/Tzfile/Europe/Berlin:20260715T093000',
      { at: Date.UTC(2026, 6, 15, 7, 30) },
      null,
    ],
    ['DTSTART;TZID=Nowhere/Nothing:20261120T093000', { clock: '09:30', at: null, zone: 'Nowhere/Nothing' }, null],
    // The hour that is skipped, and the hour that comes twice.
    ['DTSTART;TZID=Europe/Berlin:20260329T023000', { at: Date.UTC(2026, 2, 29, 1, 30) }, null],
    ['DTSTART;TZID=Europe/Berlin:20261025T023000', { at: Date.UTC(2026, 9, 25, 0, 30) }, null],
    ['DTSTART:20260230T093000Z', null, null],
    ['DTSTART:99999999T999999', null, null],
    ['DTSTART:tomorrow', null, null],
    ['DTSTART;VALUE=PERIOD:20261120T093000Z/PT1H', null, null],
  ])('%j', (lines, start, end) => {
    const found = meeting(request(lines));
    if (start === null) expect(found.start).toBeNull();
    else expect(found.start).toMatchObject(start);
    if (end === null) expect(found.end).toBeNull();
    else expect(found.end).toMatchObject(end);
  });

  test.each([
    ['20260329T005959', Date.UTC(2026, 2, 28, 23, 59, 59)],
    ['20260329T033000', Date.UTC(2026, 2, 29, 1, 30)],
    ['20261025T040000', Date.UTC(2026, 9, 25, 3)],
    ['20991215T150000', Date.UTC(2099, 11, 15, 14)],
    ['19751215T150000', Date.UTC(1975, 11, 15, 14)],
  ])('%s by the rules that Outlook sends along', (written, at) => {
    const text = outlook.replace('Time:20260714T150000', `Time:${written}`);
    expect(meeting(text).start?.at).toBe(at);
  });
});

describe('how it repeats', () => {
  const plain = { interval: 1, weekdays: [], nth: null, monthDay: null, until: null, count: null };
  test.each<[rule: string, told: Repeats | null]>([
    ['RRULE:FREQ=DAILY;COUNT=5', { ...plain, every: 'day', count: 5 }],
    ['RRULE:FREQ=WEEKLY;BYDAY=SU,MO,MO', { ...plain, every: 'week', weekdays: [1, 7] }],
    ['RRULE:FREQ=WEEKLY', { ...plain, every: 'week' }],
    ['RRULE:FREQ=MONTHLY', { ...plain, every: 'month', monthDay: 20 }],
    ['RRULE:FREQ=MONTHLY;BYMONTHDAY=1', { ...plain, every: 'month', monthDay: 1 }],
    ['RRULE:FREQ=MONTHLY;BYDAY=2TU', { ...plain, every: 'month', nth: 2, weekdays: [2] }],
    ['RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1', { ...plain, every: 'month', nth: -1, weekdays: [5] }],
    ['RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20', { ...plain, every: 'year' }],
    ['RRULE:FREQ=YEARLY;BYMONTH=12', 'irregular'],
    ['RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'irregular'],
    ['RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15', 'irregular'],
    ['RRULE:FREQ=WEEKLY;BYDAY=2MO', 'irregular'],
    ['RRULE:FREQ=SECONDLY', 'irregular'],
    ['RRULE:FREQ=DAILY;BYHOUR=1,2,3', 'irregular'],
    ['RRULE:FREQ=DAILY;INTERVAL=99999999', 'irregular'],
    ['RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY', 'irregular'],
    ['RDATE:20270101T000000Z', 'irregular'],
    ['RRULE:FREQ=NEVER', null],
    ['SUMMARY:once', null],
  ])('%j', (rule, told) => {
    expect(meeting(request(`DTSTART:20261120T093000Z\n${rule}`)).repeats).toEqual(told);
  });
});

test.each<[method: string, lines: string, told: Partial<Meeting>]>([
  ['CANCEL', '', { method: 'cancel', cancelled: true }],
  ['REQUEST', 'STATUS:CANCELLED', { method: 'request', cancelled: true }],
  ['reply', '', { method: 'reply', cancelled: false }],
  ['COUNTER', '', { method: 'other' }],
  ['__proto__', '', { method: 'other' }],
  ['REQUEST', 'SEQUENCE:-1', { sequence: 0 }],
  ['REQUEST', 'SEQUENCE:x', { sequence: 0 }],
  ['REQUEST', 'SUMMARY:a\\nb\u202egnp.exe', { summary: 'a bgnp.exe' }],
  ['REQUEST', 'ATTENDEE:https://corp.example/room', { organizer: { name: 'Anna', address: 'anna@corp.example' } }],
])('%s with %j', (method, lines, told) => {
  expect(meeting(request(lines, method))).toMatchObject(told);
});

describe('nothing that can be told', () => {
  test.each([
    ['nothing', ''],
    ['no calendar', 'Hello,\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT'],
    ['no meeting', 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR'],
    ['a to-do', 'BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:x\r\nEND:VTODO\r\nEND:VCALENDAR'],
    ['no UID', request('').replace(/UID:.*\r\n/, '')],
    ['nested without end', 'BEGIN:VCALENDAR\r\n'.repeat(100_000)],
    ['a meeting below others', `BEGIN:VCALENDAR\r\n${'BEGIN:VEVENT\r\n'.repeat(20)}UID:x`],
    ['more lines than are read', request('ATTENDEE:mailto:a@b.example\n'.repeat(2_100))],
    ['longer than is read', request(`DESCRIPTION:${'x'.repeat(1_000_001)}`)],
  ])('%s', (_, text) => {
    expect(parseMeeting(text)).toBeNull();
  });

  test.each([
    ['no ends', request('SUMMARY:Visit').replace(/END:[\s\S]*$/, '')],
    [
      'odd lines between',
      request('\n \nX\nX;:\nSUMMARY;CN="unclosed:x\nCONSTRUCTOR:x\n__PROTO__;a=b:c\nSUMMARY:Visit'),
    ],
    ['bare line feeds', request('SUMMARY:Visit').replaceAll('\r\n', '\n')],
    ['a byte order mark and NUL', `\ufeff${request('SUMMARY:Vi\0sit')}`],
    ['a file in it', request(`ATTACH;ENCODING=BASE64;VALUE=BINARY:${'QUFB'.repeat(100_000)}\nSUMMARY:Visit`)],
  ])('but a meeting with %s is told', (_, text) => {
    expect(meeting(text).summary).toBe('Visit');
  });
});

describe('hostile texts take no time', () => {
  const zone = (rule: string): string =>
    outlook.replace('RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10', `RRULE:${rule}`);
  test.each([
    ['parameters', request('ATTENDEE;A=b'.padEnd(4_000, ';A=b').concat(':mailto:a@b.example\n').repeat(49))],
    ['folds', request(`SUMMARY:${'x\r\n '.repeat(200_000)}`)],
    ['escapes', request(`SUMMARY:${'\\,\\n'.repeat(900)}\n`.repeat(50))],
    ['dates', request(`EXDATE:${'20261120T093000Z,'.repeat(200)}20261120T093000Z\n`.repeat(40))],
    ['zones of seconds', zone('FREQ=SECONDLY')],
    ['zones of all days', zone('FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTH=1,2,3')],
    ['zones without end', zone('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30')],
    ['many zones', outlook.replace(/BEGIN:STANDARD[\s\S]*?END:STANDARD\r\n/, (found) => found.repeat(19))],
    ['quotes', request(`ATTENDEE;CN=${'"a",'.repeat(990)}"b":mailto:a@b.example\n`.repeat(48))],
    ['blank lines', `BEGIN:VCALENDAR${'\r\n'.repeat(450_000)}`],
  ])('%s', (_, text) => {
    const before = performance.now();
    parseMeeting(text);
    expect(performance.now() - before).toBeLessThan(1_500);
  });
});

test('any line, anywhere, changes what is told but never throws', () => {
  const name = fc.constantFrom(
    'DTSTART',
    'RRULE',
    'ATTENDEE',
    'RECURRENCE-ID',
    'DURATION',
    'TZID',
    'BEGIN',
    'END',
    'UID',
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('VTIMEZONE', 'STANDARD', 'VEVENT', 'FREQ=YEARLY', '20261120T093000', 'P1D', 'mailto:a@b.example'),
  );
  const parameter = fc.oneof(fc.constant(''), fc.constantFrom(';TZID=X', ';VALUE=DATE', ';CN="', ';=', ';A'));
  const line = fc.tuple(name, parameter, value).map(([n, p, v]) => `${n}${p}:${v}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.nat(40), (lines, at) => {
      const all = outlook.split('\r\n');
      all.splice(at, 0, ...lines);
      parseMeeting(all.join('\r\n'));
    }),
    { numRuns: 500 },
  );
});
