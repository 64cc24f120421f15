/**
 * The look through one message: what is asked (`taskOf`, on the main thread) and how it is done (`scanMessage`, in a worker).
 *
 * First the texts of headers: subjects and file names. Then each leaf part in order: its transfer encoding is undone, `extract` gives its text
 * piece by piece to one `Detection`, and what could not be looked into becomes `blind`. Before each part the caller is told how far it is and
 * what was found so far, so that a part which ends the worker takes nothing else with it.
 *
 * What is body: text/plain and text/html parts without file name that are not marked as attachments, also those of forwarded messages
 * (message/rfc822), as their reader sees one text. Everything else is attachment. The subject of a forwarded message is a subject.
 */
import { decodeValue, type Field, fieldsNamed, parseHeader } from '../mail/header.ts';
import { leaves, type Part, type Range } from '../mail/structure.ts';
import { decodeTransfer, isTransferEncoding } from '../mail/text.ts';
import type { Blind, Looked, ScanResult } from '../policy/detection.ts';
import { Detection } from './detect/detect.ts';
import { Budget } from './extract/budget.ts';
import { extract, type PartInput, type Sink } from './extract/extract.ts';
import { unknownEncoding } from './extract/message.ts';
import { Pieces } from './extract/pieces.ts';
import type { Piece, ScanJob } from './job.ts';

/** A leaf part and where its octets are. */
export type PartTask = PartInput & { readonly encoding: string; readonly body: Range };

/** All a worker needs to know of a message, besides its octets. */
export type ScanTask = {
  readonly size: number;
  /** Values of the Subject fields and of those that say the same or more, undecoded. */
  readonly subjects: readonly string[];
  readonly fileNames: readonly string[];
  /** Headers of the messages inside it, by the path of the part that holds the message. */
  readonly inner: readonly { readonly path: string; readonly header: Range }[];
  readonly parts: readonly PartTask[];
  readonly probes: ScanJob['probes'];
};

/** Octets of a range of the message. */
export type Octets = (range: Range) => AsyncIterable<Uint8Array>;

/** Told before each part: its place in `parts`, and now and then what was found before it. */
export type Progress = (index: number, soFar: ScanResult | null) => void;

export function taskOf({ structure, probes }: Pick<ScanJob, 'structure' | 'probes'>): ScanTask {
  const every = allParts(structure.root);
  const names = every.flatMap(({ fileName, parameters }) => [fileName ?? '', parameters['name'] ?? '']);
  return {
    size: structure.size,
    subjects: subjectsIn(structure.fields),
    fileNames: [...new Set(names)].filter((name) => name !== ''),
    inner: every
      .filter(({ type }) => type.startsWith('message/'))
      .flatMap(({ path, children }) => children.map(({ header }) => ({ path, header }))),
    parts: leaves(structure).map((part) => ({
      path: part.path,
      place: isBody(part) ? 'body' : 'attachment',
      type: part.type,
      parameters: part.parameters,
      fileName: part.fileName,
      encoding: part.encoding,
      body: part.body,
    })),
    probes,
  };
}

/** Outlook keeps the subject a thread began with in Thread-Topic, and its categories in Keywords. */
const subjectFields = ['subject', 'thread-topic', 'keywords', 'comments'];

function subjectsIn(fields: readonly Field[]): string[] {
  return subjectFields.flatMap((name) => fieldsNamed(fields, name).map(({ raw }) => raw));
}

function allParts(root: Part): Part[] {
  const found: Part[] = [];
  const open = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    found.push(part);
    open.push(...part.children.toReversed());
  }
  return found;
}

function isBody(part: Part): boolean {
  if (part.disposition === 'attachment' || part.fileName !== null) return false;
  return part.type === 'text/plain' || part.type === 'text/html';
}

/** Rejects only when `octets` does. */
export async function scanMessage(task: ScanTask, octets: Octets, progress: Progress): Promise<ScanResult> {
  const look = new Look(task.probes);
  look.text('subject', 'subject', task.subjects.map(decodeValue));
  look.text('file names', 'fileNames', task.fileNames);
  for (const { path, header } of task.inner) {
    const fields = parseHeader(await gathered(octets(header)));
    look.text(path, 'subject', subjectsIn(fields).map(decodeValue));
  }
  for (const [index, part] of task.parts.entries()) {
    if (index > 0) progress(index, look.worthTelling(index) ? look.result() : null);
    await look.part(part, octets(part.body));
  }
  return look.result();
}

/** One message being looked through. */
class Look {
  readonly #detection: Detection;
  readonly #budget = new Budget();
  readonly #looked: Looked[] = [];
  readonly #blind: Blind[] = [];
  readonly #sink: Sink = {
    text: (piece) => this.#detection.add(piece),
    looked: (looked) => this.#looked.push(looked),
    blind: (blind) => this.#blind.push(blind),
  };

  constructor(probes: ScanJob['probes']) {
    this.#detection = new Detection(probes);
  }

  /** Lines of text that stand in a header. */
  text(part: string, place: Piece['place'], lines: readonly string[]): void {
    const pieces = new Pieces((text) => {
      const over = this.#budget.text(text.length);
      if (over === null) this.#sink.text({ part, place, text });
      else this.#sink.blind({ doubt: 'limits', part, reason: over });
    });
    for (const line of lines) pieces.write(`${line}\n`);
    pieces.end();
  }

  async part(part: PartTask, stored: AsyncIterable<Uint8Array>): Promise<void> {
    if (!isTransferEncoding(part.encoding))
      this.#sink.blind({ doubt: 'content', part: part.path, reason: unknownEncoding });
    await extract(part, decodeTransfer(stored, part.encoding), this.#sink, this.#budget);
  }

  /** Before each of the first parts, then ever more seldom: telling costs more the more there is. */
  worthTelling(index: number): boolean {
    return index < 32 || index % 256 === 0;
  }

  result(): ScanResult {
    return { ...this.#detection.end(), looked: [...this.#looked], blind: [...this.#blind] };
  }
}

async function gathered(octets: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of octets) chunks.push(chunk);
  return Buffer.concat(chunks);
}
