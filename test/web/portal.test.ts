/** The way from the link to the message, as a browser and as an attacker sees it; threats T-30 to T-33. */
import { describe, expect, test } from 'vitest';
import type { PortalPorts } from '../../src/web/ports.ts';
import { eachEngine } from '../engines.ts';
import { newsletter, plainLetter, report } from './samples.ts';
import { type Answer, Client, type Published, type Site, startSite } from './site.ts';

const wrongOf = (code: string): string => (code === '000000' ? '000001' : '000000');
const cookieName = (message: Published): string => `__Host-pickup-${message.deliveryId}`;

async function askForCode(client: Client, message: Published): Promise<string> {
  const answer = await client.post(`/m/${message.token}/code`);
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe(`/d/${message.deliveryId}/code`);
  return client.formToken(`/d/${message.deliveryId}/code`);
}

const type = async (client: Client, message: Published, code: string): Promise<Answer> =>
  client.post(`/d/${message.deliveryId}/code`, { form: await client.formToken(`/d/${message.deliveryId}/code`), code });

async function state(site: Site, message: Published): Promise<string | undefined> {
  return (await site.store.findMessages(message.messageId))[0]?.deliveries[0]?.state;
}

eachEngine((engine) => {
  test('link, button, code, message, downloads, end', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(newsletter);
    const client = new Client(site);

    const link = await client.get(`/m/${message.token}`);
    expect(link.status).toBe(200);
    expect(link.text).toContain('anna@corp.example');
    expect(link.text).toContain('r***@clinic.example');
    expect(link.text).not.toContain('robin@clinic.example');
    expect(link.text).not.toContain('laboratory');

    const form = await askForCode(client, message);
    expect(site.mails).toMatchObject([{ tenant: 'corp', kind: 'code', mailFrom: '', to: 'robin@clinic.example' }]);
    const right = await client.post(`/d/${message.deliveryId}/code`, {
      form,
      code: ` ${site.lastCode().slice(0, 3)} ${site.lastCode().slice(3)} `,
    });
    expect(right.status).toBe(303);
    expect(await state(site, message)).toBe('waiting');

    const page = await client.get(right.headers.location ?? '');
    expect(page.status).toBe(200);
    expect(page.text).toContain('Your laboratory results – please read before Thursday');
    expect(page.text).toContain('Anna Müller &lt;anna@corp.example&gt;');
    expect(page.text).toContain('billing@clinic.example');
    expect(page.text).not.toContain('hidden@other.example');
    expect(page.text).toContain('the results are attached.');
    expect(page.text).toContain('Befund Müller.pdf');
    expect(await state(site, message)).toBe('opened');

    const file = await client.get(`/d/${message.deliveryId}/attachment/2`);
    expect(file.body.equals(report)).toBe(true);
    expect(file.headers['content-disposition']).toBe(
      `attachment; filename="Befund M_ller.pdf"; filename*=UTF-8''Befund%20M%C3%BCller.pdf`,
    );
    const whole = await client.get(`/d/${message.deliveryId}/message.eml`);
    expect(whole.text).toBe(newsletter.replace('Bcc: hidden@other.example\r\n', ''));

    const out = await client.post(`/d/${message.deliveryId}/sign-out`, {
      form: await client.formToken(`/d/${message.deliveryId}`),
    });
    expect(out.status).toBe(200);
    expect((await client.get(`/d/${message.deliveryId}`)).status).toBe(403);
  });

  test('T-30: nothing a scanner does to the link changes anything', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(plainLetter);
    const path = `/m/${message.token}`;
    const scanner = new Client(site);
    const asChrome = { 'user-agent': 'Mozilla/5.0 Chrome/140', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' };
    await scanner.send('HEAD', path);
    const answers = await Promise.all(Array.from({ length: 20 }, () => scanner.get(path, asChrome)));
    // A scanner may also follow what it finds, and post the form from its own origin.
    await scanner.get(`${path}/code`);
    const posted = await scanner.post(`${path}/code`, {}, { 'sec-fetch-site': 'cross-site' });
    expect(posted.status).toBe(403);
    expect(answers.every(({ status, headers }) => status === 200 && headers['set-cookie'] === undefined)).toBe(true);
    expect(site.mails).toEqual([]);
    expect(site.events).toEqual([]);
    expect(await state(site, message)).toBe('waiting');

    const person = new Client(site);
    expect((await person.get(await person.open(message))).text).toContain('Just a line');
  });

  test('T-32: a hundred guesses at once are answered as often as five in a row', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const form = await askForCode(client, message);
    const wrong = wrongOf(site.lastCode());
    const guesses = Array.from({ length: 100 }, () =>
      client.post(`/d/${message.deliveryId}/code`, { form, code: wrong }),
    );
    const answers = await Promise.all(guesses);
    const judged = answers.filter(({ text }) => /You have \d tr/.test(text));
    expect(judged).toHaveLength(4);
    expect(new Set(judged.map(({ text }) => /You have (\d)/.exec(text)?.[1]))).toEqual(new Set(['4', '3', '2', '1']));
    // The code is dead now, right as it is.
    const late = await client.post(`/d/${message.deliveryId}/code`, { form, code: site.lastCode() });
    expect([422, 429]).toContain(late.status);
    expect((await client.get(`/d/${message.deliveryId}`)).status).toBe(403);
  });

  test('opening is told once, however often and however many at once look', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.open(message);
    await client.send('HEAD', path);
    expect(await state(site, message)).toBe('waiting');
    await Promise.all(Array.from({ length: 10 }, () => client.get(path)));
    expect(site.events.filter(({ kind }) => kind === 'delivery.opened')).toHaveLength(1);
  });

  test('a message whose time is over is gone, for links and for open sessions', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(plainLetter, { keepFor: 60_000 });
    const client = new Client(site);
    const path = await client.open(message);
    site.clock.now += 61_000;
    expect((await client.get(path)).status).toBe(403);
    expect((await client.get(`/m/${message.token}`)).status).toBe(404);
  });
});

describe('T-31: the token', () => {
  test('is in no address after the first page, in no cookie, no event and no mail', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const asked = await client.post(`/m/${message.token}/code`);
    const pages = [await client.get(asked.headers.location ?? '')];
    await client.open(message);
    pages.push(await client.get(`/d/${message.deliveryId}`));
    for (const { text, headers } of pages) {
      expect(text).not.toContain(message.token);
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
    const elsewhere = JSON.stringify([
      asked.headers,
      [...client.cookies],
      site.events,
      site.mails.map(({ bytes }) => bytes.toString()),
    ]);
    expect(elsewhere).not.toContain(message.token);
  });

  test.each([
    ['unknown', 'a'.repeat(43)],
    ['too short', 'abc'],
    ['too long', 'a'.repeat(4000)],
    ['not base64url', `${'a'.repeat(42)}%2F`],
    ['malformed escape', '%E0%A4%A'],
    ['a path', '..%2f..%2fetc%2fpasswd'],
  ])('%s: the same page for all', async (_, token) => {
    await using site = await startSite();
    const client = new Client(site);
    const answer = await client.get(`/m/${token}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('No message is waiting behind this link');
  });

  test('guessing is slowed down, and said so', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    for (let tries = 0; tries < 30; tries += 1) await client.get(`/m/${'a'.repeat(43)}`);
    const answer = await client.get(`/m/${message.token}`);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(site.events.at(-1)).toMatchObject({ kind: 'portal.limited', client: '127.0.0.1' });
    site.clock.now += 600_000;
    expect((await client.get(`/m/${message.token}`)).status).toBe(200);
  });
});

describe('T-32: the code', () => {
  test('counts down, dies after five tries, and a new one opens', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const form = await askForCode(client, message);
    const first = site.lastCode();
    for (const left of [4, 3, 2, 1]) {
      const answer = await type(client, message, wrongOf(first));
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(`You have ${left} ${left === 1 ? 'try' : 'tries'} left`);
    }
    expect((await type(client, message, wrongOf(first))).text).toContain('This code no longer works');
    expect((await type(client, message, first)).text).toContain('This code no longer works');
    await client.post(`/d/${message.deliveryId}/new-code`, { form });
    expect((await type(client, message, site.lastCode())).status).toBe(303);
    const wrongs = site.events.filter((event) => event.kind === 'portal.codeWrong');
    expect(wrongs.map(({ triesLeft }) => triesLeft)).toEqual([4, 3, 2, 1, 0, 0]);
  });

  test.each(['', '12345', '1234567', '12 34', 'abcdef', '１２３４５６', '0x1234', '9'.repeat(5000)])(
    '%j costs no try',
    async (typed) => {
      await using site = await startSite();
      const message = await site.publish(plainLetter);
      const client = new Client(site);
      await askForCode(client, message);
      expect((await type(client, message, typed)).text).toContain('not counted');
      expect((await type(client, message, wrongOf(site.lastCode()))).text).toContain('You have 4 tries left');
    },
  );

  test('a newer code replaces the one before', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const form = await askForCode(client, message);
    const first = site.lastCode();
    do await client.post(`/d/${message.deliveryId}/new-code`, { form });
    while (site.lastCode() === first);
    expect((await type(client, message, first)).status).toBe(422);
    expect((await type(client, message, site.lastCode())).status).toBe(303);
  });

  test('is good for ten minutes', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    await askForCode(client, message);
    site.clock.now += 10 * 60_000;
    expect((await type(client, message, site.lastCode())).text).toContain('This code no longer works');
  });

  test('belongs to the browser that asked and to the message', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const other = await site.publish(plainLetter);
    const client = new Client(site);
    await askForCode(client, message);
    const code = site.lastCode();
    await askForCode(client, other);
    expect((await type(client, other, code)).status).toBe(site.lastCode() === code ? 303 : 422);
    const elsewhere = new Client(site);
    await askForCode(elsewhere, message);
    expect((await type(elsewhere, message, code)).status).toBe(site.lastCode() === code ? 303 : 422);
    // On the device that asked, the first code still opens.
    expect((await type(client, message, code)).status).toBe(303);
  });

  test('five an hour for a message, then the truth about when the next can be sent', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const form = await askForCode(client, message);
    for (let sent = 1; sent < 5; sent += 1) await client.post(`/d/${message.deliveryId}/new-code`, { form });
    const refused = await client.post(`/d/${message.deliveryId}/new-code`, { form });
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('no other was sent now');
    expect(site.mails).toHaveLength(5);
    expect((await type(client, message, site.lastCode())).status).toBe(303);
    site.clock.now += 3_600_000;
    const later = new Client(site);
    expect((await later.post(`/m/${message.token}/code`)).status).toBe(303);
  });

  test('that could not be mailed is not said to be on its way', async () => {
    const broken = (ports: PortalPorts): PortalPorts => ({
      ...ports,
      submit: async () => Promise.reject(new Error('queue down')),
    });
    await using site = await startSite({ ports: broken });
    const message = await site.publish(plainLetter);
    const answer = await new Client(site).post(`/m/${message.token}/code`);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('No code was sent');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(site.events.map(({ kind }) => kind)).toEqual(['service.failed']);
  });
});

describe('T-33: the session', () => {
  test('is a host cookie that scripts cannot read', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const answer = await new Client(site).post(`/m/${message.token}/code`);
    expect(answer.headers['set-cookie']?.join()).toMatch(
      /^__Host-pickup-[0-9a-f-]{36}=[^;]+; Max-Age=28800; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  test('cannot be fixed beforehand: the cookie from before the code opens nothing after it', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const attacker = new Client(site);
    await askForCode(attacker, message);
    const victim = new Client(site);
    for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
    expect((await type(victim, message, site.lastCode())).status).toBe(303);
    expect((await victim.get(`/d/${message.deliveryId}`)).status).toBe(200);
    expect((await attacker.get(`/d/${message.deliveryId}`)).status).toBe(403);
  });

  test('ends after half an hour without a request, and after eight hours whatever happens', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const idle = new Client(site);
    const path = await idle.open(message);
    site.clock.now += 31 * 60_000;
    expect((await idle.get(path)).status).toBe(403);

    const busy = new Client(site);
    await busy.open(message);
    let last = 200;
    let minutes = 0;
    for (; last === 200 && minutes < 10 * 60; minutes += 20) {
      site.clock.now += 20 * 60_000;
      last = (await busy.get(path)).status;
    }
    expect([last, minutes]).toEqual([403, 8 * 60]);
  });

  test('signing out ends it on the server, not only in the browser', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.open(message);
    const copy = new Client(site);
    for (const [name, value] of client.cookies) copy.cookies.set(name, value);
    await client.post(`${path}/sign-out`, { form: await client.formToken(path) });
    expect(client.cookies.size).toBe(0);
    expect((await copy.get(path)).status).toBe(403);
  });

  test('altered or borrowed cookies are nobody’s', async () => {
    await using site = await startSite();
    const mine = await site.publish(plainLetter);
    const theirs = await site.publish(newsletter);
    const client = new Client(site);
    await client.open(mine);
    const value = client.cookies.get(cookieName(mine)) ?? '';
    for (const forged of [
      value,
      value.replace(/.$/, '!'),
      `reading.${value.split('.').slice(1).join('.')}`,
      'reading.x..0.',
      '',
    ]) {
      client.cookies.set(cookieName(theirs), forged);
      for (const room of ['', '/html', '/attachment/2', '/message.eml', '/code']) {
        expect((await client.get(`/d/${theirs.deliveryId}${room}`)).status).toBe(403);
      }
    }
  });

  test('several messages are open side by side, each on its own', async () => {
    await using site = await startSite();
    const first = await site.publish(plainLetter);
    const second = await site.publish(newsletter);
    const client = new Client(site);
    const paths = [await client.open(first), await client.open(second)];
    expect((await client.get(paths[0] ?? '')).text).toContain('Just a line');
    expect((await client.get(paths[1] ?? '')).text).toContain('laboratory');
    await client.post(`${paths[0]}/sign-out`, { form: await client.formToken(paths[0] ?? '') });
    expect((await client.get(paths[0] ?? '')).status).toBe(403);
    expect((await client.get(paths[1] ?? '')).status).toBe(200);
  });

  test('a browser with very many messages drops the oldest, and its requests still fit', async () => {
    await using site = await startSite();
    const client = new Client(site);
    let path = '';
    for (let count = 0; count < 24; count += 1) {
      const message = await site.publish(plainLetter);
      site.clock.now += 1000;
      path = await client.open(message);
    }
    expect(client.cookies.size).toBe(20);
    expect((await client.get(path)).status).toBe(200);
  });

  test('the link leads straight back to an open message', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.open(message);
    const again = await client.get(`/m/${message.token}`);
    expect([again.status, again.headers.location]).toEqual([303, path]);
  });
});

describe('T-36: a request forged from elsewhere does nothing', () => {
  const elsewhere = [
    ['cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['same-site', { 'sec-fetch-site': 'same-site' }],
    ['typed', { 'sec-fetch-site': 'none' }],
    ['no form token', {}],
  ] as const;
  test.each(elsewhere)('%s', async (_, headers) => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    await askForCode(client, message);
    for (const action of ['code', 'new-code', 'sign-out']) {
      const answer = await client.post(`/d/${message.deliveryId}/${action}`, { code: site.lastCode() }, headers);
      expect([action, answer.status]).toEqual([action, 403]);
    }
    expect(site.mails).toHaveLength(1);
  });

  test('by an old browser, seen by its Origin', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const headers = { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await new Client(site).send('POST', `/m/${message.token}/code`, headers);
    expect(answer.status).toBe(403);
    expect(site.mails).toEqual([]);
  });
});
