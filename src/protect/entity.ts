/**
 * Which part of a message is hidden by protection: the MIME entity (Content-* fields, MIME-Version and the body) with a copy of what its author wrote
 * in the other fields. Those stay readable outside, except what mail/header-protection.ts hides, followed by the lines of the protected form
 * (Protected.headerLines).
 *
 * Lines that are no header field (no colon, a continuation of nothing) go inside too: some readers take the first such line for the begin
 * of the body, and what may be body must not stay outside.
 */
import { randomBytes } from 'node:crypto';
import { withoutBlind } from '../mail/blind.ts';
import { type Field, parseHeader } from '../mail/header.ts';
import {
  canBeMarked,
  type HeaderForm,
  isProtected,
  markOf,
  outsideOf,
  recordOfOuter,
  withParameters,
} from '../mail/header-protection.ts';

/** What a message without Content-Type is, said aloud. No charset: its octets may be more than US-ASCII. RFC 2045 section 5.2. */
const plainText = 'Content-Type: text/plain';

export type Split = {
  /** Field lines each ending in CRLF, without blank line; may be empty. */
  readonly outer: Buffer;
  /** The entity's header with its final blank line, and what comes before the body; the original's body octets follow unchanged. */
  readonly inner: Buffer;
  /** What follows the body; often empty. */
  readonly after: Buffer;
};

/** Splits a header block (its final blank line may be missing). Who else it went to in secret (`blind`, as mail/blind.ts has them) is nowhere. */
export function splitForProtection(
  headerBlock: Buffer,
  form: HeaderForm,
  blind: ReadonlySet<string> = new Set(),
): Split {
  const outer: Buffer[] = [];
  const content: Field[] = [];
  const copies: Buffer[] = [];
  const records: Buffer[] = [];
  const strays: Buffer[] = [];
  const linesOf = (field: Field): Buffer => closed(headerBlock.subarray(field.start, field.end));
  let at = 0;
  let hidden = false;
  for (const field of parseHeader(headerBlock)) {
    strays.push(headerBlock.subarray(at, field.start));
    at = field.end;
    const name = field.name.toLowerCase();
    const lines = withoutBlind(field, linesOf(field), blind);
    if (lines === null) continue;
    if (name.startsWith('content-') || name === 'mime-version') {
      content.push(field);
      continue;
    }
    // What stands for the Subject stands there once.
    const visible = hidden && name === 'subject' && form.hideSubject ? null : outsideOf(field, lines, form);
    hidden ||= name === 'subject';
    if (visible !== null) outer.push(visible);
    if (!isProtected(field)) continue;
    copies.push(lines);
    if (visible !== null && form.hp === 'cipher') records.push(recordOfOuter(visible));
  }
  const rest = headerBlock.subarray(at);
  strays.push(rest.subarray(0, rest.length - blankLineLength(rest)));
  const stray = closed(Buffer.concat(strays));
  return { outer: Buffer.concat(outer), ...entity(content, linesOf, [...copies, ...records], stray, form) };
}

/** The header of the entity: marked itself, or the one part of a multipart that is marked. */
function entity(
  content: readonly Field[],
  linesOf: (field: Field) => Buffer,
  copies: readonly Buffer[],
  stray: Buffer,
  form: HeaderForm,
): Omit<Split, 'outer'> {
  const types = content.filter(({ name }) => name.toLowerCase() === 'content-type');
  // A line that continues nothing would continue the field before it; it stood first, and stays there.
  const continues = stray[0] === 0x20 || stray[0] === 0x09;
  const block = (...fields: readonly Buffer[]): Buffer =>
    Buffer.concat([...(continues ? [stray, ...fields] : [...fields, stray]), Buffer.from('\r\n')]);
  if (canBeMarked(types, form)) {
    const mark = markOf(form, true);
    const own = content.map((field) => (types.includes(field) ? withParameters(linesOf(field), mark) : linesOf(field)));
    if (types.length === 0) own.push(Buffer.from(`${plainText};\r\n ${mark}\r\n`));
    return { inner: block(...own, ...copies), after: Buffer.alloc(0) };
  }
  const boundary = `hp-${randomBytes(18).toString('hex')}`;
  const own = content.map((field) =>
    types.length === 1 && types.includes(field) && form.legacyDisplay
      ? withParameters(linesOf(field), 'hp-legacy-display="1"')
      : linesOf(field),
  );
  if (types.length === 0)
    own.push(Buffer.from(`${plainText}${form.legacyDisplay ? '; hp-legacy-display="1"' : ''}\r\n`));
  const type = `Content-Type: multipart/mixed; boundary="${boundary}";\r\n ${markOf(form, false)}\r\n`;
  return {
    inner: Buffer.concat([Buffer.from(type), ...copies, Buffer.from(`\r\n--${boundary}\r\n`), block(...own)]),
    after: Buffer.from(`\r\n--${boundary}--\r\n`),
  };
}

/** Lines, with a CRLF after the last where the block ended without one; nothing for nothing. */
function closed(lines: Buffer): Buffer {
  return lines.length === 0 || lines.at(-1) === 0x0a ? lines : Buffer.concat([lines, Buffer.from('\r\n')]);
}

/** Octets of the blank line at the end of what follows the last field, which may be lines that are no fields. */
function blankLineLength(rest: Buffer): number {
  const text = rest.toString('latin1', Math.max(0, rest.length - 4));
  if (text === '\r\n' || text.endsWith('\n\r\n')) return 2;
  return text === '\n' || text.endsWith('\n\n') ? 1 : 0;
}
