/**
 * `npm run bench -- lookups`: what it costs to know a domain, with as many cached MTA-STS policies and floors: the policy and the floor of one domain
 * before each message, from memory and, once after a start, from the database; and reading all floors, at the start. The DNS answers from memory,
 * as its cache does.
 *
 *   npm run bench -- lookups [--domains 10000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { demandOf } from '../../src/deliver/demand.ts';
import { createStsPolicies } from '../../src/deliver/sts.ts';
import { createDomainMemory } from '../../src/pipeline/domains.ts';
import { openStore } from '../../src/store/open.ts';

const { values } = parseArgs({ options: { domains: { type: 'string', default: '10000' } } });
const count = Number(values.domains);
const names = Array.from({ length: count }, (_, index) => `d${index}.example`);

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const { store } = await openStore({ database: 'sqlite', folder });
const now = Date.now();
for (let start = 0; start < count; start += 500) {
  const page = names.slice(start, start + 500);
  await Promise.all(
    page.map((domain) => {
      const policy = { mode: 'enforce', mx: [`mx.${domain}`, `*.mx.${domain}`], maxAge: 604_800 } as const;
      return store.keepSts({ domain, id: '2026a', policy, fetchedAt: now, expiresAt: now + 604_800_000 });
    }),
  );
  for (const domain of page) {
    await store.noteDomain(domain, { at: now, tls: 'secure', proved: 'secure', mx: `mx.${domain}`, failure: null });
  }
}

const memory = createDomainMemory({ store, emit: () => {}, now: Date.now });
const found = { kind: 'found', records: ['v=STSv1; id=2026a;'], authenticated: false, name: '' } as const;
const sts = createStsPolicies({
  resolver: { txt: async () => found },
  store,
  fetch: () => Promise.reject(new Error('nothing is to be fetched')),
  now: Date.now,
});
const resolver = { tlsa: () => Promise.reject(new Error('nothing is signed')) };

await store.domainLevels(0);
const loading = performance.now();
await memory.load();
const loaded = performance.now() - loading;

/** Microseconds for one of `names`. */
async function each(look: (domain: string) => Promise<unknown>): Promise<string> {
  const started = performance.now();
  for (const domain of names) await look(domain);
  return `${(((performance.now() - started) * 1_000) / count).toFixed(1).padStart(8)} µs`;
}

const known = async (domain: string) => {
  const policy = await sts.of(domain);
  const host = { name: `mx.${domain}`, preference: 1, addresses: [], trouble: null, canonical: '', signed: false };
  const about = { domain, asked: 'may', namedBy: null, port: 25, pin: null } as const;
  const demanded = await demandOf(host, { ...about, sts: policy, floor: memory.floor(domain) }, resolver);
  if (demanded.kind !== 'demand' || demanded.demand.level !== 'secure') throw new Error('a policy was not found');
};
process.stdout.write(`With ${count} policies and floors, for each domain:\n`);
process.stdout.write(`  policy and floor, first time (database)  ${await each(known)}\n`);
for (let warmUp = 0; warmUp < 3; warmUp++) await each(known);
process.stdout.write(`  policy, floor and demand, from memory    ${await each(known)}\n`);
process.stdout.write(
  `  floor alone                              ${await each(async (domain) => memory.floor(domain))}\n`,
);
process.stdout.write(`Reading all floors, once at the start: ${loaded.toFixed(1)} ms\n`);
await store.close();
rmSync(folder, { recursive: true, force: true });
