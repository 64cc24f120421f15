/**
 * Where mail for a domain goes: domain -> hosts with addresses, in the order in which they are to be tried, or the reason why there
 * is none. `route` follows MX records (RFC 5321 section 5.1); `routeTo` resolves a host that the admin named.
 *
 * "Nobody knows" is never read as "no MX": a failed look-up defers. Addresses that a stranger's DNS gives are judged by the egress
 * guard one by one; the admin's own host is not.
 *
 * Standards: RFC 7505 (null MX).
 * Limits: at most 10 hosts, the most preferred ones, with at most 4 addresses of each family.
 */
import { isIP } from 'node:net';
import type { Egress } from '../net/egress.ts';
import type { DnsAnswer, MxRecord, Resolver } from '../net/resolver.ts';

export type Host = {
  /** The name in the MX record, which the host's certificate must carry; the bare address for an address literal. */
  readonly name: string;
  readonly preference: number;
  /** In the order in which to try them; empty when the look-up failed. */
  readonly addresses: readonly string[];
  /** Why there are no addresses: a sentence; null when there are. */
  readonly trouble: string | null;
  /** Where aliases of the name ended; the name itself without any. */
  readonly canonical: string;
  /** The addresses, and the aliases on the way to them, are signed (DNSSEC) and a resolver of ours says that they are good. */
  readonly signed: boolean;
};

export type Route =
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly Host[];
      /** The names of the hosts come from signed DNS; also true of the domain's own name where it signs that there is no MX. */
      readonly signed: boolean;
    }
  | { readonly kind: 'deferred' | 'failed'; readonly status: string; readonly reason: string };

export type RoutePorts = {
  readonly resolver: Pick<Resolver, 'mx' | 'a' | 'aaaa'>;
  readonly egress: Egress;
  /** Our own name: mail for which we are an MX must not come back to us. */
  readonly hostname: string;
  /** In [0, 1), for the order among equals. */
  readonly random: () => number;
};

const maxHosts = 10;
const maxAddresses = 4;

/** @param destination a domain in lower-case A-labels, or an address literal in brackets. */
export async function route(destination: string, ports: RoutePorts): Promise<Route> {
  if (destination.startsWith('[')) return routeLiteral(destination, ports);
  const mx = await ports.resolver.mx(destination);
  if (mx.kind === 'failed') return deferred(`The MX records of ${destination} cannot be looked up: ${mx.reason}.`);
  if (mx.kind === 'none' && !mx.exists) return failed('5.1.2', `The domain ${destination} does not exist.`);
  // RFC 5321 section 5.1: a domain without MX records is its own host. RFC 7505 section 3: "." says that there is none.
  const { authenticated } = mx;
  if (mx.kind === 'none')
    return resolveHosts(destination, [{ preference: 0, exchange: destination }], authenticated, ports);
  if (mx.records.length === 1 && mx.records[0]?.exchange === '.') {
    return failed('5.1.10', `The domain ${destination} takes no mail (null MX).`);
  }
  const named = mx.records.filter(({ exchange }) => exchange !== '.');
  if (named.length === 0) return failed('5.4.4', `The MX records of ${destination} name no usable host.`);
  const ours = named.filter(({ exchange }) => exchange === ports.hostname).map(({ preference }) => preference);
  // RFC 5321 section 5.1: our own record and all that are no better would send the mail in a circle.
  const ahead = named.filter(({ preference }) => preference < Math.min(...ours, Infinity));
  if (ahead.length === 0)
    return failed('5.4.6', `The mail for ${destination} would come back to this gateway (${ports.hostname}).`);
  return resolveHosts(destination, ordered(ahead, ports.random).slice(0, maxHosts), authenticated, ports);
}

/** The route to a host that the admin named: a name or an address, exempt from the guard. */
export async function routeTo(host: string, ports: RoutePorts): Promise<Route> {
  if (isIP(host) !== 0) return literal(host);
  const anything: Egress = { permits: () => true };
  // The admin's word vouches for the name.
  return resolveHosts(host, [{ preference: 0, exchange: host }], true, { ...ports, egress: anything });
}

function routeLiteral(destination: string, ports: RoutePorts): Route {
  const address = /^\[(?:ipv6:)?([0-9a-f.:]+)\]$/i.exec(destination)?.[1] ?? '';
  if (isIP(address) === 0) return failed('5.1.2', `${destination} is not an address.`);
  if (!ports.egress.permits(address)) return failed('5.4.4', privateReason(destination));
  return literal(address);
}

function literal(ip: string): Route {
  const host = { name: ip, preference: 0, addresses: [ip], trouble: null, canonical: ip, signed: false };
  return { kind: 'hosts', hosts: [host], signed: false };
}

type Resolved = { readonly host: Host; readonly found: number };

async function resolveHosts(
  destination: string,
  records: readonly MxRecord[],
  signed: boolean,
  ports: RoutePorts,
): Promise<Route> {
  const resolved = await Promise.all(records.map((record) => resolveHost(record, ports)));
  const hosts = resolved
    .map(({ host }) => host)
    .filter(({ addresses, trouble }) => addresses.length > 0 || trouble !== null);
  if (hosts.some(({ addresses }) => addresses.length > 0)) return { kind: 'hosts', hosts, signed };
  const trouble = hosts.find((host) => host.trouble !== null)?.trouble;
  if (trouble !== undefined && trouble !== null) return deferred(trouble);
  // Addresses were found, and none was permitted.
  if (resolved.some(({ found }) => found > 0)) return failed('5.4.4', privateReason(destination));
  return failed('5.4.4', `No mail server of ${destination} has an address.`);
}

async function resolveHost(record: MxRecord, ports: RoutePorts): Promise<Resolved> {
  const name = record.exchange;
  // Both families and an alias are the resolver's business; the certificate must carry the name asked for, not where an alias ended.
  const [six, four] = await Promise.all([ports.resolver.aaaa(name), ports.resolver.a(name)]);
  const usable = (answer: DnsAnswer<string>) =>
    answer.kind === 'found' ? answer.records.filter((ip) => ports.egress.permits(ip)) : [];
  const addresses = interleaved(usable(six).slice(0, maxAddresses), usable(four).slice(0, maxAddresses));
  const failure = [six, four].find((answer) => answer.kind === 'failed');
  const trouble =
    addresses.length === 0 && failure !== undefined
      ? `The address of ${name} cannot be looked up: ${failure.reason}.`
      : null;
  const found = [six, four].reduce((sum, answer) => sum + (answer.kind === 'found' ? answer.records.length : 0), 0);
  const known = [six, four].filter((answer) => answer.kind !== 'failed');
  const signed = known.length > 0 && known.every((answer) => answer.authenticated);
  const canonical = [six, four].find((answer) => answer.kind === 'found')?.name ?? name;
  return { host: { name, preference: record.preference, addresses, trouble, canonical, signed }, found };
}

/** By preference; random among equals, so that they share the load. */
function ordered(records: readonly MxRecord[], random: () => number): MxRecord[] {
  return records
    .map((record) => ({ record, ticket: random() }))
    .sort((a, b) => a.record.preference - b.record.preference || a.ticket - b.ticket)
    .map(({ record }) => record);
}

/** One family after the other in turn, so that a broken one costs one attempt, not four. */
function interleaved(six: readonly string[], four: readonly string[]): string[] {
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat()
    .filter((ip) => ip !== undefined);
}

function privateReason(destination: string): string {
  return `The mail server of ${destination} has only private addresses, which this gateway does not connect to (setting egress.allowPrivate).`;
}

const deferred = (reason: string): Route => ({ kind: 'deferred', status: '4.4.3', reason });
const failed = (status: string, reason: string): Route => ({ kind: 'failed', status, reason });
