import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Transmission } from '../../src/deliver/pool.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { freePort } from '../bench/ports.ts';
import { type Script, type ScriptedServer, startServer } from './scripted-server.ts';
import { message, transmitterTo, type Zone } from './transmit.ts';

const root = issueCertificate({ subject: 'Test Root', ca: true });
const issued = (name: string) => {
  const { certPem, keyPem } = issueCertificate({ subject: name, issuer: root, san: { dns: [name] } });
  return { cert: certPem, key: keyPem };
};
const tls = issued('mx.example');
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await tick();
}
const verbs = (commands: readonly string[]) => commands.map((line) => line.split(/[ :]/)[0]);

describe('reuse', () => {
  test('one connection carries message after message and ends with QUIT', async () => {
    await using server = await startServer({});
    const transmitter = transmitterTo(server.port);
    for (const to of ['a@mx.example', 'b@mx.example', 'c@mx.example']) {
      expect(await transmitter.send(message({ to: [to] }))).toMatchObject([{ kind: 'delivered' }]);
    }
    await transmitter.close();
    expect(server.connections.length).toBe(1);
    const transaction = ['MAIL', 'RCPT', 'DATA'];
    expect(verbs(server.commands())).toEqual(['EHLO', ...transaction, ...transaction, ...transaction, 'QUIT']);
  });

  test('RSET comes first after a transaction that came to nothing', async () => {
    let refuse = true;
    await using server = await startServer({
      offers: [],
      answer: (verb) => (verb === 'RCPT' && refuse ? '550 5.1.1 No' : undefined),
    });
    await using transmitter = transmitterTo(server.port);
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'failed' }]);
    refuse = false;
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered' }]);
    expect(verbs(server.commands())).toEqual(['EHLO', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'DATA']);
  });

  test.each(['reset', 'close', '421 4.4.2 Idle too long'])(
    'a connection that ended in the meantime (%s) is replaced without a trace',
    async (end) => {
      let messages = 0;
      await using server = await startServer({
        answer: (verb, _, connection) => (verb === 'MAIL' && connection.messages.length > 0 ? end : undefined),
        message: () => `250 2.0.0 Queued as ${(messages += 1)}`,
      });
      await using transmitter = transmitterTo(server.port);
      await transmitter.send(message());
      expect(await transmitter.send(message())).toMatchObject([
        { kind: 'delivered', remote: { reply: '250 2.0.0 Queued as 2' } },
      ]);
      expect(server.connections.length).toBe(2);
    },
  );

  test('an idle connection on which something arrives is not used again', async () => {
    const pushed: Script = { message: () => '250 2.0.0 Queued\r\n421 4.4.2 Idle too long' };
    await using server = await startServer(pushed);
    await using transmitter = transmitterTo(server.port);
    for (let index = 0; index < 3; index++)
      expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered' }]);
    expect(server.connections.map(({ messages }) => messages.length)).toEqual([1, 1, 1]);
  });

  /** The first message leaves its server waiting for octets; whatever came next on that connection would become part of it. */
  test.each<[string, Script, Partial<Transmission>]>([
    [
      'nobody was accepted and DATA was',
      { answer: (_, line) => (line.includes('<gone@') ? '550 5.1.1 No' : undefined) },
      {},
    ],
    [
      'the message broke off',
      {},
      {
        body: async function* () {
          yield Buffer.from('Subject: x\r\n\r\n');
          throw new Error('broken');
        },
      },
    ],
  ])('a connection is not used again when %s', async (_, script, changes) => {
    await using server = await startServer(script);
    await using transmitter = transmitterTo(server.port);
    const [first] = await transmitter.send(message({ to: ['gone@mx.example'], ...changes }));
    expect(first?.kind).not.toBe('delivered');
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered' }]);
    expect(server.connections.map(({ messages }) => messages.length)).toEqual([0, 1]);
    expect(server.connections[0]?.plain.match(/MAIL FROM/g)?.length).toBe(1);
  });

  test('a hundred messages are enough for one connection', async () => {
    await using server = await startServer({});
    await using transmitter = transmitterTo(server.port);
    for (let index = 0; index < 101; index++) await transmitter.send(message());
    expect(server.connections.map(({ messages }) => messages.length)).toEqual([100, 1]);
  });

  test('a stricter level needs a connection that proved it; a weaker one takes any', async () => {
    let offer = false;
    await using server = await startServer({
      tls,
      answer: (verb) => (verb === 'EHLO' && !offer ? '250 mx.example' : undefined),
    });
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
    await transmitter.send(message({ tls: 'may' }));
    offer = true;
    const [verified] = await transmitter.send(message({ tls: 'verify' }));
    expect(verified).toMatchObject({ kind: 'delivered', remote: { verifiedBy: 'root Test Root' } });
    const [encrypted] = await transmitter.send(message({ tls: 'encrypt' }));
    expect(encrypted).toMatchObject({ kind: 'delivered', remote: { verifiedBy: 'root Test Root' } });
    expect(server.connections.map(({ messages }) => messages.length)).toEqual([1, 2]);
  });

  test('an unverified connection is never taken for verify', async () => {
    await using server = await startServer({ tls });
    await using transmitter = transmitterTo(server.port);
    await transmitter.send(message({ tls: 'encrypt' }));
    expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ kind: 'failed', scope: 'method' }]);
    expect(server.messages().length).toBe(1);
  });

  test('a name proved for one host says nothing of another at the same address', async () => {
    await using server = await startServer({ tls });
    const zone: Zone = { mx: { 'other.example': [{ preference: 1, exchange: 'mx.other.example' }] } };
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem], zone });
    expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ kind: 'delivered' }]);
    const other = message({ tls: 'verify', destination: 'other.example', to: ['b@other.example'] });
    expect(await transmitter.send(other)).toMatchObject([{ kind: 'failed', scope: 'method', status: '5.7.5' }]);
  });
});

describe('many at once', () => {
  test('never more connections than allowed, and everybody is served', async () => {
    let open = 0;
    let most = 0;
    await using server = await startServer({
      answer: (verb) => {
        if (verb === 'MAIL') most = Math.max(most, (open += 1));
        return undefined;
      },
      message: () => {
        open -= 1;
        return '250 2.0.0 Queued';
      },
    });
    await using transmitter = transmitterTo(server.port, { perDestination: 3 });
    const sends = Array.from({ length: 40 }, () => transmitter.send(message()));
    expect(transmitter.capacity('mx.example')).toBe(0);
    expect(transmitter.capacity('other.example')).toBe(3);
    const outcomes = (await Promise.all(sends)).flat();
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['delivered']));
    expect(most).toBe(3);
    expect(server.connections.length).toBe(3);
    expect(transmitter.capacity('mx.example')).toBe(3);
  });

  test('more than a hundred recipients become several transactions', async () => {
    await using server = await startServer({});
    await using transmitter = transmitterTo(server.port);
    const to = Array.from({ length: 250 }, (_, index) => `u${index}@mx.example`);
    const outcomes = await transmitter.send(message({ to }));
    expect(outcomes.length).toBe(250);
    expect(server.messages().length).toBe(3);
    expect(server.commands().filter((line) => line.startsWith('RCPT')).length).toBe(250);
  });

  test('closing lets the message under way finish and turns the rest away', async () => {
    await using server = await startServer({ message: () => null });
    const transmitter = transmitterTo(server.port, { perDestination: 1, timeouts: { data: 400 } });
    const first = transmitter.send(message());
    const second = transmitter.send(message());
    await until(() => server.messages().length === 1);
    const closed = transmitter.close();
    expect(await second).toMatchObject([{ kind: 'deferred', status: '4.3.2' }]);
    expect(await first).toMatchObject([{ kind: 'deferred', status: '4.4.2' }]);
    await closed;
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'deferred', status: '4.3.2' }]);
  });
});

describe('several hosts', () => {
  /** Hosts h1, h2 … on 127.0.0.1, 127.0.0.2 … at one port, each with its script; null: nobody listens there. */
  async function withHosts(
    scripts: readonly (Script | null)[],
    preferences: readonly number[],
    run: (send: Awaited<ReturnType<typeof prepare>>) => Promise<void>,
  ) {
    const hosts = await prepare(scripts, preferences);
    try {
      await run(hosts);
    } finally {
      await hosts.end();
    }
  }

  async function prepare(scripts: readonly (Script | null)[], preferences: readonly number[]) {
    const servers: ScriptedServer[] = [];
    // The same at every address.
    const port = await freePort();
    for (const [index, script] of scripts.entries()) {
      if (script === null) continue;
      const server = await startServer(script, `127.0.0.${index + 1}`, port);
      servers.push(server);
    }
    const zone: Zone = {
      mx: {
        'mx.example': scripts.map((_, index) => ({
          preference: preferences[index] ?? 0,
          exchange: `h${index + 1}.example`,
        })),
      },
      a: Object.fromEntries(scripts.map((_, index) => [`h${index + 1}.example`, [`127.0.0.${index + 1}`]])),
    };
    const transmitter = transmitterTo(port, { zone, trust: [root.certPem], timeouts: { connect: 500, command: 500 } });
    return {
      send: (transmission: Transmission) => transmitter.send(transmission),
      servers,
      end: async () => {
        await transmitter.close();
        for (const server of servers) await server[Symbol.asyncDispose]();
      },
    };
  }

  const good = (index: number): Script => ({ tls: issued(`h${index}.example`) });
  const busy: Script = { greeting: '421 4.3.2 Busy' };
  const dropping: Script = { answer: (verb) => (verb === 'DATA' ? 'close' : undefined) };
  const noTls: Script = {};

  test.each<[string, (Script | null)[], number[], 'may' | 'verify', object]>([
    [
      'the next when one is down',
      [null, good(2)],
      [1, 2],
      'may',
      { kind: 'delivered', remote: { mx: 'h2.example', ip: '127.0.0.2' } },
    ],
    ['the next when one is busy', [busy, good(2)], [1, 2], 'may', { kind: 'delivered', remote: { mx: 'h2.example' } }],
    [
      'the next when one drops before the message',
      [dropping, good(2)],
      [1, 2],
      'may',
      { kind: 'delivered', remote: { mx: 'h2.example' } },
    ],
    [
      'the next when one has no TLS',
      [noTls, good(2)],
      [1, 2],
      'verify',
      { kind: 'delivered', remote: { verifiedBy: 'root Test Root' } },
    ],
    [
      'nobody when all are busy',
      [busy, busy],
      [1, 2],
      'may',
      { kind: 'deferred', status: '4.3.2', remote: { mx: 'h1.example' } },
    ],
    [
      'unmet when all equals say so',
      [noTls, noTls],
      [1, 1],
      'verify',
      { kind: 'failed', scope: 'method', status: '5.7.4' },
    ],
    [
      'unmet when the best says so, whatever the backup',
      [noTls, null],
      [1, 2],
      'verify',
      { kind: 'failed', scope: 'method', status: '5.7.4' },
    ],
    [
      'later when the best is down and the backup has no TLS',
      [null, noTls],
      [1, 2],
      'verify',
      { kind: 'deferred', status: '4.4.1' },
    ],
    ['later when one of two equals is down', [noTls, null], [1, 1], 'verify', { kind: 'deferred', status: '4.4.1' }],
  ])('%s', async (_, scripts, preferences, level, expected) => {
    await withHosts(scripts, preferences, async ({ send }) => {
      expect(await send(message({ tls: level }))).toMatchObject([expected]);
    });
  });

  test('a recipient that was answered is not asked again at the next host', async () => {
    let refused = false;
    const first: Script = {
      offers: [],
      answer: (verb, line) => {
        if (verb !== 'RCPT') return undefined;
        if (line.includes('gone')) return '550 5.1.1 No';
        refused = true;
        return '421 4.3.2 Bye';
      },
    };
    await withHosts([first, good(2)], [1, 2], async ({ send, servers }) => {
      const outcomes = await send(message({ to: ['gone@mx.example', 'b@mx.example'] }));
      expect(refused).toBe(true);
      expect(outcomes).toMatchObject([{ kind: 'failed', status: '5.1.1' }, { kind: 'delivered' }]);
      expect(servers[1]?.commands().filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<b@mx.example>']);
    });
  });

  test('IPv4 is tried when IPv6 leads nowhere', async () => {
    await using server = await startServer({});
    const zone: Zone = { a: { 'mx.example': ['127.0.0.1'] }, aaaa: { 'mx.example': ['2001:db8::1', '::1'] } };
    await using transmitter = transmitterTo(server.port, { zone, timeouts: { connect: 300 } });
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'delivered', remote: { ip: '127.0.0.1' } }]);
  });
});

describe('the admin’s own host', () => {
  test('takes the mail of its domain without MX, past the guard, at no less than its level', async () => {
    await using server = await startServer({ tls: issued('relay.corp') });
    const statics = new Map([['corp.example', { host: 'relay.corp', port: server.port, tls: 'verify' as const }]]);
    const egress = { permits: () => false };
    await using transmitter = transmitterTo(1, { statics, egress, trust: [root.certPem] });
    const [outcome] = await transmitter.send(
      message({ destination: 'corp.example', to: ['a@corp.example'], tls: 'may' }),
    );
    expect(outcome).toMatchObject({
      kind: 'delivered',
      remote: { mx: 'relay.corp', verifiedBy: 'root Test Root, configuration' },
    });
    const [other] = await transmitter.send(message());
    expect(other).toMatchObject({ kind: 'failed', scope: 'recipient', status: '5.4.4' });
  });

  test('with a level beyond proof fails closed', async () => {
    const statics = new Map([['mx.example', { host: '127.0.0.1', port: 1, tls: 'dane' as const }]]);
    await using transmitter = transmitterTo(1, { statics });
    expect(await transmitter.send(message())).toMatchObject([{ kind: 'failed', scope: 'method', reason: /"dane"/ }]);
  });
});

test('a host that took no connection is left alone for a while', async () => {
  const port = await freePort();
  await using transmitter = transmitterTo(port);
  const refused = await transmitter.send(message());
  expect(refused).toMatchObject([
    { kind: 'deferred', status: '4.4.1', reason: 'mx.example (127.0.0.1) refused the connection.' },
  ]);
  await using revived = await startServer({}, '127.0.0.1', port);
  expect(await transmitter.send(message())).toEqual(refused);
  expect(revived.connections.length).toBe(0);
});

const sink = '/usr/sbin/smtp-sink';
describe.skipIf(!existsSync(sink) && process.env['CI'] === undefined)('Postfix smtp-sink', () => {
  test('takes 500 messages over four connections', async () => {
    const port = await freePort();
    const child = spawn(sink, ['-u', 'nobody', `127.0.0.1:${port}`, '100'], { stdio: 'ignore' });
    try {
      await untilListening(port);
      await using transmitter = transmitterTo(port, { perDestination: 4 });
      const outcomes = (await Promise.all(Array.from({ length: 500 }, () => transmitter.send(message())))).flat();
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['delivered']));
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });
});

/** Waits until something listens. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await tick();
  }
}
