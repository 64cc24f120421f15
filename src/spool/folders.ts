/**
 * The folders that disk.ts keeps its files in, and the sync of a folder that makes new names in it durable. All who commit at the same
 * time share one: whoever comes while a sync is running waits for the next, together with everybody else who came meanwhile.
 *
 * Way through: Folders (which folder, making it, removing it when empty), then Folder (its sync).
 */
import { open as openDescriptor } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBlobId, timeOf } from './sealed.ts';

/** Not openSync: making a name waits for the file system's journal while others sync, and would hold up everybody. */
const openFile = promisify(openDescriptor);

/** Folders kept open for their syncs. */
const maxOpenFolders = 3;

/** The folders below the spool's, each named by the first 32 bits of the time in its blobs' ids: 65.536 seconds. */
export class Folders {
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
      return await openFile(this.pathOf(id), 'wx', 0o600);
    } catch (error) {
      if (!isGone(error)) throw error;
      // Removed as empty in the meantime.
      this.#forget(name);
      await this.#folder(name).made;
      return await openFile(this.pathOf(id), 'wx', 0o600);
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
