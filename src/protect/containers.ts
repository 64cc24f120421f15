/**
 * Certificates out of the files people have them in: PKCS #12 (`openPkcs12`) and PKCS #7 "certs only" (`openPkcs7`). The private keys of a
 * PKCS #12 file stay sealed, as the keyring holds public material alone; only `openPkcs12Keys` opens them, for the tenant's own keys.
 *
 * A PKCS #12 file is checked against its passphrase first (its MAC), then each encrypted bag is opened by what it names: PBES2, or the old
 * schemes with 3DES or RC2.
 *
 * Standards: RFC 7292 (PKCS #12), RFC 8018 (PBES2), RFC 2315 (PKCS #7).
 * Limits: no PBMAC1 (such a file is opened without checking its MAC), no scrypt, no RC4, no public-key privacy mode; passphrases are
 * taken in UTF-16 as Windows and OpenSSL do.
 */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { Integer, type ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import {
  type AlgorithmIdentifier,
  AuthenticatedSafe,
  CertBag,
  Certificate,
  ContentInfo,
  EncryptedData,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeContents,
  SignedData,
} from 'pkijs';
import { decryptRc2Cbc } from './rc2.ts';

/** DER certificates, or a sentence saying why there are none. */
export type Opened =
  | { readonly ok: true; readonly certificates: readonly Buffer[] }
  | { readonly ok: false; readonly why: string };

const data = '1.2.840.113549.1.7.1';
const encryptedData = '1.2.840.113549.1.7.6';
const signedData = '1.2.840.113549.1.7.2';
const x509Bag = '1.2.840.113549.1.9.22.1';
const keyBag = '1.2.840.113549.1.12.10.1.1';
const shroudedKeyBag = '1.2.840.113549.1.12.10.1.2';
/** A file may ask for any number of rounds; beyond this it is meant to keep us busy. */
const maximumIterations = 1_000_000;
const maximumSafes = 20;
const maximumBags = 100;

const hashes: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Why a file cannot be opened, in words for the admin; thrown and caught within this file. */
class CannotOpen extends Error {}

/** The certificates of a PKCS #12 file. A null passphrase is tried as the empty one and as none. */
export function openPkcs12(file: Uint8Array, passphrase: string | null): Opened {
  return explained(() => {
    const { safes } = openPfx(file, passphrase);
    return { ok: true, certificates: safes.flatMap(certificatesIn) };
  });
}

/** Certificates and private keys (DER, PKCS #8) of a PKCS #12 file; the caller fills the keys with zeros after use. */
export function openPkcs12Keys(
  file: Uint8Array,
  passphrase: string | null,
): (Opened & { readonly ok: true; readonly privateKeys: readonly Buffer[] }) | (Opened & { readonly ok: false }) {
  return explained(() => {
    const { safes, password } = openPfx(file, passphrase);
    return {
      ok: true,
      certificates: safes.flatMap(certificatesIn),
      privateKeys: safes.flatMap((safe) => privateKeysIn(safe, password)),
    };
  });
}

function explained<T>(open: () => T): T | { readonly ok: false; readonly why: string } {
  try {
    return open();
  } catch (error) {
    return { ok: false, why: error instanceof CannotOpen ? error.message : 'The PKCS #12 file is damaged.' };
  }
}

/** The safes of a file, opened. */
function openPfx(
  file: Uint8Array,
  passphrase: string | null,
): { readonly safes: Buffer[]; readonly password: Password } {
  const pfx = PFX.fromBER(exact(file));
  if (pfx.authSafe.contentType !== data || !(pfx.authSafe.content instanceof OctetString)) {
    throw new CannotOpen('The PKCS #12 file is protected by a public key, which is not supported.');
  }
  const content = Buffer.from(pfx.authSafe.content.getValue());
  const password = checkedPassword(pfx, content, passphrase);
  const safes = AuthenticatedSafe.fromBER(exact(content)).safeContents;
  if (safes.length > maximumSafes) throw new CannotOpen('The PKCS #12 file has too many parts.');
  return { safes: safes.map((safe) => openSafe(safe, password)), password };
}

/** The certificates of a PKCS #7 or CMS file that carries nothing else, as `openssl crl2pkcs7` and Windows export them. */
export function openPkcs7(file: Uint8Array): Opened {
  try {
    const outer = ContentInfo.fromBER(exact(file));
    if (outer.contentType !== signedData) return { ok: false, why: 'The PKCS #7 file holds no certificates.' };
    const found = new SignedData({ schema: outer.content }).certificates ?? [];
    const certificates = found.flatMap((each) =>
      each instanceof Certificate ? [Buffer.from(each.toSchema(false).toBER())] : [],
    );
    return { ok: true, certificates };
  } catch {
    return { ok: false, why: 'The PKCS #7 file is damaged.' };
  }
}

/** asn1js wants an ArrayBuffer of its own. */
const exact = (octets: Uint8Array): ArrayBuffer => new Uint8Array(octets).buffer;

/** The passphrase as the octets the old key derivation wants, after the MAC agreed. RFC 7292 appendix B.1. */
type Password = { readonly text: string; readonly bmp: Buffer };

function checkedPassword(pfx: PFX, content: Buffer, passphrase: string | null): Password {
  const bmp = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le').swap16();
  const given = passphrase ?? '';
  const candidates: Password[] = [{ text: given, bmp: bmp(given) }];
  if (given === '') candidates.push({ text: '', bmp: Buffer.alloc(0) });
  const first = candidates[0] ?? { text: '', bmp: Buffer.alloc(0) };
  if (pfx.macData === undefined) return first;
  const { mac, macSalt, iterations = 1 } = pfx.macData;
  const hash = hashes[mac.digestAlgorithm.algorithmId];
  if (hash === undefined) return first;
  capIterations(iterations);
  const expected = Buffer.from(mac.digest.getValue());
  const salt = Buffer.from(macSalt.getValue());
  const right = candidates.find((candidate) => {
    const key = deriveKey(hash, 3, candidate.bmp, salt, iterations, createHash(hash).digest().length);
    const found = createHmac(hash, key).update(content).digest();
    return found.length === expected.length && timingSafeEqual(found, expected);
  });
  if (right !== undefined) return right;
  throw new CannotOpen(
    passphrase === null ? 'The PKCS #12 file needs a passphrase.' : 'The passphrase of the PKCS #12 file is wrong.',
  );
}

function openSafe(safe: ContentInfo, password: Password): Buffer {
  if (safe.contentType === data && safe.content instanceof OctetString) return Buffer.from(safe.content.getValue());
  if (safe.contentType !== encryptedData) throw new CannotOpen('A part of the PKCS #12 file is of an unknown kind.');
  const inner = new EncryptedData({ schema: safe.content }).encryptedContentInfo;
  const plain = decrypt(inner.contentEncryptionAlgorithm, Buffer.from(inner.getEncryptedContent()), password);
  if (plain === null) throw new CannotOpen('The passphrase of the PKCS #12 file is wrong, or the file is damaged.');
  return plain;
}

function certificatesIn(safe: Buffer): Buffer[] {
  return SafeContents.fromBER(exact(safe)).safeBags.flatMap((bag) => {
    const certificate =
      bag.bagValue instanceof CertBag && bag.bagValue.certId === x509Bag ? bag.bagValue.certValue : null;
    return certificate instanceof OctetString ? [Buffer.from(certificate.getValue())] : [];
  });
}

/** PKCS #8, from bags with a sealed or (inside a sealed safe) a plain private key. RFC 7292 section 4.2. */
function privateKeysIn(safe: Buffer, password: Password): Buffer[] {
  const bags = SafeContents.fromBER(exact(safe)).safeBags;
  if (bags.length > maximumBags) throw new CannotOpen('The PKCS #12 file holds too many keys.');
  return bags.flatMap(({ bagId, bagValue }) => {
    if (bagId === keyBag && bagValue instanceof PrivateKeyInfo) return [Buffer.from(bagValue.toSchema().toBER())];
    if (bagId !== shroudedKeyBag || !(bagValue instanceof PKCS8ShroudedKeyBag)) return [];
    const sealed = Buffer.from(bagValue.encryptedData.getValue());
    const plain = decrypt(bagValue.encryptionAlgorithm, sealed, password);
    if (plain === null)
      throw new CannotOpen('The private key in the PKCS #12 file has another passphrase than the file.');
    return [plain];
  });
}

/** Null when the padding says the key was wrong. */
function decrypt(algorithm: AlgorithmIdentifier, ciphertext: Buffer, password: Password): Buffer | null {
  const id = algorithm.algorithmId;
  const parameters = elements(algorithm.algorithmParams);
  if (id === '1.2.840.113549.1.5.13') return decryptPbes2(parameters, ciphertext, password);
  // RFC 7292 appendix C: pbeWithSHAAnd..., all with SHA-1.
  const scheme = {
    '1.2.840.113549.1.12.1.3': { keySize: 24, rc2: false },
    '1.2.840.113549.1.12.1.4': { keySize: 16, rc2: false },
    '1.2.840.113549.1.12.1.5': { keySize: 16, rc2: true },
    '1.2.840.113549.1.12.1.6': { keySize: 5, rc2: true },
  }[id];
  if (scheme === undefined) throw unknownCipher(id);
  const salt = octets(parameters[0]);
  const iterations = count(parameters[1]);
  const key = deriveKey('sha1', 1, password.bmp, salt, iterations, scheme.keySize);
  const iv = deriveKey('sha1', 2, password.bmp, salt, iterations, 8);
  if (scheme.rc2) return decryptRc2Cbc(key, iv, ciphertext);
  const tripleKey = key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  return decryptCbc('des-ede3-cbc', tripleKey, iv, ciphertext);
}

/** RFC 8018 section 6.2 and appendix A. */
function decryptPbes2(parameters: readonly unknown[], ciphertext: Buffer, password: Password): Buffer | null {
  const [kdf, kdfParameters] = elements(parameters[0]);
  const [encryption, iv] = elements(parameters[1]);
  if (dotted(kdf) !== '1.2.840.113549.1.5.12') throw unknownCipher(dotted(kdf));
  const [salt, iterations, ...more] = elements(kdfParameters);
  const prf = more.find((each) => each instanceof Sequence);
  const hash = prf === undefined ? 'sha1' : hashes[dotted(elements(prf)[0])];
  const cipher = {
    '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keySize: 16 },
    '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keySize: 24 },
    '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keySize: 32 },
    '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keySize: 24 },
  }[dotted(encryption)];
  if (cipher === undefined || hash === undefined) throw unknownCipher(dotted(encryption));
  const key = pbkdf2Sync(Buffer.from(password.text, 'utf8'), octets(salt), count(iterations), cipher.keySize, hash);
  return decryptCbc(cipher.name, key, octets(iv), ciphertext);
}

function decryptCbc(name: string, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer | null {
  const decipher = createDecipheriv(name, key, iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return null;
  }
}

/** The key derivation of old PKCS #12 files; `id` 1 makes keys, 2 initialisation vectors, 3 MAC keys. RFC 7292 appendix B.2. */
function deriveKey(
  hash: string,
  id: 1 | 2 | 3,
  password: Buffer,
  salt: Buffer,
  iterations: number,
  size: number,
): Buffer {
  const v = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const filled = (from: Buffer): Buffer => Buffer.alloc(v * Math.ceil(from.length / v), from.length === 0 ? 0 : from);
  const mixed = Buffer.concat([filled(salt), filled(password)]);
  const out: Buffer[] = [];
  for (let made = 0; made < size; ) {
    let a: Buffer = createHash(hash).update(Buffer.alloc(v, id)).update(mixed).digest();
    for (let round = 1; round < iterations; round += 1) a = createHash(hash).update(a).digest();
    out.push(a);
    made += a.length;
    const b = Buffer.alloc(v, a);
    for (let block = 0; block < mixed.length; block += v) {
      let carry = 1;
      for (let i = v - 1; i >= 0; i -= 1) {
        carry += (mixed[block + i] ?? 0) + (b[i] ?? 0);
        mixed[block + i] = carry & 0xff;
        carry >>= 8;
      }
    }
  }
  return Buffer.concat(out).subarray(0, size);
}

function unknownCipher(id: string): CannotOpen {
  return new CannotOpen(
    `The PKCS #12 file uses a cipher that is not supported (${id}). Convert it: openssl pkcs12 -in OLD -legacy -nodes | openssl pkcs12 -export -out NEW`,
  );
}

function capIterations(iterations: number): void {
  if (iterations < 1 || iterations > maximumIterations) {
    throw new CannotOpen(
      `The PKCS #12 file asks for ${iterations} rounds of key derivation; ${maximumIterations} is the most.`,
    );
  }
}

function elements(value: unknown): readonly unknown[] {
  return value instanceof Sequence ? value.valueBlock.value : [];
}

function octets(value: unknown): Buffer {
  if (!(value instanceof OctetString)) throw new TypeError('not an OCTET STRING');
  return Buffer.from(value.getValue());
}

function count(value: unknown): number {
  if (!(value instanceof Integer)) throw new TypeError('not an INTEGER');
  capIterations(value.valueBlock.valueDec);
  return value.valueBlock.valueDec;
}

function dotted(value: unknown): string {
  return (value as ObjectIdentifier | undefined)?.valueBlock.toString() ?? '';
}
