/**
 * Unpacking deflate and gzip as a stream, within the budget. What comes out ends early when the budget refuses or the octets are damaged, and
 * the site is told which.
 */
import { pipeline } from 'node:stream';
import {
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  type Inflate,
  type InflateRaw,
  inflateRawSync,
} from 'node:zlib';
import { once } from './octets.ts';
import type { Site } from './site.ts';

const chunkSize = 65_536;
/** Packed octets that are not worth a stream, and what may come out of them. */
const small = { packed: 16_384, size: 262_144 };

/** What one member of an archive holds: `method` deflate or stored, `octets` as they are packed. */
export function unpacked(octets: Uint8Array, method: 'stored' | 'deflate', site: Site): AsyncIterable<Uint8Array> {
  if (method === 'stored') return counted(once(octets), () => octets.length, site);
  const whole = octets.length <= small.packed ? inflatedSmall(octets) : null;
  if (whole !== null) return counted(once(whole), () => octets.length, site);
  return inflated(createInflateRaw({ chunkSize }), once(octets), site);
}

/** Null when the octets are damaged or unpack to more; the stream finds out which. */
function inflatedSmall(octets: Uint8Array): Buffer | null {
  try {
    return inflateRawSync(octets, { maxOutputLength: small.size });
  } catch {
    return null;
  }
}

/** All members of a gzip file, joined. */
export function gunzipped(octets: AsyncIterable<Uint8Array>, site: Site): AsyncIterable<Uint8Array> {
  return inflated(createGunzip({ chunkSize }), octets, site);
}

/** A zlib stream. */
export function zlibbed(octets: Uint8Array, site: Site): AsyncIterable<Uint8Array> {
  return inflated(createInflate({ chunkSize }), once(octets), site);
}

async function* inflated(
  inflate: Gunzip | Inflate | InflateRaw,
  octets: AsyncIterable<Uint8Array>,
  site: Site,
): AsyncGenerator<Uint8Array> {
  // Errors reach the reader of `inflate`; this callback keeps them from being unhandled.
  pipeline(octets, inflate, () => undefined);
  try {
    yield* counted(inflate, () => inflate.bytesWritten, site);
  } catch {
    site.blind('content', 'its compressed data are damaged');
  }
}

/** Passes `output` on while the budget allows; `input` is how much went in so far. */
async function* counted(
  output: AsyncIterable<Uint8Array>,
  input: () => number,
  site: Site,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of output) {
    length += chunk.length;
    const refused = site.budget.unpack(chunk.length) ?? site.budget.ratio(input(), length);
    if (refused !== null) {
      site.blind('limits', refused);
      return;
    }
    yield chunk;
  }
}
