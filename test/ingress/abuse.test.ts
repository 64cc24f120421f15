import { describe, expect, test } from 'vitest';
import { Client, plainMessage, startGateway } from './gateway.ts';

async function greetedMany(port: number, count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => Client.greeted(port)));
}

describe('size', () => {
  test('a message over the limit is read to its end, refused, and not kept', async () => {
    await using gateway = await startGateway({ smtp: { maxMessageBytes: 5_000 } });
    const client = await Client.greeted(gateway.port);
    await client.ask('MAIL FROM:<a@corp.example> SIZE=10');
    await client.ask('RCPT TO:<b@dest.example>');
    await client.ask('DATA');
    client.write(plainMessage);
    while (gateway.spool.open === 0) await new Promise(setImmediate);
    client.write(`${'x'.repeat(70)}\r\n`.repeat(100));
    expect(await client.ask('.')).toMatch(/^552 5\.3\.4 /);
    expect(gateway.spool).toEqual({ open: 0, aborted: 1 });
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });

  test('a message of exactly the limit is accepted', async () => {
    await using gateway = await startGateway({ smtp: { maxMessageBytes: plainMessage.length } });
    const client = await Client.greeted(gateway.port);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    expect(await client.send(plainMessage.replace('Body', 'Body!'))).toMatch(/^552 5\.3\.4 /);
    client.close();
  });

  test('a message without end is cut off', async () => {
    await using gateway = await startGateway({ smtp: { maxMessageBytes: 10_000 }, limits: { headerOctets: 10_000 } });
    const client = await Client.greeted(gateway.port);
    for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    client.write(plainMessage);
    const reply = client.untilClosed();
    for (let i = 0; i < 1_000; i++) client.write(`${'x'.repeat(98)}\r\n`);
    // the 552 may be lost when the server closes while octets are on their way
    expect(['552 5.3.4 Message too big', undefined]).toContain((await reply)[0]);
    expect(gateway.accepted).toEqual([]);
  });

  test.each<[string, string]>([
    ['one long field', `X-A: ${'a'.repeat(10_485_760)}\r\n`],
    ['many fields', 'X-A: aaaaaaaaaaaaaaaa\r\n'.repeat(500_000)],
    ['no line end at all', 'a'.repeat(10_485_760)],
  ])('a header of 10 MB is refused: %s', async (_name, content) => {
    await using gateway = await startGateway({ smtp: { maxMessageBytes: 50_000_000 } });
    const client = await Client.greeted(gateway.port);
    expect(await client.send(`${content}\r\n`)).toMatch(/^552 5\.3\.4 Header too big/);
    expect(gateway.spool).toEqual({ open: 0, aborted: 0 });
    client.close();
  });

  test('a header just under the limit, a hundred thousand fields, is decided', async () => {
    await using gateway = await startGateway({ smtp: { maxMessageBytes: 50_000_000 } });
    const client = await Client.greeted(gateway.port);
    expect(await client.send(`${'X: abcd\r\n'.repeat(110_000)}${plainMessage}`)).toMatch(/^250 /);
    client.close();
  });
});

describe('recipients', () => {
  test('1,000 are taken, the next is sent to the next message', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    const rcpt = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `RCPT TO:<r${from + index}@dest.example>\r\n`).join('');
    client.write(`MAIL FROM:<a@corp.example>\r\n${rcpt(0, 1_050)}`);
    const replies = [];
    for (let i = 0; i < 1_051; i++) replies.push(await client.reply());
    expect(replies.slice(0, 1_001).every((reply) => reply.startsWith('250 '))).toBe(true);
    expect(replies.slice(1_001).every((reply) => reply.startsWith('452 4.5.3 '))).toBe(true);
    await client.ask('DATA');
    expect(await client.ask(`${plainMessage}.`)).toMatch(/^250 /);
    expect(gateway.accepted[0]?.message.recipients).toHaveLength(1_000);
    client.close();
  });
});

describe('commands', () => {
  test('a line over the limit ends the connection', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    client.write(`NOOP ${'x'.repeat(2_044)}\r\n`);
    expect(await client.untilClosed()).toEqual(['500 5.5.2 Line too long']);
  });

  test('so does one without an end', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    client.write('x'.repeat(3_000));
    expect(await client.untilClosed()).toEqual(['500 5.5.2 Line too long']);
  });

  test('a line of the limit is read', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(await client.ask(`NOOP ${'x'.repeat(2_043)}`)).toMatch(/^250 /);
    client.close();
  });

  test.each(['NOOP', 'RSET', 'EHLO x', 'HELP'])('200 times %s and no mail ends the connection', async (command) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    client.write(`${command}\r\n`.repeat(200));
    const replies = await client.untilClosed();
    expect(replies.at(-1)).toBe('421 4.7.0 Too many commands and no mail');
    expect(replies).toHaveLength(100); // the EHLO before them was the first
  });

  test('more than 20 errors end the connection', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    client.write('MAIL FROM:<a@else.example>\r\n'.repeat(30));
    const replies = await client.untilClosed();
    expect(replies).toHaveLength(22);
    expect(replies.at(-1)).toBe('421 4.7.0 Too many errors');
  });

  test('mail makes up for both', async () => {
    await using gateway = await startGateway({ limits: { errors: 2, junkCommands: 4 } });
    const client = await Client.greeted(gateway.port);
    for (let round = 0; round < 5; round++) {
      await client.ask('MAIL FROM:<a@else.example>');
      await client.ask('RSET');
      expect(await client.send(plainMessage)).toMatch(/^250 /);
    }
    client.close();
  });

  test('talking before the greeting ends the connection', async () => {
    await using gateway = await startGateway();
    const client = await Client.open(gateway.port);
    client.write('EHLO client.example\r\nMAIL FROM:<a@corp.example>\r\n');
    const replies = await client.untilClosed();
    expect(replies).toHaveLength(1);
    expect(replies[0]).toMatch(/^421 /);
  });

  test('a browser is sent away', async () => {
    await using gateway = await startGateway();
    const client = await Client.open(gateway.port);
    await client.reply();
    client.write('POST / HTTP/1.1\r\nHost: gw\r\n\r\nEHLO x\r\n');
    const replies = await client.untilClosed();
    expect(replies).toHaveLength(1);
    expect(replies[0]).toMatch(/^421 /);
  });
});

describe('time and room', () => {
  const slow = { waitBudget: 150, handshakeBudget: 150, stressBudget: 150, sweepEvery: 20 };

  test.each<[string, string[]]>([
    ['in the greeting', []],
    ['in a command', ['EHLO x']],
    ['in the header', ['EHLO x', 'MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']],
  ])('one octet now and then %s is not enough', async (_name, lines) => {
    await using gateway = await startGateway({ limits: slow });
    const client = await Client.open(gateway.port);
    await client.reply();
    for (const line of lines) await client.ask(line);
    const drip = setInterval(() => client.write('x'), 15);
    expect(await client.untilClosed()).toEqual(['421 4.4.2 Timeout']);
    clearInterval(drip);
    expect(gateway.spool.open).toBe(0);
  });

  test('nor in the body: what was written is taken back', async () => {
    await using gateway = await startGateway({ limits: slow });
    const client = await Client.greeted(gateway.port);
    for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    client.write(plainMessage);
    const drip = setInterval(() => client.write('x'), 15);
    expect(await client.untilClosed()).toEqual(['421 4.4.2 Timeout']);
    clearInterval(drip);
    expect(gateway.spool).toEqual({ open: 0, aborted: 1 });
  });

  test('a crowd of idle clients does not keep an honest one out', async () => {
    await using gateway = await startGateway({ limits: { connections: 60, connectionsPerClient: 50 } });
    const crowd = await greetedMany(gateway.port, 120);
    for (let i = 0; i < 10; i++) {
      const honest = await Client.greeted(gateway.port);
      expect(await honest.send(plainMessage)).toMatch(/^250 /);
      await honest.ask('QUIT');
    }
    expect(gateway.accepted).toHaveLength(10);
    for (const client of crowd) client.close();
  });

  test('when all are in the middle of a message a new one is told to come later', async () => {
    await using gateway = await startGateway({ limits: { connections: 3 } });
    const busy = await greetedMany(gateway.port, 3);
    for (const client of busy) {
      for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    }
    const late = await Client.open(gateway.port);
    expect(await late.untilClosed()).toEqual(['421 4.3.2 Too many connections, try again later']);
    for (const client of busy) {
      client.write(plainMessage);
      expect(await client.ask('.')).toMatch(/^250 /);
      client.close();
    }
  });
});
