/** Conversations: the messages of a thread, for who may read them, and for nobody else. */
import { expect, test } from 'vitest';
import { Client, type Published, type Site, startSite } from './site.ts';

const letter = (subject: string, text: string): string =>
  `From: Anna <anna@corp.example>\r\nSubject: ${subject}\r\nMessage-ID: <thread@corp.example>\r\n\r\n${text}\r\n`;

/** Three messages of one thread, a minute apart. */
async function three(site: Site, options: Partial<Parameters<Site['publish']>[1]> = {}): Promise<Published[]> {
  const published: Published[] = [];
  for (const nth of ['First', 'Second', 'Third']) {
    published.push(await site.publish(letter(`${nth} subject`, `${nth} text`), options));
    site.clock.now += 60_000;
  }
  return published;
}

const stateOf = async (site: Site, { deliveryId }: Published): Promise<string | undefined> =>
  (await site.store.portal.byDelivery(deliveryId, site.clock.now))?.delivery.state;

test('oldest to newest around the open one; the others are opened when a person opens them', async () => {
  await using site = await startSite();
  const all = await three(site);
  const [first, second, third] = all;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were published');
  const client = new Client(site);
  const path = await client.open(second);
  const { text } = await client.get(path);
  const at = ['1 earlier', 'First subject', '<h1', 'Second text', '1 later', 'Third subject'].map((said) =>
    text.replace('One earlier', '1 earlier').replace('One later', '1 later').indexOf(said),
  );
  expect(at).toEqual(at.toSorted((a, b) => a - b));
  expect(at[0]).toBeGreaterThan(0);
  expect(text).not.toMatch(/First text|Third text/);
  expect(await Promise.all(all.map((one) => stateOf(site, one)))).toEqual(['waiting', 'opened', 'waiting']);
  const earlier = await client.get(`/d/${first.deliveryId}`);
  expect(earlier.text).toContain('First text');
  expect(await Promise.all(all.map((one) => stateOf(site, one)))).toEqual(['opened', 'opened', 'waiting']);
  expect(site.events.filter(({ kind }) => kind === 'delivery.opened')).toHaveLength(2);
});

test('HEAD, and GET without a proof, open nothing and name nothing', async () => {
  await using site = await startSite();
  const [first] = await three(site);
  if (first === undefined) throw new Error('three were published');
  const scanner = new Client(site);
  const path = await scanner.arrive(first);
  for (const method of ['HEAD', 'GET'] as const)
    expect((await scanner.send(method, path)).text).not.toMatch(/subject|text\b/);
  const reader = new Client(site);
  await reader.open(first);
  expect(await stateOf(site, first)).toBe('waiting');
  await reader.send('HEAD', path);
  expect(await stateOf(site, first)).toBe('waiting');
});

test('nobody sees messages of other people, of other tenants, or that demand more', async () => {
  await using site = await startSite();
  const mine = await site.publish(letter('Mine', 'x'));
  await site.publish(letter('Also mine', 'x'));
  await site.publish(letter('For Kim', 'x'), { recipient: 'kim@clinic.example' });
  await site.publish(letter('Of another tenant', 'x'), { tenant: 'other' });
  await site.publish(letter('Demands a passkey', 'x'), { demand: 'passkey' });
  await site.publish(letter('Gone', 'x'), { keepFor: -1 });
  const client = new Client(site);
  const { text } = await client.get(await client.open(mine));
  expect(text).toContain('Also mine');
  expect(text).toContain('Protected message');
  expect(text).not.toMatch(/For Kim|Of another tenant|Demands a passkey|Gone/);
});

test('who reads several addresses sees a message to all of them once', async () => {
  await using site = await startSite();
  const mine = await site.publish(letter('To me', 'x'));
  const office = await site.publish(letter('To the office', 'x'), { recipient: 'office@clinic.example' });
  const client = new Client(site);
  await client.open(mine);
  expect((await client.get(`/d/${mine.deliveryId}`)).text).not.toContain('To the office');
  await client.open(office);
  expect((await client.get(`/d/${mine.deliveryId}`)).text).toContain('To the office');
});
