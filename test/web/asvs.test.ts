/**
 * The table of OWASP ASVS 5.0 beside the portal (src/web/ASVS.md) is whole and true: every requirement of levels 1 and 2 stands in it once, and every file and
 * test it names exists. And a few behaviours that the table asks for and no other test had.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { newsletter } from './samples.ts';
import { Client, startSite } from './site.ts';

const root = new URL('../../', import.meta.url);
const file = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Numbers of levels 1 and 2, chapters 1 to 16, as chapter.section: what follows the last dot. */
const requirements: Readonly<Record<string, string>> = {
  '1.1': '1 2',
  '1.2': '1 2 3 4 5 6 7 8 9',
  '1.3': '1 2 3 4 5 6 7 8 9 10 11',
  '1.4': '1 2 3',
  '1.5': '1 2',
  '2.1': '1 2 3',
  '2.2': '1 2 3',
  '2.3': '1 2 3 4',
  '2.4': '1',
  '3.2': '1 2',
  '3.3': '1 2 3 4',
  '3.4': '1 2 3 4 5 6',
  '3.5': '1 2 3 4 5',
  '3.7': '1 2',
  '4.1': '1 2 3',
  '4.2': '1',
  '4.3': '1 2',
  '4.4': '1 2 3 4',
  '5.1': '1',
  '5.2': '1 2 3',
  '5.3': '1 2',
  '5.4': '1 2 3',
  '6.1': '1 2 3',
  '6.2': '1 2 3 4 5 6 7 8 9 10 11 12',
  '6.3': '1 2 3 4',
  '6.4': '1 2 3 4',
  '6.5': '1 2 3 4 5',
  '6.6': '1 2 3',
  '6.8': '1 2 3 4',
  '7.1': '1 2 3',
  '7.2': '1 2 3 4',
  '7.3': '1 2',
  '7.4': '1 2 3 4 5',
  '7.5': '1 2',
  '7.6': '1 2',
  '8.1': '1 2',
  '8.2': '1 2 3',
  '8.3': '1',
  '8.4': '1',
  '9.1': '1 2 3',
  '9.2': '1 2 3 4',
  '10.1': '1 2',
  '10.2': '1 2',
  '10.3': '1 2 3 4',
  '10.4': '1 2 3 4 5 6 7 8 9 10 11',
  '10.5': '1 2 3 4 5',
  '10.6': '1 2',
  '10.7': '1 2 3',
  '11.1': '1 2',
  '11.2': '1 2 3',
  '11.3': '1 2 3',
  '11.4': '1 2 3 4',
  '11.5': '1',
  '11.6': '1',
  '12.1': '1 2 3',
  '12.2': '1 2',
  '12.3': '1 2 3 4',
  '13.1': '1',
  '13.2': '1 2 3 4 5',
  '13.3': '1 2',
  '13.4': '1 2 3 4 5',
  '14.1': '1 2',
  '14.2': '1 2 3 4',
  '14.3': '1 2 3',
  '15.1': '1 2 3',
  '15.2': '1 2 3',
  '15.3': '1 2 3 4 5 6 7',
  '16.1': '1',
  '16.2': '1 2 3 4 5',
  '16.3': '1 2 3 4',
  '16.4': '1 2 3',
  '16.5': '1 2 3',
};

type Row = { readonly numbers: readonly string[]; readonly how: string };

const rows: readonly Row[] = file('src/web/ASVS.md')
  .split('\n')
  .flatMap((line) => {
    const [, numbers = '', , how = ''] = line.split('|').map((cell) => cell.trim());
    return /^\d/.test(numbers) ? [{ numbers: numbers.split(', '), how }] : [];
  });

test('every requirement stands there once', () => {
  const all = Object.entries(requirements).flatMap(([section, last]) =>
    last.split(' ').map((one) => `${section}.${one}`),
  );
  expect(all).toHaveLength(246);
  expect(rows.flatMap(({ numbers }) => numbers).toSorted()).toEqual(all.toSorted());
});

test('every row names a test, or says why there is none', () => {
  const silent = rows.filter(({ how }) => !/^(?:By design|Not applicable|Gap[^:]*): ./.test(how) && !named(how).length);
  expect(silent).toEqual([]);
});

test('every test and every file that it names exists', () => {
  const missing = rows.flatMap(({ numbers, how }) => [
    ...named(how).flatMap(([path, name]) => (has(path, name) ? [] : [`${numbers.join()}: ${path} "${name}"`])),
    ...[...how.matchAll(/`([a-z]+\/[^`]*)`/g)].flatMap(([, path = '']) =>
      existsSync(new URL(path, root)) ? [] : [`${numbers.join()}: ${path}`],
    ),
  ]);
  expect(missing).toEqual([]);
});

/** Files with the names of tests, or of rows in their tables. */
function named(how: string): (readonly [string, string])[] {
  return [...how.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map(([, path = '', name = '']) => [path, name] as const);
}

function has(path: string, name: string): boolean {
  if (!existsSync(new URL(path, root))) return false;
  const text = file(path);
  return ["'", '"', '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

test('with TLS of our own, what a client says of its address counts for nothing', async () => {
  await using site = await startSite();
  const client = new Client(site);
  const statuses: number[] = [];
  for (let visit = 0; visit < 31; visit++) {
    const headers = { 'x-forwarded-for': `192.0.2.${visit}`, 'x-real-ip': `192.0.2.${visit}` };
    statuses.push((await client.get(`/m/${String(visit).padStart(43, 'a')}`, headers)).status);
  }
  expect(statuses.slice(0, 30)).toEqual(Array(30).fill(404));
  expect(statuses[30]).toBe(429);
  expect(site.events).toMatchObject([{ kind: 'portal.limited', client: '127.0.0.1' }]);
});

test('every answer with a body says what it is', async () => {
  await using site = await startSite();
  const client = new Client(site);
  const base = await client.open(await site.publish(newsletter));
  const types: Record<string, RegExp> = {
    '/': /^text\/html; charset=UTF-8$/i,
    [base]: /^text\/html; charset=UTF-8$/i,
    [`${base}/html`]: /^text\/html; charset=UTF-8$/i,
    [`${base}/message.eml`]: /^application\/octet-stream$/,
    '/style.css': /^text\/css; charset=utf-8$/,
    '/assets/page.js': /^text\/javascript; charset=utf-8$/,
    '/icon.svg': /^image\/svg\+xml$/,
    '/healthz': /^text\/plain; ?charset=UTF-8$/i,
    '/no/such/page': /^text\/html; charset=UTF-8$/i,
  };
  for (const [path, type] of Object.entries(types))
    expect((await client.get(path)).headers['content-type'], path).toMatch(type);
});
