/**
 * Threat T-24: what 250 promises is on stable storage before 250 is said. strace watches the whole process; the order of its calls is the proof
 * that a kill -9 cannot give, because a killed process leaves its page cache behind.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { setStage } from '../peers/stage.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';
const present = spawnSync('strace', ['-V']).status === 0;

describe.skipIf(!present && !process.env.CI)('the order of durability', () => {
  test('file, folder and write-ahead log are synced before 250', async () => {
    await using stage = await setStage({ policy });
    const out = join(stage.folder, 'strace.out');
    const calls = 'trace=fsync,fdatasync,write,writev,sendto,sendmsg';
    const child = spawn('strace', [
      '-f',
      '-y',
      '-s',
      '40',
      '-e',
      calls,
      '-o',
      out,
      process.execPath,
      main,
      'serve',
      '--config',
      stage.config,
    ]);
    const [ready] = (await once(createInterface(child.stdout), 'line')) as [string];
    const port = Number(/smtp=127\.0\.0\.1:(\d+)/.exec(ready)?.[1]);
    try {
      await sendPlain(port);
    } finally {
      // To the gateway, not to strace, which ends after it.
      process.kill(Number.parseInt(readFileSync(out, 'utf8'), 10), 'SIGTERM');
      await once(child, 'exit');
    }

    const lines = readFileSync(out, 'utf8').split('\n');
    const said = lines.findIndex((line) => line.includes('"250 2.0.0 Ok: queued'));
    expect(said).toBeGreaterThan(0);
    const began = lines.findIndex((line) => line.includes('"354 '));
    const synced = completedSyncs(lines, began, said);
    expect(synced.some((path) => /\/spool\/[0-9a-f]{8}\/[0-9a-f-]{36}$/.test(path))).toBe(true);
    expect(synced.some((path) => /\/spool\/[0-9a-f]{8}$/.test(path))).toBe(true);
    expect(synced.some((path) => path.endsWith('/postern.sqlite-wal'))).toBe(true);
  });
});

/** The paths whose sync began after line `from` and was over before line `to`. A call that another thread interrupts is shown in two lines. */
function completedSyncs(lines: readonly string[], from: number, to: number): string[] {
  const open = new Map<string, string>();
  const paths: string[] = [];
  for (const line of lines.slice(from, to)) {
    const [pid = ''] = line.split(' ', 1);
    const path = /(?:fsync|fdatasync)\(\d+<([^>]+)>/.exec(line)?.[1];
    if (path !== undefined && line.endsWith('= 0')) paths.push(path);
    else if (path !== undefined) open.set(pid, path);
    else if (/<\.\.\. (?:fsync|fdatasync) resumed>.*= 0$/.test(line)) paths.push(open.get(pid) ?? '');
  }
  return paths;
}

/** Without TLS, so that the reply can be read in the trace. */
async function sendPlain(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const replies = createInterface(socket)[Symbol.asyncIterator]();
  const reply = async (code: string): Promise<void> => {
    for (;;) {
      const { value } = await replies.next();
      if (!String(value).startsWith(code)) throw new Error(`expected ${code}, got ${String(value)}`);
      if (String(value)[3] !== '-') return;
    }
  };
  const say = async (line: string, code: string): Promise<void> => {
    socket.write(`${line}\r\n`);
    await reply(code);
  };
  await reply('220');
  await say('EHLO client.corp.example', '250');
  await say('MAIL FROM:<anna@corp.example>', '250');
  await say('RCPT TO:<gina@good-tls.example>', '250');
  await say('DATA', '354');
  await say('From: anna@corp.example\r\nSubject: Hello\r\n\r\nHello.\r\n.', '250');
  socket.end('QUIT\r\n');
}
