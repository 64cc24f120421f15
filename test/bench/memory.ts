/**
 * How much resident memory one message of 150 MB costs Postern on its way through each kind of treatment. For each a fresh process, a small
 * message first, so that code and workers are loaded, then the large one; the kernel's own peak (VmHWM, reset in between) tells, so nothing is missed between samples.
 *
 *   node test/bench/memory.ts [--bytes 157000000] [--limit 200]
 *
 * Exit status 1 when any of them adds more than `limit` megabytes.
 * Limits: Linux only. The memory of worker threads counts, as they are in the same process.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { importKeys, type Stage, setStage } from '../peers/stage.ts';

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '157000000' }, limit: { type: 'string', default: '200' } },
});
const megabyte = 1_000_000;

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message }
default: { protect: none }
`;

const treatments = [
  { method: 'none', person: 'Paula', subject: 'plain' },
  { method: 'smime', person: 'Simon', subject: '[secure] large' },
  { method: 'pgp', person: 'Petra', subject: '[secure] large' },
  { method: 'portal', person: 'Gina', subject: '[secure] large' },
] as const;

await using stage = await setStage({ policy });
await importKeys(stage);
for (const treatment of treatments) {
  const postern = await stage.serve();
  await pass(stage, treatment, 10_000);
  await sleep(1000);
  const before = postern.residentBytes();
  // Since Linux 4.0: makes VmHWM what VmRSS is now.
  writeFileSync(`/proc/${postern.pid}/clear_refs`, '5');
  const started = performance.now();
  await pass(stage, treatment, Number(values.bytes));
  const seconds = (performance.now() - started) / 1000;
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${postern.pid}/status`, 'utf8'));
  const added = Number(line?.[1] ?? 0) * 1024 - before;
  const verdict = added <= Number(values.limit) * megabyte ? '' : '  TOO MUCH';
  process.stdout.write(
    `${treatment.method.padEnd(7)} ${inMegabytes(before)} before, ${inMegabytes(added)} added, ${seconds.toFixed(1)} s${verdict}\n`,
  );
  if (verdict !== '') process.exitCode = 1;
  await postern.stop();
}

/** Sends one message and waits until what it causes has arrived. */
async function pass(stage: Stage, { person, subject }: (typeof treatments)[number], bytes: number): Promise<void> {
  const { address } = stage.person(person);
  await using client = await stage.connect();
  const before = stage.sinks.received.length;
  const header = `From: anna@corp.example\r\nTo: ${address}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(header), base64Lines(bytes)]);
  const { reply } = await client.send({ from: 'anna@corp.example', to: [address] }, message);
  if (reply.code !== 250) throw new Error(`answered ${reply.code} ${reply.text}`);
  await stage.sinks.wait((received) => stage.sinks.received.indexOf(received) >= before, 600_000);
}

/** About so many octets of base64 text in lines of 76. */
function base64Lines(bytes: number): Buffer {
  const line = Buffer.from(`${randomBytes(57).toString('base64')}\r\n`);
  return Buffer.alloc(Math.floor(bytes / line.length) * line.length, line);
}

function inMegabytes(octets: number): string {
  return `${Math.round(octets / megabyte)} MB`.padStart(7);
}
