import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/mail/header.ts';
import { traceField, verifyTrace } from '../../src/mail/trace.ts';
import { SpoolFull } from '../../src/spool/spool.ts';
import { StoreBusy } from '../../src/store/store.ts';
import { Client, plainMessage, startGateway, tenant, traceKey, withoutTrace } from './gateway.ts';

const uuidv7 = /[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/;

describe('a message of a tenant', () => {
  test('is accepted with its envelope and its octets', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    const reply = await client.send(plainMessage, 'a@CORP.example', [
      'B@Dest.example',
      'b@dest.EXAMPLE',
      'c@dest.example',
    ]);
    expect(reply).toMatch(new RegExp(`^250 2\\.0\\.0 Ok: queued as ${uuidv7.source}$`));

    const [accepted] = gateway.accepted;
    expect(accepted?.client).toBe('127.0.0.1');
    expect(accepted?.message).toMatchObject({
      id: uuidv7.exec(reply)?.[0],
      tenant: 'corp',
      kind: 'submitted',
      mailFrom: 'a@corp.example',
      messageId: '<1@corp.example>',
    });
    expect(accepted?.message.recipients.map((address) => address.toLowerCase())).toEqual([
      'b@dest.example',
      'c@dest.example',
    ]);
    const bytes = accepted?.bytes ?? Buffer.alloc(0);
    expect(withoutTrace(bytes)).toBe(plainMessage);
    expect(bytes.subarray(accepted?.message.headerSize).toString()).toBe('Body\r\n');
    expect(gateway.events).toEqual([]);
    client.close();
  });

  test('carries our Received without a recipient, and a trace that verifies', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    await client.send(plainMessage, 'a@corp.example', ['bcc@secret.example']);
    const bytes = gateway.accepted[0]?.bytes ?? Buffer.alloc(0);
    const [received, trace] = parseHeader(bytes);
    expect(received?.raw).toMatch(
      /^ from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby gw\.postern\.example with ESMTP id /,
    );
    expect(bytes.toString()).not.toContain('bcc@');
    expect(verifyTrace(traceKey, trace?.raw ?? '', 'corp')).toEqual({
      id: gateway.accepted[0]?.message.id,
      hostname: 'gw.postern.example',
    });
    client.close();
  });

  test('keeps what the client asked for', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    await client.ask('MAIL FROM:<a@corp.example> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By');
    await client.ask('RCPT TO:<b@dest.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@dest.example');
    await client.ask('RCPT TO:<c@dest.example>');
    await client.ask('DATA');
    expect(await client.ask(`${plainMessage}.`)).toMatch(/^250 /);
    expect(gateway.accepted[0]?.message.smtp).toEqual({
      eightBit: true,
      utf8: true,
      ret: 'HDRS',
      envid: 'x+y',
      dsn: { 'b@dest.example': { notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;b@dest.example' } },
    });
    expect(gateway.accepted[0]?.bytes.toString()).toContain('with UTF8SMTP id');
    client.close();
  });

  test.each<[string, string]>([
    ['8-bit octets', 'From: a@corp.example\r\n\r\ncaf\xe9 \xff\xfe\x01\x7f\r\n'],
    ['dots', 'From: a@corp.example\r\n\r\n..\r\n..a\r\n...\r\n'],
    ['no body', 'From: a@corp.example\r\n'],
    ['only a header and the empty line', 'From: a@corp.example\r\n\r\n'],
    ['a line that is no field', 'From: a@corp.example\r\nnonsense\r\n\r\nx\r\n'],
    ['a body of empty lines', 'From: a@corp.example\r\n\r\n\r\n\r\n'],
  ])('leaves as it came: %s', async (_name, content) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(await client.send(content)).toMatch(/^250 /);
    expect(withoutTrace(gateway.accepted[0]?.bytes ?? Buffer.alloc(0))).toBe(content.replace(/^\.\./gm, '.'));
    client.close();
  });

  test('a second message on the connection knows nothing of the first', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(await client.send('Subject: no author\r\n\r\nx\r\n')).toMatch(/^550 5\.7\.1 /);
    expect(await client.send(plainMessage, 'a@corp.example', ['second@dest.example'])).toMatch(/^250 /);
    expect(gateway.accepted.map(({ message }) => message.recipients)).toEqual([['second@dest.example']]);
    client.close();
  });

  test('the tenant’s secret is taken out, and no other octet', async () => {
    const secretHeader = {
      name: 'X-Postern-Key',
      valueHashes: [createHash('sha256').update('open sesame').digest('hex')],
    };
    await using gateway = await startGateway({ tenants: [tenant({ proof: { networks: [], secretHeader } })] });
    const client = await Client.greeted(gateway.port);
    const around = ['Subject:  odd \tspacing\r\n', 'From: a@corp.example\r\n\r\nopen\r\n'] as const;
    expect(await client.send(`${around[0]}x-postern-KEY: open\r\n sesame\r\n${around[1]}`)).toMatch(/^550 5\.7\.1 /);
    expect(await client.send(`${around[0]}x-postern-KEY:  open sesame \r\n${around[1]}`)).toMatch(/^250 /);
    expect(withoutTrace(gateway.accepted[0]?.bytes ?? Buffer.alloc(0))).toBe(around.join(''));
    expect(JSON.stringify(gateway.events)).not.toContain('sesame');
    client.close();
  });
});

describe('what is refused', () => {
  test.each<[string, string, string]>([
    ['no From', 'Subject: x\r\n\r\nx\r\n', '550 5.7.1 '],
    ['an empty message', '', '550 5.7.1 '],
    ['two From fields', `From: a@corp.example\r\n${plainMessage}`, '550 5.7.1 '],
    ['two mailboxes', 'From: a@corp.example, c@corp.example\r\n\r\n', '550 5.7.1 '],
    ['From of somebody else', 'From: a@else.example\r\n\r\n', '550 5.7.1 '],
    ['a NUL', `${plainMessage}\0\r\n`, '554 5.6.0 '],
    ['51 hops', `${'Received: from x by y; date\r\n'.repeat(51)}${plainMessage}`, '554 5.4.6 '],
    ['a message that was here', traceField(traceKey, 'id', 'gw', 'corp') + plainMessage, '554 5.4.6 '],
  ])('%s', async (_name, content, reply) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect((await client.send(content)).slice(0, reply.length)).toBe(reply);
    expect(gateway.accepted).toEqual([]);
    expect(gateway.spool.open).toBe(0);
    expect(gateway.events).toMatchObject([{ kind: 'message.refused', client: '127.0.0.1', status: reply.slice(4, 9) }]);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });

  test.each<[string, string]>([
    ['50 hops', `${'Received: from x by y; date\r\n'.repeat(50)}${plainMessage}`],
    ['a forged trace', `X-Postern-Trace: v=1; id=x; h=gw.postern.example; s=${'A'.repeat(43)}\r\n${plainMessage}`],
    ['a trace in an attached message', `${plainMessage}${traceField(traceKey, 'id', 'gw', 'corp')}\r\n`],
    ['another tenant’s trace', traceField(traceKey, 'id', 'gw', 'other') + plainMessage],
  ])('but not %s', async (_name, content) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(await client.send(content)).toMatch(/^250 /);
    client.close();
  });

  test.each<[string, string, RegExp]>([
    ['an unknown sender domain', 'MAIL FROM:<a@else.example>', /^550 5\.7\.1 /],
    ['a subdomain', 'MAIL FROM:<a@sub.corp.example>', /^550 5\.7\.1 /],
    ['a routed local part', 'MAIL FROM:<u%corp.example@else.example>', /^550 5\.7\.1 /],
    ['a bang path', 'MAIL FROM:<corp.example!u@else.example>', /^550 5\.7\.1 /],
    ['an address literal', 'MAIL FROM:<a@[127.0.0.1]>', /^550 5\.7\.1 /],
    ['a source route that ends elsewhere', 'MAIL FROM:<@corp.example,@b:u@else.example>', /^550 5\.7\.1 /],
    ['two addresses', 'MAIL FROM:<a@corp.example@else.example>', /^501 5\.1\.7 /],
    ['no brackets', 'MAIL FROM:a@corp.example', /^501 5\.1\.7 /],
    ['a control character', 'MAIL FROM:<a\x01@corp.example>', /^501 5\.1\.7 /],
    ['a line break in a parameter', 'MAIL FROM:<a@corp.example> ENVID=x+0D+0Ay', /^501 5\./],
    ['a parameter not offered', 'MAIL FROM:<a@corp.example> REQUIRETLS', /^5\d\d 5\./],
    ['a parameter nobody knows', 'MAIL FROM:<a@corp.example> HOLDFOR=60', /^555 5\.5\.4 /],
    ['UTF-8 without SMTPUTF8', 'MAIL FROM:<\xc3\xa9@corp.example>', /^553 5\.6\.7 /],
    ['too big as announced', 'MAIL FROM:<a@corp.example> SIZE=1000001', /^552 5\.3\.4 /],
    ['binary', 'MAIL FROM:<a@corp.example> BODY=BINARYMIME', /^501 5\./],
    ['RCPT first', 'RCPT TO:<b@dest.example>', /^503 5\.5\.1 /],
    ['DATA first', 'DATA', /^503 5\.5\.1 /],
    ['BDAT', 'BDAT 10 LAST', /^500 5\.5\.[12] /],
    ['VRFY', 'VRFY postmaster', /^502 5\.5\.1 /],
    ['EXPN', 'EXPN staff', /^502 5\.5\.1 /],
    ['AUTH', 'AUTH PLAIN AGEAYg==', /^500 5\.5\.[12] /],
    ['XCLIENT', 'XCLIENT ADDR=10.0.0.1', /^500 5\.5\.[12] /],
    ['XFORWARD', 'XFORWARD ADDR=10.0.0.1', /^500 5\.5\.[12] /],
    ['STARTTLS without a certificate', 'STARTTLS', /^500 5\.5\.[12] /],
  ])('%s', async (_name, command, expected) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(await client.ask(command)).toMatch(expected);
    client.close();
  });

  test.each<[string, string, RegExp]>([
    ['no address', 'RCPT TO:<>', /^501 5\.1\.3 /],
    ['no domain', 'RCPT TO:<postmaster>', /^501 5\.1\.3 /],
    ['a parameter nobody knows', 'RCPT TO:<b@dest.example> BY=1', /^555 5\.5\.4 /],
    ['UTF-8 without SMTPUTF8', 'RCPT TO:<\xc3\xa9@dest.example>', /^553 5\.6\.7 /],
  ])('as recipient, %s', async (_name, command, expected) => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    await client.ask('MAIL FROM:<a@corp.example>');
    expect(await client.ask(command)).toMatch(expected);
    client.close();
  });

  test('a client outside every network, before it can send anything', async () => {
    const proof = { networks: ['192.0.2.0/24'], secretHeader: null };
    await using gateway = await startGateway({ tenants: [tenant({ proof })] });
    const client = await Client.greeted(gateway.port);
    expect(await client.ask('MAIL FROM:<a@corp.example>')).toMatch(/^550 5\.7\.1 /);
    expect(await client.ask('MAIL FROM:<>')).toMatch(/^550 5\.7\.1 /);
    client.close();
  });

  test('a source route is taken off', async () => {
    await using gateway = await startGateway();
    const client = await Client.greeted(gateway.port);
    expect(
      await client.send(plainMessage, '@x.example,@y.example:a@corp.example', ['@z.example:b@dest.example']),
    ).toMatch(/^250 /);
    expect(gateway.accepted[0]?.message).toMatchObject({ mailFrom: 'a@corp.example', recipients: ['b@dest.example'] });
    client.close();
  });
});

describe('faults of ours', () => {
  const full = () => Promise.reject(new SpoolFull('full'));
  const writer = {
    write: async () => {},
    commit: async () => ({ id: '', wrappedKey: '', size: 0 }),
    abort: async () => {},
  };
  test.each<[string, Parameters<typeof startGateway>[0] & object, RegExp]>([
    ['no room to begin', { accept: { begin: full } }, /^452 4\.3\.1 /],
    ['no room to go on', { accept: { begin: async () => ({ ...writer, write: full }) } }, /^452 4\.3\.1 /],
    ['no room to end', { accept: { commit: full } }, /^452 4\.3\.1 /],
    ['a busy database', { accept: { commit: () => Promise.reject(new StoreBusy('busy')) } }, /^451 4\.3\.0 /],
    ['a bug', { accept: { commit: () => Promise.reject(new TypeError('undefined')) } }, /^451 4\.3\.0 /],
    [
      'what accept says',
      { accept: { commit: async () => ({ kind: 'refused', code: 451, status: '4.7.0', text: 'Later' }) } },
      /^451 4\.7\.0 Later$/,
    ],
  ])('%s', async (_name, options, expected) => {
    await using gateway = await startGateway(options);
    const client = await Client.greeted(gateway.port);
    expect(await client.send(plainMessage)).toMatch(expected);
    expect(await client.ask('NOOP')).toMatch(/^250 /);
    client.close();
  });

  test('a client that leaves in the middle leaves nothing behind', async () => {
    const begun = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const begin = async () => ({ ...writer, write: async () => begun.resolve(), abort: async () => aborted.resolve() });
    await using gateway = await startGateway({ accept: { begin } });
    const client = await Client.greeted(gateway.port);
    for (const line of ['MAIL FROM:<a@corp.example>', 'RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    client.write(plainMessage);
    await begun.promise;
    client.close();
    await aborted.promise;
    expect(gateway.accepted).toEqual([]);
  });
});

describe('closing', () => {
  test('lets a message in transfer finish, sends idle clients away, then is done', async () => {
    const committing = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const gateway = await startGateway({
      accept: {
        commit: async () => {
          committing.resolve();
          await goOn.promise;
          return { kind: 'accepted' };
        },
      },
    });
    const idle = await Client.greeted(gateway.port);
    const busy = await Client.greeted(gateway.port);
    const sent = busy.send(plainMessage);
    await committing.promise;
    const closed = gateway.listener.close();
    expect(await idle.untilClosed()).toEqual(['421 4.3.2 Server shutting down']);
    goOn.resolve();
    expect(await sent).toMatch(/^250 2\.0\.0 /);
    await busy.untilClosed();
    await closed;
    await expect(Client.open(gateway.port)).rejects.toThrow('ECONNREFUSED');
  });
});
