/**
 * How long `postern replay` takes over 1,000 and over 10,000 messages, and what memory: `npm run bench -- replay [COUNT...]`. Time grows with the
 * mail, memory does not.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepMail } from '../command/kept.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const counts = process.argv.slice(2).map(Number);

type Measured = {
  readonly seconds: number;
  readonly megabytes: number;
  readonly said: { messages: number; deliveries: number; changed: number };
};

/** Runs the command and looks at the peak of its memory while it runs. */
async function measure(config: string, draft: string): Promise<Measured> {
  const start = performance.now();
  const child = spawn(process.execPath, [main, 'replay', '--config', config, '--policy', draft, '--json']);
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid ?? 0));
  }, 20);
  let stdout = '';
  for await (const text of child.stdout.setEncoding('utf8')) stdout += text;
  clearInterval(look);
  return { seconds: (performance.now() - start) / 1000, megabytes: peak / 1024, said: JSON.parse(stdout) };
}

/** Kilobytes; 0 once the process is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

for (const count of counts.length > 0 ? counts : [1_000, 10_000]) {
  const begun = performance.now();
  await using mail = await keepMail(count);
  const kept = (performance.now() - begun) / 1000;
  const { seconds, megabytes, said } = await measure(mail.config.file, mail.draft);
  const { messages, deliveries, changed } = said;
  process.stdout.write(
    `${messages} messages, ${deliveries} deliveries, ${changed} would change: ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB at most (looking through and deciding them took ${kept.toFixed(1)} s)\n`,
  );
}
