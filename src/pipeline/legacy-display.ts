/**
 * Where the hidden Subject goes into a stored message (mail/legacy-display.ts): changes to its octets, found in one more pass over them, since only the
 * whole structure tells which parts a reader sees first. Asked for by policy, and rarely.
 */
import { fieldsNamed, parseHeader } from '../mail/header.ts';
import { withParameters } from '../mail/header-protection.ts';
import { headSize, mainBodyParts, withSubjectInText } from '../mail/legacy-display.ts';
import { type Part, type Range, StructureParser } from '../mail/structure.ts';
import type { Spool } from '../spool/spool.ts';
import type { MessageRow } from '../store/store.ts';

/** `text` in place of a range of the message. */
export type Change = Range & { readonly text: Buffer };

const mark = 'hp-legacy-display="1"';

/** Changes in the order of the message; `inRoot` when the message is one text, whose own header is then to be marked. */
export async function legacyDisplayOf(
  message: MessageRow,
  subject: string,
  spool: Pick<Spool, 'read'>,
): Promise<{ readonly inRoot: boolean; readonly changes: readonly Change[] }> {
  const parser = new StructureParser();
  for await (const chunk of spool.read(message.spool)) parser.push(chunk);
  const { root, problems } = parser.end();
  const changes: Change[] = [];
  let inRoot = false;
  // What can be read in two ways is left as it is.
  for (const part of problems.length === 0 ? mainBodyParts(root) : []) {
    const { start, end } = part.body;
    const head = await read(message, { start, end: Math.min(end, start + headSize) }, spool);
    const edit = withSubjectInText(part, head, subject);
    const marked = part === root ? [] : await markedType(message, part, spool);
    if (edit === null || marked === null) continue;
    inRoot ||= part === root;
    changes.push(...marked, { start, end: start + edit.replaces, text: edit.text });
  }
  return { inRoot, changes };
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
