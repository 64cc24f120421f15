/**
 * ZIP archives, and the documents that are ZIP archives inside: OOXML and ODF. Members are looked into in turn (`readZipFile`); in a document
 * (`readDocument`) its XML parts are its text, and everything else in it a member.
 *
 * Limits: macros are not unpacked; worksheets in the binary format (.xlsb) and Apple's documents are read as unknown binaries.
 */
import { decodeText } from './charset.ts';
import { unpacked } from './inflate.ts';
import { Source } from './octets.ts';
import { type OfficeKind, readOfficeText } from './office-text.ts';
import type { TextWriter } from './pieces.ts';
import { Runs } from './runs.ts';
import { readDateStyles, readSheet, readStrings, type Workbook } from './sheet.ts';
import { type Declared, type Site, unknownFile } from './site.ts';
import { readZip, type ZipEntry } from './zip.ts';

const ooxml = 'application/vnd.openxmlformats-officedocument.';

/** Looks into a ZIP archive; answers what it is. */
export async function readZipFile(site: Site, archive: Buffer): Promise<string> {
  const zip = readZip(archive, site.budget.limits.entries);
  for (const reason of zip.damaged) site.blind('content', reason);
  if (zip.cut) site.blind('limits', `it holds more than ${site.budget.limits.entries} files`);
  const beside = site.text();
  beside.write(zip.comment);
  beside.end();
  readOthers(site, zip.others);
  if (zip.overlapping) {
    site.blind('limits', 'the members of the archive overlap');
    for (const [index, entry] of zip.entries.entries()) {
      if (!(await site.member(index + 1, named(entry), null, entry.size ?? 0))) break;
    }
    return 'application/zip';
  }
  const kind = documentKind(zip.entries);
  if (kind !== null) return readDocument(site, zip.entries, kind);
  await readMembers(site, zip.entries);
  return 'application/zip';
}

/** What belongs to no member is looked through as octets of no known format. */
function readOthers(site: Site, others: readonly Buffer[]): void {
  if (others.length === 0) return;
  const runs = new Runs(() => site.text());
  for (const octets of others) runs.push(octets);
  runs.end();
}

async function readMembers(site: Site, entries: readonly ZipEntry[]): Promise<void> {
  for (const [index, entry] of entries.entries()) {
    const folder = /[/\\]$/.test(entry.name) && entry.octets.length === 0;
    if (!folder && !(await readMember(site, entry, index + 1))) return;
  }
}

/** False when no more can be looked into. */
async function readMember(site: Site, entry: ZipEntry, number: number): Promise<boolean> {
  return site.member(number, named(entry), opened(site, entry), entry.size ?? 0);
}

function named(entry: ZipEntry): Declared {
  return { ...unknownFile, fileName: entry.name };
}

/** What a member holds, or null when it cannot be opened, which the site is told. */
function opened(site: Site, entry: ZipEntry): AsyncIterable<Uint8Array> | null {
  if (entry.encrypted) {
    site.locked('the archive needs a password');
    return null;
  }
  if (entry.method === 0) return measured(site, entry, unpacked(entry.octets, 'stored', site));
  if (entry.method === 8) return measured(site, entry, unpacked(entry.octets, 'deflate', site));
  site.blind('content', 'a member is packed in a way that cannot be opened');
  return null;
}

/** Tells the site when what comes out is not as long as the archive says: programs differ in what they show then. */
async function* measured(site: Site, entry: ZipEntry, octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of octets) {
    length += chunk.length;
    yield chunk;
  }
  if (entry.size !== null && length !== entry.size)
    site.blind('content', 'a member is not as long as the archive says');
}

type Document = { readonly kind: OfficeKind; readonly type: string };

/** The document that an archive with these members is, null when it is none. */
function documentKind(entries: readonly ZipEntry[]): Document | null {
  const mimetype = entries.find(
    (entry) => entry.name === 'mimetype' && entry.method === 0 && entry.octets.length < 128,
  );
  const type = mimetype?.octets.toString('latin1').trim() ?? '';
  if (type.startsWith('application/vnd.oasis.opendocument.')) return { kind: 'odf', type };
  if (!entries.some((entry) => entry.name === '[Content_Types].xml')) return null;
  const holds = (folder: string) => entries.some((entry) => entry.name.startsWith(folder));
  if (holds('word/')) return { kind: 'ooxml', type: `${ooxml}wordprocessingml.document` };
  if (holds('xl/')) return { kind: 'ooxml', type: `${ooxml}spreadsheetml.sheet` };
  if (holds('ppt/')) return { kind: 'ooxml', type: `${ooxml}presentationml.presentation` };
  return { kind: 'ooxml', type: 'application/vnd.openxmlformats-package' };
}

async function readDocument(site: Site, entries: readonly ZipEntry[], document: Document): Promise<string> {
  const book: Workbook = { strings: [], told: new Set(), dates: new Set() };
  const overflow = site.text();
  // Cells refer to both, wherever they stand in the archive.
  const first = (entry: ZipEntry) => isStrings(entry.name) || isStyles(entry.name);
  const numbered = entries.map((entry, index) => ({ entry, number: index + 1 }));
  const ordered = [...numbered.filter(({ entry }) => first(entry)), ...numbered.filter(({ entry }) => !first(entry))];
  for (const { entry, number } of ordered) {
    if (!/\.(?:xml|rels|vml|rdf)$/i.test(entry.name)) {
      if (!/[/\\]$/.test(entry.name) && entry.name !== 'mimetype' && !(await readMember(site, entry, number))) break;
      continue;
    }
    const refused = site.budget.entry();
    if (refused !== null) {
      site.blind('limits', refused);
      break;
    }
    const octets = opened(site, entry);
    if (octets !== null)
      await decodeText(new Source(octets), '', readersOf(site, entry.name, document.kind, book, overflow));
  }
  for (const [number, text] of book.strings.entries()) if (!book.told.has(number)) overflow.write(`${text}\n`);
  overflow.end();
  return document.type;
}

function readersOf(site: Site, name: string, kind: OfficeKind, book: Workbook, overflow: TextWriter): TextWriter[] {
  if (kind === 'ooxml') {
    if (isStrings(name)) return [readStrings(book, overflow)];
    if (isStyles(name)) return [readDateStyles(book)];
    if (/^xl\/worksheets\/[^/]*\.xml$/i.test(name)) return [readSheet(book, site.text(), site.text())];
  }
  return [readOfficeText(kind, site.text(), site.text(), () => site.locked('the document needs a password'))];
}

function isStrings(name: string): boolean {
  return /^xl\/sharedStrings\.xml$/i.test(name);
}

function isStyles(name: string): boolean {
  return /^xl\/styles\.xml$/i.test(name);
}
