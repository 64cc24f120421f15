/**
 * End to end over loopback, on both databases: the gateway in this process, real SMTP in and out, real TLS, and what the outside sees:
 * mailboxes, reports, the trace.
 */
import { randomUUIDv7 } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../src/command/gateway.ts';
import { traceDocument } from '../../src/command/trace.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readKeyFile } from '../../src/keys/import.ts';
import { rowsForImport } from '../../src/keys/keyring.ts';
import { connectSmtp } from '../../src/sandbox/client.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import { startDnsServer } from '../../src/sandbox/dns-server.ts';
import { type Sinks, startSinks } from '../../src/sandbox/sink.ts';
import { addressOf, createWorld, gatewayName, type World } from '../../src/sandbox/world.ts';
import { freePort } from '../bench/ports.ts';
import { type Engine, eachEngine } from '../engines.ts';

type Stage = AsyncDisposable & {
  readonly gateway: Gateway;
  readonly sinks: Sinks;
  readonly world: World;
  /** Everything that was logged. */
  readonly log: string[];
  send(subject: string, to: readonly string[], more?: string): Promise<string>;
  /** The trace once every delivery came to rest. */
  trace(messageId: string): Promise<ReturnType<typeof traceDocument>>;
};

const policy = `version: 1
lists:
  partners: [good-tls.example, expired-cert.example, no-tls.example, openpgp.example]
rules:
  - name: Protected when asked for
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, stripKeyword: true }
  - name: Protected on the way
    when: { subject: { keyword: ["[way]"] } }
    then: { protect: transport, stripKeyword: true }
  - name: TLS or nothing
    when: { subject: { keyword: ["[tls]"] } }
    then: { protect: transport, otherwise: bounce }
  - name: TLS Exclusive
    when: { subject: { keyword: ["[exclusive]"] } }
    then: { protect: transport, otherwise: drop }
  - name: A person looks first
    when: { subject: { keyword: ["[hold]"] } }
    then: { protect: hold }
  - name: Never
    when: { subject: { keyword: ["[never]"] } }
    then: { protect: refuse }
default: { protect: none }
`;

async function open(engine: Engine, settings: { warnAfter?: string } = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const place = stack.use(await engine.create());
  const world = await createWorld();
  const sinks = stack.use(await startSinks(world.hosts));
  const dns = stack.use(await startDnsServer(world.zone));
  const smtpPort = await freePort();
  const files = writeConfig({
    folder: place.folder,
    smtpPort,
    webPort: await freePort(),
    deliveryPort: sinks.port,
    dns: dns.address,
    authority: world.authority,
    policy,
    retry: { first: '1s', max: '2s', giveUpAfter: '1h', warnAfter: settings.warnAfter ?? '30m' },
  });
  const text = readFileSync(files.config, 'utf8').replace('database: sqlite', `database: ${place.database}`);
  writeFileSync(files.config, text);
  const loaded = loadConfig(files.config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const log: string[] = [];
  const gateway = await startGateway(loaded.config, { logTo: { write: (line) => log.push(line) } });
  stack.defer(() => gateway.stop());
  for (const { pgp, smime } of world.people) {
    const file = pgp?.publicKey ?? smime?.certPem;
    const { entries } = file === undefined ? { entries: [] } : await readKeyFile(Buffer.from(file), null);
    const rows = rowsForImport(entries, [], { source: 'test', now: Date.now() });
    await gateway.store.insertKeys(rows, []);
  }
  return {
    gateway,
    sinks,
    world,
    log,
    send: async (subject, to, more = '') => {
      const messageId = `<${randomUUIDv7()}@corp.example>`;
      await using client = await connectSmtp({
        host: '127.0.0.1',
        port: smtpPort,
        tls: { ca: world.authority.certPem, serverName: gatewayName },
      });
      const bytes = `From: Anna <anna@corp.example>\r\nTo: ${to[0] ?? ''}\r\nSubject: ${subject}\r\nMessage-ID: ${messageId}\r\n${more}\r\nThe body of this message.\r\n`;
      const { reply } = await client.send({ from: 'anna@corp.example', to }, Buffer.from(bytes));
      expect(reply.code).toBe(250);
      return messageId;
    },
    trace: async (messageId) => {
      for (let tries = 0; ; tries++) {
        const [found] = await gateway.store.findMessages(messageId);
        if (found === undefined) throw new Error('the message is unknown');
        const moving = ['queued', 'sending', 'deferred'];
        const still =
          found.message.state !== 'received' &&
          found.message.state !== 'deciding' &&
          !found.deliveries.some(({ state }) => moving.includes(state));
        if (still || tries > 300) return traceDocument(found.message, found.deliveries);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** By recipient, for assertions that do not depend on order. */
function byRecipient(document: Awaited<ReturnType<Stage['trace']>>) {
  return Object.fromEntries(document.deliveries.map((delivery) => [delivery.recipient, delivery]));
}

eachEngine((engine) => {
  test('one message, every recipient by the right method, and no content in the log', async () => {
    await using stage = await open(engine);
    const [gina, erik, petra, simon] = ['Gina', 'Erik', 'Petra', 'Simon'].map(addressOf);
    const id = await stage.send('[way] Canary-Subject', [gina ?? '', erik ?? '', petra ?? '', simon ?? '']);
    const trace = byRecipient(await stage.trace(id));
    expect(trace[gina ?? '']).toMatchObject({
      level: 'transport',
      method: 'tls',
      state: 'delivered',
      status: expect.stringMatching(/^2\./),
      remote: { tls: 'TLSv1.3', verifiedBy: 'root Postern sandbox CA' },
    });
    expect(trace[erik ?? '']).toMatchObject({ level: 'transport', method: 'portal', state: 'waiting' });
    expect(trace[erik ?? '']?.because.join(' ')).toContain('expired');
    expect(trace[petra ?? '']).toMatchObject({ method: 'pgp', state: 'delivered' });
    expect(trace[simon ?? '']).toMatchObject({ method: 'smime', state: 'delivered' });
    const received = await stage.sinks.wait(({ recipients }) => recipients.includes(gina ?? ''));
    expect(received.bytes.toString()).toContain('Subject: Canary-Subject\r\n');
    const notified = await stage.sinks.wait(({ recipients }) => recipients.includes(erik ?? ''));
    expect(notified.bytes.toString()).not.toMatch(/Canary-Subject|body of this message/);
    expect(stage.log.length).toBeGreaterThan(5);
    expect(stage.log.join('')).not.toMatch(/Canary-Subject|body of this message/);
  });

  test('held mail waits for a person and then leaves protected', async () => {
    await using stage = await open(engine);
    const id = await stage.send('[hold] Look', [addressOf('Gina')]);
    const held = await stage.trace(id);
    expect(held.deliveries).toMatchObject([{ level: 'hold', state: 'held' }]);
    expect(stage.sinks.received).toEqual([]);
    await stage.gateway.store.queueAction(held.id, 'release', Date.now());
    const released = await stage.sinks.wait(({ recipients }) => recipients.includes(addressOf('Gina')));
    expect(released.tls).toBe('TLSv1.3');
    expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'delivered', method: 'tls' }]);
  });

  test.each([
    ['refused by policy', '[never] No', 'Gina', /policy of your organisation/, 'Never'],
    ['TLS or nothing, and there is no TLS', '[tls] Only', 'Nora', /STARTTLS/, 'TLS or nothing'],
    ['a recipient that does not exist', 'Hello', 'Ulf', /no such user/, ''],
  ])('%s: the sender gets a report that says why, and nothing leaves', async (_name, subject, person, reason, rule) => {
    await using stage = await open(engine);
    const id = await stage.send(subject, [addressOf(person)]);
    expect((await stage.trace(id)).deliveries).toMatchObject([
      { state: 'failed', status: expect.stringMatching(/^5\./) },
    ]);
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(report.from).toBe('');
    const text = report.bytes.toString().replace(/=\r\n/g, '');
    expect(text).toMatch(/^Content-Type: multipart\/report/m);
    expect(text).toMatch(reason);
    expect(text).toContain(rule);
    expect(text).toContain(`Final-Recipient: rfc822; ${addressOf(person)}`);
    expect(text).not.toContain('The body of this message');
    expect(stage.sinks.mailbox(addressOf(person))).toEqual([]);
  });

  test('NOTIFY=NEVER and TLS Exclusive: dropped or failed without a word', async () => {
    await using stage = await open(engine);
    const id = await stage.send('[exclusive] Low importance', [addressOf('Nora'), addressOf('Gina')]);
    const trace = byRecipient(await stage.trace(id));
    expect(trace[addressOf('Nora')]).toMatchObject({ state: 'dropped' });
    expect(trace[addressOf('Gina')]).toMatchObject({ state: 'delivered', method: 'tls' });
    expect(stage.sinks.mailbox('anna@corp.example')).toEqual([]);
    expect(stage.sinks.mailbox(addressOf('Nora'))).toEqual([]);
  });

  test('a notification that nobody takes fails the delivery it announced, and the sender hears of it', async () => {
    await using stage = await open(engine);
    const id = await stage.send('[secure] For nobody', [addressOf('Ulf')]);
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(report.bytes.toString()).toContain(`Final-Recipient: rfc822; ${addressOf('Ulf')}`);
    const trace = await stage.trace(id);
    expect(trace.deliveries).toMatchObject([{ method: 'portal', state: 'failed' }]);
    expect(report.bytes.toString()).toContain(id);
  });

  test('a long outage: the sender is told once, the message arrives when it is over', async () => {
    await using stage = await open(engine, { warnAfter: '1s' });
    stage.sinks.setOutage({ code: 451, text: '4.3.2 down for maintenance' });
    const id = await stage.send('Hello', [addressOf('Gina')]);
    await until(async () => {
      const [found] = await stage.gateway.store.findMessages(id);
      return (found?.deliveries[0]?.attempts ?? 0) >= 3;
    });
    stage.sinks.setOutage(null);
    const notice = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(notice.bytes.toString()).toContain('Action: delayed');
    expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'delivered' }]);
    const arrived = await stage.sinks.wait(({ recipients }) => recipients.includes(addressOf('Gina')));
    expect(arrived.bytes.toString()).toContain(id);
    expect(stage.sinks.mailbox('anna@corp.example')).toHaveLength(1);
  });

  test('what is delivered is forgotten: the sealed bytes are deleted, what waits in the portal stays', async () => {
    await using stage = await open(engine);
    const gone = await stage.send('Hello', [addressOf('Gina')]);
    const kept = await stage.send('[secure] Hello', [addressOf('Paula')]);
    await stage.trace(gone);
    await stage.trace(kept);
    const state = async (id: string) => (await stage.gateway.store.findMessages(id))[0]?.message.state;
    await until(async () => (await state(gone)) === 'done');
    expect(await state(kept)).toBe('decided');
  }, 90_000);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen');
}
