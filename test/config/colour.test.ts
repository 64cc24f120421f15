/** Whether colours can be read, against known values, and that the nearest one can. */
import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { contrast, inkOn, nearestReadable, readable, readColour, surfaces } from '../../src/config/colour.ts';

test.each([
  // Computed with the formula of WCAG 2.2 by others: WebAIM's contrast checker.
  ['#000000', '#ffffff', 21],
  ['#777777', '#ffffff', 4.48],
  ['#767676', '#ffffff', 4.54],
  ['#0000ff', '#ffffff', 8.59],
  ['#ff0000', '#ffffff', 4],
  ['#1f4b99', '#1f4b99', 1],
])('%s on %s', (one, other, ratio) => {
  expect(contrast(one, other)).toBeCloseTo(ratio, 1);
  expect(contrast(other, one)).toBe(contrast(one, other));
});

test.each([
  ['#ABC', '#aabbcc'],
  ['#1F4b99', '#1f4b99'],
  ['1f4b99', null],
  ['#1f4b9', null],
  ['#1f4b9g', null],
  ['red', null],
  ['#fff;}body{display:none', null],
])('%j is %s', (text, colour) => {
  expect(readColour(text)).toBe(colour);
});

const colours = integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

test('from any colour the nearest that can be read can be read, and one that can stays', () => {
  assert(
    property(colours, (colour) => {
      for (const theme of ['light', 'dark'] as const) {
        const near = nearestReadable(colour, theme);
        expect(contrast(near, surfaces[theme])).toBeGreaterThanOrEqual(readable);
        if (contrast(colour, surfaces[theme]) >= readable) expect(near).toBe(colour);
        // What stands on a button in it can be read as well.
        expect(contrast(inkOn(near), near)).toBeGreaterThanOrEqual(readable);
      }
    }),
    { numRuns: 500 },
  );
});

test('the nearest colour is hardly past the edge, and keeps its hue', () => {
  expect(contrast(nearestReadable('#ffcc00', 'light'), surfaces.light)).toBeLessThan(4.7);
  expect(nearestReadable('#ff0000', 'light')).toMatch(/^#[b-e][0-9a-f][0-2]/);
});
