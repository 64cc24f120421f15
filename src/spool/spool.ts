/**
 * The bytes of messages, sealed at rest. A blob is written once, read many times by range, and deleted with its key.
 * Frames and key wrapping are protect/seal.ts; where the frames lie is disk.ts (files) or database.ts (chunk rows).
 */

/** Where a blob lies and the wrapped data key that opens it; stored in the message's row. */
export type SpoolRef = { readonly id: string; readonly wrappedKey: string; readonly size: number };

/** The medium refused for lack of room (ENOSPC, EDQUOT, or free space under the reserve): answered with 452 4.3.1. */
export class SpoolFull extends Error {}

export type SpoolWriter = {
  /** Appends octets. Rejects with SpoolFull when there is no room. */
  write(chunk: Uint8Array): Promise<void>;
  /** Seals the last frame and makes the blob durable (fsync of file and directory); only then may 250 be said. */
  commit(): Promise<SpoolRef>;
  /** Removes what was written. Safe at any time before commit resolved. */
  abort(): Promise<void>;
};

export type Spool = {
  /** Begins a blob under a fresh id (UUIDv7). */
  create(): Promise<SpoolWriter>;
  /** Reads octets [start, end) (the whole blob by default); a tampered or truncated blob rejects, never yields wrong octets. */
  read(ref: SpoolRef, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  /** Deletes the blob; deleting what is gone is no error. */
  remove(id: string): Promise<void>;
  /** Removes blobs that no message row names and that are older than `olderThan` (epoch ms): left over by a crash before commit. */
  sweep(known: (ids: readonly string[]) => Promise<ReadonlySet<string>>, olderThan: number): Promise<number>;
  close(): Promise<void>;
};
