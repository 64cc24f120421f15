/**
 * A small internet for the look for keys: a name server whose answers carry the AD bit where the test says so, HTTPS hosts with real certificates,
 * and a keyring in a database. What is looked for goes all the way: our resolver, the egress guard, TLS, HTTP.
 */
import * as openpgp from 'openpgp';
import type { KeySettings } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import { createDiscovery, type Discovery, type DiscoveryPorts } from '../../src/keys/discover.ts';
import type { Source } from '../../src/keys/sources/source.ts';
import { wkdHash } from '../../src/mail/wkd.ts';
import { createResolver, type OwnResolver } from '../../src/net/dns.ts';
import { createEgress, type Egress } from '../../src/net/egress.ts';
import { askHttps, type HttpsPorts, type HttpsRequest } from '../../src/net/https.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import { type Conduct, startDnsServer, type ZoneRecord } from '../../src/sandbox/dns-server.ts';
import { type PolicyHost, type PolicySite, startPolicyHost } from '../../src/sandbox/policy-host.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { sqlite } from '../engines.ts';

export const authority = issueCertificate({ subject: 'test authority', ca: true });
export const anna = 'anna@partner.example';
/** Where anna's key is, by the advanced method. */
export const hashPath = `/.well-known/openpgpkey/partner.example/hu/${wkdHash('anna')}`;
export const directPath = `/.well-known/openpgpkey/hu/${wkdHash('anna')}`;

export const identityFor = (host: string) => {
  const { keyPem, certPem } = issueCertificate({ subject: host, issuer: authority, san: { dns: [host] } });
  return { key: keyPem, cert: certPem };
};

/** A host of partner.example that answers one path with these octets. */
export function site(host: string, path: string, body: string | Buffer, more: Partial<PolicySite> = {}): PolicySite {
  const headers = { 'content-type': 'application/octet-stream' };
  return { domain: 'partner.example', host, path, body, headers, identity: identityFor(host), ...more };
}

/** An OpenPGP key as its owner publishes it, and the same with the owner's revocation. */
export async function publicKey(
  email: string,
  options: Parameters<typeof generateKey>[1] = {},
): Promise<{
  readonly binary: Buffer;
  readonly armored: string;
  readonly fingerprint: string;
  readonly revoked: Buffer;
}> {
  const key = await generateKey({ name: 'Anna', email }, options);
  const { publicKey: revoked } = await openpgp.revokeKey({
    key: await openpgp.readPrivateKey({ armoredKey: key.privateKey }),
    format: 'binary',
  });
  return {
    binary: Buffer.from(key.binary),
    armored: key.publicKey,
    fingerprint: key.fingerprint,
    revoked: Buffer.from(revoked),
  };
}

export type Internet = AsyncDisposable & {
  readonly hosts: PolicyHost;
  readonly resolver: OwnResolver;
  readonly egress: Egress;
  readonly https: HttpsPorts;
  readonly ask: (request: HttpsRequest) => ReturnType<typeof askHttps>;
};

export async function startInternet(
  zone: readonly ZoneRecord[],
  sites: readonly PolicySite[],
  options: { readonly conduct?: Conduct; readonly trustAd?: boolean; readonly allowPrivate?: boolean } = {},
): Promise<Internet> {
  await using stack = new AsyncDisposableStack();
  const dns = stack.use(await startDnsServer(zone, options.conduct));
  const hosts = stack.use(await startPolicyHost(sites));
  const resolver = createResolver({ servers: [dns.address], trustAd: options.trustAd ?? false, timeoutMs: 1_000 });
  stack.defer(() => resolver.close());
  const egress = createEgress({ allowPrivate: options.allowPrivate ?? true });
  const https = { resolver, egress, roots: [authority.certPem] };
  const running = stack.move();
  return {
    hosts,
    resolver,
    egress,
    https,
    ask: (request) => askHttps(request, https),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export type Searching = AsyncDisposable & {
  readonly store: Store;
  /** Looks for keys of both kinds, or of these. */
  look(address: string, kinds?: Parameters<Discovery['of']>[1]): ReturnType<Discovery['of']>;
  readonly events: Event[];
  /** Moves the clock, milliseconds. */
  later(milliseconds: number): void;
};

export const remember: KeySettings['remember'] = { found: 86_400_000, none: 14_400_000, failed: 600_000 };

/** A look for keys in these places, with an empty keyring. */
export async function searching(
  sources: readonly Source[],
  options: Partial<Pick<DiscoveryPorts, 'keep' | 'check'>> & { readonly deadline?: number } = {},
): Promise<Searching> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await sqlite.create());
  const { store } = await openStore(place);
  stack.defer(() => store.close());
  const events: Event[] = [];
  let now = Date.now();
  const discovery = createDiscovery({
    sources,
    store,
    check: options.check ?? (async () => ({ path: { ok: true, root: 'test root' } })),
    fresh: async (rows) => rows,
    settings: { deadline: options.deadline ?? 5_000, remember },
    emit: (event) => void events.push(event),
    now: () => now,
    keep: options.keep ?? true,
  });
  const running = stack.move();
  return {
    store,
    look: (address, kinds = ['x509', 'pgp']) => discovery.of(address, kinds),
    events,
    later: (milliseconds) => {
      now += milliseconds;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
