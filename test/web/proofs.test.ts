/** The proofs besides a code by mail that need no script: password, authenticator app, passphrase; who may set them up, and what guessing gets. */
import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../src/protect/password.ts';
import { judgePassword } from '../../src/web/proof/password.ts';
import { newsletter, plainLetter } from './samples.ts';
import { type Answer, Client, type Site, startSite } from './site.ts';

const password = 'tjuv-kloster-77-lampa';
const robin = { tenant: 'corp', address: 'robin@clinic.example' };
const minute = 60_000;

/** Opens a message by code and sets a password. */
async function withPassword(site: Site, name = 'Robin'): Promise<Client> {
  const client = new Client(site);
  await client.open(await site.publish(plainLetter));
  await client.press('/account', '/account/name', { name });
  const answer = await client.press('/account/password', '/account/password', { password, again: password, name });
  expect(answer.headers.location).toBe('/account?said=password-set');
  return client;
}

/** Sets up an authenticator app as a person does: reads the key from the page, types what the app shows. */
async function withAuthenticator(site: Site, client: Client): Promise<(at: number) => string> {
  const page = await client.get('/account/authenticator');
  expect(page.text).toContain('<svg');
  const key = /<code class="secret"[^>]*>([A-Z2-7 ]+)<\/code>/.exec(page.text)?.[1]?.replaceAll(' ', '') ?? '';
  expect(key).toHaveLength(32);
  const app = new TOTP({ secret: Secret.fromBase32(key) });
  const show = (at: number): string => app.generate({ timestamp: at });
  const answer = await client.press('/account/authenticator', '/account/authenticator', {
    code: show(site.clock.now),
  });
  expect(answer.headers.location).toBe('/account?said=authenticator-added');
  return show;
}

const tryAt = async (client: Client, path: string, proof: string, secret: string): Promise<Answer> =>
  client.press(`${path}/${proof}`, `${path}/${proof}`, { secret });

describe('password', () => {
  test('opens the next message, on another device, and the trace has the name', async () => {
    await using site = await startSite();
    await withPassword(site);
    const next = await site.publish(newsletter);
    const client = new Client(site);
    const path = await client.arrive(next);
    expect((await client.get(path)).text).toContain(`${path}/password`);
    expect((await tryAt(client, path, 'password', 'wrong horse battery')).status).toBe(422);
    expect((await tryAt(client, path, 'password', password)).status).toBe(303);
    expect((await client.get(path)).text).toContain('laboratory');
    expect(site.events.findLast((event) => event.kind === 'delivery.opened')).toMatchObject({
      reader: 'Robin',
      proof: 'password',
    });
    const all = JSON.stringify([site.events, await site.store.listEvents(next.messageId)]);
    expect(all).not.toContain(password);
  });

  test('signs in without a message, by address; what is wrong is never said', async () => {
    await using site = await startSite();
    await withPassword(site);
    const at = '/sign-in/password';
    const attempt = (address: string, secret: string): Promise<Answer> =>
      new Client(site).press(at, at, { address, secret });
    const plain = ({ status, text }: Answer): [number, string] => [status, text.replaceAll(/value="[^"]*"/g, '')];
    const client = new Client(site);
    expect((await client.press(at, at, { address: 'Robin@Clinic.Example', secret: password })).status).toBe(303);
    expect((await client.get('/account')).text).toContain('robin@clinic.example');
    expect(plain(await attempt('nobody@clinic.example', password))).toEqual(
      plain(await attempt(robin.address, 'wrong horse battery')),
    );
  });

  test('guessing: a hundred at once get no more answers than ten, and others still get in', async () => {
    await using site = await startSite();
    await withPassword(site);
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const path = await client.arrive(message);
    const form = await client.formToken(`${path}/password`);
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await client.post(`${path}/password`, { form, secret: 'x' })).status),
    );
    expect(statuses.filter((status) => status === 422)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
    // From the same network the person is not locked out either: their mailbox opens it.
    const person = new Client(site);
    expect((await person.get(await person.open(message))).text).toContain('laboratory');
  });

  test.each([
    ['short', 'abc'],
    ['common', 'password1234'],
    ['common', 'Passw0rd!2026'],
    ['common', 'qwertyuiop123'],
    ['common', 'aaaaaaaaaaaaaaaa'],
    ['common', 'Sommer2026!!'],
    ['personal', 'robinclinic2026'],
    ['long', 'x1'.repeat(101)],
  ] as const)('%s: %s', (problem, given) => {
    expect(judgePassword(given, given, ['Robin', robin.address])).toBe(problem);
  });

  test.each([password, 'correct horse battery staple', 'zebra quilt 9 fjord', 'größte Überraschung am Mittwoch'])(
    '%s is good',
    (given) => {
      expect(judgePassword(given, given, ['Robin', robin.address])).toBeNull();
      expect(judgePassword(given, `${given}x`, [])).toBe('different');
    },
  );
});

describe('authenticator app', () => {
  test('opens a message that demands it; each code once, and clocks may be half a minute off', async () => {
    await using site = await startSite();
    const first = new Client(site);
    await first.open(await site.publish(plainLetter));
    const show = await withAuthenticator(site, first);
    const message = await site.publish(newsletter, { demand: 'authenticator' });
    const client = new Client(site);
    const path = await client.arrive(message);
    expect((await client.get(path)).text).not.toContain('new-code');
    // The code that set it up is used up.
    expect((await tryAt(client, path, 'authenticator', show(site.clock.now))).status).toBe(422);
    site.clock.now += minute;
    expect((await tryAt(client, path, 'authenticator', show(site.clock.now + 90_000))).status).toBe(422);
    const code = show(site.clock.now + 30_000);
    expect((await tryAt(client, path, 'authenticator', code)).status).toBe(303);
    expect((await client.get(path)).text).toContain('laboratory');
    const replay = new Client(site);
    expect((await tryAt(replay, await replay.arrive(message), 'authenticator', code)).status).toBe(422);
  });

  test('its secret is sealed, and another session sees another one', async () => {
    await using site = await startSite();
    const client = new Client(site);
    await client.open(await site.publish(plainLetter));
    const key = (page: Answer): string => /<code class="secret"[^>]*>([A-Z2-7 ]+)</.exec(page.text)?.[1] ?? '';
    const shown = key(await client.get('/account/authenticator'));
    expect(key(await client.get('/account/authenticator'))).toBe(shown);
    const other = new Client(site);
    await other.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    expect(key(await other.get('/account/authenticator'))).not.toBe(shown);
    await withAuthenticator(site, client);
    const [member] = await site.store.portal.members(robin);
    const [credential] = await site.store.portal.credentials(member?.id ?? '');
    expect(credential?.secret).not.toContain(shown.replaceAll(' ', ''));
  });
});

describe('passphrase agreed with the sender', () => {
  const agreed = async (question = '') => ({ question, hash: await hashPassword('blue canoe') });

  test('is asked for whatever else was shown, and opens this message only', async () => {
    await using site = await startSite();
    const passphrase = await agreed('What did we paddle?');
    const message = await site.publish(newsletter, { demand: 'passphrase', passphrase });
    const other = await site.publish(newsletter, { demand: 'passphrase', passphrase });
    const client = new Client(site);
    await client.open(await site.publish(plainLetter));
    const path = await client.arrive(message);
    expect((await client.get(path)).text).not.toContain('laboratory');
    expect((await client.get(`${path}/message.eml`)).status).toBe(403);
    expect((await client.get(`${path}/passphrase`)).text).toContain('What did we paddle?');
    expect((await tryAt(client, path, 'passphrase', 'red canoe')).status).toBe(422);
    expect((await tryAt(client, path, 'passphrase', ' Blue  CANOE ')).status).toBe(303);
    expect((await client.get(path)).text).toContain('laboratory');
    expect((await client.get(`/d/${other.deliveryId}/message.eml`)).status).toBe(403);
  });

  test('needs no account and no code, but the link', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter, { demand: 'passphrase', passphrase: await agreed() });
    const client = new Client(site);
    const path = await client.arrive(message);
    expect((await tryAt(client, path, 'passphrase', 'blue canoe')).status).toBe(303);
    expect((await client.get(path)).text).toContain('laboratory');
    expect(site.mails).toEqual([]);
    // It proved no address.
    expect((await client.get('/account')).status).toBe(403);
  });

  test('30 guesses at once get ten answers', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter, { demand: 'passphrase', passphrase: await agreed() });
    const client = new Client(site);
    const path = await client.arrive(message);
    const form = await client.formToken(`${path}/passphrase`);
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await client.post(`${path}/passphrase`, { form, secret: 'x' })).status),
    );
    expect(statuses.filter((status) => status === 422)).toHaveLength(10);
  });
});

describe('who may set up what', () => {
  test('where a rule demands more than anybody has, the mailbox comes first and setting it up is enough', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter, { demand: 'authenticator' });
    const client = new Client(site);
    const path = await client.open(message);
    const door = await client.get(path);
    expect(door.text).not.toContain('laboratory');
    expect(door.text).toContain('/account');
    await withAuthenticator(site, client);
    expect((await client.get(path)).text).toContain('laboratory');
  });

  test('who only reads the mailbox cannot become somebody once an owner is there', async () => {
    await using site = await startSite();
    await withPassword(site);
    const thief = new Client(site);
    await thief.open(await site.publish(plainLetter));
    for (const page of ['authenticator', 'password'])
      expect((await thief.get(`/account/${page}`)).headers.location).toBe('/account?said=stronger-proof-needed');
    const form = { password: 'zebra quilt 9 fjord', again: 'zebra quilt 9 fjord' };
    await thief.press('/account', '/account/password', form);
    const [only, ...others] = await site.store.portal.members(robin);
    expect([only?.methods, others]).toEqual([['password'], []]);
    const strict = await site.publish(newsletter, { demand: 'password' });
    expect((await thief.get(`/d/${strict.deliveryId}/message.eml`)).status).toBe(403);
  });

  test('who signed in by password cannot add to a person who has more', async () => {
    await using site = await startSite();
    const owner = await withPassword(site);
    const show = await withAuthenticator(site, owner);
    const weak = new Client(site);
    await weak.press('/sign-in/password', '/sign-in/password', { address: robin.address, secret: password });
    expect((await weak.get('/account/password')).headers.location).toBe('/account?said=stronger-proof-needed');
    site.clock.now += minute;
    const at = '/sign-in/authenticator';
    await weak.press(at, at, { address: robin.address, secret: show(site.clock.now) });
    expect((await weak.get('/account/password')).status).toBe(200);
  });

  test('a password that was changed or removed proves nothing any more, also where it was used', async () => {
    await using site = await startSite();
    const owner = await withPassword(site);
    const there = new Client(site);
    const at = '/sign-in/password';
    await there.press(at, at, { address: robin.address, secret: password });
    expect((await there.get('/account')).status).toBe(200);
    const fresh = 'zebra quilt 9 fjord';
    await owner.press('/account/password', '/account/password', { password: fresh, again: fresh });
    expect((await there.get('/account')).status).toBe(403);
    expect((await new Client(site).press(at, at, { address: robin.address, secret: password })).status).toBe(422);
    const [member] = await site.store.portal.members(robin);
    const [credential] = await site.store.portal.credentials(member?.id ?? '');
    await owner.press('/account', '/account/credential/remove', { id: credential?.id ?? '' });
    expect((await new Client(site).press(at, at, { address: robin.address, secret: fresh })).status).toBe(422);
  });

  test('one person joins several addresses they proved, and leaves them', async () => {
    await using site = await startSite();
    const client = await withPassword(site);
    const office = { tenant: 'corp', address: 'office@clinic.example' };
    await client.open(await site.publish(plainLetter, { recipient: office.address }));
    await client.press('/account', '/account/join', office);
    expect(await site.store.portal.members(office)).toMatchObject([{ role: 'owner', methods: ['password'] }]);
    const next = new Client(site);
    const at = '/sign-in/password';
    await next.press(at, at, { address: office.address, secret: password });
    const mail = await site.publish(newsletter, { recipient: office.address });
    expect((await next.get(`/d/${mail.deliveryId}`)).text).toContain('laboratory');
    await client.press('/account', '/account/leave', office);
    expect((await next.get(`/d/${mail.deliveryId}/message.eml`)).status).toBe(403);
    expect(await site.store.portal.members(office)).toEqual([]);
  });

  test('an owner invites by mail; the link is sealed, shows its page to anybody, and is nobody’s without a passkey', async () => {
    await using site = await startSite();
    const owner = await withPassword(site);
    const to = 'kim@home.example';
    const answer = await owner.press('/account', '/account/invite', { ...robin, name: 'Kim', to });
    expect(answer.headers.location).toBe('/account?said=invited');
    expect(site.mails.at(-1)).toMatchObject({ to });
    const text = site.mails.at(-1)?.bytes.toString().replaceAll(/=\r\n/g, '').replaceAll('=3D', '=') ?? '';
    const token = /\/join\/([A-Za-z0-9_.-]+)/.exec(text)?.[1] ?? '';
    const kim = new Client(site);
    expect((await kim.get(`/join/${token}`)).headers.location).toBe('/join');
    expect((await kim.get('/join')).text).toContain('robin@clinic.example');
    expect((await kim.get(`/join/${token.replace(/.$/, 'A')}x`)).status).toBe(404);
    const response = randomBytes(20).toString('hex');
    await kim.press('/join', '/join/passkey', { name: 'Kim', response });
    expect(await site.store.portal.members(robin)).toHaveLength(1);
    site.clock.now += 4 * 86_400_000;
    expect((await kim.get(`/join/${token}`)).status).toBe(404);
  });
});

test('a colleague is asked for once, by who may read, and the sender is not told who else was', async () => {
  await using site = await startSite();
  const message = await site.publish(newsletter);
  const client = new Client(site);
  const path = await client.open(message);
  for (const colleague of ['kim@clinic.example', 'kim@clinic.example', 'robin@clinic.example', 'nonsense'])
    await client.press(`${path}/colleague`, `${path}/colleague`, { colleague });
  expect(await site.store.portal.accessOf(message.deliveryId)).toMatchObject([
    { colleague: 'kim@clinic.example', askedBy: 'robin@clinic.example', state: 'asked' },
  ]);
  expect((await client.get(`${path}/colleague`)).text).toContain('kim@clinic.example');
});
