/**
 * Facts: what policy may know of a message. Computed once from the structure and the envelope (`factsOf`), kept for replay; no body
 * text.
 *
 * `forwarded` is true when any of these holds: MAIL FROM is outside the tenant's domains; the From header has addresses, none of
 * them in the tenant's domains; a mark of forwarding is there (X-MS-Exchange-Inbox-Rules-Loop, X-Forwarded-For, X-Forwarded-To,
 * Resent-From, Auto-Submitted: auto-forwarded, Gmail's "+caf_=" in MAIL FROM).
 *
 * `signed` and `encrypted` are about the message as a whole, so they look at its outermost part only: an encrypted attachment does
 * not make a message encrypted. `calendar`, `tnef` and `rightsProtected` look at every part, also in forwarded messages.
 *
 * `unscannable` also covers headers that two programs could read differently: more than one From or Subject, or a From that cannot
 * be read clearly.
 *
 * Limits: all of this is what the message says of itself; nothing is opened. PGP text inside a body is not seen here.
 */
import { domainOf, type Mailboxes, parseMailboxes } from '../mail/address.ts';
import { decodeValue, type Field, fieldsNamed, valuesOf } from '../mail/header.ts';
import { leaves, type Part, type Structure } from '../mail/structure.ts';
import type { Finding, ScanResult } from './detection.ts';
import type { Level } from './verdict.ts';

export type AttachmentFact = {
  /** As mail/structure.ts counts; for a member of an archive, the path of the archive. */
  readonly part: string;
  readonly name: string;
  /** As the message declares it, or "" for a member of an archive. */
  readonly type: string;
  /** What the octets say, or null when they say nothing or nobody looked. */
  readonly detected: string | null;
  /** Octets as transferred, before Content-Transfer-Encoding is undone; of a member, unpacked. */
  readonly size: number;
  /** It, or something in it, needs a password. */
  readonly encrypted: boolean;
  /** True for what lies inside an archive or a winmail.dat. */
  readonly member: boolean;
};

export type Facts = {
  readonly tenant: string;
  /** Lower-case A-labels. */
  readonly tenantDomains: readonly string[];
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly envelope: {
    /** Empty for the null reverse-path. */
    readonly from: string;
    readonly recipients: readonly string[];
  };
  /** Octets of the message as received, without our trace headers. */
  readonly size: number;
  /** Decoded Subject, whitespace folded; empty when there is none. */
  readonly subject: string;
  /** addr-specs of the From header, domain in A-label form; more than one, or none, is possible. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Every header field in order: lower-case name, decoded value. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly attachments: readonly AttachmentFact[];
  /** Sent on by a mailbox rule or redirect, not written by a tenant's person. */
  readonly forwarded: boolean;
  /** Auto-Submitted other than no, Precedence bulk/auto_reply, X-Auto-Response-Suppress, null sender. */
  readonly autoSubmitted: boolean;
  /** multipart/report: 'dsn', 'mdn', 'other', or null. */
  readonly report: 'dsn' | 'mdn' | 'other' | null;
  readonly calendar: boolean;
  readonly signed: boolean;
  /** Already S/MIME or OpenPGP encrypted. */
  readonly encrypted: boolean;
  readonly rightsProtected: boolean;
  readonly tnef: boolean;
  /** RFC 4021 section 2.1.55: what Outlook's "private" and the like become. */
  readonly sensitivity: 'normal' | 'personal' | 'private' | 'company-confidential';
  readonly importance: 'low' | 'normal' | 'high';
  /** Sensitivity labels of Microsoft Purview (MSIP_Labels); the name is empty when the header has none. */
  readonly labels: readonly { readonly id: string; readonly name: string }[];
  /** The strictest level at which an earlier message of the thread left, or null. */
  readonly thread: Level | null;
  readonly groups: GroupFacts;
  /** Null when the content was not looked through. */
  readonly findings: readonly Finding[] | null;
  /** Count by probe id. What a policy asks that is not here, nobody looked for. */
  readonly probes: Readonly<Record<string, number>>;
  /** Why the message could not be looked through (a limit that was exceeded, a structure that is ambiguous), or null. */
  readonly unscannable: string | null;
  /** What the reasons of `unscannable` put in doubt; empty when it is null. */
  readonly doubts: readonly Doubt[];
};

/**
 * What may not be as the facts say: `limits`: there is content nobody looked at; the others: two programs could read this differently (the
 * tree of parts, the From field, the Subject field), so a rule that asks about it could be deceived.
 */
export type Doubt = 'limits' | 'structure' | 'from' | 'subject' | 'content' | 'password';

export type GroupFacts = {
  /** Every group of the directory, or null when there is no directory. */
  readonly known: readonly string[] | null;
  /** Groups by address (as mail/address.ts `addressKey` gives it), for sender and recipients; those in no group are left out. */
  readonly of: Readonly<Record<string, readonly string[]>>;
};

export const noGroups: GroupFacts = { known: null, of: {} };

export type FactsInput = {
  readonly structure: Structure;
  /** The tenant's id. */
  readonly tenant: string;
  /** Lower-case A-labels. */
  readonly tenantDomains: readonly string[];
  readonly envelope: { readonly from: string; readonly recipients: readonly string[] };
  readonly receivedAt: number;
  readonly thread: Level | null;
  readonly groups: GroupFacts;
  /** Null: not looked through. */
  readonly scan: ScanResult | null;
};

/** The facts of a message, from its structure and envelope. Addresses of the envelope are in normal form already. */
export function factsOf(input: FactsInput): Facts {
  const { structure, envelope } = input;
  const { fields, root } = structure;
  const parts = leaves(structure);
  const senders = fieldsNamed(fields, 'from').map((field) => parseMailboxes(field.raw));
  const from = senders.flatMap((sender) => sender.mailboxes.map((mailbox) => mailbox.address));
  return {
    tenant: input.tenant,
    tenantDomains: input.tenantDomains,
    receivedAt: input.receivedAt,
    envelope,
    size: structure.size,
    subject: valuesOf(fields, 'subject')[0] ?? '',
    from,
    to: addressesIn(fields, 'to'),
    cc: addressesIn(fields, 'cc'),
    headers: fields.map((field) => ({ name: field.name.toLowerCase(), value: decodeValue(field.raw) })),
    attachments: parts.filter(isAttachment).map(attachmentFact),
    forwarded: isForwarded(fields, from, envelope.from, input.tenantDomains),
    autoSubmitted: isAutoSubmitted(fields, envelope.from),
    report: reportOf(root),
    calendar: parts.some((part) => part.type === 'text/calendar' || part.type === 'application/ics'),
    signed: root.type === 'multipart/signed' || smimeType(root) === 'signed-data',
    encrypted: root.type === 'multipart/encrypted' || isEnveloped(smimeType(root)),
    rightsProtected: parts.some((part) => part.type === 'application/x-microsoft-rpmsg-message'),
    tnef: parts.some((part) => tnefTypes.has(part.type) || part.fileName?.toLowerCase() === 'winmail.dat'),
    sensitivity: 'normal',
    importance: 'normal',
    labels: [],
    thread: input.thread,
    groups: input.groups,
    findings: input.scan?.findings ?? null,
    probes: input.scan?.probes ?? {},
    ...doubtsOf(structure, senders),
  };
}

function addressesIn(fields: readonly Field[], name: string): string[] {
  return fieldsNamed(fields, name).flatMap((field) =>
    parseMailboxes(field.raw).mailboxes.map((mailbox) => mailbox.address),
  );
}

function isAttachment(part: Part): boolean {
  return part.disposition === 'attachment' || part.fileName !== null || !/^(?:text|multipart)\//.test(part.type);
}

function attachmentFact(part: Part): AttachmentFact {
  return {
    part: part.path,
    name: part.fileName ?? '',
    type: part.type,
    detected: null,
    size: part.body.end - part.body.start,
    encrypted: false,
    member: false,
  };
}

/** Left by Outlook's inbox rules, by Gmail's forwarding, and by those who resend. */
const forwardingMarks = ['x-ms-exchange-inbox-rules-loop', 'x-forwarded-for', 'x-forwarded-to', 'resent-from'];

function isForwarded(
  fields: readonly Field[],
  from: readonly string[],
  envelopeFrom: string,
  tenantDomains: readonly string[],
): boolean {
  const own = (address: string): boolean => tenantDomains.includes(domainOf(address));
  if (envelopeFrom !== '' && !own(envelopeFrom)) return true;
  if (from.length > 0 && !from.some((address) => own(address))) return true;
  if (fields.some((field) => forwardingMarks.includes(field.name.toLowerCase()))) return true;
  if (valuesOf(fields, 'auto-submitted').some((value) => keywordOf(value) === 'auto-forwarded')) return true;
  return envelopeFrom.slice(0, envelopeFrom.lastIndexOf('@')).toLowerCase().includes('+caf_=');
}

function isAutoSubmitted(fields: readonly Field[], envelopeFrom: string): boolean {
  if (envelopeFrom === '') return true;
  // RFC 3834 section 5: anything but "no" was sent without a person.
  if (valuesOf(fields, 'auto-submitted').some((value) => keywordOf(value) !== 'no')) return true;
  if (valuesOf(fields, 'precedence').some((value) => ['bulk', 'auto_reply'].includes(keywordOf(value)))) return true;
  return fieldsNamed(fields, 'x-auto-response-suppress').length > 0;
}

/** The first word of a structured value: parameters and comments may follow. */
function keywordOf(value: string): string {
  return (/^[^\s;(]*/.exec(value)?.[0] ?? '').toLowerCase();
}

function reportOf(root: Part): Facts['report'] {
  if (root.type !== 'multipart/report') return null;
  const type = root.parameters['report-type']?.toLowerCase();
  return type === 'delivery-status' ? 'dsn' : type === 'disposition-notification' ? 'mdn' : 'other';
}

const smimeTypes = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);
const tnefTypes = new Set(['application/ms-tnef', 'application/vnd.ms-tnef']);

/** RFC 8551 section 3.2.2: the parameter is optional, and what is left unsaid is most often encryption. Null: no S/MIME. */
function smimeType(root: Part): string | null {
  if (!smimeTypes.has(root.type)) return null;
  return root.parameters['smime-type']?.toLowerCase() ?? 'enveloped-data';
}

function isEnveloped(type: string | null): boolean {
  return type === 'enveloped-data' || type === 'authenveloped-data';
}

function doubtsOf(structure: Structure, senders: readonly Mailboxes[]): Pick<Facts, 'unscannable' | 'doubts'> {
  const reasons = [...structure.problems];
  const doubts: Doubt[] = reasons.length === 0 ? [] : [structure.exceeded ? 'limits' : 'structure'];
  if (senders.length > 1) reasons.push('the message has more than one From field');
  if (senders.some((sender) => sender.ambiguous)) reasons.push('the From field can be read in more than one way');
  if (senders.length > 1 || senders.some((sender) => sender.ambiguous)) doubts.push('from');
  if (fieldsNamed(structure.fields, 'subject').length > 1) {
    reasons.push('the message has more than one Subject field');
    doubts.push('subject');
  }
  return { unscannable: reasons.length === 0 ? null : reasons.join('; '), doubts };
}
