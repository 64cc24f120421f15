/**
 * Blobs as rows of a database, for several processes that share no disk. The rows' home is behind the port ChunkStore, which store/
 * satisfies; every insert it answers is on stable storage, so a blob is durable once its last frame is in.
 */
import { lastFrame } from '../protect/seal.ts';
import { createSealedSpool, isBlobId, type Medium, type MediumWriter, timeOf } from './sealed.ts';
import type { Spool } from './spool.ts';

/** Rows of sealed frames, told apart by the blob's id and the frame's number. */
export type ChunkStore = {
  /** Adds consecutive frames and resolves when they are on stable storage. Rejects with SpoolFull when there is no room. */
  insert(blobId: string, firstFrame: number, frames: readonly Uint8Array[]): Promise<void>;
  /** Frames [fromFrame, toFrame) in order, as many as there are. */
  read(blobId: string, fromFrame: number, toFrame: number): Promise<Uint8Array[]>;
  remove(blobIds: readonly string[]): Promise<void>;
  /** The ids behind `after` in order, some at a time; none behind the last. */
  list(after: string): Promise<string[]>;
};

/** Frames in one insert and in one read: half a megabyte. */
const framesAtOnce = 8;

/** Closing it leaves the chunk store open. `masterKey`: 32 octets. */
export function openDatabaseSpool(options: { readonly chunks: ChunkStore; readonly masterKey: Buffer }): Spool {
  return createSealedSpool(options.masterKey, databaseMedium(options.chunks));
}

/** The rows alone, for whoever seals. */
export function databaseMedium(chunks: ChunkStore): Medium {
  return {
    begin: async (id) => chunkWriter(chunks, id),
    frames: (id, from, to, size) => readChunks(chunks, id, from, Math.min(to, lastFrame(size) + 1)),
    remove: (id) => chunks.remove([id]),
    olderThan: (time) => listOlder(chunks, time),
    close: async () => {},
  };
}

function chunkWriter(chunks: ChunkStore, id: string): MediumWriter {
  let waiting: Buffer[] = [];
  let stored = 0;
  const flush = async () => {
    const frames = waiting;
    waiting = [];
    await chunks.insert(id, stored, frames);
    stored += frames.length;
  };
  return {
    async append(frames) {
      waiting.push(...frames);
      if (waiting.length >= framesAtOnce) await flush();
    },
    async commit(last) {
      waiting.push(last);
      await flush();
    },
    async abort() {
      waiting = [];
      await chunks.remove([id]);
    },
  };
}

async function* readChunks(chunks: ChunkStore, id: string, from: number, to: number): AsyncIterable<Uint8Array> {
  for (let next = from; next < to; next += framesAtOnce) {
    const behind = Math.min(to, next + framesAtOnce);
    const frames = await chunks.read(id, next, behind);
    yield* frames;
    if (frames.length < behind - next) return;
  }
}

async function* listOlder(chunks: ChunkStore, olderThan: number): AsyncIterable<string> {
  let after = '';
  for (;;) {
    const ids = await chunks.list(after);
    for (const id of ids) {
      if (!isBlobId(id)) continue;
      // UUIDv7s sort by time: everything behind is younger still.
      if (timeOf(id) >= olderThan) return;
      yield id;
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
  }
}
