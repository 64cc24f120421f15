/** The way from the link to the message by a code, as a browser and as an attacker sees it; threats T-30 to T-32. */
import { describe, expect, test } from 'vitest';
import type { PortalPorts } from '../../src/web/ports.ts';
import { eachEngine } from '../engines.ts';
import { newsletter, plainLetter } from './samples.ts';
import { type Answer, Client, type Published, type Site, startSite } from './site.ts';

const wrongOf = (code: string): string => (code === '000000' ? '000001' : '000000');

/** Brings the link and asks for a code; resolves with the message's path. */
async function ask(client: Client, message: Published): Promise<string> {
  const path = await client.arrive(message);
  const answer = await client.press(path, `${path}/new-code`);
  expect([answer.status, answer.headers.location]).toEqual([303, `${path}/code`]);
  return path;
}

const type = (client: Client, path: string, code: string): Promise<Answer> =>
  client.press(`${path}/code`, `${path}/code`, { code });

async function state(site: Site, message: Published): Promise<string | undefined> {
  return (await site.store.findMessages(message.messageId))[0]?.deliveries[0]?.state;
}

eachEngine((engine) => {
  test('link, front door, code, message, downloads, end', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const path = await client.arrive(message);
    expect(path).toBe(`/d/${message.deliveryId}`);

    const door = await client.get(path);
    expect(door.status).toBe(200);
    expect(door.text).toContain('anna@corp.example');
    expect(door.text).toContain('r***@clinic.example');
    expect(door.text).not.toMatch(/robin@clinic|laboratory/);
    expect(door.text).not.toContain(message.token);

    await ask(client, message);
    expect(site.mails).toHaveLength(1);
    expect(site.mails[0]).toMatchObject({ tenant: 'corp', kind: 'code', mailFrom: '', to: 'robin@clinic.example' });
    const form = await client.get(`${path}/code`);
    expect(form.text).toMatch(/r\*\*\*@clinic\.example[\s\S]*secure-mail@corp\.example/);
    expect(await state(site, message)).toBe('waiting');

    const opened = await type(client, path, site.lastCode());
    expect([opened.status, opened.headers.location]).toEqual([303, path]);
    const page = await client.get(path);
    expect(page.text).toContain('laboratory');
    expect(await state(site, message)).toBe('opened');
    expect(site.events.find((event) => event.kind === 'delivery.opened')).toMatchObject({
      reader: null,
      proof: 'code',
    });
    const kinds = (await site.store.listEvents(message.messageId)).map(({ event }) => event.kind);
    expect(kinds).toContain('delivery.opened');
    expect((await client.get(`${path}/message.eml`)).text).toContain('laboratory');

    await client.press(path, '/sign-out');
    expect(client.cookies.size).toBe(0);
    expect((await client.get(path)).status).toBe(403);
  });

  test('100 guesses at once get five answers, and the right code is dead after them', async () => {
    await using place = await engine.create();
    await using site = await startSite({ place });
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await ask(client, message);
    const form = await client.formToken(`${path}/code`);
    const code = wrongOf(site.lastCode());
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.post(`${path}/code`, { form, code })));
    const judged = site.events.filter((event) => event.kind === 'portal.codeWrong');
    expect(answers.some((answer) => answer.status === 303)).toBe(false);
    expect(judged.filter((event) => event.triesLeft > 0)).toHaveLength(4);
    expect((await type(client, path, site.lastCode())).status).not.toBe(303);
    expect(await state(site, message)).toBe('waiting');
  });
});

describe('T-30: link scanners', () => {
  test('twenty visits by GET and HEAD, in browsers that follow and keep cookies, change nothing', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const visits = Array.from({ length: 20 }, async (_, index) => {
      const scanner = new Client(site);
      const agent = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0' };
      await scanner.send(index % 2 === 0 ? 'GET' : 'HEAD', `/m/${message.token}`, agent);
      for (const room of ['', '/code', '/new-code', '/passkey', '/passphrase', '/html', '/message.eml'])
        await scanner.get(`/d/${message.deliveryId}${room}`, agent);
    });
    await Promise.all(visits);
    expect(site.mails).toEqual([]);
    expect(site.events).toEqual([]);
    expect(await state(site, message)).toBe('waiting');
    // The person comes after them, as if nobody had.
    const client = new Client(site);
    expect((await client.get(await client.open(message))).text).toContain('Just a line');
  });

  test('a POST without the page before it does nothing', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    for (const path of [`/m/${message.token}`, `/d/${message.deliveryId}/new-code`, `/d/${message.deliveryId}/code`])
      expect((await new Client(site).post(path, { code: '000000' })).status).toBeGreaterThanOrEqual(403);
    expect(site.mails).toEqual([]);
  });
});

describe('T-31: the token', () => {
  test('is left at once, and no later page, address, header, cookie or event has it', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const seen: string[] = [];
    const first = await client.get(`/m/${message.token}`);
    expect(first.body.length).toBe(0);
    expect(first.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    seen.push(JSON.stringify(first.headers));
    const path = await client.open(message);
    for (const room of [path, `${path}/code`, `${path}/html`, '/account', '/sign-in']) {
      const answer = await client.get(room);
      seen.push(answer.text, JSON.stringify(answer.headers));
    }
    seen.push(JSON.stringify(site.events), ...site.mails.map((mail) => mail.bytes.toString()));
    seen.push(...client.cookies.values());
    for (const text of seen) expect(text).not.toContain(message.token);
  });

  test('a stolen or replayed link shows no more than the front door', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    await new Client(site).open(message);
    const thief = new Client(site);
    const path = await thief.arrive(message);
    const door = await thief.get(path);
    expect(door.text).toContain('r***@clinic.example');
    expect(door.text).not.toMatch(/laboratory|robin@clinic/);
    for (const room of ['/html', '/attachment/2', '/message.eml', '/colleague'])
      expect((await thief.get(path + room)).status).toBe(403);
  });

  test.each([
    ['of nobody', 'A'.repeat(43)],
    ['too short', 'abc'],
    ['a path', '..%2f..%2fetc'],
  ])('%s: one and the same answer', async (_, token) => {
    await using site = await startSite();
    const answer = await new Client(site).get(`/m/${token}`);
    expect(answer.status).toBe(404);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.text).toContain('No message is waiting behind this link');
  });

  test('guessing links is limited by network', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => (await client.get(`/m/${String(index).padEnd(43, 'x')}`)).status),
    );
    expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(31);
    expect(statuses).toContain(429);
  });
});

describe('T-32: codes', () => {
  test('a code asked for on one device is typed on another that brought the link', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const phone = new Client(site);
    await ask(phone, message);
    const desktop = new Client(site);
    const path = await desktop.arrive(message);
    const form = await desktop.get(`${path}/code`);
    expect(form.text).toContain('name="code"');
    expect((await type(desktop, path, site.lastCode())).status).toBe(303);
    expect((await desktop.get(path)).text).toContain('Just a line');
    // Used up: it opens nothing on the phone.
    expect((await type(phone, path, site.lastCode())).status).toBe(422);
  });

  test('guesses from elsewhere do not use up the tries of who asked', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const person = new Client(site);
    const path = await ask(person, message);
    const code = site.lastCode();
    for (let index = 0; index < 15; index += 1) {
      const stranger = new Client(site);
      await stranger.arrive(message);
      expect((await type(stranger, path, wrongOf(code))).status).toBe(422);
    }
    expect((await type(person, path, wrongOf(code))).text).toContain('4');
    expect((await type(person, path, code)).status).toBe(303);
  });

  test('who did not bring the link can neither ask nor type', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const other = await site.publish(newsletter);
    const person = new Client(site);
    const path = await ask(person, message);
    const stranger = new Client(site);
    const theirs = await stranger.arrive(other);
    const form = await stranger.formToken(theirs);
    expect((await stranger.post(`${path}/new-code`, { form })).status).toBe(403);
    expect((await stranger.post(`${path}/code`, { form, code: site.lastCode() })).status).toBe(403);
    expect(site.mails).toHaveLength(1);
  });

  test('a new one replaces the one before, after a pause, and so many an hour', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await ask(client, message);
    const first = site.lastCode();
    await client.press(`${path}/code`, `${path}/new-code`);
    expect(site.mails).toHaveLength(1);
    const codes = new Set([first]);
    for (let index = 0; index < 3; index += 1) {
      site.clock.now += 31_000;
      await client.press(`${path}/code`, `${path}/new-code`);
      codes.add(site.lastCode());
    }
    expect(site.mails).toHaveLength(4);
    if (first !== site.lastCode()) expect((await type(client, path, first)).status).toBe(422);
    const began = site.clock.now - 93_000;
    for (let index = 0; index < 3; index += 1) {
      site.clock.now += 31_000;
      expect((await client.press(`${path}/code`, `${path}/new-code`)).headers.location).toBe(`${path}/code`);
    }
    expect(site.mails).toHaveLength(6);
    const page = await client.get(`${path}/code`);
    expect(page.text).toContain('Sixteen-digit code');
    const [, until = ''] = /data-until="([^"]+)"/.exec(page.text) ?? [];
    expect(Date.parse(until)).toBe(began + 60 * 60_000);
    // Its letter deleted, or its hour over while another's is not: then the page says when.
    await site.store.portal.dropLongCode({ tenant: message.tenant, address: message.recipient });
    const refused = await client.press(`${path}/code`, `${path}/new-code`);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBe(60 * 60 - 6 * 31);
    expect(site.mails).toHaveLength(6);
  });

  test('is dead after ten minutes', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await ask(client, await site.publish(plainLetter));
    site.clock.now += 10 * 60_000;
    expect((await type(client, path, site.lastCode())).status).toBe(422);
  });

  test('nothing is said to be sent that was not', async () => {
    const broken = (ports: PortalPorts): PortalPorts => ({
      ...ports,
      submit: async () => Promise.reject(new Error('disk full at /var/spool')),
    });
    await using site = await startSite({ ports: broken });
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const path = await client.arrive(message);
    const answer = await client.press(path, `${path}/new-code`);
    expect(answer.status).toBe(503);
    expect(answer.text).not.toMatch(/disk full|\/var/);
    expect(await site.store.portal.byDelivery(message.deliveryId, site.clock.now)).toMatchObject({ codesSent: 0 });
    expect(site.events.map((event) => event.kind)).toEqual(['service.failed']);
  });

  test.each(['', '12345', '1234567', 'abcdef', '１２３４５６', '12 34 5'])(
    '%j is no code, and no try',
    async (typed) => {
      await using site = await startSite();
      const client = new Client(site);
      const path = await ask(client, await site.publish(plainLetter));
      for (let index = 0; index < 6; index += 1) expect((await type(client, path, typed)).status).toBe(422);
      expect((await type(client, path, ` ${site.lastCode().slice(0, 3)}-${site.lastCode().slice(3)} `)).status).toBe(
        303,
      );
    },
  );
});

test('the record has every reader once, and every download', async () => {
  await using site = await startSite();
  const message = await site.publish(newsletter);
  const [first, second] = [new Client(site), new Client(site)];
  const path = await first.open(message);
  for (let times = 0; times < 3; times += 1) await first.get(path);
  await second.open(message);
  for (let times = 0; times < 3; times += 1) await second.get(path);
  await second.get(`${path}/message.eml`);
  const kinds = (await site.store.listEvents(message.messageId)).map(({ event }) => event.kind);
  expect(kinds).toEqual(['delivery.opened', 'delivery.read', 'delivery.downloaded']);
});
