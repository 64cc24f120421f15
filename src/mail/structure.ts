/**
 * MIME structure as byte ranges, found while the octets stream by; a message is never whole in memory.
 *
 * `StructureParser` takes chunks cut anywhere and gives the tree at the end; the tree does not depend on the cuts. Only
 * header blocks are looked at closely (part-header.ts reads them); in bodies the parser searches for lines that begin
 * with `--`. `leaves` lists the parts that hold content.
 *
 * Paths are IMAP's section numbers (RFC 9051 section 6.4.5): the parts of a message are "1", "2"; those of part 2, or of
 * the message inside it, are "2.1", "2.2". The message itself is "" when it is split and "1" when it is not; a multipart that
 * is the whole of the message inside part 2 is "2.TEXT". So every part has a path of its own.
 *
 * Standards: RFC 2046.
 * Limits: `defaultStructureLimits`. What exceeds one stays unsplit, and a problem says so. A delimiter line is the
 * boundary and white space only; a line that goes on after the boundary is text and a problem.
 */
import type { Field } from './header.ts';
import { type HeaderBlock, PartTree } from './part-tree.ts';

/** Octet offsets from the start of the message; `end` is exclusive. */
export type Range = { readonly start: number; readonly end: number };

export type Part = {
  /** IMAP numbering, see above: "1", "1.2"; the root is "" when it is a split multipart, else "1". */
  readonly path: string;
  /** The part's header block including its blank line; for the root, the message header. */
  readonly header: Range;
  /** Without the line break that belongs to the delimiter after it. */
  readonly body: Range;
  /** Lower case, "text/plain" when absent or unreadable. */
  readonly type: string;
  /** Decoded (RFC 2231, RFC 2047), names lower case. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Lower-case Content-Transfer-Encoding, "7bit" when absent. */
  readonly encoding: string;
  readonly disposition: 'inline' | 'attachment' | null;
  readonly fileName: string | null;
  readonly contentId: string | null;
  /** Parts of a multipart, or the one message inside message/rfc822. */
  readonly children: readonly Part[];
};

export type Structure = {
  readonly size: number;
  readonly fields: readonly Field[];
  readonly root: Part;
  /** Why the tree must not be taken for the whole truth (limit exceeded, ambiguous), in words; empty when all is well. */
  readonly problems: readonly string[];
  /** One of the problems is a limit that was exceeded: there is content that was not looked at. The others are ambiguities. */
  readonly exceeded: boolean;
};

export type StructureLimits = {
  /** Octets of one part's header block that are read; the rest is skipped. */
  readonly headerBytes: number;
  /** Header fields in the whole message; after them nothing is split any more. */
  readonly fields: number;
  /** Multiparts and messages inside one another, the root included. */
  readonly depth: number;
  /** Parts in the whole message; after them nothing is split any more. */
  readonly parts: number;
  /** Octets of a boundary (RFC 2046 section 5.1.1 allows 70). */
  readonly boundaryBytes: number;
};

export const defaultStructureLimits: StructureLimits = {
  headerBytes: 1_048_576,
  fields: 10_000,
  depth: 100,
  parts: 10_000,
  boundaryBytes: 2_048,
};

/** The parts that hold content, in order: those with no parts inside them. */
export function leaves(structure: Structure): Part[] {
  const found: Part[] = [];
  const open: Part[] = [structure.root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.children.length === 0) found.push(part);
    else open.push(...part.children.toReversed());
  }
  return found;
}

/** Octets of the part without its transfer encoding; of base64, which is a third larger with its line breaks, about so many. */
export function decodedSize({ body, encoding }: Pick<Part, 'body' | 'encoding'>): number {
  const stored = body.end - body.start;
  return encoding === 'base64' ? Math.floor((stored * 3) / 4.1) : stored;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const hyphen = 0x2d;
const delimiterStart = Buffer.from('\n--');
/** White space that may follow a boundary on its line. */
const longestPadding = 128;

export class StructureParser {
  readonly #limits: StructureLimits;
  readonly #tree: PartTree;
  /** Octets that are not decided yet, or not searched; #base is the offset of the first in the message. */
  #buffer: Buffer = Buffer.alloc(0);
  #base = 0;
  #size = 0;
  /** Where to go on. In a header a line start, or inside a line; in a body where the next line feed may be. */
  #at = 0;
  #state: 'header' | 'header line' | 'body' | 'rest' = 'header';
  #headerPieces: Buffer[] = [];
  #headerStored = 0;
  #headerFrom = 0;
  #headerCut = false;

  constructor(limits: Partial<StructureLimits> = {}) {
    this.#limits = { ...defaultStructureLimits, ...limits };
    this.#tree = new PartTree(this.#limits);
  }

  /** Takes the next octets of the message; the chunk may be reused afterwards. */
  push(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#state === 'rest') return;
    const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#buffer = this.#buffer.length === 0 ? octets : Buffer.concat([this.#buffer, octets]);
    this.#run(false);
    // One octet before #at stays, to tell CRLF from a bare line feed.
    const keep = Math.max(0, this.#at - 1 - this.#base);
    this.#buffer = Buffer.from(this.#buffer.subarray(keep));
    this.#base += keep;
  }

  /** The structure of all octets pushed. Call once. */
  end(): Structure {
    this.#run(true);
    if (this.#inHeader()) this.#tree.headerRead(this.#takeHeader(this.#size), this.#size);
    return this.#tree.end(this.#size);
  }

  #run(final: boolean): void {
    let going = true;
    while (going && this.#state !== 'rest') going = this.#inHeader() ? this.#scanHeader(final) : this.#scanBody(final);
    if (this.#inHeader()) this.#storeHeader(this.#at);
  }

  #inHeader(): boolean {
    return this.#state === 'header' || this.#state === 'header line';
  }

  /** One line of a header; false when more octets are needed. */
  #scanHeader(final: boolean): boolean {
    const buffer = this.#buffer;
    const from = this.#at - this.#base;
    if (this.#state === 'header line') {
      const feed = buffer.indexOf(lineFeed, from);
      this.#at = this.#base + (feed === -1 ? buffer.length : feed + 1);
      if (feed !== -1) this.#state = 'header';
      return feed !== -1;
    }
    const available = buffer.length - from;
    const first = buffer[from];
    if (available === 0 || (available === 1 && !final && (first === carriageReturn || first === hyphen))) return false;
    if (first === lineFeed) return this.#blankLine(this.#at + 1);
    if (first === carriageReturn && buffer[from + 1] === lineFeed) return this.#blankLine(this.#at + 2);
    if (first === hyphen && buffer[from + 1] === hyphen && this.#tree.splitting) {
      const end = this.#lineEnd(from, final);
      if (end === null) return false;
      if (end !== 0 && this.#dashes(from, end, this.#at)) return true;
    }
    this.#state = 'header line';
    return true;
  }

  /** The next line of a body that begins with `--`; false when more octets are needed. */
  #scanBody(final: boolean): boolean {
    const buffer = this.#buffer;
    for (;;) {
      const feed = buffer.indexOf(delimiterStart, this.#at - this.#base);
      if (feed === -1) {
        this.#at = Math.max(this.#at, this.#base + buffer.length - 2);
        return false;
      }
      this.#at = this.#base + feed;
      if (feed + 3 === buffer.length && !final) return false;
      const end = this.#tree.splitsAt(buffer[feed + 3]) ? this.#lineEnd(feed + 1, final) : 0;
      if (end === null) return false;
      const bodyEnd = this.#base + (buffer[feed - 1] === carriageReturn ? feed - 1 : feed);
      if (end !== 0 && this.#dashes(feed + 1, end, bodyEnd)) return true;
      this.#at += 1;
    }
  }

  /** End of the line at `from` with its line feed, 0 when it is too long for a delimiter, null when more octets are needed. */
  #lineEnd(from: number, final: boolean): number | null {
    const longest = from + this.#limits.boundaryBytes + longestPadding;
    const feed = this.#buffer.indexOf(lineFeed, from);
    const end = feed === -1 ? this.#buffer.length : feed + 1;
    if (end > longest) return 0;
    return feed === -1 && !final ? null : end;
  }

  /** A line that begins with `--`; whether it is a delimiter. `bodyEnd` is where the part before it ends then. */
  #dashes(from: number, end: number, bodyEnd: number): boolean {
    const line = this.#buffer.toString('latin1', from + 2, end).trimEnd();
    const multipart = this.#tree.delimitedBy(line);
    if (multipart === -1) return false;
    const lineStart = this.#base + from;
    const lineEnd = this.#base + end;
    if (this.#inHeader()) this.#tree.headerRead(this.#takeHeader(lineStart), lineStart);
    this.#goOn(this.#tree.delimiter(multipart, line, bodyEnd, lineEnd), lineEnd);
    return true;
  }

  /** The header is over: the body begins at `bodyStart`. */
  #blankLine(bodyStart: number): boolean {
    this.#goOn(this.#tree.headerEnds(this.#takeHeader(bodyStart), bodyStart), bodyStart);
    return true;
  }

  #goOn(next: 'header' | 'body' | 'rest', at: number): void {
    this.#state = next;
    // A delimiter may follow at once: its search begins at the line feed before.
    this.#at = next === 'header' ? at : at - 1;
    this.#headerFrom = at;
  }

  /** Keeps the octets of the header up to `end`, as far as the limit allows. */
  #storeHeader(end: number): void {
    const octets = this.#buffer.subarray(this.#headerFrom - this.#base, end - this.#base);
    const kept = octets.subarray(0, this.#limits.headerBytes - this.#headerStored);
    if (kept.length > 0) this.#headerPieces.push(Buffer.from(kept));
    this.#headerStored += kept.length;
    this.#headerCut ||= kept.length < octets.length;
    this.#headerFrom = end;
  }

  #takeHeader(end: number): HeaderBlock {
    this.#storeHeader(end);
    const block = { octets: Buffer.concat(this.#headerPieces), cut: this.#headerCut };
    this.#headerPieces = [];
    this.#headerStored = 0;
    this.#headerCut = false;
    return block;
  }
}
