/**
 * A TLS report in a file, as it comes: the JSON, the JSON under gzip, or the whole message that carried either. Everybody may send such files, so
 * sizes are capped before and after unpacking.
 */
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { leaves, type Part, StructureParser } from '../mail/structure.ts';
import { decodeTransfer } from '../mail/text.ts';
import { readReportJson, type TlsReportReading } from '../mail/tls-report.ts';

/** Octets of a file, and of JSON once it is unpacked. RFC 8460 section 5.2: receivers commonly take ten megabytes. */
const maxFile = 25 * 1024 * 1024;
const maxJson = 10 * 1024 * 1024;

/** Reads the file; `reason` continues "the report " or says that the file is to blame. */
export async function readTlsReportFile(path: string): Promise<TlsReportReading> {
  let file: Awaited<ReturnType<typeof open>> | null = null;
  try {
    file = await open(path);
    const { size } = await file.stat();
    if (size > maxFile) return unread(`is in a file of more than ${maxFile} octets`);
    return await readTlsReport(await file.readFile());
  } catch (error) {
    if (error instanceof Error && 'code' in error) return unread('is in a file that cannot be read');
    throw error;
  } finally {
    await file?.close();
  }
}

/** Reads the octets of a report: JSON, JSON under gzip, or a message. */
export async function readTlsReport(octets: Buffer): Promise<TlsReportReading> {
  if (isGzip(octets) || isJson(octets)) return readContent(octets);
  const parser = new StructureParser();
  parser.push(octets);
  const part = leaves(parser.end()).find(carriesReport);
  if (part === undefined)
    return unread('is not in there: no part of type application/tlsrpt+json or application/tlsrpt+gzip');
  const pieces: Uint8Array[] = [];
  const { start, end } = part.body;
  for await (const piece of decodeTransfer(once(octets.subarray(start, end)), part.encoding)) pieces.push(piece);
  return readContent(Buffer.concat(pieces));
}

async function readContent(octets: Buffer): Promise<TlsReportReading> {
  if (!isGzip(octets)) {
    return octets.length > maxJson ? tooLarge() : readReportJson(octets.toString('utf8').replace(/^\ufeff/, ''));
  }
  try {
    const json = await promisify(gunzip)(octets, { maxOutputLength: maxJson });
    return readReportJson(json.toString('utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : unread('cannot be unpacked: the gzip data is damaged');
  }
}

function tooLarge(): TlsReportReading {
  return unread(`is larger than ${maxJson} octets once it is unpacked`);
}

function unread(reason: string): TlsReportReading {
  return { ok: false, reason };
}

function isGzip(octets: Buffer): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

function isJson(octets: Buffer): boolean {
  return /^\ufeff?\s*\{/.test(octets.subarray(0, 100).toString('utf8'));
}

/** By type; some senders say application/gzip and leave it to the file's name. */
function carriesReport({ type, fileName }: Part): boolean {
  const named = type.startsWith('application/') && /\.json(?:\.gz)?$/i.test(fileName ?? '');
  return type === 'application/tlsrpt+gzip' || type === 'application/tlsrpt+json' || named;
}

async function* once(octets: Buffer): AsyncGenerator<Buffer> {
  yield octets;
}
