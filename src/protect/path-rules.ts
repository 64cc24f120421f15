/**
 * What a certificate must be to stand on a path (path.ts): in its time, strong enough, meant for this purpose, and nothing in it that is not understood
 * here; and of an issuer that it is one, how many may follow, for which names and under which policies (`defectOf`). RFC 5280 section 6.1; the
 * sections named here are that one's.
 *
 * Limits: certificate policies are only asked for where an authority on the path demands them, and mappings between two authorities' policies are
 * not followed: such a path is refused.
 */
import type { X509Certificate } from 'node:crypto';
import { type Constructed, Integer } from 'asn1js';
import {
  BasicConstraints,
  Certificate,
  CertificatePolicies,
  ExtKeyUsage,
  PolicyConstraints,
  RSASSAPSSParams,
} from 'pkijs';
import { type CertificateNames, constraintDefect, namesOf } from './certificate-names.ts';
import { extension, findExtension, type KeyUsage, publicKeyOf, purposes, readUsage } from './x509.ts';

export type Read = {
  readonly outer: X509Certificate;
  readonly parsed: Certificate;
  readonly names: CertificateNames;
};

/** Throws for what is not well-formed. */
export function read(outer: X509Certificate): Read {
  const parsed = Certificate.fromBER(outer.raw);
  return { outer, parsed, names: namesOf(parsed.subject, findExtension(parsed, extension.subjectAltName)) };
}

/** What a path is for. */
export type Purpose = {
  /** One of them must be in every list of purposes on the path but the root's. */
  readonly extended: ReadonlySet<string>;
  /** What is said where none is. */
  readonly other: string;
  /** Why the key of the first certificate is not for this; null when it is. `usage` is null where nothing is said. */
  readonly keyDefect: (usage: readonly KeyUsage[] | null, read: Read) => string | null;
};

const { anyExtendedKeyUsage, clientAuth, emailProtection, serverAuth } = purposes;
const mail = { extended: new Set([emailProtection, anyExtendedKeyUsage]), other: 'is not meant for mail' };

export const purposeOf = {
  tls: {
    // Which side it was meant for makes no difference to who holds its key.
    extended: new Set([clientAuth, serverAuth, anyExtendedKeyUsage]),
    other: 'is not meant for TLS',
    keyDefect: (usage) =>
      usage === null || usage.includes('digitalSignature') ? null : 'is not meant for signing a handshake',
  },
  // RFC 8550 section 4.4.2.
  encrypt: {
    ...mail,
    keyDefect(usage, { outer, parsed }) {
      const type = publicKeyOf(outer, parsed).asymmetricKeyType ?? 'unknown';
      const needed = type === 'rsa' ? 'keyEncipherment' : 'keyAgreement';
      if (type !== 'rsa' && type !== 'ec' && type !== 'x25519') return `has a key (${type}) that encrypts no mail`;
      return usage === null || usage.includes(needed) ? null : 'is not meant for encryption';
    },
  },
  sign: {
    ...mail,
    keyDefect: (usage) =>
      usage === null || usage.includes('digitalSignature') || usage.includes('nonRepudiation')
        ? null
        : 'is not meant for signatures',
  },
} as const satisfies Record<string, Purpose>;

const understood: ReadonlySet<string> = new Set(Object.values(extension));

/** What is wrong with the certificate at `depth` of a path (0: the first), or null. Goes on after "the certificate". */
export function defectOf(each: Read, depth: number, path: readonly Read[], now: Date, purpose: Purpose): string | null {
  const { outer, parsed } = each;
  if (now > outer.validToDate) return `expired on ${day(outer.validToDate)}`;
  if (now < outer.validFromDate) return `is not valid before ${day(outer.validFromDate)}`;
  const weak = weaknessOf(outer, publicKeyOf(outer, parsed))?.why ?? weakPss(parsed);
  if (weak !== null) return weak;
  const unknown = parsed.extensions?.find(({ critical, extnID }) => critical && !understood.has(extnID));
  if (unknown !== undefined) return `has a critical extension (${unknown.extnID}) that is not understood here`;
  const isRoot = depth === path.length - 1 && depth > 0;
  const purposeList = findExtension(parsed, extension.extendedKeyUsage);
  const meant =
    purposeList === null || ExtKeyUsage.fromBER(purposeList).keyPurposes.some((id) => purpose.extended.has(id));
  if (!meant && !isRoot) return purpose.other;
  const usageBits = findExtension(parsed, extension.keyUsage);
  const usage = usageBits === null ? null : readUsage(usageBits);
  const constraints = findExtension(parsed, extension.basicConstraints);
  const basic = constraints === null ? null : BasicConstraints.fromBER(constraints);
  if (depth > 0) return issuerDefect(each, basic, usage, path.slice(0, depth));
  return basic?.cA === true ? 'belongs to a certificate authority' : purpose.keyDefect(usage, each);
}

function issuerDefect(
  { outer, parsed }: Read,
  basic: BasicConstraints | null,
  usage: readonly KeyUsage[] | null,
  below: readonly Read[],
): string | null {
  if (outer.publicKey.asymmetricKeyType === undefined) return 'has a key of an unknown kind';
  if (basic?.cA !== true) return 'is no certificate authority';
  if (usage !== null && !usage.includes('keyCertSign')) return 'may not issue certificates';
  // Section 4.2.1.9: how many authorities may come between it and the first certificate.
  const between = below.slice(1).filter((one) => !isSelfIssued(one)).length;
  const most = lengthOf(basic);
  if (most !== null && between > most) return 'may not have as many authorities below it';
  const limits = findExtension(parsed, extension.nameConstraints);
  // Section 6.1.3 (b): a self-issued authority only changes its key.
  const named = below.filter((one, depth) => depth === 0 || !isSelfIssued(one)).map(({ names }) => names);
  const defect = limits === null ? null : constraintDefect(limits, named);
  return defect ?? policyDefect(parsed, below);
}

const isSelfIssued = ({ outer }: Read): boolean => outer.subject === outer.issuer;

/** A number too long for a number is as good as none. */
function lengthOf({ pathLenConstraint: most }: BasicConstraints): number | null {
  if (typeof most === 'number') return most;
  return most instanceof Integer ? Number(most.toBigInt()) : null;
}

const anyPolicy = '2.5.29.32.0';
const policyMappings = '2.5.29.33';

/** Section 6.1.4 (i): an authority may demand that all below it share a policy. */
function policyDefect(parsed: Certificate, below: readonly Read[]): string | null {
  const found = findExtension(parsed, extension.policyConstraints);
  const skip = found === null ? undefined : PolicyConstraints.fromBER(found).requireExplicitPolicy;
  if (skip === undefined || skip >= below.length) return null;
  if (below.some((one) => findExtension(one.parsed, policyMappings) !== null))
    return 'demands certificate policies in a way that is not understood here';
  const sets = [parsed, ...below.map((one) => one.parsed)].map(policiesOf).filter((set) => !set.has(anyPolicy));
  const [first] = sets;
  const shared = first === undefined || [...first].some((policy) => sets.every((set) => set.has(policy)));
  return shared ? null : 'demands a certificate policy that those below it do not share';
}

function policiesOf(parsed: Certificate): ReadonlySet<string> {
  const found = findExtension(parsed, extension.certificatePolicies);
  if (found === null) return new Set();
  return new Set(CertificatePolicies.fromBER(found).certificatePolicies.map((each) => each.policyIdentifier));
}

/** What makes a certificate too weak to prove a name, or null. `why` goes on after "the certificate". */
export function weaknessOf(
  certificate: X509Certificate,
  key = certificate.publicKey,
): { readonly of: 'key' | 'signature'; readonly why: string } | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const bits = details?.modulusLength ?? 0;
  if ((type === 'rsa' || type === 'rsa-pss' || type === 'dsa') && bits < 2048)
    return { of: 'key', why: `rests on a key of ${bits} bits, which is too short` };
  // The signature of a root says nothing, so it is not looked at.
  const signature = certificate.subject === certificate.issuer ? '' : (certificate.signatureAlgorithm ?? '');
  if (!/md5|sha-?1(?!\d)/i.test(signature)) return null;
  return {
    of: 'signature',
    why: `rests on a signature with ${printable(signature).slice(0, 40)}, which can be forged`,
  };
}

const rsaPss = '1.2.840.113549.1.1.10';
const sha1 = '1.3.14.3.2.26';
const md5 = '1.2.840.113549.2.5';

/** The name of RSA-PSS does not say which hash it is with; without parameters it is SHA-1. RFC 4055 section 3.1. */
function weakPss({ signatureAlgorithm: { algorithmId, algorithmParams } }: Certificate): string | null {
  if (algorithmId !== rsaPss) return null;
  const schema = algorithmParams as Constructed | undefined;
  const hash = schema === undefined ? sha1 : new RSASSAPSSParams({ schema }).hashAlgorithm.algorithmId;
  return hash === sha1 || hash === md5
    ? 'rests on a signature with RSA-PSS and SHA-1 or MD5, which can be forged'
    : null;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const printable = (text: string): string => text.replace(/[^ -~]/g, '?');

/** A name for people, from the runtime's form of a distinguished name. */
export function commonName(subject: string): string {
  const lines = subject.split('\n');
  const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  return printable(value('CN') ?? value('O') ?? 'unnamed').slice(0, 100);
}
