/** ZIP archives made for tests, octet by octet, so that they can lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipEntry = {
  readonly name: string;
  readonly octets: Uint8Array;
  /** Deflated unless given: then `octets` are what is stored, this the size that is claimed. */
  readonly claimed?: number;
};

/** An archive of these entries. `copies` writes each that often into the directory, all of them one and the same octets. */
export function zipFile(entries: readonly ZipEntry[], copies = 1): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, octets, claimed } of entries) {
    const data = claimed === undefined ? deflateRawSync(octets) : Buffer.from(octets);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(claimed === undefined ? crc32(octets) : 0, 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claimed ?? octets.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    for (let copy = 0; copy < copies; copy += 1) directory.push(directoryEntry(fields, name, at));
    bodies.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Math.min(65_535, directory.length), 4);
  end.writeUInt16LE(Math.min(65_535, directory.length), 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...bodies, listed, Buffer.from('PK\x05\x06'), end]);
}

function directoryEntry(fields: Buffer, name: string, at: number): Buffer {
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(at, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, rest, Buffer.from(name)]);
}
