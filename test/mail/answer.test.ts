/** Answers from the portal as mail: what other programs read in them, and that nothing typed or named can break out of its place (T-4). */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { array, assert, asyncProperty, constantFrom, oneof, property, string, uint8Array } from 'fast-check';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import {
  type AnswerMail,
  composeAnswer,
  receiptMessage,
  replySubject,
  undeliveredMessage,
} from '../../src/mail/answer.ts';
import { formattedHtml } from '../../src/mail/formatted.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { encodeParameter, parseParameters } from '../../src/mail/parameters.ts';
import { leaves, StructureParser } from '../../src/mail/structure.ts';
import { decodeTransfer } from '../../src/mail/text.ts';

const corpus = new URL('../../../shared/corpora/naughty-strings/blns.json', import.meta.url);
const naughty: string[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [];
const injections = [
  'a\r\nBcc: victim@x.example',
  'a\nBcc: victim@x.example',
  'a\r\n\r\nbody',
  'a\u2028Bcc: victim@x.example',
  'a\u0085Bcc: victim@x.example',
  '=?utf-8?Q?=0D=0ABcc:_victim@x.example?=',
  "utf-8''%0D%0ABcc:%20victim@x.example",
  'a\0b',
  "\"; filename*=utf-8''evil.exe",
  'x" <ceo@corp.example>, "y',
  '--=_0\r\nContent-Type: text/html',
  '\ud800 lone',
];
const anything = oneof(string({ unit: 'binary' }), string(), constantFrom(...injections, ...naughty));

const base: AnswerMail = {
  from: 'secure-mail@corp.example',
  person: { name: 'Bob Müller', address: 'bob@clinic.example' },
  to: [{ name: 'Anna', address: 'anna@corp.example' }],
  cc: [{ name: '', address: 'carl@corp.example' }],
  subject: 'Re: Befund für März',
  text: 'Danke!\n\nBis bald\nBob',
  quote: { who: 'Anna', at: Date.UTC(2026, 10, 20, 15), text: 'Guten Tag,\n> alt\nAnna' },
  messageId: '<0199-answer@corp.example>',
  thread: ['<root@corp.example>', '<one@corp.example>'],
  date: Date.UTC(2026, 10, 21, 9),
  language: 'de',
  timeZone: 'Europe/Berlin',
  files: [],
};

async function* inChunks(octets: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

const file = (name: string, octets: Uint8Array, type = 'application/pdf', chunk = 1000) => ({
  name,
  type,
  octets: inChunks(octets, chunk),
});

async function octetsOf(mail: AnswerMail): Promise<Buffer> {
  const { header, body } = composeAnswer(mail);
  const chunks: Uint8Array[] = [header];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function structureOf(octets: Buffer) {
  const parser = new StructureParser();
  parser.push(octets);
  return parser.end();
}

const expected =
  'date from reply-to to cc subject message-id in-reply-to references auto-submitted mime-version content-type';

describe('an answer', () => {
  test('says who wrote it, to whom, in which thread, and what; mailparser reads the same', async () => {
    const picture = Buffer.from('not really a picture');
    const report = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 256));
    const octets = await octetsOf({
      ...base,
      files: [file('Befund Müller (März) – Kopie.pdf', report), file('a.png', picture, 'image/png')],
    });
    const mail = await simpleParser(octets);
    expect(mail.from?.value).toEqual([{ name: 'Bob Müller über sichere Mail', address: 'secure-mail@corp.example' }]);
    expect(mail.replyTo?.value).toEqual([{ name: 'Bob Müller', address: 'bob@clinic.example' }]);
    expect(mail.subject).toBe('Re: Befund für März');
    expect(mail.messageId).toBe('<0199-answer@corp.example>');
    expect(mail.inReplyTo).toBe('<one@corp.example>');
    expect(mail.references).toEqual(['<root@corp.example>', '<one@corp.example>']);
    expect(mail.text).toContain('Danke!\n\nBis bald\nBob');
    expect(mail.text).toContain('Anna schrieb am 20. November 2026');
    expect(mail.text).toContain('> Guten Tag,\n>> alt\n> Anna');
    expect(mail.html).toContain('<p>Bis bald<br>\nBob</p>');
    expect(mail.attachments.map(({ filename, contentType }) => [filename, contentType])).toEqual([
      ['Befund Müller (März) – Kopie.pdf', 'application/pdf'],
      ['a.png', 'image/png'],
    ]);
    expect(mail.attachments[0]?.content.equals(report)).toBe(true);
    expect(mail.attachments[1]?.content.equals(picture)).toBe(true);
  });

  test('names who has no name by their address, without an at-sign in the name', async () => {
    const mail = await simpleParser(
      await octetsOf({ ...base, language: 'en', person: { name: '', address: 'bob@clinic.example' } }),
    );
    expect(mail.from?.value[0]?.name).toBe('bob (clinic.example) via secure mail');
    expect(mail.replyTo?.value[0]).toEqual({ name: '', address: 'bob@clinic.example' });
  });

  test('whatever anybody is called, types or attaches, its fields and parts are these and no more', async () => {
    await assert(
      asyncProperty(anything, anything, anything, anything, array(anything, { maxLength: 3 }), async (...words) => {
        const [name, subject, text, quoted, files] = words;
        const octets = await octetsOf({
          ...base,
          person: { name, address: 'bob@clinic.example' },
          to: [{ name: subject, address: 'anna@corp.example' }],
          subject: replySubject(subject),
          text,
          quote: { who: name, at: 0, text: quoted },
          files: files.map((given) => file(given, Buffer.from(given), given)),
        });
        expect(octets.toString('latin1')).toMatch(/^(?:[\t\x20-\x7e]{0,998}\r\n)*$/);
        const structure = structureOf(octets);
        expect(structure.problems).toEqual([]);
        expect(structure.fields.map((field) => field.name.toLowerCase()).join(' ')).toBe(expected);
        expect(leaves(structure).map((part) => part.type === 'text/plain' || part.type === 'text/html')).toHaveLength(
          2 + files.length,
        );
        const [from] = valuesOf(structure.fields, 'from');
        expect(from).toMatch(/<secure-mail@corp\.example>$/);
        expect(from?.match(/@/g)).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  test('files come out octet by octet, however they came in', async () => {
    await assert(
      asyncProperty(uint8Array({ maxLength: 400 }), constantFrom(1, 56, 57, 58, 400), async (content, chunk) => {
        const octets = await octetsOf({ ...base, files: [file('x', content, 'application/pdf', chunk)] });
        const part = leaves(structureOf(octets)).at(-1);
        if (part === undefined) throw new Error('a part was expected');
        const chunks: Uint8Array[] = [];
        const body = inChunks(octets.subarray(part.body.start, part.body.end), 1000);
        for await (const decoded of decodeTransfer(body, part.encoding)) chunks.push(decoded);
        expect(Buffer.concat(chunks).equals(Buffer.from(content))).toBe(true);
      }),
    );
  });

  test.each(['message/rfc822', 'multipart/mixed', 'text/html\r\nX: y', 'nonsense', ''])(
    'a file of type %j is sent as octets',
    async (type) => {
      const octets = await octetsOf({ ...base, files: [file('x', Buffer.from('x'), type)] });
      expect(leaves(structureOf(octets)).at(-1)?.type).toBe('application/octet-stream');
    },
  );

  test('a long thread keeps its first message and the newest twenty, and nothing that is no identifier', async () => {
    const thread = ['<root@x>', ...Array.from({ length: 40 }, (_, at) => `<${at}@x>`), 'no id', '<a b>', '<last@x>'];
    const mail = await simpleParser(await octetsOf({ ...base, thread }));
    expect(mail.references).toHaveLength(21);
    expect([mail.references?.[0], mail.references?.at(-1), mail.inReplyTo]).toEqual([
      '<root@x>',
      '<last@x>',
      '<last@x>',
    ]);
  });

  test.skipIf(spawnSync('python3', ['--version']).status !== 0 && !process.env['CI'])(
    'Python reads the same names, texts and octets',
    async () => {
      const names = [
        'Befund Müller.pdf',
        'просто 文件 🎉.txt',
        `${'ä'.repeat(80)}.pdf`,
        'a"b\\c.txt',
        ...naughty.slice(0, 80),
      ];
      const content = Buffer.from(Array.from({ length: 700 }, (_, at) => (at * 7) % 256));
      const octets = await octetsOf({ ...base, files: names.map((name) => file(name, content)) });
      const script = `
import sys, json, hashlib
from email import policy, message_from_bytes
mail = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
print(json.dumps({
  'from': [[a.display_name, a.addr_spec] for a in mail['from'].addresses],
  'replyTo': [[a.display_name, a.addr_spec] for a in mail['reply-to'].addresses],
  'subject': mail['subject'], 'defects': [str(d) for p in mail.walk() for d in p.defects],
  'text': mail.get_body(('plain',)).get_content(),
  'files': [[p.get_filename(), hashlib.sha256(p.get_content()).hexdigest()] for p in mail.iter_attachments()]}))`;
      const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: octets, encoding: 'utf8' });
      expect(stderr).toBe('');
      const read = JSON.parse(stdout);
      expect(read).toMatchObject({
        from: [['Bob Müller über sichere Mail', 'secure-mail@corp.example']],
        replyTo: [['Bob Müller', 'bob@clinic.example']],
        subject: 'Re: Befund für März',
        defects: [],
      });
      expect(read.text).toContain('Danke!');
      const digest = createHash('sha256').update(content).digest('hex');
      const written = names.map((name) => parseParameters(`a; ${encodeParameter('filename', name).join('; ')}`));
      expect(read.files).toEqual(written.map(({ parameters }) => [parameters['filename'], digest]));
    },
  );
});

describe('a parameter', () => {
  test('comes back as the text it was, without what controls', () => {
    assert(
      property(anything, (text) => {
        const lines = encodeParameter('filename', text);
        for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]{1,76}$/);
        const { parameters, conflicts } = parseParameters(`attachment; ${lines.join('; ')}`);
        expect(conflicts).toEqual([]);
        const read = parameters['filename'] ?? '';
        expect(encodeParameter('filename', read)).toEqual(lines);
      }),
    );
    const { parameters } = parseParameters(`a; ${encodeParameter('filename', 'größe "x" 文件.pdf').join('; ')}`);
    expect(parameters['filename']).toBe('größe "x" 文件.pdf');
  });
});

test.each([
  ['Report', 'Re: Report'],
  ['RE: Report', 'RE: Report'],
  ['  re:x ', 're:x'],
  ['', 'Re: '],
])('%j is answered as %j', (subject, answered) => {
  expect(replySubject(subject)).toBe(answered);
});

describe('typed text as HTML', () => {
  test.each([
    ['a\nb\n\nc', '<p>a<br>\nb</p>\n<p>c</p>'],
    ['- a\n- b\nc', '<ul><li>a</li><li>b</li></ul>\n<p>c</p>'],
    ['so *very* good, 2*3*4', '<p>so <strong>very</strong> good, 2*3*4</p>'],
    [
      'see https://x.example/a?b=1&c=2.',
      '<p>see <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>.</p>',
    ],
    ['<b>"x"</b>', '<p>&lt;b&gt;&quot;x&quot;&lt;/b&gt;</p>'],
    ['javascript:alert(1)', '<p>javascript:alert(1)</p>'],
    ['', ''],
  ])('%j becomes %j', (text, html) => {
    expect(formattedHtml(text)).toBe(html);
  });

  test('holds no markup but ours, whatever was typed, and takes time in proportion', () => {
    assert(
      property(anything, (text) => {
        const rest = formattedHtml(text).replaceAll(
          /<\/?(?:p|ul|li|strong)>|<br>|<a href="https?:\/\/[^"<>]*">|<\/a>/g,
          '',
        );
        expect(rest).not.toMatch(/[<>"']/);
      }),
    );
    for (const text of ['*a'.repeat(100_000), '- '.repeat(100_000), 'http://'.repeat(50_000), '\n \n'.repeat(60_000)]) {
      const began = performance.now();
      formattedHtml(text);
      expect(performance.now() - began).toBeLessThan(2000);
    }
  });
});

test('the letters to who wrote tell of the message and hold nothing of it', async () => {
  const voice = {
    language: 'en',
    name: 'Corp Clinic',
    accent: { light: '#1f4b99', dark: '#8fb3f5' },
    timeZone: 'UTC',
    phrase: 'The heron',
    support: { phone: '+49 30 1', mail: null, url: null },
  } as const;
  const letter = {
    from: 'secure-mail@corp.example',
    to: 'bob@clinic.example',
    whom: ['anna@corp.example', 'carl@corp.example'],
    sentAt: 0,
    voice,
    messageId: '<1@corp.example>',
    date: 0,
  };
  for (const octets of [receiptMessage({ ...letter, files: 2, expiresAt: 1 }), undeliveredMessage(letter)]) {
    const mail = await simpleParser(octets);
    expect(mail.text).toContain('anna@corp.example and carl@corp.example');
    expect(mail.text).toContain('The heron');
    expect(mail.text).toContain('+49 30 1');
    expect(valuesOf(parseHeader(octets), 'auto-submitted')).toEqual(['auto-generated']);
    expect(mail.text).not.toContain('http');
  }
});
