/** The place of everything that lasts, opened as the configuration says; for `serve` and for the commands that look beside it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { portalKeyOf } from '../pipeline/portal.ts';
import { openText, SealBroken, sealText } from '../protect/seal.ts';
import { databaseMedium } from '../spool/database.ts';
import { openDisk } from '../spool/disk.ts';
import { createItemSpool, type ItemSpool } from '../spool/items.ts';
import { createSealedSpool } from '../spool/sealed.ts';
import type { Spool } from '../spool/spool.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';

export type Storage = {
  readonly store: Store;
  /** Opens nothing in a process without the master key. */
  readonly spool: Spool;
  /** The same octets as the portal may open them. */
  readonly items: ItemSpool;
  readonly close: () => Promise<void>;
};

/** The database, and the spool that belongs to it: files beside SQLite, chunk rows in PostgreSQL. */
export async function openStorage(config: Config): Promise<Storage> {
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  // A process that only shows the portal has none.
  if (config.masterKey.length > 0) checkMasterKey(config);
  const { store, chunks } = await openStore({ database: config.database, folder: config.data });
  const { minFreeBytes } = config.smtp;
  const medium =
    config.database === 'sqlite'
      ? await openDisk({ folder: path.join(config.data, 'spool'), minFreeBytes })
      : databaseMedium(chunks);
  const spool = createSealedSpool(config.masterKey, medium);
  const close = async (): Promise<void> => {
    await spool.close();
    await store.close();
  };
  return { store, spool, items: createItemSpool(portalKeyOf(config), medium), close };
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
