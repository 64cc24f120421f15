/**
 * Blobs as files: one sealed file each, in a folder for each minute or so, so that no folder grows without end.
 *
 * What makes a blob durable: its octets are written under its final name (no row names it yet, so nobody can take half a file for a
 * whole one), then the file and its folder are synced at the same time, and only then does commit resolve. All blobs that commit in the
 * same moment share the folder's sync. A blob that fits one frame is sealed in memory and written with one write; opening and writing
 * so little go straight to the page cache, so they are done at once instead of through the thread pool, which would cost more than the work.
 *
 * What a crash leaves behind (files that no row names) the sweep removes.
 *
 * Way through: openDiskSpool, then FileWriter, Folders and Folder, Room.
 * Limits: one process writes to the folder at a time, though others may read.
 */
import { closeSync, fsync, openSync, write, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rmdir, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { frameSize, lastFrame, sealedFrameSize, sealedSize } from '../protect/seal.ts';
import { createSealedSpool, isBlobId, type Medium, type MediumWriter, timeOf } from './sealed.ts';
import { type Spool, SpoolFull } from './spool.ts';

const syncFile = promisify(fsync);
const writeFile = promisify(write);

/** Folders kept open for their syncs, and frames in one read: a quarter of a megabyte. */
const maxOpenFolders = 3;
const framesAtOnce = 4;

/** Milliseconds for which what the file system said about its free space is believed, less what we wrote since. */
const freeSpaceFor = 1_000;

export type DiskSpoolOptions = {
  readonly folder: string;
  /** 32 octets. */
  readonly masterKey: Buffer;
  /** Octets that must stay free on the file system; fewer is SpoolFull. */
  readonly minFreeBytes: number;
};

/** Opens the spool in `folder`, which is made if it does not exist. */
export async function openDiskSpool(options: DiskSpoolOptions): Promise<Spool> {
  const { folder, masterKey, minFreeBytes } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const room = new Room(folder, minFreeBytes);
  const folders = new Folders(folder);
  const medium: Medium = {
    async begin(id) {
      await room.need(frameSize);
      return new FileWriter(id, folders, room);
    },
    frames: (id, from, to, size) => readFrames(folders.pathOf(id), from, to, size),
    remove: (id) => folders.remove(id),
    olderThan: (time) => folders.olderThan(time),
    close: () => folders.close(),
  };
  return createSealedSpool(masterKey, medium);
}

class FileWriter implements MediumWriter {
  readonly #id: string;
  readonly #folders: Folders;
  readonly #room: Room;
  #descriptor: number | null = null;

  constructor(id: string, folders: Folders, room: Room) {
    this.#id = id;
    this.#folders = folders;
    this.#room = room;
  }

  async append(frames: readonly Buffer[]): Promise<void> {
    for (const frame of frames) {
      await this.#room.need(frame.length);
      await this.#open();
      await this.#write(frame);
    }
  }

  async commit(last: Buffer): Promise<void> {
    await this.#room.need(last.length);
    const small = this.#descriptor === null;
    const descriptor = await this.#open();
    try {
      if (small) writeAll(descriptor, last);
      else await this.#write(last);
      await Promise.all([syncFile(descriptor), this.#folders.sync(this.#id)]);
    } catch (error) {
      throw asFull(error);
    }
    this.#close();
  }

  async abort(): Promise<void> {
    this.#close();
    await this.#folders.remove(this.#id);
  }

  async #open(): Promise<number> {
    try {
      return (this.#descriptor ??= await this.#folders.openNew(this.#id));
    } catch (error) {
      throw asFull(error);
    }
  }

  async #write(octets: Buffer): Promise<void> {
    const descriptor = await this.#open();
    try {
      for (let from = 0; from < octets.length; ) {
        const { bytesWritten } = await writeFile(descriptor, octets, from);
        from += bytesWritten;
      }
    } catch (error) {
      throw asFull(error);
    }
  }

  #close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function writeAll(descriptor: number, octets: Buffer): void {
  for (let from = 0; from < octets.length; ) from += writeSync(descriptor, octets, from);
}

/** The folders below the spool's, each named by the first 32 bits of the time in its blobs' ids: 65.536 seconds. */
class Folders {
  readonly #root: string;
  /** The folders written to lately, newest last. */
  readonly #open = new Map<string, Folder>();

  constructor(root: string) {
    this.#root = root;
  }

  pathOf(id: string): string {
    return join(this.#root, nameOf(id), id);
  }

  /** Creates the blob's file, and its folder if need be. */
  async openNew(id: string): Promise<number> {
    const name = nameOf(id);
    await this.#folder(name).made;
    try {
      return openSync(this.pathOf(id), 'wx', 0o600);
    } catch (error) {
      if (!isGone(error)) throw error;
      // Removed as empty in the meantime.
      this.#forget(name);
      await this.#folder(name).made;
      return openSync(this.pathOf(id), 'wx', 0o600);
    }
  }

  /** Resolves when every file made in the blob's folder before the call will be found there after a power cut. */
  async sync(id: string): Promise<void> {
    await this.#folder(nameOf(id)).sync();
  }

  async remove(id: string): Promise<void> {
    await ignoreGone(unlink(this.pathOf(id)));
    const name = nameOf(id);
    if (this.#open.has(name)) return;
    await this.#removeEmpty(name);
  }

  async *olderThan(time: number): AsyncIterable<string> {
    for (const name of (await readdir(this.#root)).sort()) {
      if (!/^[0-9a-f]{8}$/.test(name) || Number.parseInt(name, 16) * 65_536 >= time) continue;
      for (const file of await readdir(join(this.#root, name))) {
        if (isBlobId(file) && timeOf(file) < time) yield file;
      }
      if (!this.#open.has(name)) await this.#removeEmpty(name);
    }
  }

  async close(): Promise<void> {
    for (const name of this.#open.keys()) this.#forget(name);
  }

  #folder(name: string): Folder {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const folder = new Folder(this.#root, join(this.#root, name));
    this.#open.set(name, folder);
    // Whoever still writes to an older one opens it again.
    for (const old of [...this.#open.keys()].slice(0, -maxOpenFolders)) {
      this.#forget(old);
      void this.#removeEmpty(old);
    }
    // One that could not be made is tried again by the next blob.
    folder.made.catch(() => this.#forget(name));
    return folder;
  }

  #forget(name: string): void {
    this.#open.get(name)?.close();
    this.#open.delete(name);
  }

  async #removeEmpty(name: string): Promise<void> {
    await rmdir(join(this.#root, name)).catch(() => {
      // Not empty, or somebody else was first.
    });
  }
}

function nameOf(id: string): string {
  return id.slice(0, 8);
}

/** One folder that files are made in, and the sync that all who commit at the same time share. */
class Folder {
  /** Resolves when the folder exists and will be found after a power cut. */
  readonly made: Promise<FileHandle>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(root: string, path: string) {
    this.made = makeFolder(root, path);
  }

  async sync(): Promise<void> {
    const handle = await this.made;
    // A sync that is already running may have begun too early for us; the next one has not.
    if (this.#running !== null) {
      this.#next ??= this.#running.then(
        () => this.#start(handle),
        () => this.#start(handle),
      );
      await this.#next;
    } else await this.#start(handle);
  }

  close(): void {
    void this.made.then(
      async (handle) => {
        while (this.#running !== null) await this.#running.catch(() => {});
        await handle.close();
      },
      () => {},
    );
  }

  async #start(handle: FileHandle): Promise<void> {
    this.#next = null;
    this.#running = handle.sync();
    try {
      await this.#running;
    } finally {
      this.#running = null;
    }
  }
}

async function makeFolder(root: string, path: string): Promise<FileHandle> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const parent = await open(root);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
  return await open(path);
}

/** How much may still be written before the file system has less than the reserve. */
class Room {
  readonly #folder: string;
  readonly #reserve: number;
  #left = 0;
  #asked: Promise<void> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, reserve: number) {
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /** Takes `octets` of what is left. Rejects with SpoolFull. */
  async need(octets: number): Promise<void> {
    if (performance.now() - this.#askedAt > freeSpaceFor) {
      this.#asked ??= this.#ask();
      await this.#asked;
    }
    if (this.#left < octets) throw new SpoolFull('the disk has less free space than is to be kept');
    this.#left -= octets;
  }

  async #ask(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      this.#left = bavail * bsize - this.#reserve;
      this.#askedAt = performance.now();
    } finally {
      this.#asked = null;
    }
  }
}

async function* readFrames(path: string, from: number, to: number, size: number): AsyncIterable<Uint8Array> {
  const file = await open(path);
  try {
    const end = Math.min(to, lastFrame(size) + 1);
    for (let index = from; index < end; index += framesAtOnce) {
      const start = index * sealedFrameSize;
      const behind = Math.min(end, index + framesAtOnce);
      const stop = Math.min(behind * sealedFrameSize, sealedSize(size));
      const octets = Buffer.allocUnsafe(stop - start);
      const got = await readFully(file, octets, start);
      for (let at = 0; at < got; at += sealedFrameSize) yield octets.subarray(at, Math.min(got, at + sealedFrameSize));
      if (got < octets.length) return;
    }
  } finally {
    await file.close();
  }
}

/** Fills `octets` from `position` and returns how many there were. */
async function readFully(file: FileHandle, octets: Buffer, position: number): Promise<number> {
  let got = 0;
  while (got < octets.length) {
    const { bytesRead } = await file.read(octets, got, octets.length - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/** ENOSPC and EDQUOT as SpoolFull, anything else as it is. */
function asFull(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? new SpoolFull(`the disk is full: ${code}`, { cause: error }) : error;
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function ignoreGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
