/**
 * Files that people attach, made here so that none has to be kept: a Word document, a ZIP archive, a winmail.dat. Just enough of each format for
 * what is in the file to be found where such a file has it.
 */
import { crc32, deflateRawSync } from 'node:zlib';

/** A Word document (DOCX) with one paragraph per line of `text`. */
export function wordDocument(text: string): Buffer {
  const main = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';
  const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument';
  const paragraphs = text
    .split('\n')
    .map((line) => `<w:p><w:r><w:t xml:space="preserve">${escaped(line)}</w:t></w:r></w:p>`);
  return zip({
    '[Content_Types].xml': xml(
      `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="${main}"/></Types>`,
    ),
    '_rels/.rels': xml(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relation}" Target="word/document.xml"/></Relationships>`,
    ),
    'word/document.xml': xml(
      `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${paragraphs.join('')}</w:body></w:document>`,
    ),
  });
}

/** A ZIP archive of these files by name. */
export function zip(files: Readonly<Record<string, Buffer>>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    // Version 2.0, UTF-8 names, deflate, 1 January 2026.
    const common = numbers(
      [20, 2],
      [0x0800, 2],
      [8, 2],
      [0, 2],
      [0x5c21, 2],
      [crc32(content), 4],
      [packed.length, 4],
      [content.length, 4],
      [Buffer.byteLength(name), 2],
      [0, 2],
    );
    const local = Buffer.concat([numbers([0x04034b50, 4]), common, Buffer.from(name), packed]);
    entries.push(
      numbers([0x02014b50, 4], [20, 2]),
      common,
      numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      Buffer.from(name),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const count = Object.keys(files).length;
  return Buffer.concat([
    ...locals,
    directory,
    numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [directory.length, 4], [offset, 4], [0, 2]),
  ]);
}

/** A winmail.dat (TNEF) with one file in it. */
export function winmail(name: string, content: Buffer): Buffer {
  const attribute = (id: number, value: Buffer): Buffer => {
    const checksum = value.reduce((sum, octet) => (sum + octet) & 0xffff, 0);
    return Buffer.concat([numbers([2, 1], [id, 4], [value.length, 4]), value, numbers([checksum, 2])]);
  };
  return Buffer.concat([
    numbers([0x223e9f78, 4], [1, 2]),
    attribute(0x00069002, Buffer.alloc(14)),
    attribute(0x00018010, Buffer.from(`${name}\0`, 'latin1')),
    attribute(0x0006800f, content),
  ]);
}

/** Little-endian numbers, each with its width in octets. */
function numbers(...values: readonly (readonly [value: number, width: number])[]): Buffer {
  const out = Buffer.alloc(values.reduce((sum, [, width]) => sum + width, 0));
  values.reduce((at, [value, width]) => out.writeUIntLE(value, at, width), 0);
  return out;
}

const xml = (body: string): Buffer => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`);

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
