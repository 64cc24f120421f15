/**
 * The names a certificate carries, and whether an authority above it may speak for them: `namesOf` and `constraintDefect`.
 *
 * A mail address is an rfc822Name, or an SmtpUTF8Mailbox where the part before the @ is beyond ASCII, or the old emailAddress in the subject.
 * The common name is for people and never an address. Every name is held to every constraint above it, the subject's emailAddress too, also
 * where the certificate has alternative names.
 *
 * Standards: RFC 9598 (mail addresses beyond ASCII in certificates).
 * Limits: a constraint on a kind of name that is not understood here (IP addresses, URIs, others) refuses certificates that have such a name.
 * Subject names of several attributes at one level are compared attribute by attribute.
 */
import { type AsnType, ObjectIdentifier, Utf8String } from 'asn1js';
import {
  type AttributeTypeAndValue,
  type GeneralName,
  GeneralNames,
  type GeneralSubtree,
  NameConstraints,
  type RelativeDistinguishedNames,
} from 'pkijs';
import { canonicalAddress, domainOf, sameAddress } from '../mail/address.ts';

export type CertificateNames = {
  /** Canonical, each once. */
  readonly addresses: readonly string[];
  /** Mail addresses that are none; who has one may not be who they seem. */
  readonly malformed: boolean;
  /** Lower case. */
  readonly dns: readonly string[];
  /** The subject, unless it is empty, and further directory names: their attributes in order, comparable. */
  readonly directories: readonly (readonly string[])[];
  /** Choices of GeneralName that are none of the above. */
  readonly others: ReadonlySet<number>;
};

// RFC 5280 section 4.2.1.6: the choices of GeneralName.
const otherName = 0;
const rfc822Name = 1;
const dNSName = 2;
const directoryName = 4;

const emailAddress = '1.2.840.113549.1.9.1';
const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9';

/** Reading one takes a tenth of a millisecond. */
const mostMailboxes = 100;

/** From the subject and the DER of the extension with alternative names, if there is one. Throws when that is no such extension, or too long a one. */
export function namesOf(
  { typesAndValues: subject }: RelativeDistinguishedNames,
  alternativeNames: Uint8Array<ArrayBuffer> | null,
): CertificateNames {
  const alternatives = alternativeNames === null ? [] : GeneralNames.fromBER(alternativeNames).names;
  const mailboxes = alternatives.filter(isMail);
  if (mailboxes.length > mostMailboxes) throw new Error('more mail addresses than are read');
  const mail = [
    ...mailboxes.map(mailboxOf),
    ...subject.filter(({ type }) => type === emailAddress).map(({ value }) => canonicalAddress(textOf(value) ?? '')),
  ];
  const subjects = alternatives.flatMap(({ type, value }) =>
    type === directoryName ? [(value as RelativeDistinguishedNames).typesAndValues] : [],
  );
  return {
    addresses: [...new Set(mail.filter((address) => address !== null))],
    malformed: mail.includes(null),
    dns: alternatives.flatMap(({ type, value }) => (type === dNSName ? [String(value).toLowerCase()] : [])),
    directories: [subject, ...subjects].filter((name) => name.length > 0).map(comparable),
    others: new Set(
      alternatives
        .filter((name) => !isMail(name))
        .map(({ type }) => type)
        .filter((type) => type !== dNSName && type !== directoryName),
    ),
  };
}

function isMail({ type, value }: GeneralName): boolean {
  return type === rfc822Name || (type === otherName && otherNameOf(value).id === smtpUtf8Mailbox);
}

/** Null for what is no address. */
function mailboxOf({ type, value }: GeneralName): string | null {
  if (type === rfc822Name) {
    // An IA5String; what is beyond ASCII has no place in it.
    return typeof value === 'string' && /^[ -~]+$/.test(value) ? canonicalAddress(value) : null;
  }
  const { content } = otherNameOf(value);
  const address = content instanceof Utf8String ? canonicalAddress(content.getValue()) : null;
  // RFC 9598 section 3: only for what an rfc822Name cannot hold.
  return address !== null && /[^ -~]/.test(address.slice(0, address.lastIndexOf('@'))) ? address : null;
}

/** OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }, as asn1js shows it below its context tag. */
function otherNameOf(value: unknown): { readonly id: string; readonly content: unknown } {
  const children = (value as { valueBlock?: { value?: unknown[] } } | null)?.valueBlock?.value ?? [];
  const id = children[0] instanceof ObjectIdentifier ? children[0].getValue() : '';
  const [content] = (children[1] as { valueBlock?: { value?: unknown[] } } | undefined)?.valueBlock?.value ?? [];
  return { id, content };
}

/** RFC 5280 section 7.1, as far as it goes with lower case and single spaces. */
function comparable(name: readonly AttributeTypeAndValue[]): string[] {
  return name.map(({ type, value }) => {
    const text = textOf(value);
    const octets = () => Buffer.from((value as AsnType).toBER()).toString('hex');
    return `${type}=${text === null ? octets() : text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`;
  });
}

function textOf(value: unknown): string | null {
  const text = (value as { valueBlock?: { value?: unknown } } | null)?.valueBlock?.value;
  return typeof text === 'string' ? text : null;
}

/**
 * Why an authority with these constraints (their DER) may not stand above certificates with these names, going on after "the certificate";
 * null when it may. RFC 5280 section 4.2.1.10.
 */
export function constraintDefect(
  constraints: Uint8Array<ArrayBuffer>,
  below: readonly CertificateNames[],
): string | null {
  const { permittedSubtrees = [], excludedSubtrees = [] } = NameConstraints.fromBER(constraints);
  const all = [...permittedSubtrees, ...excludedSubtrees];
  if (all.length > mostSubtrees) return 'is limited to more names than are looked at here';
  if (all.some(isRange)) return 'is limited in a way that is not understood here';
  for (const names of below) {
    if (all.some(({ base }) => names.others.has(base.type)))
      return 'is limited in names of a kind that is not understood here';
    if (!allowed(names, permittedSubtrees) || forbidden(names, excludedSubtrees)) return 'may not issue for its names';
  }
  return null;
}

/** Beyond this, somebody wants to keep us busy. */
const mostSubtrees = 1_000;

/** RFC 5280 section 4.2.1.10: minimum is zero and maximum absent in this profile. */
function isRange({ minimum, maximum }: GeneralSubtree): boolean {
  return (typeof minimum === 'number' ? minimum !== 0 : minimum !== undefined) || maximum !== undefined;
}

/** Each kind of name that has a permitted subtree lies in one of them. */
function allowed(names: CertificateNames, subtrees: readonly GeneralSubtree[]): boolean {
  const bases = (type: number): GeneralName[] => subtrees.flatMap(({ base }) => (base.type === type ? [base] : []));
  const every = <T>(type: number, all: readonly T[], within: (name: T, base: GeneralName) => boolean): boolean => {
    const permitted = bases(type);
    return permitted.length === 0 || all.every((name) => permitted.some((base) => within(name, base)));
  };
  return (
    every(rfc822Name, names.addresses, withinMail) &&
    !(names.malformed && bases(rfc822Name).length > 0) &&
    every(dNSName, names.dns, withinDns) &&
    every(directoryName, names.directories, withinDirectory)
  );
}

function forbidden(names: CertificateNames, subtrees: readonly GeneralSubtree[]): boolean {
  return subtrees.some(({ base }) => {
    if (base.type === rfc822Name)
      return names.malformed || names.addresses.some((name) => withinMail(name, base) || sameMailbox(name, base));
    if (base.type === dNSName) return names.dns.some((name) => withinDns(name, base));
    return base.type === directoryName && names.directories.some((name) => withinDirectory(name, base));
  });
}

/** A mailbox, a host, or with a leading dot all hosts of a domain. RFC 5280 section 4.2.1.10, RFC 9598 section 6. */
function withinMail(address: string, { value }: GeneralName): boolean {
  const base = String(value);
  if (base.includes('@')) return canonicalAddress(base) === address;
  const [host, domain] = [domainOf(address), base.toLowerCase()];
  return domain === '' || (domain.startsWith('.') ? host.endsWith(domain) : host === domain);
}

/** What is forbidden is forbidden in whatever case. */
const sameMailbox = (address: string, { value }: GeneralName): boolean => sameAddress(address, String(value));

function withinDns(name: string, { value }: GeneralName): boolean {
  const base = String(value).toLowerCase();
  const domain = base.replace(/^\./, '');
  return domain === '' || name.endsWith(`.${domain}`) || (name === domain && !base.startsWith('.'));
}

function withinDirectory(name: readonly string[], { value }: GeneralName): boolean {
  const base = comparable((value as RelativeDistinguishedNames).typesAndValues);
  return base.length <= name.length && base.every((attribute, index) => attribute === name[index]);
}
