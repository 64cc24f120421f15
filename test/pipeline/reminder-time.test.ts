/** When people hear of what waits: never before it makes sense, never twice, never after the end. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextDigest, nextReminder } from '../../src/pipeline/reminder-time.ts';

const day = 86_400_000;
const at = Date.UTC(2026, 10, 22, 3, 40);

test.each([
  ['a month', 30, [7, 1], [23, 29]],
  ['two days: one reminder', 2, [7, 1], [1]],
  ['a day: none', 1, [7, 1], []],
  ['no reminders', 30, [], []],
] as const)('%s', (_, waits, before, expected) => {
  const waiting = { publishedAt: at, expiresAt: at + waits * day };
  const reminders = before.map((days) => days * day);
  const found: number[] = [];
  for (let next = nextReminder(reminders, waiting, at); next !== null; next = nextReminder(reminders, waiting, next))
    found.push((next - at) / day);
  expect(found).toEqual(expected);
});

test('reminders come one after the other, within the time it waits', () => {
  const reminders = fc.array(fc.integer({ min: 1, max: 400 * day }), { maxLength: 5 });
  fc.assert(
    fc.property(reminders, fc.integer({ min: 1, max: 400 * day }), fc.nat(400 * day), (before, waits, later) => {
      const waiting = { publishedAt: at, expiresAt: at + waits };
      const next = nextReminder(before, waiting, at + later);
      if (next === null) return;
      expect(next).toBeGreaterThan(at + later);
      expect(next).toBeLessThan(waiting.expiresAt);
    }),
  );
});

test.each([
  ['UTC', 7, '2026-11-22T07:00:00.000Z'],
  ['Europe/Berlin', 7, '2026-11-22T06:00:00.000Z'],
  ['Asia/Kolkata', 9, '2026-11-23T03:30:00.000Z'],
  ['America/New_York', 0, '2026-11-22T05:00:00.000Z'],
])('the next digest in %s at %i', (zone, hour, expected) => {
  expect(new Date(nextDigest(at, hour, zone)).toISOString()).toBe(expected);
});

test('the day clocks go forward has no such hour, and the next has', () => {
  const night = Date.UTC(2026, 2, 29, 0, 30);
  expect(new Date(nextDigest(night, 2, 'Europe/Berlin')).toISOString()).toBe('2026-03-30T00:00:00.000Z');
});
