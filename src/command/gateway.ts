/**
 * The gateway, wired: every folder's port joined to the one that satisfies it, according to the roles in the configuration. `postern serve` and the
 * sandbox start the same thing. The role web is portal-server.ts.
 */
import { hkdfSync } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { createTransmitter, type StaticRoute } from '../deliver/pool.ts';
import { withoutPolicy } from '../deliver/tls-session.ts';
import type { Event } from '../event/event.ts';
import { createLog, type LogOptions } from '../event/log.ts';
import { createListener } from '../ingress/listener.ts';
import { createHarvest } from '../keys/harvest.ts';
import { mailRoots } from '../keys/roots.ts';
import { createSignerCheck } from '../keys/signers.ts';
import { traceKeyFrom } from '../mail/trace.ts';
import { createAccept } from '../pipeline/accept.ts';
import { keepCertificates, type ServerCertificate } from '../pipeline/certificates.ts';
import { startDomainChecks } from '../pipeline/domain-check.ts';
import { createDomainMemory } from '../pipeline/domains.ts';
import { loadPolicies } from '../pipeline/policies.ts';
import { portalKeyOf } from '../pipeline/portal.ts';
import { createIntake } from '../pipeline/portal-outbox.ts';
import { Runner } from '../pipeline/runner.ts';
import { createTlsReporter } from '../pipeline/tls-reports.ts';
import { createOpenPool } from '../protect/open/pool.ts';
import { ownKeysKey } from '../protect/own/jobs.ts';
import { createProtectPool } from '../protect/pool.ts';
import { createScanPool } from '../scan/pool.ts';
import type { Spool } from '../spool/spool.ts';
import { holdFolder } from '../store/lock.ts';
import type { Store } from '../store/store.ts';
import { openCustody } from './custody.ts';
import { createKeyCheck, createKeySearch } from './key-search.ts';
import { createOutbound } from './outbound.ts';
import { startPortal } from './portal-server.ts';
import { checkPortalKey, openStorage } from './storage.ts';

export type Gateway = {
  /** "host:port" as bound; empty without the role smtp. */
  readonly smtp: readonly string[];
  /** Origin of the portal as bound ("https://127.0.0.1:8443"), or null without the role web. */
  readonly portal: string | null;
  readonly store: Store;
  readonly spool: Spool;
  /** Calls the listener with each event from now on; the result ends that. */
  events(listener: (event: Event) => void): () => void;
  /** Reads policies and certificates again; one that cannot be used leaves the old one in force. */
  reload(): void;
  /** Takes no new work, finishes what is under way, closes everything. */
  stop(): Promise<void>;
};

/** A policy that does not parse, or a database that cannot be opened, rejects with a message for the admin. */
export async function startGateway(
  config: Config,
  options: { readonly logTo?: LogOptions['destination'] } = {},
): Promise<Gateway> {
  const { emit, events } = createEvents(config, options.logTo);
  const policies = loadPolicies(config.tenants, emit);
  const { store, spool, items, close } = await openStorage(config);
  const running: (() => Promise<unknown>)[] = [close];
  const stop = async (): Promise<void> => {
    for (const end of running.splice(0).toReversed()) await end();
  };
  try {
    let wake = (): void => {};
    let submitted = (): void => {};
    const accept = createAccept({ spool, store, emit, wake: () => wake() });
    const common: Wiring = { store, spool, accept, emit, ending: (end) => running.push(end) };
    if (config.roles.includes('work')) {
      const runner = createRunner(config, { ...common, policies });
      if (config.database === 'sqlite') {
        const release = holdFolder(config.data);
        running.push(async () => release());
        await store.recover();
      }
      await checkPortalKey(config, store, true);
      await runner.start();
      wake = () => runner.wake();
      running.push(() => runner.stop());
      const keys = { master: config.masterKey, portal: portalKeyOf(config) };
      const intake = createIntake({ store: store.publications, keys, emit, wake: () => wake() });
      running.push(() => intake.stop());
      submitted = () => intake.wake();
      const unwatch = policies.watch();
      running.push(async () => unwatch());
    }
    if (config.roles.includes('web')) await checkPortalKey(config, store, false);
    const servers: ServerCertificate[] = [];
    const serving = { ...common, shows: (certificate: ServerCertificate) => servers.push(certificate) };
    const portal = config.roles.includes('web') ? await startPortal(config, { ...serving, items, submitted }) : null;
    const smtp = config.roles.includes('smtp') ? await startListener(config, serving) : [];
    const certificates = keepCertificates(servers, emit);
    const unwatch = certificates.watch();
    running.push(async () => unwatch());
    const reload = (): void => {
      policies.reload();
      certificates.reload();
    };
    emit({ kind: 'service.ready', listening: [...smtp, ...(portal === null ? [] : [portal])] });
    return { smtp, portal, store, spool, events, reload, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function createEvents(
  config: Config,
  logTo: LogOptions['destination'],
): { emit: (event: Event) => void; events: Gateway['events'] } {
  const log = createLog({
    ...config.log,
    // By the portal's key: the one that every process has.
    key: subKey(portalKeyOf(config), 'log addresses'),
    ...(logTo === undefined ? {} : { destination: logTo }),
  });
  const listeners = new Set([log]);
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    events: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type Wiring = {
  readonly store: Store;
  readonly spool: Spool;
  readonly accept: ReturnType<typeof createAccept>;
  readonly emit: (event: Event) => void;
  /** Takes what must be closed at the end, in reverse order. */
  readonly ending: (end: () => Promise<unknown>) => void;
};

function createRunner(config: Config, wiring: Wiring & { policies: ReturnType<typeof loadPolicies> }): Runner {
  const { store, spool, accept, policies, emit, ending } = wiring;
  const statics = new Map<string, StaticRoute>(
    config.tenants.flatMap(({ domains, inbound }) =>
      inbound === null ? [] : domains.map((domain) => [domain, inbound] as const),
    ),
  );
  const outbound = createOutbound(config, store);
  const { resolver, egress, sts, ask, probe } = outbound;
  const domains = createDomainMemory({ store, emit, now: Date.now });
  const transmitter = createTransmitter({
    hostname: config.hostname,
    port: config.delivery.port,
    resolver,
    egress,
    trust: config.delivery.trust,
    perDestination: config.delivery.perDestination,
    evidenceHeader: config.delivery.evidenceHeader,
    statics,
    sts: (domain) => sts.of(domain),
    floor: (domain) => domains.floor(domain),
    onSession: (session) => {
      if (config.reporting === null) return;
      const trouble = sts.trouble(session.domain);
      store.noteTlsSession(trouble === null ? session : withoutPolicy(session, trouble), Date.now());
    },
  });
  const custody = openCustody(config, store, emit);
  ending(custody.close);
  const protect = createProtectPool({ ownKeys: ownKeysKey(config.masterKey) });
  const scan = createScanPool();
  ending(async () => resolver.close());
  const { checkDomains: every } = config.delivery;
  if (every > 0) {
    const stopChecks = startDomainChecks({ store, probe: (of) => probe(of, true), emit, now: Date.now, every });
    ending(async () => stopChecks());
  }
  const opener = createOpenPool({ ownKeys: ownKeysKey(config.masterKey), roots: mailRoots(config.keys).map(String) });
  ending(() => protect.close());
  ending(() => opener.close());
  ending(() => scan.close());
  ending(() => transmitter.close());
  const certificates = createKeyCheck(config, outbound, { store, emit });
  const { statusOf: check, fresh } = certificates;
  const finding = { store, check, fresh, emit, now: Date.now, keep: true };
  const harvest = config.keys.harvest ? createHarvest(finding) : null;
  const tenants = new Map(config.tenants.map((tenant) => [tenant.id, tenant]));
  return new Runner({
    store,
    spool,
    emit,
    now: Date.now,
    domains,
    reports:
      config.reporting === null
        ? null
        : createTlsReporter({
            reporting: config.reporting,
            config,
            store,
            resolver,
            ask,
            submit: accept.submit,
            emit,
            now: Date.now,
          }),
    decide: {
      spool,
      store,
      scan: (job) => scan.scan(job),
      tenant: (id) => tenants.get(id),
      policy: (tenant) => policies.of(tenant),
      portal: config.web !== null,
      masterKey: config.masterKey,
      discovery: createKeySearch(config, outbound, finding),
      harvest,
      hostname: config.hostname,
      own: accept.own,
      now: Date.now,
    },
    attempt: {
      config,
      spool,
      store,
      transmitter,
      protect,
      freshKeys: fresh,
      signerFor: custody.keys.signerFor,
      opening: {
        spool,
        store,
        pool: opener,
        decryptionKeys: custody.keys.decryptionKeys,
        checkSigner: createSignerCheck(certificates, store),
        harvest,
        now: Date.now,
      },
      own: accept.own,
      now: Date.now,
      random: Math.random,
    },
  });
}

/** Takes the certificate that a server shows, to be kept up to date. */
type Showing = { readonly shows: (certificate: ServerCertificate) => void };

async function startListener(config: Config, { accept, emit, ending, shows }: Wiring & Showing): Promise<string[]> {
  const { tenants, masterKey, smtp } = config;
  const listener = createListener({ config, tenants, traceKey: traceKeyFrom(masterKey), accept, emit });
  const addresses = await listener.listen();
  ending(() => listener.close());
  if (smtp.tls !== null)
    shows({ setting: 'smtp.tls', identity: smtp.tls, use: (identity) => listener.renew(identity) });
  return addresses;
}

/** Independent keys for independent uses. RFC 5869 section 3.2. */
function subKey(masterKey: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `postern ${use}`, 32));
}
