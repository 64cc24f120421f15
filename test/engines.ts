/**
 * Both database engines for tests: `eachEngine((engine) => { test(…) })` runs what it is given once on SQLite and once on a real
 * PostgreSQL. Every `await using place = await engine.create()` is an empty database of its own, gone when the test ends.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, inject } from 'vitest';

/** What openStore takes: the setting `database`, and a folder of the test's own (also for its spool). */
export type Place = AsyncDisposable & { readonly database: string; readonly folder: string };

export type Engine = { readonly name: 'sqlite' | 'postgres'; readonly create: () => Promise<Place> };

export const sqlite: Engine = { name: 'sqlite', create: createSqlite };
export const postgres: Engine = { name: 'postgres', create: createPostgres };
const engines: readonly Engine[] = [sqlite, postgres];

export function eachEngine(body: (engine: Engine) => void): void {
  describe.each(engines)('on $name', body);
}

async function createSqlite(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  return {
    database: 'sqlite',
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createPostgres(): Promise<Place> {
  const answer = await fetch(inject('postgresBroker'));
  const server = await answer.text();
  if (!answer.ok) throw new Error(`PostgreSQL did not start: ${server}`);
  // A schema is as separate as a database for what we do, and made a hundred times as fast.
  const name = `t_${randomBytes(8).toString('hex')}`;
  await statement(server, `create schema ${name}`);
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  return {
    database: `${server}?options=${encodeURIComponent(`-c search_path=${name}`)}`,
    folder,
    async [Symbol.asyncDispose]() {
      await statement(server, `drop schema ${name} cascade`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function statement(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
