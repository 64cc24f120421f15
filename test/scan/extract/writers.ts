/** Writes files of the formats that extraction reads, in the simplest form that their own programs take. */
import { gzipSync } from 'node:zlib';
import { strToU8, type Zippable, zipSync } from 'fflate';

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export function zip(
  members: Readonly<Record<string, Uint8Array | string>>,
  options: Parameters<typeof zipSync>[1] = {},
): Buffer {
  const entries: Zippable = {};
  for (const [name, content] of Object.entries(members))
    entries[name] = typeof content === 'string' ? strToU8(content) : content;
  return Buffer.from(zipSync(entries, options));
}

export type RawEntry = {
  readonly name: string;
  /** Name in the local header. */
  readonly localName?: string;
  /** As packed; deflated when `method` is 8. */
  readonly octets: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly size?: number;
  readonly packed?: number;
  /** The directory names the local header of the entry with this number instead of its own. */
  readonly at?: number;
  /** Not in the directory. */
  readonly unlisted?: boolean;
  /** Not where the directory says. */
  readonly missing?: boolean;
};

/** A ZIP archive put together octet by octet, with all the lies one likes. */
export function rawZip(entries: readonly RawEntry[], end: { readonly count?: number } = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    offsets.push(offset);
    const octets = Buffer.from(entry.octets);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(entry.flags ?? 0, 2);
    fields.writeUInt16LE(entry.method ?? 0, 4);
    fields.writeUInt32LE(entry.packed ?? octets.length, 14);
    fields.writeUInt32LE(entry.size ?? octets.length, 18);
    const localName = Buffer.from(entry.localName ?? entry.name);
    const name = Buffer.from(entry.name);
    fields.writeUInt16LE(localName.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, localName, octets]);
    fields.writeUInt16LE(name.length, 22);
    const listed = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, Buffer.alloc(14), name]);
    listed.writeUInt32LE(entry.missing === true ? 0xfffff : (offsets[entry.at ?? offsets.length - 1] ?? 0), 42);
    if (entry.unlisted !== true) central.push(listed);
    if (entry.missing === true) continue;
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const last = Buffer.alloc(22);
  last.write('PK\x05\x06', 'latin1');
  last.writeUInt16LE(Math.min(0xffff, end.count ?? central.length), 8);
  last.writeUInt16LE(Math.min(0xffff, end.count ?? central.length), 10);
  last.writeUInt32LE(directory.length, 12);
  last.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, last]);
}

const types = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';

/** Each paragraph a list of runs. */
export function docx(
  paragraphs: readonly (readonly string[])[],
  more: Readonly<Record<string, Uint8Array | string>> = {},
): Buffer {
  const runs = (texts: readonly string[]) =>
    texts.map((text) => `<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">${escaped(text)}</w:t></w:r>`).join('\n');
  const body = paragraphs.map((paragraph) => `<w:p w:rsidR="00123456">${runs(paragraph)}</w:p>`).join('');
  return zip({
    '[Content_Types].xml': types,
    'word/document.xml': `<?xml version="1.0"?><w:document><w:body>${body}</w:body></w:document>`,
    ...more,
  });
}

/** Strings go to the shared table, numbers into the cells; a Date becomes a day number in a date style. */
export function xlsx(rows: readonly (readonly (string | number | Date)[])[]): Buffer {
  const strings: string[] = [];
  const cell = (value: string | number | Date): string => {
    if (typeof value === 'number') return `<c><v>${value}</v></c>`;
    if (value instanceof Date) return `<c s="1"><v>${(value.getTime() - Date.UTC(1899, 11, 30)) / 86_400_000}</v></c>`;
    strings.push(value);
    return `<c t="s"><v>${strings.length - 1}</v></c>`;
  };
  const sheet = rows.map((row) => `<row>${row.map(cell).join('')}</row>`).join('');
  return zip({
    '[Content_Types].xml': types,
    'xl/workbook.xml': '<workbook><sheets><sheet name="Salaries" sheetId="1"/></sheets></workbook>',
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<sst>${strings.map((text) => `<si><r><t>${escaped(text)}</t></r></si>`).join('')}</sst>`,
    'xl/styles.xml': '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
  });
}

export function pptx(lines: readonly string[]): Buffer {
  const text = lines.map((line) => `<a:p><a:r><a:t>${escaped(line)}</a:t></a:r></a:p>`).join('');
  return zip({ '[Content_Types].xml': types, 'ppt/slides/slide1.xml': `<p:sld><p:txBody>${text}</p:txBody></p:sld>` });
}

export function odt(lines: readonly string[], manifest = '<manifest:manifest/>'): Buffer {
  const text = lines.map((line) => `<text:p>${escaped(line)}</text:p>`).join('');
  return Buffer.from(
    zipSync({
      mimetype: [strToU8('application/vnd.oasis.opendocument.text'), { level: 0 }],
      'content.xml': strToU8(`<office:document-content><office:text>${text}</office:text></office:document-content>`),
      'META-INF/manifest.xml': strToU8(manifest),
    }),
  );
}

export function rtf(text: string): Buffer {
  const body = Array.from(text, (character) => rtfCharacter(character)).join('');
  return Buffer.from(
    `{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red1\\green2\\blue3;}\\f0 ${body}}`,
    'latin1',
  );
}

function rtfCharacter(character: string): string {
  if (character === '\n') return '\\par ';
  if ('\\{}'.includes(character)) return `\\${character}`;
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => (unit < 0x80 ? character : `\\u${unit > 0x7fff ? unit - 0x10000 : unit}?`)).join('');
}

export function tar(members: Readonly<Record<string, Uint8Array>>, ustar = true): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, content] of Object.entries(members)) {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0, 'utf8');
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        0', 148);
    if (ustar) header.write('ustar\x0000', 257);
    let sum = 0;
    for (const octet of header) sum += octet;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function gzip(content: Uint8Array): Buffer {
  return gzipSync(content);
}

export function eml(subject: string, body: Uint8Array, more = ''): Buffer {
  const encoded = Buffer.from(body)
    .toString('base64')
    .replaceAll(/(.{76})/g, '$1\r\n');
  const header = `From: Ann <ann@corp.example>\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n`;
  return Buffer.from(`${header}${more}Content-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n`);
}

/** Storages by path: { "a/b": octets }. Streams under 4,096 octets go into the mini stream. */
export function compound(streams: Readonly<Record<string, Uint8Array>>): Buffer {
  const sectors: Buffer[] = [];
  const fat: number[] = [];
  const put = (content: Uint8Array, size = 512, into = sectors, table = fat): number => {
    const first = into.length;
    for (let at = 0; at < content.length; at += size) {
      const sector = Buffer.alloc(size);
      sector.set(content.subarray(at, at + size));
      into.push(sector);
      table.push(at + size < content.length ? into.length : 0xfffffffe);
    }
    return content.length === 0 ? 0xfffffffe : first;
  };
  const mini: Buffer[] = [];
  const miniFat: number[] = [];
  const entries: Buffer[] = [directoryEntry('Root Entry', 5)];
  const storages = new Map<string, number>([['', 0]]);
  /** Children hang in a chain of right siblings. */
  const add = (parent: number, entry: Buffer): number => {
    const number = entries.push(entry) - 1;
    let at = entries[parent]?.readUInt32LE(76) ?? 0xffffffff;
    if (at === 0xffffffff) entries[parent]?.writeUInt32LE(number, 76);
    while (at !== 0xffffffff) {
      const right = entries[at]?.readUInt32LE(72) ?? 0xffffffff;
      if (right === 0xffffffff) {
        entries[at]?.writeUInt32LE(number, 72);
        break;
      }
      at = right;
    }
    return number;
  };
  for (const [path, content] of Object.entries(streams)) {
    const names = path.split('/');
    const name = names.pop() ?? '';
    let parent = 0;
    for (let depth = 1; depth <= names.length; depth += 1) {
      const folder = names.slice(0, depth).join('/');
      const known = storages.get(folder) ?? add(parent, directoryEntry(names[depth - 1] ?? '', 1));
      storages.set(folder, known);
      parent = known;
    }
    const entry = directoryEntry(name, 2);
    entry.writeUInt32LE(content.length < 4096 ? put(content, 64, mini, miniFat) : put(content), 116);
    entry.writeUInt32LE(content.length, 120);
    add(parent, entry);
  }
  const miniStream = Buffer.concat(mini);
  entries[0]?.writeUInt32LE(put(miniStream), 116);
  entries[0]?.writeUInt32LE(miniStream.length, 120);
  const miniFatStart = put(words(miniFat));
  const directoryStart = put(Buffer.concat(entries));
  const fatSectors = Math.ceil((fat.length + 16) / 127);
  const fatStart = sectors.length;
  for (let number = 0; number < fatSectors; number += 1) fat.push(0xfffffffd);
  put(Buffer.concat([words(fat), Buffer.alloc(fatSectors * 512 - fat.length * 4, 0xff)]), 512, sectors, []);
  const header = Buffer.alloc(512, 0xff);
  header.fill(0, 0, 76);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header);
  for (const [at, value] of [
    [24, 0x3e],
    [26, 3],
    [28, 0xfffe],
    [30, 9],
    [32, 6],
  ] as const)
    header.writeUInt16LE(value, at);
  const longs = [
    [44, fatSectors],
    [48, directoryStart],
    [56, 4096],
    [60, miniFatStart],
    [64, 1],
    [68, 0xfffffffe],
  ] as const;
  for (const [at, value] of longs) header.writeUInt32LE(value, at);
  for (let number = 0; number < fatSectors; number += 1) header.writeUInt32LE(fatStart + number, 76 + number * 4);
  return Buffer.concat([header, ...sectors]);
}

function words(values: readonly number[]): Buffer {
  const octets = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) octets.writeUInt32LE(value, at * 4);
  return octets;
}

function directoryEntry(name: string, kind: number): Buffer {
  const entry = Buffer.alloc(128);
  entry.write(name, 0, 'utf16le');
  entry.writeUInt16LE(name.length * 2 + 2, 64);
  entry[66] = kind;
  for (const at of [68, 72, 76]) entry.writeUInt32LE(0xffffffff, at);
  return entry;
}
