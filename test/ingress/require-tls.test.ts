import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { Client, plainMessage, startGateway } from './gateway.ts';

const { certPem, keyPem } = issueCertificate({ subject: 'gw.postern.example', san: { dns: ['gw.postern.example'] } });
const smtp = { tls: { key: keyPem, cert: certPem, files: { key: '', cert: '' }, minVersion: 'TLSv1.2' as const } };

describe('REQUIRETLS', () => {
  test('is offered under TLS only, and kept with the message', async () => {
    await using gateway = await startGateway({ smtp });
    const plain = await Client.open(gateway.port);
    await plain.reply();
    expect(await plain.ask('EHLO client.example')).not.toMatch(/REQUIRETLS/);
    plain.close();
    const { client } = await Client.secured(gateway.port, certPem);
    expect(await client.ask('EHLO client.example')).toMatch(/^250[- ]REQUIRETLS$/m);
    expect(await client.ask('MAIL FROM:<a@corp.example> REQUIRETLS')).toMatch(/^250 /);
    for (const line of ['RCPT TO:<b@dest.example>', 'DATA']) await client.ask(line);
    client.write(`${plainMessage}.\r\n`);
    expect(await client.reply()).toMatch(/^250 /);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    expect(gateway.accepted.map(({ message }) => message.smtp.requireTls)).toEqual([true, undefined]);
    client.close();
  });

  test('is refused without TLS', async () => {
    await using gateway = await startGateway({ smtp });
    const client = await Client.greeted(gateway.port);
    expect(await client.ask('MAIL FROM:<a@corp.example> REQUIRETLS')).toMatch(/^530 5\.7\.0 .*TLS/);
    expect(await client.ask('MAIL FROM:<a@corp.example>')).toMatch(/^250 /);
    client.close();
  });

  test('takes no value', async () => {
    await using gateway = await startGateway({ smtp });
    const { client } = await Client.secured(gateway.port, certPem);
    expect(await client.ask('MAIL FROM:<a@corp.example> REQUIRETLS=yes')).toMatch(/^501 5\.5\.\d /);
    client.close();
  });

  test('is forgotten with the transaction', async () => {
    await using gateway = await startGateway({ smtp });
    const { client } = await Client.secured(gateway.port, certPem);
    await client.ask('MAIL FROM:<a@corp.example> REQUIRETLS');
    await client.ask('RSET');
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    expect(gateway.accepted[0]?.message.smtp.requireTls).toBeUndefined();
    client.close();
  });
});
