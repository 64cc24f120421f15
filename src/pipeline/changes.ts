/**
 * Changes to the octets of a stored message, for the copy that leaves: the hidden Subject at the top of the text (mail/legacy-display.ts), and large files
 * that stay behind in the portal (mail/linked-files.ts). They are found in one more pass over the message, since only the whole structure tells which
 * parts a reader sees first, and which are files.
 */
import { fieldsNamed, parseHeader } from '../mail/header.ts';
import { withParameters } from '../mail/header-protection.ts';
import { legacyDisplay } from '../mail/legacy-display.ts';
import { type LinkedFiles, largeFiles, linkBox, standIn } from '../mail/linked-files.ts';
import { type BodyEdit, headSize, type Lines, mainBodyParts, onTop } from '../mail/on-top.ts';
import { type Part, type Range, type Structure, StructureParser } from '../mail/structure.ts';
import type { Spool } from '../spool/spool.ts';
import type { MessageRow } from '../store/store.ts';

/** `text` in place of a range of the message. */
export type Change = Range & { readonly text: Buffer };

export type Wanted = {
  /** To stand in the text once more; null when it need not. */
  readonly subject: string | null;
  /** Files of more than `over` octets stay behind; null when none do. */
  readonly linked: (Omit<LinkedFiles, 'files'> & { readonly over: number }) | null;
};

export type Changes = {
  /** The message is one text, whose own header is to be marked as having the Subject in it. */
  readonly inRoot: boolean;
  /** In the order of the message. */
  readonly changes: readonly Change[];
  /** How many octets the message gets longer, or shorter. */
  readonly grown: number;
};

export const noChanges: Changes = { inRoot: false, changes: [], grown: 0 };

const mark = 'hp-legacy-display="1"';

export async function changesOf(
  message: MessageRow,
  { subject, linked }: Wanted,
  spool: Pick<Spool, 'read'>,
): Promise<Changes> {
  const display = subject === null ? null : legacyDisplay(subject);
  if (display === null && linked === null) return noChanges;
  const structure = await structureOf(message, spool);
  // What can be read in two ways is left as it is.
  if (structure.problems.length > 0) return noChanges;
  const { root } = structure;
  const files = linked === null ? [] : largeFiles(root, linked.over);
  const left = linked === null || files.length === 0 ? null : { ...linked, files };
  const tops = left === null ? [{ plain: '', html: '' }] : topsOf(left);
  // A text with a name can be both: what is shown first, and a file that stays behind.
  const shown = mainBodyParts(root).filter((part) => !files.includes(part));
  const texts = await onTopOfTexts(message, shown, { root, display, tops }, spool);
  const instead = left === null ? [] : files.map((part) => replaced(part, standIn(part, left)));
  const changes = [...texts.changes, ...instead].toSorted((a, b) => a.start - b.start);
  const grown = changes.reduce((sum, { start, end, text }) => sum + text.length - (end - start), 0);
  return { inRoot: texts.inRoot, changes, grown };
}

async function structureOf(message: MessageRow, spool: Pick<Spool, 'read'>): Promise<Structure> {
  const parser = new StructureParser();
  for await (const chunk of spool.read(message.spool)) parser.push(chunk);
  return parser.end();
}

/** Best first: what a text cannot hold, it may hold in ASCII. */
function topsOf(left: LinkedFiles): Lines[] {
  const { full, ascii } = linkBox(left);
  return [full, ascii];
}

function replaced({ header, body }: Part, text: Buffer): Change {
  return { start: header.start, end: body.end, text };
}

async function onTopOfTexts(
  message: MessageRow,
  parts: readonly Part[],
  { root, display, tops }: { readonly root: Part; readonly display: Lines | null; readonly tops: readonly Lines[] },
  spool: Pick<Spool, 'read'>,
): Promise<Pick<Changes, 'inRoot' | 'changes'>> {
  const changes: Change[] = [];
  let inRoot = false;
  for (const part of parts) {
    // What came as 7-bit mail may leave to a server that takes no other, whatever its parts say. RFC 6152 section 3.
    const narrow = part.encoding === '8bit' && !message.smtp.eightBit;
    const holding = narrow ? { ...part, encoding: '7bit' } : part;
    const { start, end } = part.body;
    const head = await read(message, { start, end: Math.min(end, start + headSize) }, spool);
    const marked = display === null || part === root ? [] : await markedType(message, part, spool);
    const shown = marked === null ? null : display;
    const edit = firstThatFits(holding, head, tops, shown) ?? firstThatFits(holding, head, tops, null);
    if (edit === null) continue;
    if (edit.display) changes.push(...(marked ?? []));
    inRoot ||= edit.display && part === root;
    changes.push({ start, end: start + edit.edit.replaces, text: edit.edit.text });
  }
  return { inRoot, changes };
}

/** The Subject stands first: those that take it out again look for it there. */
function firstThatFits(
  part: Part,
  head: Buffer,
  tops: readonly Lines[],
  display: Lines | null,
): { readonly edit: BodyEdit; readonly display: boolean } | null {
  for (const top of tops) {
    const lines = { plain: `${display?.plain ?? ''}${top.plain}`, html: `${display?.html ?? ''}${top.html}` };
    const edit = lines.plain === '' ? null : onTop(part, head, lines);
    if (edit !== null) return { edit, display: display !== null };
  }
  return null;
}

/** The part's Content-Type with the mark; null when it has several. */
async function markedType(message: MessageRow, part: Part, spool: Pick<Spool, 'read'>): Promise<Change[] | null> {
  const { start } = part.header;
  const block = await read(message, part.header, spool);
  const [type, ...more] = fieldsNamed(parseHeader(block), 'content-type');
  if (more.length > 0) return null;
  if (type === undefined) return [{ start, end: start, text: Buffer.from(`Content-Type: text/plain; ${mark}\r\n`) }];
  const text = withParameters(block.subarray(type.start, type.end), mark);
  return [{ start: start + type.start, end: start + type.end, text }];
}

async function read(message: MessageRow, range: Range, spool: Pick<Spool, 'read'>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  if (range.end > range.start) for await (const chunk of spool.read(message.spool, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
