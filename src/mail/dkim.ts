/**
 * DKIM signatures for messages of our own: `signMessage` puts one on top. Header and body are signed whole, in relaxed form, so that relays that
 * fold or trim lines do not break it; From is signed once more than it is there, so that nobody can add a second.
 *
 * Standards: RFC 6376 (signing), RFC 8463.
 * Limits: no verification.
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { parseHeader } from './header.ts';

export type Signer = {
  /** The signing domain, which the receiver compares with the one in From. */
  readonly domain: string;
  readonly selector: string;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
};

/** Of the fields of our own messages, all but those that relays change. */
const signed = new Set([
  'from',
  'reply-to',
  'to',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'auto-submitted',
  'mime-version',
  'content-type',
  'tls-report-domain',
  'tls-report-submitter',
  'tls-required',
]);

/**
 * The message with the field before it. Its header must hold each of the fields above once at most, as ours do.
 * @param at epoch milliseconds.
 */
export function signMessage(message: Buffer, { domain, selector, key }: Signer, at: number): Buffer {
  const bodyAt = message.indexOf('\r\n\r\n') + 4;
  const fields = parseHeader(message.subarray(0, bodyAt)).filter(({ name }) => signed.has(name.toLowerCase()));
  const elliptic = key.asymmetricKeyType === 'ed25519';
  const value = ` ${[
    'v=1',
    `a=${elliptic ? 'ed25519' : 'rsa'}-sha256`,
    'c=relaxed/relaxed',
    `d=${domain}`,
    `s=${selector}`,
    `t=${Math.floor(at / 1000)}`,
    `h=${[...fields.map(({ name }) => name.toLowerCase()), 'from'].join(':\r\n  ')}`,
    `bh=${sha256(relaxedBody(message.subarray(bodyAt).toString('latin1'))).toString('base64')}`,
    'b=',
  ].join(';\r\n ')}`;
  const covered = [
    ...fields.map(({ name, raw }) => `${relaxedField(name, raw)}\r\n`),
    // RFC 6376 section 3.7: the signature's own field comes last, without its value and its line end.
    relaxedField('DKIM-Signature', value),
  ].join('');
  // RFC 8463 section 3: Ed25519 signs the hash.
  const signature = elliptic ? sign(null, sha256(covered), key) : sign('sha256', Buffer.from(covered, 'latin1'), key);
  const folded = signature.toString('base64').replaceAll(/.{70}(?=.)/g, '$&\r\n  ');
  return Buffer.concat([Buffer.from(`DKIM-Signature:${value}${folded}\r\n`, 'latin1'), message]);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}

/** RFC 6376 section 3.4.2. */
function relaxedField(name: string, raw: string): string {
  return `${name.toLowerCase()}:${raw
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()}`;
}

/** RFC 6376 section 3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
  const last = lines.findLastIndex((line) => line !== '');
  return lines
    .slice(0, last + 1)
    .map((line) => `${line}\r\n`)
    .join('');
}
