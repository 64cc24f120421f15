/**
 * Starts a thread for one job about own private keys (jobs.ts) and ends it afterwards: making an RSA key takes a second of processor, and what a
 * thread had in memory goes with it. Such jobs are rare; signing and opening mail goes through the pool (pool.ts).
 */
import { Worker } from 'node:worker_threads';
import type { OwnKeyAnswer, OwnKeyJob } from './jobs.ts';

/** Milliseconds; a key of 4096 bits on a busy machine takes a few seconds. */
const patience = 60_000;

export type OwnKeyWork = (job: OwnKeyJob) => Promise<OwnKeyAnswer>;

/** `ownKeys`: from ownKeysKey. What is done rejects only when the machinery failed. */
export function createOwnKeyWork(ownKeys: Buffer): OwnKeyWork {
  return (job) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        env: {},
        workerData: { ownKeys, job },
        resourceLimits: { maxOldGenerationSizeMb: 256 },
      });
      const fail = (why: string) => {
        reject(new Error(why));
        void worker.terminate();
      };
      const timer = setTimeout(() => fail('work on a private key took too long'), patience);
      worker.once('message', (answer: OwnKeyAnswer) => {
        resolve(answer);
        void worker.terminate();
      });
      worker.once('error', (error) =>
        fail(`work on a private key failed: ${error instanceof Error ? error.name : 'unknown'}`),
      );
      worker.once('exit', () => {
        clearTimeout(timer);
        fail('work on a private key ended without an answer');
      });
    });
}
