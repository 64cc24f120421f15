/** What a browser is given of a tenant's look, and in which language. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { languages } from '../../src/mail/language.ts';
import type { WebServer } from '../../src/web/server.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { createGallery } from '../browser/gallery.ts';

let gallery: WebServer;
let origin: string;
beforeAll(async () => {
  gallery = createGallery();
  origin = await gallery.listen();
});
afterAll(() => gallery.close());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${origin}${path}`, { headers, redirect: 'manual' });

const choose = (fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${origin}/language`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
  });

test.each([
  ['the tenant’s, when the browser says nothing we have', 'clinic', { 'accept-language': 'ja' }, 'de'],
  ['the browser’s', 'clinic', { 'accept-language': 'fr-CH, de;q=0.5' }, 'fr'],
  ['the reader’s own choice', 'clinic', { 'accept-language': 'fr', cookie: 'a=b; __Host-language=es' }, 'es'],
  ['never one that a cookie made up', 'plain', { cookie: '__Host-language=xx' }, 'en'],
])('language: %s', async (_, brand, headers, language) => {
  const answer = await get(`/${brand}/arriving`, headers);
  expect(answer.headers.get('content-language')).toBe(language);
  expect(await answer.text()).toContain(`<html lang="${language}">`);
});

test('choosing a language keeps it in a cookie and leads back to the page', async () => {
  const answer = await choose({ language: 'nl', back: '/clinic/code' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/clinic/code']);
  expect(answer.headers.get('set-cookie')).toBe(
    '__Host-language=nl; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax',
  );
});

test.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  '\\/evil.example',
  '/x\r\nSet-Cookie: a=b',
  'x',
  '',
])('and never elsewhere: %j', async (back) => {
  expect((await choose({ language: 'nl', back })).headers.get('location')).toBe('/');
});

test('nothing is chosen by GET, from elsewhere, or that we do not have', async () => {
  for (const answer of [
    await get('/language?language=nl'),
    await choose({ language: 'nl' }, { 'sec-fetch-site': 'cross-site' }),
    await choose({ language: 'xx' }),
    await choose({ language: 'nl; Domain=example' }),
  ])
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([303, null]);
});

test('files are kept by the browser only under the address that changes with them', async () => {
  const page = await (await get('/clinic/arriving')).text();
  const addresses = [...page.matchAll(/(?:href|src)="(\/[^"]+\?v=[^"]+)"/g)].map(([, address = '']) => address);
  expect(addresses.map((address) => address.replace(/\?.*/, '')).toSorted()).toEqual([
    '/assets/page.js',
    '/branding/clinic/logo',
    '/branding/clinic/style.css',
    '/style.css',
  ]);
  for (const address of addresses) {
    const kept = await get(address);
    expect([kept.status, kept.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect((await get(address.replace(/\?.*/, ''))).headers.get('cache-control')).toBe('no-cache');
  }
});

test('a logo runs nothing, even when it is opened by itself', async () => {
  const logo = await get('/branding/clinic/logo');
  expect(logo.headers.get('content-type')).toBe('image/svg+xml');
  expect(logo.headers.get('x-content-type-options')).toBe('nosniff');
  expect(logo.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*sandbox/);
});

test('a tenant’s colours are two rules and nothing else', async () => {
  expect(await (await get('/branding/clinic/style.css')).text()).toMatch(
    /^:root\{--accent:#[0-9a-f]{6};--accent-ink:#[0-9a-f]{6}\}\n@media \(prefers-color-scheme:dark\)\{:root\{--accent:#[0-9a-f]{6};--accent-ink:#[0-9a-f]{6}\}\}\n$/,
  );
  expect((await get('/branding/nobody/style.css')).status).toBe(404);
});

test('no page has a script, style or handler of its own', async () => {
  for (const name of ['arriving-many-ways', 'code', 'account', 'message', 'sign-in', 'account-authenticator']) {
    const text = await (await get(`/clinic/${name}`)).text();
    expect(text.replaceAll(/<script src="\/assets\/[^"]+" defer><\/script>/g, ''), name).not.toMatch(
      /<script|<style|\sstyle=|\son[a-z]+=|javascript:/i,
    );
  }
});

/** Every text there is, words that take something given something. */
function texts(words: unknown, path = ''): [string, string][] {
  if (typeof words === 'string') return [[path, words]];
  if (Array.isArray(words)) return words.flatMap((item) => texts(item, path));
  if (typeof words === 'function') return texts(words(3, 'x', 'y'), path);
  return Object.entries(words as object).flatMap(([key, value]) => texts(value, `${path}.${key}`));
}

test.each(languages)('in %s no text is missing, left in English, or written with typewriter signs', (language) => {
  const english = new Map(texts(wordsIn.en));
  const mayAgree = /Passkey|Code|Date|Download|Problem|message|Pseudonym|Support/i;
  for (const [path, text] of texts(wordsIn[language])) {
    expect(/'|\.\.\.|[\p{L}\d] - [\p{L}\d]/u.test(text), `${path}: ${text}`).toBe(false);
    if (path.endsWith('.mail.unknown')) continue;
    expect(text.trim(), path).not.toBe('');
    if (language !== 'en' && text.length > 12 && !mayAgree.test(text)) expect(text, path).not.toBe(english.get(path));
  }
});

test('French keeps its signs with their words', () => {
  for (const [path, text] of texts(wordsIn.fr)) expect(text, path).not.toMatch(/ [;:?!»]|« /);
});
