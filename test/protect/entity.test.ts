import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitForProtection } from '../../src/protect/entity.ts';

const split = (header: string) => {
  const { outer, inner } = splitForProtection(Buffer.from(header, 'latin1'));
  return { outer: outer.toString('latin1'), inner: inner.toString('latin1') };
};

describe('splitForProtection', () => {
  const cases: [string, string, string, string][] = [
    [
      'content fields go inside, folded as they were, the rest stays outside in order',
      'Received: a\r\n b\r\nSubject: s\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nTo: x@y\r\ncontent-transfer-encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\n',
      'Received: a\r\n b\r\nSubject: s\r\nTo: x@y\r\n',
      'Content-Type: text/plain;\r\n\tcharset=utf-8\r\ncontent-transfer-encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\n',
    ],
    [
      'a message without type is plain text',
      'Subject: s\r\n\r\n',
      'Subject: s\r\n',
      'Content-Type: text/plain\r\n\r\n',
    ],
    ['an empty header', '\r\n', '', 'Content-Type: text/plain\r\n\r\n'],
    ['no octets at all', '', '', 'Content-Type: text/plain\r\n\r\n'],
    ['no blank line', 'A: 1\r\nContent-ID: <x>', 'A: 1\r\n', 'Content-ID: <x>\r\nContent-Type: text/plain\r\n\r\n'],
    [
      'what is no field may be content and must not stay outside',
      'A: 1\r\nthe secret plan\r\nB: 2\r\nContent-Type: text/html\r\n\r\n',
      'A: 1\r\nB: 2\r\n',
      'Content-Type: text/html\r\nthe secret plan\r\n\r\n',
    ],
    ['a stray last line', 'A: 1\r\nsecret\r\n\r\n', 'A: 1\r\n', 'Content-Type: text/plain\r\nsecret\r\n\r\n'],
    [
      'two types stay two types',
      'Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n',
      '',
      'Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n',
    ],
  ];
  test.each(cases)('%s', (_, header, outer, inner) => {
    expect(split(header)).toEqual({ outer, inner });
  });

  test('leaves out fields that name blind recipients', () => {
    const { outer, inner } = split(
      'To: a@x.example\r\nBcc: b@x.example,\r\n c@x.example\r\nresent-BCC: d@x.example\r\nSubject: s\r\n\r\n',
    );
    expect(outer).toBe('To: a@x.example\r\nSubject: s\r\n');
    expect(inner).toBe('Content-Type: text/plain\r\n\r\n');
  });

  test('loses and invents no line', () => {
    const line = fc.oneof(
      fc.constantFrom('Content-Type: a/b', 'Subject: s', ' folded', 'no field', 'MIME-Version: 1.0', 'X-Y:', ': z'),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
    );
    fc.assert(
      fc.property(
        fc.array(
          line.filter((text) => text !== ''),
          { maxLength: 12 },
        ),
        (lines) => {
          const { outer, inner } = split(`${lines.join('\r\n')}${lines.length > 0 ? '\r\n' : ''}\r\n`);
          const before = lines.concat('').sort();
          const after = (outer + inner).split('\r\n').slice(0, -1).sort();
          expect(after.filter((each) => each !== 'Content-Type: text/plain')).toEqual(before);
          expect(inner.endsWith('\r\n')).toBe(true);
          expect(outer).not.toMatch(/^content-|^mime-version *:|\r\ncontent-|\r\nmime-version *:/i);
        },
      ),
    );
  });
});
