/** T-32: what guessing gets, however many sessions, networks, links and days somebody has, and that nobody is locked out by it. */
import { createHook } from 'node:async_hooks';
import { randomUUIDv7 } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { describe, expect, test, vi } from 'vitest';
import { hashPassword, TooManyPasswords, verifyPassword } from '../../src/protect/password.ts';
import { newsletter, plainLetter } from './samples.ts';
import { Client, type Published, type Site, startSite } from './site.ts';

const robin = 'robin@clinic.example';
const hour = 3_600_000;

/** The long code in the newest mail. */
function longCode(site: Site): string {
  return /^ {4}((?:\d{4} ){3}\d{4})\r$/m.exec(site.mails.at(-1)?.bytes.toString() ?? '')?.[1] ?? '';
}

/** Asks for a code in a browser of its own. */
async function ask(site: Site, message: Published, address: string): Promise<number> {
  const client = new Client(site, address);
  const path = await client.arrive(message);
  return (await client.press(path, `${path}/new-code`)).status;
}

describe('codes by mail', () => {
  test('six are mailed an hour, whoever asks, and the last of them lets the reader of the mailbox in', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const stranger = new Client(site, '127.0.0.2');
    const path = await stranger.arrive(message);
    await Promise.all(Array.from({ length: 40 }, (_, index) => ask(site, message, `127.0.1.${index}`)));
    expect(site.mails).toHaveLength(6);
    // Wrong ones of both lengths, more than any limit takes, from the network that the person is in.
    const form = await stranger.formToken(`${path}/code`);
    for (let index = 0; index < 80; index += 1)
      for (const code of ['000000', '0000 0000 0000 0000']) await stranger.post(`${path}/code`, { form, code });
    expect(site.events.filter(({ kind }) => kind === 'portal.codeWrong').length).toBeLessThan(130);
    // Without a cookie that came back they leave no session behind, whatever was typed.
    const begun = vi.spyOn(site.store.portal, 'beginSession');
    const fresh = new Client(site, '127.0.0.3');
    await fresh.arrive(message);
    for (const code of ['0000 0000 0000 0000', 'none']) await fresh.press(`${path}/code`, `${path}/code`, { code });
    expect(begun).not.toHaveBeenCalled();
    const person = new Client(site, '127.0.0.2');
    await person.arrive(message);
    const asked = await person.press(path, `${path}/new-code`);
    expect([asked.status, asked.headers.location]).toEqual([303, `${path}/code`]);
    expect((await person.get(`${path}/code`)).text).toContain('Sixteen-digit code');
    const mistyped = await person.press(`${path}/code`, `${path}/code`, { code: '1'.repeat(16) });
    expect(mistyped.text).toContain('as often as you need');
    expect((await person.press(`${path}/code`, `${path}/code`, { code: longCode(site) })).status).toBe(303);
    expect((await person.get(path)).text).toContain('Just a line');
    // It worked once, and whoever came in made room for another.
    expect((await stranger.press(`${path}/code`, `${path}/code`, { code: longCode(site) })).status).toBe(422);
    expect(site.mails).toHaveLength(6);
    expect(await ask(site, message, '127.0.0.4')).toBe(303);
    expect(longCode(site)).not.toBe('');
    expect(site.mails).toHaveLength(7);
    site.clock.now += hour;
    await ask(site, message, '127.0.0.4');
    expect(site.lastCode()).not.toBe('');
  });

  test('many links to one address get no more than twenty mails an hour, the last good at every door, and others get theirs', async () => {
    await using site = await startSite();
    const links = await Promise.all(Array.from({ length: 22 }, () => site.publish(plainLetter)));
    for (const [index, link] of links.entries()) await ask(site, link, `127.0.1.${index + 1}`);
    expect(site.mails).toHaveLength(20);
    const person = new Client(site, '127.0.0.8');
    const path = await person.arrive(links.at(-1) ?? { token: '' });
    await person.press(path, `${path}/new-code`);
    expect((await person.press(`${path}/code`, `${path}/code`, { code: longCode(site) })).headers.location).toBe(path);
    expect((await person.get(path)).text).toContain('Just a line');
    expect(await ask(site, await site.publish(plainLetter, { recipient: 'eve@clinic.example' }), '127.0.0.9')).toBe(
      303,
    );
    expect(await ask(site, await site.publish(plainLetter, { tenant: 'other' }), '127.0.0.9')).toBe(303);
    site.clock.now += hour;
    expect(await ask(site, links[0] ?? (await site.publish(plainLetter)), '127.0.0.9')).toBe(303);
  });

  test('a hundred at once, from a hundred sessions and networks: fifteen answers to five and ten tries', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const asking = new Client(site);
    const path = await asking.arrive(message);
    await asking.press(path, `${path}/new-code`);
    const wrong = site.lastCode() === '000000' ? '000001' : '000000';
    const own = await asking.formToken(`${path}/code`);
    const others = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const client = new Client(site, `127.0.2.${index + 1}`);
        await client.arrive(message);
        return { client, form: await client.formToken(path) };
      }),
    );
    const all = [...Array.from({ length: 50 }, () => ({ client: asking, form: own })), ...others];
    await Promise.all(all.map(({ client, form }) => client.post(`${path}/code`, { form, code: wrong })));
    const answered = site.events.filter((event) => event.kind === 'portal.codeWrong');
    // The last of each kind leaves none, like a dead one: those that were compared are the others, and two.
    expect(answered.filter(({ triesLeft }) => triesLeft > 0)).toHaveLength(4 + 9);
    const late = new Client(site, '127.0.3.1');
    await late.arrive(message);
    const answer = await late.press(`${path}/code`, `${path}/code`, { code: site.lastCode() });
    expect(answer.status).toBe(422);
  });
});

describe('who is on the same network', () => {
  test('opens a link after somebody tried a thousand that are none', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const stranger = new Client(site);
    for (let index = 0; index < 40; index += 1) await stranger.get(`/m/${String(index).padEnd(43, 'x')}`);
    expect((await stranger.get(`/m/${'x'.repeat(43)}`)).status).toBe(429);
    const person = new Client(site);
    expect((await person.get(await person.open(message))).text).toContain('Just a line');
  });

  test('types their code after somebody typed wrong ones, and answered with broken passkeys, a hundred times', async () => {
    await using site = await startSite();
    const theirs = await site.publish(plainLetter, { recipient: 'eve@clinic.example' });
    const stranger = new Client(site);
    const door = await stranger.arrive(theirs);
    await stranger.press(door, `${door}/new-code`);
    const form = await stranger.formToken(`${door}/code`);
    for (let index = 0; index < 100; index += 1) await stranger.post(`${door}/code`, { form, code: '000000' });
    for (let index = 0; index < 100; index += 1) await stranger.post('/sign-in/passkey', { form, response: '{}' });
    expect((await stranger.post('/sign-in/passkey', { form, response: '{}' })).status).toBe(429);
    const person = new Client(site);
    expect((await person.get(await person.open(await site.publish(newsletter)))).text).toContain('laboratory');
  });
});

describe('the six digits of an app', () => {
  async function withApp(site: Site): Promise<(at: number) => string> {
    const client = new Client(site);
    await client.open(await site.publish(plainLetter));
    const page = await client.get('/account/authenticator');
    const key = /<code class="secret"[^>]*>([A-Z2-7 ]+)<\/code>/.exec(page.text)?.[1]?.replaceAll(' ', '') ?? '';
    const app = new TOTP({ secret: Secret.fromBase32(key) });
    const code = app.generate({ timestamp: site.clock.now });
    await client.press('/account/authenticator', '/account/authenticator', { code });
    return (timestamp) => app.generate({ timestamp });
  }

  test('are worth nothing to who knows an address and no more', async () => {
    await using site = await startSite();
    const show = await withApp(site);
    site.clock.now += 60_000;
    const stranger = new Client(site);
    const at = '/sign-in/authenticator';
    expect((await stranger.get('/sign-in')).text).not.toContain(at);
    const form = await stranger.formToken('/sign-in');
    const answer = await stranger.post(at, { form, address: robin, secret: show(site.clock.now) });
    expect(answer.headers.location).toBe('/sign-in');
    // Nor to who proved another address.
    await stranger.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    expect((await stranger.get('/sign-in')).text).toContain(at);
    expect((await stranger.press(at, at, { address: robin, secret: show(site.clock.now) })).status).toBe(422);
    expect((await stranger.get('/account')).text).not.toContain(robin);
  });

  test('are tried forty times a day, whatever the networks', async () => {
    await using site = await startSite();
    const show = await withApp(site);
    const message = await site.publish(newsletter, { demand: 'authenticator' });
    let answered = 0;
    for (let count = 0; count < 24; count += 1) {
      for (const network of [1, 2, 3, 4]) {
        const client = new Client(site, `127.0.${network}.${count + 1}`);
        const path = await client.arrive(message);
        const form = await client.formToken(`${path}/authenticator`);
        for (let index = 0; index < 5; index += 1) {
          const { status } = await client.post(`${path}/authenticator`, { form, secret: '1234567' });
          answered += status === 422 ? 1 : 0;
        }
      }
      site.clock.now += hour - 1;
    }
    expect(answered).toBe(40);
    site.clock.now += 2 * hour;
    const client = new Client(site);
    const path = await client.arrive(message);
    const at = `${path}/authenticator`;
    expect((await client.press(at, at, { secret: show(site.clock.now) })).status).toBe(303);
  });
});

describe('passwords', () => {
  test('a wrong one costs the same work where nobody is, nobody has one, and somebody has', async () => {
    await using site = await startSite();
    const at = { tenant: 'corp', address: robin };
    const secret = await hashPassword('tjuv-kloster-77-lampa');
    const unused = { tenant: 'corp', lookup: '', label: '', counter: 0, lastUsedAt: null };
    const addPerson = async (kind: 'password' | 'passkey'): Promise<void> => {
      const member = { id: randomUUIDv7(), tenant: 'corp', name: 'Robin', createdAt: site.clock.now };
      const credential = { ...unused, id: randomUUIDv7(), member: member.id, kind, secret, createdAt: site.clock.now };
      await site.store.portal.enrol(member, { ...at, role: 'owner' }, credential, []);
    };
    let hashes = 0;
    const hook = createHook({ init: (_, type) => (hashes += type === 'ARGON2REQUEST' ? 1 : 0) }).enable();
    const work: number[] = [];
    const type = async (typed: string): Promise<number> => {
      const client = new Client(site, `127.0.4.${work.length + 1}`);
      hashes = 0;
      const { status } = await client.press('/sign-in/password', '/sign-in/password', {
        address: robin,
        secret: typed,
      });
      work.push(hashes);
      return status;
    };
    const statuses = [await type('wrong')];
    for (const kind of ['passkey', 'password'] as const) {
      await addPerson(kind);
      statuses.push(await type('wrong'));
    }
    hook.disable();
    expect(statuses).toEqual([422, 422, 422]);
    expect(work).toEqual([1, 1, 1]);
    expect(await type('tjuv-kloster-77-lampa')).toBe(303);
  });

  test('one password at many addresses is limited by network', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const form = await client.formToken('/sign-in/password');
    const statuses: number[] = [];
    for (let index = 0; index < 70; index += 1) {
      const fields = { form, address: `person${index}@clinic.example`, secret: 'Sommer2026' };
      statuses.push((await client.post('/sign-in/password', fields)).status);
    }
    expect(statuses.filter((status) => status === 422)).toHaveLength(60);
    expect(statuses.at(-1)).toBe(429);
  });

  test('a flood of checks is refused rather than computed, and what was in line is answered', async () => {
    const stored = await hashPassword('tjuv-kloster-77-lampa');
    const checks = Array.from({ length: 400 }, () => verifyPassword('tjuv-kloster-77-lampa', stored));
    const ended = await Promise.allSettled(checks);
    expect(ended.filter((end) => end.status === 'fulfilled' && end.value)).toHaveLength(152);
    expect(ended.filter((end) => end.status === 'rejected' && end.reason instanceof TooManyPasswords)).toHaveLength(
      248,
    );
    expect(await verifyPassword('tjuv-kloster-77-lampa', stored)).toBe(true);
  });

  test('the flood is answered with 503 and a page', async () => {
    await using site = await startSite();
    const visitors = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const client = new Client(site, `127.1.${index >> 7}.${(index & 127) + 1}`);
        return { client, form: await client.formToken('/sign-in/password') };
      }),
    );
    const answers = await Promise.all(
      visitors.map(({ client, form }, index) =>
        client.post('/sign-in/password', { form, address: `p${index}@clinic.example`, secret: 'x'.repeat(200) }),
      ),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].toSorted((a, b) => a - b)).toEqual([422, 503]);
    expect(answers.find(({ status }) => status === 503)?.headers['retry-after']).toBe('60');
  });
});
