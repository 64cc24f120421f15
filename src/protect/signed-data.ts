/**
 * Verifying what is signed in the manner of certificates: data, an AlgorithmIdentifier and a BIT STRING, as in revocation lists and OCSP
 * answers. SHA-1 and MD5 are refused.
 *
 * Standards: RFC 4055 (RSA-PSS in certificates), RFC 8410 (Ed25519, Ed448).
 */
import { constants, type KeyObject, verify } from 'node:crypto';
import { context, DerReader, type DerValue, oidText, tags } from './der-reader.ts';

const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** By algorithm: the kind of key it is made with, and the hash; null for an algorithm that hashes by itself. */
const algorithms: Readonly<Record<string, { readonly key: string; readonly hash: string | null }>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
  '1.3.101.113': { key: 'ed448', hash: null },
};
const rsaPss = '1.2.840.113549.1.1.10';

/** Whether `signature` over `data` is by `key`. `algorithm` is the AlgorithmIdentifier. False for what is not known or too weak. */
export function verifySigned(data: Buffer, algorithm: DerValue, signature: Buffer, key: KeyObject): boolean {
  try {
    const parts = new DerReader(algorithm.content);
    const id = oidText(parts.next(tags.oid));
    if (id === rsaPss) return verifyPss(data, parts, signature, key);
    const known = algorithms[id];
    if (known === undefined || known.key !== key.asymmetricKeyType) return false;
    return verify(known.hash, data, key, signature);
  } catch {
    return false;
  }
}

/** RFC 4055 section 3.1: without parameters it would be SHA-1. */
function verifyPss(data: Buffer, parts: DerReader, signature: Buffer, key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return false;
  const parameters = parts.enter(tags.sequence);
  const hash = hashes[oidText(parameters.enter(context(0)).enter(tags.sequence).next(tags.oid))];
  if (hash === undefined) return false;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
}
