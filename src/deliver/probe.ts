/**
 * A look at a domain's mail servers without a message: each host of the route is asked for a connection at level `verify`, and says QUIT again.
 * What `postern domains check` shows.
 */
import type { Config } from '../config/config.ts';
import type { Egress } from '../net/egress.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Remote } from '../plan/delivery.ts';
import { openConnection, remoteOf } from './connection.ts';
import { Trust } from './peer.ts';
import { route } from './route.ts';

export type Probed = {
  readonly host: string;
  readonly ip: string | null;
  /** The level this connection proved, or null when none was possible. */
  readonly level: string | null;
  /** Why the host does not reach `verify`, in words; null when it does. */
  readonly defect: string | null;
  readonly remote: Remote | null;
};

export type ProbePorts = {
  readonly config: Pick<Config, 'hostname' | 'delivery'>;
  readonly resolver: Pick<Resolver, 'mx' | 'a' | 'aaaa'>;
  readonly egress: Egress;
};

/** Milliseconds: a person waits for the answer. */
const patience = { connect: 10_000, command: 20_000, data: 20_000 };

/** One entry per MX host, or the sentence why there is none. */
export async function probe(
  domain: string,
  { config, resolver, egress }: ProbePorts,
): Promise<readonly Probed[] | string> {
  const { hostname } = config;
  const routed = await route(domain, { resolver, egress, hostname, random: Math.random });
  if (routed.kind !== 'hosts') return routed.reason;
  const ports = { hostname, trust: new Trust(config.delivery.trust), timeouts: patience };
  return Promise.all(
    routed.hosts.map(async (host) => {
      const [ip] = host.addresses;
      if (ip === undefined) return { host: host.name, ip: null, level: null, defect: host.trouble, remote: null };
      const target = { name: host.name, ip, port: config.delivery.port };
      const verified = await openConnection(target, 'verify', ports);
      const connection = verified.kind === 'unmet' ? await openConnection(target, 'may', ports) : verified;
      const defect = verified.kind === 'open' ? null : verified.reason;
      if (connection.kind !== 'open') return { host: host.name, ip, level: null, defect, remote: connection.remote };
      const remote = remoteOf(target, connection.evidence, null);
      await connection.wire.quit();
      return {
        host: host.name,
        ip,
        level: connection.evidence === null ? 'may (plain text)' : connection.proved,
        defect,
        remote,
      };
    }),
  );
}
