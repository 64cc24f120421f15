/**
 * Opening away from the main thread: each layer is opened in a worker (worker.ts), one at a time, and others wait their turn. A layer on which the worker
 * dies, or makes no progress for `stallAfter`, is refused as hostile, and the worker is replaced: whoever waits for the next attempt would
 * only meet the same octets again.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { LayerJob, LayerReport } from './opened.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker.ts';

export type OpenPool = {
  /**
   * Opens one layer: `input` are its octets, `sink` takes what is inside, which is not to be believed before the report. Rejects with what
   * `input` or `sink` rejected with, and with an Error when the pool is closed.
   */
  open(
    job: LayerJob,
    input: AsyncIterable<Uint8Array>,
    sink: (chunk: Uint8Array) => Promise<void>,
  ): Promise<LayerReport>;
  close(): Promise<void>;
};

export type OpenPoolOptions = {
  /** The key under which the tenants' private keys are sealed, 32 octets. */
  readonly ownKeys: Buffer;
  /** PEM certificates that signers of S/MIME may lead to. */
  readonly roots: readonly string[];
  /** Workers at most; one less than the processors unless given. */
  readonly size?: number;
  /** Milliseconds; a minute unless given. */
  readonly stallAfter?: number;
};

export function createOpenPool(options: OpenPoolOptions): OpenPool {
  const data: WorkerData = { ownKeys: Uint8Array.from(options.ownKeys), roots: options.roots };
  const size = Math.max(1, options.size ?? availableParallelism() - 1);
  const stallAfter = options.stallAfter ?? 60_000;
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker | null) => void)[] = [];
  let closed = false;

  const newWorker = (): Worker => {
    // No environment, little memory: the octets are hostile and the key is precious.
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: {},
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
    });
    worker.unref();
    worker.on('error', () => {});
    worker.on('exit', () => workers.delete(worker));
    workers.add(worker);
    return worker;
  };
  const take = async (): Promise<Worker | null> => {
    if (closed) return null;
    const worker = idle.pop();
    if (worker !== undefined) return worker;
    if (workers.size < size) return newWorker();
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  };
  /** `worker` null: it is gone, and a fresh one takes its place when somebody waits. */
  const giveBack = (worker: Worker | null): void => {
    const next = waiting.shift();
    if (next !== undefined) next(closed ? null : (worker ?? newWorker()));
    else if (worker !== null) idle.push(worker);
  };

  return {
    async open(job, input, sink) {
      const worker = await take();
      if (worker === null) throw new Error('the opening pool is closed');
      worker.ref();
      const ended = await run(worker, job, input, sink, stallAfter);
      worker.unref();
      if (ended.kind === 'report') {
        giveBack(worker);
        return ended.report;
      }
      workers.delete(worker);
      await worker.terminate();
      giveBack(null);
      if (ended.kind === 'broken') throw ended.error;
      return tooMuch;
    },
    async close() {
      closed = true;
      for (const resolve of waiting.splice(0)) resolve(null);
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}

const tooMuch: LayerReport = {
  kind: 'refused',
  code: 'too-large',
  why: 'The message could not be opened: reading it took too long or too much memory.',
};
/** What a parser stumbles over without a word of its own. */
const damaged: LayerReport = { kind: 'refused', code: 'damaged', why: 'The message is damaged.' };

/** Numbers all layers of this process, so that a late word about one is never taken for another's. */
let layers = 0;

type Ended =
  | { readonly kind: 'report'; readonly report: LayerReport }
  | { readonly kind: 'died' }
  | { readonly kind: 'broken'; readonly error: unknown };

function run(
  worker: Worker,
  job: LayerJob,
  input: AsyncIterable<Uint8Array>,
  sink: (chunk: Uint8Array) => Promise<void>,
  stallAfter: number,
): Promise<Ended> {
  return new Promise((resolve) => {
    const source = input[Symbol.asyncIterator]();
    let watch: NodeJS.Timeout | undefined;
    /** What the worker waits for from us; while there is any, it owes nothing. */
    let owed = 0;
    let over = false;
    layers += 1;
    const layer = layers;
    const end = (ended: Ended): void => {
      over = true;
      clearTimeout(watch);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      // What is not read to its end is let go.
      void Promise.resolve(source.return?.()).catch(() => {});
      resolve(ended);
    };
    const onExit = (): void => end({ kind: 'died' });
    const answer = (message: ToWorker): void => {
      if (over) return;
      owed = Math.max(0, owed - 1);
      clearTimeout(watch);
      if (owed === 0) watch = setTimeout(onExit, stallAfter);
      worker.postMessage(message, []);
    };
    const serve = async (message: FromWorker): Promise<void> => {
      owed += 1;
      clearTimeout(watch);
      if (message.kind === 'more') {
        const next = await source.next();
        // A copy: what is sent of a view is all of the memory behind it.
        answer({ layer, kind: 'input', chunk: next.done === true ? null : Uint8Array.from(next.value) });
      } else if (message.kind === 'output') {
        await sink(message.chunk);
        answer({ layer, kind: 'taken' });
      } else end({ kind: 'report', report: message.kind === 'report' ? message.report : damaged });
    };
    const onMessage = (message: FromWorker): void => {
      if (message.layer !== layer) return;
      serve(message).catch((error: unknown) => end({ kind: 'broken', error }));
    };
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    answer({ layer, kind: 'open', job });
  });
}
