/**
 * The kinds of values a setting can have, as zod schemas whose messages say what was expected and what to write instead. Each takes
 * what people write ("5m", "150MB", "[::]:25") and gives what the program uses (milliseconds, octets, host and port).
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { canonicalAddress, toAsciiDomain } from '../mail/address.ts';
import type { Listen } from './config.ts';
import { says, section } from './yaml.ts';

/** A setting whose text is read by `read`, which returns null for what it cannot use. */
export function readBy<T>(expected: string, remedy: string, read: (text: string) => T | null, hidden = false) {
  const error = says(expected, remedy, hidden);
  return z.string({ error }).transform((text, context) => {
    const value = read(text.trim());
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

export function wholeNumber(min: number, max: number) {
  const error = says('a whole number', `Write a number from ${min} to ${max}.`);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function flag() {
  return z.boolean({ error: says('true or false', 'Write true or false, without quotes.') });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: says(`one of ${values.join(', ')}`, `Write ${orList(values)}.`) });
}

/** Text that is not empty and holds no control characters. */
export function text(expected: string, remedy: string) {
  return readBy(expected, remedy, (value) => (/^[^\x00-\x1f\x7f]{1,1000}$/.test(value) ? value : null));
}

export function listOf<Item extends z.ZodType>(item: Item, expected: string, min = 0, max = 1_000_000, hidden = false) {
  const remedy =
    min > 0
      ? 'Write at least one, as [a, b] or as lines that begin with "- ".'
      : 'Write [a, b], or lines that begin with "- ".';
  const error = says(expected, remedy, hidden);
  return z.array(item, { error }).min(min, { error }).max(max, { error });
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** "5m" -> milliseconds. */
export function duration() {
  return readBy('a duration', 'Write a number with its unit: 30s, 5m, 4h, 5d or 2w.', readDuration);
}

/** As `duration`; 0 for "off". */
export function durationOrOff() {
  const error = says('a duration, or off', 'Write a number with its unit, such as 12h or 1d, or off.');
  return z.union([z.number(), z.string()], { error }).transform((value, context) => {
    const text = String(value).trim();
    const milliseconds = text === 'off' || text === '0' ? 0 : readDuration(text);
    if (milliseconds !== null) return milliseconds;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

function readDuration(text: string): number | null {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text) ?? [];
  const milliseconds = Number(count) * (units[unit ?? ''] ?? 0);
  return milliseconds > 0 && milliseconds <= 3650 * 86_400_000 ? milliseconds : null;
}

const sizes: Readonly<Record<string, number>> = { '': 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** 157286400 or "150MB" -> octets; a KB is 1,024 octets, as the limits of mail systems are counted. */
export function size(min: number, max: number) {
  const error = says('a size', `Write octets, or a number with KB, MB or GB, from ${min} to ${max} octets.`);
  return z.union([z.number(), z.string()], { error }).transform((value, context) => {
    const [, count, unit = ''] = /^(\d{1,15}) ?([KMGT]B)?$/i.exec(String(value).trim()) ?? [];
    const octets = Number(count) * (sizes[unit.toUpperCase()] ?? Number.NaN);
    if (octets >= min && octets <= max) return octets;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

/** A domain name; internationalised ones become A-labels, in lower case. */
export function domain(expected = 'a domain name') {
  return readBy(expected, 'Write it like mail.example.com, without a trailing dot.', (value) =>
    value.includes('.') || value === 'localhost' ? toAsciiDomain(value) : null,
  );
}

/** A mail address, in normal form. */
export function mailAddress() {
  return readBy('a mail address', 'Write it like postmaster@corp.example.', (value) => {
    const address = canonicalAddress(value);
    return address === null || !/^[!-~]+$/.test(address) || address.includes('[') ? null : address;
  });
}

/** A host name, or "*." and a domain for one label more. */
export function hostPattern() {
  return readBy('a mail server', 'Write it like mx.example.com or "*.example.com".', readPattern);
}

/** A mail domain, or "*." and a domain for its subdomains; as A-labels, in lower case. */
export function domainPattern() {
  return readBy('a domain', 'Write it like example.com or "*.example.com".', (value) =>
    value.includes('.') ? readPattern(value) : null,
  );
}

function readPattern(value: string): string | null {
  const wildcard = value.startsWith('*.');
  const name = toAsciiDomain(wildcard ? value.slice(2) : value);
  return name === null ? null : `${wildcard ? '*.' : ''}${name}`;
}

/** A host: a domain name or an IP address. */
export function host() {
  return readBy('a host name or an IP address', 'Write it like mx.example.com or 192.0.2.1.', (value) =>
    isIP(value) === 0 ? toAsciiDomain(value) : value,
  );
}

export function port() {
  return wholeNumber(1, 65_535);
}

/** "0.0.0.0:25", "[::]:25", "localhost:8443". Port 0 asks the system for a free one. */
export function listen() {
  return readBy('an address and a port', 'Write it like "0.0.0.0:25" or "[::]:25", in quotes.', (value) =>
    readListen(value),
  );
}

/** "10.0.0.0/8"; an address alone is a network of one. */
export function network() {
  return readBy('a network', 'Write it like 192.0.2.0/24 or 2001:db8::/32.', (value) => {
    const [address = '', prefix, ...rest] = value.split('/');
    const family = isIP(address);
    const longest = family === 4 ? 32 : 128;
    if (family === 0 || rest.length > 0 || address.includes('%')) return null;
    if (prefix === undefined) return `${address}/${longest}`;
    return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest ? `${address}/${Number(prefix)}` : null;
  });
}

/** A SHA-256 value in hexadecimal, also with colons as tools print it -> 64 lower-case digits. */
export function sha256() {
  return readBy('a SHA-256 value', 'Write its 64 hexadecimal digits, with or without colons, in quotes.', (value) => {
    const digits = value.replaceAll(':', '').toLowerCase();
    return /^[0-9a-f]{64}$/.test(digits) ? digits : null;
  });
}

/** "127.0.0.1:53"; port 53 when none is written. */
export function nameServer() {
  return readBy('the address of a DNS server', 'Write it like "127.0.0.1:53", in quotes.', (value) => {
    if (isIP(value) !== 0) return isIP(value) === 4 ? `${value}:53` : `[${value}]:53`;
    const at = readListen(value);
    if (at === null || at.port === 0 || isIP(at.host) === 0) return null;
    return isIP(at.host) === 4 ? `${at.host}:${at.port}` : `[${at.host}]:${at.port}`;
  });
}

/** "https://secure.corp.example", without path, query or trailing slash. */
export function httpsOrigin() {
  return readBy('an https origin', 'Write it like https://secure.example.com, without a path.', (value) => {
    const url = URL.parse(value);
    const origin = url?.protocol === 'https:' && url.username === '' && url.password === '' ? url.origin : null;
    return origin !== null && url?.href === `${origin}/` ? origin : null;
  });
}

/** "ldaps://ldap.example:636" -> its parts; the port is the usual one when none is written. */
export function ldapUrl() {
  return readBy('the URL of a directory', 'Write it like ldaps://ldap.example.com, without a path.', (value) => {
    const [, scheme, name = '', port] = /^(ldaps?):\/\/([^/:[\]\s@]{1,253})(?::(\d{1,5}))?\/?$/i.exec(value) ?? [];
    const host = isIP(name) === 0 ? toAsciiDomain(name) : name;
    if (scheme === undefined || host === null || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return null;
    const secure = scheme.toLowerCase() === 'ldaps';
    return {
      url: `${scheme.toLowerCase()}://${host}${port === undefined ? '' : `:${port}`}`,
      host,
      port: Number(port ?? (secure ? 636 : 389)),
      secure,
    };
  });
}

/** The path of a file, as written; load.ts resolves it against the folder of the configuration file. */
export function file(what: string) {
  return text(`the path of ${what}`, 'Write a path; a relative one starts at the folder of this file.');
}

/** Where a secret is kept. Exactly one of the three. */
export function secretReference(what: string) {
  const remedy = `Write { file: PATH }, { env: NAME } or { credential: NAME } to say where ${what} is kept.`;
  return section(
    {
      file: file(`the file with ${what}`).optional(),
      env: readBy(
        'the name of an environment variable',
        'Write it like POSTERN_KEY.',
        (value) => (/^[A-Za-z_][A-Za-z0-9_]{0,200}$/.test(value) ? value : null),
        true,
      ).optional(),
      credential: readBy(
        'the name of a systemd credential',
        'Write the name given to LoadCredential=.',
        (value) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$/.test(value) ? value : null),
        true,
      ).optional(),
    },
    true,
  ).refine((value) => [value.file, value.env, value.credential].filter((place) => place !== undefined).length === 1, {
    error: says(`exactly one place for ${what}`, remedy, true),
  });
}

export type SecretReference = z.output<ReturnType<typeof secretReference>>;

/** A file path, or one of the three places. */
export function secretFile(what: string) {
  const remedy = `Write the path of a file that holds ${what}, or { file: PATH }, { env: NAME } or { credential: NAME }.`;
  const error = says(`the path of a file with ${what}`, remedy, true);
  return z.union(
    [readBy(`the path of a file with ${what}`, remedy, (value) => value || null, true), secretReference(what)],
    { error },
  );
}

/** 'sqlite', a PostgreSQL URL, or the place where the URL is kept, since it may hold a password. */
export function database() {
  const expected = 'sqlite or a PostgreSQL URL';
  const remedy = 'Write sqlite, postgres://USER@HOST/NAME, or { env: NAME } for a URL that holds a password.';
  return z.union([readBy(expected, remedy, readDatabase, true), secretReference('the database URL')], {
    error: says(expected, remedy, true),
  });
}

/** 'sqlite' or a PostgreSQL URL as it is; null for anything else. */
export function readDatabase(value: string): string | null {
  if (value === 'sqlite') return value;
  const protocol = URL.parse(value)?.protocol;
  return protocol === 'postgres:' || protocol === 'postgresql:' ? value : null;
}

function readListen(value: string): Listen | null {
  const [, six, four, port] = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:[\]\s/]{1,253})):(\d{1,5})$/.exec(value) ?? [];
  if (port === undefined || Number(port) > 65_535) return null;
  if (six !== undefined) return isIP(six) === 6 ? { host: six, port: Number(port) } : null;
  const name = four ?? '';
  // What looks like an address must be one: "300.1.1.1" is no host name.
  if (isIP(name) === 0 && (/^[\d.]+$/.test(name) || toAsciiDomain(name) === null)) return null;
  return { host: name, port: Number(port) };
}

function orList(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** The name of a header field, without its colon. RFC 5322 section 2.2. */
export function fieldName(example: string) {
  const remedy = `Write it like ${example}`;
  return text('the name of a header field', `${remedy}.`).refine((name) => /^[!-9;-~]{1,70}$/.test(name), {
    error: `the name of a header field\n${remedy}, without a colon.`,
  });
}
