/**
 * A Spool over any medium that keeps sealed frames: makes ids and data keys, seals what is written, opens what is read. The media are disk.ts
 * and database.ts; what a frame is says protect/seal.ts.
 *
 * A small blob that was just written is read again at once, to decide about it and to send it: its sealed frame stays in memory for a
 * while (`Fresh`), which spares the medium both readings.
 *
 * The id of a blob is a UUIDv7, so it carries the time it was begun; a sweep needs no other record of that.
 *
 * Standards: RFC 9562.
 */
import { randomUUIDv7 } from 'node:crypto';
import { FrameSealer, frameSize, lastFrame, newDataKey, openFrame, unwrapKey, wrapKey } from '../protect/seal.ts';
import type { Spool, SpoolRef, SpoolWriter } from './spool.ts';

/** Ids asked about in one step of a sweep. */
const sweepBatch = 500;
/** Octets of fresh frames kept in memory. */
const maxFresh = 33_554_432;

/** Where frames are kept. Frame numbers count from 0; ranges are [from, to). */
export type Medium = {
  /** Begins a blob. Rejects with SpoolFull when there is no room for another. */
  begin(id: string): Promise<MediumWriter>;
  /** The sealed frames in order; fewer when the blob is gone or was cut, each as long as it is. `size` is the blob's in plaintext. */
  frames(id: string, from: number, to: number, size: number): AsyncIterable<Uint8Array>;
  remove(id: string): Promise<void>;
  /** The ids of the blobs begun before `olderThan`, whole or not. */
  olderThan(olderThan: number): AsyncIterable<string>;
  close(): Promise<void>;
};

export type MediumWriter = {
  /** Takes the next frames. Rejects with SpoolFull. */
  append(frames: readonly Buffer[]): Promise<void>;
  /** Takes the last frame and resolves when all are on stable storage. */
  commit(last: Buffer): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
};

/** `masterKey`: 32 octets. */
export function createSealedSpool(masterKey: Buffer, medium: Medium): Spool {
  const fresh = new Fresh();
  return {
    create: async () => {
      const id = randomUUIDv7();
      return sealingWriter(id, masterKey, await medium.begin(id), fresh);
    },
    read: (ref, range) => {
      const whole = { start: 0, end: ref.size };
      const key = unwrapKey(masterKey, ref.wrappedKey, ref.id);
      return readSealed(fresh.framesOf(ref.id) ?? medium, key, ref, range ?? whole);
    },
    remove: async (id) => {
      fresh.forget(id);
      await medium.remove(id);
    },
    sweep: (known, olderThan) => sweep(medium, known, olderThan),
    close: () => medium.close(),
  };
}

/** RFC 9562 section 5.7: the first 48 bits are Unix time in milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Whether a name found on the medium can be the id of a blob. */
export function isBlobId(name: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(name);
}

/** The only frames of blobs that were written lately, oldest first. */
class Fresh {
  readonly #frames = new Map<string, Buffer>();
  #octets = 0;

  keep(id: string, frame: Buffer): void {
    this.#frames.set(id, frame);
    this.#octets += frame.length;
    for (const oldest of this.#frames.keys()) {
      if (this.#octets <= maxFresh) return;
      this.forget(oldest);
    }
  }

  forget(id: string): void {
    this.#octets -= this.#frames.get(id)?.length ?? 0;
    this.#frames.delete(id);
  }

  /** Instead of the medium's, when the blob is here. */
  framesOf(id: string): Pick<Medium, 'frames'> | null {
    const frame = this.#frames.get(id);
    if (frame === undefined) return null;
    return {
      async *frames() {
        yield frame;
      },
    };
  }
}

function sealingWriter(id: string, masterKey: Buffer, medium: MediumWriter, fresh: Fresh): SpoolWriter {
  const key = newDataKey();
  const sealer = new FrameSealer(key, id);
  let size = 0;
  let ended = false;
  let turn: Promise<unknown> = Promise.resolve();
  // One thing after the other: an abort in the middle of a write (the client hung up) must not pull the medium away from under it.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };
  return {
    async write(chunk) {
      if (ended) throw new Error('a blob was written to after its end');
      size += chunk.length;
      const frames = sealer.push(chunk);
      if (frames.length > 0) await inTurn(() => medium.append(frames));
    },
    async commit() {
      if (ended) throw new Error('a blob was committed after its end');
      ended = true;
      const last = sealer.end();
      await inTurn(() => medium.commit(last));
      if (size <= frameSize) fresh.keep(id, last);
      return { id, wrappedKey: wrapKey(masterKey, key, id), size };
    },
    async abort() {
      ended = true;
      await inTurn(() => medium.abort());
    },
  };
}

/** Octets of a range of a blob, opened with its data key. */
export async function* readSealed(
  medium: Pick<Medium, 'frames'>,
  key: Buffer,
  ref: Pick<SpoolRef, 'id' | 'size'>,
  range: { readonly start: number; readonly end: number },
): AsyncIterable<Uint8Array> {
  const start = Math.max(0, range.start);
  const end = Math.min(ref.size, range.end);
  // The last frame vouches for the size: an empty range of an empty blob still opens it.
  if (start >= end && ref.size > 0) return;
  const last = lastFrame(ref.size);
  const first = Math.floor(start / frameSize);
  const behind = Math.max(first + 1, Math.ceil(end / frameSize));
  let index = first;
  for await (const sealed of medium.frames(ref.id, first, behind, ref.size)) {
    const plain = openFrame(key, ref.id, index, index === last, sealed);
    const offset = index * frameSize;
    if (plain.length !== Math.min(frameSize, ref.size - offset))
      throw new Error('a blob of the spool has another size');
    index += 1;
    const wanted = plain.subarray(Math.max(0, start - offset), end - offset);
    if (wanted.length > 0) yield wanted;
  }
  if (index !== behind) throw new Error('a blob of the spool is gone or was cut short');
}

async function sweep(
  medium: Medium,
  known: (ids: readonly string[]) => Promise<ReadonlySet<string>>,
  olderThan: number,
): Promise<number> {
  let removed = 0;
  let batch: string[] = [];
  const judge = async () => {
    const keep = await known(batch);
    for (const id of batch) {
      if (keep.has(id)) continue;
      await medium.remove(id);
      removed += 1;
    }
    batch = [];
  };
  for await (const id of medium.olderThan(olderThan)) {
    batch.push(id);
    if (batch.length === sweepBatch) await judge();
  }
  if (batch.length > 0) await judge();
  return removed;
}
