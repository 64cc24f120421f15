import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import type { HeaderForm } from '../../src/mail/header-protection.ts';
import { splitForProtection } from '../../src/protect/entity.ts';

const smime: HeaderForm = { hp: 'cipher', method: 'smime', hideSubject: false, legacyDisplay: false };
const pgp: HeaderForm = { ...smime, method: 'pgp' };
const hiding: HeaderForm = { ...smime, hideSubject: true };

const split = (header: string, form: HeaderForm = smime) => {
  const { outer, inner, after } = splitForProtection(Buffer.from(header, 'latin1'), form);
  return { outer: outer.toString('latin1'), inner: inner.toString('latin1'), after: after.toString('latin1') };
};

describe('splitForProtection', () => {
  test('copies inside what the author wrote, with a record of what stays outside', () => {
    const { outer, inner, after } = split(
      'Received: a\r\n b\r\nSubject: s\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nTo: x@y,\r\n z@y\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\n',
    );
    expect(outer).toBe('Received: a\r\n b\r\nSubject: s\r\nTo: x@y,\r\n z@y\r\n');
    expect(inner).toBe(
      'Content-Type: text/plain;\r\n\tcharset=utf-8;\r\n hp="cipher"\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n' +
        'Subject: s\r\nTo: x@y,\r\n z@y\r\nHP-Outer: Subject: s\r\nHP-Outer: To: x@y,\r\n z@y\r\n\r\n',
    );
    expect(after).toBe('');
  });

  test.each([
    ['without type', 'A: 1\r\n\r\n', 'Content-Type: text/plain;\r\n hp="cipher"\r\nA: 1\r\nHP-Outer: A: 1\r\n\r\n'],
    ['empty', '\r\n', 'Content-Type: text/plain;\r\n hp="cipher"\r\n\r\n'],
    ['nothing at all', '', 'Content-Type: text/plain;\r\n hp="cipher"\r\n\r\n'],
    ['no blank line', 'Content-Type: a/b', 'Content-Type: a/b;\r\n hp="cipher"\r\n\r\n'],
    ['a semicolon at the end', 'Content-Type: a/b; \r\n\r\n', 'Content-Type: a/b;\r\n hp="cipher"\r\n\r\n'],
    [
      'what is no field may be content, and stands where a body would begin',
      'A: 1\r\nthe secret plan\r\nContent-Type: a/b\r\n\r\n',
      'Content-Type: a/b;\r\n hp="cipher"\r\nA: 1\r\nHP-Outer: A: 1\r\nthe secret plan\r\n\r\n',
    ],
  ])('a header %s', (_, header, inner) => {
    expect(split(header).inner).toBe(inner);
    expect(split(header).outer).not.toContain('secret');
  });

  test('a hidden Subject stands only inside, and nothing that tells of it outside', () => {
    const header =
      'From: a@x\r\nThread-Topic: The merger\r\nSubject: The\r\n merger\r\nMessage-ID: <1@x>\r\nReferences: <0@x>\r\nKeywords: merger\r\n' +
      'subject: The merger again\r\nComments: merger\r\nContent-Type: a/b\r\n\r\n';
    const { outer, inner } = split(header, hiding);
    expect(outer).toBe('From: a@x\r\nSubject: [...]\r\nMessage-ID: <1@x>\r\nReferences: <0@x>\r\n');
    expect(inner).toContain('\r\nSubject: The\r\n merger\r\n');
    expect(inner).toContain('\r\nThread-Topic: The merger\r\n');
    expect(inner.match(/^HP-Outer: .*$/gm)).toEqual([
      'HP-Outer: From: a@x',
      'HP-Outer: Subject: [...]',
      'HP-Outer: Message-ID: <1@x>',
      'HP-Outer: References: <0@x>',
    ]);
  });

  test('signatures of the message as it was do not tell of its body', () => {
    const { outer, inner } = split(
      'DKIM-Signature: v=1; bh=abc\r\nARC-Message-Signature: i=1; bh=abc\r\nARC-Seal: i=1\r\nFrom: a@x\r\n\r\n',
    );
    expect(outer).toBe('From: a@x\r\n');
    expect(inner).not.toContain('bh=');
  });

  test('leaves out fields that name blind recipients', () => {
    const { outer, inner } = split(
      'To: a@x.example\r\nBcc: b@x.example,\r\n c@x.example\r\nresent-BCC: d@x.example\r\nSubject: s\r\n\r\n',
    );
    expect(outer).toBe('To: a@x.example\r\nSubject: s\r\n');
    expect(inner).not.toMatch(/[bcd]@x/);
  });

  test('signed only: a copy, but no record, as nothing is hidden', () => {
    const { inner } = split('Subject: s\r\nContent-Type: a/b\r\n\r\n', { ...pgp, hp: 'clear' });
    expect(inner).toBe('Content-Type: a/b;\r\n protected-headers="v1"; hp="clear"\r\nSubject: s\r\n\r\n');
  });

  test('a line that would be too long is broken before the record', () => {
    const long = `References: ${'<a@x>'.repeat(195)}`;
    const { inner } = split(`${long}\r\nContent-Type: a/b\r\n\r\n`);
    expect(inner).toContain(`HP-Outer:\r\n ${long}\r\n`);
    expect(Math.max(...inner.split('\r\n').map((line) => line.length))).toBeLessThan(999);
  });

  describe('content is put into a multipart that carries the marks', () => {
    const types: [string, string, HeaderForm][] = [
      ['when Thunderbird is to restore the Subject', 'text/plain; charset=utf-8', { ...pgp, hideSubject: true }],
      ['when its type is marked already', 'text/plain; hp="clear"', smime],
      ['when its type is said twice', 'a/b\r\nContent-Type: c/d', smime],
      ['when a quotation mark is open', 'text/plain; name="a', smime],
      ['when it has no type to speak of', 'plain', smime],
    ];
    test.each(types)('%s', (_, type, form) => {
      const { inner, after } = split(`Subject: s\r\nContent-Type: ${type}\r\nContent-ID: <i>\r\n\r\n`, form);
      const boundary = /boundary="([^"]+)"/.exec(inner)?.[1] ?? '';
      const [head = '', part] = inner.split(`\r\n--${boundary}\r\n`);
      expect(part).toBe(`Content-Type: ${type}\r\nContent-ID: <i>\r\n\r\n`);
      expect(head).toMatch(/^Content-Type: multipart\/mixed; boundary="[^"]+";\r\n .*hp="cipher"\r\nSubject: s\r\n/);
      expect(after).toBe(`\r\n--${boundary}--\r\n`);
    });

    test.each(['multipart/alternative; boundary=x', 'application/pkcs7-mime; smime-type=signed-data'])(
      'but not %s, which programs know on top only or Thunderbird finds',
      (type) => {
        expect(split(`Content-Type: ${type}\r\n\r\n`, { ...pgp, hideSubject: true }).after).toBe('');
      },
    );
  });

  test('whatever the header: every field is inside as it was, and outside unless it is content, and no line is lost', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'Content-Type: a/b',
        'Subject: s',
        ' folded',
        'no field',
        'MIME-Version: 1.0',
        'X-Y:',
        ': z',
        'Content-Type: "a',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
    );
    const form = fc.record<HeaderForm>({
      hp: fc.constantFrom('cipher', 'clear'),
      method: fc.constantFrom('smime', 'pgp'),
      hideSubject: fc.boolean(),
      legacyDisplay: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(
          line.filter((text) => text !== ''),
          { maxLength: 12 },
        ),
        form,
        (lines, of) => {
          const header = `${lines.join('\r\n')}${lines.length > 0 ? '\r\n' : ''}\r\n`;
          const { outer, inner, after } = split(header, of);
          const written = parseHeader(Buffer.from(header, 'latin1'));
          const content = /^(content-.*|mime-version)$/i;
          const others = written.filter(({ name }) => !content.test(name));
          const shown = parseHeader(Buffer.from(outer, 'latin1'));
          expect(shown.filter(({ name }) => content.test(name))).toEqual([]);
          const textOf = ({ name, raw }: { name: string; raw: string }) => `${name}:${raw}`;
          const inside = parseHeader(Buffer.from(inner, 'latin1')).map(textOf);
          for (const field of others) expect(inside).toContain(textOf(field));
          if (!of.hideSubject) expect(shown.map(textOf)).toEqual(others.map(textOf));
          else expect(valuesOf(shown, 'subject').filter((value) => value !== '[...]')).toEqual([]);
          for (const each of lines) expect(inner + outer + after).toContain(each.replace(/[ \t]+$/, ''));
        },
      ),
    );
  });
});
