/** A person follows the link of a notification in a real browser: with and without JavaScript, on a desk and on a phone. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newsletter, plainLetter, report } from '../web/samples.ts';
import { type Published, type Site, startSite } from '../web/site.ts';
import { launch } from './chromium.ts';

let browser: Browser;
let site: Site;
beforeAll(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
});
afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
});

const desk = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

async function withPage(
  options: Parameters<Browser['newContext']>[0],
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, acceptDownloads: true, ...options });
  try {
    await use(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

async function openMessage(page: Page, message: Published): Promise<void> {
  await page.goto(`${site.origin}/m/${message.token}`);
  const there = `${site.origin}/d/${message.deliveryId}`;
  await page.waitForURL(there);
  const ask = page.getByRole('button', { name: 'Send me the code' });
  // Who read another message to this address is known already.
  if ((await ask.count()) === 0) return;
  await ask.click();
  // Six digits are enough: our script sends the form.
  await page.getByLabel('Six-digit code').fill(site.lastCode());
  await page.waitForURL(there);
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [content, window] = await page.evaluate<number[]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  expect(content).toBeLessThanOrEqual(window ?? 0);
}

describe.each([
  ['at a desk', { ...desk, javaScriptEnabled: true }],
  ['at a desk without JavaScript', { ...desk, javaScriptEnabled: false }],
  ['on a phone without JavaScript', { ...phone, javaScriptEnabled: false }],
])('%s', (_, options) => {
  test('from the link to the text and the attachment', async () => {
    const message = await site.publish(newsletter);
    await withPage(options, async (page, context) => {
      const foreign: string[] = [];
      context.on('request', (request) => {
        if (!request.url().startsWith(`${site.origin}/`) && !request.url().startsWith('data:'))
          foreign.push(request.url());
      });
      await page.goto(`${site.origin}/m/${message.token}`);
      await page.getByText('r***@clinic.example').waitFor();
      await expectNoSidewaysScroll(page);
      await page.getByRole('button', { name: 'Send me the code' }).click();
      expect(page.url()).not.toContain(message.token);
      await expectNoSidewaysScroll(page);

      const field = page.getByLabel('Six-digit code');
      expect([await field.getAttribute('autocomplete'), await field.getAttribute('inputmode')]).toEqual([
        'one-time-code',
        'numeric',
      ]);
      await field.fill(site.lastCode() === '000000' ? '000001' : '000000');
      if (!options.javaScriptEnabled) await page.getByRole('button', { name: 'Open the message' }).click();
      await page.getByRole('alert').getByText('4 tries left').waitFor();
      await page.getByLabel('Six-digit code').fill(site.lastCode());
      await page.getByRole('button', { name: 'Open the message' }).click();

      await page.getByRole('heading', { level: 1, name: 'Your laboratory results' }).waitFor();
      await expectNoSidewaysScroll(page);
      const frame = page.frameLocator('iframe');
      await frame.getByText('Ferritin').waitFor();
      expect(await frame.getByRole('img', { name: 'dot' }).count()).toBe(1);
      await page.getByText('Show the message as plain text').click();
      await page.getByText('Please read them before Thursday: https').waitFor();

      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('a[download]', { hasText: 'Befund Müller.pdf' }).click(),
      ]);
      expect(download.suggestedFilename()).toBe('Befund Müller.pdf');
      expect((await readFile(await download.path())).equals(report)).toBe(true);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.goto(`${site.origin}/d/${message.deliveryId}`);
      await page.getByRole('heading', { name: 'not open in this browser' }).waitFor();
      expect(foreign).toEqual([]);
    });
  });
});

test('by keyboard alone', async () => {
  const message = await site.publish(plainLetter);
  await withPage(desk, async (page) => {
    await page.goto(`${site.origin}/m/${message.token}`);
    // First comes the way past what every page has, then the one thing to do here.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/code');
    // A person sees the caret before typing.
    await page.locator('input:focus').waitFor();
    await page.keyboard.type(site.lastCode());
    await page.getByRole('heading', { name: 'Hello' }).waitFor();
  });
});

test('every page has a language, one heading, a title and a label for every field', async () => {
  const message = await site.publish(newsletter);
  await withPage(desk, async (page) => {
    const check = async (): Promise<void> => {
      const found = await page.evaluate<unknown[]>(
        `[document.documentElement.lang, document.querySelectorAll('h1').length, document.title !== '', [...document.querySelectorAll('input:not([type=hidden])')].every((field) => field.labels.length === 1), [...document.querySelectorAll('iframe')].every((frame) => frame.title !== '')]`,
      );
      expect([page.url(), ...found]).toEqual([page.url(), 'en', 1, true, true, true]);
    };
    await page.goto(`${site.origin}/`);
    await check();
    await page.goto(`${site.origin}/m/${'a'.repeat(43)}`);
    await check();
    await page.goto(`${site.origin}/m/${message.token}`);
    await check();
    await page.getByRole('button', { name: 'Send me the code' }).click();
    await check();
    await openMessage(page, message);
    await check();
  });
});

test('long words, names and addresses do not make a phone scroll sideways', async () => {
  const long = 'x'.repeat(300);
  const message = await site.publish(
    `From: ${long} <${long}@corp.example>\r\nTo: ${`${long}@clinic.example, `.repeat(3)}a@b.example\r\nSubject: ${long}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${long}\r\nhttps://x.example/${long}\r\n--b\r\nContent-Type: a/b; name=${long}\r\n\r\nx\r\n--b--\r\n`,
    { recipient: `${long}@${'y'.repeat(60)}.clinic.example`, mailFrom: `${long}@corp.example` },
  );
  await withPage(phone, async (page) => {
    await page.goto(`${site.origin}/m/${message.token}`);
    await expectNoSidewaysScroll(page);
    await openMessage(page, message);
    await expectNoSidewaysScroll(page);
  });
});

test('T-31: following a link in the message tells its host nothing of where it was', async () => {
  const asked: { url: string | undefined; referer: string | undefined }[] = [];
  const outside = createServer((request, response) => {
    asked.push({ url: request.url, referer: request.headers.referer });
    response.end('<title>outside</title>');
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const host = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const message = await site.publish(
    `Subject: links\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nsee ${host}/from-text\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href="${host}/from-html">formatted</a>\r\n--b--\r\n`,
  );
  try {
    await withPage(desk, async (page, context) => {
      await openMessage(page, message);
      await page.getByText('Show the message as plain text').click();
      for (const link of [
        page.getByRole('link', { name: 'from-text' }),
        page.frameLocator('iframe').getByRole('link', { name: 'formatted' }),
      ]) {
        const [popup] = await Promise.all([context.waitForEvent('page'), link.click()]);
        await popup.waitForLoadState();
        expect(await popup.evaluate('window.opener === null')).toBe(true);
        await popup.close();
      }
    });
    const pages = asked.filter(({ url }) => url?.startsWith('/from-'));
    expect(pages).toEqual([
      { url: '/from-text', referer: undefined },
      { url: '/from-html', referer: undefined },
    ]);
  } finally {
    outside.close();
  }
});

test('T-36: no page of ours can be framed by another site', async () => {
  const message = await site.publish(newsletter);
  await withPage(desk, async (page) => {
    await openMessage(page, message);
    const evil = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        ['/', `/m/${message.token}`, `/d/${message.deliveryId}`, `/d/${message.deliveryId}/html`]
          .map((path) => `<iframe src="${site.origin}${path}"></iframe>`)
          .join(''),
      );
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    try {
      await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
      const texts = await Promise.all(
        page
          .frames()
          .slice(1)
          .map((frame) => frame.locator('body').innerText()),
      );
      expect(texts).toHaveLength(4);
      expect(texts.join('')).not.toMatch(/mail|message|browser|code/i);
    } finally {
      evil.close();
    }
  });
});
