/** The place of everything that lasts, opened as the configuration says; for `serve` and for the commands that look beside it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { openText, SealBroken, sealText } from '../protect/seal.ts';
import { openDatabaseSpool } from '../spool/database.ts';
import { openDiskSpool } from '../spool/disk.ts';
import type { Spool } from '../spool/spool.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';

/** The database, and the spool that belongs to it: files beside SQLite, chunk rows in PostgreSQL. */
export async function openStorage(config: Config): Promise<{ store: Store; spool: Spool; close: () => Promise<void> }> {
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  checkMasterKey(config);
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

/** The data folder was sealed with another master key. */
export class MasterKeyWrong extends Error {
  override name = 'MasterKeyWrong';
}

/** With a wrong key everything that waits would look damaged and go back to its sender, days later: better to stop at once. */
function checkMasterKey({ data, masterKey }: Config): void {
  const file = path.join(data, 'master.check');
  const context = 'master key check';
  if (!existsSync(file)) {
    writeFileSync(file, sealText(masterKey, 'postern', context), { mode: 0o600 });
    return;
  }
  try {
    openText(masterKey, readFileSync(file, 'utf8'), context);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new MasterKeyWrong(
      `masterKey: this is not the key that sealed ${data}. Restore the right one; nothing was changed.`,
    );
  }
}
