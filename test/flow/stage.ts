/**
 * The gateway in the test's own process on either database, with the pretend internet around it: real SMTP in and out, real TLS. For tests
 * that look at what the outside sees and sometimes need a hand inside.
 */
import { randomUUIDv7 } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Gateway, startGateway } from '../../src/command/gateway.ts';
import { traceDocument } from '../../src/command/trace.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readKeyFile } from '../../src/keys/import.ts';
import { rowsForImport } from '../../src/keys/trust.ts';
import { connectSmtp, type SmtpClient } from '../../src/sandbox/client.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import type { ZoneRecord } from '../../src/sandbox/dns-server.ts';
import { startInternet } from '../../src/sandbox/internet.ts';
import type { Sinks } from '../../src/sandbox/sink.ts';
import { createWorld, gatewayName, type World } from '../../src/sandbox/world.ts';
import { freePort } from '../bench/ports.ts';
import type { Engine } from '../engines.ts';

export type FlowStage = AsyncDisposable & {
  readonly gateway: Gateway;
  readonly config: Config;
  readonly sinks: Sinks;
  readonly world: World;
  /** Everything that was logged. */
  readonly log: string[];
  /** The DNS says this as well from now on. */
  addRecords(records: readonly ZoneRecord[]): void;
  /** Connects as the tenant's mail system, over STARTTLS. */
  connect(): Promise<SmtpClient>;
  /** Sends a small message from Anna, expects 250, and returns its Message-ID. */
  send(subject: string, to: readonly string[]): Promise<string>;
  /** The trace once every delivery came to rest. */
  trace(messageId: string): Promise<ReturnType<typeof traceDocument>>;
};

type Settings = {
  readonly warnAfter?: string;
  /** Changes the YAML before it is read. */
  readonly edit?: (yaml: string) => string;
  /** Changes what was read. */
  readonly change?: (config: Config) => Config;
  /** What the DNS says besides. */
  readonly records?: readonly ZoneRecord[];
  /** Puts files beside the settings before they are read. */
  readonly before?: (folder: string) => void;
};

export async function openFlow(engine: Engine, policy: string, settings: Settings = {}): Promise<FlowStage> {
  const stack = new AsyncDisposableStack();
  const place = stack.use(await engine.create());
  const made = await createWorld();
  const world: World = { ...made, zone: (at) => [...made.zone(at), ...(settings.records ?? [])] };
  const { sinks, policies, dns } = stack.use(await startInternet(world));
  const smtpPort = await freePort();
  const files = writeConfig({
    folder: place.folder,
    smtpPort,
    webPort: await freePort(),
    deliveryPort: sinks.port,
    policyPort: policies.port,
    dns: dns.address,
    authority: world.authority,
    policy,
    retry: { first: '1s', max: '2s', giveUpAfter: '1h', warnAfter: settings.warnAfter ?? '30m' },
  });
  settings.before?.(place.folder);
  const yaml = readFileSync(files.config, 'utf8').replace('database: sqlite', `database: ${place.database}`);
  writeFileSync(files.config, settings.edit?.(yaml) ?? yaml);
  const loaded = loadConfig(files.config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const config = settings.change?.(loaded.config) ?? loaded.config;
  const log: string[] = [];
  const gateway = await startGateway(config, { logTo: { write: (line) => log.push(line) } });
  stack.defer(() => gateway.stop());
  for (const { pgp, smime, published } of world.people) {
    if (published) continue;
    const file = pgp?.publicKey ?? smime?.certPem;
    const { entries } = file === undefined ? { entries: [] } : await readKeyFile(Buffer.from(file), null);
    await gateway.store.insertKeys(rowsForImport(entries, [], { where: 'test', now: Date.now() }), []);
  }
  const connect = () =>
    connectSmtp({ host: '127.0.0.1', port: smtpPort, tls: { ca: world.authority.certPem, serverName: gatewayName } });
  return {
    gateway,
    config,
    sinks,
    world,
    log,
    addRecords: (records) => {
      const zone = world.zone({ mailPort: sinks.port, webAddress: policies.address });
      dns.setZone([...zone, ...records]);
    },
    connect,
    send: async (subject, to) => {
      const messageId = `<${randomUUIDv7()}@corp.example>`;
      await using client = await connect();
      const { reply } = await client.send({ from: 'anna@corp.example', to }, letter(subject, to[0] ?? '', messageId));
      if (reply.code !== 250) throw new Error(`${reply.code} ${reply.text}`);
      return messageId;
    },
    trace: (messageId) => restingTrace(gateway, messageId),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export function letter(subject: string, to: string, messageId: string): Buffer {
  return Buffer.from(
    `From: Anna <anna@corp.example>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: ${messageId}\r\n\r\nThe body of this message.\r\n`,
  );
}

async function restingTrace(gateway: Gateway, messageId: string): Promise<ReturnType<typeof traceDocument>> {
  const moving = new Set(['received', 'deciding', 'queued', 'sending', 'deferred']);
  for (let tries = 0; ; tries++) {
    const [found] = await gateway.store.findMessages(messageId);
    if (found === undefined) throw new Error('the message is unknown');
    const still = ![found.message, ...found.deliveries].some(({ state }) => moving.has(state));
    if (still || tries > 1_800) return traceDocument(found.message, found.deliveries);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 900; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen');
}
