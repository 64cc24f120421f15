/**
 * `postern domains`: what TLS the domains recently mailed have shown. `domains check DOMAIN` looks up how mail to a domain would be routed now.
 */
import type { Config } from '../config/config.ts';
import { route } from '../deliver/route.ts';
import { toAsciiDomain } from '../mail/address.ts';
import { createResolver } from '../net/dns.ts';
import { createEgress } from '../net/egress.ts';
import type { DomainRow } from '../store/store.ts';
import { openStorage } from './gateway.ts';
import { printJson, printable, table, time } from './output.ts';
import { UsageError } from './usage.ts';

export async function domains(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb, name, ...more] = words;
  if (verb === undefined) return list(config, json);
  if (verb !== 'check' || name === undefined || more.length > 0) throw new UsageError('postern domains takes nothing, or check DOMAIN.');
  return checkDomain(config, name, json);
}

async function list(config: Config, json: boolean): Promise<number> {
  const { store, close } = await openStorage(config);
  try {
    const rows = await store.listDomains();
    if (json) printJson({ domains: rows.map(domainLine) });
    else if (rows.length === 0) process.stdout.write('No domain has been mailed yet.\n');
    else {
      const cells = rows.map((row) => [row.domain, row.lastTls ?? 'none', row.bestTls ?? 'none', row.lastMx ?? '-', time(row.lastDeliveredAt), row.lastFailure ?? '']);
      process.stdout.write(`${table(['DOMAIN', 'LAST TLS', 'BEST TLS', 'SERVER', 'LAST DELIVERED (UTC)', 'LAST FAILURE'], cells)}\n`);
    }
    return 0;
  } finally {
    await close();
  }
}

function domainLine(row: DomainRow) {
  return { ...row, lastDeliveredAt: row.lastDeliveredAt === null ? null : new Date(row.lastDeliveredAt).toISOString() };
}
