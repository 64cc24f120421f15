import { existsSync, readFileSync } from 'node:fs';
import { assert, asyncProperty, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CodeNotice,
  codeMessage,
  composeMessage,
  type Notification,
  notificationMessage,
  type OwnText,
  serviceAddress,
} from '../../src/mail/compose.ts';
import { valuesOf } from '../../src/mail/header.ts';
import { invitationMessage } from '../../src/mail/invitation.ts';
import { languages } from '../../src/mail/language.ts';
import { leaves, type Part, type Structure, StructureParser } from '../../src/mail/structure.ts';
import { decodeCharset, decodeTransfer } from '../../src/mail/text.ts';
import type { Voice } from '../../src/mail/voice.ts';

const basic: OwnText = {
  from: { name: 'corp.example secure mail', address: 'secure-mail@corp.example' },
  to: { name: '', address: 'robin@clinic.example' },
  subject: 'Hello',
  text: 'A line\nand another\n',
  html: '<p>A line</p>',
  messageId: '<1@gw.example>',
  date: Date.UTC(2026, 10, 20, 8, 30),
  autoSubmitted: 'auto-generated',
};

const voice: Voice = {
  language: 'en',
  name: 'Clinic am Fluß',
  accent: { light: '#00695c', dark: '#51a394' },
  timeZone: 'UTC',
  phrase: 'The heron stands by the river',
  support: { phone: '+49 30 1234567', mail: null, url: null },
};

const notice: Notification = {
  from: 'secure-mail@corp.example',
  to: 'robin@clinic.example',
  sender: 'anna@corp.example',
  senderName: 'Anna Müller',
  voice,
  link: `https://secure.corp.example/m/${'aB3_-'.repeat(8)}xyz`,
  expiresAt: Date.UTC(2026, 11, 20, 15, 4),
  subject: null,
  byCode: true,
  originalMessageId: '<original@corp.example>',
  originalReferences: '<first@corp.example>',
  messageId: '<2@gw.example>',
  date: basic.date,
};

const codeNotice: CodeNotice = {
  ...notice,
  code: '048213',
  long: false,
  minutes: 10,
  askedFrom: '192.0.2.7',
  portalUrl: 'https://secure.corp.example',
};

const invitation = {
  ...notice,
  inviter: 'Robin Okafor',
  name: 'Sam de Vries',
  address: 'billing@practice.example',
  until: notice.expiresAt,
};

function read(message: Buffer): Structure {
  const parser = new StructureParser();
  parser.push(message);
  return parser.end();
}

async function textOf(message: Buffer, part: Part | undefined): Promise<string> {
  if (part === undefined) return '';
  const chunks: Uint8Array[] = [];
  async function* body(): AsyncGenerator<Uint8Array> {
    yield message.subarray(part?.body.start, part?.body.end);
  }
  for await (const chunk of decodeTransfer(body(), part.encoding)) chunks.push(chunk);
  return decodeCharset(Buffer.concat(chunks), part.parameters['charset'] ?? '');
}

const names = (structure: Structure): string[] => structure.fields.map(({ name }) => name);
/** Octets a mail server takes without conversion: ASCII, CRLF only, no line over 998. */
const wellFormed = (message: Buffer): boolean =>
  /^[\t\r\n\x20-\x7e]*$/.test(message.toString('latin1')) &&
  message
    .toString('latin1')
    .split('\r\n')
    .every((line) => line.length <= 998 && !/[\r\n]/.test(line));

describe('composeMessage', () => {
  test('gives both texts, in a message any server takes', async () => {
    const message = composeMessage(basic);
    const structure = read(message);
    expect(wellFormed(message)).toBe(true);
    expect(structure.problems).toEqual([]);
    expect(structure.root.type).toBe('multipart/alternative');
    const [plain, rich] = leaves(structure);
    expect([plain?.type, rich?.type]).toEqual(['text/plain', 'text/html']);
    expect(await textOf(message, plain)).toContain('A line\r\nand another');
    expect(valuesOf(structure.fields, 'date')).toEqual(['Fri, 20 Nov 2026 08:30:00 +0000']);
    expect(valuesOf(structure.fields, 'auto-submitted')).toEqual(['auto-generated']);
  });

  test('keeps any text, whatever its characters', async () => {
    const text = string({ unit: 'grapheme', maxLength: 400 }).map((text) => text.toWellFormed());
    await assert(
      asyncProperty(text, async (text) => {
        const message = composeMessage({ ...basic, text, html: `<p>${text}` });
        expect(wellFormed(message)).toBe(true);
        const lines = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '').replace(/\r\n|\r|\n/g, '\r\n');
        expect((await textOf(message, leaves(read(message))[0])).replace(/(\r\n)+$/, '')).toBe(
          lines.replace(/(\r\n)+$/, ''),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('a line of any length is folded', async () => {
    const message = composeMessage({ ...basic, text: `é${'x'.repeat(5_000)} ` });
    expect(wellFormed(message)).toBe(true);
    expect(await textOf(message, leaves(read(message))[0])).toContain('x'.repeat(5_000));
  });
});

/** Strings that try to begin a field, a body or another mailbox. */
const hostile = [
  'x\r\nBcc: evil@example.net',
  'x\nBcc: evil@example.net',
  'x\rBcc: evil@example.net',
  'x\r\n\r\nbody',
  'x\u2028Bcc: evil@example.net',
  'x\u0085Bcc: evil@example.net',
  'x\0Bcc: evil@example.net',
  '=?utf-8?Q?=0D=0ABcc:_evil@example.net?=',
  "x*=utf-8''%0D%0ABcc:%20evil",
  '"x" <evil@example.net>, y',
  'evil@example.net',
  '\u202Eelpmaxe.proc@anna',
  '--=_boundary--',
  '<script>alert(1)</script>',
];

describe('no string from outside can begin a field, a mailbox or a part', () => {
  const corpus = new URL('../../../shared/corpora/naughty-strings/blns.json', import.meta.url);
  const naughty: string[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [];
  const strings = [...hostile, ...naughty];
  const usual = names(read(notificationMessage(notice)));
  const usualCode = names(read(codeMessage(codeNotice)));

  test('in a notification', () => {
    for (const string of strings) {
      const structure = read(notificationMessage({ ...notice, senderName: string, originalReferences: string }));
      const here = names(structure).filter((name) => name !== 'References');
      expect(here, string).toEqual(usual.filter((name) => name !== 'References'));
      expect(leaves(structure).map(({ type }) => type)).toEqual(['text/plain', 'text/html']);
      expect(valuesOf(structure.fields, 'from')[0], string).toMatch(/^[^@]*<secure-mail@corp\.example>$/);
      expect(valuesOf(structure.fields, 'reply-to')[0], string).toMatch(/^(?:[^@]* <)?anna@corp\.example>?$/);
    }
  });

  test('in a code', () => {
    for (const string of strings) {
      const spoken = { ...voice, name: string, phrase: string };
      const structure = read(codeMessage({ ...codeNotice, askedFrom: string, voice: spoken, sender: string }));
      expect(names(structure), string).toEqual(usualCode);
      expect(leaves(structure).map(({ type }) => type)).toEqual(['text/plain', 'text/html']);
      expect(valuesOf(structure.fields, 'from')[0], string).toMatch(/^(?:[^@]*<)?secure-mail@corp\.example>?$/);
    }
  });

  test('in the HTML', async () => {
    for (const string of strings) {
      const support = { phone: string, mail: string, url: string };
      const spoken = { ...voice, name: string, phrase: string, support };
      const message = notificationMessage({ ...notice, senderName: string, subject: string, voice: spoken });
      const html = await textOf(message, leaves(read(message))[1]);
      expect(
        html.match(/<(?!\/?(?:html|head|meta|title|style|body|div|h1|h2|p|a|ol|li)\b|!DOCTYPE)/i)?.[0],
        string,
      ).toBeUndefined();
    }
  });
});

describe('notificationMessage', () => {
  const message = notificationMessage(notice);
  const structure = read(message);

  test('says who, until when, how, and how to tell it from a forgery, with one link, in both texts', async () => {
    for (const part of leaves(structure)) {
      const text = await textOf(message, part);
      expect(text).toContain('Anna Müller (anna@corp.example)');
      expect(text).toContain('20 December 2026 at 15:04 UTC');
      expect(text).toContain('The heron stands by the river');
      expect(text).toContain('+49 30 1234567');
      expect(new Set(text.match(/https?:\/\/[^\s"<]+/g))).toEqual(new Set([notice.link]));
      expect(text.match(/<a /g) ?? ['']).toHaveLength(1);
      expect(text).not.toContain('robin');
    }
  });

  test('comes from the sender’s organisation, answers go to the sender, and it joins the thread', () => {
    expect(valuesOf(structure.fields, 'from')).toEqual(['Anna Müller via Clinic am Fluß <secure-mail@corp.example>']);
    expect(valuesOf(structure.fields, 'reply-to')).toEqual(['Anna Müller <anna@corp.example>']);
    expect(valuesOf(structure.fields, 'references')).toEqual(['<first@corp.example> <original@corp.example>']);
    expect(valuesOf(structure.fields, 'in-reply-to')).toEqual(['<original@corp.example>']);
    expect(valuesOf(structure.fields, 'auto-submitted')).toEqual(['auto-generated']);
  });

  test.each(languages)(
    'in %s: encoded for any server, marked with its language, all of it in words',
    async (language) => {
      const spoken = { ...voice, language, timeZone: 'Europe/Berlin' };
      for (const letter of [
        notificationMessage({ ...notice, voice: spoken }),
        notificationMessage({ ...notice, voice: spoken, byCode: false, subject: 'Ihre Würfe' }),
        codeMessage({ ...codeNotice, voice: spoken }),
      ]) {
        const here = read(letter);
        expect(wellFormed(letter)).toBe(true);
        expect(here.problems).toEqual([]);
        expect(valuesOf(here.fields, 'content-language')).toEqual([language]);
        const [plain, rich] = await Promise.all(leaves(here).map((part) => textOf(letter, part)));
        expect(rich).toContain(`<html lang="${language}">`);
        expect(`${plain}${rich}`).not.toMatch(/undefined|\[object|=>/);
      }
    },
  );

  test('a time names its zone, that of the tenant', async () => {
    const german = notificationMessage({ ...notice, voice: { ...voice, language: 'de', timeZone: 'Europe/Berlin' } });
    expect(await textOf(german, leaves(read(german))[0])).toContain('20. Dezember 2026 um 16:04 MEZ');
  });

  test('tells the Subject only when it was given one', async () => {
    expect(await textOf(message, leaves(structure)[0])).not.toContain('Subject');
    const told = notificationMessage({ ...notice, subject: 'Results\r\n\r\nhttps://evil.example' });
    expect(await textOf(told, leaves(read(told))[0])).toContain('Subject: Results https://evil.example');
  });

  test('promises a code only where a code is enough', async () => {
    const more = notificationMessage({ ...notice, byCode: false });
    expect(await textOf(more, leaves(read(more))[0])).not.toContain('six-digit');
  });

  test('loads nothing: no picture, style sheet or script', async () => {
    expect(await textOf(message, leaves(structure)[1])).not.toMatch(
      /<(?:img|link|script|iframe|object|svg)|url\(|@import|src=/i,
    );
  });

  test('does without what is not known', async () => {
    const bare = notificationMessage({
      ...notice,
      sender: '',
      senderName: 'Anna Müller',
      voice: { ...voice, phrase: null, support: { phone: null, mail: null, url: null } },
      originalMessageId: '',
      originalReferences: '',
    });
    const structureOfBare = read(bare);
    expect(names(structureOfBare)).not.toContain('Reply-To');
    expect(names(structureOfBare)).not.toContain('References');
    expect(valuesOf(structureOfBare.fields, 'from')).toEqual(['Clinic am Fluß <secure-mail@corp.example>']);
    const text = await textOf(bare, leaves(structureOfBare)[0]);
    expect(text).toMatch(/^Clinic am Fluß has sent you/);
    expect(text).not.toMatch(/Anna|phrase|Questions/);
  });
});

test('a code stands in the body and in no header', async () => {
  const message = codeMessage(codeNotice);
  const structure = read(message);
  for (const part of leaves(structure)) expect(await textOf(message, part)).toContain('048213');
  expect(message.subarray(0, structure.root.body.start).toString()).not.toContain('048213');
  expect(await textOf(message, leaves(structure)[0])).toContain('192.0.2.7');
});

test('a stranger’s name in an invitation can be taken neither for an address nor for a field', async () => {
  const usual = names(read(invitationMessage(invitation)));
  for (const inviter of [...hostile, 'https://evil.example/pay', 'Your bank www.evil.example']) {
    const message = invitationMessage({ ...invitation, inviter, name: inviter });
    const structure = read(message);
    expect(names(structure), inviter).toEqual(usual);
    expect(valuesOf(structure.fields, 'from')).toEqual(['Clinic am Fluß <secure-mail@corp.example>']);
    const text = await textOf(message, leaves(structure)[0]);
    expect(text.replaceAll(notice.link, ''), inviter).not.toMatch(/:\/\/|evil\.example|evil@/);
  }
});

test.each([
  ['anna@sales.corp.example', ['corp.example', 'sales.corp.example'], 'secure-mail@sales.corp.example'],
  ['someone@elsewhere.example', ['corp.example', 'sales.corp.example'], 'secure-mail@corp.example'],
  ['', ['corp.example'], 'secure-mail@corp.example'],
])('messages about mail from %j come from an address that can align', (sender, domains, address) => {
  expect(serviceAddress(sender, domains)).toBe(address);
  expect(serviceAddress(sender, domains, 'post')).toBe(address.replace('secure-mail', 'post'));
});
