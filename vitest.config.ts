import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Modules load as in production (Node's own type stripping), so a construct Node refuses fails here too.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    experimental: { viteModuleRunner: false },
    pool: 'forks',
    // Many tests wait for a timer or a socket, so more of them than processors can be under way.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    globalSetup: ['test/postgres.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
