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

/** What is here was sealed with another key. */
export class KeyWrong extends Error {
  override name = 'KeyWrong';
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
    throw new KeyWrong(
      `masterKey: this is not the key that sealed ${data}. Restore the right one; nothing was changed.`,
    );
  }
}

const portalCheck = 'portal key check';

/**
 * Whether this process has the portal's key that the others have: else every message would be a page of trouble. Who publishes leaves the value by which
 * the others know, and may leave another one (`renew`) while nothing needs the key before. Rejects with KeyWrong.
 */
export async function checkPortalKey(
  config: Config,
  { portalSeal }: Pick<Store, 'portalSeal'>,
  renew: boolean,
): Promise<void> {
  if (config.web === null) return;
  const key = portalKeyOf(config);
  const kept = await portalSeal.kept();
  if (kept !== null && opens(key, kept)) return;
  const publishes = config.roles.includes('work');
  const replaceable = kept === null || (publishes && !(await portalSeal.inUse(Date.now())));
  if (!replaceable) {
    const why =
      config.web.key === null
        ? 'web.key: the portal had a key of its own before, and this setting is missing now.'
        : 'web.key: this is not the key that sealed what waits in the portal.';
    throw new KeyWrong(
      `${why} Restore the right one, the same for every process; nothing was changed. It can be exchanged only while no message and no draft is in the portal and nobody has an authenticator app there.`,
    );
  }
  if (publishes && renew) await portalSeal.keep(sealText(key, 'postern', portalCheck));
}

function opens(key: Buffer, sealed: string): boolean {
  try {
    return openText(key, sealed, portalCheck) === 'postern';
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return false;
  }
}
