/** The portal to be measured: settings with the role web alone, and `postern serve` with them in a process of its own that tells its times. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import type { Portal } from './portal-readers.ts';
import { freePort } from './ports.ts';
import type { ServerTimes } from './server-time.ts';

export type Place = { readonly config: Config; readonly file: string; readonly portal: Portal };

/** Writes the settings below `folder`. `database` as in the configuration. */
export async function settle(folder: string, database: string): Promise<Place> {
  const { authority } = await createWorld();
  const port = await freePort();
  const retry = { first: '1s', max: '2s', giveUpAfter: '1h', warnAfter: '30m' };
  const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';
  const ports = { smtpPort: 25, webPort: port, deliveryPort: 25, dns: '127.0.0.1:53' };
  const { config: file } = writeConfig({ folder, ...ports, authority, policy, retry });
  const yaml = readFileSync(file, 'utf8').replace('database: sqlite', `database: ${database}`);
  const large = '    portal: { maxAttachments: 2GB }\n';
  writeFileSync(file, `${yaml.replace('web:\n', 'roles: [web]\nweb:\n').trimEnd()}\n${large}`);
  const loaded = loadConfig(file);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return { config: loaded.config, file, portal: { port, ca: authority.certPem } };
}

export type Server = {
  /** What requests took since this was last asked. */
  times(): Promise<ServerTimes>;
  /** Octets of resident memory beyond what there are now, at the most, until the result is called. Linux only. */
  memory(): () => number;
  stop(): Promise<void>;
};

export async function serve({ file }: Place): Promise<Server> {
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const log = join(file, '../log');
  const command = ['--import', path('./server-time.ts'), path('../../src/main.ts'), 'serve', '--config', file];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', openSync(log, 'a'), 'ipc'] });
  const exit = once(child, 'exit');
  // Whatever becomes of this process, that one must not stay behind.
  const orphan = (): void => void child.kill('SIGKILL');
  process.once('exit', orphan);
  if (child.stdout === null) throw new Error('the child has no standard output');
  const ready = await Promise.race([once(createInterface(child.stdout), 'line'), exit.then(() => null)]);
  if (ready === null) throw new Error(readFileSync(log, 'utf8').slice(-2000));
  const status = (field: string): number => {
    const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
  };
  return {
    times: async () => {
      const answer = once(child, 'message');
      child.send('times');
      const [times] = await answer;
      return times as ServerTimes;
    },
    memory: () => {
      const before = status('VmRSS');
      // Since Linux 4.0: makes VmHWM what VmRSS is now.
      writeFileSync(`/proc/${child.pid}/clear_refs`, '5');
      return () => status('VmHWM') - before;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
      process.off('exit', orphan);
    },
  };
}
