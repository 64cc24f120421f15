/**
 * Header protection: which header fields a protected copy carries inside as well, what of them stays readable outside, and how the inside says so.
 * The split of a header block by these rules is protect/entity.ts; the real Subject in the text, for old programs, is legacy-display.ts.
 *
 * Besides what the standard asks for, OpenPGP copies carry the mark of its forerunner (`protected-headers="v1"`), which Thunderbird and K-9 Mail look
 * for; Thunderbird finds it only on a multipart.
 *
 * Standards: RFC 9788.
 */
import type { Field } from './header.ts';
import { parseParameters } from './parameters.ts';

/** How the header of a copy is protected. */
export type HeaderForm = {
  /** Whether the content is encrypted (`cipher`) or signed only (`clear`). Section 2.1.1. */
  readonly hp: 'cipher' | 'clear';
  readonly method: 'smime' | 'pgp';
  /** `hiddenSubject` stands outside in place of the real Subject, and other fields that repeat or tell of it are missing there. */
  readonly hideSubject: boolean;
  /** The content's own first lines repeat the Subject, and are marked for programs that do not need them. */
  readonly legacyDisplay: boolean;
};

/** What stands outside for a hidden Subject. Section 3.2.1. */
export const hiddenSubject = '[...]';

/** Section 3.2.1, and Outlook's copy of the subject. */
const hiddenWithSubject = new Set(['comments', 'keywords', 'thread-topic']);

/** Fields that servers put in on the way: they say nothing the author wrote. RFC 5322 section 3.6.7 and what mail services add. */
const trace = new Set(
  [
    'received return-path delivered-to x-received x-original-to authentication-results received-spf',
    'x-originatororg x-ms-has-attach x-ms-tnef-correlator x-ms-publictraffictype x-ms-traffictypediagnostic x-gm-message-state',
  ]
    .join(' ')
    .split(' '),
);
const traceBeginnings = [
  'x-ms-exchange-',
  'x-ms-office365-',
  'x-microsoft-antispam',
  'x-forefront-',
  'x-google-',
  'arc-',
];

/**
 * Signatures over the message as it was: broken by protection, and their hash of the body would let anybody check a guess at what it says.
 * RFC 6376 section 3.5 (bh=), RFC 8617 section 4.1.
 */
const brokenSignatures = new Set(['dkim-signature', 'domainkey-signature', 'x-google-dkim-signature']);

/** What stands outside for a field whose lines are `lines`: those, others, or null for nothing. */
export function outsideOf(field: Field, lines: Buffer, form: HeaderForm): Buffer | null {
  const name = field.name.toLowerCase();
  if (brokenSignatures.has(name) || name.startsWith('arc-')) return null;
  if (!form.hideSubject) return lines;
  if (name === 'subject') return Buffer.from(`${field.name}: ${hiddenSubject}\r\n`, 'latin1');
  return hiddenWithSubject.has(name) ? null : lines;
}

/** Whether the field is copied inside: what the author and the author's program wrote, but not how the message is built. */
export function isProtected(field: Field): boolean {
  const name = field.name.toLowerCase();
  return !trace.has(name) && !brokenSignatures.has(name) && !traceBeginnings.some((each) => name.startsWith(each));
}

/** The record, inside, of a field that stands outside; `lines` is that field with its CRLF. Section 2.2. */
export function recordOfOuter(lines: Buffer): Buffer {
  const first = lines.indexOf('\r\n');
  // A line may have 998 octets. RFC 5322 section 2.1.1.
  return Buffer.concat([Buffer.from(first > 980 ? 'HP-Outer:\r\n ' : 'HP-Outer: '), lines]);
}

/** The parameters that mark the content, to be put behind its media type. Sections 2.1.1 and 2.1.2. */
export function markOf(form: HeaderForm, onText: boolean): string {
  const marks = [
    ...(form.method === 'pgp' ? ['protected-headers="v1"'] : []),
    ...(onText && form.legacyDisplay ? ['hp-legacy-display="1"'] : []),
    `hp="${form.hp}"`,
  ];
  return marks.join('; ');
}

/** A Content-Type field with more parameters, as complete lines; the octets before stay as they are. */
export function withParameters(field: Buffer, more: string): Buffer {
  const text = field.toString('latin1').replace(/[ \t\r\n]+$/, '');
  return Buffer.from(`${text}${text.endsWith(';') ? '' : ';'}\r\n ${more}\r\n`, 'latin1');
}

/**
 * Whether the content can carry the marks itself; if not it is put into a multipart that does. It cannot when its type is said twice or marked already
 * by somebody else, nor when Thunderbird is to find them and it is no multipart. CMS content stays on top whatever it is: nested, programs do not open it.
 */
export function canBeMarked(types: readonly Field[], form: HeaderForm): boolean {
  const raw = types[0]?.raw ?? ' text/plain';
  const { value, parameters, conflicts } = parseParameters(raw);
  if (types.length > 1 || !value.includes('/') || conflicts.length > 0) return false;
  if (['hp', 'protected-headers', 'hp-legacy-display'].some((name) => name in parameters)) return false;
  // An open quotation mark would take in what is put behind it.
  if (parseParameters(`${raw}; ${markOf(form, true)}`).parameters['hp'] !== form.hp) return false;
  const thunderbird = form.method === 'pgp' && form.hideSubject;
  return !thunderbird || value.startsWith('multipart/') || value.includes('pkcs7-');
}
