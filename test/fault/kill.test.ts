import { expect, test } from 'vitest';
import { killLoop } from './kill.ts';

test('what was answered 250 survives kill -9 under load', async () => {
  const report = await killLoop({ kills: 3, seed: 7 });
  expect(report.lost).toEqual([]);
  expect(report.accepted).toBeGreaterThan(10);
  expect(report.fates.queued).toBe(0);
  const { delivered, waiting, bounced } = report.fates;
  expect(Math.min(delivered, waiting, bounced)).toBeGreaterThan(0);
}, 240_000);
