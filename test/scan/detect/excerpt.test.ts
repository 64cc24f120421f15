/** Looking only where digits or long words stand finds what looking everywhere finds; and the words of a topic are found as one would by splitting. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findAll } from '../../../src/scan/detect/detect.ts';
import { numbersOf, tokensOf } from '../../../src/scan/detect/excerpt.ts';
import { Text } from '../../../src/scan/detect/text.ts';
import { phrases } from '../../../src/scan/detect/vocabulary.ts';
import { negatives, positives } from './cases.ts';
import { hostileTexts } from './hostile.ts';

const known = fc.constantFrom(...positives.map(([text]) => text), ...negatives);
const allPhrases = [...phrases.values()].flat();
const phrase = fc.constantFrom(...allPhrases.map((each) => each.phrase));
/** Numbers and tokens with as much as may be between the words of one, and a fiscal code without digits. */
const split = [
  'AWS secret access key  =   OIadn5rPvi2xqwHx1SSRkRXQvQMcPLPPJS46lMUE',
  'PuTTY-User-Key-File-3: ecdsa-sha2-nistp256-and-forty-characters',
  'PrivateKey   =   OIadn5rPvi2xqwHx1SSRkRXQvQMcPLPPJS46lMUEZQE=',
  'JONES 710153 J99EF',
  '4539   8657   9754   3236',
  '65 090681 B 309',
  'RSS MRA LRTLL ALLML',
];
/** What numbers and tokens are made of, whole and cut. */
const fragment = fc.oneof(
  known,
  phrase,
  known.chain((text) => fc.tuple(fc.nat(text.length), fc.nat(40)).map(([at, length]) => text.slice(at, at + length))),
  fc.stringMatching(/^[0-9]{1,6}$/),
  fc.stringMatching(/^[A-Z]{1,5}$/),
  fc.stringMatching(/^[a-z]{1,9}$/),
  fc.stringMatching(/^[-A-Za-z0-9*.:/=+_~]{1,50}$/),
  fc.stringMatching(/^([0-9]{1,3}\.){3}[0-9]{1,3}$/),
  fc.stringMatching(/^[0-9a-f]{0,4}:[:0-9a-f]{0,9}\/?$/),
  fc.stringMatching(/^[xyzXYZ] ?[0-9]{7} ?[A-Z]$/),
  fc.stringMatching(/^[A-Z]{2} [0-9]{6} [A-D]$/),
  fc.stringMatching(/^[0-9]{4} - [0-9]{4} - [0-9]{4} - [0-9]{4}$/),
  fc.stringMatching(/^[A-Za-z0-9]{40}$/),
  fc.constantFrom(...split),
);
const separator = fc.constantFrom(
  ' ',
  ' ',
  ' ',
  '',
  '-',
  '.',
  '/',
  '\n',
  '\t',
  ' - ',
  ':',
  '=',
  '_',
  "'",
  '%B',
  '診',
  '   ',
);
const gap = fc
  .nat(60)
  .map((length) => 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do'.slice(0, length));
const texts = fc
  .array(fc.tuple(fragment, separator, fc.oneof(fc.constant(''), gap)), { maxLength: 20 })
  .map((parts) => parts.flat().join(''));

function expectSame(source: string): void {
  const text = new Text(source);
  const everywhere = Object.assign(new Text(source), { numbers: text.whole, tokens: text.whole });
  expect(findAll(text)).toEqual(findAll(everywhere));
}

describe('excerpts', () => {
  test('detectors find the same in them as in the whole text', () => {
    fc.assert(fc.property(texts, expectSame), { numRuns: 2000 });
  });

  test.for(Object.entries(hostileTexts))('and in %s', ([, make]) => {
    expectSame(make(20_000));
  });

  test('hold what a pattern matches once, with its place', () => {
    const plain = `${'lorem ipsum '.repeat(20)}4711 and ${'dolor sit '.repeat(20)}42\n${'amet '.repeat(20)}`;
    const found = numbersOf(plain).find(/\d+/g);
    expect(found).toEqual([
      { written: '4711', start: plain.indexOf('4711') },
      { written: '42', start: plain.indexOf('42') },
    ]);
  });

  test('are a small part of prose', () => {
    const prose = `${'A meeting at four, and nothing else to tell. '.repeat(50)}Room 12.${' See you there, then.'.repeat(50)}`;
    expect(numbersOf(prose).plain.length).toBeLessThan(60);
    expect(tokensOf(prose).plain).toBe('');
  });
});

describe('words', () => {
  type Place = { readonly start: number; readonly end: number; readonly phrase: string };

  /** Of all phrases of the topic that begin at a word the longest, unless it begins inside the one before. */
  function bySplitting(lower: string, topic: string): Place[] {
    const words = [...lower.matchAll(/\p{L}+/gu)].map(({ 0: word, index }) => ({
      word,
      index,
      end: index + word.length,
    }));
    const places: Place[] = [];
    words.forEach(({ index: start }, at) => {
      for (const { phrase } of allPhrases.filter((each) => each.topic === topic)) {
        const wanted = phrase.split(' ');
        const there = words.slice(at, at + wanted.length);
        const end = there.at(-1)?.end ?? 0;
        const near = there.every(({ index }, n) => n === 0 || index - (there[n - 1]?.end ?? 0) <= 3);
        if (!near || there.map(({ word }) => word).join(' ') !== phrase) continue;
        const last = places.at(-1);
        if (last?.start === start && last.end < end) places[places.length - 1] = { start, end, phrase };
        else if ((last?.end ?? 0) <= start) places.push({ start, end, phrase });
      }
    });
    return places;
  }

  const between = fc.constantFrom(' ', ' ', '-', "'", ', ', '...', '....', 'é', 'я', '\n');
  const parted = fc.tuple(phrase, between).map(([words, space]) => words.replaceAll(' ', space));
  const sentences = fc
    .array(fc.tuple(fc.oneof(parted, fc.constantFrom('driver', 's', 'number', 'of', 'x', 'a'.repeat(50))), between))
    .map((parts) => parts.flat().join(''));

  test('of a topic are found where they stand', () => {
    fc.assert(
      fc.property(sentences, fc.constantFrom(...allPhrases.map(({ topic }) => topic)), (source, topic) => {
        const text = new Text(source);
        expect(text.hits(topic)).toEqual(bySplitting(text.lower, topic));
      }),
      { numRuns: 500 },
    );
  });
});
