/**
 * A file of OpenPGP keys cut into single keys before anything interprets them (openpgp.ts), so that one bad key does not spoil the others
 * and each can be measured first. Only lengths are read here; section numbers are those of RFC 9580, which openpgp.ts follows.
 */

const armorBegin = '-----BEGIN PGP ';
const armorEnd = '-----END PGP ';

/** The armored key blocks in a file, other text around them dropped; null when it has no armor at all. */
export function armoredBlocks(file: Uint8Array): string[] | null {
  const octets = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (octets.indexOf(armorBegin) === -1) return null;
  const text = octets.toString('latin1');
  const blocks: string[] = [];
  for (let begin = text.indexOf(armorBegin); begin !== -1; ) {
    const end = text.indexOf(armorEnd, begin);
    const next = end === -1 ? -1 : text.indexOf('-----', end + armorEnd.length);
    const stop = next === -1 ? text.length : next + 5;
    const block = text.slice(begin, stop);
    if (/^-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----/.test(block)) blocks.push(block);
    begin = text.indexOf(armorBegin, stop);
  }
  return blocks;
}

/** Whether octets could begin a binary key: the header of a public or private key packet. */
export function looksLikeKey(file: Uint8Array): boolean {
  const first = packetAt(file, 0);
  return first !== null && first.end <= file.length && isPrimaryKey(first.tag);
}

/** Cuts a keyring before each primary key packet. Octets outside any whole packet are dropped and `damaged` is called. */
export function cutKeys(keyring: Uint8Array, damaged: () => void): Uint8Array[] {
  const starts: number[] = [];
  let at = 0;
  while (at < keyring.length) {
    const packet = packetAt(keyring, at);
    if (packet === null || packet.end > keyring.length) {
      damaged();
      break;
    }
    if (isPrimaryKey(packet.tag)) starts.push(at);
    at = packet.end;
  }
  return starts.map((start, index) => keyring.subarray(start, starts[index + 1] ?? at));
}

/** Public-Key and Secret-Key packets. RFC 9580 section 5. */
const isPrimaryKey = (tag: number): boolean => tag === 6 || tag === 5;

/** Tag and end of the packet at `at`; null for what cannot be in a keyring (no packet, partial and indeterminate lengths). */
function packetAt(octets: Uint8Array, at: number): { readonly tag: number; readonly end: number } | null {
  const first = octets[at] ?? 0;
  const number = (offset: number, size: number): number => {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum = sum * 256 + (octets[at + offset + i] ?? 0);
    return sum;
  };
  if ((first & 0x80) === 0) return null;
  if ((first & 0x40) !== 0) {
    // RFC 9580 section 4.2.1.
    const tag = first & 0x3f;
    const length = number(1, 1);
    if (length < 192) return { tag, end: at + 2 + length };
    if (length < 224) return { tag, end: at + 3 + (length - 192) * 256 + number(2, 1) + 192 };
    return length === 255 ? { tag, end: at + 6 + number(2, 4) } : null;
  }
  // RFC 9580 section 4.2.2, the legacy format.
  const tag = (first >> 2) & 0x0f;
  const lengthOf = [1, 2, 4][first & 3];
  return lengthOf === undefined ? null : { tag, end: at + 1 + lengthOf + number(1, lengthOf) };
}
