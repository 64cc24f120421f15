import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Spool, SpoolRef } from '../../src/spool/spool.ts';
import { eachMedium } from './media.ts';

const frame = 65_536;

async function put(spool: Spool, octets: Uint8Array, chunk = 10_000): Promise<SpoolRef> {
  const writer = await spool.create();
  for (let from = 0; from < octets.length; from += chunk) await writer.write(octets.subarray(from, from + chunk));
  return await writer.commit();
}

async function get(spool: Spool, ref: SpoolRef, range?: { start: number; end: number }): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of spool.read(ref, range)) pieces.push(piece);
  return Buffer.concat(pieces);
}

eachMedium((medium) => {
  test.each([0, 1, frame - 1, frame, frame + 1, 2 * frame, 10 * frame + 77])(
    'gives back %i octets, now and after a restart',
    async (size) => {
      await using opened = await medium.open();
      const octets = randomBytes(size);
      const ref = await put(opened.spool, octets, 7_777);
      expect(ref.size).toBe(size);
      expect(await get(opened.spool, ref)).toEqual(octets);
      expect(await get(await opened.again(), ref)).toEqual(octets);
    },
  );

  test('gives any range as a slice of the whole', async () => {
    await using opened = await medium.open();
    const octets = randomBytes(3 * frame + 1_234);
    const ref = await put(opened.spool, octets);
    const place = fc.integer({ min: 0, max: octets.length + 10 });
    const edge = fc.constantFrom(
      0,
      frame - 1,
      frame,
      frame + 1,
      2 * frame,
      3 * frame,
      octets.length - 1,
      octets.length,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(place, edge), fc.oneof(place, edge), async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(await get(opened.spool, ref, { start, end })).toEqual(octets.subarray(start, end));
      }),
      { numRuns: 60 },
    );
  });

  test('can be left in the middle of reading', async () => {
    await using opened = await medium.open();
    const ref = await put(opened.spool, randomBytes(20 * frame));
    for await (const piece of opened.spool.read(ref)) {
      expect(piece.length).toBe(frame);
      break;
    }
  });

  test('nothing at rest is in the clear, and two blobs of the same octets share none', async () => {
    await using opened = await medium.open();
    const secret = Buffer.from('the patient is called Canary Wharf '.repeat(5_000));
    await put(opened.spool, secret);
    await put(opened.spool, secret);
    const [one, two] = [...(await opened.atRest()).values()];
    if (one === undefined || two === undefined) throw new Error('two blobs were expected');
    expect(one.length).toBeGreaterThan(secret.length);
    expect(one.includes('Canary')).toBe(false);
    expect(one.subarray(0, 16).equals(two.subarray(0, 16))).toBe(false);
  });

  test('what was tampered with, cut, mixed up, lost or sealed under another key rejects', async () => {
    await using opened = await medium.open();
    const { spool } = opened;
    const octets = randomBytes(2 * frame + 500);
    const ref = await put(spool, octets);
    const other = await put(spool, octets);
    const good = (await opened.atRest()).get(ref.id);
    const foreign = (await opened.atRest()).get(other.id);
    if (good === undefined || foreign === undefined) throw new Error('two blobs were expected');
    const sealed = frame + 16;
    const flipped = Buffer.from(good);
    flipped[sealed + 9] = (flipped[sealed + 9] ?? 0) ^ 1;
    const swapped = Buffer.concat([
      good.subarray(sealed, 2 * sealed),
      good.subarray(0, sealed),
      good.subarray(2 * sealed),
    ]);
    const broken: Buffer[] = [
      flipped,
      swapped,
      foreign,
      good.subarray(0, good.length - 1),
      good.subarray(0, 2 * sealed),
      good.subarray(0, sealed),
      Buffer.alloc(good.length),
    ];
    for (const octetsAtRest of broken) {
      await opened.overwrite(ref.id, octetsAtRest);
      await expect(get(spool, ref)).rejects.toThrow();
    }
    await opened.overwrite(ref.id, good);
    expect(await get(spool, ref)).toEqual(octets);
    // The row's size is part of what must agree.
    await expect(get(spool, { ...ref, size: ref.size - 1 })).rejects.toThrow();
    await expect(get(spool, { ...ref, size: frame })).rejects.toThrow();
    await expect(get(spool, { ...ref, wrappedKey: other.wrappedKey })).rejects.toThrow();
    await expect(get(spool, { ...ref, wrappedKey: '' })).rejects.toThrow();
    await expect(get(await opened.again(randomBytes(32)), ref)).rejects.toThrow();
    await spool.remove(ref.id);
    await expect(get(spool, ref)).rejects.toThrow();
  });

  test('a flaw behind the range that is read does not matter, one within does', async () => {
    await using opened = await medium.open();
    const octets = randomBytes(3 * frame);
    const ref = await put(opened.spool, octets);
    const flawed = (await opened.atRest()).get(ref.id);
    if (flawed === undefined) throw new Error('a blob was expected');
    flawed[2 * (frame + 16) + 5] = (flawed[2 * (frame + 16) + 5] ?? 0) ^ 1;
    await opened.overwrite(ref.id, flawed);
    expect(await get(opened.spool, ref, { start: 0, end: 2 * frame })).toEqual(octets.subarray(0, 2 * frame));
    await expect(get(opened.spool, ref, { start: 2 * frame, end: 2 * frame + 1 })).rejects.toThrow();
  });

  test('what is aborted or removed leaves nothing, and may be so twice', async () => {
    await using opened = await medium.open();
    const { spool } = opened;
    const [small, large, untouched] = [await spool.create(), await spool.create(), await spool.create()];
    await small.write(randomBytes(100));
    await large.write(randomBytes(15 * frame));
    for (const writer of [small, large, untouched]) {
      await writer.abort();
      await writer.abort();
    }
    const ref = await put(spool, randomBytes(3 * frame));
    await spool.remove(ref.id);
    await spool.remove(ref.id);
    expect(await opened.atRest()).toEqual(new Map());
  });

  test('an abort in the middle of a write waits for it, and nothing is written afterwards', async () => {
    await using opened = await medium.open();
    for (let round = 0; round < 10; round++) {
      const writer = await opened.spool.create();
      const writes = Array.from({ length: 5 }, () => writer.write(randomBytes(5 * frame)));
      const results = Promise.allSettled(writes);
      // What is opened next must not get what was meant for the one that is given up.
      const aborted = writer.abort();
      const octets = randomBytes(frame * 2);
      const ref = await put(opened.spool, octets);
      await aborted;
      await results;
      await expect(writer.write(randomBytes(1))).rejects.toThrow();
      await expect(writer.commit()).rejects.toThrow();
      expect(await get(opened.spool, ref)).toEqual(octets);
      await opened.spool.remove(ref.id);
    }
    expect(await opened.atRest()).toEqual(new Map());
  });

  test('many at the same time', async () => {
    await using opened = await medium.open();
    const blobs = Array.from({ length: 60 }, (_, index) => randomBytes(index * 3_001));
    const refs = await Promise.all(blobs.map((octets) => put(opened.spool, octets)));
    expect(new Set(refs.map((ref) => ref.id)).size).toBe(60);
    for (const [index, ref] of refs.entries()) expect(await get(opened.spool, ref)).toEqual(blobs[index]);
  });

  test('sweeps what no row names, when it is old enough', async () => {
    await using opened = await medium.open();
    const { spool } = opened;
    const [named, stray] = [await put(spool, randomBytes(10)), await put(spool, randomBytes(2 * frame))];
    const unfinished = await spool.create();
    await unfinished.write(randomBytes(9 * frame));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const young = await put(spool, randomBytes(10));
    const asked: string[] = [];
    const known = async (ids: readonly string[]) => {
      asked.push(...ids);
      return new Set([named.id]);
    };
    expect(await spool.sweep(known, now - 1_000)).toBe(0);
    expect(asked).toEqual([]);
    expect(await spool.sweep(known, now)).toBe(2);
    expect(asked).toContain(stray.id);
    expect([...(await opened.atRest()).keys()].sort()).toEqual([named.id, young.id].sort());
    await unfinished.abort();
  });

  test('takes no more memory for a large blob than for a small one', async () => {
    await using opened = await medium.open();
    // 190 MiB; what the process grows by besides (garbage, the database's caches) is well below half of that.
    const frames = 3_000;
    const chunk = randomBytes(frame);
    const before = process.memoryUsage().rss;
    const writer = await opened.spool.create();
    for (let index = 0; index < frames; index++) await writer.write(chunk);
    const ref = await writer.commit();
    let octets = 0;
    for await (const piece of opened.spool.read(ref)) octets += piece.length;
    expect(octets).toBe(frames * frame);
    expect(process.memoryUsage().rss - before).toBeLessThan(110 * 2 ** 20);
  });
});
