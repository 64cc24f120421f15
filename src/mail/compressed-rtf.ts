/**
 * Compressed RTF, the form in which Outlook keeps a formatted body (MS-OXRTFCP). `unpackRtf` gives the RTF.
 *
 * A packed text is literal octets and references into a ring of the last 4096 octets, which begins with words every RTF has.
 *
 * Limits: checksums are not looked at.
 */

/** What the dictionary of compressed RTF holds at first. MS-OXRTFCP section 2.1.2.1. */
const firstWords = Buffer.from(
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial' +
    'Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx',
  'latin1',
);
const dictionarySize = 4096;
const compressed = 0x75465a4c;
const uncompressed = 0x414c454d;

/** Null when it is damaged. A token of two octets stands for at most 17, so the output is under nine times the input. */
export function unpackRtf(packed: Uint8Array): Buffer | null {
  const header = Buffer.alloc(16);
  header.set(packed.subarray(0, 16));
  const size = header.readUInt32LE(4);
  const kind = header.readUInt32LE(8);
  if (kind === uncompressed) return Buffer.from(packed.subarray(16, 16 + size));
  if (kind !== compressed) return null;
  const out = Buffer.alloc(Math.min(size, packed.length * 9));
  const dictionary = Buffer.alloc(dictionarySize);
  firstWords.copy(dictionary);
  let at = 16;
  let end = 0;
  let write = firstWords.length;
  const put = (octet: number): void => {
    if (end < out.length) out[end++] = octet;
    dictionary[write] = octet;
    write = (write + 1) % dictionarySize;
  };
  while (at < packed.length) {
    const control = packed[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < packed.length; bit += 1) {
      if (((control >> bit) & 1) === 0) {
        put(packed[at++] ?? 0);
        continue;
      }
      const token = ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0);
      at += 2;
      const offset = token >> 4;
      if (offset === write) return end === size ? out.subarray(0, end) : null;
      for (let index = 0; index < (token & 15) + 2; index += 1) put(dictionary[(offset + index) % dictionarySize] ?? 0);
    }
  }
  return end === size ? out.subarray(0, end) : null;
}
