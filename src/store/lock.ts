/**
 * One worker per data folder: with SQLite, two processes that deliver from one queue would each take the other's leases for left over at their
 * start, and send again what the other is sending. The lock is SQLite's own on an empty file beside the database, so it goes with its process, however
 * that ends.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works in this folder. */
export class FolderHeld extends Error {
  override name = 'FolderHeld';
}

/** Takes the folder until the result is called. Throws FolderHeld at once when somebody has it. */
export function holdFolder(folder: string): () => void {
  const file = join(folder, 'worker.lock');
  closeSync(openSync(file, 'a', 0o600));
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch {
    lock.close();
    throw new FolderHeld(`another postern serve is at work in ${folder}`);
  }
  return () => lock.close();
}
