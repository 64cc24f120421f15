/**
 * The two ends of the measured line: smtp-source makes the load, smtp-sink counts what arrives. Both come with Postfix and are the same
 * processes for every side, so what differs is only what stands between them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { freePort, waitForPort } from './ports.ts';

export type Sink = {
  readonly port: number;
  /** Messages received so far. */
  count(): number;
  /** Resolves when `count()` has reached `target`; rejects after `patience` milliseconds without any progress. */
  reached(target: number, patience?: number): Promise<void>;
  stop(): Promise<void>;
};

/** smtp-sink with running counters (-c): it writes "sess=1 quit=0 mesg=17" after every message. */
export async function startSink(): Promise<Sink> {
  const port = await freePort();
  const asUser = userInfo().uid === 0 ? ['-u', 'postfix'] : [];
  const child = spawn('/usr/sbin/smtp-sink', ['-c', ...asUser, `127.0.0.1:${port}`, '512'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let messages = 0;
  let tail = '';
  let wake = () => {};
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    const seen = (tail + text).split('\r');
    tail = seen.pop() ?? '';
    const last = /mesg=(\d+)/.exec(seen.at(-1) ?? '') ?? /mesg=(\d+)/.exec(tail);
    if (last === null || Number(last[1]) === messages) return;
    messages = Number(last[1]);
    wake();
  });
  await waitForPort(port);
  return {
    port,
    count: () => messages,
    reached: (target, patience = 60_000) =>
      new Promise((resolve, reject) => {
        const stuck = () => reject(new Error(`the sink stands at ${messages} of ${target} messages`));
        let timer = setTimeout(stuck, patience);
        wake = () => {
          clearTimeout(timer);
          if (messages >= target) resolve();
          else timer = setTimeout(stuck, patience);
        };
        wake();
      }),
    stop: () => stopped(child),
  };
}

export type Load = {
  readonly port: number;
  readonly messages: number;
  readonly connections: number;
  readonly bytes: number;
  readonly from: string;
  readonly to: string;
};

/** Runs smtp-source over persistent connections (-d) until every message was answered 250. Returns the seconds it took. */
export async function sendLoad(load: Load): Promise<number> {
  const started = performance.now();
  const child = spawn(
    '/usr/sbin/smtp-source',
    Object.entries({
      s: load.connections,
      m: load.messages,
      l: load.bytes,
      M: 'source.corp.example',
      f: load.from,
      t: load.to,
    })
      .flatMap(([option, value]) => [`-${option}`, String(value)])
      .concat('-d', `127.0.0.1:${load.port}`),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`smtp-source ended with status ${String(code)}`);
  return (performance.now() - started) / 1000;
}

async function stopped(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
