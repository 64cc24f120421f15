/**
 * Group commit: whoever has something to write joins the batch of this turn; one transaction and one fsync serve all of them. While one
 * batch is being written the next one gathers, so durability costs little under load and nothing waits at low load.
 */

/** Writes one batch; a rejection reaches every member of it. */
export type Flush<T> = (items: readonly T[]) => Promise<void>;

/** Returns `add(item)`, which resolves when the batch that holds the item is on stable storage. */
export function createBatch<T>(flush: Flush<T>, maxItems = 500): (item: T) => Promise<void> {
  let gathering: { item: T; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let busy = false;

  const run = async (): Promise<void> => {
    while (gathering.length > 0) {
      const batch = gathering.slice(0, maxItems);
      gathering = gathering.slice(maxItems);
      try {
        await flush(batch.map((member) => member.item));
        for (const member of batch) member.resolve();
      } catch (error) {
        for (const member of batch) member.reject(error);
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
