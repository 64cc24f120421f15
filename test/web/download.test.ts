/** T-35: names under which hostile attachments are saved, and the sizes people read. */
import { existsSync, readFileSync } from 'node:fs';
import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readableSize } from '../../src/mail/language.ts';
import { attachmentDisposition, safeFileName } from '../../src/web/download.ts';
import { Client, startSite } from './site.ts';

const corpus = new URL('../../../shared/corpora/naughty-strings/blns.json', import.meta.url);
const naughty: string[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [];

const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

function expectSafe(name: string): void {
  expect(name).not.toBe('');
  expect(name).not.toMatch(/[\\/:*?"<>|%]|[\p{Cc}\p{Cf}]/u);
  expect(name).not.toMatch(/^[.~\s-]|[.\s]$/);
  expect(name).not.toMatch(devices);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(181);
}

/** What a browser would save, by RFC 6266: the starred name. */
function savedAs(header: string): string {
  return decodeURIComponent(/filename\*=UTF-8''([!#$&+.^_`|~0-9A-Za-z%-]+)$/.exec(header)?.[1] ?? '');
}

test.each([
  ['report.pdf', 'report.pdf'],
  ['Befund Müller.pdf', 'Befund Müller.pdf'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['C:\\Windows\\evil.exe', 'C__Windows_evil.exe'],
  ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
  ['a\r\nSet-Cookie: x=y', 'aSet-Cookie_ x=y'],
  ['.htaccess', 'htaccess'],
  ['-rf', 'rf'],
  ['aux.txt', '_aux.txt'],
  ['COM1', '_COM1'],
  ['name.  . ', 'name'],
  ['a\0b.txt', 'ab.txt'],
  ['tab\there.txt', 'tabhere.txt'],
  ['e\u0301.txt', 'é.txt'],
  ['\ud800.txt', 'txt'],
  ['   ', 'fallback'],
  ['...', 'fallback'],
  ['', 'fallback'],
  [null, 'fallback'],
])('%j is saved as %j', (given, expected) => {
  expect(safeFileName(given, 'fallback')).toBe(expected);
});

test('a long name keeps its extension', () => {
  const name = safeFileName(`${'ä'.repeat(500)}.docx`, 'x');
  expect(name).toMatch(/^ä+\.docx$/);
  expectSafe(name);
});

test('any name: safe, and the header says it without loss and without room for another', () => {
  assert(
    property(string({ unit: 'binary', maxLength: 300 }), (given) => {
      const name = safeFileName(given, 'attachment');
      expectSafe(name);
      const header = attachmentDisposition(name);
      expect(header).toMatch(/^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\x21-\x7e]+$/);
      expect(header.match(/"/g)).toHaveLength(2);
      expect(savedAs(header)).toBe(name);
    }),
    { numRuns: 2000 },
  );
});

describe.skipIf(naughty.length === 0)('naughty file names', () => {
  test('are all safe', () => {
    for (const given of naughty) expectSafe(safeFileName(given, 'attachment'));
  });

  test('over the wire: one attachment each, saved and never shown', async () => {
    await using site = await startSite();
    const names = naughty.filter((_, index) => index % 8 === 0);
    const parts = names.map((name) => {
      const encoded = [...Buffer.from(name.toWellFormed())]
        .map((octet) => `%${octet.toString(16).padStart(2, '0')}`)
        .join('');
      return `--m\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename*=utf-8''${encoded}\r\n\r\n<script>alert(1)</script>\r\n`;
    });
    const message = await site.publish(
      `From: a@corp.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n${parts.join('')}--m--\r\n`,
    );
    const client = new Client(site);
    const base = await client.open(message);
    const page = await client.get(base);
    expect(page.text).not.toMatch(/<script(?! src="\/assets\/)|<img|javascript:(?!&)/i);
    for (const index of names.keys()) {
      const { status, headers } = await client.get(`${base}/attachment/${index + 1}`);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
      expect(headers['content-disposition']).toMatch(/^attachment; /);
      expectSafe(savedAs(String(headers['content-disposition'])));
    }
    for (const path of [
      '0',
      '1.1',
      '../1',
      '%2e%2e%2f1',
      '1e0',
      '01',
      '-1',
      '999999999999999999',
      '1%20',
      '__proto__',
    ]) {
      expect((await client.get(`${base}/attachment/${path}`)).status).toBe(404);
    }
  });
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [70_000, '70 kB'],
  [999_600, '1.0 MB'],
  [1_400_000, '1.4 MB'],
  [150_000_000, '150 MB'],
  [2_000_000_000, '2.0 GB'],
])('%i octets are %j', (octets, text) => {
  expect(readableSize(octets, 'en').replace('\u00a0', ' ')).toBe(text);
});
