/** PDF files made for tests: as well-formed or as hostile as a test needs them. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export type PdfStream = { readonly dictionary: string; readonly octets: Uint8Array };
/** Objects by number; a string is written as it is. */
export type PdfObjects = Readonly<Record<number, string | PdfStream>>;

/** A file of these objects; 1 is the catalogue. `trailer` is written into the trailer's dictionary. */
export function pdfFile(objects: PdfObjects, trailer = ''): Buffer {
  const pieces: Buffer[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  const offsets = new Map<number, number>();
  let at = pieces[0]?.length ?? 0;
  const put = (piece: Buffer): void => {
    pieces.push(piece);
    at += piece.length;
  };
  for (const [number, object] of Object.entries(objects)) {
    offsets.set(Number(number), at);
    if (typeof object === 'string') put(Buffer.from(`${number} 0 obj\n${object}\nendobj\n`, 'latin1'));
    else {
      put(Buffer.from(`${number} 0 obj\n<< ${object.dictionary} /Length ${object.octets.length} >>\nstream\n`));
      put(Buffer.from(object.octets));
      put(Buffer.from('\nendstream\nendobj\n'));
    }
  }
  const size = [...offsets.keys()].reduce((most, number) => Math.max(most, number), 0) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number);
    return offset === undefined ? '0000000000 65535 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${size}\n${rows.join('')}trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\n`;
  put(Buffer.from(`${table}startxref\n${at}\n%%EOF\n`));
  return Buffer.concat(pieces);
}

export function deflated(text: string | Uint8Array, dictionary = ''): PdfStream {
  return { dictionary: `/Filter /FlateDecode ${dictionary}`, octets: deflateSync(text) };
}

/** Objects of a document with one page that draws `content`; numbers from 10 on are free. */
export function onePage(content: string | PdfStream, page = '', catalogue = ''): PdfObjects {
  const resources = page.includes('/Resources') ? '' : '/Resources << /Font << /F1 5 0 R >> >>';
  return {
    1: `<< /Type /Catalog /Pages 2 0 R ${catalogue} >>`,
    2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    3: `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R ${resources} ${page} >>`,
    4: typeof content === 'string' ? { dictionary: '', octets: Buffer.from(content, 'latin1') } : content,
    5: '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  };
}

/** Operators that draw text at a place, 12 points high. */
export function drawn(text: string, x = 72, y = 700): string {
  return `BT /F1 12 Tf ${x} ${y} Td (${text}) Tj ET\n`;
}

/** One page with this text, encrypted (AES-256, revision 5): to open it needs `password`. */
export function encryptedPdf(text: string, password: string): Buffer {
  const key = randomBytes(32);
  const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const wrapped = (by: Buffer): Buffer =>
    createCipheriv('aes-256-cbc', by, Buffer.alloc(16)).setAutoPadding(false).update(key);
  const hex = (octets: Uint8Array): string => `<${Buffer.from(octets).toString('hex')}>`;
  const salts = Array.from({ length: 4 }, () => randomBytes(8));
  const [check, wrap, ownerCheck, ownerWrap] = salts as [Buffer, Buffer, Buffer, Buffer];
  const user = Buffer.concat([sha256(password, check), check, wrap]);
  const owner = Buffer.concat([sha256('owner', ownerCheck, user), ownerCheck, ownerWrap]);
  const permissions = Buffer.from([0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x54, 0x61, 0x64, 0x62, 1, 2, 3, 4]);
  const sealed = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(permissions);
  const vector = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key, vector);
  const content = Buffer.concat([vector, cipher.update(drawn(text)), cipher.final()]);
  const encryption =
    '/Filter /Standard /V 5 /R 5 /Length 256 /P -4 /CF << /StdCF << /CFM /AESV3 /Length 32 /AuthEvent /DocOpen >> >> /StmF /StdCF /StrF /StdCF' +
    ` /U ${hex(user)} /UE ${hex(wrapped(sha256(password, wrap)))}` +
    ` /O ${hex(owner)} /OE ${hex(wrapped(sha256('owner', ownerWrap, user)))} /Perms ${hex(sealed)}`;
  const objects = { ...onePage({ dictionary: '', octets: content }), 9: `<< ${encryption} >>` };
  return pdfFile(objects, '/Encrypt 9 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]');
}
