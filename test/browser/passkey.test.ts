/** Passkeys in a real browser, with the device played by Chromium's virtual authenticator: made after the first opening, then one tap; invited colleagues. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newsletter, plainLetter } from '../web/samples.ts';
import { Client, type Published, type Site, startSite } from '../web/site.ts';
import { launch } from './chromium.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

type Device = AsyncDisposable & {
  readonly page: Page;
  /** Whether fingerprint or PIN is given when asked. */
  verifies(yes: boolean): Promise<void>;
};

/** A browser on a device of somebody's own. */
async function device(): Promise<Device> {
  const context: BrowserContext = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    page,
    verifies: async (isUserVerified) => {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

async function openByCode(page: Page, site: Site, message: Published): Promise<void> {
  await page.goto(`${site.origin}/m/${message.token}`);
  await page.locator(`form[action$="/new-code"] button`).click();
  await page.waitForURL('**/code');
  await page.locator('input[name=code]').fill(site.lastCode());
  await page.waitForURL(`${site.origin}/d/${message.deliveryId}`);
}

async function addPasskey(page: Page, site: Site, name: string): Promise<void> {
  await page.goto(`${site.origin}/account`);
  await page.locator('form[data-passkey=create] input[name=name]').fill(name);
  await page.locator('form[data-passkey=create] button').click();
  await page.waitForURL('**/account?said=*');
}

test('made after the first opening, then the next message opens with one tap', async () => {
  await using site = await startSite();
  await using desk = await device();
  const { page } = desk;
  await openByCode(page, site, await site.publish(plainLetter));
  await addPasskey(page, site, 'Robin Reader');
  expect(page.url()).toContain('said=passkey-added');
  const [member] = await site.store.portal.members({ tenant: 'corp', address: 'robin@clinic.example' });
  expect(member).toMatchObject({ name: 'Robin Reader', role: 'owner', methods: ['passkey'] });

  await page.context().clearCookies();
  const next = await site.publish(newsletter, { demand: 'passkey' });
  await page.goto(`${site.origin}/m/${next.token}`);
  const mails = site.mails.length;
  await page.locator('form[data-passkey=get] button').click();
  await page.getByRole('heading', { level: 1, name: 'Your laboratory results' }).waitFor();
  expect(site.mails).toHaveLength(mails);
  expect(site.events.findLast((event) => event.kind === 'delivery.opened')).toMatchObject({
    reader: 'Robin Reader',
    proof: 'passkey',
  });

  // Without a message, too: the device knows whose it is. What the page still loads would bring its session back.
  await page.waitForLoadState();
  await page.context().clearCookies();
  await page.goto(`${site.origin}/sign-in`);
  await page.locator('form[data-passkey=get] button').click();
  await page.waitForURL(/\/(?:account|inbox)/);
  await page.goto(`${site.origin}/account`);
  await page.getByText('robin@clinic.example').first().waitFor();
});

test('a device that does not verify its user, or has no passkey, opens nothing and says so', async () => {
  await using site = await startSite();
  await using desk = await device();
  const { page } = desk;
  await openByCode(page, site, await site.publish(plainLetter));
  await addPasskey(page, site, 'Robin');
  await page.context().clearCookies();
  await desk.verifies(false);
  const next = await site.publish(newsletter, { demand: 'passkey' });
  await page.goto(`${site.origin}/m/${next.token}`);
  await page.locator('form[data-passkey=get] button').click();
  await page.waitForLoadState();
  await expect.poll(() => site.events.filter((event) => event.kind === 'portal.proofWrong').length).toBe(1);
  const client = new Client(site);
  const path = await client.arrive(next);
  expect((await client.get(`${path}/message.eml`)).status).toBe(403);
});

test('an answer is worth nothing in another session, at another time, or twice', async () => {
  await using site = await startSite();
  await using desk = await device();
  const { page } = desk;
  await openByCode(page, site, await site.publish(plainLetter));
  await addPasskey(page, site, 'Robin');
  await page.context().clearCookies();
  const next = await site.publish(newsletter, { demand: 'passkey' });
  await page.goto(`${site.origin}/m/${next.token}`);
  const [request] = await Promise.all([
    page.waitForRequest((asked) => asked.method() === 'POST' && asked.url().endsWith('/passkey')),
    page.locator('form[data-passkey=get] button').click(),
  ]);
  await page.getByRole('heading', { level: 1, name: 'Your laboratory results' }).waitFor();
  const response = new URLSearchParams(request.postData() ?? '').get('response') ?? '';
  expect(JSON.parse(response)).toMatchObject({ type: 'public-key' });
  const thief = new Client(site);
  const path = await thief.arrive(next);
  await thief.press(path, `${path}/passkey`, { response });
  expect((await thief.get(`${path}/message.eml`)).status).toBe(403);
});

test('an invited colleague sets up a passkey on a device of their own, once, and the trace has their name', async () => {
  await using site = await startSite();
  await using desk = await device();
  await openByCode(desk.page, site, await site.publish(plainLetter));
  await addPasskey(desk.page, site, 'Robin');
  await desk.page.goto(`${site.origin}/account`);
  const invitation = desk.page.locator('form[action="/account/invite"]');
  await desk.page.locator('details', { has: invitation }).locator('summary').click();
  await invitation.locator('input[name=name]').fill('Kim');
  await invitation.locator('input[name=to]').fill('kim@home.example');
  await invitation.locator('button').click();
  await desk.page.waitForURL('**/account?said=invited');
  const mail = site.mails.at(-1)?.bytes.toString().replaceAll(/=\r\n/g, '').replaceAll('=3D', '=') ?? '';
  const link = /https:\/\/localhost:\d+\/join\/[A-Za-z0-9_.-]+/.exec(mail)?.[0] ?? '';

  await using phone = await device();
  await phone.page.goto(link);
  await phone.page.locator('form[data-passkey=create] button').click();
  await phone.page.waitForURL('**/account?said=passkey-added');
  const members = await site.store.portal.members({ tenant: 'corp', address: 'robin@clinic.example' });
  expect(members.map(({ name, role }) => [name, role])).toEqual([
    ['Robin', 'owner'],
    ['Kim', 'member'],
  ]);
  expect((await new Client(site).get(new URL(link).pathname)).status).toBe(404);

  const message = await site.publish(newsletter);
  await phone.page.goto(`${site.origin}/m/${message.token}`);
  await phone.page.getByRole('heading', { level: 1, name: 'Your laboratory results' }).waitFor();
  expect(site.events.findLast((event) => event.kind === 'delivery.opened')).toMatchObject({ reader: 'Kim' });
});
