/**
 * Facts: what policy may know of a message. Computed once (`factsOf`) from the structure, the envelope and what the scan found, kept
 * for replay; no body text.
 *
 * `forwarded` is true when any of these holds: MAIL FROM is outside the tenant's domains; the From header has addresses, none of
 * them in the tenant's domains; a mark of forwarding is there (X-MS-Exchange-Inbox-Rules-Loop, X-Forwarded-For, X-Forwarded-To,
 * Resent-From, Auto-Submitted: auto-forwarded, Gmail's "+caf_=" in MAIL FROM).
 *
 * `signed` and `encrypted` are about the message as a whole, so they look at its outermost part only: an encrypted attachment does
 * not make a message encrypted. `calendar`, `tnef` and `rightsProtected` look at every part, also in forwarded messages, and believe
 * what its octets are as well as what it says it is.
 *
 * `unscannable` also covers headers that two programs could read differently: more than one From or Subject, or a From that cannot
 * be read clearly, and every place the scan could not look into. `doubts` sorts the reasons.
 *
 * Limits: what the scan did not find out is what the message says of itself. PGP text inside a body is not seen here. Members of
 * archives after the first `mostMembers` are left out, and that is a doubt (`limits`). `encrypted` and `rightsProtected` believe what a message says of
 * itself; what may leave as it is because of that, `sealed` says.
 */

import { domainOf, parseMailboxes } from '../mail/address.ts';
import { isAgreedField } from '../mail/agreed.ts';
import { decodeValue, type Field, fieldsNamed, valuesOf } from '../mail/header.ts';
import { leaves, type Part, type Structure } from '../mail/structure.ts';
import { classificationOf } from './classification.ts';
import type { Blind, Finding, Looked, ScanResult } from './detection.ts';
import { doubtsOf } from './doubts.ts';
import type { Groups } from './groups.ts';
import { sealedAsWhole } from './sealed.ts';
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
  /** Every header field in order: lower-case name, decoded value; empty where it is for us alone (mail/agreed.ts). */
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
  /** Encrypted or rights-protected as a whole, as its octets show, with nothing to read beside it (sealed.ts). */
  readonly sealed: boolean;
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
  /** Null without a directory. */
  readonly groups: Groups | null;
  /** Null: not looked through. */
  readonly scan: ScanResult | null;
};

/** The facts of a message. Addresses of the envelope are in normal form already. */
export function factsOf(input: FactsInput): Facts {
  const { structure, envelope, scan } = input;
  const { fields, root } = structure;
  const senders = fieldsNamed(fields, 'from').map((field) => parseMailboxes(field.raw));
  const from = senders.flatMap((sender) => sender.mailboxes.map((mailbox) => mailbox.address));
  const looked = new Map(scan?.looked.map((each) => [each.path, each]));
  const parts = leaves(structure).map((part): Seen => ({ part, looked: looked.get(part.path) ?? null }));
  const { attachments, complete } = attachmentFacts(parts);
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
    headers: fields.map(({ name, raw }) => ({
      name: name.toLowerCase(),
      value: isAgreedField(name) ? '' : decodeValue(raw),
    })),
    attachments,
    forwarded: isForwarded(fields, from, envelope.from, input.tenantDomains),
    autoSubmitted: isAutoSubmitted(fields, envelope.from),
    report: reportOf(root),
    calendar: parts.some((part) => isOf(calendarTypes, part)),
    signed: root.type === 'multipart/signed' || smimeType(root) === 'signed-data',
    encrypted: root.type === 'multipart/encrypted' || isEnveloped(smimeType(root)),
    rightsProtected: parts.some((part) => isOf(rightsTypes, part)),
    sealed: sealedAsWhole(structure, scan?.looked ?? []),
    tnef: parts.some((part) => isOf(tnefTypes, part) || part.part.fileName?.toLowerCase() === 'winmail.dat'),
    ...classificationOf(fields),
    thread: input.thread,
    groups:
      input.groups?.factsFor([...new Set([envelope.from, ...from, ...envelope.recipients])].filter(Boolean)) ??
      noGroups,
    findings: scan?.findings ?? null,
    probes: scan?.probes ?? {},
    ...doubtsOf(structure, senders, [...(scan?.blind ?? []), ...(complete ? [] : [tooManyMembers])]),
  };
}

/** Message-IDs (with their angle brackets) of earlier messages of the thread: In-Reply-To, and of References the first and the last. */
export function threadIdsOf(fields: readonly Field[]): string[] {
  const idsIn = (name: string): string[] =>
    fieldsNamed(fields, name).flatMap((field) => field.raw.match(/<[^<>\s]{1,998}>/g) ?? []);
  const references = idsIn('references');
  const ids = [...idsIn('in-reply-to').slice(-5), ...references.slice(0, 1), ...references.slice(-mostReferences)];
  return [...new Set(ids)];
}

const mostReferences = 50;

/** A leaf part with what its octets turned out to be, or null when nobody looked. */
type Seen = { readonly part: Part; readonly looked: Looked | null };

function addressesIn(fields: readonly Field[], name: string): string[] {
  return fieldsNamed(fields, name).flatMap((field) =>
    parseMailboxes(field.raw).mailboxes.map((mailbox) => mailbox.address),
  );
}

const mostMembers = 2000;
const tooManyMembers: Blind = {
  doubt: 'limits',
  part: '',
  reason: `the archives have more than ${mostMembers} members`,
};
const longestFileName = 255;

function attachmentFacts(parts: readonly Seen[]): { attachments: AttachmentFact[]; complete: boolean } {
  const attachments: AttachmentFact[] = [];
  let members = 0;
  for (const seen of parts) {
    if (isAttachment(seen)) attachments.push(attachmentFact(seen));
    for (const member of seen.looked?.members ?? []) {
      members += 1;
      if (members > mostMembers) continue;
      const name = member.name.slice(-longestFileName);
      const { detected, size } = member;
      attachments.push({ part: seen.part.path, name, type: '', detected, size, encrypted: false, member: true });
    }
  }
  return { attachments, complete: members <= mostMembers };
}

function isAttachment({ part, looked }: Seen): boolean {
  if (part.disposition === 'attachment' || part.fileName !== null) return true;
  // A PDF is no text, whatever it says.
  return !textual.test(part.type) || !textual.test(looked?.detected ?? 'text/plain');
}

const textual = /^(?:text|multipart)\//;

function attachmentFact({ part, looked }: Seen): AttachmentFact {
  return {
    part: part.path,
    name: part.fileName ?? '',
    type: part.type,
    detected: looked?.detected ?? null,
    size: part.body.end - part.body.start,
    encrypted: looked?.encrypted ?? false,
    member: false,
  };
}

function isOf(types: ReadonlySet<string>, { part, looked }: Seen): boolean {
  return types.has(part.type) || types.has(looked?.detected ?? '');
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
const calendarTypes = new Set(['text/calendar', 'application/ics']);
const rightsTypes = new Set(['application/x-microsoft-rpmsg-message']);

/** RFC 8551 section 3.2.2: the parameter is optional, and what is left unsaid is most often encryption. Null: no S/MIME. */
function smimeType(root: Part): string | null {
  if (!smimeTypes.has(root.type)) return null;
  return root.parameters['smime-type']?.toLowerCase() ?? 'enveloped-data';
}

function isEnveloped(type: string | null): boolean {
  return type === 'enveloped-data' || type === 'authenveloped-data';
}
