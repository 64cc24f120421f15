/**
 * The way of an entity's octets to a worker (pool.ts): `window` ahead of what it has consumed, in pieces of one size whose memory moves over. A chunk
 * as it came would be copied with all the memory it is a part of, and is not ours to give away.
 */

/** Octets under way in each direction of one copy. */
export const window = 1_048_576;
const pieceSize = 262_144;

type SourceReader = { send(chunk: Uint8Array<ArrayBuffer>): void; end(): void; broken(error: Error): void };

export class Source {
  readonly #entity: AsyncIterator<Uint8Array>;
  readonly #to: SourceReader;
  #ahead = 0;
  #ended = false;
  #stopped = false;
  #goOn: (() => void) | null = null;

  constructor(entity: AsyncIterable<Uint8Array>, to: SourceReader) {
    this.#entity = entity[Symbol.asyncIterator]();
    this.#to = to;
  }

  /** Whether the worker has octets it has not consumed, or all of them. */
  get pending(): boolean {
    return this.#ended || this.#ahead > 0;
  }

  start(): void {
    this.#feed().catch((error: unknown) =>
      this.#to.broken(error instanceof Error ? error : new Error('the entity broke')),
    );
  }

  async #feed(): Promise<void> {
    try {
      let piece = Buffer.allocUnsafeSlow(pieceSize);
      let filled = 0;
      for (let next = await this.#entity.next(); next.done !== true; next = await this.#entity.next()) {
        for (let at = 0; at < next.value.length; ) {
          const some = next.value.subarray(at, at + pieceSize - filled);
          piece.set(some, filled);
          at += some.length;
          filled += some.length;
          if (filled < pieceSize) continue;
          await this.#give(piece);
          if (this.#stopped) return;
          piece = Buffer.allocUnsafeSlow(pieceSize);
          filled = 0;
        }
      }
      if (filled > 0) await this.#give(piece.subarray(0, filled));
      this.#ended = true;
      if (!this.#stopped) this.#to.end();
    } finally {
      if (this.#stopped) await this.#entity.return?.();
    }
  }

  async #give(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#ahead >= window && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
      });
    }
    if (this.#stopped) return;
    this.#ahead += piece.length;
    this.#to.send(piece);
  }

  consumed(octets: number): void {
    this.#ahead -= octets;
    this.#goOn?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#goOn?.();
  }
}
