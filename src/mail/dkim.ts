/**
 * DKIM signatures: `signatureOver` makes the field for a header and the hash of a body, which `bodyHash` takes from a stream; `signMessage` puts one on top
 * of a message in memory. Header and body are signed whole, in relaxed form, so that relays that fold or trim lines do not break it; each field is signed
 * once more than it is there, so that nobody can add a second one that programs show instead.
 *
 * Standards: RFC 6376 (signing), RFC 8463.
 * Limits: no verification.
 */
import { createHash, type Hash, type KeyObject, sign } from 'node:crypto';
import { type Field, parseHeader } from './header.ts';

export type Signer = {
  /** The signing domain, which the receiver compares with the one in From. */
  readonly domain: string;
  readonly selector: string;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
};

/** What an author writes and relays leave alone. RFC 6376 section 5.4.1. */
const signed = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'auto-submitted',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'tls-report-domain',
  'tls-report-submitter',
  'tls-required',
]);

/** Signed also where they are missing: nothing adds them on the way but who wants to change what is read, or where answers go. */
const evenMissing = ['from', 'reply-to', 'to', 'cc', 'subject'] as const;

/** The message with the field before it. @param at epoch milliseconds. */
export function signMessage(message: Buffer, signer: Signer, at: number): Buffer {
  const bodyAt = message.indexOf('\r\n\r\n') + 4;
  const hash = new RelaxedBody();
  hash.push(message.subarray(bodyAt));
  const field = signatureOver(parseHeader(message.subarray(0, bodyAt)), hash.digest(), signer, at);
  return Buffer.concat([Buffer.from(field, 'latin1'), message]);
}

/** The hash of a body whose octets come as a stream. */
export async function bodyHash(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const hash = new RelaxedBody();
  for await (const chunk of body) hash.push(chunk);
  return hash.digest();
}

/** The field DKIM-Signature with its line end. */
export function signatureOver(
  header: readonly Field[],
  bodyHashed: Buffer,
  { domain, selector, key }: Signer,
  at: number,
): string {
  // RFC 6376 section 5.4.2: verifiers take several of one name from the bottom up, and then nothing where none is left.
  const fields = header.filter(({ name }) => signed.has(name.toLowerCase())).toReversed();
  const names = fields.map(({ name }) => name.toLowerCase());
  const covers = [...names, ...new Set([...evenMissing, ...names])];
  const elliptic = key.asymmetricKeyType === 'ed25519';
  const value = ` ${[
    'v=1',
    `a=${elliptic ? 'ed25519' : 'rsa'}-sha256`,
    'c=relaxed/relaxed',
    `d=${domain}`,
    `s=${selector}`,
    `t=${Math.floor(at / 1000)}`,
    `h=${covers.join(':\r\n  ')}`,
    `bh=${bodyHashed.toString('base64')}`,
    'b=',
  ].join(';\r\n ')}`;
  const covered = [
    ...fields.map(({ name, raw }) => `${relaxedField(name, raw)}\r\n`),
    // RFC 6376 section 3.7: the signature's own field comes last, without its value and its line end.
    relaxedField('DKIM-Signature', value),
  ].join('');
  // RFC 8463 section 3: Ed25519 signs the hash.
  const octets = Buffer.from(covered, 'latin1');
  const signature = elliptic
    ? sign(null, createHash('sha256').update(octets).digest(), key)
    : sign('sha256', octets, key);
  const folded = signature.toString('base64').replaceAll(/.{70}(?=.)/g, '$&\r\n  ');
  return `DKIM-Signature:${value}${folded}\r\n`;
}

/** RFC 6376 section 3.4.2. */
function relaxedField(name: string, raw: string): string {
  return `${name.toLowerCase()}:${raw
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()}`;
}

/** Line breaks that are hashed at once. */
const lines = Buffer.from('\r\n'.repeat(4_096));

/** The SHA-256 of a body in relaxed form. RFC 6376 section 3.4.4. Memory does not grow with the body. */
class RelaxedBody {
  readonly #hash: Hash = createHash('sha256');
  /** A blank and a CR at the end of what came: what follows says what becomes of them. */
  #held = '';
  /** Line breaks that count only if something follows. */
  #breaks = 0;
  #empty = true;

  push(chunk: Uint8Array): void {
    const text = this.#held + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    const relaxed = text.replaceAll(/[ \t]+/g, ' ').replaceAll(' \r\n', '\r\n');
    this.#held = / ?\r?$/.exec(relaxed)?.[0] ?? '';
    this.#take(relaxed.slice(0, relaxed.length - this.#held.length));
  }

  digest(): Buffer {
    if (this.#held.endsWith('\r')) this.#take(this.#held);
    if (!this.#empty) this.#hash.update('\r\n');
    return this.#hash.digest();
  }

  #take(text: string): void {
    let end = text.length;
    while (text.endsWith('\r\n', end)) end -= 2;
    if (end > 0) {
      for (let left = this.#breaks * 2; left > 0; left -= lines.length) this.#hash.update(lines.subarray(0, left));
      this.#breaks = 0;
      this.#hash.update(text.slice(0, end), 'latin1');
      this.#empty = false;
    }
    this.#breaks += (text.length - end) / 2;
  }
}
