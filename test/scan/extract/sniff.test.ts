/** What octets are believed to be. */
import { describe, expect, test } from 'vitest';
import { declaredKind, signatureOf, utf16Of } from '../../../src/scan/extract/sniff.ts';
import { lookInto } from './looking.ts';
import { docx, tar, zip } from './writers.ts';

const latin = (text: string) => Buffer.from(text, 'latin1');

describe('signatures', () => {
  test.each([
    ['PK\x03\x04', 'application/zip', 'zip'],
    ['PK\x05\x06\0\0', 'application/zip', 'zip'],
    ['\x1f\x8b\x08\0', 'application/gzip', 'gzip'],
    ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'application/x-ole-storage', 'compound'],
    ['x\x9f>"\0', 'application/vnd.ms-tnef', 'tnef'],
    ['%PDF-1.7\n', 'application/pdf', 'pdf'],
    [`${'junk '.repeat(200)}%PDF-1.7`, 'application/pdf', 'pdf'],
    ['{\\rtf1 x}', 'application/rtf', 'rtf'],
    ['7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed', 'closed'],
    ['Rar!\x1a\x07\0', 'application/vnd.rar', 'closed'],
    ['\x89PNG\r\n\x1a\n', 'image/png', 'media'],
    ['\xff\xd8\xff\xe0\0', 'image/jpeg', 'media'],
    ['GIF89a\x01\0\x01\0', 'image/gif', 'media'],
    ['BM\x10\0\0\0\0\0\0\0\x36\0', 'image/bmp', 'media'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'image/webp', 'media'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'audio/wav', 'media'],
    ['\0\0\0\x18ftypmp42', 'video/mp4', 'media'],
    ['ID3\x03\0', 'audio/mpeg', 'media'],
    ['wOF2\0', 'font/woff2', 'media'],
    ['MZ\x90\0', 'application/vnd.microsoft.portable-executable', 'binary'],
    ['\x7fELF\x02', 'application/x-executable', 'binary'],
    ['0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02', 'application/pkcs7-mime', 'cms'],
    ['0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03', 'application/pkcs7-mime', 'cms'],
    ['0\x82\x01\x00\x02\x01\x03', 'application/pkcs12', 'binary'],
    ['<?xml version="1.0"?><a/>', 'application/xml', 'xml'],
    [' <!DOCTYPE html><html>', 'text/html', 'html'],
  ])('%j is %s', (octets, type, kind) => {
    expect(signatureOf(latin(octets))).toEqual({ type, kind });
  });

  test('tar is known by the sum of its header', () => {
    expect(signatureOf(tar({ a: latin('x') }, false))?.kind).toBe('tar');
  });

  test.each([
    '',
    'Dear Ann',
    'GIF89a, said the picture',
    'BM is a town',
    'MZ and ELF',
    'BZhang wrote',
    'ID3 tags are',
    '\x01\x02\x03',
  ])('%j has none', (octets) => {
    expect(signatureOf(latin(octets))).toBeNull();
  });
});

test.each([
  ['text/html', null, '<p>', 'html'],
  ['text/html', null, '\x01<p>', 'html'],
  ['text/plain', 'a.html', '<p>', 'text'],
  ['application/octet-stream', 'a.HTM', '<p>', 'html'],
  ['application/octet-stream', 'a.eml', 'From: a', 'message'],
  ['message/rfc822', null, 'From: a', 'message'],
  ['image/png', 'a.png', 'no picture', 'text'],
  ['image/png', 'a.png', '\x01\x02\0\0', 'binary'],
  ['text/csv', null, '\x01\x02\0\0', 'text'],
  ['application/octet-stream', null, 'text', 'text'],
])('declared %s, %j, beginning %j, is read as %s', (type, fileName, octets, kind) => {
  expect(declaredKind({ type, parameters: {}, fileName }, latin(octets))).toBe(kind);
});

test.each([
  [Buffer.from('\ufeffa', 'utf16le'), 'utf-16le'],
  [Buffer.from('several letters', 'utf16le'), 'utf-16le'],
  [Buffer.from('several letters', 'utf16le').swap16(), 'utf-16be'],
  [latin('several letters'), null],
  [Buffer.alloc(100), null],
])('UTF-16 is noticed', (octets, charset) => {
  expect(utf16Of(octets)).toBe(charset);
});

describe('a lie follows the octets', () => {
  test('a document declared as a picture', async () => {
    const found = await lookInto(docx([['the text']]), { type: 'image/jpeg', fileName: 'a.jpg' });
    expect([found.looked.detected, found.text.includes('the text')]).toEqual([
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      true,
    ]);
  });

  test('a picture with an archive behind it is both', async () => {
    const picture = Buffer.concat([latin('\x89PNG\r\n\x1a\n'), Buffer.alloc(9_000), zip({ 'a.txt': 'the text' })]);
    const found = await lookInto(picture, { type: 'image/png' });
    expect(found.text).toContain('the text');
    expect(found.looked).toMatchObject({ detected: 'image/png', members: [{ name: 'a.txt' }] });
    const large = await lookInto(picture, { limits: { held: 5_000 } });
    expect(large.blind).toMatchObject([{ doubt: 'content' }]);
  });

  test('pictures, sound and film are not blind', async () => {
    const found = await lookInto(Buffer.concat([latin('\0\0\0\x18ftypmp42'), Buffer.alloc(100_000, 'film')]), {
      limits: { held: 5_000 },
    });
    expect([found.text, found.blind, found.looked.detected]).toEqual(['', [], 'video/mp4']);
  });

  test('text runs in an unknown file are found, in all their encodings', async () => {
    const wide = Buffer.from('wide text', 'utf16le');
    const noise = Buffer.alloc(5);
    const parts = [noise, Buffer.from('ascii text'), noise, Buffer.from('é utf-8 text'), noise, wide, noise, wide];
    const found = await lookInto(Buffer.concat(parts), { cuts: [1, 7] });
    expect(found.text.split('\n').toSorted()).toEqual(
      expect.arrayContaining(['ascii text', 'é utf-8 text', 'wide text']),
    );
    expect(found.text.match(/wide text/g)).toHaveLength(2);
  });
});
