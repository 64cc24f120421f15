/**
 * What the detectors find and what they leave alone: our own table always, the labelled sets where they are at hand.
 */
import { describe, expect, test } from 'vitest';
import { detectorKinds } from '../../../src/policy/detection.ts';
import { negatives, positives } from './cases.ts';
import {
  contextSentences,
  detected,
  haveCorpora,
  named,
  objection,
  ownScores,
  precision,
  recall,
  recogniserCases,
  type Scores,
  score,
  syntheticSentences,
} from './truth.ts';

const floors = { recall: 0.95, precision: 0.9 };

function expectFloors(scores: Scores): void {
  const below = [...scores].filter(([, each]) => recall(each) < floors.recall || precision(each) < floors.precision);
  expect(below.flatMap(([, { failures }]) => failures)).toEqual([]);
}

describe('our own table', () => {
  test.for(positives)('%s', ([text, counts]) => {
    const wanted = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    expect(detected(text)).toEqual(wanted);
  });

  test.for(negatives)('nothing in: %s', (text) => {
    expect(detected(text)).toEqual({});
  });

  test('has cases of every kind and keeps the floors', () => {
    const kinds = new Set(positives.flatMap(([, counts]) => Object.keys(counts)));
    expect([...kinds].toSorted()).toEqual(Object.keys(detectorKinds).toSorted());
    expectFloors(ownScores());
  });
});

describe.skipIf(!haveCorpora)('the labelled sets', () => {
  test('recogniser cases and context sentences keep the floors', () => {
    const cases = [...recogniserCases(), ...contextSentences()];
    expect(cases.length).toBeGreaterThan(400);
    expectFloors(score(cases.filter((each) => objection(each) === null).map(named)));
  });

  test('as written, kinds that need no word near keep the floors too', () => {
    const needsWord = new Set(['passport', 'driverLicence', 'ssn', 'itin', 'itFiscalCode']);
    expectFloors(score([...recogniserCases(), ...contextSentences()].filter(({ kind }) => !needsWord.has(kind))));
  });

  test('synthetic sentences keep the floors', () => {
    expectFloors(score(syntheticSentences()));
  });
});
