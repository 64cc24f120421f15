/**
 * Reading a file of keys: OpenPGP keys and keyrings, certificates and bundles, PKCS #12 and PKCS #7. What it is, its octets say, not its
 * name. `readKeyFile` gives one entry per key and address, ready for the keyring.
 *
 * Only public material is taken; private keys in the file are left where they are. What cannot be used for encryption now (expired, revoked,
 * a certificate for another purpose) is not an entry but a sentence in `problems`: it would only sit in the keyring, and a renewed key is
 * another file. What becomes valid later is an entry; until then the keyring says so (keyring.ts).
 *
 * Limits: 4 MB a file, 200 OpenPGP keys, 500 certificates; base64 without PEM lines is not recognised.
 */
import { addressKey } from '../mail/address.ts';
import { openPkcs7, openPkcs12 } from '../protect/containers.ts';
import { inspectKeys } from '../protect/openpgp.ts';
import { looksLikeKey } from '../protect/openpgp-packets.ts';
import { type CertificateFacts, inspectCertificate } from '../protect/x509.ts';
import type { KeyRow } from '../store/key-port.ts';

/** A key or certificate for one address. Times are epoch milliseconds. */
type KeyEntry = Pick<KeyRow, 'kind' | 'address' | 'fingerprint' | 'material' | 'notBefore' | 'notAfter'> & {
  /** Of a certificate: the authorities that came along, PEM. */
  readonly issuers?: string;
  /** Something the admin should know although the key can be used, in words; empty when there is nothing. */
  readonly note: string;
};

/** A key of the file that is no entry. */
type Unfit = {
  readonly fingerprint: string;
  /** In normal form, as far as the key names any. */
  readonly addresses: readonly string[];
  /** revoked: by its owner. */
  readonly why: 'revoked' | 'expired' | 'unusable';
};

export type KeyFile = {
  readonly entries: readonly KeyEntry[];
  readonly problems: readonly string[];
  readonly unfit: readonly Unfit[];
  /** Whether there is a private OpenPGP key in it, or a private key between PEM lines. */
  readonly privateKey: boolean;
};

const maximumFileSize = 4_194_304;
const maximumCertificates = 500;
const mostIssuers = 6;

/**
 * Everything usable in a file. `passphrase` is for PKCS #12 only. `problems` are sentences for the admin; the entries of one address come
 * newest first. Never rejects for what the file holds.
 */
export async function readKeyFile(bytes: Buffer, passphrase: string | null, now = Date.now()): Promise<KeyFile> {
  if (bytes.length === 0) return nothing('The file is empty.');
  if (bytes.length > maximumFileSize) return nothing(`The file is larger than ${maximumFileSize} octets.`);
  const parts: KeyFile[] = [];
  if (bytes.includes('-----BEGIN ')) {
    if (bytes.includes('-----BEGIN PGP ')) parts.push(await openPgp(bytes, now));
    parts.push(...pemParts(bytes, now));
  } else if (bytes[0] === 0x30) parts.push(derPart(bytes, passphrase, now));
  else if (looksLikeKey(bytes)) parts.push(await openPgp(bytes, now));
  const entries = parts.flatMap((part) => part.entries);
  const problems = parts.flatMap((part) => part.problems);
  if (entries.length === 0 && problems.length === 0) {
    const why = 'The file holds no OpenPGP public key, certificate or PKCS #12 file.';
    return { ...nothing(why), privateKey: parts.some((part) => part.privateKey) };
  }
  return {
    entries: unique(entries).sort((a, b) => b.notBefore - a.notBefore),
    problems: [...new Set(problems)],
    unfit: parts.flatMap((part) => part.unfit),
    privateKey: parts.some((part) => part.privateKey),
  };
}

const nothing = (problem: string): KeyFile => ({ entries: [], problems: [problem], unfit: [], privateKey: false });

function unique(entries: readonly KeyEntry[]): KeyEntry[] {
  const byKey = new Map(entries.map((entry) => [`${entry.kind} ${entry.fingerprint} ${entry.address}`, entry]));
  return [...byKey.values()];
}

async function openPgp(bytes: Buffer, now: number): Promise<KeyFile> {
  const { keys, problems } = await inspectKeys(bytes, now);
  const entries: KeyEntry[] = [];
  const said = [...problems];
  const unfit: Unfit[] = [];
  for (const key of keys) {
    const { fingerprint, armored: material, createdAt: notBefore, expiresAt: notAfter } = key;
    const usable = key.usableForEncryption;
    if (!usable.ok) {
      said.push(`The OpenPGP key ${named(key)} was not imported: ${usable.why}.`);
      const expired = notAfter !== null && notAfter <= now;
      unfit.push(unfitOf(key, key.revoked ? 'revoked' : expired ? 'expired' : 'unusable'));
      continue;
    }
    const note = key.hadPrivatePart ? 'The file holds the private key too; only the public key was taken.' : '';
    for (const address of key.addresses) {
      entries.push({ kind: 'pgp', address: addressKey(address), fingerprint, material, notBefore, notAfter, note });
    }
  }
  const privateKey = keys.some((key) => key.hadPrivatePart) || bytes.includes('-----BEGIN PGP PRIVATE KEY');
  return { entries, problems: said, unfit, privateKey };
}

const unfitOf = (
  { fingerprint, addresses }: { readonly fingerprint: string; readonly addresses: readonly string[] },
  why: Unfit['why'],
): Unfit => ({ fingerprint, addresses: addresses.map(addressKey), why });

/** Certificates, one after the other, and what stands between other PEM lines. */
function pemParts(bytes: Buffer, now: number): KeyFile[] {
  const blocks = pemBlocks(bytes.toString('latin1'));
  const certificates = blocks.filter(({ label }) => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label));
  const bundles = blocks.filter(({ label }) => label === 'PKCS7' || label === 'CMS');
  const hadPrivateKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY') && !label.startsWith('PGP'));
  const parts = bundles.map(({ octets }) => openedPart(openPkcs7(octets), now));
  const leaves = certificates.map(({ octets }) => octets);
  if (certificates.length > 0 || hadPrivateKey) parts.push(certificatePart(leaves, hadPrivateKey, now));
  return parts;
}

function pemBlocks(text: string): { readonly label: string; readonly octets: Buffer }[] {
  const blocks: { label: string; octets: Buffer }[] = [];
  for (let at = text.indexOf('-----BEGIN '); at !== -1; ) {
    const labelEnd = text.indexOf('-----', at + 11);
    const label = labelEnd === -1 || labelEnd - at > 60 ? '' : text.slice(at + 11, labelEnd);
    const end = label === '' ? -1 : text.indexOf(`-----END ${label}-----`, labelEnd);
    if (end !== -1) blocks.push({ label, octets: Buffer.from(text.slice(labelEnd + 5, end), 'base64') });
    at = text.indexOf('-----BEGIN ', end === -1 ? at + 11 : end);
  }
  return blocks;
}

/** A certificate, a PKCS #12 file or a PKCS #7 file: what it can be read as, it is. */
function derPart(bytes: Buffer, passphrase: string | null, now: number): KeyFile {
  if (inspectCertificate(bytes, now).ok) return certificatePart([bytes], false, now);
  const bundle = openPkcs7(bytes);
  return openedPart(bundle.ok && bundle.certificates.length > 0 ? bundle : openPkcs12(bytes, passphrase), now);
}

function openedPart(opened: ReturnType<typeof openPkcs12>, now: number): KeyFile {
  return opened.ok ? certificatePart(opened.certificates, false, now) : nothing(opened.why);
}

function certificatePart(certificates: readonly Uint8Array[], hadPrivateKey: boolean, now: number): KeyFile {
  const entries: KeyEntry[] = [];
  const problems: string[] = [];
  const unfit: Unfit[] = [];
  if (certificates.length > maximumCertificates) {
    problems.push(`Only the first ${maximumCertificates} of ${certificates.length} certificates were read.`);
  }
  const read = certificates.slice(0, maximumCertificates).map((octets) => inspectWhenValid(octets, now));
  const authorities = read.flatMap((each) => (each.ok && each.certificate.ca ? [each.certificate] : []));
  for (const each of read) {
    if (!each.ok) {
      problems.push(each.why);
      continue;
    }
    const { certificate } = each;
    const { addresses, usableForEncryption: usable, fingerprint, pem: material, notBefore, notAfter } = certificate;
    if (certificate.ca) continue;
    if (!usable.ok) {
      problems.push(notImported(certificate, usable.why));
      unfit.push(unfitOf(certificate, notAfter <= now ? 'expired' : 'unusable'));
      continue;
    }
    const note = hadPrivateKey ? 'The file holds a private key too; only the certificate was taken.' : '';
    const issuers = issuersOf(certificate, authorities);
    for (const address of addresses) {
      const key = { kind: 'x509', address: addressKey(address), fingerprint, material, issuers } as const;
      entries.push({ ...key, notBefore, notAfter, note });
    }
  }
  // Authorities come along in most bundles; they are worth a word only when nothing else is there.
  const others = entries.length + problems.length > 0 ? [] : authorities;
  problems.push(...others.map((each) => notImported(each, whyNotUsable(each))));
  unfit.push(...others.map((each) => unfitOf(each, 'unusable')));
  return { entries, problems, unfit, privateKey: hadPrivateKey };
}

const notImported = (certificate: CertificateFacts, why: string): string =>
  `The certificate ${named(certificate)} was not imported: ${why}.`;

const whyNotUsable = ({ usableForEncryption: usable }: CertificateFacts): string =>
  usable.ok ? 'it belongs to a certificate authority' : usable.why;

/** The authorities in the file that stand above a certificate, by their names; PEM. Whether they really do, the check of the certificate says. */
function issuersOf(certificate: CertificateFacts, authorities: readonly CertificateFacts[]): string {
  const above: CertificateFacts[] = [];
  for (let last = certificate; above.length < mostIssuers; ) {
    const next = authorities.find((each) => each.subject === last.issuer && !above.includes(each));
    if (next === undefined) break;
    above.push(next);
    last = next;
  }
  return above.map(({ pem }) => pem).join('');
}

/** A certificate that is not valid yet is judged as of its first day. */
function inspectWhenValid(octets: Uint8Array, now: number): ReturnType<typeof inspectCertificate> {
  const read = inspectCertificate(octets, now);
  return read.ok && read.certificate.notBefore > now ? inspectCertificate(octets, read.certificate.notBefore) : read;
}

function named({
  fingerprint,
  addresses,
}: {
  readonly fingerprint: string;
  readonly addresses: readonly string[];
}): string {
  if (addresses.length === 0) return fingerprint;
  return `${fingerprint} for ${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ' and others' : ''}`;
}
