/**
 * Octets on their way between threads: one side pushes as messages arrive, the other reads at its own pace. What bounds the octets waiting
 * here is the credit the reader gives back through `taken`; the protocol is worker.ts, its other end pool.ts.
 */
export class Channel implements AsyncIterableIterator<Uint8Array> {
  readonly #taken: (octets: number) => void;
  readonly #left: () => void;
  #chunks: Uint8Array[] = [];
  #ending: { readonly error: Error | null } | null = null;
  #wake: (() => void) | null = null;

  /** `taken` is told how many octets the reader took; `left` that the reader will take no more, at the end or before it. */
  constructor(taken: (octets: number) => void, left: () => void) {
    this.#taken = taken;
    this.#left = left;
  }

  push(chunk: Uint8Array): void {
    if (this.#ending !== null) return;
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  end(): void {
    this.#ending ??= { error: null };
    this.#wake?.();
  }

  /** Ends with an error; what was pushed before is dropped, as it must not be used. */
  fail(error: Error): void {
    if (this.#ending === null) this.#chunks = [];
    this.#ending ??= { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#chunks.length === 0 && this.#ending === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#taken(chunk.length);
      return { done: false, value: chunk };
    }
    const error = this.#ending?.error ?? null;
    this.#ending = { error: null };
    this.#left();
    if (error !== null) throw error;
    return { done: true, value: undefined };
  }

  /** The reader stops early. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#chunks = [];
    this.#ending = { error: null };
    this.#wake?.();
    this.#left();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
