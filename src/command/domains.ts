/**
 * `postern domains`: what TLS the domains recently mailed have shown. `domains check DOMAIN` looks up the domain's servers and tries TLS with each of them now.
 */
import type { Config } from '../config/config.ts';
import { probe } from '../deliver/probe.ts';
import { toAsciiDomain } from '../mail/address.ts';
import { createResolver } from '../net/dns.ts';
import { createEgress } from '../net/egress.ts';
import type { DomainRow } from '../store/store.ts';
import { printable, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function domains(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb, name, ...more] = words;
  if (verb === undefined) return list(config, json);
  if (verb !== 'check' || name === undefined || more.length > 0)
    throw new UsageError('postern domains takes nothing, or check DOMAIN.');
  return checkDomain(config, name, json);
}

async function list(config: Config, json: boolean): Promise<number> {
  const { store, close } = await openStorage(config);
  try {
    const rows = await store.listDomains();
    if (json) printJson({ domains: rows.map(domainLine) });
    else if (rows.length === 0) process.stdout.write('No domain has been mailed yet.\n');
    else {
      const cells = rows.map((row) => [
        row.domain,
        row.lastTls ?? 'none',
        row.bestTls ?? 'none',
        row.lastMx ?? '-',
        time(row.lastDeliveredAt),
        row.lastFailure ?? '',
      ]);
      process.stdout.write(
        `${table(['DOMAIN', 'LAST TLS', 'BEST TLS', 'SERVER', 'LAST DELIVERED (UTC)', 'LAST FAILURE'], cells)}\n`,
      );
    }
    return 0;
  } finally {
    await close();
  }
}

function domainLine(row: DomainRow) {
  return { ...row, lastDeliveredAt: row.lastDeliveredAt === null ? null : new Date(row.lastDeliveredAt).toISOString() };
}

async function checkDomain(config: Config, name: string, json: boolean): Promise<number> {
  const domain = toAsciiDomain(name);
  if (domain === null) throw new UsageError(`${printable(name)} is not a domain name.`);
  const resolver = createResolver(config.dns);
  try {
    const probed = await probe(domain, { config, resolver, egress: createEgress(config.egress) });
    if (json) printJson(typeof probed === 'string' ? { domain, hosts: [], reason: probed } : { domain, hosts: probed });
    else if (typeof probed === 'string') process.stdout.write(`${probed}\n`);
    else {
      const cells = probed.map(({ host, ip, level, defect, remote }) => [
        host,
        ip ?? '-',
        level ?? 'unreachable',
        remote?.tls ?? '-',
        defect ?? remote?.verifiedBy ?? '',
      ]);
      process.stdout.write(`${table(['SERVER', 'ADDRESS', 'LEVEL', 'TLS', 'WHY'], cells)}\n`);
    }
    return typeof probed !== 'string' && probed.some((host) => host.defect === null) ? 0 : 1;
  } finally {
    resolver.close();
  }
}
