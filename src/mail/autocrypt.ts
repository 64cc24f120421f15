/**
 * The key that a mail program sends along in the field Autocrypt (Autocrypt level 1, section 2.1): `addr=...; prefer-encrypt=mutual; keydata=BASE64`.
 *
 * It counts only when it is one, about the one author of the message: a second one for the same address, an attribute that is not known and
 * not marked as one that may be passed over (with an underscore), or several authors make it none.
 */
import { canonicalAddress, sameAddress } from './address.ts';
import { authorsOf, type Field, fieldsNamed } from './header.ts';

export type AutocryptKey = {
  /** In normal form: the author's. */
  readonly address: string;
  /** Binary OpenPGP, unread. */
  readonly keydata: Buffer;
};

/** Of the raw field: the base64 of a key of 64 KiB with its folding. */
const longest = 98_304;
const mostFields = 10;

/** The key of the message's author, or null. `fields` is its header. */
export function autocryptKey(fields: readonly Field[]): AutocryptKey | null {
  const { mailboxes, ambiguous } = authorsOf(fields);
  const author = mailboxes[0]?.address;
  if (ambiguous || author === undefined || isReport(fields)) return null;
  const own = fieldsNamed(fields, 'autocrypt')
    .slice(0, mostFields)
    .map(({ raw }) => read(raw))
    .filter((each) => each !== null && sameAddress(each.address, author));
  const [only, second] = own;
  return second === undefined ? (only ?? null) : null;
}

/** Reports quote their own circumstances, and their sender is a machine. */
function isReport(fields: readonly Field[]): boolean {
  return fieldsNamed(fields, 'content-type').some(({ raw }) => /^\s*multipart\/report\b/i.test(raw));
}

function read(raw: string): AutocryptKey | null {
  if (raw.length > longest) return null;
  const attributes = new Map<string, string>();
  for (const part of raw.split(';')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    if (part.trim() === '') continue;
    if (equals === -1 || attributes.has(name)) return null;
    attributes.set(name, part.slice(equals + 1).trim());
  }
  const unknown = [...attributes.keys()].some(
    (name) => !name.startsWith('_') && !['addr', 'prefer-encrypt', 'keydata'].includes(name),
  );
  const address = canonicalAddress(attributes.get('addr') ?? '');
  const base64 = (attributes.get('keydata') ?? '').replaceAll(/\s+/g, '');
  if (unknown || address === null || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  return { address, keydata: Buffer.from(base64, 'base64') };
}
