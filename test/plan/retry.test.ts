import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { longestPause, nextAttempt } from '../../src/plan/retry.ts';

const minute = 60_000;
const retry = { first: 5 * minute, max: 67 * minute, giveUpAfter: 7_200 * minute, warnAfter: 240 * minute };

test('the pause doubles from the first to the longest', () => {
  const minutes = [1, 2, 3, 4, 5, 6, 60, 5_000].map((attempts) => longestPause(attempts, retry) / minute);
  expect(minutes).toEqual([5, 10, 20, 40, 67, 67, 67, 67]);
});

test('jitter shortens a pause by a fifth at most', () => {
  const at = (random: number) => nextAttempt({ createdAt: 0, attempts: 1 }, 1_000, retry, random);
  expect(at(0)).toBe(1_000 + 5 * minute);
  expect(at(0.5)).toBe(1_000 + 4.5 * minute);
  expect(at(0.999_999)).toBeGreaterThanOrEqual(1_000 + 4 * minute);
});

test('the last attempt is at the deadline, and none after it', () => {
  expect(nextAttempt({ createdAt: 0, attempts: 200 }, retry.giveUpAfter - 1, retry, 0)).toBe(retry.giveUpAfter);
  expect(nextAttempt({ createdAt: 0, attempts: 200 }, retry.giveUpAfter, retry, 0)).toBeNull();
});

describe('for all settings', () => {
  const settings = fc
    .tuple(fc.integer({ min: 1, max: 1e8 }), fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e10 }))
    .map(([first, max, giveUpAfter]) => ({ first, max, giveUpAfter, warnAfter: 0 }));
  const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });

  test('the next attempt is never in the past, never past the deadline, never further than the longest pause', () => {
    fc.assert(
      fc.property(settings, fc.nat(1e6), fc.nat(), fc.nat(), random, (retry, attempts, createdAt, age, random) => {
        const now = createdAt + age;
        const next = nextAttempt({ createdAt, attempts }, now, retry, random);
        if (age >= retry.giveUpAfter) {
          expect(next).toBeNull();
          return;
        }
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next).toBeLessThanOrEqual(Math.min(now + retry.max, createdAt + retry.giveUpAfter));
      }),
    );
  });

  test('pauses never grow shorter with more attempts', () => {
    fc.assert(
      fc.property(settings, fc.nat(2_000), (retry, attempts) => {
        expect(longestPause(attempts + 1, retry)).toBeGreaterThanOrEqual(longestPause(attempts, retry));
      }),
    );
  });
});
