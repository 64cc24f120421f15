/**
 * Compound files (OLE2): storages and streams in sectors, a file system in a file. `readCompound` gives the tree; streams are read on demand.
 *
 * Standards: MS-CFB.
 */
export type Stream = { readonly name: string; readonly size: number; readonly read: () => Buffer };
export type Storage = { readonly name: string; readonly storages: Storage[]; readonly streams: Stream[] };
export type Compound = {
  readonly root: Storage;
  /** Something did not fit; asked after the streams are read. */
  readonly damaged: () => boolean;
};

const lastSector = 0xfffffffa;
const none = 0xffffffff;
const entryLength = 128;
const headerDifat = 109;

/** Null when octets are no compound file. */
export function readCompound(octets: Buffer): Compound | null {
  if (octets.length < 512) return null;
  const shift = octets.readUInt16LE(30);
  const miniShift = octets.readUInt16LE(32);
  if ((shift !== 9 && shift !== 12) || miniShift !== 6) return null;
  return new Sectors(octets, shift).compound();
}

class Sectors {
  readonly #octets: Buffer;
  readonly #length: number;
  readonly #count: number;
  readonly #fat: Uint32Array;
  #damaged = false;
  /** Octets that may still be read: streams of a sound file do not share sectors. */
  #left: number;

  constructor(octets: Buffer, shift: number) {
    this.#octets = octets;
    this.#length = 1 << shift;
    this.#count = Math.ceil(octets.length / this.#length);
    this.#left = octets.length * 4;
    this.#fat = this.#readFat();
  }

  compound(): Compound {
    const entries = this.#chain(this.#octets.readUInt32LE(48), this.#octets.length);
    const miniFat = numbers(this.#chain(this.#octets.readUInt32LE(60), this.#octets.length));
    const cutoff = this.#octets.readUInt32LE(56);
    const miniStream =
      entries.length < entryLength ? Buffer.alloc(0) : this.#chain(entries.readUInt32LE(116), sizeAt(entries, 0));
    const readEntry = (at: number): Buffer => {
      const size = sizeAt(entries, at);
      const start = entries.readUInt32LE(at + 116);
      return size < cutoff ? this.#miniChain(miniStream, miniFat, start, size) : this.#chain(start, size);
    };
    return { root: this.#tree(entries, readEntry), damaged: () => this.#damaged };
  }

  #sector(number: number): Buffer {
    return this.#octets.subarray((number + 1) * this.#length, (number + 2) * this.#length);
  }

  /** The table of following sectors, from the sectors that the header and its continuations list. */
  #readFat(): Uint32Array {
    const parts: Buffer[] = [];
    const add = (list: Buffer) => {
      for (let at = 0; at + 4 <= list.length; at += 4) {
        const number = list.readUInt32LE(at);
        if (number < this.#count && parts.length < this.#count) parts.push(this.#sector(number));
      }
    };
    add(this.#octets.subarray(76, 76 + headerDifat * 4));
    let next = this.#octets.readUInt32LE(68);
    for (let seen = 0; next < this.#count && seen < this.#count; seen += 1) {
      const list = this.#sector(next);
      if (list.length < this.#length) break;
      add(list.subarray(0, -4));
      next = list.readUInt32LE(this.#length - 4);
    }
    return numbers(Buffer.concat(parts));
  }

  /** The octets of a chain of sectors, `size` at most. */
  #chain(start: number, size: number): Buffer {
    return this.#follow(start, size, this.#fat, (sector) => this.#sector(sector));
  }

  /** The same of the short sectors that lie in a stream of their own. */
  #miniChain(stream: Buffer, fat: Uint32Array, start: number, size: number): Buffer {
    return this.#follow(start, size, fat, (sector) => stream.subarray(sector * 64, sector * 64 + 64));
  }

  #follow(start: number, size: number, fat: Uint32Array, octetsOf: (sector: number) => Buffer): Buffer {
    const parts: Buffer[] = [];
    let length = 0;
    let sector = start;
    while (sector < lastSector && length < size) {
      const octets = octetsOf(sector);
      if (octets.length === 0 || this.#left < octets.length) {
        this.#damaged = true;
        break;
      }
      this.#left -= octets.length;
      parts.push(octets);
      length += octets.length;
      sector = fat[sector] ?? none;
    }
    return Buffer.concat(parts).subarray(0, size);
  }

  /** The entries of a storage are a binary tree; each entry is met once, whatever the links say. */
  #tree(entries: Buffer, readEntry: (at: number) => Buffer): Storage {
    const root: Storage = { name: '', storages: [], streams: [] };
    if (entries.length < entryLength) {
      this.#damaged = true;
      return root;
    }
    const met = new Set<number>([0]);
    const open: { readonly number: number; readonly into: Storage }[] = [];
    const meet = (number: number, into: Storage) => {
      if (number === none) return;
      if (met.has(number) || (number + 1) * entryLength > entries.length) this.#damaged = true;
      else open.push({ number, into });
      met.add(number);
    };
    meet(entries.readUInt32LE(76), root);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const at = next.number * entryLength;
      const name = entries.toString('utf16le', at, at + Math.min(62, Math.max(0, entries.readUInt16LE(at + 64) - 2)));
      const kind = entries[at + 66];
      if (kind === 2) next.into.streams.push({ name, size: sizeAt(entries, at), read: () => readEntry(at) });
      if (kind === 1) {
        const storage: Storage = { name, storages: [], streams: [] };
        next.into.storages.push(storage);
        meet(entries.readUInt32LE(at + 76), storage);
      }
      meet(entries.readUInt32LE(at + 68), next.into);
      meet(entries.readUInt32LE(at + 72), next.into);
    }
    return root;
  }
}

function sizeAt(entries: Buffer, at: number): number {
  return entries.readUInt32LE(at + 120);
}

function numbers(octets: Buffer): Uint32Array {
  const table = new Uint32Array(octets.length >> 2);
  for (let at = 0; at < table.length; at += 1) table[at] = octets.readUInt32LE(at * 4);
  return table;
}
