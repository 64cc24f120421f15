/**
 * Looking through messages away from the main thread: hostile content costs a worker thread (worker.ts), never the listener.
 * `createScanPool` queues the messages; one `Lane` is one worker, and a worker has one message at a time, so a bomb hurts nobody else.
 *
 * A message has a deadline that grows with its octets, counted in processor time of its worker, so that a busy machine holds no honest
 * mail; and limits of memory. A worker over them is ended, and its message's result is what was found before, blind at the part it was
 * in. Worker threads are limited in V8's heap by Node; the memory outside of it, where octets lie, is watched here.
 *
 * Limits: between two looks of the watch (`tick`) a worker may go over by what it does in that time.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Blind, ScanResult } from '../policy/detection.ts';
import type { ScanJob, ScanPool } from './job.ts';
import { type ScanTask, taskOf } from './scan.ts';
import type { Block, FromWorker, ToWorker } from './worker.ts';

/** What one message may cost. */
export type ScanLimits = {
  /** Milliseconds of processor time: `base`, and `perMegabyte` for each 2^20 octets of the message, together at most `most`. */
  readonly time: { readonly base: number; readonly perMegabyte: number; readonly most: number };
  /** Octets: of V8's heap, and outside of it. */
  readonly memory: { readonly heap: number; readonly outside: number };
};

const mega = 1_048_576;
export const defaultScanLimits: ScanLimits = {
  time: { base: 1_500, perMegabyte: 2_000, most: 60_000 },
  memory: { heap: 128 * mega, outside: 128 * mega },
};
/** Octets sent to a worker at once; a message up to this size goes whole. */
const blockSize = 262_144;
/** Milliseconds between two looks at the workers. */
const tick = 100;
/** A worker that gets less than `progress` milliseconds of processor time in `stillAfter` waits for something that never comes. */
const stillAfter = 10_000;
const progress = 50;

/** `size`: worker threads at most (unless given, one less than the processors, but two, so that one slow message stops no other). */
export function createScanPool(
  options: { readonly size?: number; readonly limits?: Partial<ScanLimits> } = {},
): ScanPool {
  const size = options.size ?? Math.max(2, availableParallelism() - 1);
  const limits = { ...defaultScanLimits, ...options.limits };
  const lanes = new Set<Lane>();
  const waiting: Look[] = [];
  let closed = false;

  const next = (): void => {
    while (waiting.length > 0) {
      const lane = [...lanes].find((candidate) => candidate.idle) ?? (lanes.size < size ? opened() : null);
      const look = lane === null ? undefined : waiting.shift();
      if (lane === null || look === undefined) return;
      lane.take(look);
    }
  };
  const opened = (): Lane => {
    const lane = new Lane(limits, {
      idle: next,
      again: (look) => waiting.unshift(look),
      gone: () => {
        lanes.delete(lane);
        next();
      },
    });
    lanes.add(lane);
    return lane;
  };
  const watch = setInterval(() => {
    for (const lane of lanes) void lane.check();
  }, tick);
  watch.unref();

  return {
    async scan(job) {
      const first = await readBlock(job, 0);
      return new Promise((resolve, reject) => {
        if (closed) reject(poolClosed());
        waiting.push({ job, task: taskOf(job), first, resolve, reject, repeated: false });
        next();
      });
    },
    async close() {
      closed = true;
      clearInterval(watch);
      for (const look of waiting.splice(0)) look.reject(poolClosed());
      await Promise.all([...lanes].map((lane) => lane.close()));
    },
  };
}

function poolClosed(): Error {
  return new Error('the scan pool is closed');
}

/** A message that is to be looked through. */
type Look = {
  readonly job: ScanJob;
  readonly task: ScanTask;
  readonly first: Block;
  readonly resolve: (result: ScanResult) => void;
  readonly reject: (error: Error) => void;
  readonly repeated: boolean;
};

/** A message in its worker. */
type Running = {
  readonly look: Look;
  /** Milliseconds of processor time allowed. */
  readonly deadline: number;
  /** Processor time of the worker when the watch saw the message first; null before. */
  from: NodeJS.CpuUsage | null;
  /** Milliseconds the watch counted since the processor time was `moved`; none while a block is read. */
  still: number;
  moved: number;
  /** Whether a block is being read for the worker. */
  reading: boolean;
  index: number;
  soFar: ScanResult | null;
};

type LaneEvents = {
  readonly idle: () => void;
  readonly again: (look: Look) => void;
  readonly gone: () => void;
};

class Lane {
  readonly #limits: ScanLimits;
  readonly #events: LaneEvents;
  readonly #worker: Worker;
  #running: Running | null = null;
  #fresh = true;
  #ended = false;

  constructor(limits: ScanLimits, events: LaneEvents) {
    this.#limits = limits;
    this.#events = events;
    // No environment: secrets there are none of a worker's business. No output: a library's complaint could quote a message.
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: limits.memory.heap / mega, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (message: FromWorker) => this.#answer(message));
    this.#worker.on('error', (error) => this.#died(error));
    this.#worker.on('exit', () => this.#died(null));
  }

  get idle(): boolean {
    return this.#running === null && !this.#ended;
  }

  take(look: Look): void {
    const { base, perMegabyte, most } = this.#limits.time;
    const deadline = Math.min(most, base + (perMegabyte * look.task.size) / mega);
    this.#running = { look, deadline, from: null, still: 0, moved: 0, reading: false, index: 0, soFar: null };
    this.#send({ kind: 'scan', task: look.task, first: look.first });
  }

  /** Looks whether the message is over its limits. */
  async check(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    // Looks may overlap on a busy machine; what this one measures it must compare with what it began from.
    const { from } = running;
    const [used, heap] = await Promise.all([
      this.#worker.cpuUsage(from ?? undefined).catch(() => null),
      this.#worker.getHeapStatistics().catch(() => null),
    ]);
    if (this.#running !== running || used === null || heap === null) return;
    running.from ??= used;
    const time = from === null ? 0 : (used.user + used.system) / 1000;
    if (time > running.deadline || standsStill(running, time)) this.#end('looking through it takes too long');
    else if (heap.external_memory > this.#limits.memory.outside) this.#end(tooMuchMemory);
  }

  async close(): Promise<void> {
    this.#running?.look.reject(poolClosed());
    this.#leave();
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  #answer(message: FromWorker): void {
    const running = this.#running;
    if (running === null) return;
    switch (message.kind) {
      case 'want':
        void this.#serve(running, message.start);
        break;
      case 'at':
        running.index = message.index;
        running.soFar = message.soFar ?? running.soFar;
        break;
      case 'done':
        this.#fresh = false;
        this.#running = null;
        running.look.resolve(message.result);
        this.#events.idle();
        break;
    }
  }

  async #serve(running: Running, start: number): Promise<void> {
    running.reading = true;
    try {
      const block = await readBlock(running.look.job, start);
      running.reading = false;
      if (this.#running === running) this.#send({ kind: 'block', block });
    } catch (error) {
      if (this.#running !== running) return;
      running.look.reject(error instanceof Error ? error : new Error('the message could not be read'));
      this.#running = null;
      this.#leave();
      void this.#worker.terminate();
    }
  }

  /** The worker died by itself. Memory may have been short because of messages before: then this one gets a fresh worker once. */
  #died(error: unknown): void {
    const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const running = this.#running;
    if (running !== null && !this.#fresh && !running.look.repeated) {
      this.#running = null;
      this.#events.again({ ...running.look, repeated: true });
      this.#leave();
    } else this.#end(outOfMemory ? tooMuchMemory : 'looking through it ended the program that did');
  }

  /** Ends the worker; its message is blind from here on. */
  #end(reason: string): void {
    const running = this.#running;
    this.#running = null;
    if (running !== null) running.look.resolve(blindResult(running, reason));
    this.#leave();
    void this.#worker.terminate();
  }

  #leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.gone();
  }
}

/** Told of every look of the watch. */
function standsStill(running: Running, time: number): boolean {
  running.still = running.reading || time - running.moved >= progress ? 0 : running.still + tick;
  if (running.still === 0) running.moved = time;
  return running.still > stillAfter;
}

const tooMuchMemory = 'looking through it takes too much memory';

function blindResult({ look: { task }, index, soFar }: Running, reason: string): ScanResult {
  const blind: Blind = { doubt: 'limits', part: task.parts[index]?.path ?? '', reason };
  const nothing = {
    findings: [],
    probes: Object.fromEntries(task.probes.map(({ id }) => [id, 0])),
    looked: [],
    blind: [],
  };
  const found = soFar ?? nothing;
  return { ...found, blind: [...found.blind, blind] };
}

async function readBlock({ structure, read }: ScanJob, start: number): Promise<Block> {
  const end = Math.min(structure.size, start + blockSize);
  // Memory of its own: what is posted to a worker goes with all of the buffer it is a view of.
  const octets = new Uint8Array(Math.max(0, end - start));
  let filled = 0;
  if (start < end) {
    for await (const chunk of read({ start, end })) {
      octets.set(chunk.subarray(0, octets.length - filled), filled);
      filled += chunk.length;
    }
  }
  if (filled !== octets.length) throw new Error('the message is shorter than its structure says');
  return { start, octets };
}
