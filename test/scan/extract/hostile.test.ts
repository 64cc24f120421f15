/** What is made to exhaust, to hide or to mislead ends as blind, never as nothing found; what is read until then still counts. */
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../../src/scan/extract/budget.ts';
import { lookInto } from './looking.ts';
import { compound, docx, eml, gzip, odt, type RawEntry, rawZip, rtf, tar, xlsx, zip } from './writers.ts';

const secret = '123-45-6789';
const zeros = (count: number) => Buffer.alloc(count);
const text = (content: string): RawEntry => ({ name: 'a.txt', octets: Buffer.from(content) });
const deflated = (content: Uint8Array, size = content.length): RawEntry => ({
  name: 'b.txt',
  octets: deflateRawSync(content),
  method: 8,
  size,
});

function nested(depth: number, wrap: (inner: Buffer) => Buffer, core: Buffer): Buffer {
  let octets = core;
  for (let level = 0; level < depth; level += 1) octets = wrap(octets);
  return octets;
}

/** Sixteen archives in each, down to a member of zeros, like 42.zip. */
function manyfold(levels: number, core: Buffer): Buffer {
  const wrap = (inner: Buffer) =>
    zip(Object.fromEntries(Array.from({ length: 16 }, (_, number) => [`${number}.zip`, inner])));
  return nested(levels, wrap, zip({ 'zeros.bin': core }));
}

describe('bombs end at a limit', () => {
  const few: Partial<Limits> = { unpacked: 1_000_000 };
  test.each<readonly [string, () => Buffer, Partial<Limits>, RegExp]>([
    ['a ratio', () => zip({ a: zeros(20_000_000) }), {}, /200 times/],
    ['a ratio of gzip', () => gzip(zeros(20_000_000)), {}, /200 times/],
    ['a ratio inside a DOCX', () => docx([['x']], { 'word/media/a.bin': zeros(20_000_000) }), {}, /200 times/],
    ['gzip inside a DOCX', () => docx([['x']], { 'word/a.gz': gzip(zeros(20_000_000)) }), {}, /200 times/],
    ['text of a DOCX', () => docx([['x'.repeat(18_000_000)]]), {}, /200 times/],
    ['more than may come out', () => zip({ a: zeros(2_000_000) }), few, /more than/],
    ['more in all than may come out', () => zip({ a: zeros(600_000), b: zeros(600_000) }), few, /more than/],
    [
      'ten archives in one another',
      () => nested(10, (inner) => zip({ 'a.zip': inner }), Buffer.from(secret)),
      {},
      /packed more than 5/,
    ],
    ['ten gzips in one another', () => nested(10, gzip, Buffer.from(secret)), {}, /packed more than 5/],
    [
      'ten messages in one another',
      () => nested(10, (inner) => zip({ 'a.eml': eml('x', inner) }), Buffer.from(secret)),
      {},
      /packed more/,
    ],
    ['archives that multiply', () => manyfold(4, zeros(1_000_000)), {}, /packed more|more than|200 times/],
    [
      'a hundred thousand members',
      () => rawZip(Array.from({ length: 100_000 }, (_, number) => ({ name: `${number}`, octets: zeros(0) }))),
      {},
      /10000 files/,
    ],
    [
      'as many in a tar',
      () => tar(Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`${number}`, zeros(1)]))),
      { entries: 200 },
      /200 files/,
    ],
    [
      'members that share their octets',
      () => rawZip([deflated(zeros(100_000)), { ...deflated(zeros(100_000)), at: 0 }]),
      {},
      /overlap/,
    ],
    [
      'a large archive in a small one',
      () => zip({ 'a.zip': zip({ a: noise(200_000) }, { level: 0 }) }, { level: 0 }),
      { held: 300_000 },
      /larger than/,
    ],
    ['strings that multiply', () => xlsxThatRepeats(20_000, 100), { text: 1_000_000 }, /characters of text/],
  ])('%s', async (_name, write, limits, reason) => {
    const found = await lookInto(write(), { limits });
    expect(found.blind.map((blind) => blind.doubt)).toContain('limits');
    expect(found.blind.map((blind) => blind.reason).join('; ')).toMatch(reason);
    expect(found.blind.length).toBeLessThanOrEqual(100);
  });

  test('what was found before a bomb is kept, and the budget is one for all', async () => {
    const found = await lookInto(zip({ 'a.txt': secret, b: zeros(600_000), c: zeros(600_000), d: zeros(10) }), {
      limits: few,
    });
    expect(found.text).toContain(secret);
    expect(found.blind).toHaveLength(1);
  });

  test('a large file that is no archive of ours is too large, not a bomb', async () => {
    const found = await lookInto(zip({ a: Buffer.from(noise(5_000)) }, { level: 0 }), { limits: { held: 1_000 } });
    expect(found.blind).toEqual([
      { doubt: 'content', part: '2', reason: 'it is larger than can be opened (1000 octets)' },
    ]);
  });
});

function noise(length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    octets[at] = state >> 16;
  }
  return octets;
}

/** One long string that many cells name. */
function xlsxThatRepeats(length: number, cells: number): Buffer {
  const book = xlsx([['x'.repeat(length)]]);
  void book;
  const sheet = `<worksheet><row>${'<c t="s"><v>0</v></c>'.repeat(cells)}</row></worksheet>`;
  const strings = `<sst><si><t>${'word '.repeat(length / 5)}</t></si></sst>`;
  return zip({ '[Content_Types].xml': '<x/>', 'xl/sharedStrings.xml': strings, 'xl/worksheets/sheet1.xml': sheet });
}

describe('archives that contradict themselves are doubtful, and read all the same', () => {
  test.each<readonly [string, Buffer, RegExp]>([
    ['a member in no directory', rawZip([text('x'), { ...text(secret), unlisted: true }]), /not in its directory/],
    ['a member that is not there', rawZip([text(secret), { ...text('x'), missing: true }]), /not there/],
    ['two names', rawZip([{ ...text(secret), localName: 'b.txt' }]), /contradict/],
    ['less than it says', rawZip([{ ...text(secret), size: 99 }]), /not as long/],
    ['more than it says', rawZip([deflated(Buffer.from(`${secret} and more`), 3)]), /not as long/],
    ['an end that miscounts', rawZip([text(secret)], { count: 3 }), /what its end says/],
    ['no directory', rawZip([text(secret), text('x')]).subarray(0, 60 + secret.length), /no directory/],
    ['cut off in a member', rawZip([deflated(Buffer.from(noise(900)))]).subarray(0, 500), /no directory|damaged/],
    ['compressed noise', rawZip([text(secret), { name: 'b', octets: noise(500), method: 8, size: 500 }]), /damaged/],
    ['a method nobody has', rawZip([text(secret), { name: 'b', octets: noise(500), method: 14 }]), /cannot be opened/],
  ])('%s', async (name, archive, reason) => {
    const found = await lookInto(archive);
    expect(found.blind.map((blind) => blind.doubt)).toContain('content');
    expect(found.blind.map((blind) => blind.reason).join('; ')).toMatch(reason);
    if (!name.startsWith('cut')) expect(found.text).toContain(secret);
  });

  test('text before, between and after members is found', async () => {
    const archive = Buffer.concat([Buffer.from(`front ${secret}\n`), rawZip([text('x')])]);
    expect((await lookInto(archive, { fileName: 'a.zip' })).text).toContain(`front ${secret}`);
    expect((await lookInto(Buffer.concat([zip({ a: 'x' }), Buffer.from(`\nbehind ${secret}`)]))).text).toContain(
      `behind ${secret}`,
    );
  });

  test.each(['../../etc/passwd', '/abs', 'C:\\x', 'a\u202etxt.exe', 'x'.repeat(3_000)])(
    'a name like %j harms nobody and is told',
    async (name) => {
      const found = await lookInto(rawZip([{ name, octets: Buffer.from(secret) }]));
      expect(found.looked.members).toEqual([{ name: name.slice(0, 1_000), detected: null, size: secret.length }]);
      expect(found.text).toContain(secret);
      expect(found.blind).toEqual([]);
    },
  );

  test('ZIP64 values are read', async () => {
    const plain = rawZip([text(secret)]);
    const directory = plain.length - 22;
    const wide = Buffer.alloc(56);
    wide.write('PK\x06\x06', 'latin1');
    wide.writeBigUInt64LE(1n, 32);
    wide.writeBigUInt64LE(BigInt(plain.readUInt32LE(directory + 12)), 40);
    wide.writeBigUInt64LE(BigInt(plain.readUInt32LE(directory + 16)), 48);
    const locator = Buffer.alloc(20);
    locator.write('PK\x06\x07', 'latin1');
    locator.writeBigUInt64LE(BigInt(directory), 8);
    const end = Buffer.from(plain.subarray(directory));
    end.writeUInt16LE(0xffff, 10);
    end.writeUInt32LE(0xffffffff, 16);
    const found = await lookInto(Buffer.concat([plain.subarray(0, directory), wide, locator, end]));
    expect([found.text, found.blind]).toEqual([secret, []]);
  });
});

describe('what needs a password says so', () => {
  const workbook = Buffer.concat([Buffer.from('0908020000002f0002000000', 'hex'), zeros(5_000)]);
  const word = Buffer.concat([zeros(10), Buffer.from([0, 1]), zeros(5_000)]);
  test.each<readonly [string, Buffer]>([
    ['ZIP', rawZip([{ ...text('x'), flags: 1 }])],
    ['a ZIP in a ZIP', zip({ 'a.zip': rawZip([{ ...text('x'), flags: 1 }]) })],
    ['OOXML', compound({ EncryptionInfo: zeros(10), EncryptedPackage: zeros(9_000) })],
    ['an old Word document', compound({ WordDocument: word })],
    ['an old workbook', compound({ Workbook: workbook })],
    [
      'ODF',
      odt(
        ['x'],
        '<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>',
      ),
    ],
  ])('%s', async (_name, octets) => {
    const found = await lookInto(octets);
    expect(found.blind.map((blind) => blind.doubt)).toEqual(['password']);
    expect(found.looked.encrypted).toBe(true);
  });

  test('names of locked members are told', async () => {
    const found = await lookInto(rawZip([{ ...text('x'), name: 'payroll.xls', flags: 1 }]));
    expect(found.looked.members).toEqual([{ name: 'payroll.xls', detected: null, size: 1 }]);
    expect(found.names).toContain('payroll.xls');
  });
});

describe('archives of other kinds are doubtful', () => {
  test.each(['377abcaf271c', '526172211a0700', '526172211a070100', 'fd377a585a00', '28b52ffd', '4d53434600000000'])(
    '%s',
    async (signature) => {
      const octets = Buffer.concat([Buffer.from(signature, 'hex'), zeros(50)]);
      expect((await lookInto(octets, { type: 'image/png' })).blind).toMatchObject([{ doubt: 'content', part: '2' }]);
      expect((await lookInto(zip({ x: octets }))).blind).toMatchObject([{ doubt: 'content', part: '2/1' }]);
    },
  );
});

describe('damage is told and nothing throws', () => {
  const files: readonly (readonly [string, Buffer])[] = [
    ['docx', docx([['some text here']])],
    ['xlsx', xlsx([['text', 1, new Date()]])],
    ['rtf', rtf('some text here')],
    ['doc', compound({ WordDocument: zeros(5_000), 'ObjectPool/a': Buffer.from('x'.repeat(100)) })],
    ['msg', compound({ '__properties_version1.0': zeros(32), '__substg1.0_10090102': Buffer.from(noise(300)) })],
    [
      'xls',
      compound({ Workbook: Buffer.concat([Buffer.from('fc0010000100000001000000050000316263', 'hex'), zeros(5_000)]) }),
    ],
    ['tar.gz', gzip(tar({ a: Buffer.from('some text') }))],
    ['eml', eml('x', Buffer.from('some text'))],
    ['cms', Buffer.from('308006092a864886f70d010702a0803080020101310030800609', 'hex')],
    ['tnef', Buffer.concat([Buffer.from('789f3e220100', 'hex'), Buffer.from(noise(400))])],
  ];
  test.each(files)('%s with octets changed or cut off', async (name, octets) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(octets.length - 1), fc.nat(255)), { maxLength: 20 }),
        fc.nat(octets.length),
        async (changes, length) => {
          const damaged = Buffer.from(octets);
          for (const [at, value] of changes) damaged[at] = value;
          const found = await lookInto(damaged.subarray(0, length), { fileName: `a.${name}` });
          expect(found.looked.path).toBe('2');
        },
      ),
      { numRuns: 100 },
    );
  });

  test('any octets at all', async () => {
    const starts = fc.constantFrom(
      '',
      'PK\x03\x04',
      '{\\rtf1',
      '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
      '\x1f\x8b\x08\0',
      'x\x9f>"',
      '0\x80\x06\x09',
      '%PDF-',
    );
    await fc.assert(
      fc.asyncProperty(starts, fc.uint8Array({ maxLength: 2_000 }), async (start, rest) => {
        await lookInto(Buffer.concat([Buffer.from(start, 'latin1'), rest]));
      }),
      { numRuns: 300 },
    );
  });
});
