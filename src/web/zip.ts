/**
 * Several files as one ZIP, made while it is sent: no more than a piece of a file is in memory at a time. Files are stored as they are; what people attach
 * is mostly compressed already, and a reader's machine unpacks them without waiting.
 *
 * Limits: 4 GB in all, as the format without its 64-bit extension has it; names that are taken get a number.
 */
import { crc32 } from 'node:zlib';
import { Zip, type ZipInputFile } from 'fflate';

export type ZipEntry = {
  /** Safe and, by `uniqueNames`, unlike all others. */
  readonly name: string;
  readonly octets: AsyncIterable<Uint8Array>;
};

/** The octets of the archive. `at`: the time its files carry, epoch milliseconds. */
export async function* zipOf(entries: readonly ZipEntry[], at: number): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let broken: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error !== null) broken = error;
    else ready.push(chunk);
  });
  const taken = function* (): Generator<Uint8Array> {
    if (broken !== null) throw broken;
    const chunks = ready;
    ready = [];
    for (const chunk of chunks) if (chunk.length > 0) yield chunk;
  };
  for (const { name, octets } of entries) {
    const file = stored(name, at);
    zip.add(file);
    for await (const chunk of octets) {
      file.push(chunk, false);
      yield* taken();
    }
    file.push(new Uint8Array(0), true);
    yield* taken();
  }
  zip.end();
  yield* taken();
}

type StoredFile = ZipInputFile & { push(chunk: Uint8Array, final: boolean): void };

/** A file as it is. The checksum is the platform's, many times as fast as the library's. */
function stored(filename: string, at: number): StoredFile {
  const file: StoredFile = {
    filename,
    // The format knows years from 1980 to 2099.
    mtime: Math.min(Math.max(at, Date.UTC(1980, 0, 2)), Date.UTC(2099, 0, 1)),
    crc: 0,
    size: 0,
    compression: 0,
    push: (chunk, final) => {
      file.crc = crc32(chunk, file.crc);
      file.size += chunk.length;
      file.ondata?.(null, chunk as Uint8Array<ArrayBuffer>, final);
    },
  };
  return file;
}

/** The names, in order, each unlike all others on file systems that ignore case: "scan.pdf", "Scan (2).pdf". */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return names.map((name) => {
    const key = keyOf(name);
    let count = counts.get(key) ?? 1;
    let free = name;
    while (taken.has(keyOf(free))) {
      count += 1;
      free = numbered(name, count);
    }
    counts.set(key, count);
    taken.add(keyOf(free));
    return free;
  });
}

function keyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase().toUpperCase();
}

function numbered(name: string, count: number): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)} (${count})${name.slice(dot)}` : `${name} (${count})`;
}
