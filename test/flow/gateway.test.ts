/**
 * End to end over loopback, on both databases: what the outside sees of one message after another, in mailboxes, reports and the trace.
 */
import { describe, expect, test } from 'vitest';
import { startGateway } from '../../src/command/gateway.ts';
import { queue } from '../../src/command/queue.ts';
import type { Config } from '../../src/config/config.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { eachEngine, postgres, sqlite } from '../engines.ts';
import { type FlowStage, letter, openFlow, until } from './stage.ts';

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

/** By recipient, for assertions that do not depend on order. */
function byRecipient(document: Awaited<ReturnType<FlowStage['trace']>>) {
  return Object.fromEntries(document.deliveries.map((delivery) => [delivery.recipient, delivery]));
}

eachEngine((engine) => {
  test('one message, every recipient by the right method, and no content in the log', async () => {
    await using stage = await openFlow(engine, policy);
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
    await using stage = await openFlow(engine, policy);
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
    await using stage = await openFlow(engine, policy);
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
    await using stage = await openFlow(engine, policy);
    const id = await stage.send('[exclusive] Low importance', [addressOf('Nora'), addressOf('Gina')]);
    const trace = byRecipient(await stage.trace(id));
    expect(trace[addressOf('Nora')]).toMatchObject({ state: 'dropped' });
    expect(trace[addressOf('Gina')]).toMatchObject({ state: 'delivered', method: 'tls' });
    expect(stage.sinks.mailbox('anna@corp.example')).toEqual([]);
    expect(stage.sinks.mailbox(addressOf('Nora'))).toEqual([]);
  });

  test('a notification that nobody takes fails the delivery it announced, and the sender hears of it', async () => {
    await using stage = await openFlow(engine, policy);
    const id = await stage.send('[secure] For nobody', [addressOf('Ulf')]);
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(report.bytes.toString()).toContain(`Final-Recipient: rfc822; ${addressOf('Ulf')}`);
    const trace = await stage.trace(id);
    expect(trace.deliveries).toMatchObject([{ method: 'portal', state: 'failed' }]);
    expect(report.bytes.toString()).toContain(id);
  });

  // These wait for timers more than they work.
  test.concurrent('a long outage: the sender is told once, the message arrives when it is over', async () => {
    await using stage = await openFlow(engine, policy, { warnAfter: '1s' });
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

  test.concurrent('what is delivered is forgotten: the sealed bytes are deleted, what waits in the portal stays', async () => {
    await using stage = await openFlow(engine, policy);
    const gone = await stage.send('Hello', [addressOf('Gina')]);
    const kept = await stage.send('[secure] Hello', [addressOf('Paula')]);
    await stage.trace(gone);
    await stage.trace(kept);
    const state = async (id: string) => (await stage.gateway.store.findMessages(id))[0]?.message.state;
    await until(async () => (await state(gone)) === 'done');
    expect(await state(kept)).toBe('decided');
  });

  test('mail an operator sends back: its sender is told', async () => {
    await using stage = await openFlow(engine, policy);
    const id = await stage.send('[secure] Hello', [addressOf('Paula')]);
    const waiting = await stage.trace(id);
    expect(waiting.deliveries).toMatchObject([{ state: 'waiting' }]);
    expect(await queue(stage.config, ['bounce', waiting.id], true)).toBe(0);
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(text(report.bytes)).toContain('sent the message back from the queue');
    expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'failed', status: '5.7.1' }]);
  });

  test.concurrent('mail that nobody fetches in time: its sender is told', async () => {
    const change = (config: Config) => ({ ...config, web: config.web && { ...config.web, keepFor: 1_000 } });
    await using stage = await openFlow(engine, policy, { change });
    const id = await stage.send('[secure] Hello', [addressOf('Paula')]);
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(text(report.bytes)).toContain('Nobody opened the message');
    expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'failed', status: '5.4.7' }]);
  });
});

/** What a reader of a mail in quoted-printable sees of its lines. */
function text(bytes: Buffer): string {
  return bytes.toString().replaceAll('=\r\n', '').replaceAll('\r\n', ' ');
}

describe('bad input has a clear answer, and the rest flows', () => {
  const nested = Array.from(
    { length: 10_000 },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
  );
  const from = 'From: anna@corp.example\r\n';
  const table: [name: string, bytes: string, state: string, because: RegExp][] = [
    ['10,000 parts inside one another', `${from}${nested.join('')}`, 'held', /nested deeper/],
    [
      '20,000 parts side by side',
      `${from}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(20_000)}--b--\r\n`,
      'held',
      /more parts/,
    ],
    [
      'a multipart that never ends',
      `${from}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n`,
      'delivered',
      /default/,
    ],
    [
      'a type that is no type',
      `${from}Content-Type: ;;;\r\nContent-Transfer-Encoding: what\r\n\r\nx\r\n`,
      'delivered',
      /default/,
    ],
    [
      'two Subjects, one with the keyword',
      `${from}Subject: a\r\nSubject: [secure] b\r\n\r\nx\r\n`,
      'held',
      /more than one Subject/,
    ],
    ['a header without a body', from, 'delivered', /default/],
    ['no body at all', `${from}\r\n`, 'delivered', /default/],
  ];

  test.each(table)('%s', async (_name, bytes, state, because) => {
    await using stage = await openFlow(sqlite, policy);
    await using client = await stage.connect();
    const { reply } = await client.send({ from: 'anna@corp.example', to: [addressOf('Gina')] }, Buffer.from(bytes));
    expect(reply.code).toBe(250);
    const id = /queued as (\S+)/.exec(reply.text)?.[1] ?? '';
    const [delivery] = (await stage.trace(id)).deliveries;
    expect(delivery?.because.join(' ')).toMatch(because);
    expect(delivery?.state).toBe(state);
    const after = await stage.send('Hello', [addressOf('Gina')]);
    expect((await stage.trace(after)).deliveries).toMatchObject([{ state: 'delivered' }]);
  });

  test('an empty message names nobody, so it is refused', async () => {
    await using stage = await openFlow(sqlite, policy);
    await using client = await stage.connect();
    const { reply } = await client.send({ from: 'anna@corp.example', to: [addressOf('Gina')] }, Buffer.from(''));
    expect(`${reply.code} ${reply.text}`).toMatch(/^550 5\.7\.1 .*From/);
  });
});

test('processes with one role each share a PostgreSQL', async () => {
  await using work = await openFlow(postgres, policy, { change: (config) => ({ ...config, roles: ['work'] }) });
  const door = await startGateway({ ...work.config, roles: ['smtp'] }, { logTo: { write: () => {} } });
  try {
    await using client = await work.connect();
    const [message, to] = [letter('Hello', addressOf('Gina'), '<roles@corp.example>'), [addressOf('Gina')]];
    expect((await client.send({ from: 'anna@corp.example', to }, message)).reply.code).toBe(250);
    await work.sinks.wait(({ recipients }) => recipients.includes(addressOf('Gina')));
    expect((await work.trace('<roles@corp.example>')).deliveries).toMatchObject([{ state: 'delivered' }]);
  } finally {
    await door.stop();
  }
});
