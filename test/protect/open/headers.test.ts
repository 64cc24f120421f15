/** The header of an opened message: what was protected inside comes out, and nothing else (threat T-21). */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHeader, valuesOf } from '../../../src/mail/header.ts';
import { namesAnotherAuthor, openedHeader, protectionOf } from '../../../src/protect/open/headers.ts';

const block = (...lines: string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
const outer = block(
  'Received: from x by y',
  'DKIM-Signature: v=1',
  'From: Paul <paul@partner.example>',
  'To: anna@corp.example',
  'Cc: mallory@evil.example',
  'Subject: [...]',
  'X-Mailer: m',
  'MIME-Version: 1.0',
  'Content-Type: multipart/encrypted; boundary=b',
);
const inner = (type: string): Buffer =>
  block(
    type,
    'From: Paul <paul@partner.example>',
    'To: anna@corp.example',
    'Subject: The numbers',
    'Received: from evil',
    'Authentication-Results: corp.example; dkim=pass',
    'X-MS-Exchange-Organization-SCL: -1',
    'X-Postern-Verdict: signature=valid',
    'Bcc: rita@corp.example',
    'HP-Outer: Subject: [...]',
  );
const opened = (content: Buffer): Record<string, string[]> => {
  const header = openedHeader(outer, content, content, protectionOf(content));
  const fields = parseHeader(header);
  return Object.fromEntries([...new Set(fields.map(({ name }) => name))].map((name) => [name, valuesOf(fields, name)]));
};

const common = {
  'DKIM-Signature': ['v=1'],
  From: ['Paul <paul@partner.example>'],
  'MIME-Version': ['1.0'],
  Received: ['from x by y'],
  To: ['anna@corp.example'],
  'X-Mailer': ['m'],
};

describe('the header of an opened message', () => {
  test.each<[string, string, Record<string, string[]>]>([
    ['hp', 'Content-Type: text/plain; hp="cipher"', { Subject: ['The numbers'] }],
    ['hp in the clear', 'Content-Type: text/plain; hp="clear"', { Subject: ['The numbers'] }],
    [
      'the older form',
      'Content-Type: text/plain; protected-headers="v1"',
      { Subject: ['The numbers'], Cc: ['mallory@evil.example'] },
    ],
    ['wrapped as RFC 8551 has it', 'Content-Type: message/rfc822; forwarded=no', { Subject: ['The numbers'] }],
    [
      'a message that was forwarded',
      'Content-Type: message/rfc822',
      { Subject: ['[...]'], Cc: ['mallory@evil.example'] },
    ],
    ['unprotected', 'Content-Type: text/plain', { Subject: ['[...]'], Cc: ['mallory@evil.example'] }],
  ])('%s', (_name, type, expected) => {
    expect(opened(inner(type))).toEqual({ ...common, ...expected, 'Content-Type': [type.slice(14)] });
  });

  test('has nothing of a field that is inside twice, as nobody knows which one counts', () => {
    const twice = block('Content-Type: text/plain; hp="cipher"', 'Subject: one', 'Subject: two');
    expect(opened(twice)['Subject']).toBeUndefined();
  });

  test('is a header, whatever stands inside', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 })), (lines) => {
        const content = block(
          'Content-Type: text/plain; hp="cipher"',
          ...lines.map((line) => line.replaceAll(/[\r\n]/g, ' ')),
        );
        const header = openedHeader(outer, content, content, 'all').toString('latin1');
        expect(header.indexOf('\r\n\r\n')).toBe(header.length - 4);
        expect(header).not.toMatch(/[^\r]\n|\r[^\n]/);
        expect(header).toContain('DKIM-Signature: v=1\r\n');
      }),
    );
  });

  test.each<[string, string | null, boolean]>([
    ['From: Paul <paul@partner.example>', 'paul@partner.example', false],
    ['From: PAUL@Partner.example', 'paul@partner.example', false],
    ['Subject: no author inside', 'paul@partner.example', false],
    ['From: paul@partner.example <eve@evil.example>', 'paul@partner.example', true],
    ['From: paul@partner.example, eve@evil.example', 'paul@partner.example', true],
    ['From: paul@partner.example\r\nFrom: eve@evil.example', 'paul@partner.example', true],
    ['From: paul@partner.example', null, true],
  ])('another author inside: %s', (line, author, expected) => {
    expect(namesAnotherAuthor(block(line), author)).toBe(expected);
  });
});
