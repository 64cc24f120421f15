/**
 * Text of PDF files (`pdfText`): pages, annotations, forms, bookmarks, the document's information, and the files a PDF holds.
 *
 * pdf.js reads, as the browsers' own viewer does, so what a person would see is what is found; it runs no script of the document, draws
 * nothing and asks no network. Its text comes in runs with positions; `Lines` puts together what stands together, as a number may be
 * drawn in pieces.
 *
 * A PDF that opens with the empty password is read; one that asks for a password is blind.
 *
 * Limits: text in pictures is not read, nor what is drawn outside of the page's box, nor fonts that need Adobe's character tables (then it says
 * blind). A page is read in the order in which it is drawn. pdf.js knows no limits of memory and time: the worker around this has
 * them (scan/pool.ts).
 */
import { getResolvedPDFJS } from 'unpdf';
import type { Blind } from '../../policy/detection.ts';

/** Where the text of a PDF goes. What a call throws comes out of `pdfText`. */
export type PdfReader = {
  /** Of a page, of a form, of the document's information; of any length. */
  text(text: string): void;
  /** A file that the PDF holds. */
  file(name: string, octets: Uint8Array): Promise<void>;
  blind(doubt: Blind['doubt'], reason: string): void;
};

/** More pages are not read at all, more of the others not to the end; then the PDF is blind. */
const mostPages = 5_000;
const mostFiles = 1_000;
const mostStrings = 100_000;
/** Pages that cannot be read, after which the document is given up. */
const mostBroken = 20;

type PdfJs = Awaited<ReturnType<typeof getResolvedPDFJS>>;
type Loading = ReturnType<PdfJs['getDocument']>;
type Document = Awaited<Loading['promise']>;
type Page = Awaited<ReturnType<Document['getPage']>>;

/** Reads a PDF. Rejects only with what `to` threw. */
export async function pdfText(octets: Uint8Array, to: PdfReader): Promise<void> {
  const { getDocument } = await getResolvedPDFJS();
  let tablesMissing = false;
  /** pdf.js asks for the files that come with it; we have none of them. */
  class NoFiles {
    fetch({ kind }: { readonly kind: string }): Promise<never> {
      tablesMissing ||= kind === 'cMapUrl';
      return Promise.reject(new Error('not here'));
    }
  }
  const loading = getDocument({
    // Memory of its own, as pdf.js takes it away.
    data: Uint8Array.from(octets),
    verbosity: 0,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    useWasm: false,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    BinaryDataFactory: NoFiles,
    enableXfa: true,
  });
  try {
    const document = await opened(loading, to);
    if (document === null) return;
    await readPages(document, to);
    await readDocument(document, to);
    if (tablesMissing) to.blind('content', 'the PDF has a font that needs tables which are not at hand');
  } finally {
    await loading.destroy();
  }
}

async function opened(loading: Loading, to: PdfReader): Promise<Document | null> {
  try {
    return await loading.promise;
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException')
      to.blind('password', 'the PDF asks for a password');
    else to.blind('content', 'the PDF is damaged');
    return null;
  }
}

/** What pdf.js gives, or null where it finds the PDF broken: then `to` hears of it once. */
class Broken {
  readonly #to: PdfReader;
  count = 0;

  constructor(to: PdfReader) {
    this.#to = to;
  }

  async guard<T>(asked: Promise<T>): Promise<T | null> {
    try {
      return await asked;
    } catch {
      if (this.count === 0) this.#to.blind('content', 'a part of the PDF is damaged');
      this.count += 1;
      return null;
    }
  }
}

async function readPages(document: Document, to: PdfReader): Promise<void> {
  const broken = new Broken(to);
  if (document.numPages > mostPages) {
    to.blind('limits', `the PDF has more than ${mostPages} pages`);
    return;
  }
  for (let number = 1; number <= document.numPages && broken.count < mostBroken; number += 1) {
    const page = await broken.guard(document.getPage(number));
    if (page === null) continue;
    await readPage(page, to, broken);
    for (const annotation of (await broken.guard(page.getAnnotations({ intent: 'any' }))) ?? []) {
      readAnnotation(annotation, to);
      const { file, fileId } = annotation;
      if (fileId !== undefined) await readFile(file, await broken.guard(document.getAttachmentContent(fileId)), to);
    }
    page.cleanup();
  }
}

async function readPage(page: Page, to: PdfReader, broken: Broken): Promise<void> {
  if (page.isPureXfa) {
    const content = await broken.guard(page.getTextContent());
    for (const item of content?.items ?? []) if ('str' in item) to.text(`${item.str}\n`);
    return;
  }
  const lines = new Lines();
  const reader = page.streamTextContent().getReader();
  for (;;) {
    const next = await broken.guard<{ done: boolean; value?: { items: readonly Run[] } }>(reader.read());
    if (next === null || next.done || next.value === undefined) break;
    to.text(lines.join(next.value.items));
  }
  to.text('\n');
}

/** A run of text as pdf.js gives it: drawn with `transform`, `width` units long. Marked content has no text. */
type Run = { readonly str?: string; readonly transform?: readonly number[]; readonly width?: number };

/** Runs this much of the height of the text apart belong together; pdf.js sets a space from a tenth on, where it sees one line. */
const touching = 0.15;

/** A number written into the boxes of a form, or letter-spaced. */
const spacedOut = /(?<!\S)(?:[\d-] ){8,30}[\d-](?!\S)/g;

/** Joins runs of one page: with nothing between what touches, a space within a line, a line break between lines. */
class Lines {
  #end: { readonly along: number; readonly across: number; readonly angle: number } | null = null;

  join(runs: readonly Run[]): string {
    const out: string[] = [];
    for (const run of runs) if (run.str !== undefined && run.str !== '') out.push(this.#before(run), run.str);
    return out.join('').replaceAll(spacedOut, (digits) => digits.replaceAll(' ', ''));
  }

  /** What stands between the run before and this. */
  #before({ transform = [], width = 0 }: Run): '' | ' ' | '\n' {
    const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = transform;
    const length = Math.hypot(a, b) || 1;
    const height = Math.hypot(c, d) || length;
    const along = (x * a + y * b) / length;
    const across = (y * a - x * b) / length;
    const angle = Math.atan2(b, a);
    const before = this.#end;
    this.#end = { along: along + width, across, angle };
    if (before === null) return '';
    if (Math.abs(angle - before.angle) > 0.1 || Math.abs(across - before.across) > height / 2) return '\n';
    const gap = along - before.along;
    return gap > -height && gap < height * touching ? '' : ' ';
  }
}

/** What a person may read or has typed there: pdf.js gives it as strings, and lists and records of strings. */
const shown = [
  'contentsObj',
  'titleObj',
  'richText',
  'textContent',
  'fieldValue',
  'defaultFieldValue',
  'alternativeText',
  'options',
  'unsafeUrl',
  'url',
];

function readAnnotation(annotation: Readonly<Record<string, unknown>>, to: PdfReader): void {
  for (const key of shown) to.text(stringsIn(annotation[key], to));
}

async function readDocument(document: Document, to: PdfReader): Promise<void> {
  const broken = new Broken(to);
  const information = await broken.guard(document.getMetadata());
  to.text(stringsIn(information?.info, to));
  to.text(stringsIn([...(information?.metadata ?? [])], to));
  to.text(stringsIn(await broken.guard(document.getOutline()), to));
  to.text(stringsIn(await broken.guard(document.getFieldObjects()), to));
  to.text(stringsIn(await broken.guard(document.getJSActions()), to));
  const files = (await broken.guard(document.getAttachments())) ?? new Map();
  if (files.size > mostFiles) to.blind('limits', `the PDF holds more than ${mostFiles} files`);
  for (const [id, file] of [...files].slice(0, mostFiles)) {
    const octets = await broken.guard(document.getAttachmentContent(id));
    await readFile(file, octets, to);
  }
}

async function readFile(file: unknown, octets: Uint8Array | null, to: PdfReader): Promise<void> {
  const { filename, description } = isRecord(file) ? file : {};
  to.text(stringsIn(description, to));
  if (octets === null) to.blind('content', 'a file in the PDF is damaged');
  else await to.file(typeof filename === 'string' ? filename : '', octets);
}

/** Every string in a value made of lists, maps and records, a line each. */
function stringsIn(value: unknown, to: PdfReader): string {
  const found: string[] = [];
  const open: unknown[] = [value];
  const seen = new Set<unknown>();
  while (open.length > 0) {
    if (found.length > mostStrings) {
      to.blind('limits', `the PDF holds more than ${mostStrings} texts of one sort`);
      break;
    }
    const next = open.pop();
    if (typeof next === 'string') found.push(`${next}\n`);
    else if (isRecord(next) && !ArrayBuffer.isView(next) && !seen.has(next)) {
      seen.add(next);
      // A text with its direction of writing.
      if (typeof next['str'] === 'string') open.push(next['str']);
      else for (const inner of next instanceof Map ? next.values() : Object.values(next)) open.push(inner);
    }
  }
  return found.toReversed().join('');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
