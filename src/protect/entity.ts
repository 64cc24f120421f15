/**
 * Which part of a message is hidden by protection: the MIME entity (Content-* fields, MIME-Version and the body), while the other fields
 * stay readable outside, octet for octet, followed by the lines of the protected form (Protected.headerLines).
 *
 * Lines that are no header field (no colon, a continuation of nothing) go inside too: some readers take the first such line for the begin
 * of the body, and what may be body must not stay outside.
 *
 * Limits: the outer fields, Subject among them, stay as they are (no RFC 9788 header protection yet).
 */
import { parseHeader } from '../mail/header.ts';

/** What a message without Content-Type is, said aloud. No charset: its octets may be more than US-ASCII. RFC 2045 section 5.2. */
const plainText = 'Content-Type: text/plain\r\n';

/** Fields a sender's program should have removed: a protected copy is for one reader, and these name others. RFC 5322 section 3.6.3. */
const blind = new Set(['bcc', 'resent-bcc']);

/**
 * Splits a header block (its final blank line may be missing).
 * Bcc fields are in neither.
 * `outer`: field lines each ending in CRLF, without blank line, empty when every field is inner.
 * `inner`: the entity's header with its final blank line; the original's body octets follow it unchanged.
 */
export function splitForProtection(headerBlock: Buffer): { readonly outer: Buffer; readonly inner: Buffer } {
  const outer: Buffer[] = [];
  const content: Buffer[] = [];
  const strays: Buffer[] = [];
  let typed = false;
  let at = 0;
  for (const field of parseHeader(headerBlock)) {
    strays.push(headerBlock.subarray(at, field.start));
    const name = field.name.toLowerCase();
    at = field.end;
    if (blind.has(name)) continue;
    const inside = name.startsWith('content-') || name === 'mime-version';
    (inside ? content : outer).push(...closed(headerBlock.subarray(field.start, field.end)));
    typed ||= name === 'content-type';
  }
  const rest = headerBlock.subarray(at);
  strays.push(rest.subarray(0, rest.length - blankLineLength(rest)));
  if (!typed) content.push(Buffer.from(plainText));
  const stray = closed(Buffer.concat(strays));
  return { outer: Buffer.concat(outer), inner: Buffer.concat([...content, ...stray, Buffer.from('\r\n')]) };
}

/** Lines, with a CRLF after the last where the block ended without one; nothing for nothing. */
function closed(lines: Buffer): Buffer[] {
  if (lines.length === 0) return [];
  return lines.at(-1) === 0x0a ? [lines] : [lines, Buffer.from('\r\n')];
}

/** Octets of the blank line at the end of what follows the last field, which may be lines that are no fields. */
function blankLineLength(rest: Buffer): number {
  const text = rest.toString('latin1', Math.max(0, rest.length - 4));
  if (text === '\r\n' || text.endsWith('\n\r\n')) return 2;
  return text === '\n' || text.endsWith('\n\n') ? 1 : 0;
}
