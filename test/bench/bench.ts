/** `npm run bench -- NAME [options]`: runs the measurement of that name in this folder; without a name, `throughput`. */
import { existsSync } from 'node:fs';

const given = process.argv[2];
const isName = given !== undefined && /^[a-z][a-z-]*$/.test(given);
const name = isName ? given : 'throughput';
// The measurement sees its own arguments only.
if (isName) process.argv.splice(2, 1);
const file = new URL(`./${name}.ts`, import.meta.url);
if (existsSync(file)) await import(file.href);
else {
  process.stderr.write(`There is no measurement ${name} in test/bench.\n`);
  process.exitCode = 2;
}
