/**
 * The message of a case, as people describe it, and its facts. What a case does not say is ordinary: looked through, nothing found, in
 * no thread, on a Wednesday at noon, and everybody in no group.
 *
 *     from: anna@clinic.example            # envelope and From header; mailFrom: "" for a null sender, or another one
 *     to: [patient@mail.example]
 *     subject: "RE: [secure] Results"
 *     body: "First line\nand more"         # the policy's own texts and detectors are looked for in it
 *     detects: { ssn: 2, phi: 5 }          # what the built-in detectors would find
 *     attachments: [scan.pdf, { name: x.zip, encrypted: true, members: [a.doc] }, { name: list.txt, text: "..." }]
 *     headers: { X-Label: internal }
 *     size: 12KB
 *     forwarded: true                      # likewise autoSubmitted, calendar, signed, encrypted, rightsProtected, tnef
 *     report: dsn
 *     sensitivity: private
 *     importance: high
 *     labels: [Confidential]               # names, or ids (GUIDs)
 *     thread: message                      # an earlier message of the thread left at this level
 *     groups: { board: [anna@clinic.example] }
 *     at: 2026-11-21T10:00:00Z
 *     unscannable: [password]              # or another doubt, or the reason why a limit was exceeded
 *
 * Or the message itself, an .eml in the folder of the cases, to which at, thread and groups may be added: `message: discharge.eml`.
 */
import * as z from 'zod';
import * as kinds from '../config/kinds.ts';
import { says, section } from '../config/yaml.ts';
import { addressKey, canonicalAddress, domainOf } from '../mail/address.ts';
import { type DetectorKind, detectorKinds, type Finding } from './detection.ts';
import type { AttachmentFact, Doubt, Facts, GroupFacts } from './facts.ts';
import { type ProbeText, probeCounter } from './probe.ts';
import type { Policy } from './schema.ts';
import { levels } from './verdict.ts';

const flag = kinds.flag().optional();
const phrase = z.string({ error: says('a text', 'Write it in quotes.') });
const doubts = ['limits', 'structure', 'from', 'subject', 'content', 'password'] as const satisfies readonly Doubt[];

export const addressOf = addressText((text) => canonicalAddress(text));

const attachment = section({
  name: phrase.prefault(''),
  type: phrase.prefault('application/octet-stream'),
  detected: phrase.nullable().prefault(null),
  size: kinds.size(0, Number.MAX_SAFE_INTEGER).prefault('1KB'),
  encrypted: kinds.flag().prefault(false),
  members: kinds.listOf(phrase, 'the names of what is in the archive').prefault([]),
  text: phrase.prefault(''),
});
const attachments = kinds.listOf(
  z.union([phrase.transform((name) => attachment.parse({ name })), attachment], {
    error: says('an attachment', 'Write its file name, or { name: x.zip, encrypted: true }.'),
  }),
  'a list of attachments',
);
const kind = z.string().refine(isKind, {
  error: says('the name of a built-in detector', `Write one of ${Object.keys(detectorKinds).join(', ')}.`),
});
const detects = z.record(kind, kinds.wholeNumber(1, 1_000_000), {
  error: says('counts by detector', 'Write { ssn: 2 }. What detectors of the policy find, they find in body.'),
});
const timestamp = z.string().transform((text, context) => {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  context.addIssue({ code: 'custom', message: says('a time', 'Write it like 2026-11-21T10:00:00Z.') });
  return z.NEVER;
});

/** What every case says of its message, whether it describes it or names a file. */
export const envelopeShape = {
  from: addressOf,
  mailFrom: addressText((text) => (text === '' ? '' : canonicalAddress(text))).optional(),
  to: kinds.listOf(addressOf, 'a list of recipients', 1),
  at: timestamp.optional(),
  thread: kinds.choice(levels).nullable().optional(),
  groups: record(kinds.listOf(addressOf, 'a list of addresses'), 'groups with their members').optional(),
};

/** What describes a message, and cannot stand beside `message`. */
export const contentShape = {
  subject: phrase.optional(),
  body: phrase.optional(),
  detects: detects.optional(),
  attachments: attachments.optional(),
  headers: record(phrase, 'header fields as "Name: value" lines').optional(),
  size: kinds.size(0, Number.MAX_SAFE_INTEGER).optional(),
  forwarded: flag,
  autoSubmitted: flag,
  report: kinds.choice(['dsn', 'mdn', 'other']).nullable().optional(),
  calendar: flag,
  signed: flag,
  encrypted: flag,
  rightsProtected: flag,
  tnef: flag,
  sensitivity: kinds.choice(['normal', 'personal', 'private', 'company-confidential']).optional(),
  importance: kinds.choice(['low', 'normal', 'high']).optional(),
  labels: kinds.listOf(phrase, 'names or ids of labels').optional(),
  unscannable: z
    .union(
      [kinds.text('why it cannot be looked through', 'Write a few words.'), kinds.listOf(kinds.choice(doubts), '')],
      {
        error: says('why it cannot be looked through', `Write a few words, or some of ${doubts.join(', ')}.`),
      },
    )
    .nullable()
    .optional(),
};

const messageSchema = section({ ...envelopeShape, ...contentShape });
export type CaseMessage = z.output<typeof messageSchema>;

/** A Wednesday, 12:00 UTC. */
const someNoon = Date.UTC(2026, 0, 7, 12);

/** The facts of a described message. `domains` are the tenant's; the policy says what is looked for. */
export function factsOfCase(message: CaseMessage, domains: readonly string[], policy: Policy): Facts {
  const subject = message.subject ?? '';
  const attached = message.attachments ?? [];
  const facts = attached.flatMap((each, index) => attachmentFacts(each, String(index + 2)));
  const probes = probeCounter(policy.probes);
  for (const text of textsOf(message, subject, facts)) probes.look(text);
  const written = [
    ['From', message.from] as const,
    ['To', message.to.join(', ')] as const,
    ['Subject', subject] as const,
  ];
  return {
    tenant: domainOf(message.from),
    tenantDomains: domains,
    envelope: { from: message.mailFrom ?? message.from, recipients: message.to },
    size: message.size ?? 10 * 1024,
    subject,
    from: [message.from],
    to: message.to,
    cc: [],
    headers: [...written, ...Object.entries(message.headers ?? {})].map(([name, value]) => ({
      name: name.toLowerCase(),
      value,
    })),
    attachments: facts,
    forwarded: message.forwarded === true,
    autoSubmitted: message.autoSubmitted === true,
    report: message.report ?? null,
    calendar: message.calendar === true,
    signed: message.signed === true,
    encrypted: message.encrypted === true,
    rightsProtected: message.rightsProtected === true,
    sealed: message.encrypted === true || message.rightsProtected === true,
    tnef: message.tnef === true,
    sensitivity: message.sensitivity ?? 'normal',
    importance: message.importance ?? 'normal',
    labels: (message.labels ?? []).map((label) =>
      isGuid(label) ? { id: label.toLowerCase(), name: '' } : { id: '', name: label },
    ),
    findings: findingsOf(message.detects ?? {}),
    probes: probes.counts(),
    ...doubtsOfCase(message.unscannable ?? null, facts),
    ...surroundings(message, policy),
  };
}

/** What a message does not say of itself: when it came, what it answers, who its people are. */
export function surroundings(message: Pick<CaseMessage, 'at' | 'thread' | 'groups'>, policy: Policy) {
  return {
    receivedAt: message.at ?? someNoon,
    thread: message.thread ?? null,
    groups: groupsOf(message.groups ?? {}, policy.groups),
  };
}

/** Every group the policy asks for is known, so that nobody's absence is in doubt. */
function groupsOf(groups: Readonly<Record<string, readonly string[]>>, asked: readonly string[]): GroupFacts {
  const of = new Map<string, string[]>();
  for (const [name, members] of Object.entries(groups)) {
    for (const member of members) of.set(addressKey(member), [...(of.get(addressKey(member)) ?? []), name]);
  }
  return { known: [...new Set([...asked, ...Object.keys(groups)])], of: Object.fromEntries(of) };
}

function attachmentFacts(each: z.output<typeof attachment>, part: string): AttachmentFact[] {
  const { name, type, detected, size, encrypted } = each;
  const member = (inner: string): AttachmentFact => {
    return { part, name: inner, type: '', detected: null, size: 0, encrypted: false, member: true };
  };
  return [{ part, name, type, detected, size, encrypted, member: false }, ...each.members.map(member)];
}

function textsOf(message: CaseMessage, subject: string, attachments: readonly AttachmentFact[]): ProbeText[] {
  return [
    { part: 'subject', place: 'subject', text: subject },
    { part: 'file names', place: 'fileNames', text: attachments.map((each) => each.name).join('\n') },
    { part: '1', place: 'body', text: message.body ?? '' },
    ...(message.attachments ?? []).map(
      ({ text }, index): ProbeText => ({ part: String(index + 2), place: 'attachment', text }),
    ),
  ];
}

function findingsOf(counts: Readonly<Record<string, number>>): Finding[] {
  return Object.entries(counts).flatMap(([kind, count]) =>
    isKind(kind) ? [{ kind, count, part: '1', sample: '' }] : [],
  );
}

/** What needs a password could not be looked into, as with real mail. */
function doubtsOfCase(
  unscannable: string | readonly Doubt[] | null,
  attachments: readonly AttachmentFact[],
): Pick<Facts, 'unscannable' | 'doubts'> {
  const named = doubts.find((doubt) => doubt === unscannable);
  const said: readonly Doubt[] = typeof unscannable !== 'string' ? (unscannable ?? []) : [named ?? 'limits'];
  const locked: readonly Doubt[] = attachments.some((each) => each.encrypted) ? ['password'] : [];
  const all = [...new Set([...said, ...locked])];
  if (all.length === 0) return { unscannable: null, doubts: [] };
  return {
    unscannable: typeof unscannable === 'string' ? unscannable : `the case says: ${all.join(', ')}`,
    doubts: all,
  };
}

function isKind(name: string): name is DetectorKind {
  return Object.hasOwn(detectorKinds, name);
}

function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

function addressText(read: (text: string) => string | null) {
  const error = says('a mail address', 'Write it like anna@clinic.example.');
  return z.string({ error }).transform((text, context) => {
    const canonical = read(text.trim());
    if (canonical !== null) return canonical;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

export function record<S extends z.ZodType>(value: S, expected: string) {
  return z.record(z.string(), value, { error: says(expected, 'Write a name, a colon and a value on each line.') });
}
