/**
 * How well near misses of keywords are told from ordinary subjects: `node test/bench/near-miss.ts`. Prints precision and recall on the
 * half of the table that tuning looked at and on the half it did not; with `--mistakes` also which subjects of the first half went wrong.
 */
import { type Half, labelled, score } from '../policy/near-miss-table.ts';

const halves: readonly Half[] = ['tuning', 'measuring'];
for (const half of halves) {
  const table = labelled(half);
  const meant = table.filter((each) => each.meant).length;
  const { precision, recall, missed, alarmed } = score(table);
  process.stdout.write(
    `${half.padEnd(10)} ${meant} near misses, ${table.length - meant} ordinary subjects: ` +
      `precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}\n`,
  );
  if (half === 'tuning' && process.argv.includes('--mistakes')) {
    for (const subject of missed) process.stdout.write(`  missed       ${subject}\n`);
    for (const subject of alarmed) process.stdout.write(`  false alarm  ${subject}\n`);
  }
}
