/**
 * Cleans HTML of messages in a worker thread with little memory and a deadline, because the HTML is hostile and its parser is ours to protect.
 * What stays and what goes is written in clean-worker.ts.
 *
 * One thread serves one job at a time. A job that takes too long ends its thread, and the next job gets a fresh one. When too many wait, a job is
 * refused at once: the reader has the plain text and the download.
 */
import { Worker } from 'node:worker_threads';

export type CleanJob = {
  readonly html: string;
  /** data: URLs by Content-ID. */
  readonly pictures: ReadonlyMap<string, string>;
  /** Whether pictures from elsewhere stay, for a reader who asked for them. */
  readonly remote?: boolean;
};
export type Cleaned = {
  readonly html: string;
  /** How many pictures were left out because they would have been loaded from elsewhere. */
  readonly remote: number;
};

export type Cleaner = {
  /** The cleaned HTML, or null when it is too complicated, took too long, needed too much memory, or too many jobs were waiting. */
  clean(job: CleanJob): Promise<Cleaned | null>;
  close(): Promise<void>;
};

const deadline = 3_000;
const maxWaiting = 20;

type Waiting = { readonly job: CleanJob; readonly done: (cleaned: Cleaned | null) => void };

export function createCleaner(options: { readonly deadline?: number } = {}): Cleaner {
  const limit = options.deadline ?? deadline;
  const waiting: Waiting[] = [];
  let thread: Worker | null = null;
  let current: Waiting | null = null;
  let timer: NodeJS.Timeout | undefined;

  const finish = (cleaned: Cleaned | null): void => {
    clearTimeout(timer);
    const ended = current;
    current = null;
    ended?.done(cleaned);
    next();
  };

  /** Gives the current job up, and the thread that failed it. */
  const giveUp = (): void => {
    void thread?.terminate();
    thread = null;
    finish(null);
  };

  const start = (): Worker => {
    const worker = new Worker(new URL('./clean-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
      // Nothing hostile content makes a library print may reach our own output.
      stdout: true,
      stderr: true,
    });
    worker.on('message', (message: { cleaned: Cleaned | null }) => {
      if (worker === thread) finish(message.cleaned);
    });
    const failed = (): void => {
      if (worker === thread) giveUp();
    };
    worker.on('error', failed);
    worker.on('exit', failed);
    worker.unref();
    return worker;
  };

  const next = (): void => {
    if (current !== null) return;
    current = waiting.shift() ?? null;
    if (current === null) return;
    thread ??= start();
    timer = setTimeout(giveUp, limit);
    thread.postMessage({ job: current.job }, []);
  };

  return {
    clean: (job) =>
      new Promise((resolve) => {
        if (waiting.length >= maxWaiting) {
          resolve(null);
          return;
        }
        waiting.push({ job, done: resolve });
        next();
      }),
    close: async () => {
      for (const { done } of waiting.splice(0)) done(null);
      const ending = thread;
      thread = null;
      finish(null);
      await ending?.terminate();
    },
  };
}

/** Whether HTML seems to have a picture that would be loaded from elsewhere. Each character is looked at so many times and no more, whatever the HTML. */
export function hasRemotePicture(html: string): boolean {
  return html
    .split(/<img\b/i)
    .slice(1)
    .some((rest) => remoteSource.test(rest.slice(0, 2_000).split('>', 1)[0] ?? ''));
}

const remoteSource = /\bsrc\s*=\s*(?:["']\s*)?(?:https?:)?\/\//i;
