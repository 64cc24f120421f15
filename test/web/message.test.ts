/** Which parts of a message are shown, and which are handed out as files. */
import { expect, test } from 'vitest';
import { StructureParser } from '../../src/mail/structure.ts';
import { type MessageView, viewOf } from '../../src/web/message.ts';
import { newsletter } from './samples.ts';
import { Client, startSite } from './site.ts';

type Tree = string | { readonly type: string; readonly children: readonly Tree[] };

/** A message of the given parts; a string is "type" or "type; disposition". */
function messageOf(tree: Tree, depth = 0): string {
  if (typeof tree === 'string') {
    const [type, disposition] = tree.split('; ');
    const id = type?.startsWith('image/') ? `Content-ID: <${depth}>\r\n` : '';
    return `Content-Type: ${type}\r\n${id}${disposition === undefined ? '' : `Content-Disposition: ${disposition}\r\n`}\r\n${type === 'message/rfc822' ? 'Subject: inner\r\n\r\n' : ''}x\r\n`;
  }
  const boundary = `b${depth}`;
  const children = tree.children.map((child) => `--${boundary}\r\n${messageOf(child, depth + 1)}`).join('\r\n');
  return `Content-Type: multipart/${tree.type}; boundary=${boundary}\r\n\r\n${children}\r\n--${boundary}--\r\n`;
}

function view(text: string, subject: string | null = null): MessageView {
  const parser = new StructureParser();
  parser.push(Buffer.from(text));
  return viewOf(parser.end(), subject);
}

const multi = (type: string, ...children: Tree[]): Tree => ({ type, children });

test.each<[string, Tree, { plain: string[]; rich: string[]; attachments: string[]; pictures?: string[] }]>([
  ['text', 'text/plain', { plain: ['1'], rich: [], attachments: [] }],
  ['HTML', 'text/html', { plain: [], rich: ['1'], attachments: [] }],
  ['a file alone', 'application/pdf', { plain: [], rich: [], attachments: ['1'] }],
  [
    'text as a file',
    multi('mixed', 'text/plain', 'text/plain; attachment'),
    { plain: ['1'], rich: [], attachments: ['2'] },
  ],
  ['alternatives', multi('alternative', 'text/plain', 'text/html'), { plain: ['1'], rich: ['2'], attachments: [] }],
  [
    'alternatives and an invitation',
    multi('alternative', 'text/plain', 'text/html', 'text/calendar'),
    { plain: ['1'], rich: ['2'], attachments: ['3'] },
  ],
  [
    'pictures',
    multi('related', 'text/html', 'image/png'),
    { plain: [], rich: ['1'], attachments: [], pictures: ['2'] },
  ],
  [
    'pictures nobody could see',
    multi('related', 'text/plain', 'image/png'),
    { plain: ['1'], rich: [], attachments: ['2'] },
  ],
  ['SVG is a file', multi('related', 'text/html', 'image/svg+xml'), { plain: [], rich: ['1'], attachments: ['2'] }],
  [
    'a footer after HTML',
    multi('mixed', multi('alternative', 'text/plain', 'text/html'), 'text/plain'),
    { plain: ['1.1', '2'], rich: ['1.2', '2'], attachments: [] },
  ],
  ['a message inside', multi('mixed', 'text/plain', 'message/rfc822'), { plain: ['1'], rich: [], attachments: ['2'] }],
  [
    'signed',
    multi('signed', multi('mixed', 'text/plain', 'application/pdf'), 'application/pkcs7-signature'),
    { plain: ['1.1'], rich: [], attachments: ['1.2', '2'] },
  ],
])('%s', (_, tree, expected) => {
  const { plain, rich, attachments, pictures } = view(messageOf(tree));
  const paths = (parts: MessageView['plain']): string[] => parts.map(({ path }) => path);
  expect({
    plain: paths(plain),
    rich: paths(rich),
    attachments: paths(attachments),
    pictures: paths(pictures),
  }).toEqual({ pictures: [], ...expected });
});

test('the header a person sees', () => {
  expect(view(newsletter)).toMatchObject({
    from: 'Anna Müller <anna@corp.example>',
    to: 'Robin Doe <robin@clinic.example>',
    cc: 'billing@clinic.example, "Lee, Kim" <kim@partner.example>',
    subject: 'Your laboratory results – please read before Thursday',
    incomplete: false,
  });
  expect(view(newsletter, 'Results').subject).toBe('Results');
});

test('a name cannot turn round the address that stands beside it', () => {
  const name = `=?utf-8?B?${Buffer.from('\u202eAnna\u2067').toString('base64')}?=`;
  const parser = new StructureParser();
  parser.push(Buffer.from(`From: ${name} <elpmaxe.live@anna.example>\r\n\r\n`));
  expect(viewOf(parser.end(), null).from).toBe('Anna <elpmaxe.live@anna.example>');
});

test('the Subject that policy chose is shown and downloaded', async () => {
  await using site = await startSite();
  const message = await site.publish(
    'Subject: [secure] Hi\r\nBcc: a@x.example\r\nResent-Bcc: b@x.example\r\n\r\nx\r\n',
    { subject: 'Hi' },
  );
  const client = new Client(site);
  const base = await client.open(message);
  expect((await client.get(base)).text).toContain('<h1 class="subject" dir="auto">Hi</h1>');
  const whole = await client.get(`${base}/message.eml`);
  expect(whole.text).toBe('Subject: Hi\r\n\r\nx\r\n');
  expect(whole.headers['content-disposition']).toContain('"Hi.eml"');
});

test.each([
  ['empty', ''],
  ['header only', 'Subject: x\r\n'],
  ['body only', '\r\nbody\r\n'],
  ['no end', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x'],
  [
    'nested without end',
    `${Array.from({ length: 500 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`).join('')}x`,
  ],
  [
    'ten thousand parts',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: a/b\r\n\r\nx\r\n'.repeat(10_500)}`,
  ],
  ['unknown charset', 'Content-Type: text/plain; charset=x-klingon\r\n\r\nh\xe9\r\n'],
  ['eight-bit header', 'Subject: h\xe9llo\r\n\r\nx\r\n'],
])('malformed mail is shown as far as it goes: %s', async (_, bytes) => {
  await using site = await startSite();
  const message = await site.publish(Buffer.from(bytes, 'latin1'));
  const client = new Client(site);
  const base = await client.open(message);
  expect((await client.get(base)).status).toBe(200);
  expect((await client.get(`${base}/html`)).status).toBe(200);
  expect((await client.get(`${base}/message.eml`)).body.toString('latin1')).toBe(bytes);
});

test('text beyond the cap is cut, said so, and whole in the download', async () => {
  await using site = await startSite();
  const bytes = `Subject: long\r\n\r\n${'0123456789'.repeat(150_000)}`;
  const message = await site.publish(bytes);
  const client = new Client(site);
  const base = await client.open(message);
  const page = await client.get(base);
  expect(page.text).toContain('The text is longer than a page can show');
  expect(page.text.length).toBeLessThan(1_010_000);
  expect((await client.get(`${base}/message.eml`)).text).toBe(bytes);
});

test('HTML beyond the cap is cut and said so, with the text still there', async () => {
  await using site = await startSite();
  const html = `<p>${'word '.repeat(400_000)}</p>`;
  const message = await site.publish(
    `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nplain words\r\n--b\r\nContent-Type: text/html\r\n\r\n${html}\r\n--b--\r\n`,
  );
  const client = new Client(site);
  const base = await client.open(message);
  expect((await client.get(`${base}/html`)).text).toContain('longer than can be shown');
  expect((await client.get(base)).text).toContain('plain words');
});
