/**
 * A message in a file, looked at as if it had just been accepted: with the line ends the gateway stores, through the same examination as
 * real mail. For `explain`, and for the cases of `check`.
 *
 * Limits: the message is whole in memory, up to smtp.maxMessageBytes; a larger one the gateway would refuse, too.
 */
import { createReadStream } from 'node:fs';
import { LineEnds } from '../mail/line-ends.ts';
import { type Structure, StructureParser } from '../mail/structure.ts';
import { type ExaminePorts, examineMessage, type ToExamine } from '../pipeline/examine.ts';
import type { Facts } from '../policy/facts.ts';
import { printable } from './output.ts';

/** The message cannot be read, or is one that the gateway would refuse; the sentence names the file and says why. */
export class MessageUnreadable extends Error {}

/** The octets as the gateway would store them. Throws MessageUnreadable. */
export async function readMessageFile(file: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const lineEnds = new LineEnds();
  let size = 0;
  const refuse = (why: string): never => {
    throw new MessageUnreadable(`${printable(file)} ${why}`);
  };
  const keep = (chunk: Uint8Array): void => {
    size += chunk.length;
    if (size > maxBytes)
      refuse(`is larger than ${maxBytes} octets (smtp.maxMessageBytes), so the gateway would refuse it.`);
    chunks.push(chunk);
  };
  try {
    for await (const chunk of createReadStream(file)) keep(lineEnds.push(chunk as Buffer));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    refuse('cannot be read. Check the path and who may read the file.');
  }
  keep(lineEnds.end());
  if (lineEnds.sawNul) refuse('holds a NUL octet, so the gateway would refuse it.');
  return Buffer.concat(chunks);
}

export function structureOf(bytes: Buffer): Structure {
  const parser = new StructureParser();
  parser.push(bytes);
  return parser.end();
}

/** The facts of a message whose octets are at hand. */
export async function examineBytes(bytes: Buffer, about: Omit<ToExamine, 'read'>, ports: ExaminePorts): Promise<Facts> {
  const read: ToExamine['read'] = async function* ({ start, end }) {
    yield bytes.subarray(start, end);
  };
  return examineMessage({ ...about, read }, ports);
}
