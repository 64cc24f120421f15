/**
 * A worker thread of opening (pool.ts): opens or verifies one layer at a time. Private keys are unsealed here and nowhere else, and leave with the
 * layer's end.
 *
 * Octets go in lock-step: it asks for each piece of the input, and waits until each piece of the output is taken, so that neither side holds more
 * than a few pieces. The two directions wait independently, as OpenPGP reads ahead.
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

/** Pool to worker. `layer` numbers the layers of one worker. A null chunk is the end of the input. */
export type ToWorker = { readonly layer: number } & (
  | { readonly kind: 'open'; readonly job: LayerJob }
  | { readonly kind: 'input'; readonly chunk: Uint8Array | null }
  | { readonly kind: 'taken' }
);

/** Worker to pool. */
export type FromWorker = { readonly layer: number } & (
  | { readonly kind: 'more' }
  | { readonly kind: 'output'; readonly chunk: Uint8Array }
  | { readonly kind: 'report'; readonly report: LayerReport }
  | { readonly kind: 'failed'; readonly error: string }
);

type Answer = (message: ToWorker) => void;

const pool = parentPort;
/** Who waits for what, of the layer that is being opened. */
let current: { readonly layer: number; input?: Answer; taken?: Answer } = { layer: 0 };
let roots: readonly X509Certificate[] | null = null;

pool?.on('message', (message: ToWorker) => {
  if (message.kind === 'open') {
    current = { layer: message.layer };
    void work(message.layer, message.job);
  } else if (message.layer === current.layer) current[message.kind]?.(message);
});

function send(message: FromWorker): void {
  pool?.postMessage(message, []);
}

/** What reads on for a layer that is over waits for ever, and is forgotten. */
function ask(message: FromWorker, answer: 'input' | 'taken'): Promise<ToWorker> {
  return new Promise((resolve) => {
    if (message.layer !== current.layer) return;
    current[answer] = resolve;
    send(message);
  });
}

async function* inputOf(layer: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    const answer = await ask({ layer, kind: 'more' }, 'input');
    if (answer.kind !== 'input' || answer.chunk === null) return;
    yield answer.chunk;
  }
}

async function work(layer: number, job: LayerJob): Promise<void> {
  try {
    const report = await opened(layer, job);
    send({ layer, kind: 'report', report });
  } catch (error) {
    if (error instanceof Refused) send({ layer, kind: 'report', report: { kind: 'refused', ...error.refusal } });
    else send({ layer, kind: 'failed', error: error instanceof Error ? error.name : 'unknown' });
  }
}

async function opened(layer: number, job: LayerJob): Promise<LayerReport> {
  const input = inputOf(layer);
  if ('signature' in job) {
    const { kind, signature, signing } = job;
    return kind === 'cms-detached'
      ? verifyDetached(signature, input, signing, readRoots())
      : verifyPgp(signature, input, signing);
  }
  const keys = job.keys.flatMap(unsealed);
  const inside =
    job.kind === 'cms' ? openCms(input, keys, job.signing, readRoots()) : openPgp(input, keys, job.signing);
  for (;;) {
    const next = await inside.next();
    if (next.done === true) return next.value;
    // A copy: what is sent of a view is all of the memory behind it.
    const chunk = Uint8Array.from(next.value);
    if (chunk.length > 0) await ask({ layer, kind: 'output', chunk }, 'taken');
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
