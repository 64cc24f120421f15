/**
 * Group commit: whoever has something to write joins the batch of this turn; one transaction and one fsync serve all of them. While one
 * batch is being written the next one gathers, so durability costs little under load and nothing waits at low load.
 */

import { setTimeout as sleep } from 'node:timers/promises';

/** Writes one batch. */
export type Flush<T> = (items: readonly T[]) => Promise<void>;

export type BatchOptions = {
  readonly maxItems?: number;
  /** Milliseconds that a batch waits for company, for what comes one by one and is in no hurry. */
  readonly gatherFor?: number;
  /** Errors for which the members are tried again one by one, because one of them may be at fault and the others not. */
  readonly mayBeOnes?: (error: unknown) => boolean;
};

/** Returns `add(item)`, which resolves when the batch that holds the item is on stable storage and rejects with what its flush rejected with. */
export function createBatch<T>(flush: Flush<T>, options: BatchOptions = {}): (item: T) => Promise<void> {
  type Member = { readonly item: T; readonly resolve: () => void; readonly reject: (error: unknown) => void };
  const { maxItems = 500, gatherFor = 0, mayBeOnes = () => false } = options;
  let gathering: Member[] = [];
  let busy = false;

  const alone = (member: Member): Promise<void> => flush([member.item]).then(member.resolve, member.reject);

  const run = async (): Promise<void> => {
    while (gathering.length > 0) {
      if (gatherFor > 0) await sleep(gatherFor);
      const batch = gathering.slice(0, maxItems);
      gathering = gathering.slice(maxItems);
      try {
        await flush(batch.map((member) => member.item));
        for (const member of batch) member.resolve();
      } catch (error) {
        if (batch.length > 1 && mayBeOnes(error)) for (const member of batch) await alone(member);
        else for (const member of batch) member.reject(error);
      }
    }
    busy = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      gathering.push({ item, resolve, reject });
      if (busy) return;
      busy = true;
      // Everything that becomes ready in this turn of the event loop shares the batch.
      setImmediate(() => void run());
    });
}
