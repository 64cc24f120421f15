/**
 * Reading DER from front to back, where a whole tree of objects would be too much: revocation lists have a hundred thousand entries
 * (crl.ts, ocsp.ts, certificate-pointers.ts). The writing side, and the standard, is der.ts. Whatever is not well-formed throws NotDer.
 */

export class NotDer extends Error {}

/** One value: its identifier octet, its content, and all of it as it came. */
export type DerValue = { readonly tag: number; readonly content: Buffer; readonly raw: Buffer };

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

export class DerReader {
  readonly #octets: Buffer;
  #at = 0;

  /** Reads the values that follow each other in these octets. */
  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get atEnd(): boolean {
    return this.#at >= this.#octets.length;
  }

  /** The identifier octet of the next value; null at the end. */
  get tag(): number | null {
    return this.#octets[this.#at] ?? null;
  }

  /** The next value, which must have this tag when one is given. */
  next(tag?: number): DerValue {
    const from = this.#at;
    const found = this.#octets[from];
    const first = this.#octets[from + 1];
    if (found === undefined || first === undefined) throw new NotDer('it ends early');
    if (tag !== undefined && found !== tag) throw new NotDer(`tag ${found} where ${tag} was expected`);
    // X.690 sections 8.1.2.4 and 10.1: no tags above 30 are needed here, and lengths are definite.
    if ((found & 0x1f) === 0x1f || first === 0x80) throw new NotDer('a form that DER does not have here');
    const more = first < 0x80 ? 0 : first & 0x7f;
    const start = from + 2 + more;
    if (more > 4 || start > this.#octets.length) throw new NotDer('an impossible length');
    const length = more === 0 ? first : this.#octets.readUIntBE(from + 2, more);
    const end = start + length;
    if (end > this.#octets.length) throw new NotDer('it ends early');
    this.#at = end;
    return { tag: found, content: this.#octets.subarray(start, end), raw: this.#octets.subarray(from, end) };
  }

  /** The next value when it has this tag; else null, and it stays the next. */
  optional(tag: number): DerValue | null {
    return this.tag === tag ? this.next() : null;
  }

  /** What is inside the next value. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }
}

/** A constructed [n] or a primitive one. */
export const context = (n: number): number => 0xa0 | n;
export const contextPrimitive = (n: number): number => 0x80 | n;

/** An OBJECT IDENTIFIER in dotted form. X.690 section 8.19. */
export function oidText({ content }: DerValue): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content.subarray(0, 64)) {
    arc = arc * 128 + (octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length === 0) {
      const top = Math.min(Math.floor(arc / 40), 2);
      arcs.push(top, arc - top * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/** UTCTime or GeneralizedTime in the form certificates use, epoch milliseconds. RFC 5280 section 4.1.2.5. */
export function timeOf({ tag, content }: DerValue): number {
  const text = content.toString('latin1');
  const short = tag === tags.utcTime;
  const match = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(
    text,
  );
  if (match === null) throw new NotDer('a time in another form');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const full = short ? year + (year < 50 ? 2000 : 1900) : year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** The octets of a BIT STRING of whole octets. */
export function bitsOf({ content }: DerValue): Buffer {
  if (content[0] !== 0) throw new NotDer('a BIT STRING that is not of whole octets');
  return content.subarray(1);
}

/** A natural number as hexadecimal digits without leading zeros, to compare by. */
export function serialText(content: Uint8Array): string {
  const first = content.findIndex((octet) => octet !== 0);
  return first === -1 ? '0' : Buffer.from(content.subarray(first)).toString('hex');
}
