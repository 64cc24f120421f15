import { expect, test } from 'vitest';
import { killLoop } from './kill.ts';

test('what was answered 250 survives kill -9 under load', async () => {
  const report = await killLoop({ kills: 3, seed: 7 });
  expect(report.lost).toEqual([]);
  // On a slow machine three rounds take few.
  expect(report.accepted).toBeGreaterThan(3);
  expect(report.fates.queued).toBe(0);
  expect(report.fates.delivered).toBeGreaterThan(0);
}, 240_000);
