import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, occurrences, standsIn, without } from '../../src/policy/keyword.ts';

/** Subject keywords: found however they are typed, not found in other words, and taken out without a trace. */

function strip(subject: string, ...keywords: string[]): string | null {
  const folded = fold(subject);
  const spans = keywords.flatMap((keyword) => occurrences(folded, fold(keyword).text));
  for (const keyword of keywords) {
    const { text } = fold(keyword);
    expect(standsIn(folded.text, text), keyword).toBe(occurrences(folded, text).length > 0);
  }
  return spans.length === 0 ? null : without(subject, spans);
}

describe('a keyword is found and taken out', () => {
  test.each([
    ['[secure] Results', '[secure]', 'Results'],
    ['Results [SECURE]', '[secure]', 'Results'],
    ['RE: [Secure] Results', '[secure]', 'RE: Results'],
    ['AW: RE: FW: [secure]Results', '[secure]', 'AW: RE: FW: Results'],
    ['Re:[secure]Results', '[secure]', 'Re:Results'],
    ['[secure] RE: [secure] Results [secure]', '[secure]', 'RE: Results'],
    ['[ secure ] Results', '[secure]', 'Results'],
    ['［ＳＥＣＵＲＥ］Results', '[secure]', 'Results'],
    ['[se\u00adcu\u200bre] Results', '[secure]', 'Results'],
    ['my results +encrypt+ today', '+encrypt+', 'my results today'],
    ['results+encrypt+today', '+encrypt+', 'results today'],
    ['secure Results', 'secure', 'Results'],
    ['Results, secure', 'secure', 'Results,'],
    ['[secure]', '[secure]', ''],
    ['  [secure]   Two   spaces', '[secure]', 'Two   spaces'],
    ['[vertraulich für Ärzte] x', '[VERTRAULICH FÜR ÄRZTE]', 'x'],
    ['[vertraulich fu\u0308r A\u0308rzte] x', '[vertraulich für ärzte]', 'x'],
    ['GROẞ x', 'gross', 'x'],
    ['𝐬𝐞𝐜𝐮𝐫𝐞 x 𝐬𝐞𝐜𝐮𝐫𝐞', 'secure', 'x'],
    ['two  words here', 'two words', 'here'],
    ['😀 [secure] 😀', '[secure]', '😀 😀'],
    ['[secure]: Results', '[secure]', 'Results'],
    ['RE: [secure] - Results', '[secure]', 'RE: Results'],
    ['RE:[secure]- Results', '[secure]', 'RE: Results'],
    ['Results - [secure]', '[secure]', 'Results'],
    ['Results | [secure] | Q3', '[secure]', 'Results | Q3'],
    ['Results - [secure] Q3', '[secure]', 'Results - Q3'],
    ['Results [secure] - Q3', '[secure]', 'Results - Q3'],
    ['[secure] - [portal]: x', '[secure]', '[portal]: x'],
    ['[secure] -1 degrees', '[secure]', '-1 degrees'],
    ['Re: [secure]', '[secure]', 'Re:'],
    ['[secure] -', '[secure]', ''],
    ['[EXTERNAL][secure][JIRA-1] Results', '[secure]', '[EXTERNAL][JIRA-1] Results'],
    ['[EXTERNAL] [Secure] RE: Results', '[secure]', '[EXTERNAL] RE: Results'],
    ['Ｒｅ：[secure]\u00a0Results', '[secure]', 'Ｒｅ： Results'],
    ['[secure\u00a0] Results', '[secure]', 'Results'],
    ['[\u200esecure\u200f] Results', '[secure]', 'Results'],
    ['【secure】 Results', '【secure】', 'Results'],
  ])('%s', (subject, keyword, expected) => {
    expect(strip(subject, keyword)).toBe(expected);
  });

  test('two keywords that overlap or stand side by side', () => {
    expect(strip('[secure] [portal] x', '[secure]', '[portal]')).toBe('x');
    expect(strip('a two words b', 'two words', 'words')).toBe('a b');
  });
});

describe('not found', () => {
  test.each([
    ['insecure', 'secure'],
    ['secured', 'secure'],
    ['secure2', 'secure'],
    ['[secure', '[secure]'],
    ['secure', '[secure]'],
    ['', '[secure]'],
    ['[s ecure]', '[secure]'],
    ['{secure}', '[secure]'],
    ['[secrue]', '[secure]'],
  ])('%s', (subject, keyword) => {
    expect(strip(subject, keyword)).toBeNull();
  });
});

test('wherever it is put between words, it is found, and afterwards it is gone', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => text !== 'secure');
  fc.assert(
    fc.property(fc.array(word), fc.array(word), (before, after) => {
      const rest = [...before, ...after].join(' ');
      expect(strip([...before, '[Secure]', ...after].join(' '), '[secure]')).toBe(rest);
    }),
  );
});

test('any text folds, its places lie inside it, and what is found can be removed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const folded = fold(text);
      expect(folded.starts).toHaveLength(folded.text.length);
      expect(folded.ends).toHaveLength(folded.text.length);
      for (const end of folded.ends) expect(end).toBeLessThanOrEqual(text.length);
      if (folded.text !== '') expect(occurrences(folded, folded.text)).toHaveLength(1);
    }),
  );
});
