/**
 * The tree of parts as it grows: which parts are open, which lines end them, what their headers say, and what is wrong.
 * The scanner (structure.ts) finds the ends of headers and the lines that begin with `--` and reports them in order; each answer
 * says what to look for next. The limits are kept here; what exceeds one stays unsplit.
 */
import type { Field } from './header.ts';
import { type PartHeader, readPartHeader } from './part-header.ts';
import type { Part, Structure, StructureLimits } from './structure.ts';

/** A part's header with its blank line; `cut` when it was longer than is kept. */
export type HeaderBlock = { readonly octets: Buffer; readonly cut: boolean };

/** What comes next: the header of a part, delimiters in a body, or nothing that matters any more. */
type Next = 'header' | 'body' | 'rest';

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
  bodyStart: number;
  /** Until the header was read, that of a part without fields. */
  header: PartHeader;
  /** Set when the part is a multipart that is being split. */
  boundary: string | null;
  /** The multipart's last delimiter was seen; what follows is epilogue. */
  closed: boolean;
  readonly children: Part[];
};

/** How many open parts a line is checked against for text after the boundary. */
const lookalikeDepth = 16;
const mostProblems = 50;

export class PartTree {
  readonly #limits: StructureLimits;
  readonly #problems = new Set<string>();
  /** From the root to the innermost open part. */
  readonly #open: OpenPart[] = [];
  /** The first octets of all boundaries so far. */
  readonly #firstOctets = new Set<number>();
  /** A limit was exceeded after which nothing is split any more. */
  #stopped = false;
  #exceeded = false;
  #partCount = 0;
  #fieldCount = 0;
  #fields: readonly Field[] = [];

  constructor(limits: StructureLimits) {
    this.#limits = limits;
    this.#begin(0, 'text/plain', { path: '1', multipartPath: '', prefix: '' });
  }

  /** Whether any line could be a delimiter now. */
  get splitting(): boolean {
    return this.#open.some(({ boundary }) => boundary !== null);
  }

  /** Whether a boundary begins with this octet: a quick look that spares most lines a closer one. */
  splitsAt(octet: number | undefined): boolean {
    return octet !== undefined && this.#firstOctets.has(octet);
  }

  /** The innermost open part's header, whose body begins at `bodyStart`; without a look at what the body holds. */
  headerRead(block: HeaderBlock, bodyStart: number): void {
    this.#readHeader(this.#innermost(), block, bodyStart);
  }

  /** The same, and the body follows. */
  headerEnds(block: HeaderBlock, bodyStart: number): Next {
    const part = this.#innermost();
    const header = this.#readHeader(part, block, bodyStart);
    if (this.#stopped) return 'rest';
    const multipart = header.type.startsWith('multipart/');
    const message = isSplitMessage(header);
    if ((multipart || message) && this.#open.length >= this.#limits.depth) {
      this.#exceed('Parts are nested deeper than is read.');
    } else if (multipart) {
      this.#split(part, header.boundary);
    } else if (message) {
      const path = part.path;
      return this.#begin(bodyStart, 'text/plain', {
        path: `${path}.1`,
        multipartPath: `${path}.TEXT`,
        prefix: `${path}.`,
      });
    }
    return this.splitting ? 'body' : 'rest';
  }

  /** The index of the open multipart that the line delimits, the innermost of several, or -1. `line` is without its two hyphens. */
  delimitedBy(line: string): number {
    const index = this.#open.findLastIndex(
      ({ boundary, closed }) => boundary !== null && !closed && isDelimiter(line, boundary),
    );
    if (index === -1) this.#noteLookalike(line);
    return index;
  }

  /** A delimiter of the multipart at `index`; the part before it ends at `bodyEnd`, the line itself at `lineEnd`. */
  delimiter(index: number, line: string, bodyEnd: number, lineEnd: number): Next {
    this.#closeFrom(index + 1, bodyEnd);
    if (this.#stopped) return 'rest';
    const multipart = this.#innermost();
    multipart.closed = line !== multipart.boundary;
    if (multipart.closed) return 'body';
    const path = `${multipart.prefix}${multipart.children.length + 1}`;
    // RFC 2046 section 5.1.5
    const type = multipart.header.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
    return this.#begin(lineEnd, type, { path, multipartPath: path, prefix: `${path}.` });
  }

  /** The structure of a message of `size` octets. */
  end(size: number): Structure {
    const root = this.#closeFrom(0, size);
    if (root === null) throw new Error('The root part is missing');
    return { size, fields: this.#fields, root, problems: [...this.#problems], exceeded: this.#exceeded };
  }

  #innermost(): OpenPart {
    const part = this.#open.at(-1);
    if (part === undefined) throw new Error('No part is open');
    return part;
  }

  #begin(start: number, defaultType: string, names: Names): Next {
    this.#partCount += 1;
    if (this.#partCount > this.#limits.parts) return this.#stop('The message has more parts than are read.');
    const header = readPartHeader(Buffer.alloc(0), defaultType);
    this.#open.push({ ...names, start, bodyStart: start, header, boundary: null, closed: false, children: [] });
    return 'header';
  }

  #readHeader(part: OpenPart, block: HeaderBlock, bodyStart: number): PartHeader {
    const header = readPartHeader(block.octets, part.header.type);
    part.bodyStart = bodyStart;
    part.header = header;
    if (block.cut) this.#exceed('A header is longer than is read.');
    if (header.exceeded) this.#exceeded = true;
    for (const problem of header.problems)
      this.#note(`${this.#open.length === 1 ? 'The message' : `Part ${part.path}`} ${problem}.`);
    // The last field of a header that was cut may be half a field.
    const fields = block.cut ? header.fields.slice(0, -1) : header.fields;
    const room = Math.max(0, this.#limits.fields - this.#fieldCount);
    this.#fieldCount += fields.length;
    if (part === this.#open[0]) this.#fields = fields.slice(0, room);
    if (fields.length > room) this.#stop('The message has more header fields than are read.');
    return header;
  }

  #split(part: OpenPart, boundary: string | null): void {
    if (boundary === null || boundary.length > this.#limits.boundaryBytes) {
      if (boundary === null) this.#note('A multipart has no usable boundary.');
      else this.#exceed('A multipart has no usable boundary.');
      return;
    }
    const confusable = this.#open.some(
      (outer) =>
        outer.boundary !== null && (isDelimiter(outer.boundary, boundary) || isDelimiter(boundary, outer.boundary)),
    );
    if (confusable) this.#note('Two multiparts inside one another have boundaries that cannot be told apart.');
    part.boundary = boundary;
    this.#firstOctets.add(boundary.charCodeAt(0));
  }

  /** Ends the open parts from index `from` on, innermost first; gives the outermost of them. */
  #closeFrom(from: number, bodyEnd: number): Part | null {
    let last: Part | null = null;
    // The line break before a delimiter may be the blank line after the innermost header; then it stays with that.
    const end = Math.max(bodyEnd, this.#innermost().bodyStart);
    while (this.#open.length > from) {
      const part = this.#innermost();
      if (part.boundary !== null && !this.#stopped) this.#noteUnfinished(part);
      this.#open.pop();
      last = finished(part, end);
      this.#open.at(-1)?.children.push(last);
    }
    return last;
  }

  #noteUnfinished(multipart: OpenPart): void {
    const index = this.#open.indexOf(multipart);
    // Bounces return messages that were cut off: inside a message, an end that is missing is no news.
    if (this.#open.slice(0, index).some(({ header }) => isSplitMessage(header))) return;
    if (multipart.children.length === 0) this.#note('A multipart has no parts.');
    else if (!multipart.closed && index > 0) this.#note('A multipart inside another has no last delimiter.');
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

  /** Splits nothing any more: what is open goes on to the end of the message. */
  #stop(problem: string): Next {
    this.#exceed(problem);
    this.#stopped = true;
    return 'rest';
  }

  #exceed(problem: string): void {
    this.#note(problem);
    this.#exceeded = true;
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

function finished(part: OpenPart, bodyEnd: number): Part {
  const { type, parameters, encoding, disposition, fileName, contentId } = part.header;
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
