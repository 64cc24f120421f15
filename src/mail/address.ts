/**
 * Mail addresses: one parser for policy, key look-up, tenant proof and delivery, so that no two of them can disagree
 * about whom a message concerns. `parseAddress` reads an envelope address, `parseMailboxes` a From, To or Cc value.
 *
 * The normal form is `local@domain`: the local part as written but quoted only where it must be, the domain in
 * lower-case A-labels. Encoded words are never decoded into an address. Reading is linear in the input.
 *
 * Standards: RFC 5890. The syntax is RFC 5321 section 4.1.2 with RFC 6531 section 3.3, and RFC 5322 section 3.4 for lists.
 * Limits: local parts up to 256 octets (RFC 5321 says 64, bounce addresses use more); Unicode normalisation forms of a
 * local part are different addresses; address literals are IPv4 and IPv6 only; source routes are refused.
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { readComment, readQuoted } from './enclosed.ts';
import { decodeWords, encodeWords, octetsToText, withoutControls } from './encoded-word.ts';

const longestLocal = 256;
const longestDomain = 253;

export type Address = {
  /** The local part without quotes or escapes. */
  readonly local: string;
  /** Lower-case A-labels, or an address literal in brackets. */
  readonly domain: string;
};

/** `address` in normal form; `name` decoded, empty when there is none. */
export type Mailbox = { readonly name: string; readonly address: string };

export type Mailboxes = {
  readonly mailboxes: Mailbox[];
  /** Some of the value is no address, or two readers could find different addresses in it. */
  readonly ambiguous: boolean;
};

/** Reads `local@domain`, with or without one pair of angle brackets; null for anything else. */
export function parseAddress(text: string): Address | null {
  const octets = isAscii(text) ? text : Buffer.from(text).toString('latin1');
  const tokens = [...tokenise(octets)];
  if (tokens.some((token) => token.kind === 'comment')) return null;
  const bracketed = tokens.length === 1 && tokens[0]?.kind === 'angle' ? tokens[0].inner : tokens;
  return addressOf(bracketed);
}

/** The address as it is written on the wire, its local part quoted when it must be. */
export function formatAddress(address: Address): string {
  const local = dotAtom.test(address.local) ? address.local : `"${address.local.replaceAll(/["\\]/g, '\\$&')}"`;
  return `${local}@${address.domain}`;
}

/** The normal form of an address, or null when the text is none. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  return address === null ? null : formatAddress(address);
}

/** The domain of an address in normal form. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Whether two addresses in normal form are the same: equal domains, local parts equal but for ASCII case. */
export function sameAddress(a: string, b: string): boolean {
  return addressKey(a) === addressKey(b);
}

/** One string for all spellings of an address in normal form; to compare, index and look up by, never to send to. */
export function addressKey(address: string): string {
  return address.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A mailbox for a header: the name quoted or encoded as needed, lines folded between encoded words. */
export function formatMailbox(mailbox: Mailbox): string {
  const name = withoutControls(mailbox.name).trim();
  if (name === '') return mailbox.address;
  const plain = /^[\x20-\x7e]{1,200}$/.test(name) && !name.includes('=?');
  if (!plain) return `${encodeWords(name).join('\r\n ')}\r\n <${mailbox.address}>`;
  const phrase = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$/.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
  return `${phrase} <${mailbox.address}>`;
}

/**
 * A domain name in lower-case A-labels, or null when it is none: empty or over-long labels, characters outside letters,
 * digits, hyphen and underscore, an A-label that is not well-formed, an IP address. One trailing dot is dropped.
 */
export function toAsciiDomain(text: string): string | null {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  // Node's converter reads its input as a URL host, where %41, 0x7f.1 and a/b mean something; nothing of that gets in.
  if (name.length > longestDomain || /[^A-Za-z0-9._\x80-\u{10ffff}-]/u.test(name)) return null;
  const lower = name.toLowerCase();
  const plain = isAscii(lower) && !lower.includes('xn--');
  const ascii = plain ? lower : domainToASCII(name);
  if (!plain && domainToASCII(domainToUnicode(ascii)) !== ascii) return null;
  const labels = ascii.split('.');
  const wellFormed = labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (!wellFormed || ascii.length > longestDomain) return null;
  return /^\d+$|^0x/.test(labels.at(-1) ?? '') ? null : ascii;
}

/** Reads a header value of addresses: mailboxes, lists, groups and comments. `raw` is the field's raw value (latin1 octets). */
export function parseMailboxes(raw: string): Mailboxes {
  const mailboxes: Mailbox[] = [];
  let ambiguous = false;
  let inGroup = false;
  let element: Token[] = [];
  const finish = () => {
    const read = element.length > 0 ? readMailbox(element) : null;
    if (read?.mailbox) mailboxes.push(read.mailbox);
    if (read?.ambiguous) ambiguous = true;
    element = [];
  };
  for (const token of tokenise(raw)) {
    if (token.kind !== 'special') {
      element.push(token);
      if ((token.kind === 'angle' || token.kind === 'quoted' || token.kind === 'comment') && !token.closed)
        ambiguous = true;
    } else if (token.text === ',') {
      finish();
    } else if (token.text === ':' && !inGroup && isPhrase(element)) {
      inGroup = true; // RFC 5322 section 3.4: the words so far named the group.
      element = [];
    } else if (token.text === ';') {
      if (!inGroup) ambiguous = true;
      finish();
      inGroup = false;
    } else {
      element.push(token);
    }
  }
  finish();
  return { mailboxes, ambiguous: ambiguous || inGroup };
}

type Token =
  | { readonly kind: 'atom' | 'literal' | 'special'; readonly text: string }
  | { readonly kind: 'quoted' | 'comment'; readonly text: string; readonly closed: boolean }
  | { readonly kind: 'angle'; readonly inner: readonly Token[]; readonly closed: boolean };

const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\u{10ffff}-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\u{10ffff}-]+)*$/u;

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function isPhrase(tokens: readonly Token[]): boolean {
  return tokens.length > 0 && tokens.every(({ kind }) => kind === 'atom' || kind === 'quoted' || kind === 'comment');
}

/** Splits a value into tokens; `<...>` comes as one token with its own inside it. White space only separates. */
function* tokenise(octets: string): Generator<Token> {
  const pattern = /[^ \t\r\n()<>[\]:;@\\,"]+|\[[^[\]]*\]|[^ \t\r\n]/gy;
  let angle: Token[] | null = null;
  for (let at = 0; at < octets.length; ) {
    pattern.lastIndex = at;
    const match = pattern.exec(octets);
    if (match === null) {
      at += 1; // white space
      continue;
    }
    const text = match[0];
    at += text.length;
    let token: Token;
    if (text === '"' || text === '(') {
      const enclosed = text === '"' ? readQuoted(octets, at) : readComment(octets, at);
      at = enclosed.end;
      token = { kind: text === '"' ? 'quoted' : 'comment', text: enclosed.text, closed: enclosed.closed };
    } else if (text === '<' && angle === null) {
      angle = [];
      continue;
    } else if (text === '>' && angle !== null) {
      yield { kind: 'angle', inner: angle, closed: true };
      angle = null;
      continue;
    } else {
      token = { kind: kindOf(text), text };
    }
    if (angle === null) yield token;
    else angle.push(token);
  }
  if (angle !== null) yield { kind: 'angle', inner: angle, closed: false };
}

function kindOf(text: string): 'atom' | 'literal' | 'special' {
  if (text.length > 1 && text.startsWith('[')) return 'literal';
  return /^[()<>[\]:;@\\,"]$/.test(text) ? 'special' : 'atom';
}

/** One element of a list. Whatever is neither an address nor a name with an address in brackets is ambiguous. */
function readMailbox(tokens: readonly Token[]): { mailbox: Mailbox | null; ambiguous: boolean } {
  const words = tokens.filter(({ kind }) => kind !== 'comment');
  const comments = tokens.flatMap((token) => (token.kind === 'comment' ? [token.text] : []));
  const angleAt = words.findIndex(({ kind }) => kind === 'angle');
  const angle = words[angleAt];
  if (angle?.kind !== 'angle') {
    const address = addressOf(words);
    if (address === null) return { mailbox: null, ambiguous: words.length > 0 };
    return { mailbox: { name: nameOf(comments), address: formatAddress(address) }, ambiguous: looksEncoded(address) };
  }
  const phrase = words.slice(0, angleAt);
  const inner = angle.inner.filter(({ kind }) => kind !== 'comment');
  if (inner.length === 0) return { mailbox: null, ambiguous: phrase.some(isAt) || words.length > angleAt + 1 };
  const address = addressOf(inner);
  if (address === null) return { mailbox: null, ambiguous: true };
  const name = nameOf(phrase.length > 0 ? textsOf(phrase) : comments);
  const formatted = formatAddress(address);
  // `a@x.example <a@x.example>` is common and harmless; a different address outside the brackets is a trap.
  const bare = phrase.some(isAt) ? addressOf(phrase) : address;
  const trap = bare === null || !sameAddress(formatAddress(bare), formatted) || words.length > angleAt + 1;
  return { mailbox: { name, address: formatted }, ambiguous: trap || looksEncoded(address) };
}

/** The words of a phrase; an address among them stays in one piece. */
function textsOf(phrase: readonly Token[]): string[] {
  const texts = phrase.flatMap((token) => ('text' in token ? [token.text] : []));
  const [first, at, last] = texts;
  return texts.length === 3 && at === '@' ? [`${first}${at}${last}`] : texts;
}

function isAt(token: Token): boolean {
  return token.kind === 'special' && token.text === '@';
}

/** An encoded word as local part is taken as written, but others may decode it. */
function looksEncoded(address: Address): boolean {
  return address.local.includes('=?');
}

function nameOf(words: readonly string[]): string {
  return withoutControls(decodeWords(words.join(' '))).trim();
}

/** `local @ domain` and nothing else. RFC 5321 section 4.1.2. */
function addressOf(tokens: readonly Token[]): Address | null {
  const [first, at, last] = tokens;
  if (tokens.length !== 3 || first === undefined || at === undefined || last === undefined || !isAt(at)) return null;
  if ((first.kind !== 'atom' && first.kind !== 'quoted') || (first.kind === 'quoted' && !first.closed)) return null;
  const local = octetsToText(first.text);
  if (local === '' || Buffer.byteLength(local) > longestLocal) return null;
  // Spaces stand only in quotes; controls, separators and invisible format characters (but the two joiners) nowhere.
  if (/[^\P{Z} ]|(?![\u200c\u200d])\p{C}/u.test(local)) return null;
  if (last.kind === 'literal') {
    const literal = literalOf(last.text);
    return literal === null ? null : { local, domain: literal };
  }
  const domain = last.kind === 'atom' && !last.text.endsWith('.') ? toAsciiDomain(octetsToText(last.text)) : null;
  return domain === null ? null : { local, domain };
}

/** RFC 5321 section 4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`, the latter in its shortest spelling. */
function literalOf(text: string): string | null {
  const inner = text.slice(1, -1);
  const octets = /^\d{1,3}(\.\d{1,3}){3}$/.test(inner) ? inner.split('.').map(Number) : [];
  if (octets.length === 4) return octets.every((octet) => octet <= 255) ? `[${octets.join('.')}]` : null;
  const ipv6 = /^ipv6:([0-9a-f:.]{2,45})$/i.exec(inner)?.[1];
  const url = ipv6 === undefined ? null : URL.parse(`http://[${ipv6}]/`);
  return url === null ? null : `[IPv6:${url.hostname.slice(1)}`;
}
