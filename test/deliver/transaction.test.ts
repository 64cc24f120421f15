import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Transmission } from '../../src/deliver/pool.ts';
import { remoteCases } from './remote-cases.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, text, transmitterTo } from './transmit.ts';

const pipelined = ['PIPELINING', '8BITMIME', 'SIZE 0', 'DSN', 'SMTPUTF8'];

async function send(script: Script, transmission: Transmission, options: Parameters<typeof transmitterTo>[1] = {}) {
  await using server = await startServer(script);
  await using transmitter = transmitterTo(server.port, options);
  const outcomes = await transmitter.send(transmission);
  return { outcomes, server, commands: server.commands(), messages: server.messages() };
}

describe.each([
  ['with pipelining', pipelined],
  ['without', ['8BITMIME', 'SIZE', 'DSN', 'SMTPUTF8']],
])('a transaction %s', (_, offers) => {
  test('says EHLO, MAIL, RCPT, DATA and carries the octets', async () => {
    const { outcomes, commands, messages } = await send({ offers }, message({ to: ['b@mx.example', 'c@mx.example'] }));
    expect(commands).toEqual([
      'EHLO gw.postern.example',
      `MAIL FROM:<alice@corp.example> SIZE=${text.length}`,
      'RCPT TO:<b@mx.example>',
      'RCPT TO:<c@mx.example>',
      'DATA',
    ]);
    expect(messages).toEqual([text]);
    expect(outcomes).toMatchObject([
      { kind: 'delivered', status: '2.0.0', remote: { mx: 'mx.example', ip: '127.0.0.1', reply: '250 2.0.0 Queued' } },
      { kind: 'delivered' },
    ]);
  });

  test.each<[string, Script, object]>([
    [
      'MAIL deferred',
      { answer: (verb) => (verb === 'MAIL' ? '451 4.3.0 Later' : undefined) },
      { kind: 'deferred', status: '4.3.0' },
    ],
    [
      'MAIL refused',
      { answer: (verb) => (verb === 'MAIL' ? '550 5.7.1 Not you' : undefined) },
      { kind: 'failed', scope: 'recipient', status: '5.7.1' },
    ],
    [
      'MAIL refused, and DATA taken all the same',
      { answer: (verb) => (verb === 'MAIL' ? '550 5.7.1 Not you' : verb === 'RCPT' ? '503 x' : undefined) },
      { kind: 'failed', status: '5.7.1' },
    ],
    [
      'everybody refused',
      {
        answer: (verb) => (verb === 'RCPT' ? '550 5.1.1 No' : verb === 'DATA' ? '554 No valid recipients' : undefined),
      },
      { kind: 'failed', status: '5.1.1' },
    ],
    [
      'everybody refused, and DATA taken all the same',
      { answer: (verb) => (verb === 'RCPT' ? '550 5.1.1 No' : undefined) },
      { kind: 'failed', status: '5.1.1' },
    ],
    [
      'DATA deferred',
      { answer: (verb) => (verb === 'DATA' ? '451 4.3.1 Later' : undefined) },
      { kind: 'deferred', status: '4.3.1' },
    ],
    [
      'DATA refused',
      { answer: (verb) => (verb === 'DATA' ? '554 5.7.1 No' : undefined) },
      { kind: 'failed', scope: 'recipient', status: '5.7.1' },
    ],
    [
      'DATA confirmed too early',
      { answer: (verb) => (verb === 'DATA' ? '250 OK' : undefined) },
      { kind: 'deferred', status: '4.5.0' },
    ],
    [
      '421 to MAIL',
      { answer: (verb) => (verb === 'MAIL' ? '421 4.3.2 Bye' : undefined) },
      { kind: 'deferred', status: '4.3.2' },
    ],
    [
      '421 to RCPT',
      { answer: (verb) => (verb === 'RCPT' ? '421 4.3.2 Bye' : undefined) },
      { kind: 'deferred', status: '4.3.2' },
    ],
    [
      '421 to DATA',
      { answer: (verb) => (verb === 'DATA' ? '421 4.3.2 Bye' : undefined) },
      { kind: 'deferred', status: '4.3.2' },
    ],
    [
      'a drop at MAIL',
      { answer: (verb) => (verb === 'MAIL' ? 'close' : undefined) },
      { kind: 'deferred', status: '4.4.2' },
    ],
    [
      'a reset at RCPT',
      { answer: (verb) => (verb === 'RCPT' ? 'reset' : undefined) },
      { kind: 'deferred', status: '4.4.2' },
    ],
    [
      'silence from RCPT on',
      { answer: (verb) => (/RCPT|DATA/.test(verb) ? null : undefined) },
      { kind: 'deferred', status: '4.4.2', reason: 'mx.example did not answer in time.' },
    ],
    [
      'nonsense at RCPT',
      { answer: (verb) => (verb === 'RCPT' ? 'HTTP/1.1 200 OK' : undefined) },
      { kind: 'deferred', status: '4.5.0' },
    ],
  ])('%s', async (_, script, expected) => {
    const { outcomes, messages } = await send({ offers, ...script }, message(), { timeouts: { command: 300 } });
    expect(outcomes).toMatchObject([expected]);
    expect(messages).toEqual([]);
  });
});

describe.each([
  ['with pipelining', pipelined],
  ['without', ['8BITMIME', 'SIZE', 'DSN', 'SMTPUTF8']],
])('a server, %s, that answers with', (_, offers) => {
  test.each(Object.entries(remoteCases))('%s', async (_, given) => {
    await using server = await startServer({ offers, ...given.script() });
    await using transmitter = transmitterTo(server.port, { timeouts: { command: 500, data: 500 } });
    const outcomes = await transmitter.send(message(given.message));
    expect(outcomes).toMatchObject(given.outcomes.map(asPattern));
    if (given.again !== undefined) expect(await transmitter.send(message(given.message))).toMatchObject(given.again);
    // No second host, no second try: it might be there already.
    expect(server.messages().length).toBe(given.taken ?? 0);
    if (given.again === undefined) expect(server.connections.length).toBe(1);
    const mail = server.commands().find((line) => line.startsWith('MAIL'));
    if (given.mail !== undefined) expect(mail?.replace(/^MAIL FROM:<[^>]*>/, '') ?? 'nothing').toBe(given.mail);
  });
});

/** What the tables say of an outcome, with words of the reason as a pattern. */
function asPattern(outcome: object): object {
  return 'reason' in outcome && outcome.reason instanceof RegExp
    ? { ...outcome, reason: expect.stringMatching(outcome.reason) }
    : outcome;
}

describe('the octets', () => {
  const big = Buffer.from(`Subject: big\r\n\r\n${'.x'.repeat(500)}\r\n`.repeat(3_000));

  test.each<[string, Buffer]>([
    ['an empty message', Buffer.alloc(0)],
    ['dots', Buffer.from('.\r\n..\r\n.a\r\n\r\n.\r\n')],
    ['no line end at the end', Buffer.from('Subject: x\r\n\r\nlast')],
    ['three megabytes', big],
    [
      'eight-bit octets',
      Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.from([0xff, 0xfe, 0x80, 0x0d, 0x0a])]),
    ],
  ])('%s arrives as it was', async (_, content) => {
    const { outcomes, messages } = await send({}, message({ content }));
    expect(outcomes).toMatchObject([{ kind: 'delivered' }]);
    const received = (messages[0] ?? '').replace(/(^|\r\n)\./g, '$1');
    const sent = content.toString('latin1');
    expect(received).toBe(sent === '' || sent.endsWith('\r\n') ? sent : `${sent}\r\n`);
  });

  const failing = (after: readonly Buffer[]): Transmission['body'] =>
    async function* () {
      yield* after;
      throw new Error('the spool is broken');
    };

  test.each<[string, Transmission['body'], object]>([
    ['breaks at once', failing([]), { kind: 'deferred', status: '4.3.0' }],
    [
      'breaks in the middle',
      failing([Buffer.from(text), Buffer.from('more\r\n')]),
      { kind: 'deferred', status: '4.3.0' },
    ],
    ['breaks after megabytes', failing([big]), { kind: 'deferred', status: '4.3.0' }],
    [
      'holds a smuggled end',
      async function* () {
        yield Buffer.from('a\r\n\n.\r\nMAIL FROM:<x@y>\r\n');
      },
      { kind: 'failed', scope: 'method', status: '5.6.0' },
    ],
    [
      'ends in half a line end',
      async function* () {
        yield Buffer.from('a\r');
      },
      { kind: 'failed', scope: 'method', status: '5.6.0' },
    ],
  ])('a source that %s ends nothing with a dot', async (_, body, expected) => {
    const { outcomes, messages, server } = await send(
      {},
      message({ body, size: null, to: ['b@mx.example', 'c@mx.example'] }),
    );
    expect(outcomes).toMatchObject([expected, expected]);
    expect(messages).toEqual([]);
    expect(server.connections.map(({ plain }) => /\r\n\.\r\n/.test(plain))).toEqual([false]);
    expect(JSON.stringify(outcomes)).not.toContain('spool is broken');
  });

  test('the source is not opened for nobody', async () => {
    let opened = 0;
    const body: Transmission['body'] = async function* () {
      opened += 1;
      yield Buffer.from(text);
    };
    await send({ answer: (verb) => (verb === 'RCPT' ? '550 5.1.1 No' : undefined) }, message({ body }));
    expect(opened).toBe(0);
  });
});

test.each<[string, Partial<Transmission>]>([
  ['a message', {}],
  ['an empty message', { body: async function* () {} }],
])('%s that is confirmed before it was sent is not delivered', async (_, changes) => {
  const early: Script = { answer: (verb) => (verb === 'DATA' ? '354 Go ahead\r\n250 2.0.0 Fine' : undefined) };
  const { outcomes, messages } = await send(early, message(changes));
  expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.5.0' }]);
  expect(messages).toEqual([]);
});

describe('what the server offers', () => {
  const dsn = { ret: 'HDRS', envid: 'id 1' } as const;
  const recipients = [
    { address: 'b@mx.example', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;first@corp.example' },
    { address: 'c@mx.example', notify: null, orcpt: null },
    { address: 'd@mx.example', notify: ['NEVER'], orcpt: 'rfc822;third@corp.example' },
  ];

  test('DSN parameters stay with their own recipient', async () => {
    const { commands } = await send({}, message({ ...dsn, recipients }));
    expect(commands.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      `MAIL FROM:<alice@corp.example> SIZE=${text.length} RET=HDRS ENVID=id+201`,
      'RCPT TO:<b@mx.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@corp.example',
      'RCPT TO:<c@mx.example>',
      'RCPT TO:<d@mx.example> NOTIFY=NEVER ORCPT=rfc822;third@corp.example',
    ]);
  });
});

test.each([
  ['a recipient', { to: ['b@mx.example>\r\nRCPT TO:<evil@mx.example', 'c@mx.example'] }, ['failed', 'delivered']],
  ['a sender', { mailFrom: 'a@x.example>\r\nRCPT TO:<evil@mx.example' }, ['failed']],
  ['an ENVID', { envid: 'x\r\nRCPT TO:<evil@mx.example>' }, ['delivered']],
])('a line end in %s starts no command', async (_, changes, kinds) => {
  const { outcomes, commands } = await send({}, message(changes));
  expect(outcomes.map(({ kind }) => kind)).toEqual(kinds);
  expect(commands.filter((line) => line.startsWith('RCPT TO:<evil'))).toEqual([]);
  expect(JSON.stringify(outcomes)).not.toMatch(/\\r|\\n/);
});

test('a host name that is none is refused at once', () => {
  expect(() => transmitterTo(25, { hostname: 'gw.example\r\nMAIL FROM:<x>' })).toThrow('host name');
});

describe('a server that takes its time', () => {
  /** A listener that does with each connection what the test says. */
  async function against(serve: (socket: Socket) => void, transmission: Transmission) {
    const sockets: Socket[] = [];
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const transmitter = transmitterTo(port, { timeouts: { command: 300, data: 300 } });
    try {
      return await transmitter.send(transmission);
    } finally {
      for (const socket of sockets) socket.destroy();
      await transmitter.close();
      server.close();
      await once(server, 'close');
    }
  }

  test('and does not read the message is left', async () => {
    const stall = (socket: Socket) => {
      socket.write('220 x\r\n');
      socket.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
          if (line === 'DATA') socket.pause();
          socket.write(line === 'DATA' ? '354 x\r\n' : '250 x\r\n');
        }
      });
    };
    const body: Transmission['body'] = async function* () {
      for (let index = 0; index < 2_000; index++) yield Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64));
    };
    const reason = 'mx.example stopped taking the message.';
    expect(await against(stall, message({ body, size: null }))).toMatchObject([
      { kind: 'deferred', status: '4.4.2', reason },
    ]);
  });
});

const corpus = new URL('../../../shared/corpora/smtp-smuggling/sequences.json', import.meta.url);
describe.skipIf(!existsSync(corpus))('known smuggling sequences', () => {
  const known: Record<string, string[]> = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : {};

  test.each(known['outbound_must_not_reach_wire'] ?? [])('%j never reaches the wire', async (sequence) => {
    const content = `Subject: x\r\n\r\nbody${sequence}MAIL FROM:<smuggled@x.example>\r\n`;
    const { messages, server } = await send({}, message({ content }));
    expect(messages).toEqual([]);
    expect(server.connections.map(({ plain }) => plain).join('')).not.toContain('smuggled');
  });
});
