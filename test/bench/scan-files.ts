/** Messages with large honest files, and one number to be found at the end of each. */

import { zipFile } from '../scan/archive-files.ts';
import { attached, part, withAttachments } from '../scan/messages.ts';
import { deflated, drawn, onePage, type PdfObjects, pdfFile } from '../scan/pdf-files.ts';

const mega = 1_048_576;
const secret = 'Her SSN: 536-90-4399 as agreed.';
const words =
  'the letter we had from you about an offer that our house makes to all of its clients in every year'.split(' ');

/** Words in an order that does not pack well, the same in every run. */
function prose(octets: number): string {
  const lines: string[] = [];
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 1;
    return seed;
  };
  for (let length = 0; length < octets; ) {
    const line = Array.from(
      { length: 12 },
      () => `${words[next() % words.length]}${(next() % 46_656).toString(36)}`,
    ).join(' ');
    lines.push(line);
    length += line.length + 1;
  }
  return `${lines.join('\n')}\n${secret}`;
}

function docx(octets: number): Buffer {
  const paragraphs = prose(octets)
    .split('\n')
    .map((line) => `<w:p><w:r><w:t>${line}</w:t></w:r></w:p>`);
  const word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
  const document = `<w:document ${word}><w:body>${paragraphs.join('')}</w:body></w:document>`;
  return zipFile([
    { name: '[Content_Types].xml', octets: Buffer.from('<Types/>') },
    { name: 'word/document.xml', octets: Buffer.from(document) },
  ]);
}

function pdf(pages: number, picture: number): Buffer {
  const objects: Record<number, PdfObjects[number]> = { ...onePage('') };
  const lines = prose(pages * 50 * 90).split('\n');
  const kids: string[] = [];
  for (let page = 0; page < pages; page += 1) {
    const shown = lines.slice(page * 50, page === pages - 1 ? undefined : (page + 1) * 50);
    const number = 10 + page * 2;
    objects[number] =
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${number + 1} 0 R /Resources << /Font << /F1 5 0 R >> >> >>`;
    objects[number + 1] = deflated(shown.map((line, index) => drawn(line, 72, 750 - index * 13)).join(''));
    kids.push(`${number} 0 R`);
  }
  objects[2] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${pages} >>`;
  objects[9] = { dictionary: '/Type /XObject /Subtype /Image /Width 1 /Height 1', octets: Buffer.alloc(picture, 7) };
  return pdfFile(objects);
}

const octets = 'application/octet-stream';
export const largeFiles: Readonly<Record<string, () => Buffer>> = {
  'a DOCX of 10 MB, all text (25 MB unpacked)': () => withAttachments(attached(docx(17 * mega), octets, 'a.docx')),
  'a PDF of 1,000 pages of text': () => withAttachments(attached(pdf(1_000, 0), 'application/pdf', 'a.pdf')),
  'a PDF of 10 MB, all text': () => withAttachments(attached(pdf(3_800, 0), 'application/pdf', 'a.pdf')),
  'a PDF of 10 MB, 100 pages and pictures': () =>
    withAttachments(attached(pdf(100, 10 * mega), 'application/pdf', 'a.pdf')),
  'a text of 10 MB': () => withAttachments(attached(prose(10 * mega), 'text/plain', 'a.txt')),
  '100 MB of noise': () => {
    const noise = Buffer.alloc(100 * mega);
    for (let at = 0, seed = 1; at < noise.length; at += 4) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      noise.writeUInt32LE(seed, at);
    }
    return withAttachments(attached(noise, octets, 'a.bin'), part('Content-Type: text/plain', secret));
  },
};
