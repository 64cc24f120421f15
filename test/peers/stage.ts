/**
 * A stage for tests that look at the whole gateway from outside: the pretend internet in this process, a folder with a configuration, and
 * Postern as a child process. What crosses the border is sockets, files and signals.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectSmtp, type SmtpClient } from '../../src/sandbox/client.ts';
import { type SandboxSettings, writeConfig } from '../../src/sandbox/config.ts';
import { startInternet } from '../../src/sandbox/internet.ts';
import type { Sinks } from '../../src/sandbox/sink.ts';
import { createWorld, gatewayName, type Person, type World } from '../../src/sandbox/world.ts';
import { freePort } from '../bench/ports.ts';
import { type PosternProcess, startPostern } from '../bench/postern.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type Stage = AsyncDisposable & {
  readonly world: World;
  readonly sinks: Sinks;
  readonly folder: string;
  readonly config: string;
  /** Starts `postern serve`; to be started again after it was killed. The one that still runs at the end is killed. */
  serve(): Promise<PosternProcess>;
  /** Runs another command against the same configuration and resolves with its standard output. */
  postern(...words: string[]): Promise<string>;
  /** Connects as the tenant's mail system, over STARTTLS. */
  connect(): Promise<SmtpClient>;
  person(name: string): Person;
};

export async function setStage(
  settings: Pick<SandboxSettings, 'policy'> & Partial<Pick<SandboxSettings, 'retry' | 'secretHeader'>>,
): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-stage-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const world = await createWorld();
  const { sinks, policies, dns } = stack.use(await startInternet(world));
  const smtpPort = await freePort();
  const { config } = writeConfig({
    folder,
    smtpPort,
    webPort: await freePort(),
    deliveryPort: sinks.port,
    policyPort: policies.port,
    dns: dns.address,
    authority: world.authority,
    retry: { first: '1s', max: '2s', giveUpAfter: '1h', warnAfter: '30m' },
    ...settings,
  });
  let running: PosternProcess | null = null;
  stack.defer(async () => running?.kill());
  const stage: Stage = {
    world,
    sinks,
    folder,
    config,
    serve: async () => {
      running = await startPostern(config, join(folder, 'postern.log'));
      return running;
    },
    postern: async (command, ...words) => {
      const args = [main, command ?? '', '--config', config, ...words];
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 28 });
      return stdout;
    },
    connect: () =>
      connectSmtp({ host: '127.0.0.1', port: smtpPort, tls: { ca: world.authority.certPem, serverName: gatewayName } }),
    person: (name) => {
      const found = world.people.find((each) => each.name === name);
      if (found === undefined) throw new Error(`nobody is called ${name}`);
      return found;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return stage;
}

/** Imports the keys of everybody who has one, with `postern keys import`. */
export async function importKeys(stage: Stage): Promise<void> {
  for (const { name, pgp, smime, published } of stage.world.people) {
    const text = pgp?.publicKey ?? smime?.certPem;
    if (text === undefined || published) continue;
    const file = join(stage.folder, `${name}.key`);
    writeFileSync(file, text);
    await stage.postern('keys', 'import', file);
  }
}
