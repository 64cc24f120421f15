/**
 * A worker thread of opening (pool.ts): opens or verifies one layer at a time. Private keys are unsealed here and nowhere else, and leave with the
 * layer's end.
 *
 * Octets go in lock-step: it asks for each piece of the input, and waits until each piece of the output is taken, so that neither side holds more
 * than a few pieces.
 */
import { X509Certificate } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { openText } from '../seal.ts';
import { type OpenedKey, openCms } from './cms.ts';
import { verifyDetached } from './cms-signed.ts';
import { type LayerJob, type LayerReport, type OwnKey, Refused } from './opened.ts';
import { openPgp, verifyPgp } from './pgp.ts';

export type WorkerData = {
  readonly ownKeys: Uint8Array;
  /** PEM. */
  readonly roots: readonly string[];
};

/** Pool to worker. A null chunk is the end of the input. */
export type ToWorker =
  | { readonly kind: 'open'; readonly job: LayerJob }
  | { readonly kind: 'input'; readonly chunk: Uint8Array | null }
  | { readonly kind: 'taken' };

/** Worker to pool. */
export type FromWorker =
  | { readonly kind: 'more' }
  | { readonly kind: 'output'; readonly chunk: Uint8Array }
  | { readonly kind: 'report'; readonly report: LayerReport }
  | { readonly kind: 'failed'; readonly error: string };

const pool = parentPort;
let answered: ((message: ToWorker) => void) | null = null;
let roots: readonly X509Certificate[] | null = null;

pool?.on('message', (message: ToWorker) => {
  if (message.kind === 'open') void work(message.job);
  else answered?.(message);
});

function send(message: FromWorker): void {
  pool?.postMessage(message, []);
}

function ask(message: FromWorker): Promise<ToWorker> {
  return new Promise((resolve) => {
    answered = resolve;
    send(message);
  });
}

async function* input(): AsyncGenerator<Uint8Array> {
  for (;;) {
    const answer = await ask({ kind: 'more' });
    if (answer.kind !== 'input' || answer.chunk === null) return;
    yield answer.chunk;
  }
}

async function work(job: LayerJob): Promise<void> {
  try {
    const report = await opened(job);
    send({ kind: 'report', report });
  } catch (error) {
    if (error instanceof Refused) send({ kind: 'report', report: { kind: 'refused', ...error.refusal } });
    else send({ kind: 'failed', error: error instanceof Error ? error.name : 'unknown' });
  }
}

async function opened(job: LayerJob): Promise<LayerReport> {
  if ('signature' in job) {
    const { kind, signature, signing } = job;
    return kind === 'cms-detached'
      ? verifyDetached(signature, input(), signing, readRoots())
      : verifyPgp(signature, input(), signing);
  }
  const keys = job.keys.flatMap(unsealed);
  const layer =
    job.kind === 'cms' ? openCms(input(), keys, job.signing, readRoots()) : openPgp(input(), keys, job.signing);
  for (;;) {
    const next = await layer.next();
    if (next.done === true) return next.value;
    if (next.value.length > 0) await ask({ kind: 'output', chunk: next.value });
  }
}

/** A key that does not unseal (the master key is another one) opens nothing. */
function unsealed({ id, method, material, sealed, context }: OwnKey): OpenedKey[] {
  const { ownKeys } = workerData as WorkerData;
  try {
    return [{ id, method, material, privateKey: openText(Buffer.from(ownKeys), sealed, context) }];
  } catch {
    return [];
  }
}

function readRoots(): readonly X509Certificate[] {
  roots ??= (workerData as WorkerData).roots.flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
  return roots;
}
