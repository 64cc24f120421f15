/**
 * `npm run bench -- keyring`: what it costs to know a recipient's keys with as many in the keyring: their rows from the database, what can be done with
 * them, and both, as before each protected message; and listing all of them.
 *
 *   npm run bench -- keyring [--keys 10000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { capabilityOf } from '../../src/keys/keyring.ts';
import { judgeFound } from '../../src/keys/trust.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { openStore } from '../../src/store/open.ts';

const { values } = parseArgs({ options: { keys: { type: 'string', default: '10000' } } });
const count = Number(values.keys);
const now = Date.now();
const address = (index: number): string => `person${index}@partner${index % 100}.example`;
/** A certificate as long as real ones, the same for all: nobody looks into it here. */
const material = issueCertificate({ subject: 'Anna', san: { email: ['a@b.example'] } }).certPem.repeat(2);

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const { store } = await openStore({ database: 'sqlite', folder });
for (let start = 0; start < count; start += 1_000) {
  const candidates = Array.from({ length: Math.min(1_000, count - start) }, (_, place) => {
    const index = start + place;
    const fingerprint = index.toString(16).padStart(64, '0');
    const status = { path: { ok: true, root: 'Root' }, revocation: 'good' } as const;
    const times = { notBefore: now - 1_000, notAfter: now + 86_400_000 };
    return { kind: 'x509', address: address(index), fingerprint, material, status, ...times } as const;
  });
  const rows = candidates.flatMap((each) => judgeFound([each], [], { source: 'ldap', where: 'ldaps://x', now }).rows);
  await store.insertKeys(rows, []);
}

const rowsOf = new Map<string, readonly KeyRow[]>();
for (let index = 0; index < count; index++) rowsOf.set(address(index), await store.keysFor(address(index)));

/** Microseconds for one of `count`, in an order that no cache of pages likes. */
async function each(look: (address: string) => Promise<boolean> | boolean): Promise<string> {
  const started = performance.now();
  for (let index = 0; index < count; index++)
    if (!(await look(address((index * 7_919) % count)))) throw new Error('a key was not found');
  return `${(((performance.now() - started) * 1_000) / count).toFixed(1).padStart(8)} µs`;
}

const usable = (rows: readonly KeyRow[], of: string): boolean =>
  capabilityOf(rows, of, now, true).certificates.length === 1;
for (let warmUp = 0; warmUp < 2; warmUp++) await each(async (of) => usable(await store.keysFor(of), of));

process.stdout.write(`With ${count} keys in the keyring, for each recipient:\n`);
process.stdout.write(
  `  rows from the database        ${await each(async (of) => (await store.keysFor(of)).length === 1)}\n`,
);
process.stdout.write(
  `  nobody's, from the database   ${await each(async (of) => (await store.keysFor(`x${of}`)).length === 0)}\n`,
);
process.stdout.write(`  what can be done with them    ${await each((of) => usable(rowsOf.get(of) ?? [], of))}\n`);
process.stdout.write(
  `  both                          ${await each(async (of) => usable(await store.keysFor(of), of))}\n`,
);
const started = performance.now();
await store.listKeys();
process.stdout.write(`Listing all: ${(performance.now() - started).toFixed(0)} ms\n`);
await store.close();
rmSync(folder, { recursive: true, force: true });
