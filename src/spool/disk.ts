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
 * Way through: openDiskSpool, then FileWriter and Room; which folder, and its sync, is folders.ts.
 * Limits: one process writes to the folder at a time, though others may read.
 */
import { closeSync, fsync, openSync, read, write, writeSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lastFrame, sealedFrameSize, sealedSize } from '../protect/seal.ts';
import { Folders } from './folders.ts';
import { createSealedSpool, type Medium, type MediumWriter } from './sealed.ts';
import { type Spool, SpoolFull } from './spool.ts';

const syncFile = promisify(fsync);
const writeFile = promisify(write);
const readFile = promisify(read);

/** Frames in one read: a quarter of a megabyte. */
const framesAtOnce = 4;

/** Milliseconds for which what the file system said about its free space is believed, less what we wrote since. */
const freeSpaceFor = 1_000;

export type DiskOptions = {
  readonly folder: string;
  /** Octets that must stay free on the file system; fewer is SpoolFull. */
  readonly minFreeBytes: number;
};

/** Opens the spool in `folder`, which is made if it does not exist. `masterKey`: 32 octets. */
export async function openDiskSpool(options: DiskOptions & { readonly masterKey: Buffer }): Promise<Spool> {
  return createSealedSpool(options.masterKey, await openDisk(options));
}

/** The files alone, for whoever seals. */
export async function openDisk({ folder, minFreeBytes }: DiskOptions): Promise<Medium> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const room = new Room(folder, minFreeBytes);
  const folders = new Folders(folder);
  return {
    async begin(id) {
      await room.need(0);
      return new FileWriter(id, folders, room);
    },
    frames: (id, from, to, size) => readFrames(folders.pathOf(id), from, to, size),
    remove: (id) => folders.remove(id),
    olderThan: (time) => folders.olderThan(time),
    close: () => folders.close(),
  };
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
  const file = openSync(path, 'r');
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
    closeSync(file);
  }
}

/** Fills `octets` from `position` and returns how many there were. */
async function readFully(file: number, octets: Buffer, position: number): Promise<number> {
  let got = 0;
  while (got < octets.length) {
    const { bytesRead } = await readFile(file, octets, got, octets.length - got, position + got);
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
