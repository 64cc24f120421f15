/**
 * One domain of the internet as a test describes it, and mail to it: its DNS over real UDP and TCP, the web host of its MTA-STS policy, its one mail
 * server, and a transmitter that has to find its way. The domain is b.example, its server mx.b.example.
 */
import type { TlsLevel } from '../../src/config/config.ts';
import { Trust } from '../../src/deliver/peer.ts';
import { probe } from '../../src/deliver/probe.ts';
import { Sessions } from '../../src/deliver/sessions.ts';
import { createStsPolicies, type KeptSts } from '../../src/deliver/sts.ts';
import { fetchPolicy } from '../../src/deliver/sts-fetch.ts';
import { createResolver } from '../../src/net/dns.ts';
import { createEgress } from '../../src/net/egress.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Conduct, startDnsServer, type ZoneRecord } from '../../src/sandbox/dns-server.ts';
import { type PolicySite, startPolicyHost } from '../../src/sandbox/policy-host.ts';
import { type Script, type ScriptedServer, startServer } from './scripted-server.ts';
import { type TestTransmitter, transmitterTo } from './transmit.ts';

export const name = 'b.example';
export const host = 'mx.b.example';

/** In the names of records and faults, PORT stands for the port of the mail server. */
export type Domain = {
  /** MX and address records; left out: the usual ones. */
  readonly route?: readonly ZoneRecord[];
  readonly records?: readonly ZoneRecord[];
  readonly signed?: readonly string[];
  readonly faults?: Conduct['faults'];
  /** Whether our resolver's AD bit is believed; true when left out. */
  readonly trustAd?: boolean;
  /** Text of its policy, and what is wrong with the host. */
  readonly site?: Pick<PolicySite, 'body'> & Partial<PolicySite>;
  /** A policy that was fetched before. */
  readonly remembered?: Omit<KeptSts, 'domain'>;
  /** What it has shown before. */
  readonly floor?: TlsLevel;
  readonly pin?: readonly string[];
};

export const root = issueCertificate({ subject: 'Test Root', ca: true });

/** A certificate for a server of this name, and its key. */
export function identityFor(dns: string, changes: Partial<Parameters<typeof issueCertificate>[0]> = {}) {
  const { certPem, keyPem } = issueCertificate({ subject: dns, issuer: root, san: { dns: [dns] }, ...changes });
  return { cert: certPem, key: keyPem };
}

const usualRoute: readonly ZoneRecord[] = [
  { name, type: 'MX', preference: 1, exchange: host },
  { name: host, type: 'A', data: '127.0.0.1' },
];
const webIdentity = identityFor(`mta-sts.${name}`);

export type OneDomain = AsyncDisposable & {
  readonly server: ScriptedServer;
  readonly transmitter: TestTransmitter;
  /** Looks at it without a message. */
  probe(): ReturnType<typeof probe>;
  /** Requests for the policy so far. */
  readonly requests: readonly string[];
};

export async function startDomain(domain: Domain, script: Script): Promise<OneDomain> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startServer(script));
  const sites = domain.site === undefined ? [] : [{ domain: name, identity: webIdentity, ...domain.site }];
  const policies = stack.use(await startPolicyHost(sites));
  const here = (text: string): string => text.replace('PORT', String(server.port));
  const promise: ZoneRecord[] = [{ name: `mta-sts.${name}`, type: 'A', data: policies.address }];
  if (domain.site !== undefined) promise.push({ name: `_mta-sts.${name}`, type: 'TXT', data: 'v=STSv1; id=2026a;' });
  const records = [...(domain.route ?? usualRoute), ...promise, ...(domain.records ?? [])];
  const dns = stack.use(
    await startDnsServer(
      records.map((record) => ({ ...record, name: here(record.name) })),
      {
        signed: domain.signed ?? [],
        faults: Object.fromEntries(Object.entries(domain.faults ?? {}).map(([of, fault]) => [here(of), fault])),
      },
    ),
  );
  const trustAd = domain.trustAd ?? true;
  const resolver = createResolver({ servers: [dns.address], trustAd, timeoutMs: 300, attempts: 1 });
  stack.defer(() => resolver.close());
  const egress = createEgress({ allowPrivate: true });
  const roots = [root.certPem];
  const sts = createStsPolicies({
    resolver,
    store: {
      findSts: async () => (domain.remembered ? { ...domain.remembered, domain: name } : null),
      keepSts: async () => {},
    },
    fetch: (of) => fetchPolicy(of, policies.port, { resolver, egress, roots }),
    now: Date.now,
  });
  const transmitter = stack.use(
    transmitterTo(server.port, {
      resolver,
      trust: roots,
      sts: (of) => sts.of(of),
      floor: () => domain.floor ?? null,
      timeouts: { connect: 2_000, command: 1_000, data: 1_000 },
    }),
  );
  const connection = {
    hostname: 'gw.postern.example',
    trust: new Trust(roots),
    timeouts: { connect: 2_000, command: 300, data: 300 },
    sessions: new Sessions(),
  };
  const look = { connection, port: server.port, resolver, egress, sts: (of: string) => sts.of(of), oneByOne: false };
  const running = stack.move();
  return {
    server,
    transmitter,
    probe: () => probe(name, look),
    requests: policies.requests,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
