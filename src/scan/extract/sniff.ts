/**
 * What octets are, by how they begin (`signatureOf`), and what a name or a declared type says when the octets say nothing (`declaredKind`).
 *
 * The octets win over what is declared. A picture or a film is believed only when its first octets do not read as text: six letters at the
 * front of a letter make no picture of it.
 */
import type { Declared } from './site.ts';
import { beginsAsTar } from './tar.ts';

/**
 * How octets are looked into: `closed` is an archive that cannot be opened here, `media` holds no text, `binary` is anything else that is no text.
 */
export type Kind =
  | 'zip'
  | 'gzip'
  | 'tar'
  | 'compound'
  | 'pdf'
  | 'tnef'
  | 'cms'
  | 'message'
  | 'closed'
  | 'media'
  | 'html'
  | 'xml'
  | 'rtf'
  | 'text'
  | 'binary';

export type Signature = { readonly type: string; readonly kind: Kind };

/** Octets of the start that signatures are looked for in. */
export const headLength = 4_096;

type Row = readonly [type: string, kind: Kind, at: number, octets: string | readonly number[]];

/** In order; strings are latin1. */
const rows: readonly Row[] = [
  ['application/zip', 'zip', 0, 'PK\x03\x04'],
  ['application/zip', 'zip', 0, 'PK\x05\x06'],
  ['application/zip', 'zip', 0, 'PK\x07\x08PK\x03\x04'],
  ['application/zip', 'zip', 0, 'PK00PK\x03\x04'],
  ['application/gzip', 'gzip', 0, [0x1f, 0x8b, 0x08]],
  ['application/x-ole-storage', 'compound', 0, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
  ['application/vnd.ms-tnef', 'tnef', 0, [0x78, 0x9f, 0x3e, 0x22]],
  ['application/x-7z-compressed', 'closed', 0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['application/vnd.rar', 'closed', 0, 'Rar!\x1a\x07'],
  ['application/x-bzip2', 'closed', 0, 'BZh'],
  ['application/x-xz', 'closed', 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['application/zstd', 'closed', 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ['application/x-lz4', 'closed', 0, [0x04, 0x22, 0x4d, 0x18]],
  ['application/x-lzip', 'closed', 0, 'LZIP\x01'],
  ['application/x-compress', 'closed', 0, [0x1f, 0x9d]],
  ['application/vnd.ms-cab-compressed', 'closed', 0, 'MSCF\0\0\0\0'],
  ['application/x-ace-compressed', 'closed', 7, '**ACE**'],
  ['application/x-arj', 'closed', 0, [0x60, 0xea]],
  ['application/x-lzh-compressed', 'closed', 2, '-lh'],
  ['application/x-ms-wim', 'closed', 0, 'MSWIM\0\0\0'],
  ['application/x-xar', 'closed', 0, 'xar!\0'],
  ['application/vnd.ms-outlook-pst', 'closed', 0, '!BDN'],
  ['application/rtf', 'rtf', 0, '{\\rt'],
  ['image/png', 'media', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 'media', 0, [0xff, 0xd8, 0xff]],
  ['image/gif', 'media', 0, 'GIF87a'],
  ['image/gif', 'media', 0, 'GIF89a'],
  ['image/tiff', 'media', 0, 'II*\0'],
  ['image/tiff', 'media', 0, 'MM\0*'],
  ['image/webp', 'media', 8, 'WEBP'],
  ['image/bmp', 'media', 6, [0, 0, 0, 0]],
  ['image/x-icon', 'media', 0, [0, 0, 1, 0]],
  ['image/vnd.adobe.photoshop', 'media', 0, '8BPS'],
  ['image/jp2', 'media', 0, [0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20]],
  ['image/emf', 'media', 40, ' EMF'],
  ['image/wmf', 'media', 0, [0xd7, 0xcd, 0xc6, 0x9a]],
  ['video/mp4', 'media', 4, 'ftyp'],
  ['video/quicktime', 'media', 4, 'moov'],
  ['video/x-msvideo', 'media', 8, 'AVI '],
  ['audio/wav', 'media', 8, 'WAVE'],
  ['video/x-matroska', 'media', 0, [0x1a, 0x45, 0xdf, 0xa3]],
  ['video/x-ms-asf', 'media', 0, [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]],
  ['video/x-flv', 'media', 0, 'FLV\x01'],
  ['video/mpeg', 'media', 0, [0, 0, 1, 0xba]],
  ['audio/ogg', 'media', 0, 'OggS'],
  ['audio/flac', 'media', 0, 'fLaC'],
  ['audio/mpeg', 'media', 0, 'ID3'],
  ['audio/midi', 'media', 0, 'MThd'],
  ['audio/amr', 'media', 0, '#!AMR'],
  ['font/otf', 'media', 0, 'OTTO'],
  ['font/ttf', 'media', 0, [0, 1, 0, 0, 0]],
  ['font/woff', 'media', 0, 'wOFF'],
  ['font/woff2', 'media', 0, 'wOF2'],
  ['application/vnd.microsoft.portable-executable', 'binary', 0, 'MZ'],
  ['application/x-executable', 'binary', 0, '\x7fELF'],
  ['application/x-mach-binary', 'binary', 0, [0xcf, 0xfa, 0xed, 0xfe]],
  ['application/x-mach-binary', 'binary', 0, [0xca, 0xfe, 0xba, 0xbe]],
  ['application/vnd.sqlite3', 'binary', 0, 'SQLite format 3\0'],
];

/** Where a further word must stand for the weak ones: four zeros alone make no bitmap, and "WAVE" alone no sound. */
const besides: ReadonlyMap<string, string> = new Map([
  ['image/bmp', 'BM'],
  ['image/webp', 'RIFF'],
  ['video/x-msvideo', 'RIFF'],
  ['audio/wav', 'RIFF'],
]);

/** Kinds that text could pretend to be so as not to be read. */
const disguises: ReadonlySet<Kind> = new Set(['media', 'binary', 'closed']);

/** What `head`, the first octets, says it is; null when it says nothing, as text does. */
export function signatureOf(head: Buffer): Signature | null {
  const plain = isPlain(head);
  for (const [type, kind, at, octets] of rows) {
    const expected = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets);
    if (!head.subarray(at, at + expected.length).equals(expected)) continue;
    const beginning = besides.get(type);
    if (beginning !== undefined && head.toString('latin1', 0, beginning.length) !== beginning) continue;
    if (plain && disguises.has(kind)) continue;
    return { type, kind };
  }
  if (beginsAsTar(head)) return { type: 'application/x-tar', kind: 'tar' };
  // ISO 32000-1 appendix H: readers take a PDF whose header is anywhere in the first 1,024 octets.
  if (head.subarray(0, 1_028).includes('%PDF-')) return { type: 'application/pdf', kind: 'pdf' };
  return isTextual(head) ? markupOf(head) : derOf(head);
}

/** Text that names itself. */
function markupOf(head: Buffer): Signature | null {
  const start = head
    .toString('latin1', 0, 1_024)
    .replaceAll('\0', '')
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '');
  const front = start.trimStart().toLowerCase();
  if (
    /^(?:<!--|<!doctype html|<html|<head|<body|<meta)/.test(front) &&
    /<(?:html|head|body|meta|p|div|table|br)\b/.test(front)
  ) {
    return { type: 'text/html', kind: 'html' };
  }
  if (!front.startsWith('<?xml')) return null;
  return /<html\b/.test(front) ? { type: 'text/html', kind: 'html' } : { type: 'application/xml', kind: 'xml' };
}

/** PKCS #7 signed-data and its kin, a certificate, a PKCS #12 file. */
function derOf(head: Buffer): Signature | null {
  if (head[0] !== 0x30) return null;
  const length = head[1] ?? 0;
  const at = 2 + (length > 0x80 && length < 0x88 ? length - 0x80 : 0);
  const content = head.subarray(at, at + 16).toString('hex');
  if (content.startsWith('06092a864886f70d0107') || content.startsWith('060b2a864886f70d01091001')) {
    return { type: 'application/pkcs7-mime', kind: 'cms' };
  }
  if (content.startsWith('020103')) return { type: 'application/pkcs12', kind: 'binary' };
  return content.startsWith('3082') ? { type: 'application/pkix-cert', kind: 'binary' } : null;
}

/** Whether octets read as text, of single octets or UTF-16. */
export function isTextual(head: Buffer): boolean {
  return isPlain(head) || utf16Of(head) !== null;
}

/** Of all control characters only those of text. */
function isPlain(head: Buffer): boolean {
  for (const octet of head) if (octet < 0x20 && !textControls.has(octet)) return false;
  return head.length > 0;
}
/** Backspace to carriage return, and the escape of ISO 2022. */
const textControls: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

/** "utf-16le" or "utf-16be" when the octets are that: by their mark, or because nearly every second one is zero. */
export function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const even = head.length & ~1;
  if (even < 8) return null;
  const zeros = [0, 0];
  for (let at = 0; at < even; at += 1) if (head[at] === 0) zeros[at & 1] = (zeros[at & 1] ?? 0) + 1;
  const [first = 0, second = 0] = zeros;
  const pairs = even / 2;
  if (second > pairs * 0.7 && first < pairs * 0.1) return 'utf-16le';
  return first > pairs * 0.7 && second < pairs * 0.1 ? 'utf-16be' : null;
}

const kindsByType: ReadonlyMap<string, Kind> = new Map([
  ['message/rfc822', 'message'],
  ['message/global', 'message'],
  ['text/html', 'html'],
  ['application/xhtml+xml', 'html'],
  ['text/x-amp-html', 'html'],
  ['text/xml', 'xml'],
  ['application/xml', 'xml'],
  ['application/x-tar', 'tar'],
]);
const kindsByExtension: ReadonlyMap<string, Kind> = new Map([
  ['eml', 'message'],
  ['mht', 'message'],
  ['mhtml', 'message'],
  ['html', 'html'],
  ['htm', 'html'],
  ['xhtml', 'html'],
  ['xml', 'xml'],
  ['svg', 'xml'],
]);

/** How to look into octets that have no signature. */
export function declaredKind(declared: Declared, head: Buffer): Kind {
  const typed = kindsByType.get(declared.type);
  if (typed !== undefined) return typed;
  const textual = isTextual(head);
  const extension = /\.([^.]{1,10})$/.exec(declared.fileName?.trim() ?? '')?.[1]?.toLowerCase() ?? '';
  const named = kindsByExtension.get(extension);
  if (named !== undefined && textual && declared.type !== 'text/plain') return named;
  if (extension === 'tar') return 'tar';
  return textual || declared.type.startsWith('text/') ? 'text' : 'binary';
}
