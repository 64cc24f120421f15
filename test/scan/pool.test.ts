import { afterAll, describe, expect, test } from 'vitest';
import type { Probe } from '../../src/policy/detection.ts';
import { createScanPool } from '../../src/scan/pool.ts';
import { attached, jobOf, message, mixed, part, plain, scanOf, withAttachments } from './messages.ts';
import { pdfBombs } from './pdf-bombs.ts';
import { drawn, onePage, pdfFile } from './pdf-files.ts';

const mega = 1_048_576;
const secret = 'Her SSN: 536-90-4399 as agreed.';
const probe: Probe = { id: 'a'.repeat(32), place: 'everywhere', terms: ['nightjar'], patterns: [] };
const text = (octets: string | Uint8Array): ReturnType<typeof part> =>
  part('Content-Type: text/plain; charset=utf-8', octets);
const bomb = (): ReturnType<typeof part> =>
  attached(pdfBombs['forms that draw forms, twice each, thirty deep']?.() ?? '', 'application/pdf', 'a.pdf');
/** Short, so that a test need not wait. */
const quick = { time: { base: 600, perMegabyte: 0, most: 600 } };

const pool = createScanPool({ size: 2 });
afterAll(() => pool.close());

describe('a message', () => {
  test('is looked through from its subject to its last part', async () => {
    const octets = message(
      mixed(text('A nightjar sang.'), attached(secret, 'text/plain', 'a.txt')),
      'Subject: SSN 536-90-4398\r\n',
    );
    const { findings, probes, looked, blind } = await scanOf(pool, octets, [probe]);
    expect(findings.map(({ kind, part: where, count }) => [kind, where, count])).toEqual([
      ['ssn', 'subject', 1],
      ['ssn', '2', 1],
    ]);
    expect(probes).toEqual({ [probe.id]: 1 });
    expect(looked.map(({ path }) => path)).toEqual(['1', '2']);
    expect(blind).toEqual([]);
  });

  test('gets its own result, however many there are at a time', async () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const results = await Promise.all(
      numbers.map((number) => scanOf(pool, message(text(`SSN 536-90-${4000 + number}`)))),
    );
    expect(results.map(({ findings }) => findings[0]?.sample.slice(-4))).toEqual(
      numbers.map((number) => String(4000 + number)),
    );
  });

  test('that is large is found wherever it hides, and read in pieces', async () => {
    const filler = Buffer.alloc(600_000, 'All quiet on this line.\r\n');
    const octets = message(mixed(text(filler), text(Buffer.concat([filler, Buffer.from(secret)]))));
    const job = jobOf(octets);
    let largest = 0;
    const { findings, blind } = await pool.scan({
      ...job,
      read: (range) => {
        largest = Math.max(largest, range.end - range.start);
        return job.read(range);
      },
    });
    expect(findings).toMatchObject([{ kind: 'ssn', part: '2' }]);
    expect(blind).toEqual([]);
    expect(largest).toBeLessThan(filler.length);
  });

  test('is read no further where nothing can be learnt', async () => {
    const closed = Buffer.concat([Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'), Buffer.alloc(8 * mega, 7)]);
    const job = jobOf(
      withAttachments(attached(closed, 'application/vnd.rar'), attached(secret, 'text/plain', 'a.txt')),
    );
    let asked = 0;
    const { findings, blind } = await pool.scan({
      ...job,
      read: (range) => {
        asked += range.end - range.start;
        return job.read(range);
      },
    });
    expect(findings).toMatchObject([{ kind: 'ssn', part: '3' }]);
    expect(blind).toMatchObject([{ doubt: 'content', part: '2' }]);
    expect(asked).toBeLessThan(mega);
  });

  test('that cannot be read is rejected with the reason, and harms no other', async () => {
    const broken = new Error('the disk is gone');
    const job = jobOf(withAttachments(text(Buffer.alloc(mega, 'x\r\n'))));
    let reads = 0;
    const failing = pool.scan({
      ...job,
      read: (range) => {
        reads += 1;
        if (reads > 2) throw broken;
        return job.read(range);
      },
    });
    await expect(failing).rejects.toBe(broken);
    expect(await scanOf(pool, message(text(secret)))).toMatchObject({ findings: [{ kind: 'ssn' }] });
  });

  test('that is shorter than its structure says is rejected', async () => {
    const job = jobOf(message(plain));
    await expect(pool.scan({ ...job, read: async function* () {} })).rejects.toThrow('shorter than its structure');
  });
});

describe('a body', () => {
  const first: Probe = { id: 'b'.repeat(32), place: 'body', terms: ['nightjar'], patterns: [] };
  const attachment: Probe = { id: 'c'.repeat(32), place: 'attachments', terms: ['nightjar'], patterns: [] };
  const word = 'A nightjar sang.';
  const html = part('Content-Type: text/html', `<p>${word}</p>`);
  const marked = part('Content-Type: text/plain\r\nContent-Disposition: attachment', word);
  const namedText = part('Content-Type: text/plain; name="a.txt"\r\nContent-Disposition: inline', word);

  test.each([
    ['is plain text', message(text(word)), 'body'],
    ['is HTML', message(html), 'body'],
    ['is any text that is neither named nor marked', message(mixed(plain, text(word))), 'body'],
    [
      'is that of a forwarded message too',
      withAttachments(part('Content-Type: message/rfc822', message(text(word)))),
      'body',
    ],
    ['is no text marked as an attachment', message(mixed(plain, marked)), 'attachment'],
    ['is no text with a file name', message(mixed(plain, namedText)), 'attachment'],
    ['is no calendar', message(mixed(plain, part('Content-Type: text/calendar', word))), 'attachment'],
    ['is no PDF', withAttachments(attached(pdfFile(onePage(drawn(word))), 'application/pdf')), 'attachment'],
  ])('%s', async (_what, octets, place) => {
    const { probes } = await scanOf(pool, octets, [first, attachment]);
    expect(probes).toEqual({ [first.id]: place === 'body' ? 1 : 0, [attachment.id]: place === 'body' ? 0 : 1 });
  });
});

describe('a message over its limits', () => {
  const takesTooLong = { doubt: 'limits', part: '3', reason: 'looking through it takes too long' };
  const bombed = (): Buffer =>
    withAttachments(attached(secret, 'text/plain', 'a.txt'), bomb(), attached(secret, 'text/plain', 'b.txt'));

  test('of time is blind where it was, and keeps what was found before', async () => {
    const small = createScanPool({ size: 1, limits: quick });
    const { findings, probes, looked, blind } = await scanOf(small, bombed(), [probe]);
    expect(blind).toEqual([takesTooLong]);
    expect(findings).toMatchObject([{ kind: 'ssn', part: '2' }]);
    expect(probes).toEqual({ [probe.id]: 0 });
    expect(looked.map(({ path }) => path)).toEqual(['1', '2']);
    await small.close();
  });

  test('of time hurts none that wait behind it', async () => {
    const small = createScanPool({ size: 1, limits: quick });
    const results = await Promise.all(
      [bombed(), message(text(secret)), bombed(), message(text(secret))].map((octets) => scanOf(small, octets)),
    );
    expect(results.map(({ blind }) => blind)).toEqual([[takesTooLong], [], [takesTooLong], []]);
    expect(results.every(({ findings }) => findings[0]?.kind === 'ssn')).toBe(true);
    await small.close();
  });

  test('of memory outside the heap is blind', async () => {
    const small = createScanPool({ size: 1, limits: { memory: { heap: 128 * mega, outside: 24 * mega } } });
    const octets = pdfBombs['a page that unpacks twice']?.() ?? '';
    const { blind } = await scanOf(small, withAttachments(attached(octets, 'application/pdf', 'a.pdf')));
    expect(blind).toEqual([{ doubt: 'limits', part: '2', reason: 'looking through it takes too much memory' }]);
    await small.close();
  });

  test('of heap is blind, in a worker that had others before it too', async () => {
    const small = createScanPool({
      size: 1,
      limits: {
        memory: { heap: 20 * mega, outside: 128 * mega },
        time: { base: 30_000, perMegabyte: 0, most: 30_000 },
      },
    });
    const octets = pdfFile({
      ...onePage(drawn('x'), `/Annots [${'10 0 R '.repeat(60_000)}]`),
      10: '<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (note) >>',
    });
    expect(await scanOf(small, message(text(secret)))).toMatchObject({ findings: [{ kind: 'ssn' }], blind: [] });
    const { blind } = await scanOf(small, withAttachments(attached(octets, 'application/pdf', 'a.pdf')));
    expect(blind).toEqual([{ doubt: 'limits', part: '2', reason: 'looking through it takes too much memory' }]);
    expect(await scanOf(small, message(text(secret)))).toMatchObject({ findings: [{ kind: 'ssn' }], blind: [] });
    await small.close();
  });
});

describe('a pool that is closed', () => {
  test('rejects what it has and what comes', async () => {
    const small = createScanPool({ size: 1 });
    const running = scanOf(small, withAttachments(bomb()));
    const waiting = scanOf(small, message(plain));
    const outcomes = Promise.allSettled([running, waiting]);
    await small.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(scanOf(small, message(plain))).rejects.toThrow('the scan pool is closed');
  });
});
