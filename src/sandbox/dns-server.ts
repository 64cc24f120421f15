/**
 * The pretend internet's DNS: an authoritative server for one zone file in memory, over real UDP and TCP on loopback. Every name it does
 * not hold is NXDOMAIN, so nothing in the sandbox ever asks the real DNS.
 *
 * Limits: it signs nothing. It sets the AD bit on the answers of some domains, as a validating resolver on this host would.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import {
  type DnsRecord,
  decodeQuery,
  encodeAnswer,
  frame,
  type Query,
  type Reply,
  unframe,
} from '../net/dns-message.ts';
import type { TlsaRecord } from '../net/resolver.ts';

/** What the zone holds, without the time to live: the sandbox gives every record the same short one. */
export type ZoneRecord = { readonly name: string } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT'; readonly data: string }
  /** Exchange "." says that the domain takes no mail. */
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | ({ readonly type: 'TLSA' } & TlsaRecord)
  | ({ readonly type: 'SMIMEA' } & TlsaRecord)
  | { readonly type: 'OPENPGPKEY'; readonly data: Uint8Array }
);

/** What is special about some names. */
export type Conduct = {
  /** Domains whose answers carry the AD bit, with all names below them. */
  readonly signed?: readonly string[];
  /** Names about which questions fare ill. */
  readonly faults?: Readonly<Record<string, Fault>>;
};

export type Fault = {
  /** Instead of an answer. */
  readonly rcode?: 'SERVFAIL' | 'REFUSED';
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Over UDP every answer is cut off, however short, so that the asker must come back over TCP. */
  readonly truncated?: true;
};

export type DnsServer = AsyncDisposable & {
  /** "127.0.0.1:port", the same port for UDP and TCP. */
  readonly address: string;
  /** Replaces the zone, and what is special about its names. */
  setZone(records: readonly ZoneRecord[], conduct?: Conduct): void;
  /** From now on every question is answered with SERVFAIL (a dead resolver), or no longer. */
  setBroken(broken: boolean): void;
};

const ttl = 5;
/** Idle TCP clients are cut off after this many milliseconds. */
const idleAfter = 10_000;

export async function startDnsServer(records: readonly ZoneRecord[], conduct: Conduct = {}): Promise<DnsServer> {
  let zone: Zone = { records, conduct };
  let broken = false;
  const replyTo = (query: Query): Reply => {
    const rcode = broken ? 'SERVFAIL' : faultOf(zone, query).rcode;
    return rcode === undefined ? lookUp(zone, query) : { ...found, rcode };
  };
  const afterDelay = (query: Query, act: () => void): void => {
    const { delay } = faultOf(zone, query);
    if (delay === undefined) act();
    else setTimeout(act, delay).unref();
  };
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serveTcp(socket, (query) => afterDelay(query, () => socket.write(frame(encodeAnswer(query, replyTo(query))))));
  });
  const { udp, port } = await listenOnBoth(tcp);
  let closed = false;
  udp.on('message', (bytes, from) => {
    const query = decodeQuery(bytes);
    if (query === null) return;
    const room = faultOf(zone, query).truncated === true ? 0 : query.udpBytes;
    afterDelay(query, () => {
      if (!closed) udp.send(encodeAnswer(query, replyTo(query), room), from.port, from.address);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    setZone: (records, conduct = {}) => {
      zone = { records, conduct };
    },
    setBroken: (value) => {
      broken = value;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}

type Zone = { readonly records: readonly ZoneRecord[]; readonly conduct: Conduct };

const faultOf = ({ conduct }: Zone, { name }: Query): Fault => conduct.faults?.[name] ?? {};

const isSigned = ({ conduct }: Zone, name: string): boolean =>
  (conduct.signed ?? []).some((domain) => name === domain || name.endsWith(`.${domain}`));

/** The answer an authoritative server gives: the records of the type, or the alias; NXDOMAIN only when nothing has that name. */
function lookUp(zone: Zone, query: Query): Reply {
  const { records } = zone;
  const answers: DnsRecord[] = [];
  let name = query.name;
  // RFC 4035 section 3.2.3: AD speaks of every record in the answer, so one alias in an unsigned zone takes it away.
  let authenticated = true;
  // RFC 1034 section 4.3.2 step 3a: follow aliases within the zone; a loop ends when every record was seen.
  for (let hops = 0; hops <= records.length; hops++) {
    authenticated &&= isSigned(zone, name);
    const here = records.filter((record) => record.name === name);
    const direct = here.filter((record) => record.type === query.type);
    if (direct.length > 0) return { ...found, authenticated, answers: [...answers, ...direct.map(withTtl)] };
    const alias = here.find((record) => record.type === 'CNAME');
    if (alias === undefined) {
      const exists = here.length > 0 || records.some((record) => record.name.endsWith(`.${name}`));
      const apex: DnsRecord = { name: name.split('.').slice(-2).join('.'), ttl, type: 'SOA', minimum: ttl };
      return { rcode: exists ? 'NOERROR' : 'NXDOMAIN', authenticated, answers, authority: [apex] };
    }
    answers.push(withTtl(alias));
    if (alias.type === 'CNAME') name = alias.data;
  }
  return { ...found, rcode: 'SERVFAIL' };
}

const found: Reply = { rcode: 'NOERROR', answers: [], authority: [], authenticated: false };
const withTtl = (record: ZoneRecord): DnsRecord => ({ ...record, ttl });

function serveTcp(socket: Socket, answer: (query: Query) => void): void {
  let waiting: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleAfter, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (let next = unframe(waiting); next !== null; next = unframe(waiting)) {
      waiting = next.rest;
      const query = decodeQuery(next.message);
      if (query === null) {
        socket.destroy();
        return;
      }
      answer(query);
    }
  });
}

/** A port that is free for both protocols: the system picks one for TCP, and another pick follows when UDP has it in use. */
async function listenOnBoth(tcp: Server): Promise<{ udp: UdpSocket; port: number }> {
  for (let tries = 0; tries < 20; tries++) {
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject).listen(0, '127.0.0.1', () => resolve());
    });
    const address = tcp.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const udp = createSocket('udp4');
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false)).bind(port, '127.0.0.1', () => resolve(true));
    });
    if (bound) {
      // A reply to an asker who is gone comes back as an error; there is nobody to tell.
      udp.on('error', () => {});
      return { udp, port };
    }
    udp.close();
    await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }
  throw new Error('no port is free for both UDP and TCP on 127.0.0.1');
}
