import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pdfText } from '../../src/scan/extract/pdf.ts';
import { deflated, drawn, encryptedPdf, onePage, pdfFile } from './pdf-files.ts';

type Read = { readonly text: string; readonly files: Record<string, string>; readonly blind: string[] };

async function read(octets: Uint8Array): Promise<Read> {
  const text: string[] = [];
  const files: Record<string, string> = {};
  const blind: string[] = [];
  await pdfText(octets, {
    text: (piece) => text.push(piece),
    file: async (name, content) => {
      files[name] = Buffer.from(content).toString();
    },
    blind: (doubt, reason) => blind.push(`${doubt}: ${reason}`),
  });
  return { text: text.join(''), files, blind };
}

describe('a page', () => {
  test.each([
    ['as it is', drawn('Hello, world')],
    ['in one array', 'BT /F1 12 Tf 72 700 Td [(Hel) 20 (lo,) -300 (wor) (ld)] TJ ET'],
    ['in pieces that touch', drawn('Hello, w', 72) + drawn('orld', 72 + 42.67)],
    ['letter by letter', spaced('Hello, world', [8.66, 6.67, 2.66, 2.66, 6.67, 3.34, 3.34, 8.66, 6.67, 4, 2.66, 6.67])],
    ['turned', 'BT /F1 12 Tf 0 1 -1 0 300 300 Tm (Hello, w) Tj ET BT /F1 12 Tf 0 1 -1 0 300 342.67 Tm (orld) Tj ET'],
    ['invisible', 'BT 3 Tr /F1 12 Tf 72 700 Td (Hello, world) Tj ET'],
    ['white', `1 1 1 rg ${drawn('Hello, world')}`],
  ])('is read: %s', async (_how, content) => {
    expect(await read(pdfFile(onePage(content)))).toMatchObject({
      text: expect.stringContaining('Hello, world'),
      blind: [],
    });
  });

  test('keeps apart what stands apart', async () => {
    const content = drawn('one', 72) + drawn('two', 200) + drawn('three', 72, 680);
    expect((await read(pdfFile(onePage(content)))).text).toContain('one two\nthree\n');
  });

  test('joins digits in the boxes of a form', async () => {
    const boxes = Array.from('536-90-4399', (digit, index) => drawn(digit, 72 + index * 18)).join('');
    expect((await read(pdfFile(onePage(boxes)))).text).toContain('536-90-4399');
  });

  test('is read wherever it is in the tree, and one that is broken hides no other', async () => {
    const page = (contents: string): string =>
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 999 999] ${contents} /Resources << /Font << /F1 5 0 R >> >> >>`;
    const { text, blind } = await read(
      pdfFile({
        ...onePage(drawn('first')),
        2: '<< /Type /Pages /Kids [3 0 R 11 0 R 12 0 R] /Count 4 >>',
        11: page('/MediaBox 7 /Contents (this is no content)'),
        12: '<< /Type /Pages /Parent 2 0 R /Kids [13 0 R 14 0 R] /Count 2 >>',
        13: page('/Contents 4 0 R'),
        14: page('/Contents 15 0 R'),
        15: { dictionary: '', octets: Buffer.from(drawn('last')) },
      }),
    );
    expect(text).toMatch(/first[^]*first[^]*last/);
    expect(blind).toEqual([]);
  });

  test('that is none makes the document blind', async () => {
    const { text, blind } = await read(
      pdfFile({ ...onePage(drawn('first')), 2: '<< /Type /Pages /Kids [3 0 R 11 0 R] /Count 2 >>', 11: '(no page)' }),
    );
    expect(text).toContain('first');
    expect(blind).toEqual(['content: a part of the PDF is damaged']);
  });
});

function spaced(text: string, widths: readonly number[]): string {
  let x = 72;
  const pieces = Array.from(text, (letter, index) => {
    const piece = drawn(letter, x);
    x += widths[index] ?? 0;
    return piece;
  });
  return pieces.join('');
}

describe('around the pages', () => {
  test('annotations, forms, bookmarks and information are read', async () => {
    const { text, blind } = await read(
      pdfFile(
        {
          ...onePage(
            drawn('page'),
            '/Annots [10 0 R 11 0 R]',
            '/AcroForm << /Fields [11 0 R 12 0 R] >> /Outlines 13 0 R /Metadata 16 0 R',
          ),
          10: '<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (a note) /T (an author) >>',
          11: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (field) /V (a value) /Rect [0 0 9 9] >>',
          12: '<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /FT /Tx /T (other) /V (a value on no page) >>',
          13: '<< /First 14 0 R /Last 14 0 R /Count 1 >>',
          14: '<< /Title (a bookmark) /Parent 13 0 R >>',
          15: '<< /Title (a title) /Patient (a custom entry) >>',
          16: {
            dictionary: '/Type /Metadata /Subtype /XML',
            octets: Buffer.from(
              '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
                '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>described</dc:description>' +
                '</rdf:Description></rdf:RDF></x:xmpmeta>',
            ),
          },
        },
        '/Info 15 0 R',
      ),
    );
    expect(blind).toEqual([]);
    const wanted = [
      'page',
      'a note',
      'an author',
      'a value',
      'a value on no page',
      'a bookmark',
      'a title',
      'a custom entry',
    ];
    for (const one of [...wanted, 'described']) expect(text).toContain(one);
  });

  test('files are handed on, those pinned to a page too', async () => {
    const { files, text } = await read(
      pdfFile({
        ...onePage(drawn('x'), '/Annots [10 0 R]', '/Names << /EmbeddedFiles << /Names [(b) 13 0 R] >> >>'),
        10: '<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 11 0 R >>',
        11: '<< /Type /Filespec /F (pinned.txt) /EF << /F 12 0 R >> >>',
        12: { dictionary: '/Type /EmbeddedFile', octets: Buffer.from('pinned octets') },
        13: '<< /Type /Filespec /F (listed.txt) /Desc (what it is) /EF << /F 14 0 R >> >>',
        14: deflated('listed octets', '/Type /EmbeddedFile'),
      }),
    );
    expect(files).toEqual({ 'pinned.txt': 'pinned octets', 'listed.txt': 'listed octets' });
    expect(text).toContain('what it is');
  });
});

describe('a PDF that cannot be read', () => {
  test('for want of a password says so', async () => {
    expect(await read(encryptedPdf('a secret', 'letmein'))).toMatchObject({
      text: '',
      blind: ['password: the PDF asks for a password'],
    });
  });

  test('is read when the password is empty', async () => {
    expect(await read(encryptedPdf('a secret', ''))).toMatchObject({
      text: expect.stringContaining('a secret'),
      blind: [],
    });
  });

  test('for damage says so', async () => {
    const whole = pdfFile(onePage(drawn('Hello, world')));
    for (const octets of [Buffer.from('%PDF-1.7\n'), whole.subarray(0, 200), Buffer.alloc(0)]) {
      expect(await read(octets)).toMatchObject({ text: '', blind: ['content: the PDF is damaged'] });
    }
  });

  test('for a font whose tables are not here says so', async () => {
    const { blind } = await read(
      pdfFile({
        ...onePage('BT /F1 12 Tf 72 700 Td <82a0> Tj ET'),
        5: '<< /Type /Font /Subtype /Type0 /BaseFont /Ryumin /Encoding /90ms-RKSJ-H /DescendantFonts [6 0 R] >>',
        6: '<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>',
      }),
    );
    expect(blind).toEqual(['content: the PDF has a font that needs tables which are not at hand']);
  });

  test('for too many pages says so', async () => {
    const kids = Array.from({ length: 6_000 }, () => '3 0 R').join(' ');
    const { blind } = await read(
      pdfFile({ ...onePage(drawn('x')), 2: `<< /Type /Pages /Kids [${kids}] /Count 6000 >>` }),
    );
    expect(blind).toEqual(['limits: the PDF has more than 5000 pages']);
  });

  test('never throws, whatever is broken in it', async () => {
    const whole = pdfFile(onePage(drawn('Hello, world'), '/Annots [10 0 R]'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }), async (changes) => {
        const broken = Buffer.from(whole);
        for (const [at, octet] of changes) broken[at] = octet;
        const { text, blind } = await read(broken);
        expect(text !== '' || blind.length > 0).toBe(true);
      }),
    );
  });

  test('lets through what its reader throws', async () => {
    const stop = new Error('enough');
    const throwing = {
      text: () => {
        throw stop;
      },
      file: async () => {},
      blind: () => {},
    };
    await expect(pdfText(pdfFile(onePage(drawn('Hello'))), throwing)).rejects.toBe(stop);
  });
});
