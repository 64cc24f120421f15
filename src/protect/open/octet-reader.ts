/** Octets that stream in, taken from the front as a parser needs them: what ber.ts and pgp-packets.ts read with. */
export class OctetReader {
  readonly #input: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** Octets taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** What is next, as far as it was read: at least the octets that `has` was asked for. */
  get ahead(): Buffer {
    return this.#buffer;
  }

  /** Whether so many octets are there or still come; then they are in `ahead`. */
  async has(count: number): Promise<boolean> {
    if (this.#buffer.length >= count) return true;
    const pieces = [this.#buffer];
    let size = this.#buffer.length;
    while (size < count) {
      const next = await this.#input.next();
      if (next.done === true) break;
      pieces.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length));
      size += next.value.length;
    }
    this.#buffer = pieces.length === 2 && pieces[0]?.length === 0 ? (pieces[1] ?? this.#buffer) : Buffer.concat(pieces);
    return size >= count;
  }

  /** Takes octets that are in `ahead`. */
  take(count: number): Buffer {
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    this.#offset += taken.length;
    return taken;
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Buffer> {
    while (await this.has(1)) yield this.take(this.#buffer.length);
  }
}
