/**
 * What compound files hold: old documents of Word, Excel and PowerPoint, messages of Outlook, encrypted OOXML, and objects of all kinds.
 *
 * Limits: the text of old documents is found as runs of characters, in both of their encodings, not by their own tables; so text that a document
 * keeps in pieces may come in pieces. Macros are not unpacked. Encryption of a single sheet is not noticed.
 */
import { readBiff } from './biff.ts';
import { packagedFile } from './embedded.ts';
import { once } from './octets.ts';
import { readCompound, type Storage, type Stream } from './ole.ts';
import { isOutlookMessage, readOutlookMessage } from './outlook.ts';
import { Runs } from './runs.ts';
import { type Site, unknownFile } from './site.ts';
import { headLength, signatureOf } from './sniff.ts';

/** Looks into a compound file; answers what it is. */
export async function readCompoundFile(site: Site, octets: Buffer): Promise<string> {
  const compound = readCompound(octets);
  if (compound === null) {
    site.blind('content', 'the document is damaged');
    return 'application/x-ole-storage';
  }
  const type = typeOf(compound.root);
  if (isOutlookMessage(compound.root)) await readOutlookMessage(site, compound.root);
  else await readStreams(site, compound.root);
  if (compound.damaged()) site.blind('content', 'the document is damaged');
  return type;
}

function typeOf(root: Storage): string {
  const names = new Set(root.streams.map((stream) => stream.name));
  if (isOutlookMessage(root)) return 'application/vnd.ms-outlook';
  if (names.has('WordDocument')) return 'application/msword';
  if (names.has('Workbook') || names.has('Book')) return 'application/vnd.ms-excel';
  return names.has('PowerPoint Document') ? 'application/vnd.ms-powerpoint' : 'application/x-ole-storage';
}

async function readStreams(site: Site, root: Storage): Promise<void> {
  const runs = new Runs(() => site.text(), { latin: true });
  let number = 0;
  const open = [root];
  for (let storage = open.pop(); storage !== undefined; storage = open.pop()) {
    open.push(...storage.storages);
    for (const stream of storage.streams) {
      number += 1;
      const octets = stream.read();
      if (needsPassword(stream, octets)) {
        site.locked('the document needs a password');
        continue;
      }
      if (stream.name === 'Workbook' || stream.name === 'Book') readBiff(octets, site.text());
      const file = fileIn(stream, octets);
      if (file === null) {
        runs.push(octets);
        runs.push(separator);
      } else if (
        !(await site.member(number, { ...unknownFile, fileName: file.name }, once(file.octets), file.octets.length))
      ) {
        break;
      }
    }
  }
  runs.end();
}

const separator = Buffer.alloc(4);

/** MS-OFFCRYPTO 2.2: where each kind of document says that it is encrypted. */
function needsPassword(stream: Stream, octets: Buffer): boolean {
  switch (stream.name) {
    case 'EncryptedPackage':
    case 'EncryptedSummary':
      return true;
    case 'WordDocument':
      return octets.length > 12 && (octets.readUInt16LE(10) & 0x0100) !== 0;
    case 'Workbook':
    case 'Book':
      return hasFilePass(octets);
    default:
      return false;
  }
}

/** FILEPASS is among the first records of a workbook. */
function hasFilePass(octets: Buffer): boolean {
  let at = 0;
  for (let seen = 0; seen < 8 && at + 4 <= octets.length; seen += 1) {
    if (octets.readUInt16LE(at) === 0x2f) return true;
    at += 4 + octets.readUInt16LE(at + 2);
  }
  return false;
}

/** A file that a stream holds: a packaged one with its name, or one by its signature. */
function fileIn(stream: Stream, octets: Buffer): { readonly name: string | null; readonly octets: Buffer } | null {
  if (stream.name === '\u0001Ole10Native') {
    const packaged = packagedFile(octets);
    if (packaged !== null) return packaged;
  }
  const signature = signatureOf(octets.subarray(0, headLength));
  const container =
    signature !== null && signature.kind !== 'text' && signature.kind !== 'binary' && signature.kind !== 'media';
  return container ? { name: null, octets } : null;
}
