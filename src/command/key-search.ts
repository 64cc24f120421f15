/** The look for recipients' keys, wired once for the gateway, which keeps what it finds, and for `postern explain`, which only tells. */
import type { Config } from '../config/config.ts';
import { rootsOf } from '../deliver/peer.ts';
import { type CertificateCheck, type CertificatePorts, createCertificateCheck } from '../keys/check.ts';
import { createDiscovery, type Discovery, type DiscoveryPorts } from '../keys/discover.ts';
import { mailRoots } from '../keys/roots.ts';
import { dnsSource } from '../keys/sources/dns-keys.ts';
import { hkpSource, vksSource } from '../keys/sources/key-servers.ts';
import { ldapSource } from '../keys/sources/ldap.ts';
import type { Source } from '../keys/sources/source.ts';
import { wkdSource } from '../keys/sources/wkd.ts';
import type { Outbound } from './outbound.ts';

type Ways = Pick<Outbound, 'resolver' | 'egress' | 'ask'>;

export function createKeySearch(
  config: Config,
  ways: Ways,
  ports: Pick<DiscoveryPorts, 'store' | 'check' | 'fresh' | 'emit' | 'now' | 'keep'>,
): Discovery {
  return createDiscovery({ ...ports, sources: sourcesOf(config, ways), settings: config.keys });
}

/** `store` is null where what is found out is only told. */
export function createKeyCheck(
  { keys }: Config,
  { ask }: Pick<Ways, 'ask'>,
  { store, emit }: Pick<CertificatePorts, 'store' | 'emit'>,
): CertificateCheck {
  return createCertificateCheck({ roots: mailRoots(keys), ask, settings: keys.revocation, store, emit, now: Date.now });
}

/** The surest first. */
function sourcesOf({ keys, dns, delivery }: Config, { resolver, egress, ask }: Ways): Source[] {
  const directories = { resolver, egress, roots: rootsOf(delivery.trust) };
  return [
    // Without a resolver that may vouch for signatures no answer counts, so none is asked for.
    ...(keys.dns && dns.trustAd ? [dnsSource(resolver)] : []),
    ...(keys.wkd ? [wkdSource(keys.wkdPort, { resolver, ask })] : []),
    ...keys.ldap.map((directory) => ldapSource(directory, directories)),
    ...keys.vks.map((origin) => vksSource(origin, ask)),
    ...keys.hkp.map((origin) => hkpSource(origin, ask)),
  ];
}
