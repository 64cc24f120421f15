/** Object identifiers of CMS and what they stand for here, so that cms-keys.ts, cms-envelope.ts and cms-signed.ts read by name. */
import type { Value } from './ber.ts';

export const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  authEnvelopedData: '1.2.840.113549.1.9.16.1.23',
  compressedData: '1.2.840.113549.1.9.16.1.9',
} as const;

/** Digests, by identifier. SHA-1 and MD5 are known only to be named when they are refused. */
export const digests: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Content encryption. RFC 3565, RFC 5084, RFC 3370 section 5.1. */
export const ciphers: Readonly<Record<string, { readonly name: string; readonly key: number; readonly gcm: boolean }>> =
  {
    '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', key: 16, gcm: false },
    '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', key: 24, gcm: false },
    '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', key: 32, gcm: false },
    '1.2.840.113549.3.7': { name: 'des-ede3-cbc', key: 24, gcm: false },
    '2.16.840.1.101.3.4.1.6': { name: 'aes-128-gcm', key: 16, gcm: true },
    '2.16.840.1.101.3.4.1.26': { name: 'aes-192-gcm', key: 24, gcm: true },
    '2.16.840.1.101.3.4.1.46': { name: 'aes-256-gcm', key: 32, gcm: true },
  };

/** AES key wrap, and the octets of the key it takes. RFC 3394, RFC 3565 section 2.3.2. */
export const keyWraps: Readonly<Record<string, { readonly name: string; readonly key: number }>> = {
  '2.16.840.1.101.3.4.1.5': { name: 'id-aes128-wrap', key: 16 },
  '2.16.840.1.101.3.4.1.25': { name: 'id-aes192-wrap', key: 24 },
  '2.16.840.1.101.3.4.1.45': { name: 'id-aes256-wrap', key: 32 },
};

/** Key agreement: how the shared secret becomes a key. RFC 5753 section 7.1.4, RFC 8418 section 2. On our curves cofactor and standard are the same. */
export const agreements: Readonly<Record<string, { readonly hash: string; readonly hkdf: boolean }>> = {
  '1.3.133.16.840.63.0.2': { hash: 'sha1', hkdf: false },
  '1.3.132.1.11.0': { hash: 'sha224', hkdf: false },
  '1.3.132.1.11.1': { hash: 'sha256', hkdf: false },
  '1.3.132.1.11.2': { hash: 'sha384', hkdf: false },
  '1.3.132.1.11.3': { hash: 'sha512', hkdf: false },
  '1.3.133.16.840.63.0.3': { hash: 'sha1', hkdf: false },
  '1.3.132.1.14.0': { hash: 'sha224', hkdf: false },
  '1.3.132.1.14.1': { hash: 'sha256', hkdf: false },
  '1.3.132.1.14.2': { hash: 'sha384', hkdf: false },
  '1.3.132.1.14.3': { hash: 'sha512', hkdf: false },
  '1.2.840.113549.1.9.16.3.19': { hash: 'sha256', hkdf: true },
  '1.2.840.113549.1.9.16.3.20': { hash: 'sha384', hkdf: true },
  '1.2.840.113549.1.9.16.3.21': { hash: 'sha512', hkdf: true },
};

/** An OBJECT IDENTIFIER in dotted form; '' for anything else. X.690 section 8.19. */
export function oidOf(value: Value | undefined): string {
  if (value === undefined || value.tag !== 0x06 || value.content.length === 0 || value.content.length > 64) return '';
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of value.content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const first = arcs.shift() ?? 0n;
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [top, first - 40n * top, ...arcs].join('.');
}

/** An AlgorithmIdentifier: its name, and its parameters unless they are absent. */
export function algorithmOf(value: Value | undefined): { readonly id: string; readonly parameters: Value | null } {
  return { id: oidOf(value?.children[0]), parameters: value?.children[1] ?? null };
}
