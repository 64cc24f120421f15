/**
 * Private keys out of the files people have them in, PKCS #12 and OpenPGP, for the tenant's own keys.
 *
 * One is taken only when it fits its certificate, is strong enough, is for mail and for an address of the tenant; everything else is a sentence. Runs in
 * the thread of worker.ts; buffers that held a private key are filled with zeros, the strings go with the thread.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { addressKey, domainOf } from '../../mail/address.ts';
import { openPkcs12Keys } from '../containers.ts';
import { readOwnPgp } from '../openpgp/own.ts';
import { looksLikeKey } from '../openpgp-packets.ts';
import { weaknessOf } from '../path-rules.ts';
import { type CertificateFacts, inspectCertificate, publicKeyIn, publicKeyOf } from '../x509.ts';
import type { OwnKeyAnswer, OwnKeyJob, SealedKey } from './jobs.ts';
import { factsOf, sealedPgp, sealedX509 } from './sealed.ts';

type ImportJob = Extract<OwnKeyJob, { readonly kind: 'import' }>;

const cannot = (why: string): OwnKeyAnswer => ({ kind: 'cannot', why });

/** Every usable private key in the file. `ownKeys` seals them. */
export async function importOwnKeys(job: ImportJob, ownKeys: Buffer): Promise<OwnKeyAnswer> {
  const file = Buffer.from(job.file.buffer, job.file.byteOffset, job.file.length);
  try {
    if (file.includes('-----BEGIN PGP ') || looksLikeKey(file)) return await importPgp(job, file, ownKeys);
    if (file[0] === 0x30) return importPkcs12(job, file, ownKeys);
  } finally {
    file.fill(0);
  }
  return cannot(
    'The file is neither a PKCS #12 file nor an OpenPGP private key. Of a key and certificates in PEM files make one with: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -certfile ISSUERS -out NEW.p12',
  );
}

async function importPgp(job: ImportJob, file: Buffer, ownKeys: Buffer): Promise<OwnKeyAnswer> {
  const { keys, problems } = await readOwnPgp(file, job.passphrase, job.now);
  const said = [...problems];
  const taken: SealedKey[] = [];
  for (const key of keys) {
    const addresses = key.publicKeys.map(({ address }) => address);
    const ours = addresses.filter((address) => job.domains.includes(domainOf(address)));
    if (ours.length === 0) said.push(elsewhere(`OpenPGP key ${key.fingerprint}`, addresses));
    taken.push(...sealedPgp(key, ours, job.wholeTenant, ownKeys));
  }
  return answerOf(taken, said, 'The file holds no OpenPGP private key.');
}

function importPkcs12(job: ImportJob, file: Buffer, ownKeys: Buffer): OwnKeyAnswer {
  const opened = openPkcs12Keys(file, job.passphrase);
  if (!opened.ok) return cannot(opened.why);
  const taken: SealedKey[] = [];
  const problems: string[] = [];
  const certificates = opened.certificates.flatMap((octets) => readCertificate(octets) ?? []);
  for (const octets of opened.privateKeys) {
    const key = readPrivateKey(octets);
    octets.fill(0);
    if (key === null) {
      problems.push('A private key in the file is damaged or of an unknown kind.');
      continue;
    }
    const own = certificates.filter((each) => sameKey(each, key));
    if (own.length === 0) problems.push('A private key in the file belongs to none of the certificates in it.');
    // A renewed certificate may lie beside the one before it.
    const found: SealedKey[] = [];
    const refused: string[] = [];
    for (const leaf of own) {
      const read = found.length > 0 ? [] : takeCertificate(job, leaf, key, certificates, ownKeys);
      if (typeof read === 'string') refused.push(`The certificate ${fingerprintOf(leaf)} was not imported: ${read}.`);
      else found.push(...read);
    }
    taken.push(...found);
    if (found.length === 0) problems.push(...refused);
  }
  return answerOf(taken, problems, 'The PKCS #12 file holds no private key.');
}

function takeCertificate(
  job: ImportJob,
  leaf: X509Certificate,
  key: KeyObject,
  others: readonly X509Certificate[],
  ownKeys: Buffer,
): SealedKey[] | string {
  const facts = factsOf(leaf.toString(), job.now);
  if (facts.ca) return 'it belongs to a certificate authority, not to a person';
  if (job.now > facts.notAfter) return `it expired on ${new Date(facts.notAfter).toISOString().slice(0, 10)}`;
  const weak = weaknessOf(leaf, publicKeyOf(leaf, Certificate.fromBER(leaf.raw)));
  if (weak !== null) return `it ${weak.why}`;
  const purposes = facts.extendedKeyUsage;
  // RFC 8550 section 4.4.4.
  if (purposes !== null && !purposes.some((each) => each === 'emailProtection' || each === 'anyExtendedKeyUsage'))
    return `it is a certificate for another purpose (${purposes.join(', ')})`;
  const use = useOf(facts);
  if (use === null) return 'it may be used neither for signing nor for encryption';
  const ours = facts.addresses.filter((address) => job.domains.includes(domainOf(address)));
  if (ours.length === 0)
    return facts.addresses.length === 0
      ? 'it names no mail address'
      : `it is for ${some(facts.addresses)}, which is no address of this tenant`;
  const material = chainFrom(leaf, others)
    .map((each) => each.toString())
    .join('');
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  const rows = job.wholeTenant ? [''] : ours.map(addressKey);
  return rows.map((address) => sealedX509('x509', address, use, facts, material, pem, ownKeys));
}

/** RFC 8550 section 4.4.2. */
function useOf({ keyUsage, keyType }: CertificateFacts): SealedKey['use'] | null {
  const may = (usage: 'digitalSignature' | 'nonRepudiation' | 'keyEncipherment' | 'keyAgreement'): boolean =>
    keyUsage === null || keyUsage.includes(usage);
  const wraps = keyType === 'RSA' || keyType === 'RSA-OAEP';
  const signs =
    (may('digitalSignature') || may('nonRepudiation')) && keyType !== 'RSA-OAEP' && !keyType.startsWith('X');
  const opens = wraps ? may('keyEncipherment') : /^(EC|X)/.test(keyType) && may('keyAgreement');
  if (signs && opens) return 'both';
  return signs ? 'sign' : opens ? 'decrypt' : null;
}

/** The certificate and, of the others in the file, those that lead to its root. */
function chainFrom(leaf: X509Certificate, others: readonly X509Certificate[]): X509Certificate[] {
  const chain = [leaf];
  for (let last = leaf; chain.length < 10; ) {
    const issuer = others.find(
      (each) => !chain.includes(each) && last.checkIssued(each) && last.verify(each.publicKey),
    );
    if (issuer === undefined) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}

function answerOf(keys: readonly SealedKey[], problems: readonly string[], none: string): OwnKeyAnswer {
  if (keys.length > 0) return { kind: 'keys', keys, problems };
  return cannot(problems.length === 0 ? none : problems.join(' '));
}

function elsewhere(what: string, addresses: readonly string[]): string {
  return `The ${what} was not imported: it is for ${some(addresses)}, which is no address of this tenant.`;
}

const some = (addresses: readonly string[]): string =>
  `${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ' and others' : ''}`;

function readCertificate(octets: Buffer): X509Certificate | null {
  try {
    const certificate = new X509Certificate(octets);
    return inspectCertificate(octets, 0).ok ? certificate : null;
  } catch {
    return null;
  }
}

function readPrivateKey(der: Buffer): KeyObject | null {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    return null;
  }
}

function sameKey(certificate: X509Certificate, key: KeyObject): boolean {
  const own = publicKeyIn(certificate.toString());
  return own?.equals(createPublicKey(key).export({ type: 'spki', format: 'der' })) === true;
}

const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();
