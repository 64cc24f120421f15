/**
 * The way out, wired once for those who use it: the gateway that delivers, and `postern domains` that looks. Names are resolved, addresses
 * judged by the egress guard, MTA-STS policies fetched and remembered.
 */
import type { Config } from '../config/config.ts';
import { rootsOf } from '../deliver/peer.ts';
import { createStsPolicies, type StsPolicies } from '../deliver/sts.ts';
import { fetchPolicy } from '../deliver/sts-fetch.ts';
import { createResolver, type OwnResolver } from '../net/dns.ts';
import { createEgress, type Egress } from '../net/egress.ts';
import { askHttps, type HttpsAnswer, type HttpsRequest } from '../net/https.ts';
import type { Store } from '../store/store.ts';

export type Outbound = {
  readonly resolver: OwnResolver;
  readonly egress: Egress;
  readonly sts: StsPolicies;
  readonly ask: (request: HttpsRequest) => Promise<HttpsAnswer>;
};

/** The caller closes the resolver. */
export function createOutbound(config: Config, store: Pick<Store, 'findSts' | 'keepSts'>): Outbound {
  const resolver = createResolver(config.dns);
  const egress = createEgress(config.egress);
  const https = { resolver, egress, roots: rootsOf(config.delivery.trust) };
  const sts = createStsPolicies({
    resolver,
    store,
    fetch: (domain) => fetchPolicy(domain, config.delivery.policyPort, https),
    now: Date.now,
  });
  return { resolver, egress, sts, ask: (request) => askHttps(request, https) };
}
