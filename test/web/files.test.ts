/** The files of a message: all as one ZIP, and what is shown in place. */

import { existsSync, readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { safeFileName } from '../../src/web/download.ts';
import { previewOf, shownAs } from '../../src/web/preview.ts';
import { uniqueNames, zipOf } from '../../src/web/zip.ts';
import { picture } from './samples.ts';
import { Client, startSite } from './site.ts';

type File = { readonly type: string; readonly name: string; readonly octets: Buffer };

function mailOf(files: readonly File[]): string {
  const parts = files.map(
    ({ type, name, octets }) =>
      `--m\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename*=utf-8''${encodeURIComponent(name)}\r\nContent-Transfer-Encoding: base64\r\n\r\n${octets.toString('base64')}\r\n`,
  );
  return `Subject: Files\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nHello\r\n${parts.join('')}--m--\r\n`;
}

const png = Buffer.from(picture, 'base64');
const pdf = Buffer.from('%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF');

test('all attachments as one ZIP, whatever they are called', async () => {
  await using site = await startSite();
  const octets = (text: string): Buffer => Buffer.from(text);
  const message = await site.publish(
    mailOf([
      { type: 'text/plain', name: '../../etc/passwd', octets: octets('one') },
      { type: 'text/plain', name: 'Scan.pdf', octets: octets('two') },
      { type: 'text/plain', name: 'scan.PDF', octets: octets('three') },
      { type: 'text/plain', name: 'C:\\Windows\\x.txt', octets: octets('four') },
      { type: 'text/plain', name: 'Befund Müller 😀.txt', octets: octets('') },
    ]),
  );
  const client = new Client(site);
  const path = await client.open(message);
  expect((await client.get(path)).text).toContain('attachments.zip');
  const answer = await client.get(`${path}/attachments.zip`);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  });
  expect(answer.headers['content-disposition']).toContain('attachment; filename="Files.zip"');
  const files = unzipSync(answer.body);
  expect(Object.fromEntries(Object.entries(files).map(([name, content]) => [name, strFromU8(content)]))).toEqual({
    '_.._etc_passwd': 'one',
    'Scan.pdf': 'two',
    'scan (2).PDF': 'three',
    'C__Windows_x.txt': 'four',
    'Befund Müller 😀.txt': '',
  });
  expect(site.events.filter(({ kind }) => kind === 'delivery.downloaded')).toHaveLength(1);
});

test('other people’s archives, previews and pictures are not there', async () => {
  await using site = await startSite();
  const message = await site.publish(mailOf([{ type: 'image/png', name: 'a.png', octets: png }]));
  const eve = new Client(site);
  await eve.open(await site.publish(mailOf([]), { recipient: 'eve@clinic.example' }));
  for (const path of ['attachments.zip', 'preview/2', 'picture/2', 'html', 'message.eml'])
    expect((await eve.get(`/d/${message.deliveryId}/${path}`)).status).toBe(403);
});

const corpus = new URL('../../../shared/corpora/naughty-strings/blns.json', import.meta.url);
const naughty: string[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [];

test('names in an archive are unlike one another and stay in its folder, whatever was typed', () => {
  const given = [
    '',
    '.',
    '..',
    '../x',
    '/etc/passwd',
    'con',
    'A',
    'a',
    'ａ',
    'a (2)',
    'ß',
    'SS',
    'e\u0301',
    'é',
    'x'.repeat(500),
  ];
  const names = uniqueNames([...given, ...given].map((name) => safeFileName(name, 'file')));
  const keys = names.map((name) => name.normalize('NFKC').toUpperCase());
  expect(new Set(keys).size).toBe(names.length);
  for (const name of names) {
    expect(name).not.toMatch(/[/\\:\0]|^\.|^$/);
    expect(Buffer.byteLength(name)).toBeLessThan(255);
  }
});

test('an archive of many equal names is made in linear time', () => {
  const before = performance.now();
  expect(new Set(uniqueNames(Array<string>(10_000).fill('a.txt'))).size).toBe(10_000);
  expect(performance.now() - before).toBeLessThan(1_000);
});

test('an archive breaks off when a file of it does', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('gone');
  }
  const reading = (async () => {
    for await (const _ of zipOf([{ name: 'a', octets: broken() }], 0)) continue;
  })();
  await expect(reading).rejects.toThrow('gone');
});

describe('in place', () => {
  test.each<[string, File, { status: number; type: string; policy?: RegExp; text?: RegExp }]>([
    ['a picture', { type: 'image/png', name: 'a.png', octets: png }, { status: 200, type: 'image/png' }],
    [
      'HTML that says it is a picture',
      { type: 'image/png', name: 'a.png', octets: Buffer.from('<script>alert(1)</script>') },
      { status: 404, type: 'text/html; charset=UTF-8' },
    ],
    [
      'SVG',
      { type: 'image/svg+xml', name: 'a.svg', octets: Buffer.from('<svg onload="alert(1)"/>') },
      { status: 404, type: 'text/html; charset=UTF-8' },
    ],
    [
      'a PDF asked for as a picture',
      { type: 'application/pdf', name: 'a.pdf', octets: pdf },
      { status: 404, type: 'text/html; charset=UTF-8' },
    ],
    [
      'nothing',
      { type: 'image/png', name: 'a.png', octets: Buffer.alloc(0) },
      { status: 404, type: 'text/html; charset=UTF-8' },
    ],
  ])('as a picture: %s', async (_, file, { status, type }) => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await client.open(await site.publish(mailOf([file])));
    const answer = await client.get(`${path}/picture/2`);
    expect([answer.status, answer.headers['content-type']]).toEqual([status, type]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.text).not.toMatch(/<script>alert|onload/);
    if (status === 200) expect(answer.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
    if (status === 200) expect(answer.body.equals(file.octets)).toBe(true);
  });

  test('a PDF as itself, in a response where nothing else may load', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const path = await client.open(
      await site.publish(mailOf([{ type: 'application/octet-stream', name: 'ä.pdf', octets: pdf }])),
    );
    const answer = await client.get(`${path}/preview/2`);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    expect(answer.headers['content-disposition']).toBe(`inline; filename="_.pdf"; filename*=UTF-8''%C3%A4.pdf`);
    expect(answer.body.equals(pdf)).toBe(true);
  });

  test('HTML that says it is a PDF is not shown', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const octets = Buffer.from('<html><script>alert(1)</script>');
    const path = await client.open(await site.publish(mailOf([{ type: 'application/pdf', name: 'a.pdf', octets }])));
    const answer = await client.get(`${path}/preview/2`);
    expect([answer.status, answer.headers['content-type']]).toEqual([404, 'text/html; charset=UTF-8']);
    expect(answer.text).toContain('cannot be shown here safely');
    expect(answer.text).not.toContain('alert(1)');
  });

  test('text is escaped, cut and said so', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const octets = Buffer.from(`<script>alert(1)</script>${'x'.repeat(300_000)}`);
    const path = await client.open(
      await site.publish(mailOf([{ type: 'text/csv; charset=utf-8', name: 'a.csv', octets }])),
    );
    const { text } = await client.get(`${path}/preview/2`);
    expect(text).toContain('&lt;script&gt;alert(1)');
    expect(text).toContain('longer than this page can show');
    expect(text.length).toBeLessThan(220_000);
  });

  test.each([
    ['image/png', 'a', 'picture'],
    ['image/jpg', 'a.exe', 'picture'],
    ['image/svg+xml', 'a.png', null],
    ['image/heic', 'a.heic', null],
    ['application/pdf', '', 'pdf'],
    ['application/octet-stream', 'a.PDF', 'pdf'],
    ['application/octet-stream', 'a.html', null],
    ['text/html', 'a.txt', null],
    ['text/plain', 'a.html', 'text'],
    ['text/calendar', 'a.ics', null],
    ['application/json', 'a', 'text'],
    ['application/zip', 'a.txt', null],
  ])('%s called %j', (type, fileName, told) => {
    const part = { type, fileName, children: [] } as unknown as Parameters<typeof previewOf>[0];
    expect(previewOf(part)).toBe(told);
  });

  test.each([
    ['GIF89a', 'image/gif'],
    ['RIFF\0\0\0\0WEBP', 'image/webp'],
    ['RIFF\0\0\0\0AVI ', null],
    [' %PDF-1.7', null],
    ['<!--%PDF-', null],
    ['', null],
  ])('octets %j', (octets, told) => {
    expect(shownAs(Buffer.from(octets, 'latin1'))).toBe(told);
  });
});

test.skipIf(naughty.length === 0)('an archive of files with 485 naughty names unpacks to as many files', async () => {
  const names = uniqueNames(naughty.map((name) => safeFileName(name, 'file')));
  async function* one(text: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of zipOf(
    names.map((name) => ({ name, octets: one(name) })),
    Date.now(),
  ))
    chunks.push(chunk);
  const files = unzipSync(Buffer.concat(chunks));
  expect(Object.keys(files)).toHaveLength(naughty.length);
  for (const [name, content] of Object.entries(files)) expect(strFromU8(content)).toBe(name);
});
