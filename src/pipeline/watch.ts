/**
 * A change of files, noticed by looking at them every now and then: this works with editors that rename, with links that are swapped as Kubernetes
 * does, and on network drives, where being told of changes does not.
 *
 * A file is told from its successor by its stamp (size, times, inode). What changed is reported once it has stayed the same between two looks, so
 * a file that is being written is left alone until it is whole.
 */
import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Stamps by absolute path. */
export type Stamps = ReadonlyMap<string, string>;

/** What tells a file from what it was before; take it before reading, so that a change in between is not missed. */
export function stampOf(file: string): string {
  try {
    return stamp(statSync(file, { bigint: true }));
  } catch {
    return absent;
  }
}

/**
 * Looks every `every` milliseconds at the files of `read` (as stamped when they were read last), and calls `changed` when one is another now and
 * was the same at the look before. Returns the end of it.
 */
export function watchFiles(read: () => Stamps, changed: () => void, every: number): () => void {
  let before: Stamps = new Map();
  let looking = false;
  const look = async (): Promise<void> => {
    const known = read();
    const now = new Map(
      await Promise.all([...known.keys()].map(async (file) => [file, await stampNow(file)] as const)),
    );
    if (!same(now, known) && same(now, before)) changed();
    before = now;
  };
  const timer = setInterval(() => {
    // A network drive that hangs must not pile up looks.
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}

/** One thing that was read from files and can be read again. */
export type Watched = {
  /** Of its files, as they were read last. */
  readonly stamps: () => Stamps;
  readonly changed: () => void;
  /** Says again what is wrong with it, if anything is. */
  readonly remind: () => void;
};

const lookEvery = 2_000;
const remindEvery = 60 * 60_000;

/** Watches all of them and reminds every hour of what is broken. Returns the end of it. `every`: milliseconds between two looks. */
export function keepWatch(all: readonly Watched[], every = lookEvery): () => void {
  const reminder = setInterval(() => {
    for (const { remind } of all) remind();
  }, remindEvery).unref();
  const ends = all.map(({ stamps, changed }) => watchFiles(stamps, changed, every));
  return () => {
    clearInterval(reminder);
    for (const end of ends) end();
  };
}

const absent = 'absent';

async function stampNow(file: string): Promise<string> {
  try {
    return stamp(await stat(file, { bigint: true }));
  } catch {
    return absent;
  }
}

function stamp({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function same(a: Stamps, b: Stamps): boolean {
  return a.size === b.size && [...a].every(([file, stamp]) => b.get(file) === stamp);
}
