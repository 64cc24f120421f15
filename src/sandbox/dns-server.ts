/**
 * The pretend internet's DNS: an authoritative server for one zone file in memory, over real UDP and TCP on loopback. Every name it does
 * not hold is NXDOMAIN, so nothing in the sandbox ever asks the real DNS.
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

/** What the zone holds, without the time to live: the sandbox gives every record the same short one. */
export type ZoneRecord = { readonly name: string } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT'; readonly data: string }
  /** Exchange "." says that the domain takes no mail. */
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
);

export type DnsServer = AsyncDisposable & {
  /** "127.0.0.1:port", the same port for UDP and TCP. */
  readonly address: string;
  /** Replaces the zone. */
  setZone(records: readonly ZoneRecord[]): void;
  /** From now on every question is answered with SERVFAIL (a dead resolver), or no longer. */
  setBroken(broken: boolean): void;
};

const ttl = 5;
/** Idle TCP clients are cut off after this many milliseconds. */
const idleAfter = 10_000;

export async function startDnsServer(records: readonly ZoneRecord[]): Promise<DnsServer> {
  let zone = records;
  let broken = false;
  const replyTo = (query: Query): Reply =>
    broken ? { rcode: 'SERVFAIL', answers: [], authority: [], authenticated: false } : lookUp(zone, query);
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serveTcp(socket, replyTo);
  });
  const { udp, port } = await listenOnBoth(tcp);
  udp.on('message', (bytes, from) => {
    const query = decodeQuery(bytes);
    if (query !== null) udp.send(encodeAnswer(query, replyTo(query), query.udpBytes), from.port, from.address);
  });
  return {
    address: `127.0.0.1:${port}`,
    setZone: (records) => {
      zone = records;
    },
    setBroken: (value) => {
      broken = value;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}

/** The answer an authoritative server gives: the records of the type, or the alias; NXDOMAIN only when nothing has that name. */
function lookUp(zone: readonly ZoneRecord[], query: Query): Reply {
  const answers: DnsRecord[] = [];
  let name = query.name;
  // RFC 1034 section 4.3.2 step 3a: follow aliases within the zone; a loop ends when every record was seen.
  for (let hops = 0; hops <= zone.length; hops++) {
    const here = zone.filter((record) => record.name === name);
    const direct = here.filter((record) => record.type === query.type);
    if (direct.length > 0) return { ...found, answers: [...answers, ...direct.map(withTtl)] };
    const alias = here.find((record) => record.type === 'CNAME');
    if (alias === undefined) {
      const exists = here.length > 0 || zone.some((record) => record.name.endsWith(`.${name}`));
      const apex: DnsRecord = { name: name.split('.').slice(-2).join('.'), ttl, type: 'SOA', minimum: ttl };
      return { ...found, rcode: exists ? 'NOERROR' : 'NXDOMAIN', answers, authority: [apex] };
    }
    answers.push(withTtl(alias));
    if (alias.type === 'CNAME') name = alias.data;
  }
  return { ...found, rcode: 'SERVFAIL' };
}

const found: Reply = { rcode: 'NOERROR', answers: [], authority: [], authenticated: false };
const withTtl = (record: ZoneRecord): DnsRecord => ({ ...record, ttl });

function serveTcp(socket: Socket, replyTo: (query: Query) => Reply): void {
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
      socket.write(frame(encodeAnswer(query, replyTo(query))));
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
