import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Probe, ProbePlace } from '../../src/policy/detection.ts';
import { fold } from '../../src/policy/keyword.ts';
import { type ProbeText, probeCounter } from '../../src/policy/probe.ts';

/** Probes: the texts a policy asks for, counted by distinct values over all pieces of a message. */

function probe(place: ProbePlace, terms: readonly string[], patterns: readonly string[] = []): Probe {
  return { id: 'p', place, terms: terms.map((term) => fold(term).text), patterns };
}

function count(asked: Probe, ...pieces: readonly ProbeText[]): number | undefined {
  const counter = probeCounter([asked]);
  for (const piece of pieces) counter.look(piece);
  return counter.counts()['p'];
}

const body = (text: string, part = '1'): ProbeText => ({ part, place: 'body', text });
const attachment = (text: string): ProbeText => ({ part: '2', place: 'attachment', text });
const subject = (text: string): ProbeText => ({ part: 'subject', place: 'subject', text });
const fileNames = (text: string): ProbeText => ({ part: 'file names', place: 'fileNames', text });

describe('terms and patterns', () => {
  test.each<[string, Probe, number]>([
    ['The Merger of MERGER & Sons', probe('body', ['merger']), 1],
    ['mergers', probe('body', ['merger']), 0],
    ['project  ＸＹＺ', probe('body', ['Project xyz']), 1],
    ['alpha beta', probe('body', ['alpha', 'beta', 'gamma']), 2],
    ['PRJ-1 PRJ-2 PRJ-1', probe('body', [], ['PRJ-\\d+']), 2],
    ['prj-1', probe('body', [], ['PRJ-\\d+']), 0],
    ['PRJ-1', probe('body', [], ['PRJ-\\d+', '[A-Z]+-1']), 1],
    ['abc', probe('body', [], ['x*']), 0],
    ['', probe('body', ['x'], ['x']), 0],
  ])('%s', (text, asked, expected) => {
    expect(count(asked, body(text))).toBe(expected);
  });

  test('the same value in two pieces counts once, another one more', () => {
    const asked = probe('body', [], ['PRJ-\\d+']);
    expect(count(asked, body('PRJ-1 PRJ-2'), body('PRJ-2 PRJ-3'), body('PRJ-3', '2'))).toBe(3);
  });

  test('there is an end to counting', () => {
    const text = Array.from({ length: 5000 }, (_, at) => `PRJ-${at}`).join(' ');
    expect(count(probe('body', [], ['PRJ-\\d+']), body(text))).toBe(1000);
  });
});

describe('places', () => {
  const pieces = [subject('x1'), fileNames('x2'), body('x3'), attachment('x4')];
  test.each<[ProbePlace, number]>([
    ['body', 1],
    ['attachments', 1],
    ['everywhere', 4],
    ['firstLine', 1],
  ])('%s', (place, expected) => {
    expect(count(probe(place, [], ['x\\d']), ...pieces)).toBe(expected);
  });

  test.each<[readonly ProbeText[], number]>([
    [[body('\r\n \u00a0\r\n [secure]\r\nx')], 1],
    [[body('\ufeff\u200b\r\n\u00ad \r\n[secure]')], 1],
    [[body('Hello\r\n[secure]')], 0],
    [[body('Hello'), body('[secure]')], 0],
    [[body('\r\n\r\n'), body('[secure]')], 1],
    [[body('Hello', '1.1'), body('[secure] Hello', '1.2')], 1],
    [[subject('[secure]'), attachment('[secure]')], 0],
    [[body(`${'x'.repeat(5000)}[secure]`)], 0],
  ])('the first line with anything in it: %j', (texts, expected) => {
    expect(count(probe('firstLine', ['[secure]']), ...texts)).toBe(expected);
  });
});

test('every probe has a count, and counts do not mix', () => {
  const ask = (id: string, term: string): Probe => ({ id, place: 'body', terms: [term], patterns: [] });
  const counter = probeCounter([ask('a', 'alpha'), ask('b', 'beta')]);
  expect(counter.counts()).toEqual({ a: 0, b: 0 });
  counter.look(body('alpha'));
  expect(counter.counts()).toEqual({ a: 1, b: 0 });
  expect(() => probeCounter([probe('body', [], ['('])])).toThrow(TypeError);
});

test('how a text is cut between words does not matter', () => {
  const word = fc.constantFrom('alpha', 'beta', 'PRJ-1', 'PRJ-22', 'noise');
  fc.assert(
    fc.property(fc.array(word), fc.array(word), (before, after) => {
      const asked = probe('body', ['alpha', 'beta'], ['PRJ-\\d+']);
      const whole = count(asked, body([...before, ...after].join(' ')));
      expect(count(asked, body(before.join(' ')), body(after.join(' ')))).toBe(whole);
      expect(whole).toBe(new Set([...before, ...after].filter((each) => each !== 'noise')).size);
    }),
  );
});
