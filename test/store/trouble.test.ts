/** A database that is locked, gone, full or broken: the answer comes soon, says what it is, and everything works again afterwards. */

import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { postgresTraits, sqliteTraits } from '../../src/store/dialect.ts';
import { connect, openStore } from '../../src/store/open.ts';
import { StoreBusy, StoreDown } from '../../src/store/store.ts';
import { eachEngine, type Place } from '../engines.ts';
import { startPostgres } from '../postgres.ts';
import { message } from './rows.ts';

/** Another process that has the rows all to itself; returns what lets go of them. */
async function lock(place: Place): Promise<() => Promise<void>> {
  if (place.database === 'sqlite') {
    const other = new DatabaseSync(join(place.folder, 'postern.sqlite'));
    other.exec('begin exclusive');
    return async () => other.close();
  }
  const client = new Client({ connectionString: place.database });
  await client.connect();
  await client.query('begin; lock table messages in access exclusive mode');
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}

eachEngine((engine) => {
  test('says busy while another process holds the lock, and goes on when it lets go', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const unlock = await lock(place);
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    const results = await Promise.allSettled([
      store.insertMessages([message()], []),
      store.claimMessages(1, 1),
      store.insertMessages([message()], []),
    ]);
    clearInterval(ticking);
    for (const result of results) {
      expect(result.status).toBe('rejected');
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StoreBusy);
    }
    // The event loop ran on while we waited.
    expect(turns).toBeGreaterThan(10);
    const patient = store.insertMessages([message()], []);
    await unlock();
    await patient;
    expect(await store.claimMessages(10, 1)).toHaveLength(1);
    await store.close();
  });

  test('a write that fails for its own reasons does not fail its neighbours', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const row = message();
    await store.insertMessages([row], []);
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => store.insertMessages([index % 3 === 1 ? row : message()], [])),
    );
    expect(results.map((result) => result.status)).toEqual(
      Array.from({ length: 30 }, (_, index) => (index % 3 === 1 ? 'rejected' : 'fulfilled')),
    );
    expect(await store.claimMessages(100, 1)).toHaveLength(21);
    await store.close();
  });

  test('closing waits for what was asked for', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const rows = Array.from({ length: 20 }, () => message());
    const writes = rows.map((row) => store.insertMessages([row], []));
    await store.noteDomain('x.example', { at: 1, tls: 'may', proved: 'may', mx: null, failure: null });
    await store.close();
    await Promise.all(writes);
    const { store: again } = await openStore(place);
    expect(await again.claimMessages(100, 1)).toHaveLength(20);
    expect(await again.listDomains()).toHaveLength(1);
    await again.close();
  });
});

test('SQLite: what is acknowledged is synced, each time and in full', async () => {
  await using place = await sqlitePlace();
  const database = await connect(place.database, place.folder);
  const { sql } = await import('kysely');
  const settings = await database.read(async (db) => ({
    mode: (await sql<{ journal_mode: string }>`pragma journal_mode`.execute(db)).rows[0]?.journal_mode,
    synchronous: (await sql<{ synchronous: number }>`pragma synchronous`.execute(db)).rows[0]?.synchronous,
  }));
  expect(settings).toEqual({ mode: 'wal', synchronous: 2 });
  await database.close();
});

test('SQLite: a file that is not a database, or a folder that is not one, is StoreDown', async () => {
  await using place = await sqlitePlace();
  const file = join(place.folder, 'postern.sqlite');
  writeFileSync(file, 'this is not a database, whatever its name says'.repeat(100));
  await expect(openStore(place)).rejects.toBeInstanceOf(StoreDown);
  await rm(file);
  const { store } = await openStore(place);
  await store.close();
});

test('SQLite: a database that breaks while in use is StoreDown, and is used again when it is mended', async () => {
  await using place = await sqlitePlace();
  const file = join(place.folder, 'postern.sqlite');
  const { store } = await openStore(place);
  await store.insertMessages([message()], []);
  // Another connection puts everything into the file itself, so that breaking the file is enough.
  const other = new DatabaseSync(file);
  other.exec('pragma wal_checkpoint(truncate)');
  other.close();
  const { readFileSync } = await import('node:fs');
  const whole = readFileSync(file);
  const broken = Buffer.from(whole);
  broken.fill(0xff, 4096);
  writeFileSync(file, broken);
  await expect(store.claimMessages(10, 1)).rejects.toBeInstanceOf(StoreDown);
  await expect(store.insertMessages([message()], [])).rejects.toBeInstanceOf(StoreDown);
  writeFileSync(file, whole);
  expect(await store.claimMessages(10, 1)).toHaveLength(1);
  await store.close();
});

test('SQLite: the file is for its owner only', async () => {
  await using place = await sqlitePlace();
  const { statSync } = await import('node:fs');
  await chmod(place.folder, 0o755);
  const { store } = await openStore(place);
  await store.insertMessages([message()], []);
  for (const name of ['postern.sqlite', 'postern.sqlite-wal'])
    expect(statSync(join(place.folder, name)).mode & 0o077).toBe(0);
  await store.close();
});

test('PostgreSQL: stopped is StoreDown, started again is used again', async () => {
  const server = await startPostgres();
  const { store } = await openStore({ database: server.url, folder: tmpdir() });
  await store.insertMessages([message()], []);
  const writing = Array.from({ length: 5 }, () => store.insertMessages([message()], []));
  await Promise.all([server.halt(), Promise.allSettled(writing)]);
  await expect(store.insertMessages([message()], [])).rejects.toBeInstanceOf(StoreDown);
  await expect(store.findMessages('x')).rejects.toBeInstanceOf(StoreDown);
  await server.start();
  await store.insertMessages([message()], []);
  expect((await store.claimMessages(100, 1)).length).toBeGreaterThanOrEqual(2);
  await store.close();
  await server.remove();
});

async function sqlitePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  return {
    database: 'sqlite',
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

test.each([
  [{ code: 'ENOENT', syscall: 'open' }, 'down'],
  [{ code: 'EROFS', syscall: 'open' }, 'down'],
  [{ code: 'EMFILE', syscall: 'open' }, 'down'],
  [{ errcode: 5 }, 'busy'],
  [{ errcode: 13 }, 'full'],
  [{}, 'bug'],
] as const)('SQLite: %o is %s', (properties, trouble) => {
  expect(sqliteTraits.trouble(Object.assign(new Error('x'), properties))).toBe(trouble);
});

test.each([
  [{ code: 'CERT_HAS_EXPIRED' }, 'down'],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'down'],
  [{ code: 'ECONNREFUSED' }, 'down'],
  [{ code: '25P03', severity: 'FATAL' }, 'down'],
  [{ code: '40001', severity: 'ERROR' }, 'busy'],
  [{ code: '42601', severity: 'ERROR' }, 'bug'],
] as const)('PostgreSQL: %o is %s', (properties, trouble) => {
  expect(postgresTraits.trouble(Object.assign(new Error('x'), properties))).toBe(trouble);
});
