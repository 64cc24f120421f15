/** The same secret in everything mail can wrap it in is found in every one, end to end through the worker threads. */
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import type { Probe } from '../../src/policy/detection.ts';
import { createScanPool } from '../../src/scan/pool.ts';
import { attribute, packedRtf, properties, tnefFile } from '../mail/tnef-files.ts';
import { attached, message, mixed, type PartOf, part, plain, scanOf, withAttachments } from './messages.ts';
import { deflated, drawn, onePage, pdfFile } from './pdf-files.ts';

const secret = '536-90-4399';
const sentence = `Her SSN: ${secret} as agreed.`;
const masked = '4399';

const pool = createScanPool({ size: 1 });
afterAll(() => pool.close());

const html = (body: string): PartOf =>
  part('Content-Type: text/html; charset=utf-8', `<html><body>${body}</body></html>`);
const text = (charset: string, octets: Uint8Array | string, encoding = '8bit'): PartOf =>
  part(`Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}`, octets);
const subject = (value: string): Buffer => message(plain, `Subject: ${value}\r\n`);
const named = (header: string): Buffer =>
  withAttachments(part(`Content-Type: application/pdf${header}`, pdfFile(onePage(drawn('x')))));
const zip = (files: Readonly<Record<string, Uint8Array | string>>): Uint8Array =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, octets]) => [name, typeof octets === 'string' ? strToU8(octets) : octets]),
    ),
  );
const base64 = (octets: string | Uint8Array): string => Buffer.from(octets as string).toString('base64');

const contentTypes =
  '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';
const word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const docx = (body: string): Uint8Array =>
  zip({
    '[Content_Types].xml': contentTypes,
    'word/document.xml': `<?xml version="1.0"?><w:document ${word}><w:body>${body}</w:body></w:document>`,
  });
const sheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const xlsx = (cells: string, strings: string): Uint8Array =>
  zip({
    '[Content_Types].xml': contentTypes,
    'xl/workbook.xml': `<?xml version="1.0"?><workbook ${sheet}><sheets><sheet name="One" sheetId="1"/></sheets></workbook>`,
    'xl/sharedStrings.xml': `<?xml version="1.0"?><sst ${sheet}>${strings}</sst>`,
    'xl/worksheets/sheet1.xml': `<?xml version="1.0"?><worksheet ${sheet}><sheetData><row>${cells}</row></sheetData></worksheet>`,
  });
const drawing =
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"';
const pptx = (runs: string): Uint8Array =>
  zip({
    '[Content_Types].xml': contentTypes,
    'ppt/presentation.xml': `<?xml version="1.0"?><p:presentation ${drawing}/>`,
    'ppt/slides/slide1.xml': `<?xml version="1.0"?><p:sld ${drawing}><a:p>${runs}</a:p></p:sld>`,
  });
const open =
  'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"';
const odt = (body: string): Uint8Array =>
  zip({
    mimetype: 'application/vnd.oasis.opendocument.text',
    'content.xml': `<?xml version="1.0"?><office:document-content ${open}><office:body><office:text>${body}</office:text></office:body></office:document-content>`,
  });

const docxType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const winmail = (octets: Uint8Array): Buffer => withAttachments(attached(octets, 'application/ms-tnef', 'winmail.dat'));
const begins = attribute('begins', Buffer.alloc(14));
const rtf = `{\\rtf1\\ansi\\deff0 Her SSN: 536-{\\b 90}-43\\'39\\'39 as agreed.\\par}`;

const wrappings: Readonly<Record<string, () => Buffer>> = {
  'plain text': () => message(text('utf-8', sentence)),
  'the second of two texts': () => message(mixed(plain, text('utf-8', sentence))),
  HTML: () => message(html(`<p>${sentence}</p>`)),
  'HTML, split over tags': () => message(html('Her SSN: 536-<b>90</b>-<i>43</i><span>99</span>')),
  'HTML, written as entities': () => message(html('Her SSN: &#53;&#x33;6&#45;90&hyphen;4399')),
  'HTML, hidden': () => message(html(`<div style="display:none">${sentence}</div><p>hello</p>`)),
  'the alternative nobody is shown': () => message(mixed(html('<p>hello</p>'), text('utf-8', sentence))),
  'the subject': () => subject(sentence),
  'the subject, folded': () => subject('Her SSN:\r\n 536-90-4399'),
  'the subject that the thread began with': () => message(plain, `Subject: Re: Hello\r\nThread-Topic: ${sentence}\r\n`),
  'a category of Outlook': () => message(plain, `Subject: Hello\r\nKeywords: ${sentence}\r\n`),
  'the topic of a forwarded message': () =>
    withAttachments(part('Content-Type: message/rfc822', message(plain, `Thread-Topic: ${sentence}\r\n`))),
  'an encoded word': () => subject(`=?utf-8?B?${base64(sentence)}?=`),
  'two encoded words': () => subject('Her SSN: =?utf-8?Q?536-9?= =?utf-8?Q?0-4399?='),
  'a file name': () => named(`\r\nContent-Disposition: attachment; filename="SSN ${secret}.pdf"`),
  'the other of two file names': () =>
    named(`; name="SSN ${secret}.pdf"\r\nContent-Disposition: attachment; filename="scan.pdf"`),
  'a file name in segments': () =>
    named(
      '\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8\'\'SSN%20536%2D9;\r\n filename*1*=0%2D4399;\r\n filename*2=".pdf"',
    ),
  base64: () => message(text('utf-8', base64(sentence), 'base64')),
  'quoted-printable': () => message(text('utf-8', 'Her SSN: 536=2D9=\r\n0-43=39=39 as agreed.', 'quoted-printable')),
  'UTF-16': () => message(text('utf-16', base64(Buffer.from(`\ufeff${sentence}`, 'utf16le')), 'base64')),
  'UTF-16 that is not declared': () =>
    withAttachments(attached(Buffer.from(`\ufeff${sentence}`, 'utf16le'), 'text/plain', 'a.txt')),
  'UTF-7': () => message(text('utf-7', 'Her SSN: +ADUAMwA2-+AC0-90-4399')),
  'ISO-2022-JP, fullwidth': () =>
    message(text('iso-2022-jp', Buffer.concat([Buffer.from('SSN: \x1b$B'), fullWidth(secret), Buffer.from('\x1b(B')]))),
  'a forwarded message': () => withAttachments(part('Content-Type: message/rfc822', message(text('utf-8', sentence)))),
  'the subject of a forwarded message': () => withAttachments(part('Content-Type: message/rfc822', subject(sentence))),
  'a message attached as a file': () =>
    withAttachments(
      attached(message(text('utf-8', base64(sentence), 'base64')), 'application/octet-stream', 'mail.eml'),
    ),
  'an attachment of unknown type': () => withAttachments(attached(sentence, 'application/octet-stream', 'data.bin')),
  'a PDF': () => withAttachments(attached(pdfFile(onePage(deflated(drawn(sentence)))), 'application/pdf', 'a.pdf')),
  'a PDF, drawn in pieces': () => {
    const pieces = drawn('SSN: 536', 72) + drawn('-90-', 72 + 51.36) + drawn('4399', 72 + 51.36 + 21.34);
    return withAttachments(attached(pdfFile(onePage(pieces)), 'application/pdf', 'a.pdf'));
  },
  'a PDF, typed into a form': () =>
    withAttachments(
      attached(
        pdfFile({
          ...onePage(drawn('SSN'), '/Annots [10 0 R]', '/AcroForm << /Fields [10 0 R] >>'),
          10: `<< /Type /Annot /Subtype /Widget /FT /Tx /T (ssn) /V (SSN ${secret}) /Rect [0 0 9 9] >>`,
        }),
        'application/pdf',
        'a.pdf',
      ),
    ),
  'a PDF that says it is a picture': () =>
    withAttachments(attached(pdfFile(onePage(drawn(sentence))), 'image/png', 'a.png')),
  'a file in a PDF': () =>
    withAttachments(
      attached(
        pdfFile({
          ...onePage(drawn('see file'), '', '/Names << /EmbeddedFiles << /Names [(a) 10 0 R] >> >>'),
          10: '<< /Type /Filespec /F (a.docx) /EF << /F 11 0 R >> >>',
          11: deflated(docx(`<w:p><w:r><w:t>${sentence}</w:t></w:r></w:p>`)),
        }),
        'application/pdf',
        'a.pdf',
      ),
    ),
  'a DOCX, split over runs': () =>
    withAttachments(
      attached(docx('<w:p><w:r><w:t>Her SSN: 536-</w:t></w:r><w:r><w:t>90-4399</w:t></w:r></w:p>'), docxType, 'a.docx'),
    ),
  'an XLSX': () =>
    withAttachments(
      attached(
        xlsx('<c t="s"><v>0</v></c><c t="s"><v>1</v></c>', `<si><t>SSN</t></si><si><t>${secret}</t></si>`),
        'application/octet-stream',
        'a.xlsx',
      ),
    ),
  'a PPTX': () =>
    withAttachments(
      attached(
        pptx('<a:r><a:t>Her SSN: 536-90</a:t></a:r><a:r><a:t>-4399</a:t></a:r>'),
        'application/octet-stream',
        'a.pptx',
      ),
    ),
  'an ODT': () =>
    withAttachments(
      attached(
        odt('<text:p>Her SSN: 536-<text:span>90-4399</text:span></text:p>'),
        'application/vnd.oasis.opendocument.text',
        'a.odt',
      ),
    ),
  'a ZIP in a ZIP': () =>
    withAttachments(attached(zip({ 'inner.zip': zip({ 'folder/a.txt': sentence }) }), 'application/zip', 'a.zip')),
  'the name of a file in a ZIP': () =>
    withAttachments(attached(zip({ [`SSN ${secret}.jpg`]: '' }), 'application/zip', 'a.zip')),
  'the body of a winmail.dat': () => winmail(tnefFile(attribute('body', `${sentence}\0`))),
  'the RTF of a winmail.dat': () =>
    winmail(tnefFile(attribute('properties', properties({ id: 0x1009, as: 'binary', value: packedRtf(rtf) })))),
  'the HTML of a winmail.dat': () =>
    winmail(
      tnefFile(
        attribute('properties', properties({ id: 0x1013, as: 'binary', value: '<p>SSN 536-<b>90</b>-4399</p>' })),
      ),
    ),
  'a file in a winmail.dat': () =>
    winmail(tnefFile(begins, attribute('title', 'a.zip\0'), attribute('data', zip({ 'a.txt': sentence })))),
  'a message in a winmail.dat': () => {
    const inner = tnefFile(attribute('properties', properties({ id: 0x0037, as: 'unicode', value: sentence })));
    return winmail(tnefFile(begins, attribute('attachment', properties({ id: 0x3701, as: 'message', value: inner }))));
  },
  'a calendar entry, folded': () =>
    message(
      part('Content-Type: text/calendar', 'BEGIN:VEVENT\r\nDESCRIPTION:Her SSN\\n536-9\r\n 0-4399\\nas agreed\r\n'),
    ),
  'a card of addresses': () =>
    withAttachments(attached('BEGIN:VCARD\nNOTE:SSN\\: 536-90-\n\t4399\n', 'application/octet-stream', 'her.vcf')),
  JSON: () => message(part('Content-Type: application/json', '{"note":"SSN\\n\\u0035\\u00336-90-4399\\tas agreed"}')),
  'a text that begins as a picture': () => message(text('utf-8', `GIF89a\x01 ${sentence}`)),
  'a page that begins as a sound': () =>
    message(part('Content-Type: text/html', 'OggS\x01<p>Her SSN: 536-<b>90</b>-4399</p>')),
  RTF: () => withAttachments(attached(rtf, 'application/rtf', 'a.rtf')),
};

/** Digits and hyphens in the double-byte set of ISO-2022-JP. */
function fullWidth(digits: string): Buffer {
  const pairs = Array.from(digits, (digit) => (digit === '-' ? [0x21, 0x5d] : [0x23, 0x30 + Number(digit)]));
  return Buffer.from(pairs.flat());
}

describe('the secret is found', () => {
  test.each(Object.entries(wrappings))('in %s', async (_name, wrapped) => {
    const { findings, blind } = await scanOf(pool, wrapped());
    expect(blind).toEqual([]);
    const [found] = findings.filter(({ kind }) => kind === 'ssn');
    expect(found).toMatchObject({ kind: 'ssn', count: 1 });
    expect(found?.sample).toContain(masked);
    expect(JSON.stringify(findings)).not.toContain(secret);
  });

  test('and nothing in a message without it', async () => {
    expect(await scanOf(pool, message(plain))).toMatchObject({ findings: [], blind: [] });
  });
});

describe('what some program turns into other octets is told', () => {
  const unknown = { doubt: 'content', reason: 'its transfer encoding is not known' };
  const uuencoded = 'begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n';
  test.each<[string, Buffer, object[]]>([
    ['uuencode', message(text('utf-8', '#86)C', 'x-uuencode')), [{ ...unknown, part: '1' }]],
    ['base64 in quotes', message(text('utf-8', base64(sentence), '"base64"')), [{ ...unknown, part: '1' }]],
    [
      'uuencode in a message that is attached',
      withAttachments(attached(message(text('utf-8', 'x', 'x-uuencode')), 'message/rfc822')),
      [{ ...unknown, part: '2' }],
    ],
    [
      'a file that stands in a text',
      message(text('utf-8', `See below.\r\n\r\n${uuencoded}`)),
      [{ doubt: 'content', part: '1', reason: 'a file stands in its text, in uuencode' }],
    ],
    ['names of encodings that change nothing', message(text('utf-8', 'and begin 644 times', '8-bit')), []],
    ['no name at all', message(part('Content-Type: text/plain\r\nContent-Transfer-Encoding:', 'x')), []],
  ])('%s', async (_name, octets, expected) => {
    const { blind } = await scanOf(pool, octets);
    expect(blind).toEqual(expected);
  });
});

test('the first line of a page is the first that is shown', async () => {
  const probe: Probe = { id: 'p', place: 'firstLine', terms: ['[secure]'], patterns: [] };
  const page = '<html><head><title>Offer</title></head><body><p>&#8203;</p><p>[secure]</p></body></html>';
  const { probes } = await scanOf(pool, message(part('Content-Type: text/html', page)), [probe]);
  expect(probes).toEqual({ p: 1 });
});

describe('every number is found by the head of its column', () => {
  const bare = Array.from({ length: 20 }, (_, at) => String(536_904_399 + at * 3701));
  const far = 'Jane Doe, of a large family '.repeat(2);
  const cell = (text: string): string => `<td><p class="MsoNormal">${text}<o:p></o:p></p></td>`;
  const row = (...texts: readonly string[]): string => `<tr>${texts.map(cell).join('')}</tr>\r\n`;
  const cellOfSheet = (place: string, text: string): string =>
    `<c r="${place}" t="inlineStr"><is><t>${text}</t></is></c>`;
  const rowOfSheet = (at: number, name: string, number: string): string =>
    cellOfSheet(`A${at}`, name) + cellOfSheet(`C${at}`, number);
  const rowsOfSheet = bare.map((number, at) => rowOfSheet(at + 2, far, number)).join('</row><row>');
  test.each<[string, Buffer]>([
    [
      'a page',
      message(html(`<table>${row('Name', '', 'SSN')}${bare.map((each) => row(far, 'x', each)).join('')}</table>`)),
    ],
    [
      'a worksheet',
      withAttachments(
        attached(
          xlsx(
            `${['A1', 'B1', 'C1'].map((place, at) => cellOfSheet(place, ['Name', 'Phone', 'SSN'][at] ?? '')).join('')}</row><row>${rowsOfSheet}`,
            '',
          ),
          'application/octet-stream',
          'a.xlsx',
        ),
      ),
    ],
  ])('in %s', async (_name, octets) => {
    const { findings } = await scanOf(pool, octets);
    expect(findings).toMatchObject([{ kind: 'ssn', count: 20 }]);
  });
});
