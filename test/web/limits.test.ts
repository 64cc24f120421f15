import { expect, test } from 'vitest';
import { createLimiter, networkKey } from '../../src/web/limits.ts';

test('counts per key within a window, and says how long to wait', () => {
  let now = 1000;
  const limiter = createLimiter(2, 500, () => now);
  limiter.count('a');
  expect(limiter.waitFor('a')).toBe(0);
  now += 100;
  limiter.count('a');
  expect([limiter.waitFor('a'), limiter.waitFor('b')]).toEqual([400, 0]);
  now += 400;
  expect(limiter.waitFor('a')).toBe(0);
  limiter.count('a');
  expect(limiter.waitFor('a')).toBe(0);
});

test('forgets the oldest keys rather than grow', () => {
  const limiter = createLimiter(1, 1000, () => 0, 3);
  for (const key of ['a', 'b', 'c', 'd']) limiter.count(key);
  expect(['a', 'b', 'c', 'd'].map((key) => limiter.waitFor(key))).toEqual([0, 1000, 1000, 1000]);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s is counted as %s', (address, key) => {
  expect(networkKey(address)).toBe(key);
});
