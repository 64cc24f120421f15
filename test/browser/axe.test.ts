/**
 * What axe, a real browser and a ruler find wrong with the pages: every page and state of the gallery, in every language and both themes; on a phone of
 * 320 pixels; with its text spaced and doubled; its weight; what it asks of other places.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { languages } from '../../src/mail/language.ts';
import type { WebServer } from '../../src/web/server.ts';
import { wrongInEitherTheme } from './axe.ts';
import { launch } from './chromium.ts';
import { createGallery, pages } from './gallery.ts';

let browser: Browser;
let gallery: WebServer;
let origin: string;
beforeAll(async () => {
  gallery = createGallery();
  [browser, origin] = await Promise.all([launch(), gallery.listen()]);
});
afterAll(async () => {
  await browser.close();
  await gallery.close();
});

/** Of the pages that say what went wrong one stands for all in layout; all of them are read. */
const names = Object.keys(pages);
const distinct = names.filter((name) => !name.startsWith('trouble-') || name === 'trouble-noLink');
/** Runs `judge` on each page and gives what it found, by page. */
async function onEach(
  options: BrowserContextOptions,
  brand: string,
  judge: (page: Page) => Promise<readonly string[]>,
  which = distinct,
): Promise<Record<string, readonly string[]>> {
  // Colours are judged at rest, not on their way.
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const found: Record<string, readonly string[]> = {};
  try {
    const page = await context.newPage();
    for (const name of which) {
      await page.goto(`${origin}/${brand}/${name}`);
      const wrong = await judge(page);
      if (wrong.length > 0) found[name] = wrong;
    }
  } finally {
    await context.close();
  }
  return found;
}

async function judged(page: Page): Promise<string[]> {
  // Folded parts are judged unfolded, too.
  await page.evaluate('for (const part of document.querySelectorAll("details")) part.open = true');
  return wrongInEitherTheme(page);
}

/** Between languages only words differ, so the suite takes the one whose words are longest; `npm run test:browser` takes all. */
const inWords = process.env['AXE_LANGUAGES'] === 'all' ? languages : (['de'] as const);

test.each(inWords)('axe finds nothing, in %s, light and dark', { timeout: 600_000 }, async (locale) => {
  expect(await onEach({ locale }, 'clinic', judged)).toEqual({});
});

test('axe finds nothing with a tenant that set nothing', async () => {
  expect(await onEach({}, 'plain', judged, ['arriving-many-ways', 'code-wrong', 'account', 'message'])).toEqual({});
});

const sideways = async (page: Page): Promise<string[]> => {
  const [content = 0, window = 0] = await page.evaluate<number[]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  return content > window ? [`${content} wide in ${window}`] : [];
};

/** WCAG 2.2, success criterion 2.5.8, which excepts links within a sentence. */
const small = (page: Page): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('button, a.button, a.plain, input:not([type=hidden]), summary, .files a')]
      .filter((one) => { const box = one.getBoundingClientRect(); return box.width > 0 && (box.width < 24 || box.height < 24) })
      .map((one) => one.outerHTML)`,
  );

describe.each(languages)('in %s', (locale) => {
  test('says it is in that language, labels its fields, has controls of 24 pixels, and fits a phone of 320, also spaced and doubled', async () => {
    // WCAG 2.2, success criteria 1.4.12 and 1.4.4.
    const spaced = async (page: Page): Promise<readonly string[]> => {
      const usual = await sideways(page);
      await page.evaluate(
        'for (const one of document.querySelectorAll("*")) { one.style.lineHeight = "1.5"; one.style.letterSpacing = "0.12em"; one.style.wordSpacing = "0.16em" }',
      );
      const wide = await sideways(page);
      await page.evaluate('document.documentElement.style.fontSize = "32px"');
      return [...usual, ...wide, ...(await sideways(page))];
    };
    const basics = async (page: Page): Promise<string[]> => {
      const [lang, headings, unlabelled, text] = await page.evaluate<[string, number, number, string]>(
        `[document.documentElement.lang, document.querySelectorAll('h1').length, [...document.querySelectorAll('input:not([type=hidden])')].filter((field) => field.labels.length !== 1).length, document.body.innerText]`,
      );
      const slips = text.match(/undefined|\[object|=>|NaN/g) ?? [];
      return lang === locale && headings === 1 && unlabelled === 0
        ? slips
        : [lang, `${headings} h1`, `${unlabelled} unlabelled`];
    };
    const both = async (page: Page): Promise<readonly string[]> => [
      ...(await basics(page)),
      ...(await small(page)),
      ...(await spaced(page)),
    ];
    const phone = { locale, viewport: { width: 320, height: 640 }, bypassCSP: true };
    expect(await onEach(phone, 'clinic', both, names)).toEqual({});
  });
});

test('no page weighs 60 kB with all it loads, nor asks anything of another place', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const bodies: Promise<Buffer>[] = [];
  const foreign: string[] = [];
  page.on('response', (response) => void bodies.push(response.body()));
  page.on('request', (request) => void (request.url().startsWith(`${origin}/`) || foreign.push(request.url())));
  // Nothing comes from the cache.
  await page.route('**/*', (route) => route.continue());
  const heavy: string[] = [];
  for (const name of distinct) {
    bodies.length = 0;
    await page.goto(`${origin}/clinic/${name}`);
    const weight = Buffer.concat(await Promise.all(bodies)).length;
    if (weight < 15_000 || weight >= 60_000) heavy.push(`${name}: ${weight}`);
  }
  await context.close();
  expect(heavy).toEqual([]);
  expect(foreign).toEqual([]);
});

test('without scripts a reader chooses the language, which stays chosen', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'nl' });
  const page = await context.newPage();
  await page.goto(`${origin}/clinic/arriving`);
  await page.getByRole('heading', { name: 'Er staat een beveiligd bericht voor u klaar' }).waitFor();
  await page.getByRole('button', { name: 'Español' }).click();
  await page.getByRole('heading', { name: 'Tiene un mensaje protegido' }).waitFor();
  expect(page.url()).toBe(`${origin}/clinic/arriving`);
  await page.goto(`${origin}/plain/code`);
  await page.getByRole('heading', { name: 'Escriba su código' }).waitFor();
  await context.close();
});

test('with scripts a code is sent once it is typed or pasted, and times are those of the reader', async () => {
  const context = await browser.newContext({ timezoneId: 'America/New_York' });
  const page = await context.newPage();
  await page.goto(`${origin}/plain/code`);
  await page.getByText('10:04 GMT-5').first().waitFor();
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  await page.getByLabel('Six-digit code').fill('123 456');
  expect((await sent).postData()).toContain('code=123+456');
  await context.close();
});

test('while no new code may be mailed, the button says when and asks for none', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const posted: string[] = [];
  page.on('request', (request) => void (request.method() === 'POST' && posted.push(request.url())));
  await page.goto(`${origin}/plain/code-wait`);
  await page.getByText(/can be sent in 0:\d\d|1:00/).waitFor();
  const again = page.getByRole('button', { name: 'Send me a new code', disabled: true });
  await again.click({ force: true });
  expect(posted).toEqual([]);
  await context.close();
});
