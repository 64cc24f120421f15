/**
 * `postern domains`: what TLS the domains recently mailed have shown. `domains check DOMAIN` asks the domain's servers now and says, in words their
 * admin could use, what to mend. `domains forget DOMAIN` is our own admin's word that a domain may be served below what it has shown. What concerns our
 * own domains has files of its own: domains-publish.ts, domains-report.ts and domains-mailbox.ts.
 */
import { statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { type Advice, adviceFor } from '../deliver/advice.ts';
import type { DomainProbe } from '../deliver/probe.ts';
import { toAsciiDomain } from '../mail/address.ts';
import { domainDocument, domainsTable } from './domains-list.ts';
import { reportMailbox } from './domains-mailbox.ts';
import { domainsPublish } from './domains-publish.ts';
import { domainsReport } from './domains-report.ts';
import { createOutbound } from './outbound.ts';
import { printable, printFailure, printJson, table } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function domains(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb, name, ...more] = words;
  if (verb === undefined) return list(config, json);
  if (verb === 'report' && more.length === 0) {
    const place = name ?? config.reporting?.maildir;
    if (place === undefined || place === null)
      throw new UsageError('postern domains report takes a FILE or a FOLDER, or the setting reporting.maildir.');
    return isFolder(place) ? reportMailbox(place, json) : domainsReport(place, json);
  }
  const known = verb === 'publish' || (more.length === 0 && ['check', 'forget'].includes(verb));
  if (!known || name === undefined)
    throw new UsageError(
      'postern domains takes nothing, check DOMAIN, forget DOMAIN, publish DOMAIN [MX…], or report [FILE|FOLDER].',
    );
  const domain = toAsciiDomain(name);
  if (domain === null) throw new UsageError(`${printable(name)} is not a domain name.`);
  if (verb === 'publish') return domainsPublish(config, domain, more, json);
  return verb === 'check' ? checkDomain(config, domain, json) : forgetDomain(config, domain, json);
}

/** What cannot be looked at is taken for a file, whose reader says what is wrong. */
function isFolder(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}

async function list(config: Config, json: boolean): Promise<number> {
  const { store, close } = await openStorage(config);
  try {
    const rows = await store.listDomains();
    if (json) printJson({ domains: rows.map(domainDocument) });
    else if (rows.length === 0) process.stdout.write('No domain has been mailed yet.\n');
    else process.stdout.write(`${domainsTable(rows, Date.now())}\n`);
    return 0;
  } finally {
    await close();
  }
}

async function forgetDomain(config: Config, domain: string, json: boolean): Promise<number> {
  const { store, close } = await openStorage(config);
  try {
    const known = await store.forgetDomain(domain, Date.now());
    if (json) printJson({ domain, forgotten: known });
    else if (known)
      process.stdout.write(
        `Forgotten. Within a minute ${domain} is served by what it shows from now on; mail that waits goes at its next try, or after postern queue retry.\n`,
      );
    else printFailure(`${domain} has shown nothing yet that could be forgotten.`, false);
    return known ? 0 : 1;
  } finally {
    await close();
  }
}

async function checkDomain(config: Config, domain: string, json: boolean): Promise<number> {
  const { store, close } = await openStorage(config);
  const { resolver, probe, sts } = createOutbound(config, store);
  try {
    const probed = await probe(domain, false);
    if (typeof probed === 'string') {
      if (json) printJson({ domain, hosts: [], reason: probed });
      else process.stdout.write(`${probed}\n`);
      return 1;
    }
    const before = (await store.domainLevels(0)).get(domain) ?? null;
    const advice = adviceFor(domain, probed, before, Date.now());
    const trouble = sts.trouble(domain)?.reason ?? null;
    if (json) printJson({ domain, ...probed, stsTrouble: trouble, ...advice });
    else process.stdout.write(page(probed, advice, trouble));
    return probed.hosts.some((host) => host.defects.length === 0) ? 0 : 1;
  } finally {
    resolver.close();
    await close();
  }
}

function page(probed: DomainProbe, advice: Advice, trouble: string | null): string {
  const { sts, signed } = probed;
  const policy = sts === null ? (trouble ?? 'none') : `${sts.policy.mode}, id ${sts.id}: ${sts.policy.mx.join(', ')}`;
  return [
    tableOf(probed),
    '',
    advice.summary,
    `MTA-STS policy: ${policy}`,
    `Signed DNS (DNSSEC): ${signed ? 'yes' : 'no, or not checked here (setting dns.trustAd)'}`,
    ...listed('To mend:', advice.mend),
    ...listed('Could be better:', advice.improve),
    '',
  ].join('\n');
}

function listed(heading: string, sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : ['', heading, ...sentences.map((sentence) => `  - ${sentence}`)];
}

function tableOf({ hosts }: DomainProbe): string {
  const cells = hosts.map(({ host, ip, level, defects, remote }) => [
    host,
    ip ?? '-',
    level === null ? 'unreachable' : level === 'may' ? 'may (plain text)' : level,
    remote?.tls ?? '-',
    defects[0] ?? remote?.verifiedBy ?? '',
  ]);
  return table(['SERVER', 'ADDRESS', 'LEVEL', 'TLS', 'WHY'], cells);
}
