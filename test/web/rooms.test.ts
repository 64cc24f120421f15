/**
 * T-36: nobody reaches what is another's, on any route, by any verb: the table of routes itself (web/portal.ts) times the verbs, times who asks, times
 * whose ids stand in the path. What comes is tested by walking, so a route that is added later is walked too.
 */
import { describe, expect, test } from 'vitest';
import { routes } from '../../src/web/portal.ts';
import { newsletter, plainLetter } from './samples.ts';
import { type Answer, Client, type Published, type Site, startSite } from './site.ts';

const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Signing out ends one's own session, wherever the button stands. */
const ofMessages = Object.keys(routes).filter((path) => path.startsWith('/d/:id') && !path.endsWith('/sign-out'));

/** Words of the letter that only its reader may see. */
const content = /laboratory|robin@clinic\.example|lab-results/;

const filled = (path: string, message: Published): string =>
  path
    .replace(':id', message.deliveryId)
    .replace(':path', '2')
    .replace(':token', message.token)
    .replace(':provider', 'microsoft');

/** As a form of the client's own pages would ask, with everything any form has. */
async function ask(client: Client, verb: string, path: string, form: string): Promise<Answer> {
  const fields = {
    form,
    code: '000000',
    secret: 'x',
    response: '{}',
    colleague: 'eve@evil.example',
    name: 'Eve',
    to: 'eve@evil.example',
    tenant: 'corp',
    address: 'robin@clinic.example',
    password: 'tjuv-kloster-77-lampa',
    again: 'tjuv-kloster-77-lampa',
  };
  if (verb === 'POST') return client.post(path, fields);
  return client.send(verb, path, { 'sec-fetch-site': 'same-origin' });
}

/** Everything that is kept of the victim. */
async function traceOf(site: Site, message: Published): Promise<unknown> {
  const at = { tenant: 'corp', address: 'robin@clinic.example' };
  return {
    deliveries: (await site.store.findMessages(message.messageId)).map(({ deliveries }) => deliveries),
    members: await site.store.portal.members(at),
    sessions: (await site.store.portal.sessionsOf({ ...at, member: null }, site.clock.now)).length,
    requests: await site.store.portal.accessOf(message.deliveryId),
    mails: site.mails.length,
  };
}

describe('a message of somebody else', () => {
  test.each([
    ['a stranger without a cookie', async (site: Site) => new Client(site)],
    [
      'a reader of another address',
      async (site: Site) => {
        const client = new Client(site);
        await client.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
        return client;
      },
    ],
    [
      'a reader of the same address at another tenant',
      async (site: Site) => {
        const client = new Client(site);
        await client.open(await site.publish(plainLetter, { tenant: 'other' }));
        return client;
      },
    ],
    [
      'who brought the link of another message',
      async (site: Site) => {
        const client = new Client(site);
        await client.arrive(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
        return client;
      },
    ],
  ])('%s gets nothing of it on any route', async (_, come) => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = await come(site);
    const own = await client.formToken('/account');
    const form = own === '' ? await client.formToken('/sign-in') : own;
    const before = await traceOf(site, message);
    expect(ofMessages.length).toBeGreaterThan(12);
    for (const route of ofMessages) {
      for (const verb of verbs) {
        const answer = await ask(client, verb, filled(route, message), form);
        const where = `${verb} ${route}`;
        expect([403, 405], `${where} ${answer.status}`).toContain(answer.status);
        expect(answer.text, where).not.toMatch(content);
        expect(answer.text, where).not.toContain('r***@');
      }
    }
    expect(await traceOf(site, message)).toEqual(before);
  });

  test('nothing tells a message that exists from one that does not', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const none = { ...message, deliveryId: message.deliveryId.replace(/.{4}$/, '0000'), token: 'A'.repeat(43) };
    const client = new Client(site);
    await client.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    const form = await client.formToken('/account');
    for (const route of ofMessages) {
      for (const verb of ['GET', 'POST'] as const) {
        const [there, not] = [
          await ask(client, verb, filled(route, message), form),
          await ask(client, verb, filled(route, none), form),
        ];
        const plain = (answer: Answer): string =>
          answer.text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replaceAll(/name="back" value="[^"]*"/g, '');
        expect([not.status, plain(not)], `${verb} ${route}`).toEqual([there.status, plain(there)]);
      }
    }
  });

  test('ids are never paths', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await client.open(await site.publish(newsletter));
    for (const id of ['../../etc/passwd', '..%2f..%2fetc%2fpasswd', '%00', "' or 1=1 --", '*', 'a'.repeat(5000)]) {
      for (const asked of [`/d/${encodeURIComponent(id)}`, `${path}/attachment/${encodeURIComponent(id)}`]) {
        const { status, text } = await client.get(asked);
        expect([403, 404, 400, 414, 431], asked.slice(0, 80)).toContain(status);
        expect(text).not.toContain('root:');
      }
    }
  });
});

describe('what belongs to people', () => {
  test('who proved nothing reaches no account page, and changes nothing', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const form = await client.formToken('/sign-in');
    const before = await traceOf(site, message);
    for (const route of Object.keys(routes).filter((path) => path.startsWith('/account'))) {
      for (const verb of verbs) {
        const answer = await ask(client, verb, route, form);
        expect([303, 403, 405], `${verb} ${route} ${answer.status}`).toContain(answer.status);
        expect(answer.text).not.toMatch(content);
      }
    }
    expect(await traceOf(site, message)).toEqual(before);
  });

  test('a reader of another address cannot touch this one’s people', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const owner = new Client(site);
    await owner.open(message);
    await owner.press('/account/password', '/account/password', {
      password: 'tjuv-kloster-77-lampa',
      again: 'tjuv-kloster-77-lampa',
    });
    const [member] = await site.store.portal.members({ tenant: 'corp', address: 'robin@clinic.example' });
    const [credential] = await site.store.portal.credentials(member?.id ?? '');
    expect(credential?.kind).toBe('password');
    const eve = new Client(site);
    await eve.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    await eve.press('/account/password', '/account/password', {
      password: 'zebra quilt 9 fjord',
      again: 'zebra quilt 9 fjord',
    });
    const before = await traceOf(site, message);
    const at = { tenant: 'corp', address: 'robin@clinic.example', member: member?.id ?? '', id: credential?.id ?? '' };
    for (const action of ['member/remove', 'leave', 'join', 'invite', 'credential/remove', 'name'])
      await eve.press('/account', `/account/${action}`, { ...at, name: 'Eve', to: 'eve@evil.example' });
    expect(await traceOf(site, message)).toEqual(before);
    expect(await site.store.portal.credentials(member?.id ?? '')).toEqual([credential]);
  });
});
