/**
 * T-34: hostile HTML in a real browser, against each of the two walls alone and both together: the cleaned HTML without any policy, the
 * policy of the frame around HTML as it came, and the portal as it is. Nothing may run, and nothing may be asked of anyone; where the reader asked for
 * pictures from elsewhere, pictures over https and nothing else.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaves, StructureParser } from '../../src/mail/structure.ts';
import { decodeCharset, decodeTransfer } from '../../src/mail/text.ts';
import { createCleaner } from '../../src/web/clean.ts';
import { framedPage } from '../../src/web/pages/formatted.ts';
import type { Around } from '../../src/web/pages/layout.ts';
import { framePolicy, picturesPolicy } from '../../src/web/reading.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { Client, startSite } from '../web/site.ts';
import { launch } from './chromium.ts';
import { vectors } from './vectors.ts';

let browser: Browser;
let host: Server;
/** What `host` answers with, by path. */
const documents = new Map<string, { html: string; policy: string | null }>();
const asked: string[] = [];
let origin = '';

beforeAll(async () => {
  host = createServer((request, response) => {
    const found = documents.get(request.url ?? '');
    if (found === undefined) asked.push(request.url ?? '');
    if (found !== undefined && found.policy !== null) response.setHeader('Content-Security-Policy', found.policy);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(found?.html ?? '');
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  host.closeAllConnections();
  host.close();
});

const armed = (html: string): string => html.replaceAll('CANARY', `${origin}/canary`);

/** Records what a page does that it must not: dialogs, our canary's output, pop-ups, and requests for anything but `allowed`. */
function watch(context: BrowserContext, page: Page, allowed: (url: string, kind: string) => boolean): string[] {
  const seen: string[] = [];
  page.on('dialog', (dialog) => {
    seen.push('dialog');
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.text() === `${origin}/canary-ran`) seen.push('script');
  });
  context.on('page', () => seen.push('pop-up'));
  void context.route('**/*', (route) => {
    const url = route.request().url();
    const kind = route.request().resourceType();
    if (allowed(url, kind)) return isPicture(url, kind) ? route.abort() : route.continue();
    seen.push(url);
    return route.abort();
  });
  return seen;
}

/** A picture over https, from elsewhere. */
function isPicture(url: string, kind: string): boolean {
  return kind === 'image' && url.startsWith('https:') && !url.startsWith('https://localhost');
}

/** Shows the documents, some at a time, each in a frame of its own (a sandbox where there is a policy), and returns what they did. */
async function show(htmls: readonly string[], policy: string | null, pictures?: Set<string>): Promise<string[]> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const seen = watch(context, page, (url, kind) => {
      if (pictures !== undefined && isPicture(url, kind)) pictures.add(url);
      return documents.has(url.slice(origin.length)) || (pictures?.has(url) ?? false);
    });
    const sandbox = policy === null ? '' : 'sandbox="allow-popups allow-popups-to-escape-sandbox"';
    for (let from = 0; from < htmls.length; from += 16) {
      documents.clear();
      const some = htmls.slice(from, from + 16);
      for (const [index, html] of some.entries()) documents.set(`/document/${index}`, { html, policy });
      const frames = some.map(
        (_, index) => `<iframe src="/document/${index}" ${sandbox} width="900" height="300"></iframe>`,
      );
      documents.set('/page', { html: frames.join(''), policy: null });
      await page.goto(`${origin}/page`, { waitUntil: 'load' });
      await page.waitForTimeout(200);
    }
    return seen;
  } finally {
    await context.close();
  }
}

async function cleanedPages(htmls: Iterable<string>, remote = false): Promise<string[]> {
  const cleaner = createCleaner();
  const pages: string[] = [];
  for (const html of htmls)
    pages.push(
      String(
        await framedPage({ language: 'en', words: wordsIn.en } as Around, {
          cleaned: await cleaner.clean({ html, pictures: new Map(), remote }),
          cut: false,
          view: { subject: '', from: '', to: '', date: '' },
          mailFrom: '',
        }),
      ),
    );
  await cleaner.close();
  return pages;
}

const hostile = (): string[] => Object.values(vectors).map(armed);

test('the vectors bite: without either wall they run and ask', async () => {
  const did = new Set(await show(hostile(), null));
  expect(did).toContain('dialog');
  expect(did).toContain('script');
  expect([...did].filter((url) => url.includes('/canary/')).length).toBeGreaterThan(30);
});

test('cleaned HTML does nothing, even without a policy', async () => {
  asked.length = 0;
  expect(await show(await cleanedPages(hostile()), null)).toEqual([]);
  expect(asked).toEqual([]);
});

test('the policy of the frame stops what was not cleaned', async () => {
  asked.length = 0;
  expect(await show(hostile(), framePolicy)).toEqual([]);
  expect(asked).toEqual([]);
});

describe('with pictures from elsewhere, as the reader asked', () => {
  const elsewhere = (): string[] =>
    Object.values(vectors).map((html) => html.replaceAll('CANARY', 'https://canary.example'));

  test('cleaned HTML asks for pictures over https and nothing else', async () => {
    asked.length = 0;
    const pictures = new Set<string>();
    const pages = await cleanedPages([...hostile(), ...elsewhere()], true);
    expect(await show(pages, picturesPolicy, pictures)).toEqual([]);
    expect(asked).toEqual([]);
    expect([...pictures].toSorted()).toEqual(['https://canary.example/image', 'https://canary.example/src']);
  });

  test('the policy alone lets nothing but pictures over https through', async () => {
    asked.length = 0;
    const pictures = new Set<string>();
    const did = await show([...hostile(), ...elsewhere()], picturesPolicy, pictures);
    // Content Security Policy 3 lets a prefetch through where any kind of load is allowed; cleaned HTML has no link element.
    expect(did.filter((what) => what !== 'https://canary.example/prefetch')).toEqual([]);
    expect(asked).toEqual([]);
    expect(pictures.size).toBeGreaterThan(3);
  });
});

test('the portal as it is, with vectors in messages of their own', async () => {
  await using site = await startSite();
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    const seen = watch(context, page, (url) => url.startsWith(`${site.origin}/`));
    for (const html of hostile().filter((_, index) => index % 6 === 0)) {
      const message = await site.publish(
        Buffer.concat([
          Buffer.from(`Subject: ${html.replace(/[\r\n\0]/g, '')}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n`),
          Buffer.from(html),
        ]),
      );
      const client = new Client(site);
      const path = await client.open(message);
      const cookies = [...client.cookies].map(([name, value]) => ({
        name,
        value,
        url: site.origin,
        secure: true,
        httpOnly: true,
      }));
      await context.clearCookies();
      await context.addCookies(cookies);
      await page.goto(`${site.origin}${path}`, { waitUntil: 'load' });
      expect([html, await page.frames()[1]?.locator('body').count(), seen.splice(0)]).toEqual([html, 1, []]);
      expect(page.url()).toBe(`${site.origin}${path}`);
      site.clock.now += 3_600_000;
    }
  } finally {
    await context.close();
  }
});

const corpora = new URL('../../../shared/corpora/', import.meta.url);

describe.skipIf(!existsSync(corpora))('every HTML part of the corpora', () => {
  const source = /\.(?:py|rb|js|java|cs|c|h|md|json|jsonl|pem|key|crt|der|p12)$/;

  async function* htmlParts(): AsyncGenerator<[string, string]> {
    const seen = new Set<string>();
    for (const name of readdirSync(corpora, { recursive: true, encoding: 'utf8' }).sort()) {
      const file = new URL(name.split('/').map(encodeURIComponent).join('/'), corpora);
      if (source.test(name)) continue;
      const bytes = readOrNull(file);
      if (bytes === null || bytes.length > 5_000_000) continue;
      const parser = new StructureParser();
      parser.push(bytes);
      for (const part of leaves(parser.end())) {
        if (part.type !== 'text/html') continue;
        const chunks: Uint8Array[] = [];
        for await (const chunk of decodeTransfer(one(bytes.subarray(part.body.start, part.body.end)), part.encoding))
          chunks.push(chunk);
        const html = decodeCharset(Buffer.concat(chunks), part.parameters['charset'] ?? '');
        if (!seen.has(html)) yield [`${name} ${part.path}`, html];
        seen.add(html);
      }
    }
  }

  test('cleaned, asks nothing of anyone', async () => {
    const htmls = new Map<string, string>();
    for await (const [name, html] of htmlParts()) htmls.set(name, html);
    expect(htmls.size).toBeGreaterThan(80);
    const pages = await cleanedPages(htmls.values());
    for (const html of pages) {
      expect(html).not.toMatch(
        /<(?!\/)(?:script|iframe|object|embed|link|base|form|input|svg|math|meta http-equiv)\b/i,
      );
      expect(html).not.toContain('too complicated');
    }
    expect(await show(pages, null)).toEqual([]);
    const pictures = new Set<string>();
    expect(await show(await cleanedPages(htmls.values(), true), picturesPolicy, pictures)).toEqual([]);
    expect(pictures.size).toBeGreaterThan(0);
  });
});

function readOrNull(file: URL): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null; // A folder.
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
