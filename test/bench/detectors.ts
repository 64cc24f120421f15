/**
 * `npm run bench -- detectors [--mistakes]`: how well and how fast the detectors work.
 *
 * Precision and recall of each kind on the labelled texts (test/scan/detect/truth.ts says how they are counted), then what the detectors find in
 * the real mail of the corpora, then processor time on hostile texts of growing size: it should double with the size.
 */
import { Detection } from '../../src/scan/detect/detect.ts';
import { hostileTexts } from '../scan/detect/hostile.ts';
import { mailTexts } from '../scan/detect/mail.ts';
import {
  contextSentences,
  haveCorpora,
  type Labelled,
  named,
  objection,
  ownScores,
  precision,
  recall,
  recogniserCases,
  type Score,
  type Scores,
  score,
  syntheticSentences,
} from '../scan/detect/truth.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const mistakes = process.argv.includes('--mistakes');

if (haveCorpora) {
  const recognisers = [...recogniserCases(), ...contextSentences()];
  report('Presidio recogniser cases, as written', score(recognisers));
  report(
    'Presidio recogniser cases, named, without labels that go against the rules',
    score(rulesKept(recognisers).map(named)),
  );
  report('presidio-research, synthetic sentences', score(syntheticSentences()));
}
report('our own table (test/scan/detect/cases.ts)', ownScores());
if (haveCorpora) await reportMail();
reportGrowth();

function rulesKept(cases: readonly Labelled[]): Labelled[] {
  print('\nLabels left out of the named count:');
  for (const reason of new Set(cases.map(objection).filter((found) => found !== null))) print(`  ${reason}`);
  return cases.filter((each) => objection(each) === null);
}

function report(title: string, scores: Scores): void {
  print(`\n${title}\n  ${'kind'.padEnd(18)} values  recall  precision   right  missed  wrong`);
  for (const [kind, each] of scores) print(`  ${kind.padEnd(18)}${row(each)}`);
  if (mistakes) for (const { failures } of scores.values()) for (const failure of failures) print(`    ${failure}`);
}

function row(score: Score): string {
  const { right, wrong, missed } = score;
  const shares = `${recall(score).toFixed(3)}  ${precision(score).toFixed(3)}`;
  return `${String(right + missed).padStart(6)}   ${shares}    ${[right, missed, wrong].map((n) => String(n).padStart(6)).join('  ')}`;
}

async function reportMail(): Promise<void> {
  const counts = new Map<string, { messages: number; values: number }>();
  let messages = 0;
  for await (const { text } of mailTexts()) {
    messages++;
    const detection = new Detection([]);
    detection.add({ part: '1', place: 'body', text });
    for (const { kind, count } of detection.end().findings) {
      const sum = counts.get(kind) ?? { messages: 0, values: 0 };
      counts.set(kind, { messages: sum.messages + 1, values: sum.values + count });
    }
  }
  print(`\nFound in ${messages} real messages (bounces, mailing lists, test messages of mail libraries):`);
  for (const [kind, sum] of counts) print(`  ${kind.padEnd(18)} ${sum.values} values in ${sum.messages} messages`);
}

function reportGrowth(): void {
  print('\nProcessor time in ms for 1, 2 and 4 MB, and how it grew from 2 to 4 MB:');
  for (const [name, make] of Object.entries(hostileTexts)) {
    const times = [1, 2, 4].map((megabytes) => cpuTime(make(megabytes * 1_000_000)));
    const growth = (times[2] ?? 0) / (times[1] ?? 1);
    print(`  ${name.padEnd(24)} ${times.map((ms) => ms.toFixed(0).padStart(6)).join('')}   x ${growth.toFixed(1)}`);
  }
}

/** In pieces, as extraction gives them. */
function cpuTime(text: string): number {
  const detection = new Detection([]);
  const started = process.cpuUsage();
  for (let at = 0; at < text.length; at += 262_144)
    detection.add({ part: '1', place: 'body', text: text.slice(Math.max(0, at - 512), at + 262_144) });
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}
