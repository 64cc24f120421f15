/** What members, owners and the invited could do beyond their right: links used again, two tenants in one portal, devices that lie. */
import { describe, expect, test } from 'vitest';
import { StoreDown } from '../../src/store/store.ts';
import { type Bent, type Device, newDevice } from './device.ts';
import { newsletter, plainLetter } from './samples.ts';
import { type Answer, Client, type Site, startSite } from './site.ts';

const robin = { tenant: 'corp', address: 'robin@clinic.example' };
const office = { tenant: 'other', address: 'office@clinic.example' };

async function addPasskey(client: Client, device: Device, bent: Partial<Bent> = {}): Promise<Answer> {
  const options = JSON.parse((await client.press('/account', '/account/passkey/options', { name: 'Robin' })).text);
  return client.press('/account', '/account/passkey', { name: 'Robin', response: device.create(options, bent) });
}

/** Opens a message by code and makes a passkey: the owner of the address. */
async function owner(site: Site): Promise<{ client: Client; device: Device }> {
  const [client, device] = [new Client(site), newDevice(site.origin)];
  await client.open(await site.publish(plainLetter));
  expect((await addPasskey(client, device)).headers.location).toBe('/account?said=passkey-added');
  return { client, device };
}

async function signIn(client: Client, device: Device, bent: Partial<Bent> = {}): Promise<Answer> {
  const options = JSON.parse((await client.press('/sign-in', '/sign-in/passkey/options')).text);
  return client.press('/sign-in', '/sign-in/passkey', { response: device.get(options, bent) });
}

/** Invites Kim; the token in the letter. */
async function invite(site: Site, by: Client): Promise<string> {
  await by.press('/account', '/account/invite', { ...robin, name: 'Kim', to: 'kim@home.example' });
  const text = site.mails.at(-1)?.bytes.toString().replaceAll(/=\r\n/g, '').replaceAll('=3D', '=') ?? '';
  return /\/join\/([A-Za-z0-9_.-]+)/.exec(text)?.[1] ?? '';
}

/** All but the last step, which `last` takes. */
async function joining(client: Client, token: string, device: Device): Promise<{ last: () => Promise<Answer> }> {
  await client.get(`/join/${token}`);
  const form = await client.formToken('/join');
  const offered = await client.post('/join/passkey/options', { form, name: 'Kim' });
  const response = device.create(JSON.parse(offered.text));
  return { last: () => client.post('/join/passkey', { form, name: 'Kim', response }) };
}

async function join(client: Client, token: string, device: Device): Promise<Answer> {
  return (await joining(client, token, device)).last();
}

describe('an invitation', () => {
  test('makes one member, who reads until they are removed, and never again by the same link', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const token = await invite(site, client);
    const unused = await joining(new Client(site), token, newDevice(site.origin));
    const [kim, device] = [new Client(site), newDevice(site.origin)];
    expect((await join(kim, token, device)).headers.location).toBe('/account?said=passkey-added');
    const message = await site.publish(newsletter);
    expect((await kim.get(`/d/${message.deliveryId}`)).text).toContain('laboratory');
    expect((await new Client(site).get(`/join/${token}`)).status).toBe(404);

    const member = (await site.store.portal.members(robin)).find(({ role }) => role === 'member');
    await client.press('/account', '/account/member/remove', { ...robin, member: member?.id ?? '' });
    expect((await kim.get(`/d/${message.deliveryId}/message.eml`)).status).toBe(403);
    expect((await signIn(kim, device)).status).toBe(422);
    expect((await new Client(site).get(`/join/${token}`)).status).toBe(404);
    // With the page still open from before.
    expect((await unused.last()).status).toBe(404);
    expect(await site.store.portal.members(robin)).toHaveLength(1);
  });

  test('leaves the address bar at once, and the browser once it is used', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const token = await invite(site, client);
    const kim = new Client(site);
    const answer = await kim.get(`/join/${token}`);
    expect([answer.status, answer.headers.location, answer.text]).toEqual([303, '/join', '']);
    expect(answer.headers['set-cookie']?.join()).toMatch(/^__Host-invitation=[^;]+;.*Secure; HttpOnly; SameSite=Lax$/);
    for (const room of ['/join', '/join/password', '/join/authenticator'])
      expect((await kim.get(room)).text).not.toContain(token);
    expect((await new Client(site).get('/join')).status).toBe(404);
    await join(kim, token, newDevice(site.origin));
    expect([...kim.cookies.keys()]).not.toContain('__Host-invitation');
    expect(JSON.stringify(site.events)).not.toContain(token);
  });

  test('is worth nothing once who sent it is no owner any more', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const token = await invite(site, client);
    const [kim, kims] = [new Client(site), newDevice(site.origin)];
    await join(kim, token, kims);
    const second = await invite(site, client);
    expect((await kim.get(`/join/${second}`)).status).toBe(303);
    await client.press('/account', '/account/leave', robin);
    expect((await new Client(site).get(`/join/${second}`)).status).toBe(404);
  });

  test('can be withdrawn by any owner and nobody else, also while its page is open', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const [kim, kims] = [new Client(site), newDevice(site.origin)];
    await join(kim, await invite(site, client), kims);
    const token = await invite(site, client);
    const { last } = await joining(new Client(site), token, newDevice(site.origin));
    const [waiting] = await site.store.portal.invitationsTo(robin, site.clock.now);
    const withdrawal = { ...robin, member: waiting?.member ?? '' };
    expect((await kim.get('/account')).text).not.toContain('Withdraw');
    await kim.press('/account', '/account/invite/withdraw', withdrawal);
    const elsewhere = new Client(site);
    await elsewhere.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    await addPasskey(elsewhere, newDevice(site.origin));
    await elsewhere.press('/account', '/account/invite/withdraw', { ...withdrawal, address: 'eve@clinic.example' });
    expect((await elsewhere.press('/account', '/account/invite/withdraw', withdrawal)).status).toBe(403);
    expect((await new Client(site).get(`/join/${token}`)).status).toBe(303);

    expect((await client.get('/account')).text).toContain('Withdraw the invitation for Kim');
    const done = await client.press('/account', '/account/invite/withdraw', withdrawal);
    expect(done.headers.location).toBe('/account?said=removed');
    expect((await client.get('/account')).text).not.toContain('Withdraw');
    expect((await new Client(site).get(`/join/${token}`)).status).toBe(404);
    expect((await last()).status).toBe(404);
    expect(await site.store.portal.members(robin)).toHaveLength(2);
    const kinds = site.events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'portal.uninvited')).toHaveLength(1);
  });

  test('twice at once makes one member', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const token = await invite(site, client);
    const devices = [1, 2, 3].map(() => joining(new Client(site), token, newDevice(site.origin)));
    const answers = await Promise.all((await Promise.all(devices)).map(({ last }) => last()));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 404, 404]);
    expect(await site.store.portal.members(robin)).toHaveLength(2);
  });

  test('lets in no owner: the invited can neither invite nor remove', async () => {
    await using site = await startSite();
    const { client } = await owner(site);
    const kim = new Client(site);
    await join(kim, await invite(site, client), newDevice(site.origin));
    const mails = site.mails.length;
    await kim.press('/account', '/account/invite', { ...robin, name: 'Eve', to: 'eve@evil.example' });
    expect(site.mails).toHaveLength(mails);
    for (const { id } of await site.store.portal.members(robin))
      await kim.press('/account', '/account/member/remove', { ...robin, member: id });
    expect(await site.store.portal.members(robin)).toHaveLength(2);
  });
});

test('a person of one tenant does not become one of another’s, whatever both were proved', async () => {
  await using site = await startSite();
  const client = new Client(site);
  await client.open(await site.publish(plainLetter, { tenant: office.tenant, recipient: office.address }));
  site.clock.now += 1000;
  await client.open(await site.publish(plainLetter));
  site.clock.now += 1000;
  await addPasskey(client, newDevice(site.origin));
  await client.press('/account', '/account/join', office);
  expect(await site.store.portal.members(office)).toEqual([]);
  expect(await site.store.portal.members(robin)).toHaveLength(1);
});

describe('a passkey that lies', () => {
  test.each([
    ['of another origin', { origin: 'https://evil.example' }],
    ['of another port', { origin: 'https://localhost:1' }],
    ['for another site', { rpId: 'evil.example' }],
    ['without its user', { userVerified: false }],
    ['with the answer of the other ceremony', { type: 'webauthn.create' }],
    ['with a counter that does not grow', { counter: 1 }],
    ['with a counter set back to nothing', { counter: 0 }],
    ['under an id nobody has', { id: Buffer.alloc(32) }],
  ] as const)('%s opens nothing', async (_, bent) => {
    await using site = await startSite();
    const { device } = await owner(site);
    const client = new Client(site);
    expect((await signIn(client, device, bent)).status).toBe(422);
    expect((await client.get('/account')).status).toBe(403);
    expect((await signIn(client, device)).status).toBe(303);
    expect((await client.get('/account')).status).toBe(200);
  });

  test('by an answer it gave before opens nothing, however many send it at once', async () => {
    await using site = await startSite();
    // As passkeys do that live on several devices: no counter.
    const [client, device] = [new Client(site), newDevice(site.origin)];
    await client.open(await site.publish(plainLetter));
    await addPasskey(client, device, { counter: 0 });
    const options = JSON.parse((await client.press('/sign-in', '/sign-in/passkey/options')).text);
    const [form, response] = [await client.formToken('/sign-in'), device.get(options, { counter: 0 })];
    const answers = await Promise.all([1, 2, 3].map(() => client.post('/sign-in/passkey', { form, response })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 422, 422]);
  });

  test('about the id of somebody else’s passkey neither takes it over nor breaks it', async () => {
    await using site = await startSite();
    const { device } = await owner(site);
    const [member] = await site.store.portal.members(robin);
    const [known] = await site.store.portal.credentials(member?.id ?? '');
    const eve = new Client(site);
    await eve.open(await site.publish(plainLetter, { recipient: 'eve@clinic.example' }));
    const answer = await addPasskey(eve, newDevice(site.origin), { id: Buffer.from(known?.lookup ?? '', 'base64url') });
    expect(answer.headers.location).toBe('/account?said=passkey-failed');
    expect(await site.store.portal.members({ ...robin, address: 'eve@clinic.example' })).toEqual([]);
    expect((await signIn(new Client(site), device)).status).toBe(303);
  });
});

test('when the database is away, no passkey is called wrong', async () => {
  let away = false;
  await using site = await startSite({
    ports: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        credentialBy: async (kind, lookup) => {
          if (away) throw new StoreDown('away');
          return ports.store.credentialBy(kind, lookup);
        },
      },
    }),
  });
  const { device } = await owner(site);
  away = true;
  expect((await signIn(new Client(site), device)).status).toBe(503);
  away = false;
  expect((await signIn(new Client(site), device)).status).toBe(303);
});
