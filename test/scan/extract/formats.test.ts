/** Text that goes into a file of any format comes out of it, however the octets are cut on their way. */
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lookInto } from './looking.ts';
import { compound, docx, eml, escaped, gzip, odt, pptx, rtf, tar, xlsx, zip } from './writers.ts';

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16(text).swap16();
const utf32 = (text: string) => Buffer.concat(Array.from(`\ufeff${text}`, (one) => word(one.codePointAt(0) ?? 0)));
const word = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const secret = '123-45-6789';

type Format = readonly [
  name: string,
  write: (text: string) => Buffer,
  declared?: { type?: string; charset?: string; fileName?: string },
];

/** Formats that can carry any letters. */
const formats: readonly Format[] = [
  ['UTF-8', utf8, { type: 'text/plain', charset: 'utf-8' }],
  ['UTF-8 of no declared type', utf8],
  ['UTF-16LE with its mark', (text) => utf16(`\ufeff${text}`), { type: 'text/plain' }],
  ['UTF-16BE with its mark', (text) => utf16be(`\ufeff${text}`), { type: 'text/plain' }],
  ['UTF-16 as declared', utf16, { type: 'text/plain', charset: 'utf-16' }],
  [
    'HTML',
    (text) => utf8(`<html><body><p>${escaped(text)}</p></body></html>`),
    { type: 'text/html', charset: 'utf-8' },
  ],
  ['HTML by its extension', (text) => utf8(`<p>${escaped(text)}`), { fileName: 'page.htm' }],
  [
    'HTML that is not displayed',
    (text) => utf8(`<div style="display:none">${escaped(text)}</div>`),
    { type: 'text/html' },
  ],
  ['an HTML comment', (text) => utf8(`<p>x</p><!-- ${text} --><p>y</p>`), { type: 'text/html' }],
  ['an HTML attribute', (text) => utf8(`<img alt="${escaped(text)}">`), { type: 'text/html' }],
  ['XML', (text) => utf8(`<?xml version="1.0"?><a><b>${escaped(text)}</b></a>`)],
  ['RTF', rtf],
  ['DOCX', (text) => docx([[text]])],
  ['XLSX', (text) => xlsx([[text]])],
  ['PPTX', (text) => pptx([text])],
  ['ODT', (text) => odt([text])],
  ['ZIP', (text) => zip({ 'a.txt': text })],
  ['ZIP, stored', (text) => zip({ 'a.txt': text }, { level: 0 })],
  ['ZIP in ZIP in ZIP', (text) => zip({ 'b.zip': zip({ 'c.zip': zip({ 'd.txt': text }) }) })],
  ['ZIP declared as a picture', (text) => zip({ 'a.txt': text }), { type: 'image/png', fileName: 'a.png' }],
  ['ZIP behind a program', (text) => Buffer.concat([utf8(`MZ\0\0${'\0\x01'.repeat(4_000)}`), zip({ 'a.txt': text })])],
  ['gzip', (text) => gzip(utf8(text))],
  ['gzip of two members', (text) => Buffer.concat([gzip(utf8(text.slice(0, 5))), gzip(utf8(text.slice(5)))])],
  ['a tar of the old kind', (text) => tar({ 'a.bin': Buffer.alloc(700), 'b.txt': utf8(text) }, false)],
  ['tar', (text) => tar({ 'a.bin': Buffer.alloc(700), 'b.txt': utf8(text) })],
  ['tar.gz', (text) => gzip(tar({ 'a.txt': utf8(text) })), { fileName: 'a.tgz' }],
  ['a message', (text) => eml('x', utf8(text)), { fileName: 'a.eml' }],
  ['a message in a ZIP', (text) => zip({ 'a.eml': eml('x', utf8(text)) })],
  ['a DOCX in a message in a tar', (text) => tar({ 'a.eml': eml('x', docx([[text]])) })],
  [
    'an old Word document',
    (text) => compound({ WordDocument: Buffer.concat([Buffer.alloc(512), utf16(text), Buffer.alloc(4_000)]) }),
  ],
  [
    'an Outlook message',
    (text) => compound({ '__properties_version1.0': Buffer.alloc(32), '__substg1.0_1000001F': utf16(text) }),
  ],
  [
    'a file attached to an Outlook message',
    (text) =>
      compound({
        '__properties_version1.0': Buffer.alloc(32),
        '__attach_version1.0_#00000000/__substg1.0_37010102': zip({ a: text }),
      }),
  ],
  ['a DOCX inside a DOCX', (text) => docx([['x']], { 'word/embeddings/a.docx': docx([[text]]) })],
];

/** Words as people write them, in several scripts; none so short that chance would make it. */
const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzäöüßéñčżабвгд0123456789-/.@'.split(''));
const words = fc.string({ unit: letters, minLength: 8, maxLength: 30 }).filter((text) => /^[a-z0-9]{3}/.test(text));
const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 5 });

describe('text in is text found', () => {
  for (const [name, write, declared] of formats)
    test(name, async () => {
      await fc.assert(
        fc.asyncProperty(words, cuts, async (text, lengths) => {
          const octets = write(text);
          const found = await lookInto(octets, { ...declared, cuts: lengths });
          expect(found.text).toContain(text);
          expect(found.blind).toEqual([]);
          expect(found.pieces).toEqual((await lookInto(octets, declared)).pieces);
        }),
        { numRuns: 15 },
      );
    });
});

describe('what is shown together is found together', () => {
  test.each([
    ['tags inside a number', 'text/html', '12<b>3</b>-<i><span>45</span></i>-67<!-- x -->89'],
    ['entities', 'text/html', '&#49;23&#x2d;45&#45;6789'],
    [
      'hidden behind a comment of Outlook',
      'text/html',
      '<!--[if mso]><table><tr><td>12<b>3</b>-45-6789</td></tr></table><![endif]-->',
    ],
    ['a script', 'text/html', '<script>var id = "123-45-6789";</script>'],
    ['a style sheet', 'text/html', '<style>/* 123-45-6789 */</style>'],
    ['a link', 'text/html', '<a href="mailto:a@b.example?body=123%2D45%2D6789">x</a>'],
    ['a field', 'text/html', '<input type="hidden" value="123-45-6789">'],
    ['a tag without an end', 'text/html', '<p>x</p><img alt="123-45-6789'],
    ['a comment without an end', 'text/html', 'x<!-- 123-45-6789'],
    ['deep mismatched tags', 'text/html', `${'<div><p>'.repeat(5_000)}123-45-6789${'</b>'.repeat(5_000)}`],
    ['control characters', 'text/html', '\x01<p>12<b>3</b>-45-6789</p>'],
    ['a hex escape', 'application/rtf', "{\\rtf1 \\'31\\'32\\'33-45-{\\b 67}89}"],
    ['hidden RTF text', 'application/rtf', '{\\rtf1 x{\\v 123-45-6789}}'],
    ['a field of RTF', 'application/rtf', '{\\rtf1 {\\field{\\*\\fldinst HYPERLINK "123-45-6789"}{\\fldrslt x}}}'],
    ['a destination nobody knows', 'application/rtf', '{\\rtf1 {\\*\\mystery 123-45-6789}}'],
    [
      'Word 2003 XML',
      'text/xml',
      '<?xml version="1.0"?><w:d xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:r><w:t>123-45</w:t></w:r> <w:r><w:t>-6789</w:t></w:r></w:d>',
    ],
  ])('%s', async (_name, type, text) => {
    const found = await lookInto(Buffer.from(text, 'latin1'), { type });
    expect(found.text).toContain(secret);
    expect(found.blind).toEqual([]);
  });

  test('runs of a paragraph join, paragraphs do not', async () => {
    const found = await lookInto(docx([['12', '3-45', '-6789'], ['next']]));
    expect(found.text).toContain(`${secret}\nnext`);
  });

  test('cells of a row stand side by side, with numbers and dates as they are shown', async () => {
    const found = await lookInto(
      xlsx([
        ['Name', 'SSN', 'Born'],
        ['Ann', 123456789, new Date(Date.UTC(1980, 0, 15))],
      ]),
    );
    expect(found.text).toContain('Name\tSSN\tBorn\t\nAnn\t123456789\t1980-01-15');
    expect(found.text).toContain('Salaries');
    expect(found.looked.detected).toMatch(/spreadsheetml/);
  });

  test('blocks are lines and white space is one space', async () => {
    const found = await lookInto(
      Buffer.from('<div>a  b\n c</div><p>d<br>e</p><table><tr><td>f</td><td>g</td></tr></table>'),
      { type: 'text/html' },
    );
    expect(found.text.trimEnd()).toBe('a b c\nd\ne\nf\tg');
  });

  test('the first piece begins where the text begins', async () => {
    const style = `<style>${'p { color: red } '.repeat(100)}</style>`;
    const found = await lookInto(Buffer.from(`<html><head>${style}</head><body>\n <p>[secure]</p> <p>Dear Ann`), {
      type: 'text/html',
    });
    expect(found.pieces[0]?.text).toMatch(/^\[secure\]\nDear Ann/);
  });
});

describe('charsets', () => {
  test.each([
    ['iso-8859-1', 'text/plain', Buffer.from('J\xf6rg', 'latin1'), 'Jörg'],
    ['', 'text/plain', Buffer.from('J\xf6rg', 'latin1'), 'Jörg'],
    ['us-ascii', 'text/plain', utf8('Jörg'), 'Jörg'],
    ['utf-16', 'text/plain', utf8('plain 123'), 'plain 123'],
    ['', 'text/plain', utf16('no mark, many letters'), 'no mark, many letters'],
    ['', 'text/plain', utf16be('no mark, many letters'), 'no mark, many letters'],
    ['', 'text/plain', utf32('four octets each'), 'four octets each'],
    ['utf-7', 'text/plain', utf8('+ADEAMgAz-'), '123'],
    ['iso-2022-jp', 'text/plain', Buffer.from('\x1b$B$3$s\x1b(B', 'latin1'), 'こん'],
    ['', 'text/html', Buffer.from('<meta charset="windows-1251"><p>\xcf\xf0\xe8', 'latin1'), 'При'],
    ['utf-8', 'text/plain', utf8('1\x002\x003'), '123'],
  ])('%j of %s', async (charset, type, octets, text) => {
    expect((await lookInto(octets, { type, charset })).text).toContain(text);
  });

  test('characters are not lost where blocks meet', async () => {
    const letters = 'äöü€😀ß';
    for (let before = 262_126; before <= 262_146; before += 1) {
      const text = 'x'.repeat(before) + letters;
      for (const [octets, charset] of [
        [utf8(text), 'utf-8'],
        [utf16(text.slice(131_072)), 'utf-16le'],
      ] as const) {
        const found = await lookInto(octets, { type: 'text/plain', charset, cuts: [262_144, 3] });
        expect(found.text.endsWith(letters)).toBe(true);
      }
    }
  });
});

test('a fragment of a message is doubtful', async () => {
  const found = await lookInto(utf8('some text'), { type: 'message/partial' });
  expect([found.text, found.blind]).toMatchObject(['some text', [{ doubt: 'content' }]]);
});

describe('files in files', () => {
  test('members at any depth are told with name, kind and size', async () => {
    const inner = zip({ 'c.txt': 'some text', 'd.png': Buffer.from('89504e470d0a1a0a0000', 'hex') });
    const found = await lookInto(zip({ 'a/b.zip': inner, 'e.txt': 'x' }));
    expect(found.looked.members).toEqual([
      { name: 'a/b.zip', detected: 'application/zip', size: inner.length },
      { name: 'c.txt', detected: null, size: 9 },
      { name: 'd.png', detected: 'image/png', size: 10 },
      { name: 'e.txt', detected: null, size: 1 },
    ]);
    expect(found.names.split('\n')).toEqual(['a/b.zip', 'c.txt', 'd.png', 'e.txt', '']);
    expect(found.pieces.find((piece) => piece.text === 'some text')?.part).toBe('2/1/1');
  });

  test('numbers of an old workbook stand in their rows', async () => {
    const number = Buffer.from('03020e00000001000f0000000000346f9d41', 'hex');
    number.writeDoubleLE(123456789, 10);
    const rk = Buffer.from('7e020a0000000200000000000000', 'hex');
    rk.writeUInt32LE(((4711 << 2) | 2) >>> 0, 10);
    const found = await lookInto(compound({ Workbook: Buffer.concat([number, rk, Buffer.alloc(5_000)]) }));
    expect(found.text).toContain('123456789\t4711');
    expect(found.looked.detected).toBe('application/vnd.ms-excel');
  });

  test('a file packed in a document comes with its name', async () => {
    const file = zip({ 'in.txt': 'packed text' });
    const path = 'C:\\x.zip\0';
    const length = (of: number) => Buffer.from(Uint32Array.of(of).buffer);
    const content = [
      Buffer.from('\x02\0x.zip\0', 'latin1'),
      Buffer.from(path),
      length(0x30000),
      length(path.length),
      Buffer.from(path),
      length(file.length),
      file,
    ];
    const native = Buffer.concat([length(Buffer.concat(content).length), ...content]);
    const found = await lookInto(compound({ 'ObjectPool/\u0001Ole10Native': native }));
    expect(found.text).toContain('packed text');
    expect(found.looked.members.map((member) => member.name)).toEqual(['x.zip', 'in.txt']);
    const object = Buffer.concat([
      length(0x501),
      length(2),
      length(8),
      Buffer.from('Package\0'),
      length(0),
      length(0),
      native,
    ]);
    const embedded = await lookInto(
      Buffer.from(`{\\rtf1 {\\object\\objemb{\\*\\objdata ${object.toString('hex')}}}}`),
      {},
    );
    expect(embedded.text).toContain('packed text');
  });

  test('what a signature encloses is opened, and encrypted mail is left to its recipient', async () => {
    const signed = openssl(
      ['cms', '-sign', '-nodetach', '-outform', 'DER', '-signer', 'cert.pem', '-inkey', 'key.pem'],
      eml('x', utf8(secret)),
    );
    const encrypted = openssl(['cms', '-encrypt', '-outform', 'DER', '-aes256', 'cert.pem'], eml('x', utf8(secret)));
    if (signed === null || encrypted === null) return;
    const opened = await lookInto(signed, { type: 'application/pkcs7-mime' });
    expect(opened.text).toContain(secret);
    expect(opened.blind).toEqual([]);
    const closed = await lookInto(encrypted, { type: 'application/pkcs7-mime' });
    expect(closed.text).not.toContain(secret);
    expect([closed.blind, closed.looked.detected]).toEqual([[], 'application/pkcs7-mime']);
  });
});

/** Runs openssl beside a fresh key and certificate; null where there is no openssl. */
function openssl(command: readonly string[], input: Buffer): Buffer | null {
  const script =
    'cd "$(mktemp -d)" && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=a 2>/dev/null; openssl "$@"; rm -rf "$PWD"';
  try {
    return execFileSync('sh', ['-c', script, 'sh', ...command], { input, stdio: ['pipe', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}
