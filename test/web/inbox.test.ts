/** The list of conversations: whose they are, and that seeing them opens nothing. */
import { expect, test } from 'vitest';
import { Client, startSite } from './site.ts';

const letter = (subject: string, id: string): string =>
  `From: Anna <anna@corp.example>\r\nSubject: ${subject}\r\nMessage-ID: <${id}@corp.example>\r\n\r\nx\r\n`;

test('without a proof there is none', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.arrive(await site.publish(letter('Secret', 'a')));
  const answer = await client.get('/inbox');
  expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in']);
});

test('what waits at the proved addresses, newest first, and nothing of others', async () => {
  await using site = await startSite();
  const first = await site.publish(letter('Oldest', 'a'));
  site.clock.now += 60_000;
  await site.publish(letter('Newer', 'b'));
  site.clock.now += 60_000;
  const last = await site.publish(letter('Newer, again', 'b'));
  await site.publish(letter('For Kim', 'c'), { recipient: 'kim@clinic.example' });
  await site.publish(letter('Of another tenant', 'd'), { tenant: 'other' });
  await site.publish(letter('Demands more', 'e'), { demand: 'passkey' });
  const client = new Client(site);
  await client.open(first);
  await client.get(`/d/${first.deliveryId}`);
  const { text } = await client.get('/inbox');
  expect(text).not.toMatch(/For Kim|Of another tenant|Demands more/);
  expect(text.indexOf('Newer, again')).toBeGreaterThan(0);
  expect(text.indexOf('Newer, again')).toBeLessThan(text.indexOf('Oldest'));
  expect(text).toContain('2 new · 2 messages');
  expect(text).toContain('Protected message');
  expect((await site.store.portal.byDelivery(last.deliveryId, site.clock.now))?.delivery.state).toBe('waiting');
});

test('from a page that is none the way leads back here, for who has messages here', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.arrive(await site.publish(letter('Mine', 'a')));
  const missing = ['/nothing', '/join/none', '/d/none', '/d/none/new-code'];
  for (const path of missing) expect((await client.get(path)).text).not.toContain('href="/inbox"');
  await client.open(await site.publish(letter('Mine', 'b')));
  for (const path of missing) {
    const answer = await client.get(path);
    expect([403, 404, 405]).toContain(answer.status);
    expect(answer.text).toContain('href="/inbox"');
  }
});

test.each(['0', '-1', 'x', '9'.repeat(30), "1' or 1=1", '1.x', `1.${'0'.repeat(36)}`])(
  'before=%s is no trouble',
  async (before) => {
    await using site = await startSite();
    const client = new Client(site);
    await client.open(await site.publish(letter('Mine', 'a')));
    expect((await client.get(`/inbox?before=${encodeURIComponent(before)}`)).status).toBe(200);
  },
);

test('older ones are on the next page', async () => {
  await using site = await startSite();
  const published = [];
  for (let nth = 0; nth < 52; nth += 1) {
    published.push(await site.publish(letter(`Nth ${nth}.`, `${nth}`)));
    site.clock.now += 1_000;
  }
  const client = new Client(site);
  const [any] = published;
  if (any === undefined) throw new Error('52 were published');
  await client.open(any);
  const page = await client.get('/inbox');
  expect(page.text.match(/Nth \d+\./g)).toHaveLength(50);
  const older = /href="(\/inbox\?before=[^"]+)"/.exec(page.text)?.[1] ?? '';
  expect((await client.get(older)).text.match(/Nth \d+\./g)).toEqual(['Nth 1.', 'Nth 0.']);
});

test('leads to writing, and every room of one’s own leads back to it', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.open(await site.publish(letter('Mine', 'a')));
  for (const room of ['/write', '/drafts', '/account']) {
    expect((await client.get('/inbox')).text).toContain(`href="${room}"`);
    expect((await client.get(room)).text).toContain('href="/inbox"');
  }
});

test('does not lead to writing where nobody may', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.open(await site.publish(letter('Mine', 'a'), { tenant: 'other' }));
  expect((await client.get('/inbox')).text).not.toMatch(/\/write|\/drafts/);
});
