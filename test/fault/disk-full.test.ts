/** A disk that fills up: said so at once, nothing left behind, and used again when there is room. Needs root for the small file system. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDiskSpool } from '../../src/spool/disk.ts';
import { type Spool, SpoolFull } from '../../src/spool/spool.ts';
import { openStore } from '../../src/store/open.ts';
import { StoreDown } from '../../src/store/store.ts';
import { message } from '../store/rows.ts';

const masterKey = randomBytes(32);

/** Whether this machine lets us mount (a container's root may not). */
function canMount(): boolean {
  if (userInfo().uid !== 0 || process.platform !== 'linux') return false;
  const folder = mkdtempSync(join(tmpdir(), 'postern-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function put(spool: Spool, size: number): Promise<string> {
  const writer = await spool.create();
  try {
    for (let left = size; left > 0; left -= 50_000) await writer.write(randomBytes(Math.min(left, 50_000)));
    return (await writer.commit()).id;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** What `work` rejects with in the end. */
async function untilItFails(work: () => Promise<void>): Promise<unknown> {
  try {
    for (let time = 0; time < 2_000; time++) await work();
    return null;
  } catch (error) {
    return error;
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

test('keeps a reserve free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-reserve-'));
  const { bavail, bsize } = statfsSync(folder);
  const spool = await openDiskSpool({ folder, masterKey, minFreeBytes: bavail * bsize * 2 });
  await expect(spool.create()).rejects.toBeInstanceOf(SpoolFull);
  await spool.close();
  rmSync(folder, { recursive: true });
});

describe.skipIf(!canMount())('on a file system of 2 MB', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=100', 'tmpfs', folder]);
  });

  afterEach(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('a spool that runs full says SpoolFull, keeps what it has, and goes on when there is room', async () => {
    const spool = await openDiskSpool({ folder, masterKey, minFreeBytes: 0 });
    const kept: string[] = [];
    const full = await untilItFails(async () => {
      kept.push(await put(spool, 100_000));
    });
    expect(full).toBeInstanceOf(SpoolFull);
    expect(kept.length).toBeGreaterThan(10);
    expect(filesIn(folder).sort()).toEqual(kept.toSorted());
    for (const id of kept) await spool.remove(id);
    // Free space is asked for once a second at most.
    await expect
      .poll(
        () =>
          put(spool, 100_000).then(
            () => 'kept',
            () => 'full',
          ),
        { timeout: 5_000 },
      )
      .toBe('kept');
    await spool.close();
  });

  test('somebody else’s file that takes the room in the middle of a blob is noticed', async () => {
    const spool = await openDiskSpool({ folder, masterKey, minFreeBytes: 0 });
    const writer = await spool.create();
    await writer.write(randomBytes(300_000));
    fill(join(folder, 'other'));
    await expect(
      (async () => {
        for (let index = 0; index < 10; index++) await writer.write(randomBytes(300_000));
        await writer.commit();
      })(),
    ).rejects.toBeInstanceOf(SpoolFull);
    await writer.abort();
    expect(filesIn(folder)).toEqual(['other']);
    await spool.close();
  });

  test('no inode left is no room either', async () => {
    const spool = await openDiskSpool({ folder, masterKey, minFreeBytes: 0 });
    const results = await Promise.allSettled(Array.from({ length: 120 }, () => put(spool, 10)));
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed.length).toBeGreaterThan(10);
    expect(failed.every((result) => result.reason instanceof SpoolFull)).toBe(true);
    expect(filesIn(folder)).toHaveLength(results.length - failed.length);
    await spool.close();
  });

  test('a database that runs full is StoreDown, keeps what it has, and goes on when there is room', async () => {
    const { store } = await openStore({ database: 'sqlite', folder });
    await store.insertMessages([message()], []);
    const other = join(folder, 'other');
    fill(other);
    let acknowledged = 1;
    const trouble = await untilItFails(async () => {
      await store.insertMessages([message()], []);
      acknowledged++;
    });
    expect(trouble).toBeInstanceOf(StoreDown);
    await expect(store.insertMessages([message()], [])).rejects.toBeInstanceOf(StoreDown);
    rmSync(other);
    await store.insertMessages([message()], []);
    expect(await store.claimMessages(5_000, 1)).toHaveLength(acknowledged + 1);
    await store.close();
    expect(existsSync(join(folder, 'postern.sqlite'))).toBe(true);
  });
});

/** Takes all the room there is. */
function fill(path: string): void {
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
