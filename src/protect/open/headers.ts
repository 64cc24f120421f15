/**
 * The header of a message that was opened: the fields that stood outside, with those that were protected inside put in their places (RFC 9788
 * section 4, the older protected-headers="v1", and the message/rfc822 of RFC 8551 section 3.1). Pure; the writing side of header protection is
 * elsewhere.
 *
 * Inside is written by the sender, so only `restored` fields come out: no trace, authentication result or field of a mail system can be smuggled in.
 * From stays as it was outside, where the mailbox's own checks looked at it; when another author stands inside, that is said.
 */
import { sameAddress } from '../../mail/address.ts';
import { authorsOf, editHeader, type Field, fieldsNamed, type HeaderEdit, parseHeader } from '../../mail/header.ts';
import { parseParameters } from '../../mail/parameters.ts';

/** What the sender writes of a message, of which there is one each. */
const restored = new Set([
  'subject',
  'to',
  'cc',
  'reply-to',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'followup-to',
  'comments',
  'keywords',
]);

/** How the header inside is protected: all that counts (hp, wrapped), what is there (legacy), or not at all. */
export type HeaderProtection = 'all' | 'some' | 'none';

/** What the header block of the innermost entity says of itself. */
export function protectionOf(block: Buffer): HeaderProtection {
  const [type] = fieldsNamed(parseHeader(block), 'content-type');
  if (type === undefined) return 'none';
  const { value, parameters } = parseParameters(type.raw);
  const hp = (parameters['hp'] ?? '').toLowerCase();
  if (hp === 'cipher' || hp === 'clear') return 'all';
  if (parameters['protected-headers'] === 'v1') return 'some';
  return value === 'message/rfc822' && parameters['forwarded'] === 'no' ? 'all' : 'none';
}

/** Whether the header inside names another author than the one outside. */
export function namesAnotherAuthor(inner: Buffer, author: string | null): boolean {
  const fields = parseHeader(inner);
  if (fieldsNamed(fields, 'from').length === 0) return false;
  const { mailboxes, ambiguous } = authorsOf(fields);
  const [inside] = mailboxes;
  return ambiguous || author === null || inside === undefined || !sameAddress(inside.address, author);
}

/**
 * `outer`: the header block of the message as it came. `content`: the header block of the entity that takes the place of its body, whose Content-*
 * fields it then has. `inner`: the header block that was protected. All with CRLF line ends.
 */
export function openedHeader(outer: Buffer, content: Buffer, inner: Buffer, protection: HeaderProtection): Buffer {
  const fields = parseHeader(outer);
  const inside = protection === 'none' ? [] : single(parseHeader(inner));
  const replaced = new Set(inside.map(({ name }) => name.toLowerCase()));
  const edits: HeaderEdit[] = [];
  for (const field of fields) {
    const name = field.name.toLowerCase();
    // RFC 9788 section 4.4: what is only outside was added on the way, a Cc for instance, to which an answer would go.
    const gone = isContent(name) || replaced.has(name) || (protection === 'all' && restored.has(name));
    if (gone) edits.push({ kind: 'remove', field });
  }
  const kept = withoutBlankLine(editHeader(outer, edits));
  const contents = parseHeader(content).filter(({ name }) => name.toLowerCase().startsWith('content-'));
  return Buffer.concat([
    kept,
    ...inside.map((field) => lines(inner, field)),
    Buffer.from('MIME-Version: 1.0\r\n'),
    ...contents.map((field) => lines(content, field)),
    Buffer.from('\r\n'),
  ]);
}

const isContent = (name: string): boolean => name.startsWith('content-') || name === 'mime-version';

/** Of the fields that come out, those that are there once: of two nobody knows which one counts. */
function single(fields: readonly Field[]): Field[] {
  return fields.filter(({ name }) => restored.has(name.toLowerCase()) && fieldsNamed(fields, name).length === 1);
}

function lines(block: Buffer, { start, end }: Field): Buffer {
  const octets = block.subarray(start, end);
  return octets.at(-1) === 0x0a ? octets : Buffer.concat([octets, Buffer.from('\r\n')]);
}

/** The fields of a block, up to its empty line; what are no fields among them stays out, as it could be taken for the end. */
function withoutBlankLine(block: Buffer): Buffer {
  return Buffer.concat(parseHeader(block).map((field) => lines(block, field)));
}
