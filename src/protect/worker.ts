/**
 * A worker thread of the pool (pool.ts): makes protected copies, several at a time, their octets interleaved as they come.
 *
 * A small message comes and goes whole, one message each way. A large one streams under credit: the pool sends no more than `window`
 * octets beyond what this side said it `consumed`, and this side sends no more than `window` beyond the `credit` it was given back.
 *
 * The tenants' private keys are opened here and nowhere else (`openSigner`).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Channel } from './channel.ts';
import { encryptPgp, signPgp } from './openpgp/message.ts';
import type { OpenedSigningKey, Protected, ProtectJob } from './protected.ts';
import { CannotProtect } from './protected.ts';
import { openText, SealBroken } from './seal.ts';
import { protectSmime } from './smime.ts';

/** Pool to worker. `id` numbers the copies of one worker. */
export type ToWorker =
  | { readonly kind: 'whole'; readonly id: number; readonly job: ProtectJob; readonly entity: Uint8Array }
  | { readonly kind: 'begin'; readonly id: number; readonly job: ProtectJob; readonly window: number }
  | { readonly kind: 'input'; readonly id: number; readonly chunk: Uint8Array }
  | { readonly kind: 'inputEnd'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly octets: number }
  | { readonly kind: 'cancel'; readonly id: number };

/** Worker to pool. */
export type FromWorker =
  | { readonly kind: 'done'; readonly id: number; readonly headerLines: string; readonly body: Uint8Array }
  | { readonly kind: 'ready'; readonly id: number; readonly headerLines: string; readonly size: number | null }
  | { readonly kind: 'consumed'; readonly id: number; readonly octets: number }
  | { readonly kind: 'output'; readonly id: number; readonly chunk: Uint8Array }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'cannot'; readonly id: number; readonly why: string }
  | { readonly kind: 'failed'; readonly id: number; readonly error: string };

type Copy = { readonly input: Channel; credit: number; goOn: (() => void) | null; cancelled: boolean };

/** What a worker is started with: `ownKeys`, 32 octets, opens the tenants' private keys. */
export type WorkerData = { readonly ownKeys: Uint8Array };

const pool = parentPort;
const copies = new Map<number, Copy>();

pool?.on('message', (message: ToWorker) => {
  const copy = copies.get(message.id);
  switch (message.kind) {
    case 'whole':
      void reported(message.id, () => whole(message.id, message.job, message.entity));
      break;
    case 'begin':
      void reported(message.id, () => stream(message.id, message.job, message.window));
      break;
    case 'input':
      copy?.input.push(message.chunk);
      break;
    case 'inputEnd':
      copy?.input.end();
      break;
    case 'credit':
      if (copy === undefined) break;
      copy.credit += message.octets;
      copy.goOn?.();
      break;
    case 'cancel':
      if (copy === undefined) break;
      copy.cancelled = true;
      copy.input.fail(new Error('cancelled'));
      copy.goOn?.();
      break;
  }
});

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  pool?.postMessage(message, transfer);
}

async function reported(id: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CannotProtect) send({ kind: 'cannot', id, why: error.message });
    else send({ kind: 'failed', id, error: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' });
  } finally {
    copies.delete(id);
  }
}

async function protect(job: ProtectJob, entity: AsyncIterable<Uint8Array>): Promise<Protected> {
  const { method, recipients, entitySize, form = 'clear' } = job;
  const signer = openSigner(job);
  if (method === 'smime') return protectSmime({ recipients, signer, form, entitySize }, entity);
  const keys = recipients.map(({ material }) => material);
  if (signer !== null && keys.length === 0) return signPgp(signer, entity, entitySize);
  return encryptPgp(keys, signer, entity, entitySize);
}

function openSigner({ method, signer }: ProtectJob): OpenedSigningKey | null {
  if (signer === null) return null;
  if (signer.method !== method) throw new CannotProtect('The key to sign with is one for another method.');
  const { ownKeys } = workerData as WorkerData;
  try {
    return {
      certificates: signer.certificates,
      privateKey: openText(Buffer.from(ownKeys), signer.sealed, signer.context),
    };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new CannotProtect('The private key to sign with cannot be opened: it was sealed under another master key.');
  }
}

async function whole(id: number, job: ProtectJob, entity: Uint8Array): Promise<void> {
  const made = await protect(
    job,
    (async function* () {
      yield entity;
    })(),
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of made.body) chunks.push(chunk);
  const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  send({ kind: 'done', id, headerLines: made.headerLines, body }, ownBuffer(body));
}

async function stream(id: number, job: ProtectJob, window: number): Promise<void> {
  const input = new Channel(
    (octets) => send({ kind: 'consumed', id, octets }),
    () => {},
  );
  const copy: Copy = { input, credit: window, goOn: null, cancelled: false };
  copies.set(id, copy);
  const made = await protect(job, input);
  send({ kind: 'ready', id, headerLines: made.headerLines, size: made.size });
  for await (const chunk of made.body) {
    while (copy.credit <= 0 && !copy.cancelled) {
      await new Promise<void>((resolve) => {
        copy.goOn = resolve;
      });
    }
    if (copy.cancelled) return;
    copy.credit -= chunk.length;
    send({ kind: 'output', id, chunk }, ownBuffer(chunk));
  }
  send({ kind: 'end', id });
}

/** The memory behind a chunk when nothing else lies in it: then it moves to the other thread instead of being copied. */
function ownBuffer(chunk: Uint8Array): ArrayBuffer[] {
  const { buffer } = chunk;
  return buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength ? [buffer] : [];
}
