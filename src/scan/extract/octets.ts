/** Octets as they come, cut anywhere, for readers that ask for so many at a time. */
export class Source {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** Read from the iterator, not taken yet. */
  #chunks: Buffer[] = [];
  #available = 0;
  #ended = false;

  constructor(octets: AsyncIterable<Uint8Array>) {
    this.#iterator = octets[Symbol.asyncIterator]();
  }

  /** The next `count` octets, fewer only at the end; they stay to be taken. */
  async peek(count: number): Promise<Buffer> {
    while (this.#available < count && (await this.#more())) {}
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] ?? Buffer.alloc(0)).subarray(0, count);
  }

  /** Takes the next `count` octets, fewer only at the end. For small counts. */
  async take(count: number): Promise<Buffer> {
    const octets = await this.peek(count);
    this.#drop(octets.length);
    return octets;
  }

  /** Takes the next `count` octets as a stream; without `count` all that are left. */
  async *stream(count = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0 && (this.#available > 0 || (await this.#more()))) {
      const first = this.#chunks[0] ?? Buffer.alloc(0);
      const chunk = first.length > left ? first.subarray(0, left) : first;
      this.#drop(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#iterator.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    const { buffer, byteOffset, length } = next.value;
    if (length > 0) this.#chunks.push(Buffer.from(buffer, byteOffset, length));
    this.#available += length;
    return true;
  }

  /** Drops `count` octets from the front, which are all in the first chunk. */
  #drop(count: number): void {
    const first = this.#chunks[0];
    if (first === undefined) return;
    this.#available -= count;
    if (count === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
  }
}

/** One chunk as a stream. */
export async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
