/**
 * What CMS encloses without encrypting it: the content of opaque signed-data and of compressed-data, found by a walk over BER as far as
 * the content and no further. Encrypted content is for its recipient and not looked into.
 *
 * Standards: RFC 3274.
 */

export type Enclosed =
  /** `octets`: the content, null when the signature stands apart from it. `compressed`: it is a zlib stream. */
  | { readonly kind: 'content'; readonly octets: Buffer | null; readonly compressed: boolean }
  | { readonly kind: 'encrypted' }
  | { readonly kind: 'unknown' };

/** Object identifiers, in hex. */
const signedData = '2a864886f70d010702';
const compressedData = '2a864886f70d0109100109';
const encrypted = new Set(['2a864886f70d010703', '2a864886f70d010706', '2a864886f70d0109100117']);

const tags = { octets: 0x04, sequence: 0x30, tagged0: 0xa0, octetParts: 0x24, taggedOctets: 0x80 } as const;
/** Octet strings in parts may nest; nobody nests them. */
const deepest = 4;

/** A value: its content from `start` to `end`, or to an end mark when the length is not said. */
type Value = { readonly tag: number; readonly start: number; readonly end: number; readonly open: boolean };

export function enclosedIn(octets: Buffer): Enclosed {
  const unknown: Enclosed = { kind: 'unknown' };
  const info = valueAt(octets, 0, octets.length);
  const type = info === null ? null : valueAt(octets, info.start, info.end);
  if (info === null || type === null) return unknown;
  const oid = octets.toString('hex', type.start, type.end);
  if (encrypted.has(oid)) return { kind: 'encrypted' };
  if (oid !== signedData && oid !== compressedData) return unknown;
  const wrapped = valueAt(octets, type.end, info.end);
  const data = wrapped?.tag === tags.tagged0 ? valueAt(octets, wrapped.start, wrapped.end) : null;
  if (data?.tag !== tags.sequence) return unknown;
  const content = contentInfo(octets, data);
  if (content === null) return unknown;
  const contentType = valueAt(octets, content.start, content.end);
  const explicit = contentType === null ? null : valueAt(octets, contentType.end, content.end);
  const compressed = oid === compressedData;
  if (explicit?.tag !== tags.tagged0) return { kind: 'content', octets: null, compressed };
  const string = valueAt(octets, explicit.start, explicit.end);
  if (string === null) return unknown;
  const parts: Buffer[] = [];
  return collect(octets, string, parts, 0) === null
    ? unknown
    : { kind: 'content', octets: Buffer.concat(parts), compressed };
}

/** RFC 5652 section 5.1, RFC 3274 section 1.1: after the version and the algorithms the first SEQUENCE that begins with an OID of content. */
function contentInfo(octets: Buffer, data: Value): Value | null {
  const version = valueAt(octets, data.start, data.end);
  const algorithms = version === null ? null : valueAt(octets, version.end, data.end);
  const after = algorithms === null ? null : endOf(octets, algorithms, 0);
  return after === null ? null : valueAt(octets, after, data.end);
}

/** The octets of a string, whole or in parts; the offset after it, null when it is damaged. */
function collect(octets: Buffer, value: Value, parts: Buffer[], depth: number): number | null {
  if (value.tag === tags.octets || value.tag === tags.taggedOctets) {
    parts.push(octets.subarray(value.start, value.end));
    return value.end;
  }
  if (value.tag !== tags.octetParts || depth >= deepest) return null;
  let at = value.start;
  while (at < value.end) {
    if (value.open && octets[at] === 0 && octets[at + 1] === 0) return at + 2;
    const part = valueAt(octets, at, value.end);
    const next = part === null ? null : collect(octets, part, parts, depth + 1);
    if (next === null) return null;
    at = next;
  }
  return at;
}

/** Where the next value begins. */
function endOf(octets: Buffer, value: Value, depth: number): number | null {
  if (!value.open) return value.end;
  if (depth > deepest) return null;
  let at = value.start;
  while (at + 1 < value.end && (octets[at] !== 0 || octets[at + 1] !== 0)) {
    const part = valueAt(octets, at, value.end);
    const next = part === null ? null : endOf(octets, part, depth + 1);
    if (next === null) return null;
    at = next;
  }
  return at + 2;
}

function valueAt(octets: Buffer, at: number, limit: number): Value | null {
  const tag = octets[at];
  const first = octets[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit) return null;
  if (first === 0x80) return { tag, start: at + 2, end: limit, open: true };
  if (first < 0x80) return at + 2 + first > limit ? null : { tag, start: at + 2, end: at + 2 + first, open: false };
  const count = first - 0x80;
  if (count > 6 || at + 2 + count > limit) return null;
  const start = at + 2 + count;
  const end = start + octets.readUIntBE(at + 2, count);
  return end > limit ? null : { tag, start, end, open: false };
}
