/**
 * Hashes as CMS names them.
 *
 * Standards: RFC 5754 (SHA-2 in CMS).
 */

/** Object identifier by the name node:crypto knows. */
export const hashOids = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
} as const;
export type HashName = keyof typeof hashOids;

/** Null for a hash that is not used here. */
export function hashName(oid: string): HashName | null {
  if (oid === hashOids.sha1) return 'sha1';
  if (oid === hashOids.sha256) return 'sha256';
  if (oid === hashOids.sha384) return 'sha384';
  return oid === hashOids.sha512 ? 'sha512' : null;
}
