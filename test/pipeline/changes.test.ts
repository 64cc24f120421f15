/**
 * What leaves when large files stay behind: the stored octets with the changes made, read by mailparser, which knows nothing of ours.
 */
import fc from 'fast-check';
import { type ParsedMail, simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { type Language, languages } from '../../src/mail/language.ts';
import { changesOf, type Wanted } from '../../src/pipeline/changes.ts';
import type { MessageRow } from '../../src/store/store.ts';
import { message } from '../store/rows.ts';

const link = 'https://secure.corp.example/m/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG';
const over = 3_000;
const large = Buffer.alloc(9_000, 'large');
const small = Buffer.alloc(2_000, 'small');

function wanted(language: Language = 'en'): NonNullable<Wanted['linked']> {
  const accent = { light: '#1f4b99', dark: '#8fb3f5' };
  const support = { phone: null, mail: null, url: null };
  const voice = { language, name: 'Corp', accent, timeZone: 'UTC', phrase: 'Blue whales hum', support };
  return { over, link, expiresAt: Date.UTC(2026, 11, 24, 12), voice };
}

async function changed(
  text: string,
  linked: Wanted['linked'] = wanted(),
  subject: string | null = null,
  eightBit = true,
): Promise<{ readonly bytes: Buffer; readonly mail: ParsedMail; readonly same: boolean }> {
  const octets = Buffer.from(text, 'latin1');
  const made = message({ size: octets.length });
  const row = { ...made, smtp: { ...made.smtp, eightBit }, state: 'decided', attempts: 1 } as MessageRow;
  const spool = {
    read: async function* (_ref: unknown, range = { start: 0, end: octets.length }) {
      yield octets.subarray(range.start, range.end);
    },
  };
  const { changes, grown } = await changesOf(row, { subject, linked }, spool);
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, text: instead } of changes) {
    expect(start).toBeGreaterThanOrEqual(at);
    pieces.push(octets.subarray(at, start), instead);
    at = end;
  }
  const bytes = Buffer.concat([...pieces, octets.subarray(at)]);
  expect(bytes.length).toBe(octets.length + grown);
  return { bytes, mail: await simpleParser(bytes), same: bytes.equals(octets) };
}

const base64 = (octets: Buffer): string => (octets.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');

function file(name: string, octets: Buffer, more: readonly string[] = []): string {
  const fields = [
    `Content-Type: application/pdf; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    ...more,
  ];
  return [...fields, 'Content-Transfer-Encoding: base64', '', base64(octets)].join('\r\n');
}

function multipart(type: string, parts: readonly string[], boundary: string = type.replace('/', '-')): string {
  const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: ${type}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`;
}

const mail = (entity: string): string => `From: anna@corp.example\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n${entity}`;
const text = (body: string, charset = 'utf-8', encoding = '8bit', type = 'text/plain'): string =>
  `Content-Type: ${type}; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
const html = '<html><head><title>x</title></head><body class="a"><p>Here are the plans.</p></body></html>';

test('the large file is gone, the small one stays, and the text says where to find what is missing', async () => {
  const alternative = multipart('multipart/alternative', [
    text('Here are the plans.'),
    text(html, 'us-ascii', '7bit', 'text/html'),
  ]);
  const before = mail(multipart('multipart/mixed', [alternative, file('plans.pdf', large), file('note.pdf', small)]));
  const { bytes, mail: after } = await changed(before);
  expect(bytes.includes(base64(large).slice(0, 60))).toBe(false);
  expect(after.attachments.map(({ filename }) => filename)).toEqual(['plans.pdf.txt', 'note.pdf']);
  expect(after.attachments[1]?.content.equals(small)).toBe(true);
  expect(after.attachments[0]?.content.toString()).toContain(link);
  expect(after.text).toMatch(/A large file of this message waits for you\s+- plans\.pdf \(9\.\d kB\)/);
  for (const shown of [after.text, after.html]) {
    expect(shown).toContain(link);
    expect(shown).toContain('24 December 2026');
    expect(shown).toContain('Blue whales hum');
    expect(shown).toContain('Here are the plans.');
  }
  expect(after.html).toMatch(/<body class="a">\s*<div/);
  expect(after.html).toContain(`href="${link}"`);
});

describe('what the text can hold, and what it cannot', () => {
  test.each<[string, string, string]>([
    ['ASCII, 7bit', 'us-ascii', '7bit'],
    ['no charset said, 8bit', 'us-ascii', '8bit'],
    ['Latin 1', 'iso-8859-1', '8bit'],
    ['quoted-printable', 'utf-8', 'quoted-printable'],
  ])('%s: in every language the link is there, once', async (_name, charset, encoding) => {
    for (const language of languages) {
      const parts = [text('Hello', charset, encoding), file('gr\xf6\xdfe.pdf', large)];
      const { mail: after } = await changed(mail(multipart('multipart/mixed', parts)), wanted(language));
      expect(after.text?.split(link)).toHaveLength(2);
      expect(after.text).toContain('Hello');
      expect(after.text).not.toContain('\ufffd');
    }
  });

  test('a message that came as 7-bit mail leaves as such, whatever its parts say', async () => {
    const parts = [text('Hello', 'utf-8', '8bit'), file('plans.pdf', large)];
    const entity = mail(multipart('multipart/mixed', parts));
    for (const language of languages) {
      const { bytes, mail: after } = await changed(entity, wanted(language), null, false);
      expect(bytes.some((octet) => octet > 0x7f)).toBe(false);
      expect(after.text).toContain(link);
    }
    expect((await changed(entity, wanted('de'))).mail.text).toContain('große Datei');
  });

  test('UTF-16 is left alone: the link stands in the place of the file', async () => {
    const body = Buffer.from('Hello', 'utf16le').toString('base64');
    const parts = [text(body, 'utf-16le', 'base64'), file('plans.pdf', large)];
    const { mail: after } = await changed(mail(multipart('multipart/mixed', parts)));
    expect(after.text?.trim()).toBe('Hello');
    expect(after.attachments[0]?.content.toString()).toContain(link);
  });

  test('files without any text', async () => {
    const { mail: after } = await changed(
      mail(multipart('multipart/mixed', [file('a.pdf', large), file('b.pdf', large)])),
    );
    expect(after.attachments.map(({ content }) => content.toString().includes(link))).toEqual([true, true]);
  });

  test('with the hidden Subject, which stands first', async () => {
    const parts = [text('Hello'), file('plans.pdf', large)];
    const { mail: after } = await changed(mail(multipart('multipart/mixed', parts)), wanted(), 'The real one');
    expect(after.text).toMatch(/^Subject: The real one\s/);
    expect(after.text?.indexOf(link)).toBeGreaterThan(0);
  });
});

describe('left whole', () => {
  const picture = ['Content-Type: image/png; name=logo.png', 'Content-ID: <logo>', 'Content-Disposition: inline'];
  const inline = [...picture, 'Content-Transfer-Encoding: base64', '', base64(large)].join('\r\n');
  test.each<[string, string]>([
    ['small files', multipart('multipart/mixed', [text('x'), file('note.pdf', small)])],
    ['a file and nothing else', file('plans.pdf', large)],
    ['a long text', multipart('multipart/mixed', [text('x'.repeat(900).repeat(9)), file('note.pdf', small)])],
    [
      'what is signed',
      multipart('multipart/signed', [
        multipart('multipart/mixed', [text('x'), file('plans.pdf', large)]),
        'Content-Type: application/pgp-signature\r\n\r\nx',
      ]),
    ],
    [
      'what is encrypted',
      multipart('multipart/encrypted', [
        'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1',
        file('encrypted.asc', large),
      ]),
    ],
    [
      'pictures of a formatted text',
      multipart('multipart/related', [text(html, 'utf-8', '8bit', 'text/html'), inline]),
    ],
    ['a message and nothing else', `Content-Type: message/rfc822\r\n\r\n${mail(file('plans.pdf', large))}`],
    [
      'a message of files and nothing else',
      `Content-Type: message/rfc822\r\n\r\n${mail(multipart('multipart/mixed', [text('x'), file('plans.pdf', large)]))}`,
    ],
    [
      'another form of the text',
      multipart('multipart/alternative', [text('x'), `Content-Type: application/pdf\r\n\r\n${'x'.repeat(9_000)}`]),
    ],
    [
      'what can be read in two ways',
      multipart('multipart/mixed', [text('x\r\n--multipart-mixed and more\r\ny'), file('plans.pdf', large)]),
    ],
  ])('%s', async (_name, entity) => {
    expect((await changed(mail(entity))).same).toBe(true);
  });
});

test('a text that is a file stays behind whole, though it would be shown first', async () => {
  const log = 'SECRET line of a log\r\n'.repeat(400);
  for (const [type, disposition] of [
    ['text/plain', 'Content-Disposition: inline; filename="server.log"\r\n'],
    ['text/html', ''],
  ] as const) {
    const named = `Content-Type: ${type}; name="server.log"\r\n${disposition}\r\n${log}`;
    const { bytes, mail: after } = await changed(mail(multipart('multipart/mixed', [named, file('note.pdf', small)])));
    expect(bytes.includes('SECRET')).toBe(false);
    expect(after.attachments.map(({ filename }) => filename)).toEqual(['server.log.txt', 'note.pdf']);
  }
});

test('no file name and no boundary makes a line of the box a delimiter', async () => {
  const name = `${'\u4e2d '.repeat(44)}--multipart-mixed`;
  const encoded = `filename*=utf-8''${encodeURIComponent(name)}`;
  const head = `Content-Type: application/octet-stream\r\nContent-Disposition: attachment; ${encoded}`;
  const named = `${head}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(large)}`;
  for (const boundary of ['multipart-mixed', '-'.repeat(58)])
    for (const type of ['text/html', 'text/plain']) {
      const parts = [text(type === 'text/html' ? html : 'Hello', 'utf-8', '8bit', type), named];
      const { bytes } = await changed(mail(multipart('multipart/mixed', parts, boundary)));
      const delimiters = bytes
        .toString('latin1')
        .split('\r\n')
        .filter((line) => line.startsWith(`--${boundary}`));
      expect(delimiters).toHaveLength(3);
    }
});

test('an attached message is one file', async () => {
  const attached = [
    'Content-Type: message/rfc822',
    'Content-Disposition: attachment; filename="old.eml"',
    '',
    mail(multipart('multipart/mixed', [text('old'), file('plans.pdf', large)], 'inner')),
  ].join('\r\n');
  const { mail: after } = await changed(mail(multipart('multipart/mixed', [text('see below'), attached], 'outer')));
  expect(after.attachments.map(({ filename }) => filename)).toEqual(['old.eml.txt']);
  expect(after.text).toContain('old.eml');
});

test('whatever a file is called, the copy has the parts it should have, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.boolean()), { minLength: 1, maxLength: 25 }),
      fc.constantFrom(...languages),
      async (files, language) => {
        const parts = files.map(([name, isLarge]) => {
          const encoded = `filename*=utf-8''${encodeURIComponent(name.toWellFormed()).replaceAll("'", '%27')}`;
          const head = `Content-Type: application/octet-stream\r\nContent-Disposition: attachment; ${encoded}`;
          return `${head}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(isLarge ? large : small)}`;
        });
        const { mail: after } = await changed(
          mail(multipart('multipart/mixed', [text('Hello'), ...parts])),
          wanted(language),
        );
        expect(after.attachments).toHaveLength(files.length);
        files.forEach(([, isLarge], index) => {
          const content = after.attachments[index]?.content ?? Buffer.alloc(0);
          expect(isLarge ? content.toString().includes(link) : content.equals(small)).toBe(true);
        });
        expect(after.headers.size).toBe(4);
        expect(after.text).toContain('Hello');
        expect(after.text?.includes(link)).toBe(files.some(([, isLarge]) => isLarge));
      },
    ),
    { numRuns: 60 },
  );
});
