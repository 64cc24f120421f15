/** How the portal learns how people like to be written to, and uses it. */
import { expect, test } from 'vitest';
import { plainLetter } from './samples.ts';
import { Client, startSite } from './site.ts';

const address = 'robin@clinic.example';

test('the language a message was read in is kept for letters to its address; the last one counts', async () => {
  await using site = await startSite();
  const client = new Client(site);
  const path = await client.open(await site.publish(plainLetter));
  const { greetings } = site.store;
  for (const language of ['de', 'fr', 'de'] as const) {
    await client.get(path, { 'accept-language': language });
    expect((await greetings.of({ tenant: 'corp', address })).language).toBe(language);
  }
});

test('a scanner at the front door teaches nothing', async () => {
  await using site = await startSite();
  const message = await site.publish(plainLetter);
  const scanner = new Client(site);
  await scanner.get(`/m/${message.token}`, { 'accept-language': 'de' });
  const door = await scanner.get(`/d/${message.deliveryId}`, { 'accept-language': 'de' });
  expect(door.text).toContain('<html lang="de">');
  expect(await site.store.greetings.of({ tenant: 'corp', address })).toEqual({ language: null, phrase: null });
});

test('a phrase of one’s own is in the next code and behind the next link, and goes when it is emptied', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.open(await site.publish(plainLetter));
  const say = async (phrase: string): Promise<void> => {
    const form = await client.formToken('/account');
    const answer = await client.post('/account/phrase', { form, tenant: 'corp', address, phrase });
    expect(answer.headers.location).toBe('/account?said=phrase-saved');
  };
  await say(' Blue\ttulips\r\n in <May> ');
  expect((await client.get('/account')).text).toContain('value="Blue tulips in &lt;May&gt;"');

  const other = new Client(site);
  const next = await site.publish(plainLetter);
  await other.get(`/m/${next.token}`);
  expect((await other.get(`/d/${next.deliveryId}`)).text).toContain('<q>Blue tulips in &lt;May&gt;</q>');
  const door = await other.formToken(`/d/${next.deliveryId}`);
  await other.post(`/d/${next.deliveryId}/new-code`, { form: door });
  expect(site.mails.at(-1)?.bytes.toString()).toContain('Blue tulips in <May>');

  await say('');
  expect((await site.store.greetings.of({ tenant: 'corp', address })).phrase).toBeNull();
});

test('nobody sets the phrase of an address they have not proved', async () => {
  await using site = await startSite();
  const eve = new Client(site);
  await eve.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
  const form = await eve.formToken('/account');
  const answer = await eve.post('/account/phrase', { form, tenant: 'corp', address, phrase: 'Mine' });
  expect(answer.status).toBe(403);
  expect((await site.store.greetings.of({ tenant: 'corp', address })).phrase).toBeNull();
});
