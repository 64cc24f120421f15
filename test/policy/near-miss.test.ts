import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../../src/policy/keyword.ts';
import { nearMiss } from '../../src/policy/near-miss.ts';
import { type Half, labelled, score } from './near-miss-table.ts';

/** Near misses: what was meant as a keyword is noticed, ordinary language is left alone. */

function missed(subject: string, keyword = '[secure]'): string | null {
  const span = nearMiss(fold(subject), fold(keyword).text);
  return span === null ? null : subject.slice(span.start, span.end);
}

test.each<Half>(['tuning', 'measuring'])('on the %s half of the table nearly all are told apart', (half) => {
  const table = labelled(half);
  expect(table.filter((each) => each.meant).length).toBeGreaterThanOrEqual(75);
  expect(table.filter((each) => !each.meant).length).toBeGreaterThanOrEqual(150);
  const { precision, recall } = score(table);
  expect(precision).toBeGreaterThanOrEqual(0.95);
  expect(recall).toBeGreaterThanOrEqual(0.95);
});

describe('what was nearly the keyword is shown as it was typed', () => {
  test.each([
    ['RE: [secrue] Results', '[secure]', '[secrue]'],
    ['Results ｛Ｓｅｃｕｒｅ｝', '[secure]', '｛Ｓｅｃｕｒｅ｝'],
    ['[EXTERNAL] [secure Results', '[secure]', '[secure'],
    ['Results secure]', '[secure]', 'secure]'],
    ['Re: secure: Results', '[secure]', 'secure:'],
    ['Results - SECURE', '[secure]', ' - SECURE'],
    ['please #sеcure it', '[secure]', '#sеcure'],
    ['+encrpyt+ x', '+encrypt+', '+encrpyt+'],
    ['* secure * x', '[secure]', '* secure *'],
    ['[streng vertraulcih] x', '[streng vertraulich]', '[streng vertraulcih]'],
    ['[секртено] x', '[секретно]', '[секртено]'],
    ['[機密 ] x', '{機密}', '[機密 ]'],
    ['{vip} x', '[vip]', '{vip}'],
  ])('%s', (subject, keyword, expected) => {
    expect(missed(subject, keyword)).toBe(expected);
  });
});

describe('no near miss', () => {
  test.each([
    ['[secure] Results', '[secure]'],
    ['[SECURE] and [secrue]', '[secure]'],
    ['[vap] x', '[vip]'],
    ['[Cifras] mayo', '[cifrar]'],
    ['[Confidence] x', '[confidential]'],
    ['secrue', '[secure]'],
    ['', '[secure]'],
    ['[]', '[]'],
    ['{} ()', '[secure]'],
  ])('%s', (subject, keyword) => {
    expect(missed(subject, keyword)).toBeNull();
  });
});

test('whatever the text, the place lies inside it', () => {
  const mixed = fc.array(
    fc.constantFrom('[', ']', '(', '{', '*', '-', ':', ' ', 'secure', 'secrue', '8', 'é', '\u0301', '😀', 'x'),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        mixed.map((parts) => parts.join('')),
      ),
      (subject) => {
        const span = nearMiss(fold(subject), '[secure]');
        if (span === null) return;
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeGreaterThan(span.start);
        expect(span.end).toBeLessThanOrEqual(subject.length);
      },
    ),
  );
});

test('one letter of the word swapped, left out or doubled in its tag is always noticed', () => {
  const at = fc.integer({ min: 1, max: 5 });
  const word = 'encrypt';
  const slip = fc.oneof(
    at.map((index) => word.slice(0, index) + word.charAt(index + 1) + word.charAt(index) + word.slice(index + 2)),
    at.map((index) => word.slice(0, index) + word.slice(index + 1)),
    at.map((index) => word.slice(0, index) + word.charAt(index) + word.slice(index)),
  );
  fc.assert(
    fc.property(slip, fc.constantFrom('[%]', '{%}', '<%>', '+%+', '#%', '*%*'), (typed, tag) => {
      const mark = tag.replace('%', typed);
      expect(missed(`Results ${mark} x`, '[encrypt]')).toBe(mark);
    }),
  );
});

test('a subject made to be slow is looked at only as far as people type', () => {
  for (const part of ['[', '[secrue ', '- ', ':', '8secure', '[a]', '* ', '\u0301']) {
    expect(missed(part.repeat(300_000 / part.length), '[confidential]')).toBeNull();
  }
});
