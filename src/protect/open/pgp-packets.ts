/**
 * OpenPGP packets as they stream in: the small ones whole, the data of the large ones piece by piece, in whatever lengths they are written.
 * Section numbers are those of RFC 9580, which openpgp.ts follows.
 */
import { OctetReader } from './octet-reader.ts';
import { Refused } from './opened.ts';

export const tags = {
  sessionKey: 1,
  signature: 2,
  passwordKey: 3,
  onePass: 4,
  compressed: 8,
  encrypted: 9,
  marker: 10,
  literal: 11,
  protected: 18,
  aead: 20,
  padding: 21,
} as const;

/** Packets whose data may come in parts. Section 4.2.1.4. */
const mayBePartial: ReadonlySet<number> = new Set([8, 9, 11, 18, 20]);
/** Octets of a packet that is read whole, and packets in one stream. */
const mostWhole = 65_536;
const mostPackets = 5_000;
const pieceSize = 65_536;

const damaged = (): Refused => new Refused('damaged', 'The OpenPGP message is damaged.');

/** A packet whose tag was read; its data must be read to the end before the next. */
export type Packet = {
  readonly tag: number;
  /** The data; throws Refused when it ends early. */
  data(): AsyncGenerator<Buffer>;
  /** The data together. Throws Refused when it is more than such a packet has. */
  whole(): Promise<Buffer>;
};

export class PacketReader {
  readonly #octets: OctetReader;
  #count = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#octets = new OctetReader(input);
  }

  /** The next packet, null at the end of the octets. Throws Refused. */
  async next(): Promise<Packet | null> {
    if (!(await this.#octets.has(1))) return null;
    this.#count += 1;
    if (this.#count > mostPackets)
      throw new Refused('too-large', 'The OpenPGP message has more packets than are read.');
    const first = this.#octets.take(1)[0] ?? 0;
    if ((first & 0x80) === 0) throw damaged();
    // Section 4.2.2, the legacy format: the tag is in the middle, and 3 is a length that is not said.
    const legacy = (first & 0x40) === 0;
    const tag = legacy ? (first >> 2) & 0x0f : first & 0x3f;
    const length = legacy ? await this.#legacyLength(first & 3) : await this.#length(tag);
    const data = (): AsyncGenerator<Buffer> => this.#data(tag, length);
    const whole = async (): Promise<Buffer> => {
      const pieces: Buffer[] = [];
      let size = 0;
      for await (const piece of data()) {
        size += piece.length;
        if (size > mostWhole) throw new Refused('too-large', 'The OpenPGP message has a packet that is too large.');
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    };
    return { tag, data, whole };
  }

  async *#data(tag: number, length: Length): AsyncGenerator<Buffer> {
    for (let part: Length = length; ; part = await this.#length(tag)) {
      for (let left = part.octets; left > 0; ) {
        if (!(await this.#octets.has(1))) {
          if (left === Infinity) return;
          throw damaged();
        }
        const piece = this.#octets.take(Math.min(left, pieceSize));
        left -= piece.length;
        yield piece;
      }
      if (!part.partial) return;
    }
  }

  async #number(size: number): Promise<number> {
    if (!(await this.#octets.has(size))) throw damaged();
    return this.#octets.take(size).readUIntBE(0, size);
  }

  /** Section 4.2.1. */
  async #length(tag: number): Promise<Length> {
    const first = await this.#number(1);
    if (first < 192) return { octets: first, partial: false };
    if (first < 224) return { octets: (first - 192) * 256 + (await this.#number(1)) + 192, partial: false };
    if (first === 255) return { octets: await this.#number(4), partial: false };
    if (!mayBePartial.has(tag)) throw damaged();
    return { octets: 2 ** (first & 0x1f), partial: true };
  }

  async #legacyLength(type: number): Promise<Length> {
    return { octets: type === 3 ? Infinity : await this.#number(2 ** type), partial: false };
  }
}

type Length = { readonly octets: number; readonly partial: boolean };
