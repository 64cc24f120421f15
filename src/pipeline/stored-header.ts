/** The header of a stored message, in memory: it is bounded where mail comes in. */
import type { Spool } from '../spool/spool.ts';
import type { MessageRow } from '../store/store.ts';

/** With the blank line at its end. Rejects when the blob is damaged or gone. */
export async function readHeader(message: MessageRow, spool: Pick<Spool, 'read'>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of spool.read(message.spool, { start: 0, end: message.headerSize })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
