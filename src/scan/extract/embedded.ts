/**
 * Files embedded in documents, in the wrappings that Windows gives them.
 *
 * Standards: MS-OLEDS.
 */
export type EmbeddedFile = { readonly name: string | null; readonly octets: Buffer };

/** The stream "\\x01Ole10Native": length, flags, label and path, two more numbers and another path, then the file with its length. */
export function packagedFile(octets: Buffer): EmbeddedFile | null {
  const labelEnd = octets.indexOf(0, 6);
  const pathEnd = octets.indexOf(0, labelEnd + 1);
  if (labelEnd === -1 || pathEnd === -1 || pathEnd + 9 > octets.length) return null;
  const at = pathEnd + 9 + octets.readUInt32LE(pathEnd + 5);
  if (at + 4 > octets.length) return null;
  const name = octets.toString('latin1', 6, labelEnd);
  return { name, octets: octets.subarray(at + 4, at + 4 + octets.readUInt32LE(at)) };
}

/** An object in RTF. MS-OLEDS 2.2.5: version and format, then class, topic and item with their lengths, then the data with its length. */
export function embeddedFile(object: Buffer): EmbeddedFile {
  let at = 8;
  for (let text = 0; text < 3; text += 1) at += 4 + (at + 4 <= object.length ? object.readUInt32LE(at) : object.length);
  if (at + 4 > object.length) return { name: null, octets: object };
  const isPackage = object.toString('latin1', 12, 19) === 'Package';
  // The length of the data stands where a package in a stream has its own.
  const packaged = isPackage ? packagedFile(object.subarray(at)) : null;
  return packaged ?? { name: null, octets: object.subarray(at + 4) };
}
