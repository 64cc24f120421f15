import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FrameSealer,
  frameSize,
  lastFrame,
  newDataKey,
  openFrame,
  openText,
  SealBroken,
  sealedFrameSize,
  sealedSize,
  sealText,
  unwrapKey,
  wrapKey,
} from '../../src/protect/seal.ts';

function seal(key: Buffer, id: string, plain: Buffer, cuts: readonly number[] = []): Buffer[] {
  const sealer = new FrameSealer(key, id);
  const frames: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts.map((each) => each % (plain.length + 1)).sort((a, b) => a - b), plain.length]) {
    frames.push(...sealer.push(plain.subarray(at, cut)));
    at = cut;
  }
  return [...frames, sealer.end()];
}

const open = (key: Buffer, id: string, frames: readonly Buffer[], last = frames.length - 1): Buffer =>
  Buffer.concat(frames.map((frame, index) => openFrame(key, id, index, index === last, frame)));

const sizes = fc.oneof(
  fc.constantFrom(0, 1, frameSize - 1, frameSize, frameSize + 1, 2 * frameSize, 2 * frameSize + 1, 3 * frameSize),
  fc.nat(3 * frameSize),
);

describe('frames', () => {
  test('open again to the same octets, however the writer cut them, at the size foretold', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { maxLength: 8 }), (size, cuts) => {
        const key = newDataKey();
        const plain = randomBytes(size);
        const frames = seal(key, 'blob', plain, cuts);
        expect(open(key, 'blob', frames).equals(plain)).toBe(true);
        expect(frames.length - 1).toBe(lastFrame(size));
        expect(Buffer.concat(frames).length).toBe(sealedSize(size));
        expect(frames.slice(0, -1).every((frame) => frame.length === sealedFrameSize)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('do not open with any bit changed', () => {
    const key = newDataKey();
    const [frame = Buffer.alloc(0)] = seal(key, 'blob', randomBytes(500));
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(7), (octet, bit) => {
        const tampered = Buffer.from(frame);
        tampered[octet] = (tampered[octet] ?? 0) ^ (1 << bit);
        expect(() => openFrame(key, 'blob', 0, true, tampered)).toThrow(SealBroken);
      }),
    );
  });

  test('do not open in another place, of another blob, under another key, or cut short', () => {
    const key = newDataKey();
    const frames = seal(key, 'blob', randomBytes(3 * frameSize));
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), third = Buffer.alloc(0)] = frames;
    const broken: (() => unknown)[] = [
      () => open(key, 'blob', [second, first, third]),
      () => open(key, 'blob', [first, second]),
      () => open(key, 'blob', [first, third]),
      () => open(key, 'blob', [first, first, third]),
      () => open(key, 'blob', [...frames, third]),
      () => open(key, 'other', frames),
      () => open(newDataKey(), 'blob', frames),
      () => openFrame(key, 'blob', 1, false, second.subarray(0, -1)),
      () => openFrame(key, 'blob', 1, false, Buffer.concat([second, Buffer.alloc(1)])),
      () => openFrame(key, 'blob', 1, false, Buffer.alloc(0)),
    ];
    for (const attempt of broken) expect(attempt).toThrow(SealBroken);
  });

  test('open one by one, which is what reading a range needs', () => {
    const key = newDataKey();
    const plain = randomBytes(2 * frameSize + 10);
    const all = Buffer.concat(seal(key, 'blob', plain));
    const at = (index: number) => all.subarray(index * sealedFrameSize, (index + 1) * sealedFrameSize);
    expect(openFrame(key, 'blob', 1, false, at(1)).equals(plain.subarray(frameSize, 2 * frameSize))).toBe(true);
    expect(openFrame(key, 'blob', 2, true, at(2)).equals(plain.subarray(2 * frameSize))).toBe(true);
  });
});

describe('wrapped keys and sealed texts', () => {
  const master = randomBytes(32);

  test('open again in their place only', () => {
    const key = newDataKey();
    const wrapped = wrapKey(master, key, 'blob');
    expect(unwrapKey(master, wrapped, 'blob').equals(key)).toBe(true);
    expect(wrapped).toMatch(/^v1\.[\w-]+$/);
    expect(() => unwrapKey(master, wrapped, 'other')).toThrow(SealBroken);
    expect(() => unwrapKey(randomBytes(32), wrapped, 'blob')).toThrow(SealBroken);
    expect(() => openText(master, wrapped, 'blob')).toThrow(SealBroken);
    expect(wrapKey(master, key, 'blob')).not.toBe(wrapped);
  });

  test('carry any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, context) => {
        expect(openText(master, sealText(master, text, context), context)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test('answer damage with SealBroken', () => {
    const sealed = sealText(master, 'facts', 'here');
    for (const bad of ['', 'v1.', 'v2.AAAA', sealed.slice(0, -4), `${sealed}AAAA`, sealed.replace('v1.', 'v9.')]) {
      expect(() => openText(master, bad, 'here')).toThrow(SealBroken);
    }
  });
});
