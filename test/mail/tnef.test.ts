import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTnef, type Tnef } from '../../src/mail/tnef.ts';
import { attribute, packedRtf, properties, tnefFile, tnefHead } from './tnef-files.ts';

const begins = attribute('begins', Buffer.alloc(14));

describe('a winmail.dat', () => {
  test('of old attributes gives subject, body and attachment', () => {
    const read = readTnef(
      tnefFile(
        attribute('subject', 'About Bob\0'),
        attribute('body', 'Dear Alice\0'),
        begins,
        attribute('title', 'NOTES~1.TXT\0'),
        attribute('data', 'notes'),
      ),
    );
    expect(read).toMatchObject({ subject: 'About Bob', text: 'Dear Alice', problems: [] });
    expect(read.attachments.map(({ name, octets }) => [name, Buffer.from(octets).toString()])).toEqual([
      ['NOTES~1.TXT', 'notes'],
    ]);
  });

  test('prefers what its tables of properties say', () => {
    const read = readTnef(
      tnefFile(
        attribute('subject', 'short\0'),
        attribute(
          'properties',
          properties(
            { id: 0x0037, as: 'unicode', value: 'Übergröße' },
            { id: 0x1000, as: 'unicode', value: 'plain' },
            { id: 0x1013, as: 'binary', value: '<p>h\xe9</p>' },
            { id: 0x3fde, as: 'long', value: 1252 },
          ),
        ),
        begins,
        attribute('title', 'SHORT~1.TXT\0'),
        attribute('data', 'octets'),
        attribute('attachment', properties({ id: 0x3707, as: 'unicode', value: 'The long name.txt' })),
      ),
    );
    expect(read).toMatchObject({ subject: 'Übergröße', text: 'plain', html: '<p>hé</p>', problems: [] });
    expect(read.attachments[0]).toMatchObject({ name: 'The long name.txt', message: null });
  });

  test('gives the text of other properties, named and of several values too', () => {
    const read = readTnef(
      tnefFile(
        attribute(
          'properties',
          properties(
            { id: 0x8001, as: 'unicode', value: 'vote yes', name: 'Some form' },
            { id: 0x8002, as: 'string8', value: ['red', 'green'], name: 'Keywords' },
            { id: 0x0e06, as: 'long', value: [1, 2, 3] },
            { id: 0x3a1c, as: 'string8', value: 'telephone' },
          ),
        ),
      ),
    );
    expect(read.properties.split('\n')).toEqual(['vote yes', 'red', 'green', 'telephone']);
  });

  test.each([
    [932, '83658358 8367', 'テスト'],
    [1251, 'cfe5f0e2fbe9', 'Первый'],
    [28592, 'b3f36478', 'łódx'],
    [65001, 'c3a9', 'é'],
    [4711, 'e9', 'é'],
  ])('in code page %i reads its strings in it', (page, hex, text) => {
    const codePage = Buffer.alloc(8);
    codePage.writeUInt32LE(page);
    const octets = Buffer.from(`${hex.replace(' ', '')}00`, 'hex');
    expect(readTnef(tnefFile(attribute('codePage', codePage), attribute('subject', octets))).subject).toBe(text);
  });

  test('holds a message that holds a message', () => {
    const inner = tnefFile(attribute('subject', 'innermost\0'), begins, attribute('data', 'deep'));
    const message = (of: Buffer): Buffer =>
      tnefFile(begins, attribute('attachment', properties({ id: 0x3701, as: 'message', value: of })));
    const read = readTnef(message(message(inner)));
    const innermost = read.attachments[0]?.message?.attachments[0]?.message;
    expect(innermost?.subject).toBe('innermost');
    expect(Buffer.from(innermost?.attachments[0]?.octets ?? []).toString()).toBe('deep');
    expect(read.problems).toEqual([]);
  });

  test('says when messages go too deep, and stops there', () => {
    let stream = tnefFile(attribute('subject', 'innermost\0'));
    for (let level = 0; level < 40; level += 1)
      stream = tnefFile(begins, attribute('attachment', properties({ id: 0x3701, as: 'message', value: stream })));
    const read = readTnef(stream);
    expect(read.problems).toEqual(['the winmail.dat holds messages too deep inside one another']);
    let depth = 0;
    for (let at: Tnef | null = read; at !== null; at = at.attachments[0]?.message ?? null) depth += 1;
    expect(depth).toBe(8);
  });
});

describe('an RTF body', () => {
  const rtfOf = (packed: Buffer): Tnef =>
    readTnef(tnefFile(attribute('properties', properties({ id: 0x1009, as: 'binary', value: packed }))));

  test('of literals is unpacked', () => {
    expect(rtfOf(packedRtf('{\\rtf1 Hello, world}')).rtf).toBe('{\\rtf1 Hello, world}');
  });

  test('of references is unpacked', () => {
    // The example of MS-OXRTFCP section 4.1.1.
    const packed = Buffer.from(
      '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0',
      'hex',
    );
    expect(rtfOf(packed).rtf).toBe('{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n');
  });

  test('that is cut off is a problem', () => {
    const packed = packedRtf('{\\rtf1 Hello, world}');
    expect(rtfOf(packed.subarray(0, 24))).toMatchObject({ problems: ['the winmail.dat holds a damaged RTF body'] });
  });

  test('that lies about its size costs no more than it has', () => {
    const packed = packedRtf('{\\rtf1 x}');
    packed.writeUInt32LE(0xffffffff, 4);
    expect(rtfOf(packed)).toMatchObject({ rtf: '', problems: ['the winmail.dat holds a damaged RTF body'] });
  });
});

describe('a damaged winmail.dat', () => {
  const whole = tnefFile(
    attribute('subject', 'About Bob\0'),
    attribute('properties', properties({ id: 0x1000, as: 'unicode', value: 'the body' })),
    begins,
    attribute('title', 'a.txt\0'),
    attribute('data', 'octets'),
  );

  test('says so wherever it is cut, and gives what came before', () => {
    // An attribute may end anywhere after its level octet; whole ones leave nothing to complain of.
    const ends = new Set<number>();
    for (let at = tnefHead.length; at < whole.length; at += 11 + whole.readUInt32LE(at + 5)) ends.add(at);
    for (let cut = 0; cut < whole.length; cut += 1) {
      const { problems } = readTnef(whole.subarray(0, cut));
      expect([cut, problems.length > 0]).toEqual([cut, !ends.has(cut)]);
    }
    expect(readTnef(whole.subarray(0, -3)).subject).toBe('About Bob');
  });

  test('says when something follows its end, unless that is nothing but zeros', () => {
    expect(readTnef(Buffer.concat([whole, Buffer.from('more')])).problems).toEqual([
      'the winmail.dat goes on after its end',
    ]);
    expect(readTnef(Buffer.concat([whole, Buffer.alloc(100)])).problems).toEqual([]);
  });

  test('with a property of unknown type, or a count that lies, is a problem', () => {
    const unknown = Buffer.from('01000000ff0f3700', 'hex');
    const endless = Buffer.from('ffffffff', 'hex');
    const manyValues = Buffer.concat([Buffer.from('010000001e103700ffffffff', 'hex'), Buffer.alloc(1_000_000)]);
    for (const table of [unknown, endless, manyValues]) {
      expect(readTnef(tnefFile(attribute('properties', table))).problems).not.toEqual([]);
    }
  });

  test('of too many attachments is a problem', () => {
    const many = Array.from({ length: 5_000 }, () => begins);
    const read = readTnef(tnefFile(...many));
    expect(read.attachments.length).toBe(2_000);
    expect(read.problems).toEqual(['the winmail.dat holds more than 2000 attachments']);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const broken = Buffer.from(whole);
        for (const [at, octet] of changes) broken[at] = octet;
        readTnef(broken);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (octets) => void readTnef(Buffer.concat([tnefHead, octets]))));
  });
});

const corpus = new URL('../../../shared/corpora/mimekit/UnitTests/TestData/tnef/', import.meta.url);

describe.skipIf(!existsSync(corpus))('real winmail.dat', () => {
  const names = existsSync(corpus) ? readdirSync(corpus) : [];
  const file = (name: string): Buffer => readFileSync(new URL(name, corpus));
  const lists = names.filter((name) => name.endsWith('.list') && names.includes(name.replace('.list', '.tnef')));

  test('there are some', () => expect(lists.length).toBeGreaterThan(5));

  test.each(lists)('%s is what comes out', (list) => {
    const read = readTnef(file(list.replace('.list', '.tnef')));
    const wanted = file(list)
      .toString()
      .split('\n')
      .filter((name) => name !== '' && name !== 'body.rtf');
    expect(read.attachments.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
    expect(read.rtf !== '').toBe(file(list).includes('body.rtf'));
    expect(read.problems).toEqual([]);
  });

  const extracted = names.filter((name) => names.includes(`${name}.tnef`));
  test.each(extracted)('what lies in %s is what comes out, octet by octet', (folder) => {
    const read = readTnef(file(`${folder}.tnef`));
    const lineEnds = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1').replaceAll('\r\n', '\n');
    const got = new Map(read.attachments.map(({ name, octets }) => [name, lineEnds(octets)]));
    got.set('message.rtf', lineEnds(Buffer.from(read.rtf, 'latin1')));
    for (const name of readdirSync(new URL(`${folder}/`, corpus))) {
      if (!got.has(name)) continue;
      expect([name, got.get(name)]).toEqual([name, lineEnds(file(`${folder}/${name}`))]);
    }
  });
});
