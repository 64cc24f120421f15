/** Sessions, and requests forged from elsewhere; threats T-33 and T-36. */
import { describe, expect, test } from 'vitest';
import { newsletter, plainLetter } from './samples.ts';
import { Client, startSite } from './site.ts';

const cookie = '__Host-portal';
const minute = 60_000;

describe('T-33', () => {
  test('one cookie: of this host, hidden from scripts, and its secret never stored', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const answer = await client.get(`/m/${(await site.publish(plainLetter)).token}`);
    const lines = answer.headers['set-cookie'] ?? [];
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^__Host-portal=[^;]+; Max-Age=28800; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const [secret = ''] = (client.cookies.get(cookie) ?? '').split('.');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });

  test('the secret changes with the proof: what was planted or seen before opens nothing', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const victim = new Client(site);
    const path = await victim.arrive(message);
    await victim.press(path, `${path}/new-code`);
    const seen = new Client(site);
    for (const [name, value] of victim.cookies) seen.cookies.set(name, value);
    await victim.press(`${path}/code`, `${path}/code`, { code: site.lastCode() });
    expect((await victim.get(`${path}/message.eml`)).status).toBe(200);
    expect((await seen.get(`${path}/message.eml`)).status).toBe(403);
    expect((await seen.get('/account')).status).toBe(403);
  });

  test('ends half an hour after the last request, and eight hours after the first', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.open(message);
    site.clock.now += 29 * minute;
    expect((await client.get(`${path}/message.eml`)).status).toBe(200);
    site.clock.now += 31 * minute;
    expect((await client.get(`${path}/message.eml`)).status).toBe(403);

    const again = new Client(site);
    await again.open(message);
    for (let passed = 0; passed < 8 * 60; passed += 20) {
      expect((await again.get(`${path}/message.eml`)).status, `after ${passed} minutes`).toBe(200);
      site.clock.now += 20 * minute;
    }
    expect((await again.get(`${path}/message.eml`)).status).toBe(403);
  });

  test('signing out ends the session on the server, not only in the browser', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await client.open(await site.publish(plainLetter));
    const copy = new Client(site);
    for (const [name, value] of client.cookies) copy.cookies.set(name, value);
    await client.press(path, `${path}/sign-out`);
    expect(client.cookies.size).toBe(0);
    expect((await copy.get(`${path}/message.eml`)).status).toBe(403);
    expect((await copy.get('/account')).status).toBe(403);
    expect(site.events.at(-1)).toMatchObject({ kind: 'portal.signedOut', sessions: 1 });
  });

  test('sessions are listed, one by one ended from another browser, and all at once', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const clients = [new Client(site), new Client(site), new Client(site)];
    const [here, there, elsewhere] = clients;
    if (here === undefined || there === undefined || elsewhere === undefined) throw new Error('three were made');
    for (const client of clients) {
      await client.open(message);
      site.clock.now += minute;
    }
    const path = `/d/${message.deliveryId}/message.eml`;
    const page = await here.get('/account');
    const ids = [...page.text.matchAll(/name="id" value="([0-9a-f-]{36})"/g)].map((match) => match[1] ?? '');
    expect(ids).toHaveLength(2);
    await here.press('/account', '/account/session/end', { id: ids[0] ?? '' });
    const left = [(await there.get(path)).status, (await elsewhere.get(path)).status];
    expect(left.toSorted((a, b) => a - b)).toEqual([200, 403]);
    await here.press('/account', '/account/session/end-all');
    expect([(await there.get(path)).status, (await elsewhere.get(path)).status]).toEqual([403, 403]);
    expect((await here.get(path)).status).toBe(200);
  });

  test('another person’s session cannot be ended by its id', async () => {
    await using site = await startSite();
    const mine = new Client(site);
    const theirs = new Client(site);
    await mine.open(await site.publish(plainLetter));
    const other = await site.publish(plainLetter, { recipient: 'eve@clinic.example' });
    const path = await theirs.open(other);
    const [line] = await site.store.portal.sessionsOf(
      { tenant: 'corp', address: 'eve@clinic.example', member: null },
      site.clock.now,
    );
    await mine.press('/account', '/account/session/end', { id: line?.id ?? '' });
    await mine.press('/account', '/account/session/end-all');
    expect((await theirs.get(path)).status).toBe(200);
  });

  test('altered cookies are nobody’s', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const path = await client.open(message);
    const value = client.cookies.get(cookie) ?? '';
    const parts = value.split('.');
    const forgeries = [
      '',
      '.',
      `${value}.`,
      value.replace(/.$/, '!'),
      [`${parts[0]}x`, ...parts.slice(1)].join('.'),
      [parts[0], 'zzzzzzzz', ...parts.slice(2)].join('.'),
      [...parts.slice(0, -1), 'A'.repeat(43), parts.at(-1)].join('.'),
      `${parts[0]}.${parts.at(-1)}`,
    ];
    for (const forged of forgeries) {
      const forger = new Client(site);
      forger.cookies.set(cookie, forged);
      for (const room of ['', '/html', '/attachment/2', '/message.eml', '/code'])
        expect((await forger.get(path + room)).status, forged).toBe(403);
    }
  });

  test('one proof opens every message to the address, and none to another or at another tenant', async () => {
    await using site = await startSite();
    const first = await site.publish(plainLetter);
    const second = await site.publish(newsletter);
    const elsewhere = await site.publish(newsletter, { recipient: 'eve@clinic.example' });
    const tenant = await site.publish(newsletter, { tenant: 'other' });
    const client = new Client(site);
    await client.open(first);
    expect((await client.get(`/d/${second.deliveryId}`)).text).toContain('laboratory');
    expect((await client.get(`/d/${elsewhere.deliveryId}`)).status).toBe(403);
    expect((await client.get(`/d/${tenant.deliveryId}`)).status).toBe(403);
    // With its link they see that it waits, and no more.
    const door = await client.get(await client.arrive(tenant));
    expect(door.text).toContain('r***@clinic.example');
    expect(door.text).not.toContain('laboratory');
  });

  test('a browser that brought very many links forgets the oldest, and its requests still fit', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const paths: string[] = [];
    for (let count = 0; count < 24; count += 1) {
      const recipient = `robin${count}@clinic.example`;
      paths.push(await client.arrive(await site.publish(plainLetter, { recipient })));
    }
    expect((await client.get(paths[0] ?? '')).status).toBe(403);
    expect((await client.get(paths.at(-1) ?? '')).status).toBe(200);
  });
});

describe('T-36: a request forged from elsewhere does nothing', () => {
  test.each([
    ['cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['same-site', { 'sec-fetch-site': 'same-site' }],
    ['typed', { 'sec-fetch-site': 'none' }],
    ['no form token', {}],
  ] as const)('%s', async (_, headers) => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.arrive(message);
    await client.press(path, `${path}/new-code`);
    const form = Object.keys(headers).length === 0 ? '' : await client.formToken(path);
    for (const action of ['code', 'new-code', 'sign-out', 'passphrase', 'passkey', 'passkey/options', 'colleague']) {
      const answer = await client.post(`${path}/${action}`, { form, code: site.lastCode() }, headers);
      expect([action, answer.status]).toEqual([action, 403]);
    }
    expect(site.mails).toHaveLength(1);
  });

  test('by an old browser, seen by its Origin', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await client.arrive(await site.publish(plainLetter));
    const body = new URLSearchParams({ form: await client.formToken(path) }).toString();
    const headers = { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await client.send('POST', `${path}/new-code`, headers, body)).status).toBe(403);
    expect(site.mails).toEqual([]);
  });

  test('with a form token of another browser', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const attacker = new Client(site);
    const path = await attacker.arrive(message);
    const form = await attacker.formToken(path);
    const victim = new Client(site);
    await victim.arrive(message);
    expect((await victim.post(`${path}/new-code`, { form })).status).toBe(403);
    expect(site.mails).toEqual([]);
  });
});
