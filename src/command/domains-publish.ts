/**
 * `postern domains publish DOMAIN [MX…]`: what the operator publishes for a domain of their own (deliver/publish.ts), ready to be copied. Mail servers
 * that are not named are those that the tenant's mail goes to (`inbound`).
 */
import type { Config } from '../config/config.ts';
import { type DkimIdentity, type DnsLine, type Publication, publicationFor } from '../deliver/publish.ts';
import { domainOf, toAsciiDomain } from '../mail/address.ts';
import { printable, printFailure, printJson } from './output.ts';
import { UsageError } from './usage.ts';

export function domainsPublish(config: Config, domain: string, servers: readonly string[], json: boolean): number {
  const mx = servers.length > 0 ? servers.map(readServer) : inboundOf(config, domain);
  if (mx.length === 0) {
    const why = `Which mail servers take mail for ${domain} is not in the configuration.`;
    printFailure(`${why} Name them: postern domains publish ${domain} MX…`, json);
    return 1;
  }
  const publication = publicationFor({ domain, mx, mailbox: mailboxOf(config, domain), ...identities(config, domain) });
  if (json) printJson(publication);
  else process.stdout.write(page(publication));
  return 0;
}

function readServer(name: string): string {
  const wildcard = name.startsWith('*.');
  const host = toAsciiDomain(wildcard ? name.slice(2) : name);
  if (host === null) throw new UsageError(`${printable(name)} is not the name of a mail server.`);
  return wildcard ? `*.${host}` : host;
}

function inboundOf({ tenants }: Config, domain: string): string[] {
  const host = tenants.find(({ domains }) => domains.includes(domain))?.inbound?.host;
  // An address has no place in a policy.
  return host === undefined || toAsciiDomain(host) === null || /^[\d.:]+$/.test(host) ? [] : [host];
}

function mailboxOf({ reporting }: Config, domain: string): string {
  return reporting?.mailbox ?? `postmaster@${domain}`;
}

function identities({ smtp, hostname, reporting, tenants }: Config, domain: string) {
  const port = smtp.listen[0]?.port ?? 25;
  const dkim: DkimIdentity[] = [];
  if (reporting?.dkim) dkim.push({ ...reporting.dkim, domain: domainOf(reporting.from), signs: 'reports' });
  const own = tenants.find(({ domains }) => domains.includes(domain))?.dkim ?? null;
  if (own !== null) dkim.push({ ...own, domain, signs: 'mail' });
  return {
    server: smtp.tls === null ? null : { host: hostname, port, certPem: smtp.tls.cert },
    dkim,
  };
}

function page({ records, policy, enforced }: Publication): string {
  const lines = [
    'In DNS:',
    '',
    ...records.flatMap((record) => [`; ${record.purpose}`, zoneLine(record), '']),
    `At ${policy.url}, as text/plain, with a certificate that is good for that name and without redirects:`,
    '',
    policy.text.replaceAll('\r\n', '\n'),
    'While the mode is testing, senders report what fails and mail comes in whatever happens. When the reports are quiet, change the',
    'file to "mode: enforce", and then the record to:',
    '',
    zoneLine(enforced.record),
  ];
  return `${lines.join('\n')}\n`;
}

function zoneLine({ name, type, value }: DnsLine): string {
  return `${name}. IN ${type} ${value}`;
}
