/**
 * What protecting a message costs, from the pool's door to the last octet of its body (worker threads, their messages and CRLF lines included),
 * beside the bare cost of the same cryptography and base64 in node:crypto, and another program on the same octets.
 *
 *   npm run bench -- crypto [--only NAME] [--rounds 9]
 *
 * Then: small messages per second, the memory one message of 150 MB adds (a fresh process, the kernel's own peak), and the event loop's lag while a hundred
 * messages of 25 MB are protected at once. Exit status 1 when something asked for is missed.
 *
 * The rows are in crypto-smime.ts and crypto-pgp.ts. Times are the best of several rounds, ours and theirs in turn, so that what else runs on the machine weighs
 * the same on all. The bare cost has no line ends, no threads and no octets that come and go. In brackets: processor time of all threads, collection of garbage
 * included, which another program on the machine disturbs less. Limits: memory is measured on Linux only.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createProtectPool, type ProtectPool } from '../../src/protect/pool.ts';
import { pgpRows } from './crypto-pgp.ts';
import { pieces, type Row } from './crypto-row.ts';
import { smimeRows } from './crypto-smime.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '9' },
    memory: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const sizes = [10_000, 1_000_000, 25_000_000];
const largest = 157_000_000;

/** Milliseconds for one message: by the clock, and of all threads of this process together. */
type Cost = { readonly elapsed: number; readonly processor: number };

const nothingYet: Cost = { elapsed: Number.POSITIVE_INFINITY, processor: Number.POSITIVE_INFINITY };

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const ownKeys = randomBytes(32);
const all = [...smimeRows(folder, ownKeys), ...(await pgpRows(folder, ownKeys))];
const rows = all.filter(({ name }) => name.includes(values.only));
const pool = createProtectPool({ ownKeys });
try {
  if (values.memory === undefined) await everything();
  else await memoryOf(rows[Number(values.memory)] ?? never());
} finally {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
}

async function everything(): Promise<void> {
  say(`${availableParallelism()} processors, Node ${process.version}, OpenSSL ${process.versions['openssl'] ?? ''}\n`);
  for (const row of rows) {
    say(row.name);
    for (const size of sizes) await compare(row, size);
  }
  say('\nsmall messages, 10 KB, 32 at a time');
  for (const row of rows) await perSecond(row);
  say('\nmemory added by one message of 157 MB');
  for (const [index, row] of rows.entries()) {
    const args = [fileURLToPath(import.meta.url), '--memory', String(index), '--only', values.only];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const added = Number(child.stdout);
    verdict(
      `  ${row.name.padEnd(46)} ${added.toFixed(0).padStart(6)} MB`,
      child.status === 0 && added < 200,
      'under 200 MB',
    );
  }
  say('\na hundred messages of 25 MB at once');
  for (const row of rows.slice(0, 1)) await lag(row);
}

/** One table line: milliseconds for one message of `size` octets. */
async function compare(row: Row, size: number): Promise<void> {
  const entity = mail(size);
  const file = join(folder, 'entity');
  writeFileSync(file, entity);
  let [ours, bare, peer] = [nothingYet, nothingYet, nothingYet];
  // Enough of the small ones for the clock to see, and of the large ones for the garbage that each leaves to be collected in its time.
  const many = Math.max(4, Math.floor(1_000_000 / size));
  for (let round = 0; round < rounds; round += 1) {
    bare = least(bare, await cost(many, () => row.bare(entity)));
    ours = least(ours, await cost(many, () => protect(pool, row, entity)));
    if (row.peer !== null && round < 5) peer = least(peer, await cost(1, () => row.peer?.run(file)));
  }
  const ratio = ours.elapsed / bare.elapsed;
  const processor = (ours.processor / bare.processor).toFixed(2);
  const other = row.peer === null ? '' : `   ${row.peer.name} ${milliseconds(peer.elapsed)}`;
  const line = `  ${String(size).padStart(9)}  ours ${inWords(ours)}   bare ${inWords(bare)}   ${ratio.toFixed(2).padStart(5)} x (${processor})${other}`;
  verdict(line, size < 25_000_000 || ratio <= row.asked, `at most ${row.asked} x`);
}

async function cost(times: number, work: () => unknown): Promise<Cost> {
  const before = process.cpuUsage();
  const elapsed = await timed(times, work);
  const { user, system } = process.cpuUsage(before);
  return { elapsed, processor: (user + system) / 1000 / times };
}

function least(a: Cost, b: Cost): Cost {
  return { elapsed: Math.min(a.elapsed, b.elapsed), processor: Math.min(a.processor, b.processor) };
}

function inWords({ elapsed, processor }: Cost): string {
  return `${milliseconds(elapsed)} (${processor.toFixed(processor < 10 ? 2 : 1)})`;
}

async function perSecond(row: Row): Promise<void> {
  const entity = mail(10_000);
  let best = 0;
  for (let round = 0; round < 3; round += 1) {
    const took = await timed(1, async () => {
      let left = 2000;
      const one = async () => {
        for (; left > 0; ) {
          left -= 1;
          await protect(pool, row, entity);
        }
      };
      await Promise.all(Array.from({ length: 32 }, one));
    });
    best = Math.max(best, 2_000_000 / took);
  }
  verdict(`  ${row.name.padEnd(46)} ${best.toFixed(0).padStart(6)} /s`, best >= 500, 'at least 500 /s');
}

/** In a process of its own: prints megabytes. */
async function memoryOf(row: Row): Promise<void> {
  await protect(pool, row, mail(1_000_000));
  const status = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000;
  const before = status('VmRSS');
  // Since Linux 4.0: makes VmHWM what VmRSS is now.
  writeFileSync('/proc/self/clear_refs', '5');
  await consume(pool, row, largest, repeated(mail(65_536), largest));
  say(String(status('VmHWM') - before));
}

async function lag(row: Row): Promise<void> {
  const entity = mail(25_000_000);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const took = await timed(1, () => Promise.all(Array.from({ length: 100 }, () => protect(pool, row, entity))));
  delay.disable();
  // The histogram counts the timer's own millisecond.
  const [p50, p99, most] = [delay.percentile(50), delay.percentile(99), delay.max].map(
    (nanoseconds) => nanoseconds / 1e6 - 1,
  );
  const line = `  ${row.name.padEnd(46)} lag p50 ${milliseconds(p50 ?? 0)}, p99 ${milliseconds(p99 ?? 0)}, max ${milliseconds(most ?? 0)}; ${(took / 1000).toFixed(1)} s in all`;
  verdict(line, (p99 ?? 0) < 50, 'p99 under 50 ms');
}

/** Lines of text and, as most of large mail is, of base64. */
function mail(size: number): Buffer {
  const head = 'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  const line = Buffer.from(`${randomBytes(57).toString('base64')}\r\n`);
  const lines = Buffer.alloc(size - head.length - 3, line);
  // The last line may be cut short, but not between CR and LF.
  lines[lines.length - 1] = 0x2e;
  if (lines.at(-2) === 0x0d) lines[lines.length - 2] = 0x2e;
  return Buffer.concat([Buffer.from(head), lines, Buffer.from('.\r\n')]);
}

async function* repeated(chunk: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; left -= chunk.length) yield Buffer.from(chunk.subarray(0, left));
}

async function* fromMemory(entity: Buffer): AsyncGenerator<Buffer> {
  yield* pieces(entity);
}

function protect(by: ProtectPool, row: Row, entity: Buffer): Promise<void> {
  return consume(by, row, entity.length, fromMemory(entity));
}

async function consume(by: ProtectPool, row: Row, size: number, entity: AsyncIterable<Uint8Array>): Promise<void> {
  const made = await by.protect(row.job(size), entity);
  let seen = 0;
  for await (const chunk of made.body) seen += chunk.length;
  if (seen < size) throw new Error('the copy is shorter than its content');
}

async function timed(times: number, work: () => unknown): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < times; i += 1) await work();
  return (performance.now() - started) / times;
}

function milliseconds(time: number): string {
  return `${time.toFixed(time < 10 ? 2 : 1).padStart(7)} ms`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function verdict(line: string, met: boolean, asked: string): void {
  say(met ? line : `${line}   MISSED: ${asked}`);
  if (!met) process.exitCode = 1;
}

function never(): never {
  throw new Error('no such row');
}
