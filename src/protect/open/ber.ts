/**
 * Reading BER as it comes: CMS of any size with definite or indefinite lengths (Outlook, `openssl cms -stream`), of which only the small
 * structures are ever whole in memory (`value`), while the content streams through (`octets`).
 *
 * Hostile input: a structure may have `limits` octets, values and depth; everything else that is not well-formed ends with Refused.
 * X.690 section numbers; its writing side is der.ts.
 */
import { OctetReader } from './octet-reader.ts';
import { Refused } from './opened.ts';

/** A value read whole. `content` of a constructed one is that of its children, without end-of-contents octets. */
export type Value = {
  /** The identifier octet: class, constructed or not, number. */
  readonly tag: number;
  readonly content: Buffer;
  /** Empty for a primitive. */
  readonly children: readonly Value[];
  /** As it came, identifier and length included. */
  readonly raw: Buffer;
};

/** A constructed value that was entered: where it ends, or null for an indefinite length. */
export type Frame = { readonly end: number | null };

const limits = { octets: 4_194_304, values: 50_000, depth: 32, pieces: 1_000_000 };
const constructed = 0x20;
const octetString = 0x04;

const damaged = (why: string): Refused => new Refused('damaged', `The CMS structure is damaged: ${why}.`);

/** Whole values out of octets that are all there. Throws Refused. */
export function parseValue(octets: Uint8Array): Value {
  const all = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const budget = { values: limits.values };
  const { value } = valueAt(all, 0, 0, budget);
  return value;
}

function valueAt(all: Buffer, at: number, depth: number, budget: { values: number }): { value: Value; end: number } {
  budget.values -= 1;
  if (budget.values < 0 || depth > limits.depth) throw damaged('it is too deep or has too many parts');
  const head = headAt(all, at);
  if (head === null) throw damaged('it ends early');
  const { tag, length, size } = head;
  const start = at + size;
  if (length !== null && start + length > all.length) throw damaged('it ends early');
  if ((tag & constructed) === 0) {
    const end = start + (length ?? 0);
    return { value: { tag, content: all.subarray(start, end), children: [], raw: all.subarray(at, end) }, end };
  }
  const children: Value[] = [];
  let next = start;
  for (;;) {
    if (length === null && all[next] === 0 && all[next + 1] === 0) break;
    if (length !== null && next >= start + length) break;
    const child = valueAt(all, next, depth + 1, budget);
    children.push(child.value);
    next = child.end;
  }
  if (length !== null && next !== start + length) throw damaged('the lengths in it do not fit together');
  const end = length === null ? next + 2 : next;
  return { value: { tag, content: all.subarray(start, next), children, raw: all.subarray(at, end) }, end };
}

type Head = { readonly tag: number; readonly length: number | null; readonly size: number };

/** Identifier and length octets at `at`; null when more octets are needed. X.690 sections 8.1.2 and 8.1.3. */
function headAt(all: Buffer, at: number): Head | null {
  const tag = all[at];
  const first = all[at + 1];
  if (tag === undefined || first === undefined) return null;
  if ((tag & 0x1f) === 0x1f) throw damaged('it has a tag that CMS does not know');
  if (first < 0x80) return { tag, length: first, size: 2 };
  if (first === 0x80) {
    if ((tag & constructed) === 0) throw damaged('a plain value has no length');
    return { tag, length: null, size: 2 };
  }
  const count = first & 0x7f;
  if (count > 6) throw damaged('it claims an impossible length');
  if (at + 2 + count > all.length) return null;
  return { tag, length: all.readUIntBE(at + 2, count), size: 2 + count };
}

/** The octets of an OCTET STRING that was read whole, also of one in pieces. X.690 section 8.7. */
export function octetsOf(value: Value): Buffer {
  return (value.tag & constructed) === 0 ? value.content : Buffer.concat(value.children.map(octetsOf));
}

/** Octets that stream in, read as BER from front to back. */
export class BerReader {
  readonly #octets: OctetReader;
  #pieces = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#octets = new OctetReader(input);
  }

  /** The next identifier octet without taking it; null at the end of the octets. */
  async tag(): Promise<number | null> {
    return (await this.#octets.has(1)) ? (this.#octets.ahead[0] ?? null) : null;
  }

  /** Enters a constructed value, which must have this tag. */
  async enter(tag: number): Promise<Frame> {
    const head = await this.#head();
    if (head.tag !== tag) throw damaged('it is not in the form that was expected');
    this.#octets.take(head.size);
    return { end: head.length === null ? null : this.#octets.offset + head.length };
  }

  /** Whether nothing is left in a value that was entered. */
  async atEnd(frame: Frame): Promise<boolean> {
    if (frame.end !== null) {
      if (this.#octets.offset > frame.end) throw damaged('the lengths in it do not fit together');
      return this.#octets.offset === frame.end;
    }
    if (!(await this.#octets.has(2))) throw damaged('it ends early');
    return this.#octets.ahead[0] === 0 && this.#octets.ahead[1] === 0;
  }

  /** Leaves a value that was entered, of which nothing may be left. */
  async leave(frame: Frame): Promise<void> {
    if (!(await this.atEnd(frame))) throw damaged('there is more in it than there may be');
    if (frame.end === null) this.#octets.take(2);
  }

  /** The next value, whole. */
  async value(): Promise<Value> {
    return parseValue(await this.raw());
  }

  /** The octets of the next value, not looked into: for one that has more parts than a structure may have. */
  async raw(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const left = { octets: limits.octets, values: limits.values };
    await this.#gather(pieces, left, 0);
    return Buffer.concat(pieces);
  }

  async #gather(pieces: Buffer[], left: { octets: number; values: number }, depth: number): Promise<void> {
    const head = await this.#head();
    left.octets -= head.size + (head.length ?? 2);
    left.values -= 1;
    if (left.octets < 0 || left.values < 0 || depth > limits.depth)
      throw new Refused('too-large', 'The CMS structure is larger than is read.');
    if (head.length !== null) {
      pieces.push(await this.#take(head.size + head.length));
      return;
    }
    pieces.push(await this.#take(head.size));
    for (;;) {
      if (!(await this.#octets.has(2))) throw damaged('it ends early');
      if (this.#octets.ahead[0] === 0 && this.#octets.ahead[1] === 0) break;
      await this.#gather(pieces, left, depth + 1);
    }
    pieces.push(await this.#take(2));
  }

  /**
   * The content of the next value, an OCTET STRING whose own tag is `tag` (its constructed form included), in whatever pieces it is.
   * Must be read to its end before anything else is read.
   */
  async *octets(tag: number, depth = 0): AsyncGenerator<Buffer> {
    this.#pieces += 1;
    if (depth > limits.depth || this.#pieces > limits.pieces) throw damaged('it is too deep or has too many parts');
    const head = await this.#head();
    if (head.tag === (tag | constructed) && (tag & constructed) === 0) {
      const frame = await this.enter(head.tag);
      while (!(await this.atEnd(frame))) yield* this.octets(octetString, depth + 1);
      await this.leave(frame);
      return;
    }
    if (head.tag !== tag || head.length === null) throw damaged('its content is not in the form that was expected');
    this.#octets.take(head.size);
    for (let left = head.length; left > 0; ) {
      if (!(await this.#octets.has(1))) throw damaged('it ends early');
      const piece = this.#octets.take(left);
      left -= piece.length;
      yield piece;
    }
  }

  async #head(): Promise<Head> {
    for (let wanted = 2; ; wanted += 1) {
      if (!(await this.#octets.has(wanted))) throw damaged('it ends early');
      const head = headAt(this.#octets.ahead, 0);
      if (head !== null) return head;
    }
  }

  async #take(count: number): Promise<Buffer> {
    if (!(await this.#octets.has(count))) throw damaged('it ends early');
    return this.#octets.take(count);
  }
}
