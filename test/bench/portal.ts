/**
 * The portal with very much waiting and very many reading: `npm run bench -- portal [--messages 100000] [--readers 200] [--seconds 30] [--think 3000]
 * [--postgres] [--octets 1000000000]`.
 *
 * `postern serve` with the role web runs in a process of its own over a database in which `messages` wait. `readers` people come in by link and code, each on
 * a TLS connection of their own, and then turn pages with a moment's thought between two. For each page: its weight with all it loads, how long the server had
 * it, and how long the reader waited. Then autocannon, with the same sessions, shows what the server can do at most. Last a file of
 * `octets` is downloaded and another uploaded, with the memory that takes.
 *
 * The server is one process on one core; readers and database share the rest of the machine, so what a reader waits for has the noise of both.
 * Exit status 1 when a page took the server 50 ms or more (99th percentile), weighs 60 kB or more, or a file took more than 100 MB.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { openStorage, type Storage } from '../../src/command/storage.ts';
import type { Config } from '../../src/config/config.ts';
import { startPostgres } from '../postgres.ts';
import { newsletter } from '../web/samples.ts';
import { carryLarge } from './portal-files.ts';
import { type Habit, type Portal, Reader, readAll } from './portal-readers.ts';
import { keepContent, type Planned, publishAll, type Waiting } from './portal-seed.ts';
import { type Server, serve, settle } from './portal-server.ts';
import type { ServerTimes } from './server-time.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    readers: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
    think: { type: 'string', default: '3000' },
    octets: { type: 'string', default: '1000000000' },
    postgres: { type: 'boolean', default: false },
  },
});
const count = Number(values.messages);
const readerCount = Number(values.readers);
const [seconds, think, octets] = [Number(values.seconds), Number(values.think), Number(values.octets)];

/** What one reader has waiting: conversations, and messages in each. */
const own = { conversations: 20, messages: 5 };
/** One address that a whole department reads. */
const team = { recipient: 'team@clinic.example', conversations: 1_000, messages: 5, readers: 10 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const postgres = values.postgres ? await startPostgres() : null;
const folder = mkdtempSync(join(tmpdir(), 'postern-portal-'));
async function measure(): Promise<void> {
  const place = await settle(folder, postgres?.url ?? 'sqlite');
  const { config, portal } = place;
  const storage = await openStorage(config);
  const server = await serve(place);
  try {
    const { waiting, large } = await fill(storage, config);
    const weights = new Map<string, number>();
    const waited = new Map<string, number[]>();
    const clock = (name: string, milliseconds: number): void =>
      void (waited.get(name)?.push(milliseconds) ?? waited.set(name, [milliseconds]));
    const readers = Array.from({ length: readerCount }, (_, index) => {
      const address = index < team.readers ? team.recipient : `reader${index}@clinic.example`;
      return new Reader(portal, clock, index, waiting.get(address) ?? []);
    });
    const mailed = codesIn(storage);
    for (const some of Object.values(Object.groupBy(readers, (_, index) => String(index % 10))))
      await Promise.all((some ?? []).map((reader) => reader.arrive(mailed)));
    say(`${readers.length} readers are in`);
    await weigh(readers[readers.length - 1], weights);
    await server.times();
    waited.clear();
    await readAll(readers, habits, { seconds, think });
    report(await server.times(), waited, weights);
    for (const reader of readers) reader.close();
    await saturate(portal, readers, server);
    const limit = 100_000_000;
    for (const line of await carryLarge({ portal, server, large, mailed, octets, limit })) say(line);
  } finally {
    await server.stop();
    await storage.close();
  }
}

/** Pages by their names. */
const pages: Readonly<Record<string, (reader: Reader) => string>> = {
  account: () => '/account',
  inbox: () => '/inbox',
  message: (reader) => `/d/${reader.any().deliveryId}`,
  formatted: (reader) => `/d/${reader.any().deliveryId}/html`,
  attachment: (reader) => `/d/${reader.any().deliveryId}/attachment/2`,
};

/** Of ten turns, five open a message, which loads its frame with it, and one of those saves a file. */
const habits: readonly Habit[] = [
  { often: 1, turn: (reader) => reader.followLink(reader.any()) },
  { often: 1, turn: (reader) => reader.get('account', '/account') },
  { often: 3, turn: (reader) => reader.get(nameFor('inbox', reader), '/inbox') },
  { often: 4, turn: (reader) => read(reader) },
  { often: 1, turn: async (reader) => reader.get('attachment', `${await read(reader)}/attachment/2`) },
];

async function read(reader: Reader): Promise<string> {
  const path = `/d/${reader.any().deliveryId}`;
  await reader.get('message', path);
  await reader.get('formatted', `${path}/html`);
  return path;
}

/** The inbox of a whole department is a page of its own kind. */
function nameFor(page: string, { address }: Reader): string {
  return page === 'inbox' && address === team.recipient ? 'team inbox' : page;
}

async function fill(storage: Storage, config: Config): Promise<{ waiting: Map<string, Waiting[]>; large: Waiting }> {
  const started = performance.now();
  const letter = Buffer.from(newsletter);
  const waiting = new Map<string, Waiting[]>();
  const wanted = new Set([
    team.recipient,
    ...Array.from({ length: readerCount }, (_, n) => `reader${n}@clinic.example`),
  ]);
  const keep = (one: Waiting): void => {
    if (wanted.has(one.recipient)) void (waiting.get(one.recipient)?.push(one) ?? waiting.set(one.recipient, [one]));
  };
  const conversations: Planned[] = [];
  const add = async (recipient: string, number: number, messages: number): Promise<void> => {
    for (let done = 0; done < number; done += 50) {
      const some = await Promise.all(
        Array.from({ length: Math.min(50, number - done) }, () => keepContent(storage, [letter])),
      );
      conversations.push(...some.map((content) => ({ recipient, messages, content })));
    }
  };
  await add(team.recipient, team.conversations, team.messages);
  for (let index = 0; index < readerCount; index++)
    await add(`reader${index}@clinic.example`, own.conversations, own.messages);
  const content = await keepContent(storage, [letter]);
  const made = team.conversations * team.messages + readerCount * own.conversations * own.messages;
  // Everybody else's.
  for (let left = count - made, index = 0; left > 0; left -= 5, index++)
    conversations.push({ recipient: `r${index}@partner${index % 500}.example`, messages: Math.min(5, left), content });
  await publishAll(storage, config, conversations, keep);
  const big: Waiting[] = [];
  const recipient = 'large@clinic.example';
  const file = await keepContent(storage, largeLetter());
  await publishAll(storage, config, [{ recipient, messages: 1, content: file }], (one) => void big.push(one));
  const [large] = big;
  const states = await storage.store.countByState();
  say(`${JSON.stringify(states)}, written in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (large === undefined) throw new Error('nothing was published');
  return { waiting, large };
}

/** A letter with one attachment of `octets`. */
function* largeLetter(): Generator<Buffer> {
  yield Buffer.from(
    'From: anna@corp.example\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nThe scan.\r\n--b\r\nContent-Type: application/dicom; name=scan.dcm\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  );
  const line = `${Buffer.alloc(57, 7).toString('base64')}\r\n`;
  const lines = Buffer.from(line.repeat(10_000));
  const whole = Math.floor(octets / 570_000);
  for (let index = 0; index < whole; index++) yield lines;
  yield Buffer.from('--b--\r\n');
}

/** The digits mailed last to an address, out of what the portal handed over to be sent. */
function codesIn({ store, items }: Storage): (address: string) => Promise<string> {
  return async (address) => {
    const mails = await store.publications.submitted(10_000);
    const mail = mails.findLast(({ recipients }) => recipients.includes(address));
    if (mail === undefined) throw new Error(`no code was mailed to ${address}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of items.readOwn(mail.spool)) chunks.push(chunk);
    return /^ {4}(\d{6})\r$/m.exec(Buffer.concat(chunks).toString())?.[1] ?? '';
  };
}

/** Octets of each page with its style sheets, scripts and pictures, none of which may come from elsewhere. */
async function weigh(reader: Reader | undefined, weights: Map<string, number>): Promise<void> {
  if (reader === undefined) return;
  for (const [name, path] of Object.entries(pages)) {
    const { body, headers } = await reader.get('weigh', path(reader));
    if (!String(headers['content-type']).startsWith('text/html')) continue;
    const text = body.toString();
    let weight = body.length;
    for (const [, url = ''] of text.matchAll(/<(?:link|script|img)\b[^>]*?\b(?:href|src)="([^"]+)"/g)) {
      if (url.startsWith('data:')) continue;
      if (!/^\/[^/]/.test(url)) throw new Error(`the page ${name} loads ${url}`);
      weight += (await reader.get('weigh', url.replaceAll('&amp;', '&'))).body.length;
    }
    weights.set(name, weight);
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function report(times: ServerTimes, waited: ReadonlyMap<string, number[]>, weights: ReadonlyMap<string, number>): void {
  const all = [...waited.values()].reduce((sum, { length }) => sum + length, 0);
  const busy = Math.round(times.processor / (seconds * 10));
  say(
    `\n${(all / seconds).toFixed(0)} requests a second, ${busy} % of one core, event loop late by ${ms(times.loopDelay)} (p99)`,
  );
  say('page          asked   server p50 / p99      reader p50 / p99      weight');
  for (const [name, client] of waited) {
    const taken = times.taken[name] ?? [];
    const own = [percentile(taken, 0.5), percentile(taken, 0.99)] as const;
    const weight = weights.get(name);
    say(
      `${name.padEnd(12)} ${String(taken.length).padStart(6)} ${ms(own[0])} / ${ms(own[1])} ${ms(percentile(client, 0.5))} / ${ms(percentile(client, 0.99))} ${weight === undefined ? '' : `${(weight / 1000).toFixed(1)} kB`}`,
    );
    if (own[1] >= 50 || (weight ?? 0) >= 60_000) process.exitCode = 1;
  }
}

function ms(value: number): string {
  return `${value.toFixed(1).padStart(7)} ms`;
}

/** All readers ask for the same page without a pause: what a page costs at the very most, and how long the queue then is. */
async function saturate(portal: Portal, readers: readonly Reader[], server: Server): Promise<void> {
  say('\nwithout a pause (autocannon)   requests/s   reader p50 / p99        processor each');
  for (const [name, path] of Object.entries(pages)) {
    let next = 0;
    const result = await autocannon({
      url: `https://localhost:${portal.port}`,
      connections: readers.length,
      duration: 5,
      setupClient: (client) => {
        const reader = readers[next++ % readers.length];
        if (reader === undefined) return;
        client.setRequests([
          { method: 'GET', path: path(reader), headers: { cookie: reader.cookie, 'x-bench': name } },
        ]);
      },
    });
    const { taken, processor } = await server.times();
    const failed = result.non2xx + result.errors;
    say(
      `${name.padEnd(28)} ${result.requests.average.toFixed(0).padStart(10)}  ${ms(result.latency.p50)} / ${ms(result.latency.p99)} ${ms(processor / (taken[name]?.length ?? 0))} ${failed === 0 ? '' : `${failed} failed`}`,
    );
  }
}

try {
  await measure();
} finally {
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
}
