/**
 * Where extraction is: a leaf part of the message, or something packed in one, at any depth. Readers get a site and the octets; they
 * give text to `text`, hand what is packed inside to `member`, and say with `blind` what they could not look into. A reader that has to stop
 * says so itself and returns; so nothing is thrown, and what was read until then is still looked at.
 */
import type { Blind, Looked } from '../../policy/detection.ts';
import type { Piece } from '../job.ts';
import type { Budget } from './budget.ts';
import { Pieces, type TextWriter } from './pieces.ts';

/** What is said of octets from outside: by a MIME header, or by the directory of an archive. */
export type Declared = {
  /** Lower case; "application/octet-stream" when nothing is said. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly fileName: string | null;
};

/** What is known of a file that has a name at most. */
export const unknownFile = { type: 'application/octet-stream', parameters: {} } as const;

/** Takes what is found, as it is found. */
export type Sink = {
  text(piece: Piece): void;
  /** Once for each part, at its end. */
  looked(looked: Looked): void;
  blind(blind: Blind): void;
};

/** Looks into octets at a site, and sets `detected`. */
export type Look = (site: Site, octets: AsyncIterable<Uint8Array>) => Promise<void>;

/** More of the same says nothing new. */
const mostBlind = 100;
const longestName = 1_000;

/** What one leaf part's sites share. */
type Leaf = {
  readonly place: 'body' | 'attachment';
  readonly sink: Sink;
  readonly look: Look;
  readonly names: TextWriter;
  readonly members: { readonly name: string; readonly detected: string | null; readonly size: number }[];
  readonly said: Set<string>;
  encrypted: boolean;
};

export class Site {
  /** "2", or "2/3" for the third member of what is in part 2. */
  readonly path: string;
  /** 0 for a leaf part itself. */
  readonly depth: number;
  readonly declared: Declared;
  readonly budget: Budget;
  /** The media type that the octets' signature tells, null when they have none. */
  detected: string | null = null;
  /** The octets are for the holder of a key alone. */
  sealed = false;
  readonly #leaf: Leaf;
  /** A limit was told: that the rest is missing follows from it. */
  #limited = false;

  private constructor(path: string, depth: number, declared: Declared, budget: Budget, leaf: Leaf) {
    this.path = path;
    this.depth = depth;
    this.declared = declared;
    this.budget = budget;
    this.#leaf = leaf;
  }

  /** Looks through a leaf part with `look`, and tells the sink what it was. */
  static async visit(
    part: Declared & { readonly path: string; readonly place: 'body' | 'attachment' },
    octets: AsyncIterable<Uint8Array>,
    sink: Sink,
    budget: Budget,
    look: Look,
  ): Promise<void> {
    const names = new Pieces((text) => sink.text({ part: 'file names', place: 'fileNames', text }));
    const leaf: Leaf = { place: part.place, sink, look, names, members: [], said: new Set(), encrypted: false };
    const site = new Site(part.path, 0, part, budget, leaf);
    await look(site, octets);
    names.end();
    const { detected, sealed } = site;
    const { encrypted, members } = leaf;
    sink.looked({ path: part.path, detected, encrypted, ...(sealed ? { sealed } : {}), members });
  }

  /** A writer for one run of text of this site; several may be open at once. */
  text(): TextWriter {
    const { place, sink } = this.#leaf;
    return new Pieces((text) => {
      const refused = this.budget.text(text.length);
      if (refused === null) sink.text({ part: this.path, place, text });
      else this.blind('limits', refused);
    });
  }

  /** `reason` is a clause and holds nothing of the message. */
  blind(doubt: Blind['doubt'], reason: string): void {
    if (doubt === 'content' && this.#limited) return;
    this.#limited ||= doubt === 'limits';
    const key = `${this.path} ${doubt} ${reason}`;
    const { said, sink } = this.#leaf;
    if (said.size >= mostBlind || said.has(key)) return;
    said.add(key);
    sink.blind({ doubt, part: this.path, reason });
  }

  /** This site, or something in it, needs a password. */
  locked(reason: string): void {
    this.#leaf.encrypted = true;
    this.blind('password', reason);
  }

  /**
   * Looks into the `number`th thing packed in here (from 1). `octets` null: it is named, but cannot be read, for a reason the caller has
   * told; `size` is what it is said to hold. False when no more can be looked into.
   */
  async member(
    number: number,
    declared: Declared,
    octets: AsyncIterable<Uint8Array> | null,
    size = 0,
  ): Promise<boolean> {
    const refused = this.budget.entry();
    if (refused !== null) {
      this.blind('limits', refused);
      return false;
    }
    const name = (declared.fileName ?? '').slice(0, longestName);
    if (name !== '') this.#leaf.names.write(`${name}\n`);
    const known = { name, detected: null, size };
    if (octets === null) {
      this.#leaf.members.push(known);
      return true;
    }
    const tooDeep = this.budget.enter(this.depth + 1);
    if (tooDeep !== null) {
      this.blind('limits', tooDeep);
      this.#leaf.members.push(known);
      return true;
    }
    const inside = new Site(`${this.path}/${number}`, this.depth + 1, declared, this.budget, this.#leaf);
    const counted = new Counted(octets);
    // Its place among the members is before what is in it.
    const at = this.#leaf.members.push(known) - 1;
    await this.#leaf.look(inside, counted.stream());
    this.#leaf.members[at] = { name, detected: inside.detected, size: Math.max(counted.octets, size) };
    return true;
  }
}

/** Counts what goes through. */
class Counted {
  octets = 0;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.octets += chunk.length;
      yield chunk;
    }
  }
}
