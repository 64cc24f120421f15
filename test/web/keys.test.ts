/** People's own keys in the portal: what a form without scripts can do, what it says, and that nobody reaches the keys of another's address. T-20, T-36. */
import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/protect/openpgp.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { plainLetter } from './samples.ts';
import { type Answer, Client, type Site, startSite } from './site.ts';

const robin = { tenant: 'corp', address: 'robin@clinic.example' };
const eve = { tenant: 'corp', address: 'eve@clinic.example' };
const theirs = await generateKey({ email: robin.address });
const second = await generateKey({ email: robin.address });
const eves = await generateKey({ email: eve.address });
const { said, title, rights } = wordsIn.en.keys;
const password = 'tjuv-kloster-77-lampa';

type Given = { readonly file?: string | Buffer; readonly text?: string; readonly form?: string };

/** Sends the form as a browser does. */
async function give(
  client: Client,
  at: { readonly tenant: string; readonly address: string },
  given: Given,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = given.form ?? (await client.formToken('/account/keys'));
  return client.upload('/account/keys', { form, ...at, text: given.text ?? '' }, given.file ?? '', headers);
}

async function reading(site: Site, recipient = robin.address, tenant = 'corp'): Promise<Client> {
  const client = new Client(site);
  await client.open(await site.publish(plainLetter, { recipient, tenant }));
  return client;
}

async function named(site: Site): Promise<Client> {
  const client = await reading(site);
  await client.press('/account/password', '/account/password', { password, again: password, name: 'Robin' });
  return client;
}

const keysOf = (site: Site, { address }: { readonly address: string }) => site.store.keysFor(address);

describe('a key of one’s own', () => {
  test.each([
    ['as a file', { file: Buffer.from(theirs.binary) }],
    ['pasted', { text: theirs.publicKey }],
  ])('is given %s, listed, and taken back', async (_, given) => {
    await using site = await startSite();
    const client = await reading(site);
    expect((await client.get('/account')).text).toContain('href="/account/keys"');
    const answer = await give(client, robin, given);
    expect([answer.status, answer.headers.location]).toEqual([303, '/account/keys?said=accepted']);
    expect(await keysOf(site, robin)).toMatchObject([
      { state: 'trusted', trust: 'confirmed', source: 'portal', where: 'corp, proved by code' },
    ]);
    const { text } = await client.get('/account/keys?said=accepted');
    expect(text).toContain(said.accepted);
    expect(text).toContain(theirs.fingerprint.slice(-4).toUpperCase());
    const id = (await keysOf(site, robin))[0]?.id ?? '';
    expect(text).toContain(id);
    const gone = await client.press('/account/keys', '/account/keys/remove', { ...robin, id });
    expect(gone.headers.location).toBe('/account/keys?said=taken-back');
    expect(await keysOf(site, robin)).toMatchObject([{ state: 'rejected' }]);
    expect((await client.get('/account/keys')).text).not.toContain(id);
    expect(site.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['key.found', 'key.rejected']));
  });

  test('that differs from the known one waits', async () => {
    await using site = await startSite();
    const client = await reading(site);
    await give(client, robin, { text: theirs.publicKey });
    expect((await give(client, robin, { text: second.publicKey })).headers.location).toMatch(/said=waiting$/);
    expect((await keysOf(site, robin)).map(({ state }) => state)).toEqual(['trusted', 'pending']);
    expect(site.events.map(({ kind }) => kind)).toContain('key.changed');
    expect((await client.get('/account/keys?said=waiting')).text).toContain(said.waiting);
  });

  test.each([
    ['a private key', theirs.privateKey, said.private],
    ['the key of somebody else', eves.publicKey, said.elsewhere],
    ['a picture', '\x89PNG\r\n\x1a\n', said.unreadable],
    ['too much', 'x'.repeat(200_000), said.large],
    ['nothing', '', said.empty],
  ])('is refused in words when it is %s', async (_, file, words) => {
    await using site = await startSite();
    const client = await reading(site);
    const answer = await give(client, robin, { file });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(words.replaceAll("'", '&#39;'));
    expect(answer.text).not.toContain('PRIVATE');
    expect(await keysOf(site, robin)).toEqual([]);
  });

  test('takes what was set up at one tenant also from who comes by another: keys are the address’s', async () => {
    await using site = await startSite();
    const owner = await named(site);
    const thief = await reading(site, robin.address, 'other');
    expect((await give(thief, { ...robin, tenant: 'other' }, { text: second.publicKey })).status).toBe(403);
    expect(await keysOf(site, robin)).toEqual([]);
    expect((await give(owner, robin, { text: theirs.publicKey })).status).toBe(303);
    const id = (await keysOf(site, robin))[0]?.id ?? '';
    await thief.press('/account/keys', '/account/keys/remove', { ...robin, tenant: 'other', id });
    expect(await keysOf(site, robin)).toMatchObject([{ state: 'trusted' }]);
  });

  test('is what a form of ours brings: no other site, no other session, no endless one', async () => {
    await using site = await startSite();
    const client = await reading(site);
    const given = { text: theirs.publicKey };
    const other = await reading(site, eve.address);
    const answers = [
      await give(client, robin, given, { 'sec-fetch-site': 'cross-site' }),
      await give(client, robin, given, { 'sec-fetch-site': 'same-site' }),
      await give(client, robin, { ...given, form: '' }),
      await give(client, robin, { ...given, form: await other.formToken('/account/keys') }),
      await client.post('/account/keys', { ...robin, ...given, form: await client.formToken('/account/keys') }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect((await give(client, robin, { file: Buffer.alloc(1_100_000, 0x41) })).status).toBe(400);
    const cut = { 'content-type': 'multipart/form-data; boundary=other' };
    expect((await give(client, robin, given, cut)).status).toBe(400);
    expect(await keysOf(site, robin)).toEqual([]);
  });
});

describe('who may give one', () => {
  test('nobody for an address they did not prove, at this tenant', async () => {
    await using site = await startSite();
    const owner = await reading(site);
    await give(owner, robin, { text: theirs.publicKey });
    const [row] = await keysOf(site, robin);
    for (const client of [await reading(site, eve.address), await reading(site, robin.address, 'other')]) {
      expect((await give(client, robin, { text: second.publicKey })).status).toBe(403);
      const remove = await client.press('/account/keys', '/account/keys/remove', { ...robin, id: row?.id ?? '' });
      expect(remove.status).toBe(403);
    }
    const foreign = await reading(site, eve.address);
    await foreign.press('/account/keys', '/account/keys/remove', { ...eve, id: row?.id ?? '' });
    const stranger = new Client(site);
    expect((await give(stranger, robin, { text: second.publicKey, form: 'x' })).status).toBe(403);
    expect((await stranger.get('/account/keys')).status).toBe(403);
    expect(await keysOf(site, robin)).toEqual([row]);
  });

  test('where somebody is named, not who only reads the mailbox', async () => {
    await using site = await startSite();
    const owner = await named(site);
    const mailbox = await reading(site);
    expect((await give(mailbox, robin, { text: second.publicKey })).status).toBe(403);
    expect((await mailbox.get('/account/keys')).text).toContain(rights.no);
    expect(await keysOf(site, robin)).toEqual([]);
    expect((await give(owner, robin, { text: theirs.publicKey })).status).toBe(303);
    expect(await keysOf(site, robin)).toMatchObject([{ where: 'corp, proved by password' }]);
    const [row] = await keysOf(site, robin);
    await mailbox.press('/account/keys', '/account/keys/remove', { ...robin, id: row?.id ?? '' });
    expect(await keysOf(site, robin)).toEqual([row]);
  });

  test('only within an hour of the proof', async () => {
    await using site = await startSite();
    const client = await reading(site);
    for (let minutes = 0; minutes < 75; minutes += 25) {
      site.clock.now += 25 * 60_000;
      expect((await client.get('/account/keys')).text).toContain(title);
    }
    expect((await client.get('/account/keys')).text).toContain(rights.stale);
    expect((await give(client, robin, { text: theirs.publicKey })).status).toBe(403);
    expect(await keysOf(site, robin)).toEqual([]);
  });

  test('ten times an hour for one address, from however many browsers', async () => {
    await using site = await startSite();
    const clients = [await reading(site), await reading(site)];
    const statuses: number[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      const client = clients[turn % 2];
      if (client !== undefined) statuses.push((await give(client, robin, { text: 'no key' })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 422), 429, 429]);
  });
});
