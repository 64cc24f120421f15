/**
 * The names of the Web Key Directory: under which of its files a mail address's OpenPGP key lies, for those who look there and for ourselves who
 * publish (draft-koch-openpgp-webkey-service section 3.1).
 */
import { createHash } from 'node:crypto';

const alphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** The last part of the URL of an address's key: 32 characters of z-base-32 (RFC 6189 section 5.1.6) of the SHA-1 of the lower-cased local part. */
export function wkdHash(localPart: string): string {
  // Only ASCII is lower-cased, so that everybody comes to the same name.
  const lower = localPart.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const digest = createHash('sha1').update(lower, 'utf8').digest();
  let hash = '';
  let bits = 0;
  let held = 0;
  for (const octet of digest) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      hash += alphabet[(held >> bits) & 31] ?? '';
    }
    held &= 0xff;
  }
  return hash;
}
