/**
 * The octets in ASCII armor, as they stream through; what is not armored passes unchanged. The checksum is not looked at, as RFC 9580 section
 * 6.1 wants: it proves nothing. Text beside the armor is not dropped silently: there may be none.
 */
import { decodeTransfer } from '../../mail/text.ts';
import { Refused } from './opened.ts';

const begin = '-----BEGIN PGP ';
const lineFeed = 0x0a;
/** Octets before the armored data begins: what is before the armor, and its header lines. */
const longestHead = 65_536;

/** `kind` of armor that is expected: MESSAGE or SIGNATURE. Throws Refused when it is another. */
export async function* withoutArmor(
  input: AsyncIterable<Uint8Array>,
  kind: 'MESSAGE' | 'SIGNATURE',
): AsyncGenerator<Uint8Array> {
  const chunks = input[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done !== true) head = Buffer.concat([head, next.value]);
    if (head.length === 0 && next.done !== true) continue;
    if (((head[0] ?? 0) & 0x80) !== 0) {
      yield head;
      yield* { [Symbol.asyncIterator]: () => chunks };
      return;
    }
    const start = dataStart(head, kind);
    if (start !== null) {
      yield* decodeTransfer(armoredData(head.subarray(start), chunks), 'base64');
      return;
    }
    if (next.done === true || head.length > longestHead)
      throw new Refused('damaged', 'The part that should be OpenPGP is something else.');
  }
}

/** Where the data of the armor begins: after the empty line that ends its header. Null when more octets are needed. */
function dataStart(head: Buffer, kind: string): number | null {
  const at = head.indexOf(begin);
  if (at === -1) return null;
  if (head.toString('latin1', 0, at).trim() !== '') throw beside();
  let line = head.indexOf(lineFeed, at);
  if (line === -1) return null;
  if (head.toString('latin1', at + begin.length, line).trimEnd() !== `${kind}-----`)
    throw new Refused('damaged', 'The OpenPGP part is of another kind than it should be.');
  for (;;) {
    const end = head.indexOf(lineFeed, line + 1);
    if (end === -1) return null;
    const text = head.toString('latin1', line + 1, end).trim();
    if (text === '') return end + 1;
    // Some programs leave out the empty line when there are no header lines.
    if (!text.includes(':')) return line + 1;
    line = end;
  }
}

/** Up to the checksum or the last line, whichever comes first: base64 has neither `=` nor `-` at the beginning of a line. */
async function* armoredData(first: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Buffer = Buffer.concat([Buffer.from('\n'), first]);
  for (;;) {
    const ends = ['\n=', '\n-'].map((mark) => waiting.indexOf(mark)).filter((at) => at !== -1);
    if (ends.length > 0) {
      const end = Math.min(...ends);
      yield waiting.subarray(0, end);
      await nothingFollows(waiting.subarray(end), chunks);
      return;
    }
    yield waiting.subarray(0, -1);
    waiting = waiting.subarray(-1);
    const next = await chunks.next();
    if (next.done === true) throw new Refused('damaged', 'The OpenPGP armor ends early.');
    waiting = Buffer.concat([waiting, next.value]);
  }
}

/** The checksum and the last line, and then only white space. */
async function nothingFollows(tail: Buffer, chunks: AsyncIterator<Uint8Array>): Promise<void> {
  let rest = tail;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    rest = Buffer.from(Buffer.concat([rest, next.value]).toString('latin1').trimEnd(), 'latin1');
    if (rest.length > longestHead) throw beside();
  }
  const ended = /^\n(?:=[^\n]{0,20}\n\s*)?-----END PGP [A-Z ]{1,20}-----\s*$/.test(rest.toString('latin1'));
  if (!ended) throw beside();
}

const beside = (): Refused =>
  new Refused('unsupported', 'There is text beside the OpenPGP armor, so nothing was taken out of it.');
