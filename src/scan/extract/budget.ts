/**
 * What looking through one message may cost. One budget is shared by all its parts and everything packed in them, so that a bomb is no
 * cheaper in pieces. Each method takes from it and answers null, or the reason why not, as a clause for a Blind of doubt `limits`.
 */
export type Limits = {
  /** Octets that come out of archives, in all. */
  readonly unpacked: number;
  /** Octets of containers held in memory at once: those that cannot be read as a stream, one inside the other. */
  readonly held: number;
  /** Members of archives, in all. */
  readonly entries: number;
  /** Containers inside one another. */
  readonly depth: number;
  /** Octets out of one member for each octet in, once more than `ratioFrom` came out. */
  readonly ratio: number;
  readonly ratioFrom: number;
  /** Characters of text, in all. */
  readonly text: number;
};

const mega = 1_048_576;

export const defaultLimits: Limits = {
  unpacked: 128 * mega,
  held: 48 * mega,
  entries: 10_000,
  depth: 5,
  ratio: 200,
  ratioFrom: 16 * mega,
  text: 64 * mega,
};

export class Budget {
  readonly limits: Limits;
  #unpacked = 0;
  #held = 0;
  #entries = 0;
  #text = 0;

  constructor(limits: Partial<Limits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** `octets` more came out of an archive. */
  unpack(octets: number): string | null {
    this.#unpacked += octets;
    return this.#unpacked <= this.limits.unpacked ? null : `it unpacks to more than ${megabytes(this.limits.unpacked)}`;
  }

  /** Of one member `output` octets came out of `input`. */
  ratio(input: number, output: number): string | null {
    if (output <= this.limits.ratioFrom || output <= input * this.limits.ratio) return null;
    return `it unpacks to more than ${this.limits.ratio} times its size`;
  }

  /** `octets` more are to be held; what was allowed is given back by `release`. */
  hold(octets: number): string | null {
    if (this.#held + octets > this.limits.held)
      return `it is larger than can be opened (${megabytes(this.limits.held)})`;
    this.#held += octets;
    return null;
  }

  release(octets: number): void {
    this.#held -= octets;
  }

  /** One more member of an archive. */
  entry(): string | null {
    this.#entries += 1;
    return this.#entries <= this.limits.entries ? null : `it holds more than ${this.limits.entries} files`;
  }

  /** A container at this depth; 0 is a part of the message. */
  enter(depth: number): string | null {
    return depth <= this.limits.depth ? null : `it is packed more than ${this.limits.depth} times`;
  }

  /** `characters` more are given to the detectors. */
  text(characters: number): string | null {
    this.#text += characters;
    return this.#text <= this.limits.text ? null : `there are more than ${this.limits.text} characters of text`;
  }
}

function megabytes(octets: number): string {
  return octets >= mega ? `${Math.floor(octets / mega)} MB` : `${octets} octets`;
}
