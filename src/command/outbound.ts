/**
 * The way out, wired once for those who use it: the gateway that delivers, and `postern domains` that looks. Names are resolved, addresses
 * judged by the egress guard, MTA-STS policies fetched and remembered.
 */
import type { Config } from '../config/config.ts';
import { rootsOf, Trust } from '../deliver/peer.ts';
import { type DomainProbe, probe } from '../deliver/probe.ts';
import { Sessions } from '../deliver/sessions.ts';
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
  /** What the mail servers of a domain show now; `oneByOne`: with never more than one connection. */
  readonly probe: (domain: string, oneByOne: boolean) => Promise<DomainProbe | string>;
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
  let trust: Trust | null = null;
  return {
    resolver,
    egress,
    sts,
    probe: (domain, oneByOne) => {
      const { hostname, delivery } = config;
      trust ??= new Trust(delivery.trust);
      // A session that is taken up again shows no certificate.
      const connection = { hostname, trust, timeouts: probePatience, sessions: new Sessions() };
      return probe(domain, { connection, port: delivery.port, resolver, egress, sts: (of) => sts.of(of), oneByOne });
    },
    ask: (request) => askHttps(request, https),
  };
}

/** Milliseconds. A person may be waiting for the answer. */
const probePatience = { connect: 10_000, command: 20_000, data: 20_000 };
