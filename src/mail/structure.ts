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
import { type PartHeader, readPartHeader } from './part-header.ts';

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

/** The names a part may turn out to have. */
type Names = {
  readonly path: string;
  /** Its path if it is a multipart that is split. */
  readonly multipartPath: string;
  /** What stands before the numbers of its parts. */
  readonly prefix: string;
};

/** A part whose end has not been seen. */
type OpenPart = Names & {
  readonly start: number;
  readonly defaultType: string;
  bodyStart: number;
  /** Null until its end was seen. */
  header: PartHeader | null;
  /** Set when the part is a multipart that is being split. */
  boundary: string | null;
  /** The multipart's last delimiter was seen; what follows is epilogue. */
  closed: boolean;
  readonly children: Part[];
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const hyphen = 0x2d;
const delimiterStart = Buffer.from('\n--');
/** White space that may follow a boundary on its line. */
const longestPadding = 128;
/** How many open multiparts a line is checked against for text after the boundary. */
const lookalikeDepth = 16;
const mostProblems = 50;

export class StructureParser {
  readonly #limits: StructureLimits;
  readonly #problems = new Set<string>();
  /** From the root to the innermost open part. */
  readonly #open: OpenPart[] = [];
  /** Octets that are not decided yet, or not searched; #base is the offset of the first in the message. */
  #buffer: Buffer = Buffer.alloc(0);
  #base = 0;
  #size = 0;
  /** Where to go on. In a header a line start, or inside a line; in a body where the next line feed may be. */
  #at = 0;
  #state: 'header' | 'header line' | 'body' | 'rest' = 'header';
  /** A limit was exceeded after which nothing is split any more. */
  #stopped = false;
  #headerPieces: Buffer[] = [];
  #headerStored = 0;
  #headerSize = 0;
  #headerFrom = 0;
  #partCount = 0;
  #fieldCount = 0;
  #fields: readonly Field[] = [];

  constructor(limits: Partial<StructureLimits> = {}) {
    this.#limits = { ...defaultStructureLimits, ...limits };
    this.#begin(0, 'text/plain', { path: '1', multipartPath: '', prefix: '' });
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
    const root = this.#closeFrom(0, this.#size, this.#size);
    if (root === null) throw new Error('The root part is missing');
    return { size: this.#size, fields: this.#fields, root, problems: [...this.#problems] };
  }

  #run(final: boolean): void {
    let going = true;
    while (going) {
      if (this.#state === 'rest') return;
      going = this.#state === 'body' ? this.#scanBody(final) : this.#scanHeader(final);
    }
    if (this.#state !== 'body') this.#storeHeader(this.#at);
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
    if (first === lineFeed) return this.#headerEnds(this.#at + 1);
    if (first === carriageReturn && buffer[from + 1] === lineFeed) return this.#headerEnds(this.#at + 2);
    if (first === hyphen && buffer[from + 1] === hyphen && this.#open.length > 1) {
      const end = this.#lineEnd(from, final);
      if (end === null) return false;
      if (end !== 0 && this.#delimiter(from, end, this.#at)) return true;
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
      const end = this.#lineEnd(feed + 1, final);
      if (end === null) return false;
      const bodyEnd = this.#base + (buffer[feed - 1] === carriageReturn ? feed - 1 : feed);
      if (end !== 0 && this.#delimiter(feed + 1, end, bodyEnd)) return true;
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

  /** Acts on the line if it is a delimiter of an open multipart; `bodyEnd` is where the part before it ends. */
  #delimiter(from: number, end: number, bodyEnd: number): boolean {
    const line = this.#buffer.toString('latin1', from + 2, end).trimEnd();
    const index = this.#open.findLastIndex(
      ({ boundary, closed }) => boundary !== null && !closed && isDelimiter(line, boundary),
    );
    const multipart = this.#open[index];
    if (multipart === undefined) {
      this.#noteLookalike(line);
      return false;
    }
    this.#closeFrom(index + 1, bodyEnd, this.#base + from);
    if (this.#stopped) return true;
    multipart.closed = line !== multipart.boundary;
    if (multipart.closed) {
      this.#state = 'body';
      this.#at = this.#base + end - 1;
    } else {
      const path = `${multipart.prefix}${multipart.children.length + 1}`;
      const type = multipart.header?.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
      this.#begin(this.#base + end, type, { path, multipartPath: path, prefix: `${path}.` });
    }
    return true;
  }

  /** A line that some readers take for a delimiter and others for text. RFC 2046 section 5.1.1 can be read both ways. */
  #noteLookalike(line: string): void {
    for (let index = this.#open.length - 1; index >= Math.max(0, this.#open.length - lookalikeDepth); index -= 1) {
      const part = this.#open[index];
      if (part === undefined || part.boundary === null || !line.startsWith(part.boundary)) continue;
      if (!isDelimiter(line, part.boundary)) this.#note('A line begins with a boundary and goes on after it.');
      else if (line === part.boundary) this.#note('A part begins after the last delimiter of its multipart.');
    }
  }

  #begin(start: number, defaultType: string, names: Names): void {
    this.#partCount += 1;
    if (this.#partCount > this.#limits.parts) {
      this.#stop('The message has more parts than are read.');
      return;
    }
    this.#open.push({
      ...names,
      start,
      defaultType,
      bodyStart: start,
      header: null,
      boundary: null,
      closed: false,
      children: [],
    });
    this.#state = 'header';
    this.#at = start;
    this.#headerPieces = [];
    this.#headerStored = 0;
    this.#headerSize = 0;
    this.#headerFrom = start;
  }

  /** Keeps the octets of the header up to `end`, as far as the limit allows. */
  #storeHeader(end: number): void {
    const octets = this.#buffer.subarray(this.#headerFrom - this.#base, end - this.#base);
    const kept = octets.subarray(0, this.#limits.headerBytes - this.#headerStored);
    if (kept.length > 0) this.#headerPieces.push(Buffer.from(kept));
    this.#headerStored += kept.length;
    this.#headerSize += octets.length;
    this.#headerFrom = end;
  }

  /** The blank line was read: the body begins at `bodyStart`. */
  #headerEnds(bodyStart: number): boolean {
    const part = this.#open.at(-1);
    if (part === undefined) throw new Error('No part is open');
    const header = this.#readHeader(part, bodyStart);
    if (this.#stopped) return true;
    this.#at = bodyStart - 1;
    this.#state = this.#open.some(({ boundary }) => boundary !== null) ? 'body' : 'rest';
    const multipart = header.type.startsWith('multipart/');
    if (!multipart && !isSplitMessage(header)) return true;
    if (this.#open.length >= this.#limits.depth) {
      this.#note('Parts are nested deeper than is read.');
    } else if (multipart) {
      this.#split(part, header.boundary);
    } else {
      const path = part.path;
      this.#begin(bodyStart, 'text/plain', { path: `${path}.1`, multipartPath: `${path}.TEXT`, prefix: `${path}.` });
    }
    return true;
  }

  #split(part: OpenPart, boundary: string | null): void {
    if (boundary === null || boundary.length > this.#limits.boundaryBytes) {
      this.#note('A multipart has no usable boundary.');
      return;
    }
    const confusable = this.#open.some(
      (outer) =>
        outer.boundary !== null && (isDelimiter(outer.boundary, boundary) || isDelimiter(boundary, outer.boundary)),
    );
    if (confusable) this.#note('Two multiparts inside one another have boundaries that cannot be told apart.');
    part.boundary = boundary;
    this.#state = 'body';
  }

  #readHeader(part: OpenPart, bodyStart: number): PartHeader {
    this.#storeHeader(bodyStart);
    const header = readPartHeader(Buffer.concat(this.#headerPieces), part.defaultType);
    this.#headerPieces = [];
    part.bodyStart = bodyStart;
    part.header = header;
    const cut = this.#headerSize > this.#headerStored;
    if (cut) this.#note('A header is longer than is read.');
    for (const problem of header.problems)
      this.#note(`${this.#open.length === 1 ? 'The message' : `Part ${part.path}`} ${problem}.`);
    // The last field of a header that was cut may be half a field.
    const fields = cut ? header.fields.slice(0, -1) : header.fields;
    const room = Math.max(0, this.#limits.fields - this.#fieldCount);
    this.#fieldCount += fields.length;
    if (part === this.#open[0]) this.#fields = fields.slice(0, room);
    if (fields.length > room) this.#stop('The message has more header fields than are read.');
    return header;
  }

  /** Ends the open parts from index `from` on, innermost first; gives the outermost of them. */
  #closeFrom(from: number, bodyEnd: number, lineStart: number): Part | null {
    let last: Part | null = null;
    for (let part = this.#open.at(-1); part !== undefined && this.#open.length > from; part = this.#open.at(-1)) {
      const header = part.header ?? this.#readHeader(part, lineStart);
      this.#open.pop();
      if (part.boundary !== null && !this.#stopped) this.#noteUnclosed(part);
      last = finished(part, header, Math.max(part.bodyStart, bodyEnd));
      this.#open.at(-1)?.children.push(last);
    }
    return last;
  }

  #noteUnclosed(multipart: OpenPart): void {
    if (multipart.children.length === 0) this.#note('A multipart has no parts.');
    else if (!multipart.closed && this.#open.length > 0)
      this.#note('A multipart inside another has no last delimiter.');
  }

  /** Splits nothing any more: what is open goes on to the end of the message. */
  #stop(problem: string): void {
    this.#note(problem);
    this.#stopped = true;
    this.#state = 'rest';
  }

  #note(problem: string): void {
    if (this.#problems.size < mostProblems) this.#problems.add(problem);
  }
}

/** RFC 2046 section 5.2.1 forbids transfer encodings here; an encoded message is not looked into. */
function isSplitMessage({ type, encoding }: PartHeader): boolean {
  const identity = encoding === '7bit' || encoding === '8bit' || encoding === 'binary';
  return identity && (type === 'message/rfc822' || type === 'message/global');
}

/** RFC 2046 section 5.1.1: the boundary, or the boundary and two hyphens after the last part. */
function isDelimiter(line: string, boundary: string): boolean {
  return line.startsWith(boundary) && (line.length === boundary.length || line === `${boundary}--`);
}

function finished(part: OpenPart, header: PartHeader, bodyEnd: number): Part {
  const { type, parameters, encoding, disposition, fileName, contentId } = header;
  return {
    path: part.boundary === null ? part.path : part.multipartPath,
    header: { start: part.start, end: part.bodyStart },
    body: { start: part.bodyStart, end: bodyEnd },
    type,
    parameters,
    encoding,
    disposition,
    fileName,
    contentId,
    children: part.children,
  };
}
