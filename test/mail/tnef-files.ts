/** winmail.dat streams made for tests. */

type Value = string | Uint8Array | number;
/** `id`, how it is written, and what: several values when it is a list. */
export type TnefProperty = {
  readonly id: number;
  readonly as: 'string8' | 'unicode' | 'binary' | 'long' | 'message';
  readonly value: Value | readonly Value[];
  /** The name of a property outside the standard ones. */
  readonly name?: string;
};

/** What stands before the first attribute. */
export const tnefHead = Buffer.from([0x78, 0x9f, 0x3e, 0x22, 0x01, 0x00]);

export function tnefFile(...attributes: readonly Uint8Array[]): Buffer {
  return Buffer.concat([tnefHead, ...attributes]);
}

const kinds = {
  subject: 0x00018004,
  body: 0x0002800c,
  codePage: 0x00069007,
  properties: 0x00069003,
  begins: 0x00069002,
  title: 0x00018010,
  data: 0x0006800f,
  attachment: 0x00069005,
} as const;

export function attribute(kind: keyof typeof kinds, value: Uint8Array | string): Buffer {
  const octets = Buffer.from(value as string, 'latin1');
  const level = ['begins', 'title', 'data', 'attachment'].includes(kind) ? 2 : 1;
  const sum = octets.reduce((total, octet) => (total + octet) & 0xffff, 0);
  return Buffer.concat([Buffer.from([level]), u32(kinds[kind]), u32(octets.length), octets, u16(sum)]);
}

export function properties(...all: readonly TnefProperty[]): Buffer {
  return Buffer.concat([u32(all.length), ...all.map(property)]);
}

const types = { long: 0x0003, message: 0x000d, string8: 0x001e, unicode: 0x001f, binary: 0x0102 } as const;
/** IID_IMessage. */
const messageInterface = Buffer.from('0703020000000000c000000000000046', 'hex');

function property({ id, as, value, name }: TnefProperty): Buffer {
  const several = Array.isArray(value);
  const values = (several ? value : [value]) as readonly Value[];
  const named = name === undefined ? [] : [Buffer.alloc(16), u32(1), counted(Buffer.from(`${name}\0`, 'utf16le'))];
  const head = [u16(types[as] | (several ? 0x1000 : 0)), u16(id), ...named];
  if (as === 'long')
    return Buffer.concat([...head, ...(several ? [u32(values.length)] : []), ...values.map(Number).map(u32)]);
  return Buffer.concat([...head, u32(values.length), ...values.map((one) => counted(octetsOf(as, one)))]);
}

function octetsOf(as: TnefProperty['as'], value: Value): Buffer {
  if (as === 'unicode') return Buffer.from(`${String(value)}\0`, 'utf16le');
  if (as === 'string8') return Buffer.from(`${String(value)}\0`, 'latin1');
  const octets = typeof value === 'number' ? u32(value) : Buffer.from(value as string, 'latin1');
  return as === 'message' ? Buffer.concat([messageInterface, octets]) : octets;
}

function counted(octets: Buffer): Buffer {
  return Buffer.concat([u32(octets.length), octets, Buffer.alloc((4 - (octets.length % 4)) % 4)]);
}

function u16(value: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16LE(value);
  return octets;
}

function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(value);
  return octets;
}

/** Compressed RTF of literals only. */
export function packedRtf(rtf: string): Buffer {
  const literal = Buffer.from(rtf, 'latin1');
  const runs: Buffer[] = [];
  for (let at = 0; at < literal.length; at += 8) runs.push(Buffer.from([0]), literal.subarray(at, at + 8));
  const packed = Buffer.concat(runs);
  return Buffer.concat([u32(packed.length + 12), u32(literal.length), u32(0x75465a4c), u32(0), packed]);
}
