/**
 * Whether octets are for the holder of a key alone, as their beginning shows: CMS that encrypts, armored OpenPGP that begins with an encrypted key, and
 * Microsoft's rights-protected messages ([MS-OXORMMS] section 2.2.4.5). What only says so in its media type can be anything.
 *
 * Limits: the end is not looked at, and a message encrypted with OpenPGP but without armor is not known.
 */

/** Object identifiers in DER: enveloped-data (RFC 5652 section 6) and authenticated-enveloped-data (RFC 5083). */
const encryptedTypes = ['06092a864886f70d010703', '060b2a864886f70d0109100117'];
const rightsProtected = Buffer.from('76e80460c411e386', 'hex');
/** Packets that come before encrypted data: a key encrypted to a key or to a passphrase, and the marker of old programs. RFC 9580 section 5. */
const keyPackets: ReadonlySet<number> = new Set([1, 3, 10]);

export function isSealed(head: Buffer): boolean {
  if (head.subarray(0, rightsProtected.length).equals(rightsProtected)) return true;
  return head[0] === 0x30 ? isEncryptedCms(head) : isEncryptedPgp(head);
}

function isEncryptedCms(head: Buffer): boolean {
  const length = head[1] ?? 0;
  const at = 2 + (length > 0x80 && length < 0x88 ? length - 0x80 : 0);
  const type = head.toString('hex', at, at + 13);
  return encryptedTypes.some((each) => type.startsWith(each));
}

/** RFC 9580 section 6.2: the first line, headers, a blank line, base64. */
function isEncryptedPgp(head: Buffer): boolean {
  const armor =
    /^\s*-----BEGIN PGP MESSAGE-----[ \t]*\r?\n(?:[A-Za-z]+: [^\r\n]*\r?\n){0,20}[ \t]*\r?\n([A-Za-z0-9+/]{4})/;
  const first = armor.exec(head.toString('latin1'))?.[1];
  const octet = first === undefined ? 0 : (Buffer.from(first, 'base64')[0] ?? 0);
  // RFC 9580 section 4.2: two formats of the tag.
  const tag = (octet & 0x40) === 0 ? (octet >> 2) & 0x0f : octet & 0x3f;
  return (octet & 0x80) !== 0 && keyPackets.has(tag);
}
