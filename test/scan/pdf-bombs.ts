/** PDF files that try to cost more than they may. */
import { deflateSync } from 'node:zlib';
import { deflated, drawn, onePage, type PdfObjects, pdfFile } from './pdf-files.ts';

const mega = 1_048_576;

export const pdfBombs: Readonly<Record<string, () => Buffer>> = {
  'a page that unpacks to 256 MB of nothing': () => pdfFile(onePage(repeatedlyDeflated(' ', 256))),
  'a page that unpacks to 128 MB of text': () => pdfFile(onePage(repeatedlyDeflated(drawn('x'), 128))),
  'a page that unpacks twice': () => {
    const once = deflateSync(Buffer.alloc(256 * mega));
    return pdfFile(onePage({ dictionary: '/Filter [/FlateDecode /FlateDecode]', octets: deflateSync(once) }));
  },
  'an embedded file that unpacks to 256 MB': () =>
    pdfFile({
      ...onePage(drawn('x'), '', '/Names << /EmbeddedFiles << /Names [(a) 10 0 R] >> >>'),
      10: '<< /Type /Filespec /F (a) /EF << /F 11 0 R >> >>',
      11: repeatedlyDeflated('x', 256),
    }),
  'pages that are their own children': () =>
    pdfFile({ ...onePage(drawn('x')), 2: '<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 100000 >>' }),
  'a page tree that claims a thousand million pages': () =>
    pdfFile({ ...onePage(drawn('x')), 2: '<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>' }),
  'a hundred thousand pages': () => {
    const kids = Array.from({ length: 100_000 }, () => '3 0 R').join(' ');
    return pdfFile({ ...onePage(drawn('x')), 2: `<< /Type /Pages /Kids [${kids}] /Count 100000 >>` });
  },
  'a page as large as a country': () =>
    pdfFile({
      ...onePage(drawn('x')),
      3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99999999999 99999999999] /Contents 4 0 R >>',
    }),
  'forms that draw forms, twice each, thirty deep': () => pdfFile(laughs(30, 2)),
  'a form that draws itself': () =>
    pdfFile({
      ...onePage('/X Do', '/Resources << /XObject << /X 10 0 R >> >>'),
      10: {
        dictionary: '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 10 0 R >> >>',
        octets: Buffer.from('/X Do /X Do'),
      },
    }),
  'lists a million deep': () => pdfFile(onePage(`${'['.repeat(mega)} TJ`)),
  'a catalogue a million deep': () => pdfFile(onePage(drawn('x'), '', `/A ${'['.repeat(mega)}`)),
  'a hundred thousand annotations': () => {
    const all = Array.from({ length: 100_000 }, () => '10 0 R').join(' ');
    return pdfFile({
      ...onePage(drawn('x'), `/Annots [${all}]`),
      10: '<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (note) >>',
    });
  },
  'a name tree that is its own child': () =>
    pdfFile({
      ...onePage(drawn('x'), '', '/Names << /EmbeddedFiles 10 0 R >>'),
      10: '<< /Kids [10 0 R 10 0 R] >>',
    }),
  'bookmarks that are their own children': () =>
    pdfFile({
      ...onePage(drawn('x'), '', '/Outlines 10 0 R'),
      10: '<< /Title (round) /First 10 0 R /Next 10 0 R >>',
    }),
  'a table of references that points to itself': () => {
    const file = pdfFile(onePage(drawn('x'))).toString('latin1');
    const at = file.indexOf('xref');
    return Buffer.from(file.replace('/Root 1 0 R', `/Prev ${at} /Root 1 0 R`), 'latin1');
  },
  'a hundred thousand objects': () => {
    const objects: Record<number, string> = { ...(onePage(drawn('x')) as Record<number, string>) };
    for (let number = 10; number < 100_000; number += 1) objects[number] = 'null';
    return pdfFile(objects);
  },
  'objects that never end': () => Buffer.from(`%PDF-1.7\n${'1 0 obj << /A '.repeat(200_000)}`, 'latin1'),
};

/** A stream of `megabytes` of the text over and over. */
function repeatedlyDeflated(text: string, megabytes: number): ReturnType<typeof deflated> {
  return deflated(Buffer.alloc(megabytes * mega, text));
}

function laughs(deep: number, each: number): PdfObjects {
  const objects: Record<number, PdfObjects[number]> = {
    ...onePage('/X Do', '/Resources << /XObject << /X 10 0 R >> >>'),
  };
  for (let level = 0; level < deep; level += 1) {
    const dictionary = `/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X ${11 + level} 0 R >> >>`;
    objects[10 + level] = { dictionary, octets: Buffer.from('/X Do '.repeat(each)) };
  }
  objects[10 + deep] = {
    dictionary: '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 5 0 R >> >>',
    octets: Buffer.from(drawn('ha')),
  };
  return objects;
}
