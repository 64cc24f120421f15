/**
 * OpenPGP's oldest form of signed mail, the signature around the text itself (RFC 9580 section 7): which octets the signature covers. The whole
 * text must be the signed message; text before or after it would look signed to its reader. Pure.
 */

export type Cleartext = {
  /** What is signed: without dash escapes, white space at line ends, and the last line end. */
  readonly covered: Buffer;
  /** Armored. */
  readonly signature: Buffer;
};

const begins = '-----BEGIN PGP SIGNED MESSAGE-----';
const signatureBegins = '-----BEGIN PGP SIGNATURE-----';
const signatureEnds = '-----END PGP SIGNATURE-----';

/** Null when the text is anything else than one message signed like this. */
export function readCleartext(text: Buffer): Cleartext | null {
  const lines = text.toString('latin1').trim().split('\n').map(trimEnd);
  const blank = lines.indexOf('');
  const signatureAt = lines.indexOf(signatureBegins);
  if (lines[0] !== begins || lines.at(-1) !== signatureEnds || blank === -1 || signatureAt < blank) return null;
  // Section 7: no other header line may stand there, as a program might show it as text.
  if (!lines.slice(1, blank).every((line) => line.startsWith('Hash: '))) return null;
  const signed = lines.slice(blank + 1, signatureAt);
  if (signed.some((line) => line.startsWith('-') && !line.startsWith('- '))) return null;
  const covered = signed.map((line) => (line.startsWith('- ') ? line.slice(2) : line)).join('\r\n');
  const signature = lines.slice(signatureAt);
  if (signature.indexOf(signatureEnds) !== signature.length - 1) return null;
  return {
    covered: Buffer.from(covered, 'latin1'),
    signature: Buffer.from(`${signature.join('\r\n')}\r\n`, 'latin1'),
  };
}

/** Section 7.2: spaces and tabs. Without a regular expression, whose time would grow with the square of a line of spaces. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t' || line[end - 1] === '\r')) end -= 1;
  return line.slice(0, end);
}
