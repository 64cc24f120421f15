/**
 * A worker thread of the pool (pool.ts): looks through one message at a time.
 *
 * The message comes in blocks, the first with the task itself; a small message is whole in it. For others this side asks (`want`) and gets a
 * block that begins there, so it is never further ahead than one block, and what nobody wants to see is never sent.
 */
import { parentPort } from 'node:worker_threads';
import type { Range } from '../mail/structure.ts';
import type { ScanResult } from '../policy/detection.ts';
import { type ScanTask, scanMessage } from './scan.ts';

/** Octets of the message from `start`; at least one unless the message ends there. */
export type Block = { readonly start: number; readonly octets: Uint8Array };

/** Pool to worker. */
export type ToWorker =
  | { readonly kind: 'scan'; readonly task: ScanTask; readonly first: Block }
  | { readonly kind: 'block'; readonly block: Block };

/** Worker to pool. */
export type FromWorker =
  | { readonly kind: 'want'; readonly start: number }
  /** The part at this place in the task begins. */
  | { readonly kind: 'at'; readonly index: number; readonly soFar: ScanResult | null }
  | { readonly kind: 'done'; readonly result: ScanResult };

const pool = parentPort;
let arrived: ((block: Block) => void) | null = null;

pool?.on('message', (message: ToWorker) => {
  if (message.kind === 'block') arrived?.(message.block);
  // A rejection is a fault of ours; it ends this worker, and the pool sees that.
  else void look(message.task, message.first);
});

async function look(task: ScanTask, first: Block): Promise<void> {
  const blocks = new Blocks(first);
  const result = await scanMessage(
    task,
    (range) => blocks.read(range),
    (index, soFar) => tell({ kind: 'at', index, soFar }),
  );
  tell({ kind: 'done', result });
}

function tell(message: FromWorker): void {
  pool?.postMessage(message, []);
}

/** The octets of the message being looked through, one block at a time. */
class Blocks {
  #block: Block;

  constructor(first: Block) {
    this.#block = first;
  }

  async *read(range: Range): AsyncGenerator<Uint8Array> {
    for (let at = range.start; at < range.end; ) {
      if (at < this.#block.start || at >= this.#block.start + this.#block.octets.length) this.#block = await want(at);
      const from = at - this.#block.start;
      const octets = this.#block.octets.subarray(from, from + range.end - at);
      if (octets.length === 0) throw new Error('the message is shorter than its structure says');
      yield octets;
      at += octets.length;
    }
  }
}

function want(start: number): Promise<Block> {
  const { promise, resolve } = Promise.withResolvers<Block>();
  arrived = resolve;
  tell({ kind: 'want', start });
  return promise;
}
