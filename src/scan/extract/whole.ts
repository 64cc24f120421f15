/** Octets that are needed as a whole are held in memory, within the budget: all of them (`hold`), or as many as it allows (`Kept`). */
import type { Source } from './octets.ts';
import type { Site } from './site.ts';

/** Gives all octets to `read`, and lets them go afterwards. When they are too many the site is told, and `read` is not called. */
export async function hold(site: Site, source: Source, read: (octets: Buffer) => Promise<void>): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source.stream()) {
    const refused = site.budget.hold(chunk.length);
    if (refused !== null) {
      site.budget.release(length);
      // What is large by itself is an honest file; what only became so by unpacking may be a bomb.
      site.blind(site.depth === 0 ? 'content' : 'limits', refused);
      return;
    }
    length += chunk.length;
    chunks.push(chunk);
  }
  const [only] = chunks;
  await read(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks.splice(0)));
  site.budget.release(length);
}

/** Keeps octets while they stream by, in case their end makes them worth another look: all of them, or the last `most` when all are too many. */
export class Kept {
  readonly #site: Site;
  readonly #most: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #whole = true;

  constructor(site: Site, most: number) {
    this.#site = site;
    this.#most = most;
  }

  push(octets: Buffer): void {
    if (this.#whole && this.#site.budget.hold(octets.length) !== null) {
      this.#site.budget.release(this.#length);
      this.#whole = false;
    }
    this.#chunks.push(octets);
    this.#length += octets.length;
    while (!this.#whole && this.#length - (this.#chunks[0]?.length ?? 0) >= this.#most) {
      this.#length -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** Gives what was kept to `read`, `whole` when that is everything, and lets it go afterwards. */
  async end(read: (octets: Buffer, whole: boolean) => Promise<void>): Promise<void> {
    await read(Buffer.concat(this.#chunks.splice(0)), this.#whole);
    if (this.#whole) this.#site.budget.release(this.#length);
  }
}
