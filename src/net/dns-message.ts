/**
 * DNS messages as octets and back. A resolver asks with `encodeQuery` and reads with `decodeAnswer`; a server (the sandbox's, and
 * the tests') reads with `decodeQuery` and replies with `encodeAnswer`. What comes from the network is hostile: a message that is
 * not exactly an answer to our question becomes a value that says why, never an exception. Sockets are net/dns.ts.
 *
 * Standards: RFC 6891 (EDNS).
 * Limits: only the record types that routing and the look for keys need; other records in an answer are passed over. A name that is not made of letters,
 * digits, hyphens and underscores (RFC 1035 section 2.3.1, RFC 8552) never leaves this file: a record that holds one is dropped.
 */
import * as packet from 'dns-packet';
import type { TlsaRecord } from './resolver.ts';

/** What a record of each type says. TXT strings of one record are joined. */
export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME'; readonly data: string }
  | { readonly type: 'TXT'; readonly data: string }
  /** `exchange` is "." for a null MX. */
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | ({ readonly type: 'TLSA' } & TlsaRecord)
  /** RFC 8162 section 2: the same form. */
  | ({ readonly type: 'SMIMEA' } & TlsaRecord)
  /** A transferable public key (RFC 7929 section 2.1). */
  | { readonly type: 'OPENPGPKEY'; readonly data: Uint8Array }
  /** `minimum`: how long, in seconds, the absence of a record may be remembered. */
  | { readonly type: 'SOA'; readonly minimum: number }
);

export type QuestionType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'TLSA' | 'SMIMEA' | 'OPENPGPKEY';

export type Question = { readonly id: number; readonly name: string; readonly type: QuestionType };

/** A question as a server reads it: any type, and how large a UDP answer the asker takes. */
export type Query = { readonly id: number; readonly name: string; readonly type: string; readonly udpBytes: number };

type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** What a server sends back. */
export type Reply = {
  readonly rcode: Rcode;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  /** The AD bit: the records were validated by DNSSEC. */
  readonly authenticated: boolean;
};

export type DecodedAnswer =
  | {
      readonly kind: 'answer';
      /** A mnemonic of RFC 1035, or "code 16" for one without a meaning here. */
      readonly rcode: string;
      readonly truncated: boolean;
      readonly authenticated: boolean;
      readonly answers: readonly DnsRecord[];
      readonly authority: readonly DnsRecord[];
      /** Types of records in the answer section that were dropped because a name in them is not usable. */
      readonly unusable: readonly string[];
    }
  /** Another id or another question: not ours, possibly a forgery; keep waiting. */
  | { readonly kind: 'foreign' }
  /** Ours by its id, but not readable. */
  | { readonly kind: 'garbage' };

/** UDP payload we accept without fragmentation (DNS flag day 2020). */
const udpBytes = 1232;
/** Records in all sections of one message; a hostile TCP answer could hold thousands to make decoding slow. */
const maxRecords = 512;

const flagTc = 1 << 9;
const flagRd = 1 << 8;
const flagRa = 1 << 7;
const flagAa = 1 << 10;
const flagAd = 1 << 5;

/** The lower-case form of a usable name, without the final dot; the root is "."; null for anything else. */
export function canonicalName(text: string): string | null {
  if (text === '.') return text;
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  if (name.length === 0 || name.length > 253) return null;
  const usable = name.split('.').every((label) => label.length <= 63 && /^[a-z0-9_-]+$/.test(label));
  return usable ? name : null;
}

/** The question as a UDP payload; null for a name that cannot be asked. AD in a query asks for AD (RFC 6840 section 5.7). */
export function encodeQuery(question: Question, options: { readonly edns: boolean }): Buffer | null {
  const name = canonicalName(question.name);
  if (name === null) return null;
  return packet.encode({
    type: 'query',
    id: question.id,
    flags: flagRd | flagAd,
    questions: [{ type: packetType(question.type), name, class: 'IN' }],
    additionals: options.edns
      ? [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: udpBytes,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  });
}

/** Reads what arrived in answer to `asked`. Never throws. */
export function decodeAnswer(bytes: Buffer, asked: Question): DecodedAnswer {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== asked.id) return { kind: 'foreign' };
  const message = decode(bytes);
  if (message === null) return { kind: 'garbage' };
  const question = message.questions?.[0];
  if (message.type !== 'response' || message.questions?.length !== 1 || question === undefined)
    return { kind: 'foreign' };
  const same =
    typeName(question.type) === asked.type &&
    question.class === 'IN' &&
    canonicalName(question.name) === canonicalName(asked.name);
  if (!same) return { kind: 'foreign' };
  const opt = (message.additionals ?? []).find((record) => record.type === 'OPT');
  return {
    kind: 'answer',
    // RFC 6891 section 6.1.3: the upper bits of the code travel in OPT; without them BADVERS looks like NOERROR.
    rcode: rcodeName(((message.flags ?? 0) & 0xf) | ((opt?.type === 'OPT' ? opt.extendedRcode : 0) << 4)),
    truncated: message.flag_tc,
    authenticated: message.flag_ad,
    answers: recordsOf(message.answers ?? []),
    unusable: (message.answers ?? []).filter((answer) => recordOf(answer) === null).map(({ type }) => typeName(type)),
    authority: recordsOf(message.authorities ?? []),
  };
}

/** Reads a query as a server does; null for anything that is not one plain question. Never throws. */
export function decodeQuery(bytes: Buffer): Query | null {
  const message = decode(bytes);
  const question = message?.questions?.[0];
  if (message === null || message.type !== 'query' || message.questions?.length !== 1 || question === undefined)
    return null;
  const name = canonicalName(question.name);
  if (name === null || question.class !== 'IN') return null;
  const opt = (message.additionals ?? []).find((record) => record.type === 'OPT');
  // RFC 6891 section 6.2.3: smaller values mean 512.
  const size = opt?.type === 'OPT' ? Math.max(512, opt.udpPayloadSize) : 512;
  return { id: message.id ?? 0, name, type: typeName(question.type), udpBytes: size };
}

/**
 * The reply to `query`. When it is longer than `maxBytes` (the query's `udpBytes` on UDP; leave it out on TCP) it becomes an empty
 * truncated one, and the asker comes back over TCP. Throws on a record that cannot be encoded: the zone is ours.
 */
export function encodeAnswer(query: Query, reply: Reply, maxBytes = 65_535): Buffer {
  const header = {
    type: 'response' as const,
    id: query.id,
    questions: [{ type: packetType(query.type), name: query.name, class: 'IN' as const }],
  };
  const flags = flagRd | flagRa | flagAa | (reply.authenticated ? flagAd : 0) | rcodes[reply.rcode];
  const full = packet.encode({
    ...header,
    flags,
    answers: reply.answers.map(packetRecord),
    authorities: reply.authority.map(packetRecord),
  });
  return full.length <= maxBytes ? full : packet.encode({ ...header, flags: flags | flagTc });
}

/** A message as it travels over TCP: two octets of length first (RFC 1035 section 4.2.2). */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The first message of what has arrived over TCP, and the rest; null while it is incomplete. */
export function unframe(bytes: Buffer): { readonly message: Buffer; readonly rest: Buffer } | null {
  if (bytes.length < 2) return null;
  const end = 2 + bytes.readUInt16BE(0);
  return bytes.length < end ? null : { message: bytes.subarray(2, end), rest: bytes.subarray(end) };
}

const rcodes: Record<Rcode, number> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

function rcodeName(code: number): string {
  return Object.entries(rcodes).find(([, value]) => value === code)?.[0] ?? `code ${code}`;
}

/** The types that dns-packet does not know, by what it calls them; it gives their data as octets. */
const numbered = { SMIMEA: 'UNKNOWN_53', OPENPGPKEY: 'UNKNOWN_61' } as const;

/** What dns-packet calls a type. Its types do not tell that it takes every number. */
function packetType(type: string): packet.RecordType {
  return (type === 'SMIMEA' || type === 'OPENPGPKEY' ? numbered[type] : type) as packet.RecordType;
}

function typeName(type: string): string {
  if (type === numbered.SMIMEA) return 'SMIMEA';
  return type === numbered.OPENPGPKEY ? 'OPENPGPKEY' : type;
}

function decode(bytes: Buffer): packet.DecodedPacket | null {
  if (bytes.length < 12) return null;
  let records = 0;
  for (const offset of [4, 6, 8, 10]) records += bytes.readUInt16BE(offset);
  if (records > maxRecords) return null;
  try {
    return packet.decode(bytes);
  } catch {
    return null;
  }
}

function recordsOf(answers: readonly packet.Answer[]): DnsRecord[] {
  return answers.map(recordOf).filter((record) => record !== null);
}

function recordOf(answer: packet.Answer): DnsRecord | null {
  const name = canonicalName(answer.name);
  if (name === null || answer.type === 'OPT' || ('class' in answer && answer.class !== 'IN')) return null;
  // RFC 2181 section 8: a TTL with the top bit set is treated as zero.
  const seconds = 'ttl' in answer ? (answer.ttl ?? 0) : 0;
  const base = { name, ttl: seconds > 0x7f_ff_ff_ff ? 0 : seconds };
  if (answer.type === 'A' || answer.type === 'AAAA') return { ...base, type: answer.type, data: answer.data };
  if (answer.type === 'SOA') return { ...base, type: 'SOA', minimum: answer.data.minimum ?? 0 };
  if (answer.type === 'TXT') {
    const strings = Array.isArray(answer.data) ? answer.data : [answer.data];
    return { ...base, type: 'TXT', data: Buffer.concat(strings.map((part) => Buffer.from(part))).toString('utf8') };
  }
  if (answer.type === 'CNAME') {
    const data = canonicalName(answer.data);
    return data === null ? null : { ...base, type: 'CNAME', data };
  }
  if (answer.type === 'TLSA') {
    const { usage, selector, matchingType, certificate } = answer.data;
    return { ...base, type: 'TLSA', usage, selector, matching: matchingType, data: Buffer.from(certificate) };
  }
  const type = typeName(answer.type);
  if (type === 'SMIMEA' || type === 'OPENPGPKEY') return keyRecordOf(type, base, 'data' in answer ? answer.data : null);
  if (answer.type !== 'MX') return null;
  const exchange = canonicalName(answer.data.exchange);
  return exchange === null ? null : { ...base, type: 'MX', preference: answer.data.preference ?? 0, exchange };
}

/** Null for data that is no such record. */
function keyRecordOf(
  type: 'SMIMEA' | 'OPENPGPKEY',
  base: { readonly name: string; readonly ttl: number },
  data: unknown,
): DnsRecord | null {
  if (!Buffer.isBuffer(data)) return null;
  if (type === 'OPENPGPKEY') return { ...base, type, data };
  const [usage, selector, matching] = data;
  if (usage === undefined || selector === undefined || matching === undefined) return null;
  return { ...base, type, usage, selector, matching, data: data.subarray(3) };
}

function packetRecord(record: DnsRecord): packet.Answer {
  const base = { name: usable(record.name), ttl: record.ttl, class: 'IN' as const };
  if (record.type === 'CNAME') return { ...base, type: 'CNAME', data: usable(record.data) };
  if (record.type === 'TXT') return { ...base, type: 'TXT', data: record.data.match(/.{1,60}/gsu) ?? [''] };
  if (record.type === 'SOA') {
    return { ...base, type: 'SOA', data: { mname: base.name, rname: 'hostmaster.invalid', minimum: record.minimum } };
  }
  if (record.type === 'TLSA' || record.type === 'SMIMEA') {
    const { type, usage, selector, matching, data } = record;
    if (type === 'SMIMEA')
      return numberedRecord(base, type, Buffer.concat([Buffer.from([usage, selector, matching]), data]));
    return { ...base, type, data: { usage, selector, matchingType: matching, certificate: Buffer.from(data) } };
  }
  if (record.type === 'OPENPGPKEY') return numberedRecord(base, record.type, Buffer.from(record.data));
  if (record.type !== 'MX') return { ...base, type: record.type, data: record.data };
  return { ...base, type: 'MX', data: { preference: record.preference, exchange: usable(record.exchange) } };
}

function numberedRecord(base: { name: string; ttl: number }, type: string, data: Buffer): packet.Answer {
  return { ...base, class: 'IN', type: packetType(type), data } as packet.Answer;
}

/** dns-packet would encode a label of 64 octets as a compression pointer, so names are checked first. */
function usable(name: string): string {
  const canonical = canonicalName(name);
  if (canonical === null) throw new Error(`cannot encode the name ${JSON.stringify(name)}`);
  return canonical;
}
