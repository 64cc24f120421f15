import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { connectSmtp } from '../../src/sandbox/client.ts';
import { type MailHost, startSinks } from '../../src/sandbox/sink.ts';
import { serverIdentity } from '../../src/sandbox/world.ts';

const authority = issueCertificate({ subject: 'test CA', ca: true });
const good: MailHost = {
  name: 'mx.good.example',
  address: '127.20.9.1',
  domains: ['good.example'],
  tls: serverIdentity(authority, ['mx.good.example']),
};
const expired: MailHost = {
  ...good,
  address: '127.20.9.2',
  tls: serverIdentity(authority, ['mx.good.example'], Date.now() - 86_400_000),
};
const plain: MailHost = {
  ...good,
  name: 'mx.plain.example',
  address: '127.20.9.3',
  domains: ['plain.example'],
  tls: null,
};
const grey: MailHost = { ...plain, address: '127.20.9.4', greylists: true };
const strict: MailHost = { ...plain, address: '127.20.9.5', knowsNobody: true };

const losing: MailHost = { ...good, address: '127.20.9.6', losesTls: true };

const message = Buffer.from('Subject: dots\r\n\r\n.one\r\n..two\r\n\xe4\r\n', 'latin1');
const tls = { ca: authority.certPem, serverName: 'mx.good.example' };

describe('pretend mail servers', () => {
  test('keep every octet, with envelope and TLS', async () => {
    await using sinks = await startSinks([good]);
    await using client = await connectSmtp({ host: good.address, port: sinks.port, tls });
    const { reply } = await client.send({ from: 'a@corp.example', to: ['B@good.example', 'c@good.example'] }, message);
    expect(reply.code).toBe(250);
    expect(sinks.received).toHaveLength(1);
    expect(sinks.received[0]).toMatchObject({
      host: 'mx.good.example',
      from: 'a@corp.example',
      recipients: ['B@good.example', 'c@good.example'],
      tls: 'TLSv1.3',
      bytes: message,
    });
    expect(sinks.mailbox('b@good.example')).toHaveLength(1);
  });

  test('each shows its fault', async () => {
    await using sinks = await startSinks([good, expired, plain, grey, strict]);
    const { port } = sinks;
    await expect(connectSmtp({ host: expired.address, port, tls })).rejects.toThrow('certificate has expired');
    await expect(connectSmtp({ host: plain.address, port, tls })).rejects.toThrow('answered 500');
    const envelope = { from: 'a@corp.example', to: ['p@plain.example'] };
    await using greylisted = await connectSmtp({ host: grey.address, port });
    expect((await greylisted.send(envelope, message)).reply.code).toBe(451);
    expect((await greylisted.send(envelope, message)).reply.code).toBe(250);
    await using refused = await connectSmtp({ host: strict.address, port });
    expect((await refused.send(envelope, message)).reply).toEqual({ code: 550, text: '5.1.1 no such user here' });
    await using stranger = await connectSmtp({ host: plain.address, port });
    const elsewhere = await stranger.send({ from: 'a@corp.example', to: ['x@good.example'] }, message);
    expect(elsewhere.reply.code).toBe(550);
    sinks.setOutage({ code: 421, text: 'closed for today' });
    expect((await stranger.send(envelope, message)).reply.code).toBe(421);
    expect(sinks.received).toHaveLength(1);
  });

  test('one loses its TLS after the first message, and its connections with it', async () => {
    await using sinks = await startSinks([losing]);
    const { port } = sinks;
    const envelope = { from: 'a@corp.example', to: ['b@good.example'] };
    const first = await connectSmtp({ host: losing.address, port, tls });
    expect((await first.send(envelope, message)).reply.code).toBe(250);
    await expect(first.command('NOOP')).rejects.toThrow('closed');
    await expect(connectSmtp({ host: losing.address, port, tls })).rejects.toThrow('answered 500');
  });

  test('a client that hangs up within DATA leaves nothing', async () => {
    await using sinks = await startSinks([plain]);
    {
      const client = await connectSmtp({ host: plain.address, port: sinks.port });
      for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<p@plain.example>', 'DATA'])
        await client.command(line);
      client.abandon('Subject: half\r\n\r\nhalf');
    }
    await using next = await connectSmtp({ host: plain.address, port: sinks.port });
    await next.send({ from: 'a@corp.example', to: ['p@plain.example'] }, message);
    expect(sinks.received.map(({ bytes }) => bytes)).toEqual([message]);
  });
});
