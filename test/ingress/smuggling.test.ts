import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Client, plainMessage, startGateway } from './gateway.ts';

const sequencesFile = new URL('../../../shared/corpora/smtp-smuggling/sequences.json', import.meta.url);
const inner =
  'MAIL FROM:<smuggled@corp.example>\r\nRCPT TO:<victim@dest.example>\r\nDATA\r\nFrom: smuggled@corp.example\r\n\r\nevil\r\n';

function sequences(): string[] {
  const lists = JSON.parse(readFileSync(sequencesFile, 'utf8')) as Record<string, string[]>;
  return [...new Set(Object.values(lists).flat())];
}

describe.skipIf(!existsSync(sequencesFile))('smuggling', () => {
  const places: [string, (sequence: string) => string][] = [
    ['the body', (sequence) => `${plainMessage}text${sequence}${inner}`],
    ['the header', (sequence) => `From: a@corp.example\r\nSubject: x${sequence}${inner}`],
    [
      'an attachment',
      (sequence) =>
        'From: a@corp.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' +
        `text${sequence}${inner}\r\n--b--\r\n`,
    ],
  ];

  test.each(places)('in %s ends no message and leaves no odd line end', async (_name, content) => {
    await using gateway = await startGateway();
    for (const sequence of sequences()) {
      const before = gateway.accepted.length;
      const client = await Client.greeted(gateway.port);
      const reply = await client.send(content(sequence));
      expect(reply, JSON.stringify(sequence)).toMatch(/^(250|5\d\d) /);
      expect(await client.ask('NOOP'), JSON.stringify(sequence)).toMatch(/^250 /);
      expect(gateway.accepted.length - before).toBe(reply.startsWith('250') ? 1 : 0);
      client.close();
    }
    expect(gateway.accepted.length).toBeGreaterThan(0);
    for (const { bytes, message } of gateway.accepted) {
      expect(bytes.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|\0/);
      expect(message.recipients).toEqual(['b@dest.example']);
    }
  });

  test('cut at every place, in segments of their own', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    let messages = 0;
    for (const sequence of sequences().filter((text) => !text.includes('\0'))) {
      const content = `${plainMessage}x${sequence}y\r\n`;
      const first = content.indexOf(sequence, plainMessage.length);
      for (let at = first; at <= first + sequence.length; at++) {
        for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
        client.write(content.slice(0, at));
        await new Promise(setImmediate);
        client.write(content.slice(at));
        client.write('.\r\n');
        expect(await client.reply(), JSON.stringify([sequence, at])).toMatch(/^250 /);
        messages += 1;
      }
    }
    expect(gateway.accepted.length).toBe(messages);
    client.close();
  });
});

test('every split of the end of the content is found, and what follows is a command', async () => {
  await using gateway = await startGateway();
  const client = await Client.greeted(gateway.port);
  const content = `${plainMessage}..\r\n.\r\nNOOP\r\n`;
  for (let at = content.length - 14; at < content.length; at++) {
    for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    client.write(content.slice(0, at));
    await new Promise(setImmediate);
    client.write(content.slice(at));
    expect(await client.reply(), String(at)).toMatch(/^250 2\.0\.0 Ok: queued/);
    expect(await client.reply(), String(at)).toMatch(/^250 2\.0\.0 OK/);
  }
  expect(gateway.accepted.every(({ bytes }) => bytes.toString().endsWith('Body\r\n.\r\n'))).toBe(true);
  client.close();
});

test('many messages in one segment are as many messages', async () => {
  await using gateway = await startGateway();
  const client = await Client.greeted(gateway.port);
  const one = `MAIL FROM:<a@corp.example>\r\nRCPT TO:<b@dest.example>\r\nDATA\r\n${plainMessage}.\r\n`;
  client.write(`${one.repeat(20)}QUIT\r\n`);
  const replies = await client.untilClosed();
  expect(replies.filter((reply) => reply.includes('queued as'))).toHaveLength(20);
  expect(gateway.accepted).toHaveLength(20);
});
