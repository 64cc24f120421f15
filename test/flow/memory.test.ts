/**
 * A domain that was reached at a level, and then does less: nothing goes below that level, the sender and the admin hear of it, and the
 * admin's word lets it go. End to end, with what reached the server octet for octet.
 */
import { expect, test } from 'vitest';
import { startGateway } from '../../src/command/gateway.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { run } from '../command/run.ts';
import { type Script, type ScriptedServer, startServer } from '../deliver/scripted-server.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { type FlowStage, openFlow, until } from './stage.ts';

const host = 'mx.falls.example';
const address = '127.21.0.1';
const policy = `version: 1
rules:
  - name: Protected on the way
    when: { subject: { keyword: ["[way]"] } }
    then: { protect: transport, stripKeyword: true }
default: { protect: none }
`;
const identityOf = (issuer: ReturnType<typeof issueCertificate> | null, name = host) => {
  const { keyPem, certPem } = issueCertificate({
    subject: name,
    ...(issuer === null ? {} : { issuer }),
    san: { dns: [name] },
  });
  return { key: keyPem, cert: certPem };
};

/** What the server does once it has taken a first message over good TLS. */
const falls: Record<string, (authority: ReturnType<typeof issueCertificate>) => Script> = {
  'STARTTLS is gone': () => ({}),
  'STARTTLS is refused': (authority) => ({
    tls: identityOf(authority),
    answer: (verb) => (verb === 'STARTTLS' ? '454 4.7.0 TLS not available' : undefined),
  }),
  'the handshake is cut': (authority) => ({ tls: identityOf(authority), handshake: 'close' }),
  'the certificate is self-signed': () => ({ tls: identityOf(null) }),
  'the certificate is another host’s': (authority) => ({ tls: identityOf(authority, 'else.example') }),
};

async function startGood(stage: FlowStage): Promise<ScriptedServer> {
  stage.addRecords([
    { name: 'falls.example', type: 'MX', preference: 10, exchange: host },
    { name: host, type: 'A', data: address },
  ]);
  return startServer({ tls: identityOf(stage.world.authority) }, address, stage.sinks.port);
}

async function attemptsOf(stage: FlowStage, messageId: string): Promise<number> {
  const [found] = await stage.gateway.store.findMessages(messageId);
  return found?.deliveries[0]?.attempts ?? 0;
}

const events = (stage: FlowStage, kind: string) =>
  stage.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((event) => event['kind'] === kind);

/** Replaces the good server by one that has fallen, once it took a message. */
async function fallen(stage: FlowStage, script: Script): Promise<ScriptedServer> {
  {
    await using good = await startGood(stage);
    const first = await stage.send('Hello', ['fay@falls.example']);
    expect((await stage.trace(first)).deliveries).toMatchObject([{ state: 'delivered', remote: { level: 'verify' } }]);
    expect(good.messages()).toHaveLength(1);
  }
  return startServer(script, address, stage.sinks.port);
}

test.each(Object.keys(falls))('%s: it waits, nothing is in the clear, one event', async (what) => {
  await using stage = await openFlow(sqlite, policy);
  await using server = await fallen(stage, falls[what]?.(stage.world.authority) ?? {});
  const id = await stage.send('Hello again', ['fay@falls.example']);
  await until(async () => (await attemptsOf(stage, id)) >= 2);
  const [found] = await stage.gateway.store.findMessages(id);
  expect(found?.deliveries[0]).toMatchObject({
    state: expect.stringMatching(/deferred|queued|sending/),
    status: expect.stringMatching(/^4\.7\./),
    reason: expect.stringContaining('It is demanded by what falls.example has shown before.'),
  });
  const seen = server.connections.map(({ plain, secret }) => plain + secret).join('');
  expect(seen).toContain('EHLO');
  expect(seen).not.toMatch(/MAIL FROM|RCPT TO|DATA|Hello again/);
  expect(events(stage, 'domain.downgraded')).toMatchObject([
    { level: 'error', domain: 'falls.example', known: 'verify' },
  ]);
});

test('mail that a rule protects goes by the next method at once; the event comes all the same', async () => {
  await using stage = await openFlow(sqlite, policy);
  await using server = await fallen(stage, {});
  const id = await stage.send('[way] Protect me', ['fay@falls.example']);
  // The notification has to wait for the domain like any mail.
  await until(async () => events(stage, 'delivery.waiting').length > 0);
  expect((await stage.gateway.store.findMessages(id))[0]?.deliveries).toMatchObject([{ state: 'waiting' }]);
  await until(async () => events(stage, 'domain.downgraded').length > 0);
  expect(events(stage, 'domain.downgraded')).toMatchObject([{ known: 'verify', seen: null }]);
  expect(server.connections.map(({ plain }) => plain).join('')).not.toMatch(/MAIL FROM/);
});

test('the daily look tells that a domain fell before mail has to wait, and afterwards that it is mended', async () => {
  const edit = (yaml: string) => yaml.replace('  policyPort:', '  checkDomains: 1s\n  policyPort:');
  await using stage = await openFlow(sqlite, policy, { edit });
  const changes = () =>
    events(stage, 'domain.changed').map(({ what, host: of, was, is }) => [what, of, was, is].join(' '));
  const looked = async () => {
    const rows = await stage.gateway.store.listDomains();
    return rows.find(({ domain }) => domain === 'falls.example')?.checked?.hosts[0]?.level ?? null;
  };
  {
    await using good = await startGood(stage);
    await stage.trace(await stage.send('Hello', ['fay@falls.example']));
    await until(async () => (await looked()) === 'verify');
    expect(good.messages()).toHaveLength(1);
  }
  {
    await using plain = await startServer({}, address, stage.sinks.port);
    await until(async () => changes().length > 0);
    expect(plain.commands().filter((command) => /MAIL|RCPT|DATA/.test(command))).toEqual([]);
  }
  await using mended = await startServer({ tls: identityOf(stage.world.authority) }, address, stage.sinks.port);
  await until(async () => changes().length > 1);
  expect(changes()).toEqual([`level ${host} verify may`, `level ${host} may verify`]);
  expect(mended.messages()).toEqual([]);
});

eachEngine((engine) => {
  test('the sender is told why it waits, the admin sees it, and the admin’s word lets it go', async () => {
    await using stage = await openFlow(engine, policy, { warnAfter: '1s' });
    await using server = await fallen(stage, {});
    const id = await stage.send('Hello again', ['fay@falls.example']);
    const notice = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    const words = notice.bytes.toString().replaceAll('=\r\n', '').replaceAll(/\s+/g, ' ');
    expect(words).toContain('Action: delayed');
    expect(words).toContain('does not offer STARTTLS. It is demanded by what falls.example has shown before.');
    const postern = async (...words: string[]) =>
      (await run(['domains', '--config', stage.config.file, ...words])).stdout;
    // While it is tried again it does not wait.
    await until(async () => /^falls\.example .* 1 +mx\.falls\.example does not offer STARTTLS/m.test(await postern()));
    let told = '';
    await until(async () => {
      told = await postern('--json');
      return /"waiting": *1/.test(told);
    });
    expect(JSON.parse(told)).toMatchObject({
      domains: expect.arrayContaining([
        expect.objectContaining({
          domain: 'falls.example',
          bestTls: 'verify',
          waiting: 1,
          downgradedAt: expect.stringMatching(/^2/),
        }),
      ]),
    });

    await stage.gateway.stop();
    expect(await postern('forget', 'falls.example')).toContain('Forgotten.');
    // A gateway that goes on learns of it within a minute; one that starts, at once.
    const again = await startGateway(stage.config, { logTo: { write: () => {} } });
    try {
      await until(async () => server.messages().length === 1);
      expect(server.messages()[0]).toContain('Hello again');
      const [found] = await again.store.findMessages(id);
      await until(async () => (await again.store.findMessages(id))[0]?.deliveries[0]?.state === 'delivered');
      expect(found?.message.messageId).toBe(id);
    } finally {
      await again.stop();
    }
  });
});
