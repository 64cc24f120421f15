/**
 * A message inside a file or an archive: its parts by mail/structure.ts, each looked into in turn, and the values of its header as text. Its members
 * are its leaf parts, in order.
 */
import { decodeValue, parseHeader } from '../../mail/header.ts';
import { leaves, type Part, StructureParser } from '../../mail/structure.ts';
import { decodeTransfer, isTransferEncoding } from '../../mail/text.ts';
import { once } from './octets.ts';
import type { TextWriter } from './pieces.ts';
import type { Site } from './site.ts';

/** Of a part whose octets some program may turn into others than are looked at. */
export const unknownEncoding = 'its transfer encoding is not known';

const told = new Set([
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'comments',
  'keywords',
  'thread-topic',
]);

export async function readMessage(site: Site, octets: Buffer): Promise<void> {
  const parser = new StructureParser();
  parser.push(octets);
  const structure = parser.end();
  if (structure.exceeded) site.blind('limits', 'the message in it has more parts than are read');
  const writer = site.text();
  readHeaders(octets, structure.root, writer);
  writer.end();
  for (const [index, part] of leaves(structure).entries()) {
    if (!isTransferEncoding(part.encoding)) site.blind('content', unknownEncoding);
    const body = once(octets.subarray(part.body.start, part.body.end));
    if (!(await site.member(index + 1, part, decodeTransfer(body, part.encoding)))) return;
  }
}

/** The headers of the message and of all parts, as messages in it have their own. */
function readHeaders(octets: Buffer, root: Part, writer: TextWriter): void {
  const open = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    open.push(...part.children.toReversed());
    for (const field of parseHeader(octets.subarray(part.header.start, part.header.end))) {
      if (told.has(field.name.toLowerCase())) writer.write(`${decodeValue(field.raw)}\n`);
    }
  }
}
