/** What tries to cost more than it may ends with a result that says so, or with a clear one; test/bench/scan.ts has the times. */
import { afterAll, expect, test } from 'vitest';
import { createScanPool } from '../../src/scan/pool.ts';
import { bombs } from './bomb-files.ts';
import { jobOf, message, part, scanOf } from './messages.ts';

const mega = 1_048_576;
/** Shorter than in the gateway, so that the test need not wait. */
const limits = { time: { base: 400, perMegabyte: 30, most: 2_000 }, memory: { heap: 64 * mega, outside: 24 * mega } };
const pool = createScanPool({ size: 2, limits });
afterAll(() => pool.close());

test.each(Object.entries(bombs))('%s', async (_name, { ends, make }) => {
  const job = jobOf(make());
  const { blind } = await pool.scan(job);
  const limited = blind.some(({ doubt }) => doubt === 'limits' || doubt === 'content') || job.structure.exceeded;
  if (ends !== 'either') expect(limited).toBe(ends === 'blind');
  expect(blind.every(({ doubt }) => doubt !== 'password')).toBe(true);
});

test('after all of them a message is looked through as ever', async () => {
  const octets = message(part('Content-Type: text/plain', 'Her SSN: 536-90-4399 as agreed.'));
  expect(await scanOf(pool, octets)).toMatchObject({ findings: [{ kind: 'ssn' }], blind: [] });
});
