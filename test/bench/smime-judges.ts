/**
 * `npm run bench -- smime-judges [--sizes 10000,1000000,25000000] [--only rsa]`: what is protected here, opened by every S/MIME program there is on this
 * machine, as one table: judge by kind of key by size. Ends with 1 when a cell is other than equal, octet for octet.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { issueCertificate } from '../../src/protect/issue.ts';
import { createProtectPool } from '../../src/protect/pool.ts';
import { cases, createJudges, createPeople, make, openAll } from '../peers/smime-judges.ts';

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '10000,1000000,25000000' }, only: { type: 'string', default: '' } },
});
const folder = mkdtempSync(join(tmpdir(), 'postern-judges-'));
const authority = issueCertificate({ subject: 'Judges CA', ca: true, keyType: 'rsa2048' });
const people = createPeople(folder, authority);
const { judges, stop } = createJudges(folder, authority);
const ownKeys = randomBytes(32);
const pool = createProtectPool({ ownKeys });
const sizes = values.sizes.split(',').map(Number);
const notes = new Set<string>();

say(['', ...judges.map(({ name }) => name)]);
for (const each of cases.filter(({ name }) => name.includes(values.only))) {
  const person = people.get(each.keyType);
  if (person === undefined) continue;
  const cells = judges.map(() => [] as string[]);
  for (const size of sizes) {
    const line = `${randomBytes(57).toString('base64')}\r\n`;
    const entity = Buffer.from(`Content-Type: text/plain\r\n\r\n${line.repeat(Math.ceil(size / line.length))}`);
    const message = await make(pool, ownKeys, each, person, authority, entity);
    for (const [index, judge] of judges.entries()) {
      const cannot = judge.missing ? 'not installed' : judge.cannot(each);
      if (cannot !== null) {
        cells[index]?.push('-');
        notes.add(`${judge.name}, ${each.keyType}${each.gcm ? ' with GCM' : ''}: ${cannot}.`);
        continue;
      }
      try {
        judge.prepare(person);
        const equal = (await openAll(judge, each, person, message)).equals(entity);
        cells[index]?.push(equal ? 'equal' : 'DIFFERS');
        if (!equal) process.exitCode = 1;
      } catch (error) {
        cells[index]?.push('FAILS');
        notes.add(`${judge.name}, ${each.name}: ${error instanceof Error ? error.message.slice(0, 300) : 'fails'}`);
        process.exitCode = 1;
      }
    }
  }
  say([each.name, ...cells.map((words) => words.join(' '))]);
}
process.stdout.write(`\nSizes: ${sizes.join(', ')} octets. "-": the judge cannot read such a thing.\n`);
for (const note of notes) process.stdout.write(`  ${note}\n`);
await pool.close();
await stop();
rmSync(folder, { recursive: true, force: true });

function say(columns: readonly string[]): void {
  process.stdout.write(`${columns.map((column, index) => column.padEnd(index === 0 ? 38 : 20)).join(' ')}\n`);
}
