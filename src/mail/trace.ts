/**
 * The two header fields Postern puts before every message it accepts, and how it recognises a message that comes round again.
 *
 * - Received (RFC 5321 section 4.4): from whom, over what, when, under which id. It never carries a `for` clause: with one, a copy would
 *   tell its reader the address of a Bcc recipient.
 * - X-Postern-Trace: `v=1; id=<message id>; h=<hostname>; s=<HMAC-SHA256, base64url>`. The signature covers the tenant too, without naming
 *   it: a trace is valid only for the tenant whose message it was. So mail from one tenant that a mailbox of another tenant of the same
 *   gateway forwards is no loop, while any true loop passes the same tenant twice. A forged, foreign or damaged trace is no
 *   trace: it stays in the header as it came and means nothing.
 *
 * A quoted or attached message has its traces in the body; only fields of the message's own header count. The entries are receivedField(),
 * traceField() and, for the way in, countHops() and isLoop().
 *
 * Standards: RFC 3848, RFC 5869.
 *
 * Limits: a message that leaves a tenant and is legitimately forwarded back into the same tenant and out again is refused as a loop at its
 * second pass.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type Field, fieldsNamed } from './header.ts';

/** One message's way in, as the Received field tells it. */
export type Reception = {
  /** The client's HELO or EHLO argument, hostile until checked here. */
  readonly helo: string;
  readonly clientIp: string;
  readonly hostname: string;
  readonly extended: boolean;
  readonly utf8: boolean;
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
};

/** No message has a use for more; the hop limit ends what gets past this. */
const tracesLookedAt = 100;

/** The key of the trace header, derived from the 32-octet master key. RFC 5869 section 2. */
export function traceKeyFrom(masterKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'postern trace header v1', 32));
}

/** The complete field with its CRLFs, folded below 998 octets whatever the client said. */
export function receivedField(reception: Reception): string {
  const { hostname, id, tls } = reception;
  const from = `${heloName(reception.helo)} (${addressLiteral(reception.clientIp)})`;
  const secured = tls === null ? '' : `\r\n\t(using ${atomText(tls.protocol)} with cipher ${atomText(tls.cipher)})`;
  const stamp = `with ${transmissionType(reception)} id ${id}${secured};\r\n\t${dateTime(reception.receivedAt)}`;
  return `Received: from ${from}\r\n\tby ${hostname} ${stamp}\r\n`;
}

/** The complete field with its CRLF. `id` and `hostname` contain no semicolon. */
export function traceField(key: Uint8Array, id: string, hostname: string, tenant: string): string {
  const signature = sign(key, id, hostname, tenant).toString('base64url');
  return `X-Postern-Trace: v=1; id=${id};\r\n\th=${hostname}; s=${signature}\r\n`;
}

/** The claim of a trace header's value (still folded) if this gateway made it for this tenant; null otherwise. */
export function verifyTrace(key: Uint8Array, value: string, tenant: string): { id: string; hostname: string } | null {
  if (value.length > 1_000) return null;
  const match = /^v=1; id=([^;\s]+); h=([^;\s]+); s=([\w-]{43})$/.exec(value.replace(/\s+/g, ' ').trim());
  if (match === null) return null;
  const [, id = '', hostname = '', signature = ''] = match;
  const claimed = Buffer.from(signature, 'base64url');
  const expected = sign(key, id, hostname, tenant);
  return claimed.length === expected.length && timingSafeEqual(claimed, expected) ? { id, hostname } : null;
}

/** How many hosts the message has passed. RFC 5321 section 6.3. */
export function countHops(fields: readonly Field[]): number {
  return fieldsNamed(fields, 'Received').length;
}

/** Whether a message of this tenant has been through this gateway before. */
export function isLoop(fields: readonly Field[], key: Uint8Array, tenant: string): boolean {
  return fieldsNamed(fields, 'X-Postern-Trace')
    .slice(0, tracesLookedAt)
    .some((field) => verifyTrace(key, field.raw, tenant) !== null);
}

function sign(key: Uint8Array, id: string, hostname: string, tenant: string): Buffer {
  // JSON keeps the three apart whatever they contain
  return createHmac('sha256', key)
    .update(JSON.stringify([1, id, hostname, tenant]))
    .digest();
}

/** A name or literal the grammar knows, or `unknown`: nothing a client says may break the field. */
function heloName(helo: string): string {
  const known = helo.length <= 255 && /^(?:[\w.-]+|\[[\da-z:.]+\])$/i.test(helo);
  return known ? helo : 'unknown';
}

/** RFC 5321 section 4.1.3. */
function addressLiteral(ip: string): string {
  return ip.includes(':') ? `[IPv6:${ip}]` : `[${ip}]`;
}

/** RFC 3848; RFC 6531 section 4.3 for the UTF8 types. */
function transmissionType({ extended, utf8, tls }: Reception): string {
  if (!extended) return 'SMTP';
  return (utf8 ? 'UTF8SMTP' : 'ESMTP') + (tls === null ? '' : 'S');
}

function atomText(text: string): string {
  return text.replace(/[^\w.-]/g, '_').slice(0, 80);
}

/** RFC 5322 section 3.3, in UTC. */
function dateTime(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}
