/** A transmitter for tests: every name leads to loopback, and a message is one line of code. */

import {
  createTransmitter,
  type Transmission,
  type Transmitter,
  type TransmitterOptions,
} from '../../src/deliver/pool.ts';
import { createEgress } from '../../src/net/egress.ts';
import type { DnsAnswer, MxRecord, Resolver, TlsaRecord } from '../../src/net/resolver.ts';

/** MX hosts by domain, and addresses by host; a missing domain is its own host, a missing host has the address 127.0.0.1. */
export type Zone = {
  readonly mx?: Record<string, readonly MxRecord[]>;
  readonly a?: Record<string, readonly string[]>;
  readonly aaaa?: Record<string, readonly string[]>;
  /** By "_25._tcp.host", or 'failed'. */
  readonly tlsa?: Record<string, readonly TlsaRecord[] | 'failed'>;
  /** Everything is signed (the AD bit). */
  readonly signed?: boolean;
};

function zoneResolver(zone: Zone): Pick<Resolver, 'mx' | 'a' | 'aaaa' | 'tlsa'> {
  const authenticated = zone.signed === true;
  const answer = <T>(name: string, records: readonly T[] | undefined): DnsAnswer<T> =>
    records === undefined || records.length === 0
      ? { kind: 'none', exists: true, authenticated, name }
      : { kind: 'found', records, authenticated, name };
  return {
    tlsa: async (name) => {
      const records = zone.tlsa?.[name];
      return records === 'failed' ? { kind: 'failed', reason: 'SERVFAIL' } : answer(name, records);
    },
    mx: async (domain) => answer(domain, zone.mx?.[domain]),
    a: async (host) => answer(host, zone.a?.[host] ?? (zone.aaaa?.[host] === undefined ? ['127.0.0.1'] : [])),
    aaaa: async (host) => answer(host, zone.aaaa?.[host]),
  };
}

export type TestTransmitter = Transmitter & AsyncDisposable;

export function transmitterTo(
  port: number,
  changes: Partial<TransmitterOptions> & { zone?: Zone } = {},
): TestTransmitter {
  const { zone = {}, timeouts, ...rest } = changes;
  const transmitter = createTransmitter({
    hostname: 'gw.postern.example',
    port,
    resolver: zoneResolver(zone),
    egress: createEgress({ allowPrivate: true }),
    trust: [],
    sts: async () => null,
    floor: () => null,
    onSession: () => {},
    evidenceHeader: false,
    perDestination: 5,
    statics: new Map(),
    timeouts: { connect: 2_000, command: 2_000, data: 2_000, ...timeouts },
    ...rest,
  });
  return { ...transmitter, [Symbol.asyncDispose]: () => transmitter.close() };
}

export const text = 'From: a@corp.example\r\nSubject: Hello\r\n\r\nBody\r\n';

export function message(
  changes: Partial<Transmission> & { to?: readonly string[]; content?: string | Buffer } = {},
): Transmission {
  const { to = ['bob@mx.example'], content = text, ...rest } = changes;
  const bytes = Buffer.from(content);
  return {
    destination: 'mx.example',
    recipients: to.map((address) => ({ address, notify: null, orcpt: null })),
    mailFrom: 'alice@corp.example',
    tls: 'may',
    pin: null,
    asAsked: false,
    eightBit: false,
    utf8: false,
    ret: null,
    envid: null,
    requireTls: false,
    size: bytes.length,
    body: async function* () {
      yield bytes;
    },
    ...rest,
  };
}
