/** Postern as an admin runs it: `node src/main.ts serve --config FILE` in a process of its own, started when it has printed `ready`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type PosternProcess = {
  readonly pid: number;
  /** What follows `ready` on standard output. */
  readonly ready: string;
  /** Resident memory in octets, from /proc. */
  residentBytes(): number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and resolves with the exit status. */
  stop(): Promise<number | null>;
};

/** Rejects with the end of the log when the process ends before it is ready. The log goes to `logFile`. */
export async function startPostern(configFile: string, logFile: string): Promise<PosternProcess> {
  const child = spawn(process.execPath, [main, 'serve', '--config', configFile], {
    stdio: ['ignore', 'pipe', openSync(logFile, 'a')],
  });
  const exit = once(child, 'exit');
  // A test that runs out of time disposes of nothing; its process must not leave this one behind.
  const orphan = () => void child.kill('SIGKILL');
  process.once('exit', orphan);
  child.once('exit', () => process.off('exit', orphan));
  if (child.stdout === null) throw new Error('the child has no standard output');
  const lines = createInterface(child.stdout);
  const ready = await Promise.race([once(lines, 'line'), exit.then(() => null)]);
  if (ready === null) throw new Error(`postern serve ended: ${readFileSync(logFile, 'utf8').slice(-2000)}`);
  const pid = child.pid ?? 0;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await exit;
    return child.exitCode;
  };
  return {
    pid,
    ready: String(ready[0]).replace(/^ready\s*/, ''),
    residentBytes: () => {
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return Number(line?.[1] ?? 0) * 1024;
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}
