/** Both media for tests: `eachMedium((medium) => { … })`, on disk and in the database of each engine. */

import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { describe } from 'vitest';
import { openDatabaseSpool } from '../../src/spool/database.ts';
import { openDiskSpool } from '../../src/spool/disk.ts';
import type { Spool } from '../../src/spool/spool.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine, type Place } from '../engines.ts';

const masterKey = randomBytes(32);

type OpenedSpool = AsyncDisposable & {
  readonly spool: Spool;
  /** A second one on the same medium, as after a restart, with another master key if one is given. */
  readonly again: (key?: Buffer) => Promise<Spool>;
  /** Everything at rest, frames in order, each blob under its id. */
  readonly atRest: () => Promise<Map<string, Buffer>>;
  /** Puts other octets at rest in place of a blob's. */
  readonly overwrite: (id: string, octets: Buffer) => Promise<void>;
};

type MediumUnderTest = { readonly name: string; readonly open: () => Promise<OpenedSpool> };

export function eachMedium(body: (medium: MediumUnderTest) => void): void {
  eachEngine((engine) => {
    describe('in the database', () =>
      body({ name: 'database', open: async () => await openInDatabase(await engine.create()) }));
    if (engine.name === 'sqlite')
      describe('on disk', () => body({ name: 'disk', open: async () => await openOnDisk(await engine.create()) }));
  });
}

async function openOnDisk(place: Place): Promise<OpenedSpool> {
  const folder = join(place.folder, 'spool');
  const again = (key: Buffer = masterKey) => openDiskSpool({ folder, masterKey: key, minFreeBytes: 0 });
  const spool = await again();
  const paths = async () => {
    const found = new Map<string, string>();
    for (const name of await readdir(folder))
      for (const file of await readdir(join(folder, name))) found.set(file, join(folder, name, file));
    return found;
  };
  return {
    spool,
    again,
    async atRest() {
      const octets = new Map<string, Buffer>();
      for (const [id, path] of await paths()) octets.set(id, await readFile(path));
      return octets;
    },
    async overwrite(id, octets) {
      const path = (await paths()).get(id);
      if (path === undefined) throw new Error('no such blob');
      await writeFile(path, octets);
    },
    async [Symbol.asyncDispose]() {
      await spool.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** Octets of a sealed frame that is not the last. */
const sealedFrame = 65_536 + 16;

async function openInDatabase(place: Place): Promise<OpenedSpool> {
  const { store, chunks } = await openStore(place);
  const again = async (key: Buffer = masterKey) => openDatabaseSpool({ chunks, masterKey: key });
  const run = async (text: string, values: (string | number | Buffer)[] = []): Promise<Record<string, unknown>[]> => {
    if (place.database === 'sqlite') {
      using database = new DatabaseSync(join(place.folder, 'postern.sqlite'));
      return database.prepare(text.replace(/\$\d/g, '?')).all(...values);
    }
    const client = new Client({ connectionString: place.database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    spool: await again(),
    again,
    async atRest() {
      const octets = new Map<string, Buffer>();
      for (const row of await run('select blob_id, sealed from chunks order by blob_id, frame')) {
        const id = String(row.blob_id);
        octets.set(id, Buffer.concat([octets.get(id) ?? Buffer.alloc(0), row.sealed as Uint8Array]));
      }
      return octets;
    },
    async overwrite(id, octets) {
      await run('delete from chunks where blob_id = $1', [id]);
      for (let frame = 0; frame * sealedFrame < octets.length; frame++)
        await run('insert into chunks (blob_id, frame, sealed) values ($1, $2, $3)', [
          id,
          frame,
          octets.subarray(frame * sealedFrame, (frame + 1) * sealedFrame),
        ]);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await place[Symbol.asyncDispose]();
    },
  };
}
