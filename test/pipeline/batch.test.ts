import { describe, expect, test } from 'vitest';
import { createBatch } from '../../src/pipeline/batch.ts';

/** A flush that the test ends by hand. */
function manualFlush() {
  const batches: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const flush = (items: readonly number[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push({ items, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  return { batches, flush };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('group commit', () => {
  test('what comes in one turn shares a batch; what comes while it is written shares the next', async () => {
    const { batches, flush } = manualFlush();
    const add = createBatch(flush);
    const first = [add(1), add(2)];
    await turn();
    const second = [add(3), add(4), add(5)];
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[1, 2]]);
    batches[0]?.end();
    await Promise.all(first);
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    batches[1]?.end();
    await Promise.all(second);
  });

  test('nothing is said before its own batch is written, and a failure reaches only its members', async () => {
    const { batches, flush } = manualFlush();
    const add = createBatch(flush);
    let done = false;
    const first = add(1).then(() => {
      done = true;
    });
    await turn();
    expect(done).toBe(false);
    const second = add(2);
    batches[0]?.end(new Error('disk'));
    await expect(first).rejects.toThrow('disk');
    await turn();
    batches[1]?.end();
    await second;
  });

  test('when one member may be at fault, the others are not made to suffer', async () => {
    const written: number[] = [];
    const flush = async (items: readonly number[]): Promise<void> => {
      if (items.includes(2)) throw new Error('two');
      written.push(...items);
    };
    const add = createBatch(flush, { mayBeOnes: (error) => error instanceof Error && error.message === 'two' });
    const results = await Promise.allSettled([1, 2, 3].map((item) => add(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(written).toEqual([1, 3]);
  });

  test('a batch has a largest size and the rest follows', async () => {
    const sizes: number[] = [];
    const add = createBatch<number>(
      async (items) => {
        sizes.push(items.length);
      },
      { maxItems: 10 },
    );
    await Promise.all(Array.from({ length: 25 }, (_, index) => add(index)));
    expect(sizes).toEqual([10, 10, 5]);
  });
});
