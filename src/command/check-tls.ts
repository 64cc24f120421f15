/** What `postern check` says of the TLS levels that rules and tenants demand: what it takes to meet them, and that nothing here can. */
import type { Config, TlsLevel } from '../config/config.ts';

const otherwise = 'the next method, or `otherwise`, applies';

/** `who`: "tenant corp: minimumTls is dane". */
export function tellProof(
  who: string,
  level: TlsLevel,
  { dns }: Pick<Config, 'dns'>,
  { warnings, fine }: { readonly warnings: string[]; readonly fine: string[] },
): void {
  if (level === 'dane' && !dns.trustAd) {
    warnings.push(
      `${who}, which nobody can meet while dns.trustAd is false: without a validating resolver no DNS counts as signed, and ${otherwise} to everybody`,
    );
  }
  if (level === 'dane' && dns.trustAd)
    fine.push(`${who}, which is met where TLSA records in signed DNS are kept; elsewhere ${otherwise}`);
  if (level === 'secure') {
    const signed = dns.trustAd ? ', signed DNS' : '';
    fine.push(
      `${who}, which is met where the domain vouches for its servers: an MTA-STS policy${signed}, or a pin of the tenant; elsewhere ${otherwise}`,
    );
  }
}
