/**
 * The resolver: asks the configured name servers, follows aliases, remembers answers for as long as they may be remembered, and says
 * of every answer how it was obtained. `lookUp` is the way through: cache, then `resolve` (one alias after the other), then `askServers`
 * (one server after the other), then net/dns-transport.ts (one datagram, or TCP when it was cut off). The message format is
 * net/dns-message.ts.
 *
 * Anything short of a clear answer is `failed`, because "no MX" and "nobody knows" lead mail to different places.
 *
 * Standards: RFC 1035, RFC 4035 (the AD bit, section 3.2.3), RFC 2308 (how long absence is remembered).
 * Limits: a stub resolver. It validates nothing itself: `authenticated` repeats what a resolver on this host said.
 */
import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { canonicalName, type DecodedAnswer, type DnsRecord, type QuestionType } from './dns-message.ts';
import { askServer, type NameServer, type Transport } from './dns-transport.ts';
import type { DnsAnswer, KeyResolver, MxRecord, Resolver, TlsaRecord } from './resolver.ts';

export type ResolverOptions = {
  /** "address:port", "[address]:port" or an address alone (port 53); asked in turn. */
  readonly servers: readonly string[];
  /** Believe the AD bit: only for a validating resolver on this host. */
  readonly trustAd: boolean;
  /** Milliseconds to wait for one server. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. */
  readonly attempts?: number;
  /** Milliseconds since the epoch, for tests. */
  readonly now?: () => number;
};

export type OwnResolver = Resolver &
  KeyResolver & {
    /** Ends questions under way (they become `failed`) and forgets everything. */
    close(): void;
  };

type Clear = Extract<DecodedAnswer, { kind: 'answer' }>;
type Found = DnsAnswer<DnsRecord>;
type Timed = { readonly answer: Found; readonly seconds: number };

/** Aliases followed before we call it a loop. */
const maxAliases = 12;
const maxCached = 20_000;
/** Upper bounds in seconds for what servers ask us to remember: records, absence. */
const maxTtl = 86_400;
const maxAbsence = 3_600;
/** RFC 9520 section 3.2: failures are remembered too, or a dead server is asked again by every message. */
const failureSeconds = 5;

export function createResolver(options: ResolverOptions): OwnResolver {
  const servers = options.servers.map(parseServer);
  const now = options.now ?? Date.now;
  const cache = new Map<string, { readonly answer: Found; readonly until: number }>();
  const underWay = new Map<string, Promise<Found>>();
  const closing = new AbortController();
  const transport: Transport = { timeoutMs: options.timeoutMs ?? 5_000, signal: closing.signal };

  const ask = (name: string, type: QuestionType) => askServers(servers, options.attempts ?? 2, transport, name, type);

  const lookUp = async (text: string, type: QuestionType): Promise<Found> => {
    const name = canonicalName(text);
    // A name outside the host name alphabet cannot be registered; saying NXDOMAIN keeps it off the wire.
    if (name === null) return { kind: 'none', exists: false, authenticated: false, name: text };
    const key = `${type} ${name}`;
    const cached = cache.get(key);
    if (cached !== undefined && cached.until > now()) return cached.answer;
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    const question = resolve(ask, name, type, options.trustAd)
      .then(({ answer, seconds }) => {
        if (!closing.signal.aborted && seconds > 0 && !isKey(type))
          remember(cache, key, { answer, until: now() + seconds * 1_000 });
        return answer;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, question);
    return question;
  };

  return {
    mx: async (domain) => narrow(await lookUp(domain, 'MX'), mxOf),
    a: async (host) => narrow(await lookUp(host, 'A'), textOf),
    aaaa: async (host) => narrow(await lookUp(host, 'AAAA'), textOf),
    txt: async (name) => narrow(await lookUp(name, 'TXT'), textOf),
    tlsa: async (name) => narrow(await lookUp(name, 'TLSA'), tlsaOf),
    smimea: async (name) => narrow(await lookUp(name, 'SMIMEA'), tlsaOf),
    openpgpkey: async (name) => narrow(await lookUp(name, 'OPENPGPKEY'), keyOf),
    close: () => {
      closing.abort();
      cache.clear();
    },
  };
}

/** Asks for `name`, and for what it is an alias of when the server's own answer stops short of it. */
async function resolve(
  ask: (name: string, type: QuestionType) => Promise<Clear | { kind: 'failed'; reason: string }>,
  asked: string,
  type: QuestionType,
  trustAd: boolean,
): Promise<Timed> {
  let name = asked;
  let authenticated = trustAd;
  let seconds = maxTtl;
  const seen = new Set([asked]);
  for (;;) {
    const answer = await ask(name, type);
    if (answer.kind === 'failed') return { answer, seconds: failureSeconds };
    authenticated &&= answer.authenticated;
    const start = name;
    for (let alias = aliasOf(answer, name); alias !== undefined; alias = aliasOf(answer, name)) {
      name = alias.data;
      seconds = Math.min(seconds, alias.ttl);
      if (seen.has(name) || seen.size > maxAliases) return failed(`the aliases of ${asked} do not end`);
      seen.add(name);
    }
    const here = answer.answers.filter((record) => record.type === type && record.name === name);
    if (here.length > 0) {
      seconds = Math.min(seconds, ...here.map((record) => record.ttl));
      return { answer: { kind: 'found', records: here, authenticated, name }, seconds };
    }
    // RFC 6604 section 3: the code speaks of the end of the alias chain.
    const exists = answer.rcode === 'NOERROR';
    const absence = absenceSeconds(answer);
    if (!exists || name === start || absence !== null) {
      return absent(answer, type, { name, exists, authenticated, seconds: Math.min(seconds, absence ?? 0) });
    }
  }
}

/**
 * No usable record of the type. Records of the right type with names that this gateway does not take (dns-message dropped them) must not
 * read as absence, or mail would go to the domain's address instead of its MX.
 */
function absent(
  answer: Clear,
  type: QuestionType,
  found: { name: string; exists: boolean; authenticated: boolean; seconds: number },
): Timed {
  const { name, exists, authenticated, seconds } = found;
  if (answer.unusable.includes(type))
    return { answer: { kind: 'found', records: [], authenticated, name }, seconds: 0 };
  return { answer: { kind: 'none', exists, authenticated, name }, seconds };
}

function failed(reason: string): Timed {
  return { answer: { kind: 'failed', reason }, seconds: failureSeconds };
}

function aliasOf(answer: Clear, name: string): { readonly data: string; readonly ttl: number } | undefined {
  for (const record of answer.answers) if (record.type === 'CNAME' && record.name === name) return record;
  return undefined;
}

/** RFC 2308 section 5: the smaller of the SOA's TTL and its minimum; null without SOA, when nothing may be remembered. */
function absenceSeconds(answer: Clear): number | null {
  for (const record of answer.authority) {
    if (record.type === 'SOA') return Math.min(record.ttl, record.minimum, maxAbsence);
  }
  return null;
}

/** Each server in turn, as often as `attempts` says, until one knows. */
async function askServers(
  servers: readonly NameServer[],
  attempts: number,
  transport: Transport,
  name: string,
  type: QuestionType,
): Promise<Clear | { kind: 'failed'; reason: string }> {
  let reason = 'no name server is configured';
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const server of servers) {
      if (transport.signal.aborted) return { kind: 'failed', reason: 'the resolver was closed' };
      let answer = await askServer(server, { id: randomInt(65_536), name, type }, transport, { edns: true });
      // RFC 6891 section 7: a server that does not know EDNS says FORMERR; without EDNS it may know the answer.
      if (answer.kind === 'answer' && (answer.rcode === 'FORMERR' || answer.rcode === 'NOTIMP')) {
        answer = await askServer(server, { id: randomInt(65_536), name, type }, transport, { edns: false });
      }
      if (answer.kind === 'answer' && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')) return answer;
      const trouble = answer.kind === 'answer' ? `said ${answer.rcode}` : answer.reason;
      reason = `the name server ${server.address} ${trouble} for ${type} ${name}`;
    }
  }
  return { kind: 'failed', reason };
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  cache.delete(key);
  // A Map keeps the order of insertion, so its first key is the oldest.
  const [oldest] = cache.size >= maxCached ? cache.keys() : [];
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(key, value);
}

function narrow<T>(answer: Found, pick: (record: DnsRecord) => T | null): DnsAnswer<T> {
  if (answer.kind !== 'found') return answer;
  return { ...answer, records: answer.records.map(pick).filter((record) => record !== null) };
}

const mxOf = (record: DnsRecord): MxRecord | null =>
  record.type === 'MX' ? { preference: record.preference, exchange: record.exchange } : null;

const tlsaOf = (record: DnsRecord): TlsaRecord | null =>
  record.type === 'TLSA' || record.type === 'SMIMEA' ? record : null;

const keyOf = (record: DnsRecord): Uint8Array | null => (record.type === 'OPENPGPKEY' ? record.data : null);

/** Their answers can be tens of kilobytes, and the keyring remembers what came of them. */
const isKey = (type: QuestionType): boolean => type === 'OPENPGPKEY' || type === 'SMIMEA';

const textOf = (record: DnsRecord): string | null =>
  'data' in record && typeof record.data === 'string' ? record.data : null;

function parseServer(text: string): NameServer {
  if (isIPv6(text)) return { address: text, port: 53 };
  const match = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(text);
  return { address: match?.[1] ?? text, port: Number(match?.[2] ?? 53) };
}
