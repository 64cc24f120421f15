/** What a logo may be: real pictures by their octets, and everything an SVG could hide. */
import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { maxLogo, readLogo } from '../../src/config/logo.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const le24 = (value: number): string => Buffer.from([value, value >> 8, value >> 16]).toString('hex');

const pictures: readonly [string, Buffer][] = [
  ['image/png', hex('89504e470d0a1a0a 0000000d 49484452 00000096 00000028 0806000000 00000000')],
  [
    'image/jpeg',
    hex(
      `ffd8 ffe0 0010 4a46494600010100000100010000 ffdb 0004 0000 ffc0 0011 08 0028 0096 03 01220002110103110100 ffd9`,
    ),
  ],
  ['image/webp', hex(`52494646 00000000 57454250 56503858 0a000000 00000000 ${le24(149)} ${le24(39)} 00000000`)],
  ['image/webp', hex('52494646 00000000 57454250 56503820 00000000 000000 9d012a 9600 2800 00000000')],
  [
    'image/svg+xml',
    Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 40"/>'),
  ],
  [
    'image/svg+xml',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="150px" height="40"><path d="M0 0"/></svg>'),
  ],
];

test.each(pictures)('%s is known by its octets, and its size read', (type, octets) => {
  const result = readLogo(octets);
  expect(result).toMatchObject({ ok: true, logo: { type, width: 150, height: 40 } });
});

const svg = (content: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">${content}</svg>`,
  );

test.each([
  '<script>alert(1)</script>',
  '<SCRIPT href="x"/>',
  '<g onload="alert(1)"/>',
  '<g\nonclick = alert(1)/>',
  '<foreignObject><iframe src="//evil.example"/></foreignObject>',
  '<image href="https://evil.example/pixel.png"/>',
  '<image xlink:href="//evil.example/pixel.png"/>',
  "<image href='http://evil.example/pixel.png'/>",
  '<image href=https://evil.example/pixel.png />',
  '<a href="javascript:alert(1)"><path/></a>',
  '<use href="other.svg#part"/>',
  '<image href="data:image/svg+xml;base64,AAAA"/>',
  '<style>@import "https://evil.example/x.css"</style>',
  '<style>path{fill:url(https://evil.example/x)}</style>',
  '<rect fill="url( \'//evil.example/x\' )"/>',
])('an SVG with %s is none', (content) => {
  expect(readLogo(svg(content))).toMatchObject({ ok: false, why: expect.stringContaining('SVG') });
});

test.each([
  '<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/><use href="#b"/>',
  '<image href="data:image/png;base64,AAAA"/>',
  '<text font-family="Georgia">One on two</text>',
])('an SVG with %s is one', (content) => {
  expect(readLogo(svg(content))).toMatchObject({ ok: true });
});

test.each([
  ['an entity', Buffer.from('<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg viewBox="0 0 9 9">&a;</svg>'), /scripts/],
  ['no size', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /how large/],
  ['HTML', Buffer.from('<!doctype html><title>x</title>'), /not a picture/],
  ['a PDF', Buffer.from('%PDF-1.7 <svg viewBox="0 0 9 9">'), /not a picture/],
  ['a GIF', Buffer.from('GIF89a0000000000000000000000000'), /not a picture/],
  ['nothing', Buffer.alloc(0), /not a picture/],
  ['too many octets', Buffer.alloc(maxLogo + 1), /25 kB/],
  ['no width', hex('89504e470d0a1a0a 0000000d 49484452 00000000 00000028 0806000000 00000000'), /0 by 40/],
  ['a side too long', hex('89504e470d0a1a0a 0000000d 49484452 0000ffff 00000028 0806000000 00000000'), /65535 by 40/],
])('%s is refused, and the reason says what to do', (_, octets, why) => {
  const result = readLogo(octets);
  expect(result).toMatchObject({ ok: false, why: expect.stringMatching(why) });
  expect(result.ok ? '' : result.remedy).toMatch(/\.$/);
});

test('any octets are read in linear time and without a throw', () => {
  const starts = [Buffer.alloc(0), ...pictures.map(([, octets]) => octets.subarray(0, 20))];
  assert(
    property(uint8Array({ maxLength: 600 }), (octets) => {
      for (const start of starts) readLogo(Buffer.concat([start, octets]));
    }),
  );
  for (const bomb of [
    '<svg '.repeat(4_800),
    '<svg href= '.repeat(2_200),
    `<svg${' on'.repeat(7_000)}`,
    'href="'.repeat(4_000),
  ]) {
    const begun = process.cpuUsage();
    readLogo(Buffer.from(bomb));
    expect(process.cpuUsage(begun).user).toBeLessThan(500_000);
  }
});
