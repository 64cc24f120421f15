/**
 * The members of a ZIP archive as its directory and its local headers tell them (`readZip`). Programs differ in which of the two they believe, so
 * both are read, and where they contradict each other the archive is doubtful.
 *
 * Standards: PKWARE APPNOTE 6.3.10.
 * Limits: archives over several files are not joined. Without a directory, a member whose header does not tell its size is the last.
 */
import { decodeCharset } from '../../mail/text.ts';

export type ZipEntry = {
  readonly name: string;
  readonly encrypted: boolean;
  /** As in the directory: 0 stored, 8 deflate. */
  readonly method: number;
  /** Unpacked, as it says; null when it does not. */
  readonly size: number | null;
  /** Packed octets. */
  readonly octets: Buffer;
};

export type Zip = {
  readonly entries: readonly ZipEntry[];
  /** Octets that belong to no member: before the first, between them, after the end. */
  readonly others: readonly Buffer[];
  readonly comment: string;
  /** Why not everything in it was seen, or why programs see different things in it; clauses. */
  readonly damaged: readonly string[];
  /** Members share octets, as they do in bombs alone. */
  readonly overlapping: boolean;
  /** There were more than `most` members. */
  readonly cut: boolean;
};

const endSignature = Buffer.from('PK\x05\x06', 'latin1');
const localSignature = Buffer.from('PK\x03\x04', 'latin1');
const centralSignature = 0x02014b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const endLength = 22;
const localLength = 30;
const centralLength = 46;
/** An archive ends with its end record and a comment of up to 65,535 octets; some octets after it are forgiven. */
export const endSearched = 66_560;

/** Directory entry; `start` is where its local header should be. */
type Central = {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
};
type Local = {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly data: number;
};
type End = { readonly at: number; readonly directory: number; readonly shift: number; readonly count: number };

/** Whether octets end, to the last, as a ZIP archive does. `tail`: the last octets, `endSearched` of them if there are as many. */
export function endsAsZip(tail: Buffer): boolean {
  const at = tail.lastIndexOf(endSignature);
  if (at === -1 || at + endLength > tail.length) return false;
  return at + endLength + tail.readUInt16LE(at + 20) === tail.length && tail.readUInt16LE(at + 10) > 0;
}

/** The members of the archive, `most` at most. */
export function readZip(archive: Buffer, most: number): Zip {
  const damaged = new Set<string>();
  const end = findEnd(archive);
  const central = end === null ? [] : readDirectory(archive, end, most, damaged);
  if (end === null) damaged.add('the archive has no directory');
  const entries: ZipEntry[] = [];
  const spans: Span[] = [];
  for (const entry of central) {
    const local = readLocal(archive, entry.start);
    if (local === null) {
      damaged.add('its directory names members that are not there');
      continue;
    }
    if (contradict(entry, local)) damaged.add('its directory and its members contradict each other');
    const to = Math.min(local.data + entry.packed, archive.length);
    if (local.data + entry.packed > archive.length) damaged.add('it is cut off');
    entries.push(entryOf(entry, archive.subarray(local.data, to)));
    spans.push({ from: entry.start, to, described: (local.flags & 8) !== 0 });
  }
  const directoryAt = end === null ? archive.length : end.directory + end.shift;
  const cut = end !== null && central.length >= most && end.count > most;
  const { gaps, overlapping } = gapsBetween(archive, spans, directoryAt);
  const others: Buffer[] = [];
  // What the directory would say of the gaps is not known when it was not read to its end.
  if (!cut) for (const gap of gaps) readGap(gap, end === null, most, entries, others, damaged);
  const after = end === null ? 0 : end.at + endLength + archive.readUInt16LE(end.at + 20);
  if (end !== null && after < archive.length) others.push(archive.subarray(after));
  return {
    entries: entries.slice(0, most),
    others,
    comment: end === null ? '' : decodeCharset(archive.subarray(end.at + endLength, after), ''),
    damaged: [...damaged],
    overlapping,
    cut: cut || entries.length > most,
  };
}

function entryOf(entry: Central | Local, octets: Buffer, sizeless = false): ZipEntry {
  return {
    name: decodeCharset(entry.name, '').replaceAll('\0', ''),
    // Bit 0: encrypted; bit 13: so is the directory.
    encrypted: (entry.flags & 0x2001) !== 0,
    method: entry.method,
    size: sizeless ? null : entry.size,
    octets,
  };
}

/** Sizes and names may be missing in a local header when bit 3 says that they follow the data. */
function contradict(entry: Central, local: Local): boolean {
  if (entry.method !== local.method || ((entry.flags ^ local.flags) & 1) !== 0) return true;
  if (!entry.name.equals(local.name)) return true;
  return (local.flags & 8) === 0 && local.packed !== entry.packed;
}

/** The end record that is nearest to the end, and where it says that the directory begins. */
function findEnd(archive: Buffer): End | null {
  const from = Math.max(0, archive.length - endSearched);
  const at = archive.lastIndexOf(endSignature);
  if (at < from || at + endLength > archive.length) return null;
  const far = archive.readUInt16LE(at + 10) === 0xffff || archive.readUInt32LE(at + 16) === 0xffffffff;
  const wide = far ? readEnd64(archive, at) : null;
  const count = wide?.count ?? archive.readUInt16LE(at + 10);
  const length = wide?.length ?? archive.readUInt32LE(at + 12);
  const directory = wide?.directory ?? archive.readUInt32LE(at + 16);
  // APPNOTE 4.4.24: offsets count from the start of the archive, which a prefix (as of a self-extracting program) moves.
  const shift = Math.max(0, (wide?.at ?? at) - length - directory);
  return { at, directory, shift, count };
}

function readEnd64(
  archive: Buffer,
  end: number,
): { readonly at: number; readonly count: number; readonly length: number; readonly directory: number } | null {
  const locator = end - 20;
  if (locator < 56 || archive.readUInt32LE(locator) !== locator64Signature) return null;
  // What the locator says, or, when a prefix moved it, right before the locator.
  const said = Number(archive.readBigUInt64LE(locator + 8));
  const at = [said, locator - 56].find(
    (place) => place + 56 <= locator && archive.readUInt32LE(place) === end64Signature,
  );
  if (at === undefined) return null;
  return {
    at,
    count: Number(archive.readBigUInt64LE(at + 32)),
    length: Number(archive.readBigUInt64LE(at + 40)),
    directory: Number(archive.readBigUInt64LE(at + 48)),
  };
}

function readDirectory(archive: Buffer, end: End, most: number, damaged: Set<string>): Central[] {
  const entries: Central[] = [];
  let at = end.directory + end.shift;
  while (entries.length < most && at + centralLength <= end.at && archive.readUInt32LE(at) === centralSignature) {
    const nameEnd = at + centralLength + archive.readUInt16LE(at + 28);
    const extraEnd = nameEnd + archive.readUInt16LE(at + 30);
    const sizes = [archive.readUInt32LE(at + 24), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 42)];
    const [size = 0, packed = 0, start = 0] = widened(sizes, archive.subarray(nameEnd, extraEnd));
    entries.push({
      name: archive.subarray(at + centralLength, nameEnd),
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      packed,
      size,
      start: start + end.shift,
    });
    at = extraEnd + archive.readUInt16LE(at + 32);
  }
  if (entries.length < most && entries.length !== end.count)
    damaged.add('its directory does not hold what its end says');
  return entries;
}

/** APPNOTE 4.5.3: values that are all ones stand in the ZIP64 extra field, in order. */
function widened(values: readonly number[], extra: Buffer): number[] {
  if (!values.includes(0xffffffff)) return [...values];
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    let next = 0;
    return values.map((value) => {
      if (value !== 0xffffffff || next + 8 > field.length) return value;
      next += 8;
      return Number(field.readBigUInt64LE(next - 8));
    });
  }
  return [...values];
}

function readLocal(archive: Buffer, at: number): Local | null {
  if (at + localLength > archive.length || !archive.subarray(at, at + 4).equals(localSignature)) return null;
  const nameEnd = at + localLength + archive.readUInt16LE(at + 26);
  const data = nameEnd + archive.readUInt16LE(at + 28);
  if (data > archive.length) return null;
  const sizes = [archive.readUInt32LE(at + 22), archive.readUInt32LE(at + 18)];
  const [size = 0, packed = 0] = widened(sizes, archive.subarray(nameEnd, data));
  return {
    name: archive.subarray(at + localLength, nameEnd),
    flags: archive.readUInt16LE(at + 6),
    method: archive.readUInt16LE(at + 8),
    packed,
    size,
    data,
  };
}

/** From a member's header to the end of its data; `described`: a data descriptor of up to 24 octets follows. */
type Span = { readonly from: number; readonly to: number; readonly described: boolean };

function gapsBetween(
  archive: Buffer,
  spans: readonly Span[],
  directoryAt: number,
): { readonly gaps: Buffer[]; readonly overlapping: boolean } {
  const gaps: Buffer[] = [];
  let reached = 0;
  let descriptor = 0;
  let overlapping = false;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (span.from < reached) overlapping = true;
    else if (span.from > reached + descriptor) gaps.push(archive.subarray(reached, span.from));
    reached = Math.max(reached, span.to);
    descriptor = span.described ? 24 : 0;
  }
  if (directoryAt > reached + descriptor) gaps.push(archive.subarray(reached, directoryAt));
  return { gaps, overlapping };
}

/** Members in a gap are in no directory: some programs see them. In an archive without a directory all members are in one gap. */
function readGap(
  gap: Buffer,
  alone: boolean,
  most: number,
  entries: ZipEntry[],
  others: Buffer[],
  damaged: Set<string>,
): void {
  let reached = 0;
  for (let at = gap.indexOf(localSignature); at !== -1; at = gap.indexOf(localSignature, Math.max(reached, at + 4))) {
    const local = readLocal(gap, at);
    if (local === null) continue;
    if (entries.length > most) return;
    if (!alone) damaged.add('it has members that are not in its directory');
    if (at > reached) others.push(gap.subarray(reached, at));
    const sizeless = (local.flags & 8) !== 0 && local.packed === 0;
    const to = sizeless ? gap.length : Math.min(gap.length, local.data + local.packed);
    entries.push(entryOf(local, gap.subarray(local.data, to), sizeless));
    reached = to;
  }
  if (reached < gap.length) others.push(gap.subarray(reached));
}
