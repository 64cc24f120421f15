/**
 * A look at a domain's mail servers without a message: what each host of the route would have to prove (demand.ts), and what it shows when
 * asked. What `postern domains check` and the daily check go by.
 */
import type { TlsLevel } from '../config/config.ts';
import type { Egress } from '../net/egress.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Remote } from '../plan/delivery.ts';
import { type ConnectionPorts, openConnection, remoteOf } from './connection.ts';
import { keyRecord, recordText } from './dane.ts';
import { type Demand, demandOf, type Known, type Sts } from './demand.ts';
import { judge } from './peer.ts';
import { type Host, route } from './route.ts';

export type Probed = {
  readonly host: string;
  readonly preference: number;
  readonly ip: string | null;
  /** The level that this host shows; null when it could not be asked. `may`: plain text. */
  readonly level: TlsLevel | null;
  /** Why it does not show more: sentences, the most important first; empty when nothing is missing. */
  readonly defects: readonly string[];
  /** Whether it has usable TLSA records in signed DNS; null when they cannot be looked up. */
  readonly dane: boolean | null;
  /** When the host's certificate ends, epoch milliseconds. */
  readonly certificateUntil: number | null;
  /** The TLSA record that is true of the key it shows, as a line of a zone file. */
  readonly keyRecord: string | null;
  readonly remote: Remote | null;
};

export type DomainProbe = {
  readonly sts: Sts | null;
  /** The MX records are signed, and so are DANE's records. */
  readonly signed: boolean;
  readonly hosts: readonly Probed[];
};

export type ProbePorts = {
  readonly connection: ConnectionPorts;
  readonly port: number;
  readonly resolver: Pick<Resolver, 'mx' | 'a' | 'aaaa' | 'tlsa'>;
  readonly egress: Egress;
  readonly sts: (domain: string) => Promise<Sts | null>;
  /** The hosts of a domain one after the other: slower, and never more than one connection. */
  readonly oneByOne: boolean;
};

/** The probe, or the sentence why there is nothing to probe. */
export async function probe(domain: string, ports: ProbePorts): Promise<DomainProbe | string> {
  const { resolver, egress, port } = ports;
  const { hostname } = ports.connection;
  const routed = await route(domain, { resolver, egress, hostname, random: Math.random });
  if (routed.kind !== 'hosts') return routed.reason;
  const sts = domain.startsWith('[') ? null : await ports.sts(domain);
  const known = {
    domain,
    asked: 'may',
    namedBy: routed.signed ? 'DNSSEC' : null,
    port,
    sts,
    pin: null,
    floor: null,
  } as const;
  const hosts: Probed[] = [];
  if (ports.oneByOne) for (const host of routed.hosts) hosts.push(await probeHost(host, known, ports));
  else hosts.push(...(await Promise.all(routed.hosts.map((host) => probeHost(host, known, ports)))));
  return { sts, signed: routed.signed, hosts };
}

async function probeHost(host: Host, known: Known, ports: ProbePorts): Promise<Probed> {
  const [ip = null] = host.addresses;
  const about = { host: host.name, preference: host.preference, ip };
  const unasked = { ...about, dane: null, level: null, certificateUntil: null, keyRecord: null, remote: null };
  if (ip === null) return { ...unasked, defects: host.trouble === null ? [] : [host.trouble] };
  const demanded = await demandOf(host, known, ports.resolver);
  // Nothing is sent there now, so nothing that it shows counts.
  if (demanded.kind === 'unreachable') return { ...unasked, defects: [demanded.reason] };
  const defects = demanded.kind === 'demand' ? [] : [demanded.reason];
  const dane = demanded.kind === 'demand' && demanded.demand.level === 'dane';
  const demand: Demand = demanded.kind === 'demand' ? demanded.demand : encryption;
  const target = { name: host.name, ip, port: ports.port };
  const connection = await openConnection(target, encryption, ports.connection);
  if (connection.kind !== 'open') {
    const told = { ...unasked, dane, defects: [...defects, connection.reason], remote: connection.remote };
    // It answered, and cannot do TLS: mail that asks for none would go in plain text.
    return connection.kind === 'unmet' ? { ...told, level: 'may' } : told;
  }
  const { shown } = connection;
  // Whatever the domain demands, the certificate is worth a word.
  const judged =
    shown === null ? null : judge(shown, host.name, { ...demand, level: atLeastVerify(demand) }, new Date());
  if (judged?.kind === 'unmet') defects.push(judged.defect.reason);
  const evidence = judged?.evidence ?? null;
  await connection.wire.quit();
  const [certificate] = shown?.chain ?? [];
  return {
    ...about,
    dane,
    level: evidence?.level ?? 'may',
    defects,
    certificateUntil: certificate?.validToDate.getTime() ?? null,
    keyRecord:
      certificate === undefined
        ? null
        : `_${ports.port}._tcp.${host.name}. IN TLSA ${recordText(keyRecord(certificate.raw))}`,
    remote: remoteOf(target, evidence, null),
  };
}

/** What is asked of every server, to hear why it cannot. */
const encryption: Demand = { level: 'encrypt', tlsa: [], names: [], vouchedBy: null, liftedBy: null };

function atLeastVerify({ level }: Demand): TlsLevel {
  return level === 'may' || level === 'encrypt' ? 'verify' : level;
}
