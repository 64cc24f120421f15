/** The thread of thread.ts: one job, one answer. Errors leave it by name only, as a message could quote what was being read. */
import { parentPort, workerData } from 'node:worker_threads';
import type { OwnKeyJob } from './jobs.ts';
import { workOnOwnKeys } from './work.ts';

const { ownKeys, job } = workerData as { readonly ownKeys: Uint8Array; readonly job: OwnKeyJob };
const key = Buffer.from(ownKeys);
parentPort?.postMessage(await workOnOwnKeys(job, key), []);
key.fill(0);
