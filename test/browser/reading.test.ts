/** Reading in a real browser: a conversation, an invitation answered, attachments looked at, pictures asked for, and a page printed. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outlook } from '../mail/invitations.ts';
import { newsletter, picture, plainLetter } from '../web/samples.ts';
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

/** Pixels of a picture once it was decoded; 0 when it cannot be. */
async function widthOf(img: unknown): Promise<number> {
  const picture = img as { decode(): Promise<void>; readonly naturalWidth: number };
  await picture.decode().catch(() => {});
  return picture.naturalWidth;
}

async function withMessage(
  message: Published,
  use: (page: Page, context: BrowserContext) => Promise<void>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, acceptDownloads: true, ...options });
  try {
    const page = await context.newPage();
    await page.goto(`${site.origin}/m/${message.token}`);
    await page.getByRole('button', { name: 'Send me the code' }).click();
    await page.getByLabel('Six-digit code').fill(site.lastCode());
    if (options.javaScriptEnabled === false) await page.getByRole('button', { name: 'Open the message' }).click();
    await page.waitForURL(`${site.origin}/d/${message.deliveryId}`);
    await use(page, context);
  } finally {
    await context.close();
  }
}

const invitation = `From: Anna <anna@corp.example>\r\nSubject: Visit\r\nMessage-ID: <v@corp.example>\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(outlook).toString('base64')}\r\n`;

describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
])('%s', (_, javaScriptEnabled) => {
  test('an invitation is told in the reader’s time, and answered', async () => {
    const message = await site.publish(invitation, { recipient: `robin${javaScriptEnabled ? 1 : 2}@clinic.example` });
    await withMessage(
      message,
      async (page) => {
        const card = page.getByRole('region', { name: 'Changed invitation' });
        await card.getByText('Besprechung, Befund & Fragen').waitFor();
        // Noon and later in New York is the reader's own time; without scripts it is the organisation's.
        await card.getByText(javaScriptEnabled ? '09:00–10:00 GMT-4' : '13:00–14:00 UTC').waitFor();
        await card.getByText('For the organiser: 15:00–16:00').waitFor();
        await card.getByRole('button', { name: 'Accept' }).click();
        await page.getByRole('status').getByText('You accepted on').waitFor();
        expect(site.mails.at(-1)?.bytes.toString()).toContain('text/calendar; method=REPLY');
        await card.getByRole('button', { name: 'Decline' }).click();
        await page.getByRole('status').getByText('You declined on').waitFor();
      },
      { javaScriptEnabled, timezoneId: 'America/New_York', viewport: { width: 360, height: 740 } },
    );
  });
});

test('a conversation is walked from message to message', async () => {
  const letter = (nth: string): string =>
    `From: Anna <anna@corp.example>\r\nSubject: ${nth}\r\nMessage-ID: <walk@corp.example>\r\n\r\n${nth} text\r\n`;
  const recipient = 'walker@clinic.example';
  const first = await site.publish(letter('First'), { recipient });
  site.clock.now += 60_000;
  const second = await site.publish(letter('Second'), { recipient });
  await withMessage(second, async (page) => {
    await page.getByRole('heading', { level: 1, name: 'Second' }).waitFor();
    const earlier = page.getByRole('navigation', { name: 'One earlier message' });
    await earlier.getByText('1 new').waitFor();
    await earlier.getByRole('link', { name: 'Anna' }).click();
    await page.waitForURL(`${site.origin}/d/${first.deliveryId}`);
    await page.getByText('First text').waitFor();
    await page.getByRole('navigation', { name: 'One later message' }).waitFor();
    expect(await page.getByText('1 new').count()).toBe(0);
  });
});

test('pictures from elsewhere are loaded when asked for, without saying from where, and not before', async () => {
  await withMessage(await site.publish(newsletter, { recipient: 'pictures@clinic.example' }), async (page, context) => {
    const asked: (readonly [string, string | undefined])[] = [];
    await context.route('https://tracker.example/**', async (route) => {
      asked.push([route.request().url(), (await route.request().allHeaders())['referer']]);
      await route.fulfill({ contentType: 'image/png', body: Buffer.from(picture, 'base64') });
    });
    await page.reload();
    await page.frameLocator('iframe').getByText('Ferritin').waitFor();
    expect(asked).toEqual([]);
    await page.getByText('learns when you read it').waitFor();
    await page.getByRole('button', { name: 'Show pictures from elsewhere' }).click();
    await page.getByText('Pictures from other servers are shown').waitFor();
    await page.frameLocator('iframe').getByText('Ferritin').waitFor();
    await expect.poll(() => asked).toEqual([['https://tracker.example/open.gif', undefined]]);
    expect(await page.frameLocator('iframe').getByText('left out').count()).toBe(0);
    const shown = page.url();
    await page.getByRole('link', { name: 'Hide these pictures again' }).click();
    await page.getByRole('button', { name: 'Show pictures from elsewhere' }).waitFor();
    // The address that shows them is worth nothing in another browser, nor changed.
    await page.goto(`${shown.slice(0, -1)}${shown.endsWith('A') ? 'B' : 'A'}`);
    await page.getByRole('button', { name: 'Show pictures from elsewhere' }).waitFor();
    expect(asked).toHaveLength(1);
  });
});

test('attachments are looked at in place, and nothing in them runs', async () => {
  const file = (type: string, name: string, octets: Buffer | string): string =>
    `--m\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(octets).toString('base64')}\r\n`;
  const hostile = '<script>document.title="ran"</script>';
  const mail = [
    'Subject: Files\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nHello\r\n',
    file('image/png', 'dot.png', Buffer.from(picture, 'base64')),
    file('text/plain', 'notes.txt', `line one\n${hostile}`),
    file('image/png', 'lie.png', hostile),
    file('text/html', 'page.html', hostile),
    file('application/pdf', 'report.pdf', '%PDF-1.4\n%%EOF'),
    '--m--\r\n',
  ].join('');
  await withMessage(await site.publish(mail, { recipient: 'files@clinic.example' }), async (page) => {
    await page.getByText('Picture, about').first().waitFor();
    await page.getByText('PDF file, about').waitFor();
    await page.getByRole('link', { name: 'View dot.png' }).click();
    const width = await page.getByRole('img', { name: 'dot.png' }).evaluate(widthOf);
    expect(width).toBe(10);
    await page.getByRole('link', { name: 'Back' }).click();
    await page.getByRole('link', { name: 'View notes.txt' }).click();
    await page.getByText(hostile).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'View lie.png' }).click();
    expect(await page.getByRole('img', { name: 'lie.png' }).evaluate(widthOf)).toBe(0);
    expect(await page.title()).not.toBe('ran');
    await page.goBack();
    expect(await page.getByRole('link', { name: 'View page.html' }).count()).toBe(0);
    const pdf = page.getByRole('link', { name: 'View report.pdf' });
    expect([await pdf.getAttribute('target'), await pdf.getAttribute('rel')]).toEqual(['_blank', 'noopener']);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save all as one ZIP file' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('Files.zip');
  });
});

test('printed, a message is a letter: its words, and nothing to press', async () => {
  await withMessage(await site.publish(newsletter, { recipient: 'print@clinic.example' }), async (page) => {
    await page.emulateMedia({ media: 'print' });
    const visible = (text: string): Promise<boolean> => page.getByText(text, { exact: false }).first().isVisible();
    // What is folded away on the screen, and cut off in a frame, stands on paper.
    expect(await visible('Please read them before Thursday: https')).toBe(true);
    expect(await page.locator('iframe').isVisible()).toBe(false);
    expect(await page.getByRole('button').filter({ visible: true }).allTextContents()).toEqual([]);
    expect(await page.getByRole('heading', { level: 1 }).isVisible()).toBe(true);
    await page.goto(`${page.url()}/html`);
    expect(await visible('Your laboratory results')).toBe(true);
    expect(await visible('left out')).toBe(false);
    await page.emulateMedia({ media: 'screen' });
    expect(await visible('Your laboratory results')).toBe(false);
  });
});

test('a letter without formatting has no frame and says nothing of pictures', async () => {
  await withMessage(await site.publish(plainLetter, { recipient: 'plain@clinic.example' }), async (page) => {
    expect(await page.locator('iframe').count()).toBe(0);
    expect(await page.getByText('Show pictures').count()).toBe(0);
  });
});
