/**
 * What looking through messages costs: `node test/bench/scan.ts [words of a name ...]` prints tables of large files, of every bomb of the
 * tests, and of small messages by the second.
 *
 * Each message has a process of its own with a pool as the gateway has, and is read from a file piece by piece. Processor is the time of all
 * threads; memory is what the process grew at most over what it was with its workers warm, as the kernel tells (VmHWM); lag is how late timers of
 * the main thread were meanwhile.
 *
 * Limits: Linux only.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { StructureParser } from '../../src/mail/structure.ts';
import type { ScanJob } from '../../src/scan/job.ts';
import { createScanPool } from '../../src/scan/pool.ts';
import { bombs } from '../scan/bomb-files.ts';
import { jobOf, message, part } from '../scan/messages.ts';
import { largeFiles } from './scan-files.ts';

const sentence = 'Dear Bob, thank you for your letter of the third of May; we shall answer it in the coming week. ';
const ordinary = message(part('Content-Type: text/plain; charset=utf-8', sentence.repeat(100)));
const [step, ...rest] = process.argv.slice(2);

if (step === '--make') make(rest[0] ?? '', rest[1] ?? '');
else if (step === '--measure') console.log(JSON.stringify(await measure(rest[0] ?? '')));
else await report(process.argv.slice(2).join(' '));

function make(name: string, file: string): void {
  writeFileSync(file, bombs[name]?.make() ?? largeFiles[name]?.() ?? '');
}

type Measured = {
  readonly time: number;
  readonly processor: number;
  readonly memory: number;
  readonly lag: number;
  readonly result: string;
};

async function measure(file: string): Promise<Measured> {
  const pool = createScanPool();
  await Promise.all([ordinary, ordinary].map((octets) => pool.scan(jobOf(octets))));
  const before = process.memoryUsage.rss();
  // Since Linux 4.0: makes VmHWM what VmRSS is now.
  writeFileSync('/proc/self/clear_refs', '5');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const used = process.cpuUsage();
  const began = performance.now();
  const { findings, blind } = await pool.scan(await jobOfFile(file));
  const time = performance.now() - began;
  delay.disable();
  const { user, system } = process.cpuUsage(used);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  await pool.close();
  const found = findings.length === 0 ? '' : `${findings.length} findings`;
  const reasons = [...new Set(blind.map(({ doubt, reason }) => `${doubt}: ${reason}`))];
  return {
    time: Math.round(time),
    processor: Math.round((user + system) / 1000),
    memory: Math.round((Number(peak?.[1] ?? 0) * 1024 - before) / 1_048_576),
    lag: Math.round(delay.percentile(99) / 1e6),
    result: [found, ...reasons.slice(0, 2)].filter((text) => text !== '').join('; ') || 'nothing',
  };
}

async function jobOfFile(file: string): Promise<ScanJob> {
  const descriptor = openSync(file, 'r');
  const { size } = statSync(file);
  const read = async function* (range: { readonly start: number; readonly end: number }): AsyncGenerator<Uint8Array> {
    for (let at = range.start; at < range.end; at += 65_536) {
      const chunk = Buffer.alloc(Math.min(65_536, range.end - at));
      readSync(descriptor, chunk, 0, chunk.length, at);
      yield chunk;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const parser = new StructureParser();
  for await (const chunk of read({ start: 0, end: size })) parser.push(chunk);
  return { structure: parser.end(), probes: [], read };
}

async function report(only: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-scan-'));
  const rows = (names: readonly string[]): void => {
    console.log('\n| message | size | time | processor | memory | lag p99 | result |\n|---|---|---|---|---|---|---|');
    for (const name of names.filter((candidate) => candidate.includes(only))) {
      const file = join(folder, 'message.eml');
      self('--make', name, file);
      const { time, processor, memory, lag, result } = JSON.parse(self('--measure', file)) as Measured;
      const size = (statSync(file).size / 1_048_576).toFixed(1);
      console.log(`| ${name} | ${size} MB | ${time} ms | ${processor} ms | ${memory} MB | ${lag} ms | ${result} |`);
    }
  };
  try {
    rows(Object.keys(largeFiles));
    rows(Object.keys(bombs));
    if (only === '') await small();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function self(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function small(): Promise<void> {
  const job = jobOf(ordinary);
  const count = 3_000;
  for (const size of [1, 2]) {
    const pool = createScanPool({ size });
    await Promise.all(Array.from({ length: 200 }, () => pool.scan(job)));
    const used = process.cpuUsage();
    const began = performance.now();
    let left = count;
    const sender = async (): Promise<void> => {
      while (left-- > 0) await pool.scan(job);
    };
    await Promise.all(Array.from({ length: 16 }, sender));
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(used);
    const each = ((user + system) / 1000 / count).toFixed(2);
    console.log(
      `\n10 KB of text, ${size} worker(s): ${Math.round(count / seconds)} messages a second, ${each} ms of processor time each`,
    );
    await pool.close();
  }
}
