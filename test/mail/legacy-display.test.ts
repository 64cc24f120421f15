import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { legacyDisplay } from '../../src/mail/legacy-display.ts';
import { headSize, mainBodyParts, onTop } from '../../src/mail/on-top.ts';
import { StructureParser } from '../../src/mail/structure.ts';

type Of = { readonly type?: string; readonly encoding?: string; readonly charset?: string };

/** The body of the part afterwards, decoded; null when it is left alone. */
function edited(
  body: string,
  subject: string,
  { type = 'text/plain', encoding = '8bit', charset = 'utf-8' }: Of,
): string | null {
  const raw = encode(Buffer.from(body), encoding);
  const lines = legacyDisplay(subject);
  if (lines === null) return null;
  const edit = onTop({ type, encoding, parameters: { charset } }, raw.subarray(0, headSize), lines);
  if (edit === null) return null;
  const after = Buffer.concat([edit.text, raw.subarray(edit.replaces)]);
  expect(
    Math.max(
      ...after
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(encoding === '8bit' ? 999 : 78);
  return decode(after, encoding).toString(charset === 'utf-8' ? 'utf8' : 'latin1');
}

function encode(octets: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(octets.toString('base64').replaceAll(/.{1,76}/g, '$&\r\n'));
  if (encoding !== 'quoted-printable') return octets;
  const text = octets
    .toString('latin1')
    .replaceAll(/[^\r\n!-<>-~ ]/g, (each) => `=${each.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return Buffer.from(
    text
      .replaceAll(/[^\r\n]{70}(?![^\r\n]{0,3}$)/gm, '$&')
      .replaceAll(/((?:=[0-9A-F]{2}|[^\r\n=]){20})(?=[^\r\n])/g, '$1=\r\n'),
  );
}

function decode(octets: Buffer, encoding: string): Buffer {
  const text = octets.toString('latin1');
  if (encoding === 'base64') return Buffer.from(text, 'base64');
  if (encoding !== 'quoted-printable') return octets;
  return Buffer.from(
    text
      .replaceAll('=\r\n', '')
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

const encodings = ['8bit', 'quoted-printable', 'base64'];

describe('the Subject in the text', () => {
  test.each(encodings)('plain text, %s', (encoding) => {
    expect(edited('Hello,\r\nwörld = 1\r\n', 'Die Übernahme', { encoding })?.replace(/ +\r\n/, '\r\n')).toBe(
      'Subject: Die Übernahme\r\n\r\nHello,\r\nwörld = 1\r\n',
    );
  });

  test.each(encodings)('HTML behind the body tag, %s', (encoding) => {
    const before = `<html><head><title>t</title></head><BODY class="a" lang=en>`;
    const of = { type: 'text/html', encoding };
    const after = edited(`${before}<p>Grüße</p></body></html>`, 'a <b> & ü "q"', of)?.replaceAll(/ +\r\n/g, '\r\n');
    expect(after).toBe(
      `${before}\r\n<div class="header-protection-legacy-display">\r\n<pre>Subject: a &#60;b&#62; &#38; &#252; &#34;q&#34;</pre>\r\n</div>\r\n<p>Grüße</p></body></html>`,
    );
  });

  test('HTML without a body tag', () => {
    expect(edited('<p>x</p>', 's', { type: 'text/html' })).toMatch(
      /^\r\n<div class="header-protection-legacy-display">[^]*<\/div>\r\n<p>x<\/p>$/,
    );
  });

  test.each<[string, string, Of]>([
    ['UTF-16', 's', { charset: 'utf-16le' }],
    ['what the charset does not have', 'Ω', { charset: 'iso-8859-1' }],
    ['what is not ASCII, in ASCII', 'ü', { charset: 'us-ascii' }],
    ['what is not ASCII, in 7bit', 'ü', { encoding: '7bit' }],
    ['an encoding nobody knows', 's', { encoding: 'x-uuencode' }],
    ['a subject as long as a letter', 'x'.repeat(800), {}],
  ])('is left out: %s', (_, subject, of) => {
    expect(edited('text', subject, of)).toBeNull();
  });

  test('in ISO-8859-1', () => {
    expect(edited('text', 'Müller', { charset: 'iso-8859-1' })).toBe('Subject: Müller\r\n\r\ntext');
  });

  test('base64 longer than what is looked at stays as it was after the element', () => {
    const body = 'line of text\r\n'.repeat(20_000);
    expect(edited(body, 's', { encoding: 'base64' })?.replace(/ +\r\n/, '\r\n')).toBe(`Subject: s\r\n\r\n${body}`);
  });

  test('whatever the text, it follows unchanged', () => {
    const subject = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll(/\p{C}/gu, '').trim());
    const body = fc
      .string({ unit: 'grapheme', maxLength: 300 })
      .map((text) => text.replaceAll(/[\r\n]|\p{C}/gu, '\r\n'));
    fc.assert(
      fc.property(
        subject,
        body,
        fc.constantFrom(...encodings),
        fc.constantFrom('text/plain', 'text/html'),
        (said, text, encoding, type) => {
          const after = edited(text, said, { encoding, type });
          if (after === null) return;
          const place = type === 'text/html' ? (/<body\b[^>]*>/i.exec(text)?.index ?? 0) : 0;
          expect(after.startsWith(text.slice(0, place))).toBe(true);
          expect(after.endsWith(text.slice(place))).toBe(true);
          if (type === 'text/plain') expect(after).toContain(`Subject: ${said}`);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test.each([
  ['text/plain', ['1']],
  [
    'multipart/mixed(multipart/alternative(text/plain,multipart/related(text/html,image/png)),text/plain)',
    ['1.1', '1.2.1'],
  ],
  ['multipart/mixed(application/pdf,text/plain)', []],
  ['multipart/signed(text/plain,application/pgp-signature)', []],
  ['message/rfc822', []],
])('the main parts of %s', (shape, paths) => {
  let boundaries = 0;
  const build = (text: string): string => {
    const open = text.indexOf('(');
    if (open === -1) return `Content-Type: ${text}\r\n\r\nx\r\n`;
    boundaries += 1;
    const boundary = `b${boundaries}`;
    const inner: string[] = [];
    let depth = 0;
    let from = open + 1;
    for (let at = open; at < text.length; at += 1) {
      if (text[at] === '(') depth += 1;
      if (text[at] === ')') depth -= 1;
      if ((text[at] === ',' && depth === 1) || (text[at] === ')' && depth === 0)) {
        inner.push(text.slice(from, at));
        from = at + 1;
      }
    }
    const parts = inner.map((each) => `--${boundary}\r\n${build(each)}\r\n`).join('');
    return `Content-Type: ${text.slice(0, open)}; boundary=${boundary}\r\n\r\n${parts}--${boundary}--\r\n`;
  };
  const parser = new StructureParser();
  parser.push(Buffer.from(build(shape)));
  expect(mainBodyParts(parser.end().root).map(({ path }) => path)).toEqual(paths);
});
