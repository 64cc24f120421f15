/**
 * The sandbox, what `npm start` runs: a pretend internet inside this process (world.ts says who lives there), the gateway on SQLite with keys
 * and certificates made a moment ago, sample messages sent through real sockets (messages.ts), and a table of what became of them (table.ts). Then it
 * stays, so that links can be opened, mailboxes looked at (mailboxes.ts) and mail of one's own sent, until Ctrl-C.
 *
 * Limits: nothing survives its end; browsers do not know the authority that signed the portal's certificate and say so.
 */
import { randomInt } from 'node:crypto';
import { once as onceEvent } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { formatProblem, loadConfig } from '../config/load.ts';
import type { Event } from '../event/event.ts';
import { type KeyFile, readKeyFile } from '../keys/import.ts';
import { rowsForImport } from '../keys/trust.ts';
import type { KeyRow } from '../store/key-port.ts';
import type { Store } from '../store/store.ts';
import { makeAuthority } from './authority.ts';
import { connectSmtp, type SmtpReply } from './client.ts';
import { type SandboxFiles, writeConfig } from './config.ts';
import { crowd } from './crowd.ts';
import { startInternet } from './internet.ts';
import { startMailboxes } from './mailboxes.ts';
import { type Sample, samples } from './messages.ts';
import { portalLink, readMail } from './reading.ts';
import type { Sinks } from './sink.ts';
import { differences, formatTable, type Result } from './table.ts';
import { addressOf, createWorld, gatewayName, type Person, type World } from './world.ts';

/** A running gateway as far as the sandbox looks at it. */
export type Gateway = {
  /** "127.0.0.1:port" as bound. */
  readonly smtp: readonly string[];
  readonly portal: string | null;
  readonly store: Pick<Store, 'countByState' | 'findMessages' | 'insertKeys' | 'keysFor' | 'ownKeys'>;
  events(listener: (event: Event) => void): () => void;
  stop(): Promise<void>;
};

export type StartGateway = (
  config: Config,
  options: { readonly logTo: { write(line: string): void } },
) => Promise<Gateway>;

/** How long the sample mail may take to come to rest, milliseconds. */
const patience = 60_000;
const preferred = { smtp: 2525, web: 8443, mailboxes: 8080 };

/** Runs it and resolves with the exit status; with `once` it ends after the table, with 1 when anything was other than expected. */
export async function runSandbox({
  once,
  start,
  messages = 0,
}: {
  readonly once: boolean;
  readonly start: StartGateway;
  /** How many more to send besides the samples (crowd.ts). */
  readonly messages?: number;
}): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  say('Postern sandbox: a pretend internet, the gateway, and some sample mail.');
  await using stack = new AsyncDisposableStack();
  const running = await startEverything(stack, start, once);
  const results = await sendSamples(running);
  const wrong = [...differences(results), ...(await missingLinks(running, results))];
  for (const line of ['', ...formatTable(results, await knownKeys(running))]) say(line);
  if (wrong.length > 0) for (const line of ['Not as expected:', ...wrong.map((each) => `  ${each}`)]) say(line);
  else say('Everything went as expected.');
  if (messages > 0) {
    const waits = results.flatMap(({ deliveries }) => deliveries).filter(({ state }) => state === 'deferred').length;
    say(await sendCrowd(running, messages, waits));
  }
  if (once) return wrong.length === 0 ? 0 : 1;
  for (const line of await whatNow(running)) say(line);
  await interrupted();
  say('\nStopping.');
  return 0;
}

type Running = {
  readonly world: World;
  readonly sinks: Sinks;
  readonly files: SandboxFiles;
  readonly gateway: Gateway;
  readonly smtpPort: number;
  readonly portalUrl: string;
  readonly mailboxesUrl: string;
  readonly log: string;
};

async function startEverything(stack: AsyncDisposableStack, start: StartGateway, once: boolean): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-sandbox-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const world = await createWorld();
  const { sinks, policies, dns } = stack.use(await startInternet(world));
  const smtpPort = await freePort(once ? null : preferred.smtp);
  const webPort = await freePort(once ? null : preferred.web);
  const files = writeConfig({
    folder,
    smtpPort,
    webPort,
    deliveryPort: sinks.port,
    policyPort: policies.port,
    dns: dns.address,
    authority: world.authority,
    policy: readFileSync(new URL('policy.yaml', import.meta.url), 'utf8'),
    draft: readFileSync(new URL('draft.yaml', import.meta.url), 'utf8'),
    retry: { first: '1s', max: '5s', giveUpAfter: '1h', warnAfter: '30m' },
    signs: true,
    branded: true,
  });
  const loaded = loadConfig(files.config);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const log = join(folder, 'postern.log');
  const logStream = createWriteStream(log);
  stack.defer(() => void logStream.end());
  const gateway = await start(loaded.config, { logTo: { write: (line) => void logStream.write(line) } });
  stack.defer(() => gateway.stop());
  await importKeys(world.people, gateway.store);
  await makeAuthority(loaded.config, gateway.store.ownKeys);
  const mailboxes = stack.use(
    await startMailboxes(world.people, sinks, await freePort(once ? null : preferred.mailboxes)),
  );
  const portalUrl = loaded.config.web?.portalUrl ?? '';
  return { world, sinks, files, gateway, smtpPort, portalUrl, mailboxesUrl: mailboxes.url, log };
}

/** Sends every sample, the later ones when the others are at rest, and says what became of each. */
async function sendSamples(running: Running): Promise<Result[]> {
  const { true: later = [], false: first = [] } = Object.groupBy(samples(Date.now()), (each) => String(each.later));
  const sent = await sendAll(running, first);
  await atRest(running, sent);
  sent.push(...(await sendAll(running, later)));
  return atRest(running, sent);
}

type Sent = { readonly sample: Sample; readonly reply: SmtpReply };

async function sendAll({ smtpPort, world }: Running, messages: readonly Sample[]): Promise<Sent[]> {
  const sent: Sent[] = [];
  await using client = await connectSmtp({
    host: '127.0.0.1',
    port: smtpPort,
    tls: { ca: world.authority.certPem, serverName: gatewayName },
  });
  for (const sample of messages) {
    const { reply } = await client.send(sample.envelope, sample.bytes);
    sent.push({ sample, reply });
  }
  return sent;
}

/** Resolves with what became of the samples once nothing is on its way any more, but for what is meant to wait for a domain to mend itself. */
async function atRest(running: Running, sent: readonly Sent[]): Promise<Result[]> {
  const waits = sent.flatMap(({ sample }) => sample.expected).filter(({ state }) => state === 'deferred').length;
  const deadline = Date.now() + patience;
  for (;;) {
    await settled(running.gateway, waits, deadline);
    const results = await Promise.all(sent.map(({ sample, reply }) => resultOf(running, sample, reply)));
    // What waits is tried again now and then, perhaps at the moment of the look.
    const tried = results.some(({ deliveries }) => deliveries.some(({ state }) => onTheWay.includes(state)));
    if (!tried || Date.now() > deadline) return results;
    await sleep(50);
  }
}

/** Sends a lot of mail over a few connections and says how long it took; `waits` deliveries from before may stay deferred. */
async function sendCrowd({ gateway, smtpPort, world }: Running, count: number, waits: number): Promise<string> {
  const begun = performance.now();
  const seconds = (): string => ((performance.now() - begun) / 1000).toFixed(1);
  const more = crowd(count, Date.now());
  const connections = Array.from({ length: 5 }, async () => {
    const tls = { ca: world.authority.certPem, serverName: gatewayName };
    await using client = await connectSmtp({ host: '127.0.0.1', port: smtpPort, tls });
    for (const { envelope, bytes } of more) await client.send(envelope, bytes);
  });
  await Promise.all(connections);
  const accepted = seconds();
  await settled(gateway, waits, Date.now() + patience + count * 100);
  return `${count} more messages: accepted after ${accepted} s, at rest after ${seconds()} s.`;
}

async function resultOf({ gateway, sinks, world }: Running, sample: Sample, reply: SmtpReply): Promise<Result> {
  const [found] = reply.code === 250 ? await gateway.store.findMessages(sample.messageId) : [];
  const id = found?.message.id ?? sample.messageId;
  let bounced = false;
  const told: string[] = [];
  for (const person of world.people) {
    // Reports name the message by its Message-ID, notices to reviewers by our id.
    const ours = sinks.mailbox(person.address).filter(({ from }) => from === '');
    const about = ours
      .map(({ bytes }) => bytes)
      .filter((bytes) => bytes.includes(sample.messageId) || bytes.includes(id));
    if (about.some((bytes) => bytes.includes('multipart/report'))) bounced = true;
    if (about.some((bytes) => !bytes.includes('multipart/report'))) told.push(person.address);
  }
  return { sample, reply, deliveries: found?.deliveries ?? [], bounced, told };
}

const onTheWay: readonly string[] = ['received', 'deciding', 'queued', 'sending'];

/** Resolves when nothing is on its way any more: every delivery has ended, waits in the portal or is held; `waits` of them may be deferred. */
async function settled({ store }: Gateway, waits: number, deadline: number): Promise<void> {
  for (;;) {
    const counts: Readonly<Record<string, number>> = await store.countByState();
    if (onTheWay.every((state) => (counts[state] ?? 0) === 0) && (counts['deferred'] ?? 0) <= waits) return;
    if (Date.now() > deadline) return;
    await sleep(50);
  }
}

/** Everyone with a message in the portal must have got a link to it. */
async function missingLinks(running: Running, results: readonly Result[]): Promise<string[]> {
  const waiting = results.flatMap(({ deliveries }) => deliveries.filter(({ state }) => state === 'waiting'));
  const counts = Map.groupBy(waiting, ({ recipient }) => recipient);
  const lines = await Promise.all(
    [...counts].map(async ([recipient, messages]) => {
      const found = (await linksOf(running, recipient)).length;
      return found === messages.length ? [] : [`${recipient} has ${messages.length} waiting and got ${found} links`];
    }),
  );
  return lines.flat();
}

/** The portal links in someone's mailbox, oldest first. */
async function linksOf({ sinks, world, portalUrl }: Running, address: string): Promise<string[]> {
  const owner = world.people.find((person) => person.address === address);
  if (owner === undefined) return [];
  const readings = await Promise.all(sinks.mailbox(address).map(({ bytes }) => readMail(bytes, owner)));
  return readings.map(({ text }) => portalLink(text, portalUrl)).filter((link) => link !== null);
}

async function whatNow(running: Running): Promise<string[]> {
  const { files, smtpPort, mailboxesUrl, log } = running;
  const paula = addressOf('Paula');
  const link = (await linksOf(running, paula)).at(-1) ?? running.portalUrl;
  return [
    '',
    `Mailboxes       ${mailboxesUrl}/  every mailbox as its owner sees it`,
    `Portal          ${link}`,
    `                Paula's link; the code it asks for comes to her mailbox, ${mailboxesUrl}/#Paula`,
    `                (the browser warns about the certificate: its authority is ${files.authority})`,
    `Configuration   ${files.config}`,
    `Log             ${log}`,
    'Look inside     node src/main.ts trace --config CONFIGURATION MESSAGE-ID',
    `Own keys        node src/main.ts keys --config ${files.config} own list`,
    `What if         node src/main.ts replay --config ${files.config} --policy ${files.draft}`,
    '',
    'Send your own:',
    `  swaks --server 127.0.0.1:${smtpPort} --tls-optional --from ${addressOf('Anna')} --to ${paula},${addressOf('Petra')} --h-Subject '[secure] Hello' --body 'Only for you.'`,
    '',
    'Ctrl-C ends it.',
  ];
}

async function interrupted(): Promise<void> {
  const abort = new AbortController();
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => onceEvent(process, signal, { signal: abort.signal })));
  abort.abort();
}

/** The wanted port when it is free, else any below those that systems hand out, so that nobody is given it before it is used. */
async function freePort(wanted: number | null): Promise<number> {
  const port = wanted ?? randomInt(10_000, 32_000);
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return free ? port : freePort(null);
}

/** Puts the keys of those who have one into the gateway's keyring, as `postern keys import` would, but for those that it is to find itself. */
async function importKeys(people: readonly Person[], store: Pick<Store, 'insertKeys'>): Promise<void> {
  const entries: KeyFile['entries'][number][] = [];
  for (const { pgp, smime, published } of people) {
    const file = pgp?.publicKey ?? smime?.certPem;
    if (file !== undefined && !published) entries.push(...(await readKeyFile(Buffer.from(file), null)).entries);
  }
  await store.insertKeys(rowsForImport(entries, [], { where: 'sandbox', now: Date.now() }), []);
}

/** What the keyring holds, by id, in words. */
async function knownKeys({ world, gateway }: Running): Promise<ReadonlyMap<string, string>> {
  const rows = await Promise.all(world.people.map(({ address }) => gateway.store.keysFor(address)));
  return new Map(rows.flat().map((row) => [row.id, nameOf(row)]));
}

function nameOf({ kind, fingerprint, source }: KeyRow): string {
  const key = `${kind === 'pgp' ? 'OpenPGP key' : 'certificate'} ${fingerprint.slice(-16)}`;
  return source === 'wkd' ? `${key}, found by WKD` : key;
}
