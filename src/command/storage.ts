/** The place of everything that lasts, opened as the configuration says; for `serve` and for the commands that look beside it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { openDatabaseSpool } from '../spool/database.ts';
import { openDiskSpool } from '../spool/disk.ts';
import type { Spool } from '../spool/spool.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';

/** The database, and the spool that belongs to it: files beside SQLite, chunk rows in PostgreSQL. */
export async function openStorage(config: Config): Promise<{ store: Store; spool: Spool; close: () => Promise<void> }> {
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  const { store, chunks } = await openStore({ database: config.database, folder: config.data });
  const spool =
    config.database === 'sqlite'
      ? await openDiskSpool({
          folder: path.join(config.data, 'spool'),
          masterKey: config.masterKey,
          minFreeBytes: config.smtp.minFreeBytes,
        })
      : openDatabaseSpool({ chunks, masterKey: config.masterKey });
  const close = async (): Promise<void> => {
    await spool.close();
    await store.close();
  };
  return { store, spool, close };
}
