/** Coming by invitation without a script: by password or authenticator app, once, under one's own name. */
import { Secret, TOTP } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { newsletter, plainLetter } from './samples.ts';
import { type Answer, Client, type Site, startSite } from './site.ts';

const robin = { tenant: 'corp', address: 'robin@clinic.example' };
const password = 'tjuv-kloster-77-lampa';
const again = password;

/** Invites Kim; the path in the letter. */
async function invited(site: Site): Promise<string> {
  const owner = new Client(site);
  await owner.open(await site.publish(plainLetter));
  await owner.press('/account/password', '/account/password', { password, again, name: 'Robin' });
  await owner.press('/account', '/account/invite', { ...robin, name: 'Kim', to: 'kim@home.example' });
  const text = site.mails.at(-1)?.bytes.toString().replaceAll(/=\r\n/g, '').replaceAll('=3D', '=') ?? '';
  return /\/join\/[A-Za-z0-9_.-]+/.exec(text)?.[0] ?? '';
}

const members = async (site: Site): Promise<string[]> =>
  (await site.store.portal.members(robin)).map(({ name, role, methods }) => `${name} ${role} ${methods.join()}`).sort();

async function byPassword(client: Client, path: string, more: Record<string, string> = {}): Promise<Answer> {
  await client.get(path);
  return client.press('/join/password', '/join/password', { password, again, name: 'Kim de Vries', ...more });
}

async function byApp(site: Site, client: Client, path: string, code?: string): Promise<Answer> {
  await client.get(path);
  const { text } = await client.get('/join/authenticator');
  const key = /<code class="secret"[^>]*>([A-Z2-7 ]+)<\/code>/.exec(text)?.[1]?.replaceAll(' ', '') ?? '';
  const shown = new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: site.clock.now });
  const typed = { code: code ?? shown, name: 'Kim de Vries' };
  return client.press('/join/authenticator', '/join/authenticator', typed);
}

describe('joining', () => {
  test.each([
    ['password', 'password-set'],
    ['authenticator', 'authenticator-added'],
  ] as const)('by %s makes a member who reads, and the link is used up', async (way, said) => {
    await using site = await startSite();
    const path = await invited(site);
    const kim = new Client(site);
    await kim.get(path);
    expect((await kim.get('/join')).text).toContain(`href="/join/${way}"`);
    const answer = way === 'password' ? await byPassword(kim, path) : await byApp(site, kim, path);
    expect(answer.headers.location).toBe(`/account?said=${said}`);
    expect(await members(site)).toEqual([`Kim de Vries member ${way}`, 'Robin owner password']);
    const message = await site.publish(newsletter);
    expect((await kim.get(`/d/${message.deliveryId}`)).text).toContain('laboratory');
    expect(site.events.filter(({ kind }) => kind === 'portal.enrolled')).toMatchObject([
      { reader: 'Robin' },
      { reader: 'Kim de Vries', method: way },
    ]);
    expect((await new Client(site).get(path)).status).toBe(404);
    for (const late of ['/join', '/join/password', '/join/authenticator'])
      expect((await kim.get(late)).status).toBe(404);
  });

  test('takes one of two who come at once', async () => {
    await using site = await startSite();
    const path = await invited(site);
    const clients = [new Client(site), new Client(site)];
    await Promise.all(clients.map((client) => client.get(path)));
    const forms = await Promise.all(clients.map((client) => client.formToken('/join/password')));
    const answers = await Promise.all(
      clients.map((client, index) => client.post('/join/password', { form: forms[index] ?? '', password, again })),
    );
    expect(answers.map(({ status }) => `${status}`).sort()).toEqual(['303', '404']);
    expect(await members(site)).toEqual(['Kim member password', 'Robin owner password']);
  });

  test.each([
    ['a short password', (kim: Client, path: string) => byPassword(kim, path, { password: 'x', again: 'x' }), 422],
    ['two that differ', (kim: Client, path: string) => byPassword(kim, path, { again: 'y' }), 422],
    ['a form of another browser', (kim: Client, path: string) => byPassword(kim, path, { form: 'x' }), 403],
    ['a link that was altered', (kim: Client, path: string) => byPassword(kim, `${path}x`), 404],
    [
      'another site',
      async (kim: Client, path: string) => {
        await kim.get(path);
        return kim.post('/join/password', {}, { 'sec-fetch-site': 'none' });
      },
      403,
    ],
  ])('%s makes nobody', async (_, come, status) => {
    await using site = await startSite();
    const path = await invited(site);
    const kim = new Client(site);
    const answer = await come(kim, path);
    // A link that opens nothing has no form either.
    expect([status, 403]).toContain(answer.status);
    expect(await members(site)).toEqual(['Robin owner password']);
    expect((await byPassword(kim, path)).status).toBe(303);
  });

  test('a wrong code of the app shows the same key again, and looking changes nothing', async () => {
    await using site = await startSite();
    const path = await invited(site);
    const kim = new Client(site);
    expect((await byApp(site, kim, path, '000000')).status).toBe(422);
    for (let visit = 0; visit < 3; visit += 1) {
      const other = new Client(site);
      await other.get(path);
      await other.get('/join/authenticator');
    }
    expect(await members(site)).toEqual(['Robin owner password']);
    expect((await byApp(site, kim, path)).status).toBe(303);
  });
});
