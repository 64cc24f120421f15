/** Messages that try to cost more than they may, and how each must end: `blind` where something was not looked at (by the structure's
 * limits or the scan's), else `clear`. */
import { deflateRawSync, gzipSync } from 'node:zlib';
import { attribute, properties, tnefFile } from '../mail/tnef-files.ts';
import { type ZipEntry, zipFile } from './archive-files.ts';
import { attached, message, type PartOf, part, plain, withAttachments } from './messages.ts';
import { pdfBombs } from './pdf-bombs.ts';

export type Bomb = { readonly ends: 'blind' | 'clear' | 'either'; readonly make: () => Buffer };

const mega = 1_048_576;
const text = (octets: string | Uint8Array): PartOf => part('Content-Type: text/plain; charset=utf-8', octets);
const html = (octets: string): PartOf => part('Content-Type: text/html; charset=utf-8', octets);
const zipped = (octets: Uint8Array, name = 'a.zip'): Buffer =>
  withAttachments(attached(octets, 'application/octet-stream', name));
const file = (name: string, octets: Uint8Array | string): ZipEntry => ({ name, octets: Buffer.from(octets as string) });

/** Structures, headers and texts. */
export const mailBombs: Readonly<Record<string, Bomb>> = {
  'multiparts 10,000 deep': {
    ends: 'blind',
    make: () => {
      const levels = Array.from(
        { length: 10_000 },
        (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
      );
      return Buffer.from(`From: a@corp.example\r\n${levels.join('')}\r\nthe end\r\n`);
    },
  },
  'a million parts': {
    ends: 'blind',
    make: () =>
      message({
        header: 'Content-Type: multipart/mixed; boundary=b\r\n',
        octets: `${'--b\r\n\r\nx\r\n'.repeat(1_000_000)}--b--\r\n`,
      }),
  },
  'a hundred thousand headers': { ends: 'blind', make: () => message(plain, 'X-Header: value\r\n'.repeat(100_000)) },
  'a header of 10 MB': { ends: 'blind', make: () => message(plain, `Subject: ${'a'.repeat(10 * mega)}\r\n`) },
  'a million folds': { ends: 'blind', make: () => message(plain, `Subject: a\r\n${' b\r\n'.repeat(1_000_000)}`) },
  'fifty thousand encoded words': {
    ends: 'clear',
    make: () => message(plain, `Subject: ${'=?utf-8?Q?a?=\r\n '.repeat(50_000)}b\r\n`),
  },
  'twenty thousand segments of a file name': {
    ends: 'blind',
    make: () => {
      const segments = Array.from({ length: 20_000 }, (_, index) => `\r\n name*${index}=a;`);
      return withAttachments(part(`Content-Type: application/pdf;${segments.join('')}`, 'x'));
    },
  },
  'two hundred thousand addresses': {
    ends: 'blind',
    make: () =>
      message(plain, `Cc: ${Array.from({ length: 200_000 }, (_, index) => `a${index}@b.example`).join(',\r\n ')}\r\n`),
  },
  'a line of 20 MB': { ends: 'either', make: () => message(text(Buffer.alloc(20 * mega, 'a'))) },
  'a line of 20 MB of digits': { ends: 'either', make: () => message(text(Buffer.alloc(20 * mega, '4111111'))) },
  'messages 2,000 deep': {
    ends: 'blind',
    make: () =>
      Buffer.from(`${'Content-Type: message/rfc822\r\n\r\n'.repeat(2_000)}Subject: the end\r\n\r\nthe end\r\n`),
  },
  'two hundred thousand divs': { ends: 'clear', make: () => message(html(`${'<div>'.repeat(200_000)}the end`)) },
  'a megabyte of unclosed tags': { ends: 'clear', make: () => message(html('<a '.repeat(350_000))) },
  'a megabyte of entities': { ends: 'clear', make: () => message(html('&amp;'.repeat(200_000))) },
  'a run of links': { ends: 'clear', make: () => message(text('http://a.example/?q='.repeat(100_000))) },
  'a megabyte of hyphens and digits': { ends: 'clear', make: () => message(text('1-'.repeat(mega / 2))) },
  'a megabyte of spaces': { ends: 'clear', make: () => message(text(`SSN${' '.repeat(mega)}536-90-4399`)) },
  'a megabyte of RTF groups': {
    ends: 'either',
    make: () => withAttachments(attached(`{\\rtf1 ${'{'.repeat(mega)}`, 'application/rtf', 'a.rtf')),
  },
};

/** A file of nothing but zeros, packed. */
function zeros(megabytes: number): ZipEntry {
  const once = Buffer.alloc(megabytes * mega);
  return { name: 'zeros.txt', octets: deflateRawSync(once, { level: 9 }), claimed: once.length };
}

function nested(deep: number, each: number, innermost: Buffer): Buffer {
  let packed = innermost;
  for (let level = 0; level < deep; level += 1)
    packed = zipFile(Array.from({ length: each }, (_, index) => file(`${level}-${index}.zip`, packed)));
  return packed;
}

const word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const docx = (document: string | Uint8Array, ...more: readonly ZipEntry[]): Buffer =>
  zipFile([file('[Content_Types].xml', '<Types/>'), file('word/document.xml', document), ...more]);

/** Archives and what is packed like them. */
export const archiveBombs: Readonly<Record<string, Bomb>> = {
  'a ZIP of 128 MB of zeros': { ends: 'blind', make: () => zipped(zipFile([zeros(128)])) },
  'a ZIP that claims to hold little': {
    ends: 'blind',
    make: () => zipped(zipFile([{ ...zeros(64), claimed: 10 }])),
  },
  'a ZIP of sixteen ZIPs, five deep': { ends: 'blind', make: () => zipped(nested(4, 16, zipFile([zeros(4)]))) },
  'a ZIP ten deep': { ends: 'blind', make: () => zipped(nested(10, 1, Buffer.from('the end'))) },
  'a ZIP a thousand deep': { ends: 'blind', make: () => zipped(nested(1_000, 1, Buffer.from('the end'))) },
  'a ZIP of fifty thousand files': {
    ends: 'blind',
    make: () => zipped(zipFile(Array.from({ length: 50_000 }, (_, index) => file(`${index}.txt`, 'x')))),
  },
  'a ZIP whose thirty thousand files overlap': {
    ends: 'blind',
    make: () => zipped(zipFile([file('a.txt', Buffer.alloc(mega, 'overlap '))], 30_000)),
  },
  'a ZIP of slippery names': {
    ends: 'clear',
    make: () =>
      zipped(zipFile([file('../../etc/passwd', 'x'), file('C:\\x.txt', 'x'), file('/a\0b', 'x'), file('', 'x')])),
  },
  'a gzip of 128 MB of zeros': { ends: 'blind', make: () => zipped(gzipSync(Buffer.alloc(128 * mega)), 'a.gz') },
  'a gzip ten deep': {
    ends: 'blind',
    make: () => {
      let packed: Buffer = Buffer.from('the end');
      for (let level = 0; level < 10; level += 1) packed = gzipSync(packed);
      return zipped(packed, 'a.gz');
    },
  },
  'a DOCX of 128 MB': {
    ends: 'blind',
    make: () =>
      zipped(
        zipFile([file('[Content_Types].xml', '<Types/>'), { ...zeros(128), name: 'word/document.xml' }]),
        'a.docx',
      ),
  },
  'a DOCX of entities in entities': {
    ends: 'clear',
    make: () => {
      const entities = Array.from(
        { length: 20 },
        (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
      );
      const document = `<!DOCTYPE d [<!ENTITY e0 "ha">${entities.join('')}]><w:document ${word}><w:t>&e20;</w:t></w:document>`;
      return zipped(docx(document), 'a.docx');
    },
  },
  'a DOCX a million elements deep': {
    ends: 'either',
    make: () => zipped(docx(`<w:document ${word}>${'<w:p>'.repeat(1_000_000)}`), 'a.docx'),
  },
  'a gzip of 128 MB in a DOCX': {
    ends: 'blind',
    make: () =>
      zipped(docx('<w:document/>', file('word/embeddings/a.gz', gzipSync(Buffer.alloc(128 * mega)))), 'a.docx'),
  },
  'an XLSX of a million cells of one long string': {
    ends: 'blind',
    make: () => {
      const strings = `<sst><si><t>${'long '.repeat(6_000)}</t></si></sst>`;
      const cells = '<c t="s"><v>0</v></c>'.repeat(1_000_000);
      const sheet = `<worksheet><sheetData><row>${cells}</row></sheetData></worksheet>`;
      const files = [file('[Content_Types].xml', '<Types/>'), file('xl/workbook.xml', '<workbook/>')];
      return zipped(
        zipFile([...files, file('xl/sharedStrings.xml', strings), file('xl/worksheets/sheet1.xml', sheet)]),
        'a.xlsx',
      );
    },
  },
  'a winmail.dat of messages forty deep': {
    ends: 'blind',
    make: () => {
      let stream = tnefFile(attribute('subject', 'the end\0'));
      for (let level = 0; level < 40; level += 1) {
        const table = properties({ id: 0x3701, as: 'message', value: stream });
        stream = tnefFile(attribute('begins', Buffer.alloc(14)), attribute('attachment', table));
      }
      return zipped(stream, 'winmail.dat');
    },
  },
  'a winmail.dat of a million attachments': {
    ends: 'blind',
    make: () =>
      zipped(
        Buffer.concat([tnefFile(), Buffer.concat(Array.from({ length: 400_000 }, () => attribute('begins', '')))]),
        'winmail.dat',
      ),
  },
  'a winmail.dat that counts to four thousand million': {
    ends: 'blind',
    make: () => {
      const head = Buffer.from('010000001e103700ffffffff', 'hex');
      return zipped(tnefFile(attribute('properties', Buffer.concat([head, Buffer.alloc(8 * mega)]))), 'winmail.dat');
    },
  },
};

const hostilePdfs: Readonly<Record<string, Bomb['ends']>> = {
  'a page as large as a country': 'clear',
  'a page tree that claims a thousand million pages': 'clear',
  'a form that draws itself': 'clear',
  'lists a million deep': 'clear',
  'bookmarks that are their own children': 'clear',
  'a table of references that points to itself': 'clear',
  'a hundred thousand objects': 'either',
  'a page that unpacks to 128 MB of text': 'blind',
};

export const bombs: Readonly<Record<string, Bomb>> = {
  ...mailBombs,
  ...archiveBombs,
  ...Object.fromEntries(
    Object.entries(pdfBombs).map(([name, make]): [string, Bomb] => [
      `a PDF: ${name}`,
      { ends: hostilePdfs[name] ?? 'blind', make: () => withAttachments(attached(make(), 'application/pdf', 'a.pdf')) },
    ]),
  ),
};
