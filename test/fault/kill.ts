/**
 * `kill -9` at random moments under load, and a ledger outside the process: every message that was answered 250 must afterwards, for each of its
 * recipients, be delivered unharmed, wait in the portal, have come back to its sender, or still be queued in the database.
 *
 *   node test/fault/kill.ts [--kills 20] [--seed 1]
 *
 * Each life of the process takes mail over several connections for a random moment and is then killed; the next one starts on what is left. Recipients
 * are of four kinds: taken, greylisted, unknown to their server (a report must come back) and, by a keyword, the portal. The last life is left
 * to finish. Duplicates are counted, not forbidden: a process that dies between the remote 250 and its own commit must send again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addressOf } from '../../src/sandbox/world.ts';
import { openStore } from '../../src/store/open.ts';
import { type Stage, setStage } from '../peers/stage.ts';

export type KillReport = {
  /** Messages answered 250. */
  readonly accepted: number;
  /** Their deliveries, by what became of them. */
  readonly fates: Readonly<Record<Fate, number>>;
  /** Copies that arrived more than once. */
  readonly duplicates: number;
  /** Deliveries of which nothing is left, or that arrived harmed, each in words. */
  readonly lost: readonly string[];
};

export type Fate = 'delivered' | 'waiting' | 'bounced' | 'queued';

type Entry = { readonly id: string; readonly recipients: readonly string[] };

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: portal }
default: { protect: none }
`;
const kinds = [['Paula'], ['Felix'], ['Greta'], ['Ulf'], ['Paula', 'Felix', 'Ulf'], ['Gina', 'Greta']] as const;
const connections = 10;

export async function killLoop(options: { readonly kills: number; readonly seed: number }): Promise<KillReport> {
  const random = mulberry(options.seed);
  await using stage = await setStage({ policy });
  const ledger: Entry[] = [];
  for (let life = 0; life < options.kills; life++) {
    const postern = await stage.serve();
    const load = new AbortController();
    const senders = Array.from({ length: connections }, () => sendUntil(load.signal, stage, ledger, random));
    await sleep(50 + random() * 1500);
    await postern.kill();
    load.abort();
    await Promise.all(senders);
  }
  const last = await stage.serve();
  await settled(stage);
  await last.stop();
  return await audit(stage, ledger);
}

/** Sends message after message and notes in the ledger what was answered 250, until the server is gone. */
async function sendUntil(signal: AbortSignal, stage: Stage, ledger: Entry[], random: () => number): Promise<void> {
  try {
    await using client = await stage.connect();
    while (!signal.aborted) {
      const people = kinds[Math.floor(random() * kinds.length)] ?? kinds[0];
      const recipients = people.map(addressOf);
      const id = `<${randomBytes(12).toString('hex')}@corp.example>`;
      const { reply } = await client.send({ from: addressOf('Anna'), to: recipients }, compose(id, random));
      if (reply.code === 250) ledger.push({ id, recipients });
    }
  } catch {
    // The process was killed under this connection. Whatever was not answered is the sender's to send again.
  }
}

/** A message that carries the digest of its own body, so that a harmed copy gives itself away. */
function compose(id: string, random: () => number): Buffer {
  const line = `${randomBytes(30).toString('hex')}\r\n`;
  const body = line.repeat(1 + Math.floor(random() * 800));
  const digest = createHash('sha256').update(body).digest('hex');
  const subject = random() < 0.2 ? '[secure] report' : 'report';
  return Buffer.from(
    `From: anna@corp.example\r\nSubject: ${subject}\r\nMessage-ID: ${id}\r\nX-Digest: ${digest}\r\n\r\n${body}`,
  );
}

/** Waits until nothing is on its way; a queue that does not move any more is for the audit to judge. */
async function settled(stage: Stage): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const queue = JSON.parse(await stage.postern('queue', 'list', '--json')) as {
      messages: unknown[];
      deliveries: { state: string }[];
    };
    if (queue.messages.length + queue.deliveries.filter(({ state }) => state !== 'held').length === 0) return;
    await sleep(500);
  }
}

async function audit(stage: Stage, ledger: readonly Entry[]): Promise<KillReport> {
  const { store } = await openStore({ database: 'sqlite', folder: join(stage.folder, 'data') });
  const { delivered, notified, reports, harmed } = readSinks(stage);
  const fates: Record<Fate, number> = { delivered: 0, waiting: 0, bounced: 0, queued: 0 };
  const lost = [...harmed];
  for (const { id, recipients } of ledger) {
    const states = new Map<string, string>();
    for (const found of await store.findMessages(id)) {
      for (const { recipient, state } of found.deliveries) states.set(recipient, state);
      if (found.message.state === 'received' || found.message.state === 'deciding')
        for (const recipient of recipients) states.set(recipient, 'queued');
    }
    for (const recipient of recipients) {
      const key = `${id} ${recipient}`;
      const seen = { delivered: delivered.has(key), notified: notified.has(key), reported: reports.has(id) };
      const fate = fateOf(states.get(recipient) ?? 'unknown', seen);
      if (fate === null) lost.push(`${id} to ${recipient}: the database says ${states.get(recipient) ?? 'nothing'}`);
      else fates[fate] += 1;
    }
  }
  await store.close();
  const copies = [...delivered.values()];
  return { accepted: ledger.length, fates, duplicates: copies.reduce((sum, count) => sum + count - 1, 0), lost };
}

/** What the database claims counts only when the outside saw it too. */
function fateOf(state: string, seen: { delivered: boolean; notified: boolean; reported: boolean }): Fate | null {
  if (state === 'delivered') return seen.delivered ? 'delivered' : null;
  if (state === 'failed') return seen.reported ? 'bounced' : null;
  // Somebody must know of what waits: the recipient, or the sender when the notification came back.
  if (state === 'waiting') return seen.notified || seen.reported ? 'waiting' : null;
  return ['queued', 'sending', 'deferred'].includes(state) ? 'queued' : null;
}

/** Copies per "Message-ID recipient", the Message-IDs that reports speak of, and copies that are not what was sent. */
function readSinks(stage: Stage) {
  const delivered = new Map<string, number>();
  const notified = new Set<string>();
  const reports = new Set<string>();
  const harmed: string[] = [];
  for (const { from, recipients, bytes } of stage.sinks.received) {
    const text = bytes.toString('latin1');
    const digest = /^X-Digest: (.*)\r$/m.exec(text)?.[1];
    const id = /^Message-ID: (.*)\r$/m.exec(text)?.[1] ?? '';
    if (from === '') {
      for (const match of text.matchAll(/<[0-9a-f]{24}@corp\.example>/g)) reports.add(match[0]);
      continue;
    }
    if (digest === undefined) {
      // The portal's notification joins the thread of the message that waits.
      const about = /^In-Reply-To:\s+(\S+)\r$/m.exec(text)?.[1] ?? '';
      for (const recipient of recipients) notified.add(`${about} ${recipient}`);
      continue;
    }
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    if (createHash('sha256').update(body).digest('hex') !== digest) harmed.push(`${id} arrived harmed`);
    for (const recipient of recipients) {
      const key = `${id} ${recipient}`;
      delivered.set(key, (delivered.get(key) ?? 0) + 1);
    }
  }
  return { delivered, notified, reports, harmed };
}

/** A small seeded generator, so that a run can be repeated (its moments, not the machine's timing). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
    },
  });
  process.stdout.write(`${values.kills} kills, seed ${values.seed}\n`);
  const report = await killLoop({ kills: Number(values.kills), seed: Number(values.seed) });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.lost.length === 0 && report.accepted > 0 ? 0 : 1;
}
