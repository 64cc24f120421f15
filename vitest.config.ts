import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// What Node makes of a module is kept for the processes that load it after, of which there are hundreds.
const compileCache = fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));
process.env['NODE_COMPILE_CACHE'] ??= compileCache;
/** For the gateway's worker threads, too: they see no environment, but start as their process did. */
const useCompileCache = `import { enableCompileCache } from 'node:module'; enableCompileCache(${JSON.stringify(compileCache)});`;

/** Those that take longest come first, so that no long one is alone at the end. */
const slowest = [
  'browser/axe',
  'flow/gateway',
  'command/cli',
  'peers/judges-smime',
  'flow/memory',
  'browser/',
  'peers/',
  'flow/',
  'scan/bombs',
  'sandbox/sandbox',
  'command/',
  'fault/',
  'pipeline/',
  'spool/',
  'protect/open/',
  'web/',
];

class SlowestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = slowest.findIndex((start) => moduleId.includes(`/test/${start}`));
      return at === -1 ? slowest.length : at;
    };
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId)));
  }
}

/** What these folders test does no I/O and keeps no state: their files share threads, and what was loaded and compiled for the one before. */
const pure = ['mail', 'policy', 'plan', 'config', 'scan/detect', 'scan/extract'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

/** Each test here has a portal of its own; their files share processes for the same reason. */
const web = ['test/web/**/*.test.ts'];

/** Each test here has a gateway of its own, shares nothing else with others, and waits for mail more than it works: several at a time. */
const waiting = ['gateway', 'memory', 'opening', 'policy', 'portal-key', 'portal-role'].map(
  (name) => `test/flow/${name}.test.ts`,
);

// Modules load as in production (Node's own type stripping), so a construct Node refuses fails here too.
const common = {
  experimental: { viteModuleRunner: false },
  execArgv: ['--import', `data:text/javascript,${encodeURIComponent(useCompileCache)}`],
  // Many tests wait for a timer or a socket, so more of them than processors can be under way.
  maxWorkers: Math.max(3, availableParallelism()),
  // A slow machine is no failure.
  testTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
  hookTimeout: 240_000,
  // On a loaded machine a second try tells a slow moment from a fault; vitest counts and names what needed it.
  retry: process.env['CI'] === undefined ? 0 : 1,
};

export default defineConfig({
  test: {
    ...common,
    sequence: { sequencer: SlowestFirst },
    // Here and not in the projects, so that there is one PostgreSQL.
    globalSetup: ['test/postgres.ts'],
    projects: [
      { test: { ...common, name: 'pure', include: pure, pool: 'threads', isolate: false } },
      { test: { ...common, name: 'web', include: web, pool: 'forks', isolate: false } },
      { test: { ...common, name: 'waiting', include: waiting, pool: 'forks', sequence: { concurrent: true } } },
      {
        test: {
          ...common,
          name: 'rest',
          include: ['test/**/*.test.ts'],
          exclude: [...pure, ...web, ...waiting],
          pool: 'forks',
        },
      },
    ],
  },
});
