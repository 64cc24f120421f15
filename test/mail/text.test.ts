import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCharset, decodeTransfer } from '../../src/mail/text.ts';

async function decode(encoding: string, chunks: Iterable<Uint8Array>): Promise<Buffer> {
  async function* source() {
    yield* chunks;
  }
  const out: Uint8Array[] = [];
  for await (const chunk of decodeTransfer(source(), encoding)) out.push(chunk);
  return Buffer.concat(out);
}

async function decodeText(encoding: string, text: string): Promise<string> {
  return (await decode(encoding, [Buffer.from(text, 'latin1')])).toString('latin1');
}

describe('base64', () => {
  test.each([
    ['QUJD', 'ABC'],
    ['QUI=', 'AB'],
    ['QQ==', 'A'],
    ['QUI', 'AB'],
    ['QQ', 'A'],
    ['Q', ''],
    ['QU\r\nJD\r\n', 'ABC'],
    ['Q*U!J\0D\xff', 'ABC'],
    ['QQ==QUJD', 'AABC'],
    ['QUI=\r\nQUI=', 'ABAB'],
    ['====', ''],
    ['', ''],
  ])('%j', async (text, expected) => {
    expect(await decodeText('BASE64', text)).toBe(expected);
  });
});

describe('quoted-printable', () => {
  test.each([
    ['a=3Db=C3=A9', 'a=b\xc3\xa9'],
    ['a=3db', 'a=b'],
    ['soft=\r\nbreak', 'softbreak'],
    ['soft=  \t\r\nbreak', 'softbreak'],
    ['soft=\nbreak', 'softbreak'],
    ['trailing  \t\r\nx \n', 'trailing\r\nx\n'],
    ['in  the middle', 'in  the middle'],
    ['kept at the end ', 'kept at the end '],
    ['broken =ZZ =4 =', 'broken =ZZ =4 '],
    ['=4', '=4'],
    ['==41', '=A'],
    ['=4=41', '=4A'],
    ['a=\r\n=\r\nb', 'ab'],
    ['a\r\n\r\nb', 'a\r\n\r\nb'],
    ['a =x', 'a =x'],
    ['= x', '= x'],
    ['\rx', '\rx'],
    [`${' '.repeat(1500)}\r\nx`, `${' '.repeat(1024)}\r\nx`],
  ])('%j', async (text, expected) => {
    expect(await decodeText('quoted-printable', text)).toBe(expected);
  });
});

describe('any encoding', () => {
  const noise = fc.array(
    fc.constantFrom(
      '=',
      '=\r\n',
      ' ',
      '\t',
      '\r',
      '\n',
      '4',
      '1',
      'A',
      'z',
      '/',
      '+',
      '\xff',
      '\0',
      ' '.repeat(1030),
      '-',
    ),
    { maxLength: 60 },
  );

  test('the cuts do not matter', async () => {
    await fc.assert(
      fc.asyncProperty(
        noise,
        fc.constantFrom('base64', 'quoted-printable', '7bit', 'x-other'),
        fc.nat(7),
        async (pieces, encoding, size) => {
          const octets = Buffer.from(pieces.join(''), 'latin1');
          const chunks = Array.from({ length: Math.ceil(octets.length / (size + 1)) }, (_, n) =>
            octets.subarray(n * (size + 1), (n + 1) * (size + 1)),
          );
          expect(await decode(encoding, chunks)).toEqual(await decode(encoding, [octets]));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what a good encoder wrote comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
        const base64 = Buffer.from(octets).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
        expect(await decode('base64', [Buffer.from(base64)])).toEqual(Buffer.from(octets));
        const escaped = Array.from(octets, (octet) => `=${octet.toString(16).padStart(2, '0')}`)
          .join('')
          .replaceAll(/.{75}/g, '$&=\r\n');
        // A soft break may fall inside an escape here; move it before one.
        const quoted = escaped.replaceAll(/=([0-9a-f]?)=\r\n([0-9a-f]{1,2})/g, '=\r\n=$1$2');
        expect(await decode('quoted-printable', [Buffer.from(quoted)])).toEqual(Buffer.from(octets));
      }),
    );
  });

  test('others pass as they are', async () => {
    expect(await decodeText('8bit', 'a=3D\xff')).toBe('a=3D\xff');
  });
});

describe('decodeCharset', () => {
  test.each<[string, number[] | string, string]>([
    ['utf-8', 'J\xc3\xb6rg', 'Jörg'],
    ['UTF8', 'J\xc3\xb6rg', 'Jörg'],
    ['"iso-8859-1"', 'J\xf6rg', 'Jörg'],
    ['windows-1252', '\x80\x93', '€“'],
    ['us-ascii', 'J\xc3\xb6rg', 'Jörg'],
    ['us-ascii', 'J\xf6rg', 'Jörg'],
    ['', 'J\xf6rg', 'Jörg'],
    ['no-such-charset', 'J\xc3\xb6rg', 'Jörg'],
    ['no-such-charset', 'J\xf6rg', 'Jörg'],
    ['iso-2022-kr', 'abc', 'abc'],
    ['utf-8', 'a\xffb', 'a\ufffdb'],
    ['koi8-r', '\xf0\xf2', 'ПР'],
    ['cp932', '\x93\xfa\x96\x7b', '日本'],
    ['gb2312', '\xd6\xd0', '中'],
    ['ks_c_5601-1987', '\xc7\xd1', '한'],
    ['iso-2022-jp', '\x1b$BF|K\\\x1b(B', '日本'],
    ['iso-2022-jp', 'J\xc3\xb6rg', 'Jörg'],
    ['utf-16', '\xfe\xff\0A\0B', 'AB'],
    ['utf-16', '\xff\xfeA\0B\0', 'AB'],
    ['utf-16le', 'A\0B\0', 'AB'],
    ['utf-7', 'Hi +ZeVnLA- A+-B +AOQ,', 'Hi 日本 A+B ä,'],
  ])('%s %j', (charset, octets, text) => {
    expect(
      decodeCharset(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets), charset),
    ).toBe(text);
  });

  test('never throws', () => {
    const labels = fc.oneof(
      fc.string(),
      fc.constantFrom('utf-7', 'utf-16', 'x-user-defined', 'replacement', 'big5', '__proto__', 'constructor'),
    );
    fc.assert(
      fc.property(fc.uint8Array(), labels, (octets, label) => typeof decodeCharset(octets, label) === 'string'),
    );
  });
});
