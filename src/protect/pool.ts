/**
 * Protection away from the main thread: copies are made in worker threads (worker.ts), so that public-key arithmetic and hostile keys
 * never hold up the listener. `createProtectPool` spreads the copies; one `Lane` is one worker and the copies in it.
 *
 * Back-pressure reaches from the reader of a copy to the source of its entity: no more than `window` octets lie on each side. A worker
 * that owes us octets and moves nothing for `stallAfter`, or that dies, takes its copies with it (ProtectFailed) and is replaced at the
 * next need. A copy nobody reads for `abandonedAfter` is let go.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Channel } from './channel.ts';
import type { Protected, ProtectJob } from './protected.ts';
import { CannotProtect } from './protected.ts';
import { Source, window } from './source.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker.ts';

/** The machinery failed (a worker died or stalled, or its memory ran out), not the keys: worth another attempt later. */
export class ProtectFailed extends Error {
  override name = 'ProtectFailed';
}

export type ProtectPool = {
  /**
   * Makes one copy. Rejects with CannotProtect when the keys cannot be used, with ProtectFailed when the machinery failed, and with
   * the entity's own error when reading it failed; so does the iteration of `body` later. Leaving `body` early releases everything,
   * the entity included. A body that is never iterated should be left by its iterator's `return()`.
   */
  protect(job: ProtectJob, entity: AsyncIterable<Uint8Array>): Promise<Protected>;
  /** Ends the workers; copies still being made are rejected. */
  close(): Promise<void>;
};

/** Entities up to this many octets go to the worker and come back in one message each. */
const wholeUpTo = 262_144;
const abandonedAfter = 900_000;

export type ProtectPoolOptions = {
  /** The key under which the tenants' private keys are sealed (seal.ts), 32 octets; handed to the workers, which alone open them. */
  readonly ownKeys: Buffer;
  /** Workers at most; one less than the processors unless given. */
  readonly size?: number;
  /** Milliseconds without progress after which a worker is given up; a minute unless given. */
  readonly stallAfter?: number;
};

export function createProtectPool(options: ProtectPoolOptions): ProtectPool {
  const data: WorkerData = { ownKeys: Uint8Array.from(options.ownKeys) };
  const size = Math.max(1, options.size ?? availableParallelism() - 1);
  const stallAfter = options.stallAfter ?? 60_000;
  const lanes = new Set<Lane>();
  let closed = false;

  const leastBusy = (): Lane => {
    if (closed) throw new ProtectFailed('the protection pool is closed');
    const best = [...lanes].sort((a, b) => a.busy - b.busy)[0];
    if (best !== undefined && (best.busy === 0 || lanes.size >= size)) return best;
    const lane = new Lane(data, () => lanes.delete(lane));
    lanes.add(lane);
    return lane;
  };
  const watch = setInterval(
    () => {
      for (const lane of lanes) lane.check(Date.now(), stallAfter);
    },
    Math.max(20, stallAfter / 4),
  );
  watch.unref();

  return {
    async protect(job, entity) {
      if (job.entitySize > wholeUpTo) return leastBusy().stream(job, entity);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entity) chunks.push(chunk);
      return leastBusy().whole(job, ownCopy(chunks));
    },
    async close() {
      closed = true;
      clearInterval(watch);
      await Promise.all([...lanes].map((lane) => lane.end('the protection pool is closed')));
    },
  };
}

/** One copy as this side sees it. */
type Copy = {
  readonly answer: (message: FromWorker) => void;
  readonly fail: (error: Error) => void;
  /** Whether the worker has something to do for this copy and room to put it. */
  readonly owes: () => boolean;
  /** When the worker, and when the reader, last did something. */
  moved: number;
  read: number;
};

class Lane {
  readonly #worker: Worker;
  readonly #gone: () => void;
  readonly #copies = new Map<number, Copy>();
  #lastId = 0;

  constructor(data: WorkerData, gone: () => void) {
    this.#gone = gone;
    // No environment: secrets there are none of a worker's business. A key that makes it eat memory ends the worker, not the process.
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: {},
      workerData: data,
      // A small young generation is collected often, and with it the octets of pieces that have passed: half the memory of a large copy.
      resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on('message', (message: FromWorker) => {
      const copy = this.#copies.get(message.id);
      if (copy === undefined) return;
      copy.moved = Date.now();
      copy.answer(message);
    });
    this.#worker.on('error', (error) =>
      this.#fail(`a protection worker died: ${error instanceof Error ? error.name : 'unknown'}`),
    );
    this.#worker.on('exit', () => this.#fail('a protection worker ended'));
  }

  get busy(): number {
    return this.#copies.size;
  }

  check(now: number, stallAfter: number): void {
    for (const copy of this.#copies.values()) {
      if (copy.owes() && now - copy.moved > stallAfter) {
        void this.end('a protection worker made no progress');
        return;
      }
      if (now - copy.read > abandonedAfter) copy.fail(new ProtectFailed('nobody read the protected copy'));
    }
  }

  async end(why: string): Promise<void> {
    this.#fail(why);
    await this.#worker.terminate();
  }

  #fail(why: string): void {
    this.#gone();
    for (const copy of this.#copies.values()) copy.fail(new ProtectFailed(why));
    this.#copies.clear();
  }

  #send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #begin(copy: Omit<Copy, 'moved' | 'read'>): { readonly id: number; readonly copy: Copy } {
    this.#lastId += 1;
    const whole = { ...copy, moved: Date.now(), read: Date.now() };
    this.#copies.set(this.#lastId, whole);
    return { id: this.#lastId, copy: whole };
  }

  whole(job: ProtectJob, entity: Uint8Array<ArrayBuffer>): Promise<Protected> {
    return new Promise((resolve, reject) => {
      const { id } = this.#begin({
        owes: () => true,
        fail: reject,
        answer: (message) => {
          this.#copies.delete(id);
          if (message.kind === 'done') {
            const { headerLines, body } = message;
            resolve({ headerLines, size: body.length, body: once(body) });
          } else reject(errorOf(message));
        },
      });
      this.#send({ kind: 'whole', id, job, entity }, [entity.buffer]);
    });
  }

  stream(job: ProtectJob, entity: AsyncIterable<Uint8Array>): Promise<Protected> {
    return new Promise((resolve, reject) => {
      let ready = false;
      let lent = window;
      const source = new Source(entity, {
        send: (chunk) => this.#send({ kind: 'input', id, chunk }, [chunk.buffer]),
        end: () => this.#send({ kind: 'inputEnd', id }),
        broken: (error) => over(error),
      });
      const body = new Channel(
        (octets) => {
          lent += octets;
          copy.read = Date.now();
          if (copy.owes()) copy.moved = copy.read;
          this.#send({ kind: 'credit', id, octets });
        },
        () => over(null),
      );
      const over = (error: Error | null): void => {
        if (!this.#copies.delete(id)) return;
        source.stop();
        if (error === null) body.end();
        else body.fail(error);
        if (error !== null) reject(error);
        this.#send({ kind: 'cancel', id });
      };
      const { id, copy } = this.#begin({
        owes: () => !ready || (lent > 0 && source.pending),
        fail: over,
        answer: (message) => {
          if (message.kind === 'ready') {
            ready = true;
            resolve({ headerLines: message.headerLines, size: message.size, body });
          } else if (message.kind === 'consumed') source.consumed(message.octets);
          else if (message.kind === 'output') {
            lent -= message.chunk.length;
            body.push(message.chunk);
          } else over(message.kind === 'end' ? null : errorOf(message));
        },
      });
      this.#send({ kind: 'begin', id, job, window });
      source.start();
    });
  }
}

/** The octets in memory of their own, which can move to the worker. */
function ownCopy(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    copy.set(chunk, at);
    at += chunk.length;
  }
  return copy;
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

function errorOf(message: FromWorker): Error {
  if (message.kind === 'cannot') return new CannotProtect(message.why);
  return new ProtectFailed(message.kind === 'failed' ? message.error : `unexpected answer ${message.kind}`);
}
