/**
 * Blind recipients: who they are (`blindOf`), and what of a field may be in a copy for somebody else (`withoutBlind`): fields that exist to name recipients
 * go, Received loses its recipient, and every other field goes that holds the address of a blind recipient, whatever its name. Servers and mail programs
 * invent such fields; what an author writes is left alone, the Subject too.
 *
 * Limits: an address that is encoded (quoted local parts, bounce addresses with the @ replaced) is found in the fields that are known only.
 */
import { addressKey, canonicalAddress, parseMailboxes } from './address.ts';
import { octetsToText } from './encoded-word.ts';
import { type Field, fieldsNamed } from './header.ts';

/**
 * Those a sender's program should have removed (RFC 5322 section 3.6.3), those by which servers remember an envelope, and what Sendmail, Yahoo and Google
 * make of it.
 */
const naming: ReadonlySet<string> = new Set(
  (
    'bcc resent-bcc delivered-to x-delivered-to x-original-to original-recipient envelope-to x-envelope-to x-rcpt-to x-rcptto x-forwarded-to ' +
    'apparently-to x-apparently-to x-gm-original-to x-real-to'
  ).split(' '),
);

/** The clause of a Received field that names a recipient, with its white space. RFC 5321 section 4.4. */
const forClause = /[ \t\r\n]{1,4}for[ \t\r\n]{1,4}(?:<[^<>\r\n]{0,320}>|[^\s;<>]{1,320})/gi;

/** Whoever stands here is known to every reader. */
const open = ['from', 'sender', 'reply-to', 'to', 'cc', 'resent-from', 'resent-to', 'resent-cc'];
const kept: ReadonlySet<string> = new Set([...open, 'subject', 'date', 'message-id', 'in-reply-to', 'references']);

/** Of `recipients` (normal form) those whom no field names openly, but `reader`, whose copy it is; as `addressKey` gives them. */
export function blindOf(fields: readonly Field[], recipients: readonly string[], reader: string): ReadonlySet<string> {
  const blind = new Set(recipients.map(addressKey));
  blind.delete(addressKey(reader));
  for (const name of open)
    for (const { raw } of fieldsNamed(fields, name))
      for (const { address } of parseMailboxes(raw).mailboxes) blind.delete(addressKey(address));
  return blind;
}

/** The field's `lines` as they may stand in a copy; null for not at all. */
export function withoutBlind(field: Field, lines: Buffer, blind: ReadonlySet<string>): Buffer | null {
  const name = field.name.toLowerCase();
  if (naming.has(name)) return null;
  if (name === 'received') {
    const rest = Buffer.from(lines.toString('latin1').replace(forClause, ''), 'latin1');
    return tellsOf(rest, blind) ? null : rest;
  }
  return !kept.has(name) && tellsOf(lines, blind) ? null : lines;
}

/** Between addresses, in whatever syntax. */
const between = /[\s<>(),;:"[\]\\{}]+/;

function tellsOf(lines: Buffer, blind: ReadonlySet<string>): boolean {
  if (blind.size === 0 || !lines.includes('@')) return false;
  const words = lines.toString('latin1').split(between);
  return words.some((word) => {
    // "addr=anna@corp.example" may be an address with a sign in it, or a word before one.
    const readings = [word, word.slice(word.lastIndexOf('=', word.lastIndexOf('@')) + 1)];
    return word.includes('@') && readings.some((each) => isBlind(octetsToText(each), blind));
  });
}

function isBlind(text: string, blind: ReadonlySet<string>): boolean {
  const read = canonicalAddress(text.replace(/[.!?']$/, ''));
  return read !== null && blind.has(addressKey(read));
}
